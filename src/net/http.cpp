#include "net/http.h"

#include <algorithm>

namespace orlop::net {
namespace {

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool equal_without_case(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

// Space for the answer of a usual service, so that a header costs no allocation.
constexpr std::size_t usual_text = 1024;
constexpr std::size_t usual_count = 24;

}  // namespace

void HttpHeaders::add(std::string_view name, std::string_view value) {
  if (places_.empty()) {
    text_.reserve(usual_text);
    places_.reserve(usual_count);
  }
  const auto at = static_cast<std::uint32_t>(text_.size());
  const auto value_at = static_cast<std::uint32_t>(at + name.size());
  text_.append(name).append(value);
  places_.push_back({at, value_at, static_cast<std::uint32_t>(text_.size())});
}

void HttpHeaders::clear() noexcept {
  text_.clear();
  places_.clear();
}

HttpHeaders::Field HttpHeaders::field(std::size_t index) const noexcept {
  const Place& place = places_[index];
  const std::string_view text = text_;
  return {text.substr(place.name, place.value - place.name), text.substr(place.value, place.end - place.value)};
}

std::optional<std::string_view> HttpHeaders::find(std::string_view name) const noexcept {
  const std::string_view text = text_;
  for (const Place& place : places_) {
    if (place.value - place.name != name.size()) continue;  // nearly all of them
    if (equal_without_case(text.substr(place.name, name.size()), name))
      return text.substr(place.value, place.end - place.value);
  }
  return std::nullopt;
}

std::string_view HttpHeaders::get(std::string_view name) const noexcept { return find(name).value_or(""); }

bool HttpHeaders::has(std::string_view name) const noexcept { return find(name).has_value(); }

Result<std::string> HttpResponse::read_all(std::size_t limit) {
  constexpr std::size_t step = 16 * 1024;
  std::string body;
  std::size_t size = 0;
  for (;;) {
    // One byte more than allowed is asked for, to tell a body that ends at the limit from a longer one.
    body.resize(std::min(std::max(size * 2, size + step), limit + 1));
    ORLOP_ASSIGN(const std::size_t got, read(std::as_writable_bytes(std::span(body)).subspan(size)));
    if (got == 0) break;
    size += got;
    if (size > limit) return Error(Code::data_corrupted, "the answer is longer than it can be");
  }
  body.resize(size);
  return body;
}

}  // namespace orlop::net
