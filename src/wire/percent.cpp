#include "wire/percent.h"

#include "wire/encoding.h"

namespace orlop::wire {
namespace {

bool is_unreserved(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

void append_encoded(std::string& out, std::string_view text, bool keep_slash) {
  constexpr std::string_view digits = "0123456789ABCDEF";  // RFC 3986 section 2.1: upper case
  out.reserve(out.size() + text.size());
  for (const char c : text) {
    if (is_unreserved(c) || (keep_slash && c == '/')) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
}

Result<std::string> decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return Error(Code::invalid_argument, "malformed percent-encoding");
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

}  // namespace

void append_path(std::string& out, std::string_view text) { append_encoded(out, text, true); }
void append_query(std::string& out, std::string_view text) { append_encoded(out, text, false); }

std::string encode_path(std::string_view text) {
  std::string out;
  append_path(out, text);
  return out;
}

std::string encode_query(std::string_view text) {
  std::string out;
  append_query(out, text);
  return out;
}

Result<std::string> decode_percent(std::string_view text) { return decode(text, false); }
Result<std::string> decode_form(std::string_view text) { return decode(text, true); }

}  // namespace orlop::wire
