#include "server/errors.h"

#include <algorithm>
#include <array>

namespace orlop::server {
namespace {

// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
struct Row {
  std::string_view service_code;
  int status;
  Code code;
  std::string_view message;
};

constexpr auto rows = std::to_array<Row>({
    {"AccessDenied", 403, Code::permission_denied, "Access Denied"},
    {"AuthorizationHeaderMalformed", 400, Code::unauthenticated,
     "The authorization header that you provided is not valid."},
    {"AuthorizationQueryParametersError", 400, Code::unauthenticated,
     "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, "
     "X-Amz-Date, "
     "X-Amz-SignedHeaders, and X-Amz-Expires parameters."},
    {"BadDigest", 400, Code::data_corrupted,
     "The Content-MD5 or checksum value that you specified did not match what the server received."},
    {"BadRequest", 400, Code::invalid_argument, "An error occurred when parsing the HTTP request."},
    {"BucketAlreadyOwnedByYou", 409, Code::already_exists,
     "Your previous request to create the named bucket succeeded and you already own it."},
    {"BucketNotEmpty", 409, Code::precondition_failed, "The bucket you tried to delete is not empty"},
    {"EntityTooLarge", 400, Code::invalid_argument, "Your proposed upload exceeds the maximum allowed size"},
    {"EntityTooSmall", 400, Code::invalid_argument, "Your proposed upload is smaller than the minimum allowed size"},
    {"ExpiredToken", 400, Code::unauthenticated, "The provided token has expired."},
    {"IncompleteBody", 400, Code::invalid_argument,
     "You did not provide the number of bytes specified by the Content-Length HTTP header"},
    {"InternalError", 500, Code::unavailable, "We encountered an internal error. Please try again."},
    {"InvalidAccessKeyId", 403, Code::unauthenticated,
     "The AWS Access Key Id you provided does not exist in our records."},
    {"InvalidArgument", 400, Code::invalid_argument, "Invalid Argument"},
    {"InvalidBucketName", 400, Code::invalid_argument, "The specified bucket is not valid."},
    {"InvalidChunkSizeError", 403, Code::invalid_argument,
     "Only the last chunk is allowed to have a size less than 8192 bytes"},
    {"InvalidDigest", 400, Code::invalid_argument, "The Content-MD5 you specified was invalid."},
    {"InvalidLocationConstraint", 400, Code::invalid_argument, "The specified location-constraint is not valid"},
    {"InvalidPart", 400, Code::invalid_argument,
     "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified "
     "entity "
     "tag may not match the part's entity tag."},
    {"InvalidPartNumber", 416, Code::range_not_satisfiable, "The requested partnumber is not satisfiable"},
    {"InvalidPartOrder", 400, Code::invalid_argument,
     "The list of parts was not in ascending order. Parts must be ordered by part number."},
    {"InvalidPolicyDocument", 400, Code::invalid_argument,
     "The content of the form does not meet the conditions specified in the policy document."},
    {"InvalidRange", 416, Code::range_not_satisfiable, "The requested range is not satisfiable"},
    {"InvalidRequest", 400, Code::invalid_argument, "Invalid Request"},
    {"InvalidStorageClass", 400, Code::invalid_argument, "The storage class you specified is not valid"},
    {"InvalidTag", 400, Code::invalid_argument, "The tag provided was not a valid tag."},
    {"InvalidToken", 400, Code::unauthenticated, "The provided token is malformed or otherwise invalid."},
    {"InvalidURI", 400, Code::invalid_argument, "Couldn't parse the specified URI."},
    {"KeyTooLongError", 400, Code::invalid_argument, "Your key is too long"},
    {"MalformedACLError", 400, Code::invalid_argument,
     "The XML you provided was not well-formed or did not validate against our published schema"},
    {"MalformedPOSTRequest", 400, Code::invalid_argument,
     "The body of your POST request is not well-formed multipart/form-data."},
    {"MalformedTrailerError", 400, Code::invalid_argument,
     "The request contained trailing data that was not well-formed or did not conform to our published schema."},
    {"MalformedXML", 400, Code::invalid_argument,
     "The XML you provided was not well-formed or did not validate against our published schema"},
    {"MaxPostPreDataLengthExceeded", 400, Code::invalid_argument,
     "Your POST request fields preceding the upload file were too large."},
    {"MaxMessageLengthExceeded", 400, Code::invalid_argument, "Your request was too big."},
    {"MetadataTooLarge", 400, Code::invalid_argument, "Your metadata headers exceed the maximum allowed metadata size"},
    {"MethodNotAllowed", 405, Code::invalid_argument, "The specified method is not allowed against this resource."},
    {"MissingContentLength", 411, Code::invalid_argument, "You must provide the Content-Length HTTP header."},
    {"NoSuchBucket", 404, Code::not_found, "The specified bucket does not exist"},
    {"NoSuchKey", 404, Code::not_found, "The specified key does not exist."},
    {"NoSuchTagSet", 404, Code::not_found, "The TagSet does not exist"},
    {"NoSuchUpload", 404, Code::not_found,
     "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or "
     "completed."},
    {"NoSuchVersion", 404, Code::not_found, "The specified version does not exist."},
    {"NotImplemented", 501, Code::unsupported,
     "A header or query you provided implies functionality that is not implemented."},
    {"NotModified", 304, Code::not_modified, "Not Modified"},
    {"PreconditionFailed", 412, Code::precondition_failed,
     "At least one of the pre-conditions you specified did not hold"},
    {"RequestTimeTooSkewed", 403, Code::unauthenticated,
     "The difference between the request time and the current time is too large."},
    {"RequestTimeout", 400, Code::timeout,
     "Your socket connection to the server was not read from or written to within the timeout period."},
    {"ServiceUnavailable", 503, Code::unavailable, "Service is unable to handle request."},
    {"SignatureDoesNotMatch", 403, Code::unauthenticated,
     "The request signature we calculated does not match the signature you provided. Check your key and signing "
     "method."},
    {"SlowDown", 503, Code::rate_limited, "Please reduce your request rate."},
    {"UnexpectedContent", 400, Code::invalid_argument, "This request contains unsupported content."},
    {"UnresolvableGrantByEmailAddress", 400, Code::invalid_argument,
     "The e-mail address you provided does not match any account on record."},
    {"XAmzContentChecksumMismatch", 400, Code::data_corrupted,
     "The provided checksum does not match the computed one."},
    {"XAmzContentSHA256Mismatch", 400, Code::data_corrupted,
     "The provided 'x-amz-content-sha256' header does not match what was computed."},
});

std::string_view service_code(Code code) {
  switch (code) {
    case Code::not_found:
      return "NoSuchKey";
    case Code::already_exists:
    case Code::precondition_failed:
      return "PreconditionFailed";
    case Code::not_modified:
      return "NotModified";
    case Code::permission_denied:
    case Code::unauthenticated:
      return "AccessDenied";
    case Code::invalid_argument:
      return "InvalidArgument";
    case Code::unsupported:
      return "NotImplemented";
    case Code::range_not_satisfiable:
      return "InvalidRange";
    case Code::rate_limited:
      return "SlowDown";
    case Code::timeout:
      return "RequestTimeout";
    case Code::unavailable:
      return "ServiceUnavailable";
    default:
      return "InternalError";
  }
}

const Row* find_row(std::string_view code) {
  auto found = std::find_if(rows.begin(), rows.end(), [&](const Row& row) { return row.service_code == code; });
  return found == rows.end() ? nullptr : &*found;
}

}  // namespace

Error s3_error(std::string_view code, std::string message) {
  const Row* row = find_row(code);
  if (!row) row = find_row("InternalError");
  Error error(row->code, message.empty() ? std::string(row->message) : std::move(message));
  error.set_service(row->status, row->service_code, {});
  return error;
}

Error s3_error(const Error& error) {
  if (find_row(error.service_code()) && error.scheme().empty()) return error;
  // A driver's own words help whoever runs this server; they never hold a secret.
  bool explain = error.code() == Code::invalid_argument || error.code() == Code::unsupported;
  return s3_error(service_code(error.code()), explain ? std::string(error.message()) : std::string());
}

}  // namespace orlop::server
