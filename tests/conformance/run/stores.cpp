// Memory and local.
#include <cstdlib>
#include <filesystem>

#include "harnesses.h"
#include "orlop/backends/local.h"
#include "orlop/backends/memory.h"
#include "orlop/layers/layers.h"

namespace orlop::testing {
namespace {

using Kind = Deviation::Kind;

// docs/backends/local.md says the same in words.
std::vector<Deviation> of_file_systems() {
  constexpr std::string_view segments = "a file system has no empty segments";
  constexpr std::string_view dots = "\".\" and \"..\" are directories";
  constexpr std::string_view names = "a file name has at most 255 bytes";
  return {{"trailing_slash", Kind::refused, segments},
          {"double_slash", Kind::refused, segments},
          {"leading_slash", Kind::refused, segments},
          {"only_slash", Kind::refused, segments},
          {"dot_segment", Kind::refused, dots},
          {"dot_dot_segment", Kind::refused, dots},
          {"dot_dot_alone", Kind::refused, dots},
          {"one_long_segment", Kind::refused, names},
          {"key.keeps_a_name_beside_names_below_it", Kind::absent, "a file cannot be a directory, too"}};
}

// A directory that goes with the process's last test.
std::string scratch_directory() {
  std::string name = (std::filesystem::temp_directory_path() / "orlop_conformance_XXXXXX").string();
  if (!::mkdtemp(name.data())) throw std::runtime_error("no temporary directory");
  return name;
}

}  // namespace

void register_both(Harness harness) {
  Harness behind = harness;
  behind.name += "_prefixed";
  behind.make = [make = harness.make] { return layers::prefix(make(), "some/where"); };
  register_conformance(std::move(harness));
  register_conformance(std::move(behind));
}

void register_memory() {
  Harness harness;
  harness.name = "memory";
  harness.make = [] { return memory::open(); };
  register_both(std::move(harness));
}

void register_local() {
  Harness harness;
  harness.name = "local";
  auto root = std::make_shared<std::string>();
  harness.make = [root] {
    *root = scratch_directory();
    return local::open({.root = *root, .base_url = "https://files.example.org/media"}).value();
  };
  harness.make_missing = [] { return local::open({.root = "/nonexistent/orlop"}).value(); };
  harness.cleanup = [root] {
    if (!root->empty()) std::filesystem::remove_all(*root);
  };
  harness.deviations = of_file_systems();
  register_both(std::move(harness));
}

}  // namespace orlop::testing
