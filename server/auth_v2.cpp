// Signature Version 2: presigned URLs as boto3 and aws-cli still make them where no version is asked for, and headers.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/RESTAuthentication.html
#include <algorithm>
#include <array>
#include <charconv>

#include "server/auth.h"
#include "server/errors.h"
#include "wire/date.h"
#include "wire/percent.h"
#include "wire/sigv2.h"

namespace orlop::server {
namespace {

constexpr std::chrono::minutes allowed_skew{15};

// Parameters that are part of the resource. Those that select an operation this server does not have are refused
// anyway.
constexpr auto signed_parameters =
    std::to_array<std::string_view>({"acl", "attributes", "delete", "location", "partNumber", "tagging", "uploadId",
                                     "uploads", "versionId", "versioning", "x-amz-security-token"});

bool is_amz(std::string_view name) { return name.starts_with("x-amz-"); }

// Of what a query may hold besides: names of x-amz-* headers. SDKs sign those as the headers they stand for; some
// clients sign the token as a part of the resource.
enum class Amz { are_headers, is_resource };

bool is_signed(std::string_view name, Amz amz) {
  if (is_amz(name) && amz == Amz::are_headers) return false;
  return name.starts_with("response-") ||
         std::find(signed_parameters.begin(), signed_parameters.end(), name) != signed_parameters.end();
}

// `slash`: a bucket's address ends in one, as some clients sign it even where they do not send it.
std::string resource(const Request& request, bool slash, Amz amz) {
  std::string text;
  bool virtual_host = !request.bucket.empty() && !std::string_view(request.path).substr(1).starts_with(request.bucket);
  if (virtual_host) text = "/" + request.bucket;
  wire::append_path(text, request.path);
  if (slash && !text.ends_with('/')) text += '/';
  std::vector<wire::Field> fields;
  for (const wire::Field& field : request.parameters) {
    if (is_signed(field.first, amz)) fields.push_back(field);
  }
  std::sort(fields.begin(), fields.end());
  char separator = '?';
  for (const auto& [name, value] : fields) {
    text += separator + name;
    if (!value.empty()) text += '=' + value;
    separator = '&';
  }
  return text;
}

std::string amz_headers(const Request& request, Amz amz) {
  StringMap headers;
  for (const auto& [name, value] : request.parameters) {
    if (amz == Amz::are_headers && is_amz(name)) headers[name] = wire::canonical_header_value(value);
  }
  for (const auto& [name, value] : request.headers) {
    if (is_amz(name)) headers[name] = request.headers.joined(name);
  }
  std::string text;
  for (const auto& [name, value] : headers) text.append(name).append(":").append(value).append("\n");
  return text;
}

std::string string_to_sign(const Request& request, std::string_view date, bool slash, Amz amz) {
  std::string text = request.method;
  for (std::string_view line : {request.header("content-md5"), request.header("content-type"), date}) {
    text.append(1, '\n').append(line);
  }
  return text + '\n' + amz_headers(request, amz) + resource(request, slash, amz);
}

}  // namespace

Result<Identity> Authenticator::check_v2(const Request& request, std::string_view access_key_id,
                                         std::string_view signature, std::string_view token, std::string_view date,
                                         Details& details) const {
  details.emplace_back("AWSAccessKeyId", access_key_id);
  if (access_key_id != credentials_.access_key_id) return s3_error("InvalidAccessKeyId");
  ORLOP_TRY(check_token(token));
  auto matches = [&](bool slash) {
    return std::ranges::any_of(std::array{Amz::are_headers, Amz::is_resource}, [&](Amz amz) {
      std::string text = string_to_sign(request, date, slash, amz);
      return wire::same_signature(wire::signature_v2(credentials_.secret_access_key, text), signature);
    });
  };
  if (!matches(false) && !(request.key.empty() && matches(true))) {
    details.emplace_back("StringToSign", string_to_sign(request, date, false, Amz::are_headers));
    details.emplace_back("SignatureProvided", signature);
    return s3_error("SignatureDoesNotMatch");
  }
  details.clear();
  return Identity{.anonymous = false,
                  .presigned = !request.headers.has("authorization"),
                  .key = nullptr,
                  .date = {},
                  .signature = {},
                  .payload_hash = std::string(wire::unsigned_payload)};
}

Result<Identity> Authenticator::from_query_v2(const Request& request, Details& details) const {
  std::string_view expires = request.parameter_or("Expires", "");
  std::int64_t seconds = 0;
  auto [end, failure] = std::from_chars(expires.data(), expires.data() + expires.size(), seconds);
  if (failure != std::errc() || end != expires.data() + expires.size())
    return s3_error("AccessDenied", "Invalid date (should be seconds since epoch)");
  auto now = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch());
  if (now.count() > seconds) return s3_error("AccessDenied", "Request has expired");
  return check_v2(request, request.parameter_or("AWSAccessKeyId", ""), request.parameter_or("Signature", ""),
                  request.parameter_or("x-amz-security-token", ""), expires, details);
}

Result<Identity> Authenticator::from_header_v2(const Request& request, Details& details) const {
  std::string_view value = request.header("authorization").substr(4);  // behind "AWS "
  std::size_t colon = value.rfind(':');
  if (colon == std::string_view::npos) return s3_error("InvalidArgument", "AWS authorization header is invalid");
  bool own_date = request.headers.has("x-amz-date");
  auto time = wire::parse_http_date(request.header(own_date ? "x-amz-date" : "date"));
  if (!time) return s3_error("AccessDenied", "AWS authentication requires a valid Date or x-amz-date header");
  auto now = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  if (std::chrono::abs(now - *time) > allowed_skew) return s3_error("RequestTimeTooSkewed");
  // With x-amz-date among the signed headers, the line of the date stays empty.
  return check_v2(request, value.substr(0, colon), value.substr(colon + 1), request.header("x-amz-security-token"),
                  own_date ? std::string_view{} : request.header("date"), details);
}

}  // namespace orlop::server
