#include "cli/paths.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

namespace orlop::cli {

std::string_view last_segment(std::string_view path) noexcept {
  while (path.ends_with('/')) path.remove_suffix(1);
  return path.substr(path.rfind('/') + 1);
}

std::string join(std::string_view directory, std::string_view name) {
  return directory.empty() || directory.ends_with('/') ? fmt::format("{}{}", directory, name)
                                                       : fmt::format("{}/{}", directory, name);
}

bool is_directory(const std::string& path) noexcept {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

Result<std::string> relative_path(std::string_view key) {
  std::string_view rest = key;
  for (;;) {
    std::string_view segment = rest.substr(0, rest.find('/'));
    const bool last = segment.size() == rest.size();
    if (segment == "." || segment == ".." || (segment.empty() && !(last && !key.empty()))) {
      return Error(Code::invalid_argument, "this key cannot be a path: copy it by itself to a name of your choice");
    }
    if (last) return std::string(key);
    rest.remove_prefix(segment.size() + 1);
  }
}

Result<void> make_parents(const std::string& path) {
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  if (parent.empty() || is_directory(parent)) return {};
  std::error_code failure;
  std::filesystem::create_directories(parent, failure);
  if (failure.value() == EEXIST) return system_error(parent.native(), ENOTDIR);  // a file is in the way
  if (failure) return system_error(parent.native(), failure.value());
  return {};
}

}  // namespace orlop::cli
