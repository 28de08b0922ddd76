// Uploads a file in parallel parts and shows how far it is, then downloads it again.
// Run with a file, where to, and where to put the download.
#include <orlop/storage.h>

#include <atomic>
#include <filesystem>
#include <iostream>

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: upload_with_progress FILE URL COPY\n";
    return 2;
  }
  const std::string path = argv[1];
  auto storage = orlop::Storage::from_url(argv[2]).value();
  const std::string name = std::filesystem::path(path).filename();

  // Called from the threads that upload, in no particular order.
  std::atomic<std::uint64_t> seen{0};
  auto progress = [&](std::uint64_t done) {
    std::uint64_t before = seen.load();
    while (before < done && !seen.compare_exchange_weak(before, done)) {
    }
  };
  storage.upload(path, name, {}, {}, progress).value();
  std::cout << "sent " << seen << " bytes\n";

  // The copy appears when it is complete, never before.
  orlop::Meta meta = storage.download(name, argv[3]).value();
  std::cout << "got " << meta.size << " bytes\n";
}
