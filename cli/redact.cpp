#include "cli/redact.h"

#include <algorithm>

#include "orlop/registry.h"

namespace orlop::cli {
namespace {

constexpr std::string_view hidden = "***";

bool is_port(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// How much behind the :// of a URL is `user:password@`. A password may hold a slash; a key of an object may hold an @.
std::size_t user_length(std::string_view rest) {
  rest = rest.substr(0, rest.find_first_of(" \t\n"));
  const std::string_view authority = rest.substr(0, rest.find('/'));
  if (std::size_t at = authority.rfind('@'); at != std::string_view::npos) return at;
  const std::size_t colon = authority.find(':');
  if (colon == std::string_view::npos || authority.starts_with("arn:") || is_port(authority.substr(colon + 1)))
    return 0;
  const std::size_t at = rest.rfind('@');
  return at == std::string_view::npos ? 0 : at;
}

void hide_users(std::string& text) {
  for (std::size_t at = 0; (at = text.find("://", at)) != std::string::npos;) {
    at += 3;
    if (std::size_t length = user_length(std::string_view(text).substr(at))) text.replace(at, length, hidden);
  }
}

void hide_values(std::string& text, std::string_view name) {
  const std::string start = std::string(name) + '=';
  for (std::size_t at = 0; (at = text.find(start, at)) != std::string::npos;) {
    at += start.size();
    const std::size_t end = std::min(text.find_first_of("& \t\n", at), text.size());
    text.replace(at, end - at, hidden);
  }
}

}  // namespace

std::string redacted(std::string_view text) {
  std::string result(text);
  hide_users(result);
  for (const Backend* backend : backends()) {
    for (const OptionSpec& option : backend->options) {
      if (option.secret) hide_values(result, option.name);
    }
  }
  return result;
}

}  // namespace orlop::cli
