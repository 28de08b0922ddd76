#include "backends/s3/config.h"

#include <fmt/core.h>

#include <algorithm>

#include "backends/s3/environment.h"
#include "backends/s3/partition.h"
#include "backends/s3/shared_config.h"

namespace orlop::s3 {
namespace {

Error invalid(std::string message) { return Error(Code::config_invalid, std::move(message)); }

Result<const Dialect*> choose_dialect(const Options& options, const std::optional<Endpoint>& endpoint) {
  if (options.dialect.empty()) return &dialect_of_host(endpoint ? endpoint->host : "s3.amazonaws.com");
  if (const Dialect* dialect = find_dialect(options.dialect)) return dialect;
  std::string names;
  for (const Dialect& dialect : dialects()) names += (names.empty() ? "" : ", ") + std::string(dialect.name);
  return invalid(fmt::format("dialect: \"{}\" is not known; there are {}", options.dialect, names));
}

Result<ChecksumAlgorithm> choose_checksum(const std::string& wanted, const Dialect& dialect) {
  if (wanted.empty() || wanted == "auto") return dialect.checksums.front();
  if (wanted == "none") return ChecksumAlgorithm::none;
  ChecksumAlgorithm algorithm = parse_checksum(wanted);
  if (algorithm == ChecksumAlgorithm::none || algorithm == ChecksumAlgorithm::md5) {
    return invalid("checksum: write auto, none, crc64nvme, crc32c, crc32, sha256 or sha1");
  }
  if (!dialect.knows(algorithm)) {
    return invalid(fmt::format("checksum: the dialect {} does not know {}", dialect.name, wanted));
  }
  return algorithm;
}

Result<std::shared_ptr<CredentialChain>> choose_credentials(Options& options, const net::HttpOptions& http) {
  bool key = !options.access_key_id.empty(), secret = !options.secret_access_key.empty();
  if (options.anonymous) return CredentialChain::anonymous();
  if (key != secret) {
    return invalid(key ? "access_key_id is set but secret_access_key is not"
                       : "secret_access_key is set but access_key_id is not");
  }
  if (key && !options.profile.empty()) return invalid("profile and access_key_id exclude each other");
  if (!key) return default_chain({.profile = options.profile, .region = options.region, .http = http});
  return std::make_shared<CredentialChain>(Credentials{std::move(options.access_key_id),
                                                       std::move(options.secret_access_key),
                                                       std::move(options.session_token),
                                                       {},
                                                       {}});
}

Result<void> check_numbers(const Options& options) {
  if (options.part_size < (5ULL << 20) || options.part_size > (5ULL << 30)) {
    return invalid("part_size must be between 5M and 5G");
  }
  if (options.concurrency == 0 || options.concurrency > 1000) return invalid("concurrency must be between 1 and 1000");
  return {};
}

Result<void> check_signature(std::string_view option, const std::string& version) {
  if (version.empty() || version == "v4" || version == "v2") return {};
  return invalid(fmt::format("{}: write v4 or v2", option));
}

// What names something in a request or a URL.
Result<void> check_names(const Options& options) {
  auto lower = [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; };
  if (!std::ranges::all_of(options.bucket_acl, lower)) return invalid("bucket_acl: write one like private");
  auto in_host = [&](char c) { return lower(c) || (c >= '0' && c <= '9') || c == '.'; };
  if (options.addressing == Addressing::bucket_host && !std::ranges::all_of(options.bucket, in_host)) {
    return invalid("addressing: this bucket's name cannot be a host; write auto or path");
  }
  return {};
}

// An endpoint that only spells out a region is the region: the host can then follow when the bucket is elsewhere.
void drop_regional_endpoint(Options& options, Config& config) {
  if (!config.endpoint || !config.endpoint->base.empty()) return;
  std::string_view host = config.endpoint->host;
  constexpr std::string_view start = "s3.";
  const Partition* partition = partition_of_host(host);
  if (!partition || !host.starts_with(start)) return;
  std::string region = "us-east-1";
  if (host.size() > start.size() + partition->suffix.size()) {
    region = host.substr(start.size(), host.size() - start.size() - partition->suffix.size() - 1);
  }
  if (amazon_endpoint(region, {}).host != host) return;
  options.use_ssl = config.endpoint->secure();
  if (options.region.empty() && region != "us-east-1") options.region = region;
  config.endpoint.reset();
}

Result<void> choose_hosts(const Options& options, Config& config) {
  AmazonHosts hosts{options.use_ssl, options.dualstack, options.fips, options.accelerate};
  if (config.endpoint && hosts.special()) {
    return invalid("dualstack, fips and accelerate choose among Amazon's hosts; leave out the endpoint");
  }
  if (hosts.accelerate && (options.addressing == Addressing::path || !hostable_bucket(options.bucket))) {
    return invalid("accelerate needs the bucket in the host's name: no dots or capitals in it, and no path addressing");
  }
  if (!config.endpoint) config.amazon = hosts;
  return check_amazon_hosts(options.region, config.amazon);
}

// What the environment says where the options are silent, under the names of Amazon's tools.
void add_environment(Options& options) {
  if (options.endpoint.empty()) options.endpoint = environment("AWS_ENDPOINT_URL_S3");
  if (options.endpoint.empty()) options.endpoint = environment("AWS_ENDPOINT_URL");
  if (options.region.empty()) options.region = environment("AWS_REGION");
  if (options.region.empty()) options.region = environment("AWS_DEFAULT_REGION");
  if (options.ca_file.empty()) options.ca_file = environment("AWS_CA_BUNDLE");
  if (!options.endpoint.empty()) return;
  options.dualstack |= environment("AWS_USE_DUALSTACK_ENDPOINT") == "true";
  options.fips |= environment("AWS_USE_FIPS_ENDPOINT") == "true";
}

Result<Config> config_of(Options options) {
  add_environment(options);
  ORLOP_TRY(check_numbers(options));
  ORLOP_TRY(check_signature("signature", options.signature));
  ORLOP_TRY(check_signature("request_signature", options.request_signature));
  ORLOP_TRY(check_names(options));
  if (!options.region.empty() && !valid_region(options.region)) return invalid("region: write one like eu-central-1");

  Config config;
  if (!options.endpoint.empty()) {
    ORLOP_ASSIGN(config.endpoint, Endpoint::parse(options.endpoint, "endpoint"));
  }
  ORLOP_ASSIGN(config.dialect, choose_dialect(options, config.endpoint));
  if (config.dialect->regional_hosts) drop_regional_endpoint(options, config);
  if (!options.public_endpoint.empty()) {
    ORLOP_ASSIGN(config.public_endpoint, Endpoint::parse(options.public_endpoint, "public_endpoint"));
  }
  ORLOP_ASSIGN(config.checksum, choose_checksum(options.checksum, *config.dialect));
  config.verify_downloads = options.checksum != "none";
  config.http.verify = options.verify;
  config.http.ca_file = std::move(options.ca_file);
  config.http.proxy = std::move(options.proxy);
  config.http.connect_timeout = options.connect_timeout;
  config.http.first_byte_timeout = options.first_byte_timeout;
  config.http.stall_timeout = options.stall_timeout;
  ORLOP_TRY(choose_hosts(options, config));
  ORLOP_ASSIGN(config.credentials, choose_credentials(options, config.http));
  config.bucket = std::move(options.bucket);
  config.region = std::move(options.region);
  config.profile = std::move(options.profile);
  config.addressing = options.addressing;
  config.global_urls = options.global_urls && !config.endpoint;
  config.presign_v2 = options.signature == "v2";
  config.requests_v2 = options.request_signature == "v2";
  config.bucket_acl = std::move(options.bucket_acl);
  config.clamp_expiry = options.clamp_expiry;
  config.part_size = options.part_size;
  config.concurrency = options.concurrency;
  if (options.max_bandwidth > 0) config.bandwidth = std::make_shared<engine::Bandwidth>(options.max_bandwidth);
  return config;
}

}  // namespace

bool valid_bucket(std::string_view bucket) noexcept {
  auto allowed = [](unsigned char c) { return std::isalnum(c) || c == '.' || c == '-' || c == '_'; };
  return bucket.size() <= 255 && std::ranges::all_of(bucket, allowed) && bucket != "." && bucket != "..";
}

bool valid_region(std::string_view region) noexcept {
  auto allowed = [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_'; };
  return !region.empty() && region.size() <= 64 && std::ranges::all_of(region, allowed);
}

Endpoint Config::endpoint_in(std::string_view wanted) const {
  return endpoint ? *endpoint : amazon_endpoint(wanted, amazon);
}

Result<Config> make_config(Options options) {
  if (options.bucket.empty()) return invalid("bucket: write the bucket's name, as in s3://name");
  if (!valid_bucket(options.bucket)) return invalid("bucket: only letters, digits, '.', '-' and '_' can be in a name");
  return config_of(std::move(options));
}

Result<Config> make_service_config(Options options) {
  options.bucket.clear();
  options.accelerate = false;  // of buckets only
  if (options.addressing == Addressing::bucket_host) options.addressing = Addressing::automatic;
  return config_of(std::move(options));
}

Result<std::string> profile_region(const std::string& profile) {
  auto loaded = load_profile(profile);
  // An unusable default profile is no reason to fail for those who bring their own keys.
  if (!loaded && !profile.empty()) return std::move(loaded).error();
  std::string region(loaded ? loaded->get("region") : std::string_view{});
  return valid_region(region) ? region : std::string();
}

}  // namespace orlop::s3
