// Percent-encoding as S3 and its signatures want it: upper-case hex, nothing bare but RFC 3986 section 2.3 unreserved.
#pragma once

#include <string>
#include <string_view>

#include "orlop/result.h"

namespace orlop::wire {

// For a path: '/' stays as it is.
std::string encode_path(std::string_view text);
void append_path(std::string& out, std::string_view text);

// For names and values of a query: '/' is encoded too.
std::string encode_query(std::string_view text);
void append_query(std::string& out, std::string_view text);

// Strict: a '%' not followed by two hex digits is invalid_argument. '+' means itself.
Result<std::string> decode_percent(std::string_view text);
// The same, but '+' means a space (HTML forms, and the keys of S3 listings with encoding-type=url).
Result<std::string> decode_form(std::string_view text);

}  // namespace orlop::wire
