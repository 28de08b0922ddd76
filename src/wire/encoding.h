// Bytes as text: base64 (RFC 4648 section 4, padded) and hex.
#pragma once

#include <string>
#include <string_view>

#include "orlop/types.h"

namespace orlop::wire {

std::string encode_base64(Bytes bytes);
// Strict: padding present, no white space, unused bits zero; else invalid_argument.
Result<std::string> decode_base64(std::string_view text);

std::string encode_hex(Bytes bytes);  // lower case
void append_hex(std::string& out, Bytes bytes);
Result<std::string> decode_hex(std::string_view text);  // either case; else invalid_argument

// The value of one hex digit of either case, or -1.
constexpr int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace orlop::wire
