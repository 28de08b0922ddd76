#include "core/storage_names.h"

#include <fmt/core.h>

namespace orlop {

bool leaves_location(std::string_view name) noexcept {
  auto separates = [](char c) { return c == '/' || c == '\\'; };
  if (!name.empty() && separates(name.front())) return true;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= name.size(); ++i) {
    if (i < name.size() && !separates(name[i])) continue;
    if (name.substr(begin, i - begin) == "..") return true;
    begin = i + 1;
  }
  return false;
}

Result<void> check_inside(std::string_view name) {
  if (!leaves_location(name)) return {};
  return Error(Code::invalid_argument, fmt::format("invalid name \"{}\": it leaves the location of the storage", name));
}

}  // namespace orlop
