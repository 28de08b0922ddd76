#include "backends/s3/errors.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <pugixml.hpp>

#include "net/http.h"
#include "wire/xml.h"

namespace orlop::s3 {
namespace {

enum class Effect : std::uint8_t { refused, open };  // whether the request may have been carried out all the same

struct Row {
  int status;             // 0: any
  std::string_view code;  // empty: any
  Code means;
  Retry retry = Retry::never;
  Effect effect = Effect::refused;
  std::string_view hint = {};  // which setting to change
};

constexpr std::string_view check_keys = "check access_key_id and secret_access_key";
constexpr std::string_view check_bucket = "check the bucket's name and region";
constexpr std::string_view check_region = "set region to the bucket's own";
constexpr std::string_view check_clock = "set this machine's clock";

// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html; the first row that fits counts.
constexpr Row error_table[] = {
    {0, "NoSuchKey", Code::not_found},
    {0, "NoSuchBucket", Code::not_found, Retry::never, Effect::refused, check_bucket},
    {0, "NoSuchUpload", Code::not_found},
    {0, "NoSuchVersion", Code::not_found},
    {0, "PreconditionFailed", Code::precondition_failed},
    {0, "InvalidRange", Code::range_not_satisfiable},
    {0, "BucketAlreadyExists", Code::already_exists},
    {0, "BucketAlreadyOwnedByYou", Code::already_exists},
    {0, "BucketNotEmpty", Code::precondition_failed},

    {0, "AccessDenied", Code::permission_denied, Retry::never, Effect::refused,
     "check the rights of this access key on the bucket"},
    {0, "AllAccessDisabled", Code::permission_denied},
    {0, "AccountProblem", Code::permission_denied},
    {0, "InvalidObjectState", Code::permission_denied, Retry::never, Effect::refused, "the object is archived"},
    {0, "InvalidAccessKeyId", Code::unauthenticated, Retry::never, Effect::refused, check_keys},
    {0, "SignatureDoesNotMatch", Code::unauthenticated, Retry::never, Effect::refused, "check secret_access_key"},
    {0, "ExpiredToken", Code::unauthenticated, Retry::never, Effect::refused, "get a new session_token"},
    {0, "InvalidToken", Code::unauthenticated, Retry::never, Effect::refused, "check session_token"},
    {0, "TokenRefreshRequired", Code::unauthenticated, Retry::never, Effect::refused, "get a new session_token"},
    {0, "InvalidSecurity", Code::unauthenticated, Retry::never, Effect::refused, check_keys},
    {0, "RequestTimeTooSkewed", Code::unauthenticated, Retry::never, Effect::refused, check_clock},
    {0, "RequestExpired", Code::unauthenticated, Retry::never, Effect::refused, check_clock},
    {0, "AuthorizationHeaderMalformed", Code::config_invalid, Retry::never, Effect::refused, check_region},
    {0, "AuthorizationQueryParametersError", Code::config_invalid, Retry::never, Effect::refused, check_region},
    {0, "PermanentRedirect", Code::config_invalid, Retry::never, Effect::refused, check_region},
    {0, "IllegalLocationConstraintException", Code::config_invalid, Retry::never, Effect::refused, check_region},
    {0, "InvalidLocationConstraint", Code::config_invalid, Retry::never, Effect::refused, check_region},
    {0, "InvalidRegion", Code::config_invalid, Retry::never, Effect::refused, check_region},

    {0, "SlowDown", Code::rate_limited, Retry::safe},
    {0, "SlowDownRead", Code::rate_limited, Retry::safe},   // MinIO
    {0, "SlowDownWrite", Code::rate_limited, Retry::safe},  // MinIO
    {0, "TooManyRequests", Code::rate_limited, Retry::safe},
    {0, "RequestLimitExceeded", Code::rate_limited, Retry::safe},
    {0, "Throttling", Code::rate_limited, Retry::safe},
    {0, "ThrottlingException", Code::rate_limited, Retry::safe},
    {0, "BandwidthLimitExceeded", Code::rate_limited, Retry::safe},
    // Two conditional writes met; neither was refused for good ("On a 409 failure you should retry the upload").
    {0, "ConditionalRequestConflict", Code::unavailable, Retry::safe},
    {0, "OperationAborted", Code::unavailable, Retry::safe},
    {0, "RequestTimeout", Code::unavailable, Retry::safe},  // with status 400
    {0, "IncompleteBody", Code::unavailable, Retry::safe},
    {0, "InternalError", Code::unavailable, Retry::safe, Effect::open},
    {0, "ServiceUnavailable", Code::unavailable, Retry::safe, Effect::open},
    {0, "BusyWrite", Code::unavailable, Retry::safe},
    {0, "BadDigest", Code::data_corrupted, Retry::safe},
    {0, "XAmzContentSHA256Mismatch", Code::data_corrupted, Retry::safe},
    {0, "XAmzContentChecksumMismatch", Code::data_corrupted, Retry::safe},  // MinIO

    {0, "QuotaExceeded", Code::unavailable},
    {0, "XMinioStorageFull", Code::unavailable},
    {0, "XMinioAdminBucketQuotaExceeded", Code::unavailable},
    {0, "NotImplemented", Code::unsupported},
    {0, "MethodNotAllowed", Code::unsupported},
    {0, "ObjectParentIsFile", Code::invalid_argument},  // versitygw: a/b where a is an object

    {301, "", Code::config_invalid, Retry::never, Effect::refused, check_region},
    {307, "", Code::config_invalid, Retry::never, Effect::refused, "check endpoint"},
    {304, "", Code::not_modified},
    {401, "", Code::unauthenticated, Retry::never, Effect::refused, check_keys},
    {403, "", Code::permission_denied, Retry::never, Effect::refused,
     "check access_key_id, secret_access_key and the rights on the bucket"},
    {404, "", Code::not_found},
    {405, "", Code::unsupported},
    {407, "", Code::config_invalid, Retry::never, Effect::refused, "check proxy"},
    {408, "", Code::unavailable, Retry::safe},
    {409, "", Code::unavailable, Retry::safe},
    {411, "", Code::invalid_argument},
    {412, "", Code::precondition_failed},
    {413, "", Code::invalid_argument},
    {416, "", Code::range_not_satisfiable},
    {429, "", Code::rate_limited, Retry::safe},
    {501, "", Code::unsupported},
    {503, "", Code::unavailable, Retry::safe, Effect::open},
    {507, "", Code::unavailable},
};

const Row& row_of(const Fault& fault) {
  static constexpr Row client{0, "", Code::invalid_argument};
  static constexpr Row server{0, "", Code::unavailable, Retry::safe, Effect::open};
  for (const Row& row : error_table) {
    if ((row.status == 0 || row.status == fault.status) && (row.code.empty() || row.code == fault.code)) return row;
  }
  return fault.status >= 400 && fault.status < 500 ? client : server;
}

// At most one honest sentence; what the service repeats of our secrets is taken out.
std::string presentable(std::string message, std::string_view secret) {
  constexpr std::size_t limit = 300;
  if (!secret.empty()) {
    for (std::size_t at = 0; (at = message.find(secret, at)) != std::string::npos;)
      message.replace(at, secret.size(), "***");
  }
  if (message.size() > limit) message.resize(limit);
  for (char& c : message) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  while (!message.empty() && (message.back() == ' ' || message.back() == '.')) message.pop_back();
  return message;
}

// For answers without a body.
std::string meaning_of(Code code) {
  switch (code) {
    case Code::not_found:
      return "there is no such object";
    case Code::permission_denied:
      return "access denied";
    case Code::precondition_failed:
      return "the condition does not hold";
    case Code::not_modified:
      return "the object was not modified";
    case Code::range_not_satisfiable:
      return "the range lies outside of the object";
    default:
      return "the service refused the request";
  }
}

std::string first_of(const net::HttpHeaders& headers, std::initializer_list<std::string_view> names) {
  for (std::string_view name : names) {
    if (headers.has(name)) return std::string(headers.get(name));
  }
  return {};
}

}  // namespace

Fault parse_fault(int status, std::string_view body, const net::HttpHeaders& headers, bool head) {
  Fault fault;
  fault.status = status;
  fault.request_id = first_of(headers, {"x-amz-request-id"});
  fault.region = first_of(headers, {"x-amz-bucket-region"});
  unsigned seconds = 0;  // the other form, a date, no S3 service sends
  std::string_view delay = headers.get("retry-after");
  std::from_chars(delay.data(), delay.data() + delay.size(), seconds);
  fault.retry_after = std::chrono::seconds(seconds);
  bool html = headers.get("content-type").starts_with("text/html");
  fault.spoke_s3 = (head || body.empty()) && !html;
  auto document = wire::XmlDocument::parse(body);
  if (!document || document->root_name() != "Error") return fault;
  fault.spoke_s3 = true;
  const pugi::xml_node root = document->root();
  fault.code = wire::child_text(root, "Code");
  fault.message = wire::child_text(root, "Message");
  if (fault.request_id.empty()) fault.request_id = wire::child_text(root, "RequestId");
  if (fault.region.empty()) fault.region = wire::child_text(root, "Region");
  return fault;
}

Error to_error(const Fault& fault, std::string_view secret) {
  // A 404 (or 401, 403, ...) page of something in between says nothing about the object.
  bool foreign = !fault.spoke_s3 && fault.status < 500 && fault.status != 407;
  if (foreign) return wrong_answer(fault.status, "the answer is not S3's");

  const Row& row = row_of(fault);
  std::string message = presentable(fault.message, secret);
  if (message.empty()) message = fault.code.empty() ? meaning_of(row.means) : fault.code;
  if (!row.hint.empty()) message += fmt::format("; {}", row.hint);
  Error error(row.means, std::move(message), row.retry);
  error.set_service(fault.status, presentable(fault.code, secret), presentable(fault.request_id, secret));
  error.set_outcome_unknown(row.effect == Effect::open);
  if (fault.retry_after.count() > 0) error.set_retry_after(fault.retry_after);
  return error;
}

Error wrong_answer(int status, std::string_view what) {
  Error error(Code::data_corrupted, fmt::format("{} (check endpoint and proxy)", what), Retry::safe);
  error.set_service(status, {}, {});
  error.set_outcome_unknown();
  return error;
}

}  // namespace orlop::s3
