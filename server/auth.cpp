#include "server/auth.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "server/errors.h"
#include "wire/date.h"
#include "wire/percent.h"

namespace orlop::server {
namespace {

constexpr std::chrono::minutes allowed_skew{15};
constexpr std::int64_t longest_expiry = 7 * 24 * 3600;  // seconds; of a presigned request
constexpr std::string_view bad_header = "AuthorizationHeaderMalformed";
constexpr std::string_view bad_query = "AuthorizationQueryParametersError";

SystemTime now() { return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()); }

Error too_skewed(SystemTime signed_at, Details& details) {
  details.emplace_back("RequestTime", wire::amz_date(signed_at));
  details.emplace_back("ServerTime", wire::format_iso8601(now()));
  details.emplace_back("MaxAllowedSkewMilliseconds", std::to_string(std::chrono::milliseconds(allowed_skew).count()));
  return s3_error("RequestTimeTooSkewed");
}

// The headers that are signed, canonical, sorted by name.
std::vector<wire::Field> signed_fields(const Request& request, const std::vector<std::string>& names) {
  std::vector<wire::Field> fields;
  fields.reserve(names.size());
  for (const std::string& name : names) {
    fields.emplace_back(lower(name), wire::canonical_header_value(request.headers.joined(lower(name))));
  }
  return fields;
}

bool is_signed(const wire::Authorization& authorization, std::string_view name) {
  const auto& names = authorization.signed_headers;
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Host must be signed, and every x-amz-* header that is there (step 1 of the specification).
Result<void> check_signed_headers(const Request& request, const wire::Authorization& authorization, Details& details) {
  std::string missing;
  if (!is_signed(authorization, "host")) missing = "host";
  for (const auto& [name, value] : request.headers) {
    if (name.starts_with("x-amz-") && !is_signed(authorization, name)) missing += (missing.empty() ? "" : ", ") + name;
  }
  if (missing.empty()) return {};
  details.emplace_back("HeadersNotSigned", missing);
  return s3_error("AccessDenied", "There were headers present in the request which were not signed");
}

Result<SystemTime> signing_time(const Request& request) {
  if (auto time = wire::parse_amz_date(request.header("x-amz-date"))) return *time;
  if (auto time = wire::parse_http_date(request.header("date"))) return *time;
  return s3_error("AccessDenied", "AWS authentication requires a valid Date or x-amz-date header");
}

}  // namespace

std::string Authenticator::region_of(const Request& request) {
  auto authorization = wire::parse_authorization(request.header("authorization"));
  if (!authorization) authorization = wire::parse_credential(request.parameter_or("X-Amz-Credential", ""));
  return authorization ? authorization->scope.region : std::string();
}

Result<Identity> Authenticator::authenticate(const Request& request, Details& details) {
  bool in_query = request.parameter("X-Amz-Signature") || request.parameter("X-Amz-Algorithm");
  if (request.headers.has("authorization")) {
    if (in_query) {
      return s3_error(
          "InvalidArgument",
          "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string "
          "parameter or the Authorization header should be specified");
    }
    return from_header(request, details);
  }
  if (in_query) return from_query(request, details);
  if (request.parameter("Signature") && request.parameter("AWSAccessKeyId")) return from_query_v2(request, details);
  return Identity{.anonymous = true,
                  .presigned = false,
                  .key = nullptr,
                  .date = {},
                  .signature = {},
                  .payload_hash = std::string(request.header("x-amz-content-sha256"))};
}

Result<Identity> Authenticator::from_header(const Request& request, Details& details) {
  std::string_view value = request.header("authorization");
  if (value.starts_with("AWS ")) return from_header_v2(request, details);
  if (!value.starts_with("AWS4-HMAC-SHA256")) {
    return s3_error("InvalidRequest",
                    "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.");
  }
  auto authorization = wire::parse_authorization(value);
  if (!authorization) return s3_error(bad_header);
  ORLOP_ASSIGN(auto key, find_key(*authorization, bad_header, details));
  ORLOP_ASSIGN(SystemTime time, signing_time(request));
  if (wire::amz_date(time).substr(0, 8) != authorization->scope.day) {
    return s3_error(bad_header,
                    "The authorization header is malformed; the date of the credential is not that of the request");
  }
  if (std::chrono::abs(now() - time) > allowed_skew) return too_skewed(time, details);
  if (!request.headers.has("x-amz-content-sha256")) {
    return s3_error("InvalidRequest", "Missing required header for this request: x-amz-content-sha256");
  }
  ORLOP_TRY(check_signed_headers(request, *authorization, details));
  ORLOP_TRY(check_token(request.header("x-amz-security-token")));
  Identity identity{.anonymous = false,
                    .presigned = false,
                    .key = std::move(key),
                    .date = wire::amz_date(time),
                    .signature = authorization->signature,
                    .payload_hash = std::string(request.header("x-amz-content-sha256"))};
  ORLOP_TRY(check_signature(request, *authorization, identity, details));
  return identity;
}

Result<Identity> Authenticator::from_query(const Request& request, Details& details) {
  for (std::string_view name : {"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-Date",
                                "X-Amz-SignedHeaders", "X-Amz-Expires"}) {
    if (!request.parameter(name)) return s3_error(bad_query);
  }
  if (request.parameter_or("X-Amz-Algorithm", "") != "AWS4-HMAC-SHA256") {
    return s3_error(bad_query, "X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256\"");
  }
  auto authorization = wire::parse_credential(request.parameter_or("X-Amz-Credential", ""));
  if (!authorization) return s3_error(bad_query, "Error parsing the X-Amz-Credential parameter");
  authorization->signature = request.parameter_or("X-Amz-Signature", "");
  std::string_view names = request.parameter_or("X-Amz-SignedHeaders", "");
  while (!names.empty()) {
    std::string_view name = names.substr(0, names.find(';'));
    authorization->signed_headers.emplace_back(name);
    names.remove_prefix(std::min(name.size() + 1, names.size()));
  }
  auto time = wire::parse_amz_date(request.parameter_or("X-Amz-Date", ""));
  if (!time || wire::amz_date(*time).substr(0, 8) != authorization->scope.day) {
    return s3_error(bad_query, "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"");
  }
  std::string_view text = request.parameter_or("X-Amz-Expires", "");
  std::int64_t expires = -1;
  auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), expires);
  if (failure != std::errc() || end != text.data() + text.size()) {
    return s3_error(bad_query, "X-Amz-Expires should be a number");
  }
  if (expires < 0) return s3_error(bad_query, "X-Amz-Expires must be non-negative");
  if (expires > longest_expiry) {
    return s3_error(bad_query, "X-Amz-Expires must be less than a week (in seconds) that is 604800");
  }
  ORLOP_ASSIGN(auto key, find_key(*authorization, bad_query, details));
  if (*time > now() + allowed_skew) return s3_error("AccessDenied", "Request is not yet valid");
  if (now() > *time + std::chrono::seconds(expires)) {
    details.emplace_back("X-Amz-Expires", std::to_string(expires));
    details.emplace_back("Expires", wire::format_iso8601(*time + std::chrono::seconds(expires)));
    details.emplace_back("ServerTime", wire::format_iso8601(now()));
    return s3_error("AccessDenied", "Request has expired");
  }
  ORLOP_TRY(check_signed_headers(request, *authorization, details));
  ORLOP_TRY(check_token(request.parameter_or("X-Amz-Security-Token", "")));
  bool hash_signed = is_signed(*authorization, "x-amz-content-sha256");
  Identity identity{
      .anonymous = false,
      .presigned = true,
      .key = std::move(key),
      .date = wire::amz_date(*time),
      .signature = authorization->signature,
      .payload_hash = std::string(hash_signed ? request.header("x-amz-content-sha256") : wire::unsigned_payload)};
  ORLOP_TRY(check_signature(request, *authorization, identity, details));
  return identity;
}

