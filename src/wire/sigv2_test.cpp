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

TEST(SigV2, SignsHeadersThatStandInTheQuery) {
  PresignInputV2 input = example();
  input.resource = "/test-bucket/x";
  std::vector<Field> parameters = {{"x-amz-meta-b", " v /+ "}};
  input.parameters = parameters;
  input.content_type = "text/plain";
  input.content_md5 = "abc";
  EXPECT_EQ(presigned_query_v2(input),
            "x-amz-meta-b=%20v%20%2F%2B%20&AWSAccessKeyId=AKIDEXAMPLE&Signature=hD4vrjQWDSoIhOQB0vj9%2F77AYUY%3D&"
            "Expires=1709622428");
}

struct Vector {
  std::string_view method, resource;
  std::vector<Field> parameters, headers;
  std::string_view amz_headers, canonical_resource;  // of the text that is signed
  std::string_view signature;
};

// Requests as boto 2.49 signs them.
TEST(SigV2, SignsRequests) {
  constexpr std::string_view date = "Tue, 05 Mar 2024 06:07:08 GMT";
  constexpr std::string_view key = "/test-bucket/dir/a%20b%2Bc~%C3%A9.txt";
  const Field token = {"x-amz-security-token", "T/K+="};
  const Vector vectors[] = {
      {"GET", key, {}, {}, "", key, "lrNgsY0M+VxbBf94EIHi0kN9vfc="},
      {"GET", key, {}, {token}, "x-amz-security-token:T/K+=\n", key, "OVUcnXtwKrDBRkHMTOtremF/9I0="},
      {"PUT",
       "/test-bucket/x",
       {},
       {{"x-amz-meta-b", " v  w "}, {"cache-control", "x"}, {"x-amz-acl", "public-read"}},
       "x-amz-acl:public-read\nx-amz-meta-b:v  w\n",
       "/test-bucket/x",
       "WaBUeuO454GmruwrQRQf5M+pn0o="},
      {"GET", "/test-bucket/", {{"acl", ""}}, {}, "", "/test-bucket/?acl", "r+jElcBlj5fDgr8nbzHJBJ8fKY0="},
      {"GET",
       "/test-bucket/",
       {{"prefix", "a"}, {"location", ""}},
       {},
       "",
       "/test-bucket/?location",
       "2IYl9URewRIPGBkod3opOu8CrG4="},
      {"PUT",
       "/test-bucket/x",
       {{"uploadId", "U/1"}, {"partNumber", "2"}},
       {token},
       "x-amz-security-token:T/K+=\n",
       "/test-bucket/x?partNumber=2&uploadId=U/1",
       "Z/j7ShshZGY1fOrRhPVItTqL9cI="},
  };
  for (const Vector& vector : vectors) {
    std::string text = string_to_sign_v2({.method = vector.method,
                                          .resource = vector.resource,
                                          .parameters = vector.parameters,
                                          .headers = vector.headers,
                                          .date = date});
    std::string wanted(vector.method);
    wanted.append("\n\n\n").append(date).append("\n").append(vector.amz_headers).append(vector.canonical_resource);
    EXPECT_EQ(text, wanted);
    EXPECT_EQ(signature_v2(example().secret_access_key, text), vector.signature);
  }
}

TEST(SigV2, SignsTheContentsHeaders) {
  std::vector<Field> headers = {{"content-type", "text/plain"}, {"content-md5", "abc"}};
  EXPECT_EQ(string_to_sign_v2({.method = "PUT", .resource = "/b/x", .parameters = {}, .headers = headers, .date = "D"}),
            "PUT\nabc\ntext/plain\nD\n/b/x");
}

// The query carries them in the order given; the signature has them sorted.
TEST(SigV2, SignsHeadersOfAmazon) {
  PresignInputV2 input = example();
  std::vector<Field> headers = {{"x-amz-request-payer", "requester"}, {"x-amz-expected-bucket-owner", "111122223333"}};
  input.amz_headers = headers;
  EXPECT_EQ(presigned_query_v2(input),
            "AWSAccessKeyId=AKIDEXAMPLE&Signature=w3qtO%2BVkmiIC1isJcJ8NaAhxknA%3D&x-amz-request-payer=requester&"
            "x-amz-expected-bucket-owner=111122223333&Expires=1709622428");
}

}  // namespace
}  // namespace orlop::wire
