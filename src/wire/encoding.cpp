#include "wire/encoding.h"

#include <array>

namespace orlop::wire {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<signed char, 256> base64_values() {
  std::array<signed char, 256> values{};
  values.fill(-1);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    values[static_cast<unsigned char>(alphabet[i])] = static_cast<signed char>(i);
  return values;
}

constexpr auto values = base64_values();

unsigned octet(Bytes bytes, std::size_t at) noexcept {
  return at < bytes.size() ? std::to_integer<unsigned>(bytes[at]) : 0;
}

Error malformed(const char* what) { return Error(Code::invalid_argument, what); }

}  // namespace

std::string encode_base64(Bytes bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const unsigned group = octet(bytes, i) << 16 | octet(bytes, i + 1) << 8 | octet(bytes, i + 2);
    out += alphabet[group >> 18];
    out += alphabet[group >> 12 & 63];
    out += i + 1 < bytes.size() ? alphabet[group >> 6 & 63] : '=';
    out += i + 2 < bytes.size() ? alphabet[group & 63] : '=';
  }
  return out;
}

Result<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0) return malformed("malformed base64");
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  const std::size_t digits = text.size() - padding;
  std::string out;
  out.reserve(text.size() / 4 * 3);
  unsigned group = 0;
  int bits = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    const int value = values[static_cast<unsigned char>(text[i])];
    if (value < 0) return malformed("malformed base64");
    group = (group << 6 | static_cast<unsigned>(value)) & 0xFFFF;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    out += static_cast<char>(group >> bits & 0xFF);
  }
  // RFC 4648 section 3.5: bits that encode nothing must be zero, or one value would have several spellings.
  if ((group & ((1U << bits) - 1)) != 0) return malformed("malformed base64");
  return out;
}

void append_hex(std::string& out, Bytes bytes) {
  constexpr char digits[] = "0123456789abcdef";
  const std::size_t before = out.size();
  out.resize(before + bytes.size() * 2);
  char* at = out.data() + before;
  for (const std::byte byte : bytes) {
    *at++ = digits[std::to_integer<unsigned>(byte) >> 4];
    *at++ = digits[std::to_integer<unsigned>(byte) & 15];
  }
}

std::string encode_hex(Bytes bytes) {
  std::string out;
  append_hex(out, bytes);
  return out;
}

Result<std::string> decode_hex(std::string_view text) {
  if (text.size() % 2 != 0) return malformed("malformed hex");
  std::string out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_digit(text[i]);
    const int low = hex_digit(text[i + 1]);
    if (high < 0 || low < 0) return malformed("malformed hex");
    out += static_cast<char>(high * 16 + low);
  }
  return out;
}

}  // namespace orlop::wire