Result<std::shared_ptr<const wire::SigningKey>> Authenticator::find_key(const wire::Authorization& authorization,
                                                                        std::string_view malformed, Details& details) {
  if (authorization.access_key_id != credentials_.access_key_id) {
    details.emplace_back("AWSAccessKeyId", authorization.access_key_id);
    return s3_error("InvalidAccessKeyId");
  }
  std::string_view what = malformed == bad_header ? "The authorization header is malformed"
                                                  : "Error parsing the X-Amz-Credential parameter";
  if (authorization.scope.region != credentials_.region) {
    details.emplace_back("Region", credentials_.region);
    return s3_error(malformed, fmt::format("{}; the region '{}' is wrong; expecting '{}'", what,
                                           authorization.scope.region, credentials_.region));
  }
  if (authorization.scope.service != "s3") {
    return s3_error(malformed, fmt::format("{}; incorrect service \"{}\". This endpoint belongs to \"s3\".", what,
                                           authorization.scope.service));
  }
  std::lock_guard lock(keys_mutex_);
  return keys_.get(credentials_.secret_access_key, authorization.scope.day, authorization.scope.region);
}

Result<void> Authenticator::check_token(std::string_view token) const {
  if (wire::same_signature(token, credentials_.session_token)) return {};
  return s3_error(token.empty() ? "InvalidAccessKeyId" : "InvalidToken");
}

Result<void> Authenticator::check_signature(const Request& request, const wire::Authorization& authorization,
                                            const Identity& identity, Details& details) const {
  std::vector<wire::Field> fields = signed_fields(request, authorization.signed_headers);
  std::string path = wire::encode_path(request.path);
  std::string query = wire::canonical_query(request.query, "X-Amz-Signature");
  wire::CanonicalRequest canonical{request.method, path, query, fields, identity.payload_hash};
  std::string text = wire::string_to_sign(identity.date, identity.key->scope_text(), canonical.to_string());
  if (wire::same_signature(identity.key->sign(text), authorization.signature)) return {};
  details.emplace_back("AWSAccessKeyId", authorization.access_key_id);
  details.emplace_back("StringToSign", text);
  details.emplace_back("SignatureProvided", authorization.signature);
  details.emplace_back("CanonicalRequest", canonical.to_string());
  return s3_error("SignatureDoesNotMatch");
}

Result<void> Authenticator::authenticate_form(std::string_view policy, const Headers& fields, Details& details) {
  if (fields.get("x-amz-algorithm") != "AWS4-HMAC-SHA256") {
    return s3_error("InvalidRequest",
                    "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.");
  }
  auto authorization = wire::parse_credential(fields.get("x-amz-credential"));
  if (!authorization) return s3_error("InvalidArgument", "Error parsing the x-amz-credential field");
  ORLOP_ASSIGN(auto key, find_key(*authorization, bad_query, details));
  ORLOP_TRY(check_token(fields.get("x-amz-security-token")));
  // What is signed is the policy as it was sent:
  // https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-authentication-HTTPPOST.html
  if (wire::same_signature(key->sign(policy), fields.get("x-amz-signature"))) return {};
  details.emplace_back("AWSAccessKeyId", authorization->access_key_id);
  details.emplace_back("StringToSign", policy);
  return s3_error("SignatureDoesNotMatch");
}

}  // namespace orlop::server
