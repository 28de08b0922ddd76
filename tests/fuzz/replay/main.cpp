// Replays the corpus of a fuzzer without libFuzzer: every file of the named folders, whole and cut off at each of its
// first bytes. So what a fuzzer once found stays found, also where there is no clang.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr std::size_t most_cuts = 1024;

void replay(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(stream), {}};
  // A vector of its own for each length: the address sanitizer then sees a byte read beyond.
  const auto run = [&](std::size_t size) {
    const std::vector<std::uint8_t> input(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    LLVMFuzzerTestOneInput(input.data(), input.size());
  };
  std::printf("%s\n", file.c_str());
  std::fflush(stdout);
  for (std::size_t size = 0; size < std::min(bytes.size(), most_cuts); ++size) run(size);
  run(bytes.size());
}

}  // namespace

int main(int argc, char** argv) {
  int replayed = 0;
  for (int i = 1; i < argc; ++i) {
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
      replay(entry.path());
      ++replayed;
    }
  }
  if (replayed == 0) std::fprintf(stderr, "replay: there is nothing to replay\n");
  return replayed > 0 ? 0 : 1;
}
