// Names as Django's storages understand them. Pure functions, the same for every backend.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "orlop/result.h"

namespace orlop::naming {

// POSIX normalisation, then backslashes to slashes; a trailing slash is kept; "." becomes "".
std::string clean_name(std::string_view name);

// Joins below `base` and normalises. Errors: invalid_argument ("located outside of the base path component").
std::string_view constexpr outside_message = "the joined path is located outside of the base path component";
Result<std::string> safe_join(std::string_view base, std::string_view part);

// What a user's name may be before it becomes a key: no ".." segment, not absolute, a real last segment.
// Errors: invalid_argument ("invalid name ...: ...").
Result<void> check_relative(std::string_view name);

// Shortens the root of the last segment so that the name has at most `max_length` code points; the extension stays.
// Errors: invalid_argument when nothing of the root would be left, or the name itself is invalid.
Result<std::string> available_overwrite_name(std::string_view name, std::optional<std::size_t> max_length);

// root + "_" + seven random letters or digits + extension, of the last segment.
std::string alternative_name(std::string_view name);

// The media type and encoding a file name suggests ("a.css.gz": text/css, gzip). Empty when unknown.
struct GuessedType {
  std::string_view type;
  std::string_view encoding;
};
GuessedType guess_type(std::string_view name);

}  // namespace orlop::naming
