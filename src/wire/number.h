// Decimal numbers in headers, documents and settings.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace orlop::wire {

// All of `text` as one number; nothing when it is none or does not fit.
template <class Number = std::uint64_t>
std::optional<Number> parse_number(std::string_view text) noexcept {
  Number number{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace orlop::wire
