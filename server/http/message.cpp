#include "server/http/message.h"

#include <algorithm>

namespace orlop::server {
namespace {

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), [](char c) { return lower(c); });
  return result;
}

std::string_view trim(std::string_view text) noexcept {
  constexpr std::string_view blank = " \t\r\n";
  std::size_t begin = text.find_first_not_of(blank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blank) - begin + 1);
}

bool same_text(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

void Headers::add(std::string_view name, std::string_view value) { list_.emplace_back(lower(name), value); }

void Headers::set(std::string_view name, std::string_view value) {
  std::string wanted = lower(name);
  remove(wanted);
  list_.emplace_back(std::move(wanted), value);
}

void Headers::remove(std::string_view name) {
  std::erase_if(list_, [&](const auto& header) { return header.first == name; });
}

std::string_view Headers::get(std::string_view name) const noexcept {
  auto found = std::find_if(list_.begin(), list_.end(), [&](const auto& header) { return header.first == name; });
  return found == list_.end() ? std::string_view{} : std::string_view(found->second);
}

bool Headers::has(std::string_view name) const noexcept {
  return std::any_of(list_.begin(), list_.end(), [&](const auto& header) { return header.first == name; });
}

std::string Headers::joined(std::string_view name) const {
  std::string result;
  bool first = true;
  for (const auto& [header, value] : list_) {
    if (header != name) continue;
    if (!first) result += ',';
    result += value;
    first = false;
  }
  return result;
}

}  // namespace orlop::server
