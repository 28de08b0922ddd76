#include "backends/s3/attrs.h"

#include <fmt/core.h>

#include <algorithm>

#include "backends/s3/dialect.h"
#include "backends/s3/wire.h"
#include "wire/date.h"
#include "wire/encoding.h"
#include "wire/hash.h"

namespace orlop::s3 {
namespace {

enum Uses : unsigned { w = 1, a = 2, f = 4 };

struct Parameter {
  std::string_view name;
  std::string_view header;  // empty: needs more than copying; "?name": a query parameter
  unsigned uses;
};

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html under the names of Amazon's own SDKs.
constexpr Parameter parameters_table[] = {
    {"ACL", "x-amz-acl", w},
    {"CacheControl", "cache-control", w},
    {"ChecksumAlgorithm", "", w},
    {"ChecksumCRC32", "x-amz-checksum-crc32", w},
    {"ChecksumCRC32C", "x-amz-checksum-crc32c", w},
    {"ChecksumCRC64NVME", "x-amz-checksum-crc64nvme", w},
    {"ChecksumMode", "x-amz-checksum-mode", a},
    {"ChecksumSHA1", "x-amz-checksum-sha1", w},
    {"ChecksumSHA256", "x-amz-checksum-sha256", w},
    {"ChecksumType", "x-amz-checksum-type", w},
    {"ContentDisposition", "content-disposition", w},
    {"ContentEncoding", "content-encoding", w},
    {"ContentLanguage", "content-language", w},
    {"ContentType", "content-type", w},
    {"ExpectedBucketOwner", "x-amz-expected-bucket-owner", w | a | f},
    {"Expires", "expires", w},
    {"GrantFullControl", "x-amz-grant-full-control", w},
    {"GrantRead", "x-amz-grant-read", w},
    {"GrantReadACP", "x-amz-grant-read-acp", w},
    {"GrantWriteACP", "x-amz-grant-write-acp", w},
    {"MpuObjectSize", "x-amz-mp-object-size", w},
    {"ObjectLockLegalHoldStatus", "x-amz-object-lock-legal-hold", w},
    {"ObjectLockMode", "x-amz-object-lock-mode", w},
    {"ObjectLockRetainUntilDate", "x-amz-object-lock-retain-until-date", w},
    {"RequestPayer", "x-amz-request-payer", w | a | f},
    {"SSECustomerAlgorithm", "x-amz-server-side-encryption-customer-algorithm", w | a | f},
    {"SSECustomerKey", "", w | a | f},
    {"SSECustomerKeyMD5", "x-amz-server-side-encryption-customer-key-md5", w | a | f},
    {"SSEKMSEncryptionContext", "x-amz-server-side-encryption-context", w},
    {"SSEKMSKeyId", "x-amz-server-side-encryption-aws-kms-key-id", w},
    {"ServerSideEncryption", "x-amz-server-side-encryption", w},
    {"StorageClass", "x-amz-storage-class", w},
    {"Tagging", "x-amz-tagging", w},
    {"VersionId", "?versionId", a},
    {"WebsiteRedirectLocation", "x-amz-website-redirect-location", w},
};

unsigned bit(Use use) { return use == Use::write ? w : use == Use::access ? a : f; }

Error unknown_parameter(std::string_view name, Use use) {
  std::string allowed;
  for (const Parameter& parameter : parameters_table) {
    if (parameter.uses & bit(use)) allowed += (allowed.empty() ? "" : ", ") + std::string(parameter.name);
  }
  return Error(Code::invalid_argument, fmt::format("\"{}\" is no object parameter here; there are {}", name, allowed));
}

Error bad_value(std::string_view name) {
  return Error(Code::invalid_argument, fmt::format("the value of {} holds characters no header can carry", name));
}

Result<void> add_header(std::vector<wire::Field>& headers, std::string_view name, std::string_view value,
                        std::string_view called) {
  if (!valid_header_value(value)) return bad_value(called);
  if (std::ranges::find(headers, name, &wire::Field::first) == headers.end()) headers.emplace_back(name, value);
  return {};
}

// The key travels as base64 with its MD5 beside it.
Result<void> add_customer_key(std::string_view key, const StringMap& given, std::vector<wire::Field>& headers) {
  headers.emplace_back("x-amz-server-side-encryption-customer-key", wire::encode_base64(as_bytes(key)));
  if (!given.contains("SSECustomerKeyMD5")) {
    headers.emplace_back("x-amz-server-side-encryption-customer-key-md5", wire::md5(as_bytes(key)).base64());
  }
  return {};
}

// The algorithm is announced; the value itself is computed where the payload is at hand.
Result<void> add_algorithm(std::string_view value, std::vector<wire::Field>& headers) {
  if (parse_checksum(value) == ChecksumAlgorithm::none) {
    return Error(Code::invalid_argument, "ChecksumAlgorithm: write CRC64NVME, CRC32C, CRC32, SHA256 or SHA1");
  }
  headers.emplace_back("x-amz-sdk-checksum-algorithm", xml_name(parse_checksum(value)));
  return {};
}

// Some services (Ceph 16, versitygw) store the coding of an upload as if it were the object's.
std::string without_transfer_coding(std::string_view value) {
  std::string kept;
  while (!value.empty()) {
    std::size_t comma = value.find(',');
    std::string_view one = value.substr(0, comma);
    value = comma == std::string_view::npos ? std::string_view{} : value.substr(comma + 1);
    while (one.starts_with(' ')) one.remove_prefix(1);
    if (one == "aws-chunked" || one.empty()) continue;
    kept.append(kept.empty() ? "" : ", ").append(one);
  }
  return kept;
}

// Header names are tokens (RFC 9110 section 5.6.2); services lower their case.
Result<std::string> metadata_header(std::string_view name) {
  constexpr std::string_view extra = "!#$%&'*+-.^_`|~";
  std::string header = "x-amz-meta-";
  for (char c : name) {
    auto byte = static_cast<unsigned char>(c);
    if (!std::isalnum(byte) && extra.find(c) == std::string_view::npos) {
      return Error(Code::invalid_argument,
                   fmt::format("the metadata name \"{}\" is not made of ASCII letters, digits, - and _", name));
    }
    header += static_cast<char>(std::tolower(byte));
  }
  if (name.empty()) return Error(Code::invalid_argument, "a metadata name is empty");
  return header;
}

}  // namespace

bool valid_header_value(std::string_view value) noexcept {
  return std::ranges::all_of(value, [](unsigned char c) { return c >= 0x20 && c != 0x7f; });
}

Result<void> add_attrs(const Attrs& attrs, std::vector<wire::Field>& headers) {
  const std::pair<std::string_view, const std::string*> plain[] = {
      {"content-type", &attrs.content_type},         {"content-encoding", &attrs.content_encoding},
      {"content-language", &attrs.content_language}, {"content-disposition", &attrs.content_disposition},
      {"cache-control", &attrs.cache_control},       {"expires", &attrs.expires}};
  for (const auto& [name, value] : plain) {
    if (!value->empty()) ORLOP_TRY(add_header(headers, name, *value, name));
  }
  for (const auto& [name, value] : attrs.user) {
    ORLOP_ASSIGN(std::string header, metadata_header(name));
    if (!valid_header_value(value)) return bad_value(name);
    headers.emplace_back(std::move(header), encode_metadata(value));
  }
  std::vector<wire::Field> query;
  return add_parameters(attrs.provider, Use::write, headers, query);
}

Result<void> add_parameters(const StringMap& parameters, Use use, std::vector<wire::Field>& headers,
                            std::vector<wire::Field>& query) {
  for (const auto& [name, value] : parameters) {
    auto known = std::ranges::find(parameters_table, name, &Parameter::name);
    if (known == std::end(parameters_table) || !(known->uses & bit(use))) {
      if (use == Use::follow) continue;
      return unknown_parameter(name, use);
    }
    if (name == "SSECustomerKey") {
      ORLOP_TRY(add_customer_key(value, parameters, headers));
    } else if (name == "ChecksumAlgorithm") {
      ORLOP_TRY(add_algorithm(value, headers));
    } else if (known->header.starts_with('?')) {
      query.emplace_back(known->header.substr(1), value);
    } else {
      ORLOP_TRY(add_header(headers, known->header, value, name));
    }
  }
  return {};
}

Meta meta_of(const net::HttpHeaders& headers) {
  Meta meta;
  meta.etag = headers.get("etag");
  meta.version = headers.get("x-amz-version-id");
  if (auto modified = wire::parse_http_date(headers.get("last-modified"))) meta.modified = *modified;
  meta.attrs.content_type = headers.get("content-type");
  meta.attrs.content_encoding = without_transfer_coding(headers.get("content-encoding"));
  meta.attrs.content_language = headers.get("content-language");
  meta.attrs.content_disposition = headers.get("content-disposition");
  meta.attrs.cache_control = headers.get("cache-control");
  meta.attrs.expires = headers.get("expires");
  constexpr std::string_view prefix = "x-amz-meta-";
  for (const auto& [name, value] : headers) {
    if (name.size() <= prefix.size() || (name[0] != 'x' && name[0] != 'X')) continue;
    std::string lower(name);
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
    if (lower.starts_with(prefix)) meta.attrs.user.emplace(lower.substr(prefix.size()), decode_metadata(value));
  }
  const std::pair<std::string_view, std::string_view> told[] = {
      {"x-amz-storage-class", "StorageClass"},
      {"x-amz-server-side-encryption", "ServerSideEncryption"},
      {"x-amz-server-side-encryption-aws-kms-key-id", "SSEKMSKeyId"},
      {"x-amz-website-redirect-location", "WebsiteRedirectLocation"}};
  for (const auto& [header, name] : told) {
    if (headers.has(header)) meta.attrs.provider.emplace(name, headers.get(header));
  }
  return meta;
}

}  // namespace orlop::s3
