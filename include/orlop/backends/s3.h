// s3: Amazon S3 and everything that speaks its protocol.
#pragma once

#include <memory>
#include <string>

#include "orlop/driver/driver.h"
#include "orlop/registry.h"

namespace orlop::s3 {

// bucket_host: public and signed URLs have the bucket's name as their host (a CNAME of the service's); requests go as
// with automatic.
enum class Addressing : std::uint8_t { automatic, path, virtual_host, bucket_host };

struct Options {
  std::string bucket{};
  std::string region{};    // empty: AWS_REGION, the profile's, else us-east-1; a wrong one is corrected by the redirect
  std::string endpoint{};  // scheme://host[:port]; empty: AWS in `region`
  // What presigned and public URLs name instead of `endpoint`; empty: the same.
  std::string public_endpoint{};

  // Signed and public URLs name Amazon's host without a region in it, as boto3's do, where that host serves the region.
  bool global_urls = false;

  // Credentials: these, else the chain of docs/backends/s3.md. Looked up with the first request.
  std::string access_key_id{};
  std::string secret_access_key{};
  std::string session_token{};
  std::string profile{};
  bool anonymous = false;

  Addressing addressing =
      Addressing::automatic;  // automatic: virtual where the bucket's name allows it, path for endpoints
  std::string dialect{};      // "aws", "minio", "r2", ... (docs/backends/s3.md); empty: by endpoint
  std::string signature{};    // of presigned URLs: "v4", or "v2" for services that know nothing newer; empty: v4
  // Of requests: the same, for services that know nothing newer.
  std::string request_signature{};
  // A signed URL ends with the credentials that signed it. True: the expiry is cut to their end; false: a longer one
  // is invalid_argument.
  bool clamp_expiry = false;
  bool use_ssl = true;      // without an endpoint: https or http
  bool dualstack = false;   // Amazon's hosts that have IPv6 too
  bool fips = false;        // Amazon's hosts with FIPS 140 modules
  bool accelerate = false;  // Amazon's Transfer Acceleration

  // TLS and network.
  bool verify = true;
  std::string ca_file{};  // PEM; empty: the system's
  std::string proxy{};    // host:port or URL; empty: none ("proxies" of the environment are not used)
  Milliseconds connect_timeout{10'000};
  Milliseconds first_byte_timeout{60'000};  // from the last byte sent to the first received
  Milliseconds stall_timeout{30'000};       // the longest time in which not a byte moves

  std::uint64_t part_size = 8ULL << 20;  // of multipart uploads; grows when an object needs more than 10,000
  std::uint32_t concurrency = 10;        // parts in flight of one upload
  std::uint64_t max_bandwidth = 0;       // bytes a second of this storage's contents, up and down together; 0: no limit
  std::string bucket_acl{};              // canned ACL create_bucket() gives; empty: the account's default
  std::string checksum{};                // "auto" (the dialect's), "none", "crc32", "crc32c", "crc64nvme", "sha256"
};

// Options by the names URLs and remotes give them ("region", "access_key_id", ...), without a bucket.
// Errors: config_invalid naming the option.
Result<Options> parse_options(const StringMap& values);

// Does no I/O. Errors: config_invalid naming the option.
Result<std::shared_ptr<Driver>> open(Options options);

// Makes the bucket the options name. An own bucket that exists is success.
// Errors: already_exists (somebody else's), permission_denied, invalid_argument (name).
Result<void> create_bucket(const Options& options, const Context& context = {});

extern const Backend backend;  // s3://bucket/prefix?region=..&endpoint=..

}  // namespace orlop::s3
