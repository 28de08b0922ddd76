// The policy of a form: what its fields may be.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
#pragma once

#include "server/http/message.h"

namespace orlop::server {

struct SizeLimits {
  std::uint64_t least = 0;
  std::uint64_t most = 5ULL << 30;
};

// `policy`: base64 as sent; `fields`: those of the form, with "bucket" and the final "key".
// Errors: AccessDenied (expired, a condition broken, a field without a condition), InvalidPolicyDocument.
Result<SizeLimits> check_policy(std::string_view policy, const Headers& fields);

}  // namespace orlop::server
