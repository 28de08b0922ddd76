#include "backends/s3/endpoint.h"

#include <fmt/core.h>

#include <algorithm>

#include "backends/s3/partition.h"

namespace orlop::s3 {
namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

Error bad_endpoint(std::string_view option) {
  return Error(Code::config_invalid,
               fmt::format("{}: write scheme://host[:port], for example https://s3.example.com", option));
}

}  // namespace

Result<Endpoint> Endpoint::parse(std::string_view text, std::string_view option) {
  Endpoint result;
  std::size_t colon = text.find("://");
  if (colon == std::string_view::npos) return bad_endpoint(option);
  result.scheme = text.substr(0, colon);
  std::ranges::transform(result.scheme, result.scheme.begin(), [](unsigned char c) { return std::tolower(c); });
  if (result.scheme != "http" && result.scheme != "https") return bad_endpoint(option);
  text.remove_prefix(colon + 3);
  std::size_t slash = text.find('/');
  result.host = text.substr(0, slash);
  std::ranges::transform(result.host, result.host.begin(), [](unsigned char c) { return std::tolower(c); });
  if (slash != std::string_view::npos) result.base = text.substr(slash);
  while (result.base.ends_with('/')) result.base.pop_back();

  auto printable = [](unsigned char c) { return c > 0x20 && c < 0x7f; };
  bool clean = std::ranges::all_of(text, printable) && text.find_first_of("@?#\\\"<>") == std::string_view::npos;
  if (!clean || result.host.empty() || result.host.front() == ':' || result.host.back() == ':') {
    return bad_endpoint(option);
  }
  // Clients leave the scheme's own port out of the Host header, which is signed.
  std::string_view own_port = result.secure() ? ":443" : ":80";
  if (result.host.ends_with(own_port)) result.host.erase(result.host.size() - own_port.size());
  return result;
}

// https://docs.aws.amazon.com/general/latest/gr/s3.html
Endpoint amazon_endpoint(std::string_view region, const AmazonHosts& hosts) {
  std::string host = hosts.accelerate ? "s3-accelerate" : hosts.fips ? "s3-fips" : "s3";
  if (hosts.dualstack) host += ".dualstack";
  // The oldest region keeps the name without a region in it, which all clients and signed URLs use.
  bool named = !hosts.accelerate && (hosts.special() || region != "us-east-1");
  if (named) host.append(".").append(region);
  host.append(".").append(partition_of(region).suffix);
  return {hosts.secure ? "https" : "http", std::move(host), {}};
}

Result<void> check_amazon_hosts(std::string_view region, const AmazonHosts& hosts) {
  const Partition& partition = partition_of(region);
  if (hosts.accelerate && hosts.fips) return Error(Code::config_invalid, "accelerate and fips exclude each other");
  if (hosts.accelerate && !partition.accelerated) {
    return Error(Code::config_invalid, fmt::format("accelerate: there is no Transfer Acceleration in {}", region));
  }
  if (hosts.fips && !partition.fips) {
    return Error(Code::config_invalid, fmt::format("fips: there are no such hosts in {}", region));
  }
  return {};
}

std::optional<Endpoint> global_endpoint(std::string_view region, const AmazonHosts& hosts) {
  bool commercial = partition_of(region).region_start.empty();
  if (!commercial || hosts.special()) return std::nullopt;
  return amazon_endpoint("us-east-1", hosts);
}

bool hostable_bucket(std::string_view bucket) noexcept {
  auto allowed = [](char c) { return is_lower(c) || is_digit(c) || c == '-'; };
  return bucket.size() >= 3 && bucket.size() <= 63 && std::ranges::all_of(bucket, allowed) && bucket.front() != '-' &&
         bucket.back() != '-';
}

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html#VirtualHostingCustomURLs
Route bucket_host_route(const Endpoint& endpoint, std::string_view bucket, std::string_view region) {
  return {std::string(region), fmt::format("{}://{}", endpoint.scheme, bucket), std::string(bucket), {}};
}

Route make_route(const Endpoint& endpoint, std::string_view bucket, std::string_view region, Addressing addressing) {
  // Only services known for it have names and certificates for every bucket; an endpoint of one's own seldom does.
  bool wanted = addressing == Addressing::virtual_host ||
                (addressing == Addressing::automatic && dialect_of_host(endpoint.host).virtual_hosts);
  Route route{std::string(region), {}, endpoint.host, endpoint.base};
  if (wanted && hostable_bucket(bucket)) {
    route.host = fmt::format("{}.{}", bucket, endpoint.host);
  } else {
    route.path = fmt::format("{}/{}", endpoint.base, bucket);
  }
  route.origin = fmt::format("{}://{}", endpoint.scheme, route.host);
  return route;
}

}  // namespace orlop::s3
