// Saves a text, reads it back, removes it. Run with where to keep it: `mem:`, `file:///tmp/x`, `s3://bucket/prefix`.
#include <orlop/storage.h>

#include <iostream>

int main(int argc, char** argv) {
  auto storage = orlop::Storage::from_url(argc > 1 ? argv[1] : "mem:").value();

  orlop::SaveOptions options;
  options.attrs.cache_control = "max-age=3600";
  std::string name = storage.save("notes/hello.txt", "Hello, world.", options).value();

  orlop::Meta meta = storage.stat(name).value();
  std::cout << name << ": " << meta.size << " bytes, " << meta.attrs.content_type << "\n";
  std::cout << storage.read_all(name).value() << "\n";

  // A File is seekable; only what is read is transferred.
  orlop::File file = storage.open(name).value();
  file.seek(7);
  std::cout << file.read_all().value() << "\n";

  storage.remove(name).value();
  std::cout << "still there: " << std::boolalpha << storage.exists(name).value() << "\n";
}
