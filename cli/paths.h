// Local paths and keys, and how one becomes the other.
#pragma once

#include <string>
#include <string_view>

#include "orlop/result.h"

namespace orlop::cli {

std::string_view last_segment(std::string_view path) noexcept;  // of "a/b/": "b"
std::string join(std::string_view directory, std::string_view name);
bool is_directory(const std::string& path) noexcept;  // through symbolic links

// The part of a key below a directory as a path of the same shape. Errors: invalid_argument for what would leave the
// directory, or land where another key does ("a//b", "./a").
Result<std::string> relative_path(std::string_view key);
// Makes the directory a file will be put into.
Result<void> make_parents(const std::string& path);

}  // namespace orlop::cli
