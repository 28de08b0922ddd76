// Cutting POSIX paths the way Python's posixpath does; shared by naming and media types.
#pragma once

#include <algorithm>
#include <string_view>

namespace orlop::naming {

struct SplitPath {
  std::string_view directory;  // with its trailing slash
  std::string_view last;
};

inline SplitPath split_path(std::string_view path) noexcept {
  std::size_t slash = path.rfind('/');
  std::size_t cut = slash == std::string_view::npos ? 0 : slash + 1;
  return {path.substr(0, cut), path.substr(cut)};
}

struct SplitExtension {
  std::string_view root;
  std::string_view extension;  // with its dot
};

// posixpath.splitext of a last segment: leading dots belong to the root.
inline SplitExtension split_extension(std::string_view last) noexcept {
  std::size_t dot = last.rfind('.');
  std::size_t first = last.find_first_not_of('.');
  if (dot == std::string_view::npos || first == std::string_view::npos || dot < first) return {last, {}};
  return {last.substr(0, dot), last.substr(dot)};
}

// Cuts the first segment and the slash behind it off `rest`.
inline std::string_view take_segment(std::string_view& rest) noexcept {
  std::size_t slash = std::min(rest.find('/'), rest.size());
  std::string_view segment = rest.substr(0, slash);
  rest.remove_prefix(std::min(slash + 1, rest.size()));
  return segment;
}

}  // namespace orlop::naming
