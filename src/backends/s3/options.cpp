// The options of s3 as a table, and the ways in: from an options struct, from a URL.
#include "backends/s3/config.h"
#include "backends/s3/driver.h"
#include "orlop/backends/s3.h"
#include "orlop/config.h"
#include "orlop/s3.h"

namespace orlop::s3 {
namespace {

constexpr OptionSpec specs[] = {
    {"region", OptionType::text, "region of the bucket, such as eu-central-1"},
    {"endpoint", OptionType::text, "scheme://host[:port] of the service; without it Amazon's"},
    {"public_endpoint", OptionType::text, "what public and signed URLs name instead of the endpoint"},
    {"global_urls", OptionType::boolean, "signed and public URLs name Amazon's host without a region, as boto3's do"},
    {"access_key_id", OptionType::text, "the key's name; without it the environment and ~/.aws are searched", true},
    {"secret_access_key", OptionType::text, "the key", true},
    {"session_token", OptionType::text, "of temporary credentials", true},
    {"profile", OptionType::text, "profile of ~/.aws/credentials and ~/.aws/config"},
    {"anonymous", OptionType::boolean, "send requests without a signature"},
    {"addressing", OptionType::text, "auto, path, virtual or host (in URLs the bucket's name is the host)"},
    {"dialect", OptionType::text,
     "what the service is: aws, minio, ceph, r2, b2, gcs, ...; without it by the endpoint"},
    {"signature", OptionType::text, "of presigned URLs: v4, or v2 for services that know nothing newer"},
    {"request_signature", OptionType::text, "of requests: v4, or v2 for services that know nothing newer"},
    {"bucket_acl", OptionType::text, "canned ACL of a bucket that is made, such as public-read"},
    {"clamp_expiry", OptionType::boolean, "cut signed URLs to the life of the credentials instead of refusing them"},
    {"use_ssl", OptionType::boolean, "without an endpoint: https (yes) or http (no)"},
    {"dualstack", OptionType::boolean, "without an endpoint: Amazon's hosts with IPv6"},
    {"fips", OptionType::boolean, "without an endpoint: Amazon's hosts with FIPS 140 modules"},
    {"accelerate", OptionType::boolean, "without an endpoint: Amazon's Transfer Acceleration"},
    {"verify", OptionType::boolean, "check the service's certificate"},
    {"ca_file", OptionType::text, "PEM file of certificates to trust instead of the system's"},
    {"proxy", OptionType::text, "HTTP proxy, host:port or URL"},
    {"connect_timeout", OptionType::duration, "for a connection to come about"},
    {"first_byte_timeout", OptionType::duration, "from the last byte sent to the first received"},
    {"stall_timeout", OptionType::duration, "the longest time in which not a byte moves"},
    {"part_size", OptionType::size, "of multipart uploads"},
    {"concurrency", OptionType::integer, "parts in flight of one upload"},
    {"max_bandwidth", OptionType::size, "bytes a second of all contents together, up and down; 0: no limit"},
    {"checksum", OptionType::text, "auto, none, crc64nvme, crc32c, crc32, sha256 or sha1"},
};

Result<void> read_addressing(const OptionReader& reader, Addressing& out) {
  std::string text;
  ORLOP_TRY(reader.read("addressing", text));
  if (text.empty() || text == "auto") {
    out = Addressing::automatic;
  } else if (text == "path") {
    out = Addressing::path;
  } else if (text == "virtual") {
    out = Addressing::virtual_host;
  } else if (text == "host") {
    out = Addressing::bucket_host;
  } else {
    return Error(Code::config_invalid, "addressing: write auto, path, virtual or host");
  }
  return {};
}

Result<Options> read_options(const StringMap& values) {
  OptionReader reader(specs, values);
  ORLOP_TRY(reader.check_names());
  Options options;
  ORLOP_TRY(reader.read("region", options.region));
  ORLOP_TRY(reader.read("endpoint", options.endpoint));
  ORLOP_TRY(reader.read("public_endpoint", options.public_endpoint));
  ORLOP_TRY(reader.read("access_key_id", options.access_key_id));
  ORLOP_TRY(reader.read("secret_access_key", options.secret_access_key));
  ORLOP_TRY(reader.read("session_token", options.session_token));
  ORLOP_TRY(reader.read("profile", options.profile));
  ORLOP_TRY(reader.read("anonymous", options.anonymous));
  ORLOP_TRY(read_addressing(reader, options.addressing));
  ORLOP_TRY(reader.read("dialect", options.dialect));
  ORLOP_TRY(reader.read("signature", options.signature));
  ORLOP_TRY(reader.read("request_signature", options.request_signature));
  ORLOP_TRY(reader.read("bucket_acl", options.bucket_acl));
  ORLOP_TRY(reader.read("clamp_expiry", options.clamp_expiry));
  ORLOP_TRY(reader.read("use_ssl", options.use_ssl));
  ORLOP_TRY(reader.read("dualstack", options.dualstack));
  ORLOP_TRY(reader.read("fips", options.fips));
  ORLOP_TRY(reader.read("accelerate", options.accelerate));
  ORLOP_TRY(reader.read("global_urls", options.global_urls));
  ORLOP_TRY(reader.read("verify", options.verify));
  ORLOP_TRY(reader.read("ca_file", options.ca_file));
  ORLOP_TRY(reader.read("proxy", options.proxy));
  ORLOP_TRY(reader.read("connect_timeout", options.connect_timeout));
  ORLOP_TRY(reader.read("first_byte_timeout", options.first_byte_timeout));
  ORLOP_TRY(reader.read("stall_timeout", options.stall_timeout));
  ORLOP_TRY(reader.read("part_size", options.part_size));
  std::uint64_t concurrency = options.concurrency;
  ORLOP_TRY(reader.read("concurrency", concurrency));
  options.concurrency = static_cast<std::uint32_t>(std::min<std::uint64_t>(concurrency, UINT32_MAX));
  ORLOP_TRY(reader.read("max_bandwidth", options.max_bandwidth));
  ORLOP_TRY(reader.read("checksum", options.checksum));
  return options;
}

Result<Options> options_of(const Address& address) {
  ORLOP_ASSIGN(Options options, read_options(address.options));
  options.bucket = address.authority;
  return options;
}

Result<Backend::Opened> open_address(const Address& address) {
  ORLOP_ASSIGN(Options options, options_of(address));
  ORLOP_ASSIGN(auto driver, open(std::move(options)));
  return Backend::Opened{std::move(driver), address.path};
}

Result<void> create_address(const Address& address, const Context& context) {
  ORLOP_ASSIGN(Options options, options_of(address));
  return create_bucket(options, context);
}

Result<std::vector<Container>> list_buckets_of(const StringMap& values, const Context& context) {
  ORLOP_ASSIGN(Options options, read_options(values));
  ORLOP_ASSIGN(Service service, Service::connect(std::move(options)));
  ORLOP_ASSIGN(Buckets found, service.buckets(context));
  std::vector<Container> containers;
  for (const Bucket& bucket : found.buckets) containers.push_back({bucket.name(), bucket.created()});
  return containers;
}

}  // namespace

Result<Options> parse_options(const StringMap& values) { return read_options(values); }

Result<std::shared_ptr<Client>> open_client(Options options) {
  ORLOP_ASSIGN(Config config, make_config(std::move(options)));
  auto transport = net::curl_transport(config.http);
  return std::make_shared<Client>(std::move(config), std::move(transport));
}

Result<std::shared_ptr<Client>> open_service_client(Options options) {
  ORLOP_ASSIGN(Config config, make_service_config(std::move(options)));
  auto transport = net::curl_transport(config.http);
  return std::make_shared<Client>(std::move(config), std::move(transport));
}

Result<std::shared_ptr<Driver>> open(Options options) {
  ORLOP_ASSIGN(auto client, open_client(std::move(options)));
  return make_driver(std::move(client));
}

Result<void> create_bucket(const Options& options, const Context& context) {
  ORLOP_ASSIGN(Config config, make_config(options));
  auto transport = net::curl_transport(config.http);
  return make_bucket(std::move(config), std::move(transport), context);
}

const Backend backend{
    "s3", "Amazon S3 and everything that speaks its protocol", specs, open_address, create_address, list_buckets_of};

}  // namespace orlop::s3
