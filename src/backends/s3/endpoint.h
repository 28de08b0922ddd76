// Where requests go: hosts, paths and regions of a bucket.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "backends/s3/dialect.h"
#include "orlop/backends/s3.h"

namespace orlop::s3 {

// "https://host:9000/base" taken apart.
struct Endpoint {
  std::string scheme;  // "https"
  std::string host;    // lower case, with the port unless it is the scheme's own
  std::string base;    // "/base" or empty
  bool secure() const noexcept { return scheme == "https"; }

  // Errors: config_invalid naming `option`.
  static Result<Endpoint> parse(std::string_view text, std::string_view option);
};

// Which of Amazon's hosts are meant.
struct AmazonHosts {
  bool secure = true;
  bool dualstack = false;
  bool fips = false;
  bool accelerate = false;

  bool special() const noexcept { return dualstack || fips || accelerate; }
};
// Amazon's endpoint of a region.
Endpoint amazon_endpoint(std::string_view region, const AmazonHosts& hosts);
// Errors: config_invalid for what the region's partition does not have.
Result<void> check_amazon_hosts(std::string_view region, const AmazonHosts& hosts);
// The endpoint without a region in its name, if it serves the region.
std::optional<Endpoint> global_endpoint(std::string_view region, const AmazonHosts& hosts);
// Whether a bucket's name can be a label in a host name, certificates included: no dots, no upper case.
bool hostable_bucket(std::string_view bucket) noexcept;

// How one bucket is addressed in one region. Immutable; made anew when the region turns out to be another.
struct Route {
  std::string region;
  std::string origin;  // "https://host"
  std::string host;    // as in the Host header
  std::string path;    // what stands before "/key": "", "/bucket", "/base/bucket"
};

// The one whose host is the bucket's name.
Route bucket_host_route(const Endpoint& endpoint, std::string_view bucket, std::string_view region);
Route make_route(const Endpoint& endpoint, std::string_view bucket, std::string_view region, Addressing addressing);

}  // namespace orlop::s3
