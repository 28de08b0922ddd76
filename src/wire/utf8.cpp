#include "wire/utf8.h"

#include <cstddef>

namespace orlop {

namespace {

// The length of the sequence of several bytes at the front of `text`, 0 when there is none: Unicode 15, table 3-7.
std::size_t sequence_length(std::string_view text) noexcept {
  auto at = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  auto continues = [&](std::size_t i) { return at(i) >= 0x80 && at(i) <= 0xBF; };
  unsigned first = at(0);
  if (first >= 0xC2 && first <= 0xDF) return continues(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    bool overlong = first == 0xE0 && at(1) < 0xA0;
    bool surrogate = first == 0xED && at(1) > 0x9F;
    return continues(1) && continues(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    bool overlong = first == 0xF0 && at(1) < 0x90;
    bool too_large = first == 0xF4 && at(1) > 0x8F;
    return continues(1) && continues(2) && continues(3) && !overlong && !too_large ? 4 : 0;
  }
  return 0;
}

}  // namespace

std::size_t code_point_length(std::string_view text) noexcept {
  if (text.empty()) return 0;
  return static_cast<unsigned char>(text.front()) < 0x80 ? 1 : sequence_length(text);
}

bool is_utf8(std::string_view text) noexcept {
  std::size_t at = 0;
  while (at < text.size()) {
    if (static_cast<unsigned char>(text[at]) < 0x80) {  // nearly all there is
      ++at;
      continue;
    }
    std::size_t length = sequence_length(text.substr(at));
    if (length == 0) return false;
    at += length;
  }
  return true;
}

}  // namespace orlop
