#include "wire/sigv2.h"

#include <gtest/gtest.h>

namespace orlop::wire {
namespace {

PresignInputV2 example() {
  return {.method = "GET",
          .resource = "/test-bucket/dir/a%20b%2Bc~%C3%A9.txt",
          .parameters = {},
          .content_type = "",
          .content_md5 = "",
          .access_key_id = "AKIDEXAMPLE",
          .secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
          .session_token = "",
          .expires_at = 1709622428};
}

// URLs as botocore and boto sign them.
TEST(SigV2, PresignsAGet) {
  EXPECT_EQ(presigned_query_v2(example()),
            "AWSAccessKeyId=AKIDEXAMPLE&Signature=5B4wzMkGdgJQtM7quvVlMTE0JPU%3D&Expires=1709622428");
}

TEST(SigV2, SignsTheSessionToken) {
  PresignInputV2 input = example();
  input.session_token = "TOK/EN+==";
  EXPECT_EQ(presigned_query_v2(input),
            "AWSAccessKeyId=AKIDEXAMPLE&Signature=SRUBdHtDD%2BNB89mWetmcMlnM2QI%3D&x-amz-security-token="
            "TOK%2FEN%2B%3D%3D&Expires=1709622428");
}

TEST(SigV2, SignsResponseOverrides) {
  PresignInputV2 input = example();
  input.resource = "/test-bucket/x";
  std::vector<Field> parameters = {{"response-content-disposition", "attachment; filename=\"a b\""}};
  input.parameters = parameters;
  EXPECT_EQ(presigned_query_v2(input),
            "response-content-disposition=attachment%3B%20filename%3D%22a%20b%22&AWSAccessKeyId=AKIDEXAMPLE&"
            "Signature=RJCsn2aCM0l60BK%2F77c6egydrO0%3D&Expires=1709622428");
}

}  // namespace
}  // namespace orlop::wire
