// AWS Signature Version 2, as older regions and services still know it, in URLs and in headers.
// Specification: https://docs.aws.amazon.com/AmazonS3/latest/userguide/RESTAuthentication.html
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "wire/sigv4.h"

namespace orlop::wire {

// What a signature of version 2 is made of.
struct SignedV2 {
  std::string_view method;
  std::string_view resource;          // "/bucket/encoded-key", whatever the address of the request looks like
  std::span<const Field> parameters;  // of the query, not encoded; only sub-resources and response-* are signed
  std::span<const Field> headers;     // names in lower case; content-md5, content-type and x-amz-* are signed
  std::string_view date;              // the Date header, or when a URL expires
};
std::string string_to_sign_v2(const SignedV2& input);

struct PresignInputV2 {
  std::string_view method;
  std::string_view resource;  // as above
  // Those called x-amz-* stand for headers and are signed as such.
  std::span<const Field> parameters;
  std::span<const Field> amz_headers{};  // more of them, which the query carries behind the signature
  std::string_view content_type;         // that the request will carry
  std::string_view content_md5;
  std::string_view access_key_id;
  std::string_view secret_access_key;
  std::string_view session_token;
  std::int64_t expires_at = 0;  // seconds since 1970
};
// The query, `parameters` first.
std::string presigned_query_v2(const PresignInputV2& input);

// base64(HMAC-SHA1): the signature of a string to sign, also of a POST policy.
std::string signature_v2(std::string_view secret, std::string_view text);

}  // namespace orlop::wire
