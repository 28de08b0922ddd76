// URLs of storages, taken apart.
#include <fmt/core.h>

#include <algorithm>

#include "orlop/config.h"
#include "wire/percent.h"

namespace orlop {

namespace {

Error invalid(std::string message) { return Error(Code::config_invalid, std::move(message)); }

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

Result<std::string> decode(std::string_view text) {
  auto decoded = wire::decode_percent(text);
  if (!decoded) return invalid("the URL has a '%' without two hexadecimal digits; write '%25' for '%'");
  if (decoded->find('\0') != std::string::npos) return invalid("the URL contains a NUL byte");
  return decoded;
}

// RFC 3986 section 3.1.
std::size_t scheme_length(std::string_view url) {
  std::size_t colon = url.find(':');
  if (colon == std::string_view::npos || colon == 0 || !is_letter(url[0])) return 0;
  bool valid = std::all_of(url.begin(), url.begin() + static_cast<std::ptrdiff_t>(colon),
                           [](char c) { return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.'; });
  return valid ? colon : 0;
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

Result<StringMap> parse_options(std::string_view query) {
  StringMap options;
  while (!query.empty()) {
    std::size_t end = std::min(query.find('&'), query.size());
    std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.empty()) continue;
    std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      return invalid("options in the URL are written name=value, separated by '&'; write '%3F' for a '?' in a name");
    }
    ORLOP_ASSIGN(std::string name, decode(pair.substr(0, equals)));
    ORLOP_ASSIGN(std::string value, decode(pair.substr(equals + 1)));
    if (!options.emplace(name, std::move(value)).second) {
      return invalid(fmt::format("the option {} is given twice in the URL", name));
    }
  }
  return options;
}

}  // namespace

Result<Address> Address::parse(std::string_view url) {
  std::size_t colon = scheme_length(url);
  if (colon == 0) return invalid("this is no URL; write scheme://container/path, for example s3://bucket/prefix");
  Address address;
  address.scheme = lower(url.substr(0, colon));
  std::string_view rest = url.substr(colon + 1);

  std::size_t query = std::min(rest.find('?'), rest.size());
  ORLOP_ASSIGN(address.options, parse_options(rest.substr(std::min(query + 1, rest.size()))));
  rest = rest.substr(0, query);

  bool has_authority = rest.starts_with("//");
  if (has_authority) {
    rest.remove_prefix(2);
    std::size_t slash = std::min(rest.find('/'), rest.size());
    std::string_view authority = rest.substr(0, slash);
    rest.remove_prefix(slash);
    if (authority.find('@') != std::string_view::npos) {
      return invalid(
          "credentials do not belong in a URL, it ends up in logs; put them in the environment or in a remote of the "
          "configuration file");
    }
    ORLOP_ASSIGN(address.authority, decode(authority));
  }
  ORLOP_ASSIGN(address.path, decode(rest));
  if (address.scheme == "file") {
    if (!address.authority.empty() && address.authority != "localhost") {
      return invalid("a file URL names no host; write file:///directory");
    }
    address.authority.clear();
  } else if (has_authority && address.path.starts_with('/')) {
    address.path.erase(0, 1);
  }
  return address;
}

}  // namespace orlop
