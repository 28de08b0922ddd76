// Options, checked and worked out: what a driver keeps.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "backends/s3/credentials.h"
#include "backends/s3/dialect.h"
#include "backends/s3/endpoint.h"
#include "engine/bandwidth.h"
#include "net/http.h"
#include "orlop/backends/s3.h"

namespace orlop::s3 {

struct Config {
  std::string bucket;
  std::string region;                // as given; empty: looked up with the first request
  std::string profile;               // for that look-up
  std::optional<Endpoint> endpoint;  // empty: Amazon's, by region
  std::optional<Endpoint> public_endpoint;
  bool global_urls = false;
  bool presign_v2 = false;
  bool requests_v2 = false;
  std::string bucket_acl;
  bool clamp_expiry = false;
  AmazonHosts amazon;
  Addressing addressing = Addressing::automatic;
  const Dialect* dialect = nullptr;
  ChecksumAlgorithm checksum = ChecksumAlgorithm::none;  // sent with uploads
  bool verify_downloads = true;  // by the checksum a service has; asking one that has none is harmless
  std::shared_ptr<CredentialChain> credentials;
  net::HttpOptions http;
  std::uint64_t part_size = 0;
  unsigned concurrency = 0;
  std::shared_ptr<engine::Bandwidth> bandwidth;  // null: no limit
  // The largest object one CopyObject takes. Amazon's limit unless a test sets another, which is then obeyed before
  // the service is asked.
  std::optional<std::uint64_t> copy_limit;

  Endpoint endpoint_in(std::string_view region) const;
  bool is_secure() const noexcept { return endpoint ? endpoint->secure() : amazon.secure; }
};

// Errors: config_invalid naming the option. No I/O but the environment.
Result<Config> make_config(Options options);
// The same for the service itself, whatever bucket the options name.
Result<Config> make_service_config(Options options);

// The region the profile names; empty when it names none. Reads files.
Result<std::string> profile_region(const std::string& profile);
bool valid_region(std::string_view region) noexcept;
bool valid_bucket(std::string_view bucket) noexcept;

}  // namespace orlop::s3
