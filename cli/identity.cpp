#include "cli/identity.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>

#include "cli/paths.h"
#include "orlop/registry.h"

namespace orlop::cli {
namespace {

std::string_view trimmed(std::string_view path) {
  while (path.starts_with('/')) path.remove_prefix(1);
  while (path.ends_with('/')) path.remove_suffix(1);
  return path;
}

bool is_this_machine(std::string_view host) {
  return host == "localhost" || host.ends_with(".localhost") || host.starts_with("127.") ||
         host.starts_with("[::ffff:127.") || host == "[::1]" || host == "0.0.0.0" || host == "[::]";
}

// A bucket of Amazon's has one name in all regions of a partition, and many hosts.
std::string_view amazon_partition(std::string_view host) {
  const std::size_t domain = host.find(".amazonaws.");
  return domain == std::string_view::npos ? std::string_view() : host.substr(domain + 1);
}

// The host and port of a URL, and what follows, in one spelling.
std::string in_one_spelling(std::string_view url) {
  const std::size_t scheme = url.find("://");
  const bool secure = url.starts_with("https:");
  std::string_view rest = url.substr(scheme + 3);
  std::string host(rest.substr(0, rest.find('/')));
  rest.remove_prefix(host.size());
  std::ranges::transform(host, host.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  std::string port = secure ? "443" : "80";
  if (std::size_t colon = host.rfind(':'); colon != std::string::npos && host.find(']', colon) == std::string::npos) {
    port = host.substr(colon + 1);
    host.resize(colon);
  }
  if (host.ends_with('.')) host.pop_back();
  if (is_this_machine(host)) host = "localhost";
  if (std::string_view partition = amazon_partition(host); !partition.empty())
    return fmt::format("{}{}", partition, rest);
  return fmt::format("{}:{}{}", host, port, rest);
}

// With the bucket in the path, and without what only other people see.
std::optional<std::string> address_of_bucket(const std::string& url, StringMap options) {
  constexpr std::array<std::string_view, 6> beside{"addressing", "public_endpoint", "global_urls", "dualstack",
                                                   "fips",       "accelerate"};
  auto address = Address::parse(url);
  if (!address) return std::nullopt;
  for (const auto& [name, value] : address->options) options.emplace(name, value);
  for (std::string_view name : beside) options.erase(std::string(name));
  options.insert_or_assign("addressing", "path");
  auto opened = open_driver(fmt::format("{}://{}", address->scheme, address->authority), options);
  if (!opened) return std::nullopt;
  constexpr std::string_view key = "k";
  auto place = opened->driver->public_url(key);
  if (!place) return std::nullopt;
  return place->substr(0, place->size() - key.size());
}

}  // namespace

std::optional<std::string> local_path(const Target& target) {
  if (target.is_local()) return target.key;
  if (!target.is_remote()) return std::nullopt;
  auto address = Address::parse(target.container->url);
  if (!address || address->scheme != "file") return std::nullopt;
  return join(address->path, target.key);
}

std::string identity_of(const std::string& path) {
  std::error_code failure;
  std::filesystem::path whole = std::filesystem::absolute(path, failure);
  std::filesystem::path resolved = std::filesystem::weakly_canonical(whole, failure);
  return fmt::format("file:{}", failure ? whole.lexically_normal().native() : resolved.native());
}

std::string container_identity(const Target& target, const StringMap& options) {
  const std::string& url = target.container->url;
  auto address = Address::parse(url);
  if (!address) return target.container->name + ":" + url;
  std::string place = fmt::format("{}://{}/", address->scheme, address->authority);
  if (address->scheme == "s3") {
    if (auto bucket = address_of_bucket(url, options)) place = fmt::format("s3://{}", in_one_spelling(*bucket));
  }
  std::string_view prefix = trimmed(address->path);
  return prefix.empty() ? place : fmt::format("{}{}/", place, prefix);
}

}  // namespace orlop::cli
