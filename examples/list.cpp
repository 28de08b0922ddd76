// Lists what is in a storage: everything below a prefix, and one directory.
#include <orlop/storage.h>

#include <iostream>

int main(int argc, char** argv) {
  auto storage = orlop::Storage::from_url(argc > 1 ? argv[1] : "mem:").value();
  for (const char* name : {"2023/a.jpg", "2024/b.jpg", "2024/c.jpg", "readme.txt"}) {
    storage.save(name, "some bytes").value();
  }

  // One page is in memory at a time, however many objects there are.
  orlop::Lister lister = storage.list("2024/");
  while (const orlop::Entry* entry = lister.next().value()) {
    std::cout << entry->key << " " << entry->size << "\n";
  }

  orlop::Listing top = storage.listdir().value();
  for (const std::string& directory : top.directories) std::cout << "directory " << directory << "\n";
  for (const std::string& file : top.files) std::cout << "file " << file << "\n";
}
