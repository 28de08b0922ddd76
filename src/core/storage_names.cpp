#include "core/storage_names.h"

#include <fmt/format.h>

#include <algorithm>

namespace orlop {

bool leaves_location(std::string_view name) noexcept {
  constexpr std::string_view separators = "/\\";
  if (!name.empty() && separators.find(name.front()) != std::string_view::npos) return true;
  while (!name.empty()) {
    std::size_t end = std::min(name.find_first_of(separators), name.size());
    if (name.substr(0, end) == "..") return true;
    name.remove_prefix(std::min(end + 1, name.size()));
  }
  return false;
}

Result<void> check_inside(std::string_view name) {
  if (!leaves_location(name)) return {};
  return Error(Code::invalid_argument, fmt::format("invalid name \"{}\": it leaves the location of the storage", name));
}

}  // namespace orlop
