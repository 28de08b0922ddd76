// What services and sites of the first years need: signatures of version 2, hosts that are buckets' names, ACLs of
// buckets.
#include <gtest/gtest.h>

#include "backends/s3/testing.h"
#include "wire/hash.h"
#include "wire/sigv2.h"

namespace orlop::s3 {
namespace {

Options version2() {
  Options options = example_options();
  options.checksum = "none";  // to ask for one is a header that is signed as well
  options.request_signature = "v2";
  return options;
}

std::string signed_by(const Options& options, const std::string& text) {
  return "AWS " + options.access_key_id + ":" + wire::signature_v2(options.secret_access_key, text);
}

TEST(S3Version2, SignsAHead) {
  Options options = version2();
  Rig rig(options);
  rig.then({.status = 200, .headers = {{"etag", "\"e\""}, {"content-length", "5"}}});
  ASSERT_TRUE(rig.driver->stat(rig.context, {.key = "a b"}));
  std::string date = rig.sent().header("date");
  EXPECT_EQ(date.size(), std::string_view("Tue, 05 Mar 2024 06:07:08 GMT").size());
  EXPECT_EQ(rig.sent().header("authorization"), signed_by(options, "HEAD\n\n\n" + date + "\n/bucket/a%20b"));
  EXPECT_EQ(rig.sent().header("x-amz-date"), "");
  EXPECT_EQ(rig.sent().header("x-amz-content-sha256"), "");
}

TEST(S3Version2, NamesTheBucketWhereverItStands) {
  Options options = version2();
  options.addressing = Addressing::virtual_host;
  options.session_token = "T";
  Rig rig(options);
  rig.then(object_answer("x"));
  ASSERT_TRUE(rig.driver->read(rig.context, {.key = "k"}));
  EXPECT_EQ(rig.sent().url, "https://bucket.s3.example.com/k");
  std::string text = "GET\n\n\n" + rig.sent().header("date") + "\nx-amz-security-token:T\n/bucket/k";
  EXPECT_EQ(rig.sent().header("authorization"), signed_by(options, text));
}

TEST(S3Version2, SignsWhatIsUploaded) {
  Options options = version2();
  options.checksum = "auto";
  Rig rig(options);
  rig.then({.status = 200, .headers = {{"etag", "\"e\""}}});
  Attrs attrs;
  attrs.content_type = "text/plain";
  attrs.provider["ACL"] = "public-read";
  Payload payload = Payload::text("hello");
  ASSERT_TRUE(rig.driver->put(rig.context, {.key = "k", .payload = payload, .attrs = &attrs}));
  EXPECT_EQ(rig.sent().body, "hello");
  std::string text =
      "PUT\n\ntext/plain\n" + rig.sent().header("date") +
      "\nx-amz-acl:public-read\nx-amz-checksum-crc64nvme:" + rig.sent().header("x-amz-checksum-crc64nvme") +
      "\n/bucket/k";
  EXPECT_EQ(rig.sent().header("authorization"), signed_by(options, text));
}

TEST(S3Version2, SaysThatTheServiceRefusesIt) {
  for (std::string message :
       {"The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
        "SigV2 authorization is not supported. Please use SigV4 instead."}) {
    Rig rig(version2());
    rig.then({.status = 400,
              .headers = {},
              .body = "<Error><Code>InvalidRequest</Code><Message>" + message + "</Message></Error>"});
    auto reader = rig.driver->read(rig.context, {.key = "k"});
    ASSERT_FALSE(reader);
    EXPECT_EQ(reader.error().code(), Code::config_invalid);
    EXPECT_NE(reader.error().to_string().find("request_signature"), std::string::npos);
    EXPECT_EQ(reader.error().service_code(), "InvalidRequest");
  }
}

TEST(S3Version2, SaysSoOfAHeadWithoutWords) {
  Rig rig(version2());
  rig.then({.status = 400, .headers = {}}).then({.status = 400, .headers = {}});
  auto meta = rig.driver->stat(rig.context, {.key = "k"});
  ASSERT_FALSE(meta);
  EXPECT_NE(meta.error().to_string().find("request_signature"), std::string::npos);
}

TEST(S3Version2, OtherRefusalsStayWhatTheyAre) {
  Rig rig(version2());
  rig.then(error_answer(403, "SignatureDoesNotMatch"));
  auto reader = rig.driver->read(rig.context, {.key = "k"});
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().code(), Code::unauthenticated);
}

TEST(S3Version2, UrlsMayDemandHeaders) {
  Options options = example_options();
  options.signature = "v2";
  Rig rig(options);
  auto signed_at = SystemTime(std::chrono::seconds(1709618828));
  Presigned url = rig.driver
                      ->presign(rig.context, {.key = "x",
                                              .parameters = {{"content-type", "text/plain"}, {"x-amz-meta-b", "v"}},
                                              .signed_at = signed_at})
                      .value();
  EXPECT_EQ(url.headers.at("content-type"), "text/plain");
  EXPECT_NE(url.url.find("?x-amz-meta-b=v&AWSAccessKeyId="), std::string::npos);
  EXPECT_EQ(url.url.find("content-type"), std::string::npos);
  std::string signature =
      wire::signature_v2(options.secret_access_key, "GET\n\ntext/plain\n1709622428\nx-amz-meta-b:v\n/bucket/x");
  EXPECT_NE(url.url.find(signature.substr(0, signature.find_first_of("+/="))), std::string::npos);
}

// Version 2 signs neither sizes nor conditions, and a checksum only as a parameter that nobody looks at.
TEST(S3Version2, UploadsBoundToWhatIsSentAreSignedByVersion4) {
  Options options = example_options();
  options.signature = "v2";
  Rig rig(options);
  for (const char* header : {"Content-Length", "if-none-match", "x-amz-checksum-crc32"}) {
    PresignRequest request{.method = SignedMethod::put, .key = "x", .headers = {{header, "5"}}};
    const Presigned url = rig.driver->presign(rig.context, request).value();
    EXPECT_NE(url.url.find("X-Amz-SignedHeaders="), std::string::npos) << header;
    EXPECT_EQ(url.headers.size(), 1U);
    const PresignRequest read{.key = "x", .headers = request.headers};  // whose sender binds himself
    EXPECT_EQ(rig.driver->presign(rig.context, read).value().url.find("X-Amz-"), std::string::npos);
    request.expires = std::chrono::days(8);
    EXPECT_EQ(rig.driver->presign(rig.context, request).error().code(), Code::invalid_argument);
  }
}

TEST(S3BucketHost, IsTheHostOfUrlsOnly) {
  Options options = example_options();
  options.bucket = "media.example.org";
  options.addressing = Addressing::bucket_host;
  Rig rig(options);
  EXPECT_EQ(rig.driver->public_url("a b").value(), "https://media.example.org/a%20b");
  Presigned url = rig.driver->presign(rig.context, {.key = "x"}).value();
  EXPECT_TRUE(url.url.starts_with("https://media.example.org/x?X-Amz-Algorithm="));
  rig.then(object_answer("x"));
  ASSERT_TRUE(rig.driver->read(rig.context, {.key = "k"}));
  EXPECT_EQ(rig.sent().url, "https://s3.example.com/media.example.org/k");
}

TEST(S3BucketHost, MustBeAHost) {
  Options options = example_options();
  options.bucket = "Media_1";
  options.addressing = Addressing::bucket_host;
  auto config = make_config(options);
  ASSERT_FALSE(config);
  EXPECT_NE(config.error().to_string().find("addressing"), std::string::npos);
}

TEST(S3BucketAcl, GoesWithTheBucket) {
  Options options = example_options();
  options.bucket_acl = "public-read";
  auto transport = std::make_shared<FakeTransport>();
  transport->then({.status = 200, .headers = {}});
  ASSERT_TRUE(make_bucket(make_config(options).value(), transport, {}));
  EXPECT_EQ(transport->sent().at(0).header("x-amz-acl"), "public-read");
}

TEST(S3BucketAcl, GoesWithTheLocation) {
  Options options = example_options();
  options.region = "eu-west-1";
  options.bucket_acl = "private";
  options.request_signature = "v2";
  auto transport = std::make_shared<FakeTransport>();
  transport->then({.status = 200, .headers = {}});
  ASSERT_TRUE(make_bucket(make_config(options).value(), transport, {}));
  const SentRequest& put = transport->sent().at(0);
  EXPECT_NE(put.body.find("<LocationConstraint>eu-west-1</LocationConstraint>"), std::string::npos);
  std::string text =
      "PUT\n" + put.header("content-md5") + "\napplication/xml\n" + put.header("date") + "\nx-amz-acl:private\n/bucket";
  EXPECT_EQ(put.header("authorization"), signed_by(options, text));
}

TEST(S3BucketAcl, MustBeAWord) {
  Options options = example_options();
  options.bucket_acl = "private\r\nx-amz-grant-read: all";
  auto config = make_config(options);
  ASSERT_FALSE(config);
  EXPECT_NE(config.error().to_string().find("bucket_acl"), std::string::npos);
}

TEST(S3Version2, IsTwoOrFour) {
  Options options = example_options();
  options.request_signature = "v3";
  auto config = make_config(options);
  ASSERT_FALSE(config);
  EXPECT_NE(config.error().to_string().find("request_signature: write v4 or v2"), std::string::npos);
}

}  // namespace
}  // namespace orlop::s3
