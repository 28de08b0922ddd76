// A request as S3 reads it: bucket and key, query and headers, decoded and within bounds.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/http/message.h"
#include "wire/sigv4.h"

namespace orlop::server {

inline constexpr std::size_t longest_key = 1024;  // bytes of UTF-8

struct Request {
  std::string method;
  std::string path;   // decoded, as it is in the target: with the bucket unless a virtual host names it
  std::string query;  // encoded, as sent
  std::vector<wire::Field> parameters;  // the query, decoded
  Headers headers;
  std::optional<std::uint64_t> content_length;
  bool chunked = false;

  std::string host;    // without port
  std::string bucket;  // empty: the service itself
  std::string key;     // empty: the bucket itself

  const std::string* parameter(std::string_view name) const noexcept;  // null when absent
  std::string_view parameter_or(std::string_view name, std::string_view other) const noexcept;
  std::string_view header(std::string_view name) const noexcept { return headers.get(name); }  // name in lower case
};

// Buckets under virtual hosts are those of `<bucket>.localhost` and `<bucket>.s3.localhost`.
// Errors: InvalidURI, KeyTooLongError.
Result<Request> parse_request(RequestHead head);

// Whether `name` may name a bucket: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
bool valid_bucket_name(std::string_view name) noexcept;

bool valid_utf8(std::string_view text) noexcept;

}  // namespace orlop::server
