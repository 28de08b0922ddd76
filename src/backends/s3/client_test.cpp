#include <gtest/gtest.h>

#include "backends/s3/testing.h"
#include "wire/date.h"
#include "wire/sigv4.h"

namespace orlop::s3 {
namespace {

FakeAnswer head_answer() { return {.status = 200, .headers = {{"etag", "\"e\""}, {"content-length", "5"}}}; }

TEST(S3Client, StatIsOneSignedHead) {
  Rig rig;
  rig.then(head_answer());
  Meta meta = rig.driver->stat(rig.context, {.key = "dir/a b+c~\xC3\xA9.txt"}).value();
  EXPECT_EQ(meta.size, 5U);
  EXPECT_EQ(meta.etag, "\"e\"");
  ASSERT_EQ(rig.requests(), 1U);
  EXPECT_EQ(rig.sent().method, "HEAD");
  EXPECT_EQ(rig.sent().operation, "HeadObject");
  EXPECT_EQ(rig.sent().url, "https://s3.example.com/bucket/dir/a%20b%2Bc~%C3%A9.txt");
  EXPECT_TRUE(rig.sent().header("authorization").starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"));
  EXPECT_EQ(rig.sent().header("x-amz-date").size(), 16U);
}

TEST(S3Client, KeysOfDotsAndSlashesAreSentAsTheyAre) {
  Rig rig;
  for (std::string key : {"..", "a/../b", "/lead", "a//b", "dir/"}) {
    rig.then(head_answer());
    ASSERT_TRUE(rig.driver->stat(rig.context, {.key = key}));
    EXPECT_EQ(rig.transport->sent().back().url, "https://s3.example.com/bucket/" + key);
  }
}

TEST(S3Client, AnonymousRequestsAreNotSigned) {
  Options options = example_options();
  options.access_key_id = options.secret_access_key = "";
  options.anonymous = true;
  Rig rig(options);
  rig.then(head_answer());
  ASSERT_TRUE(rig.driver->stat(rig.context, {.key = "k"}));
  EXPECT_EQ(rig.sent().header("authorization"), "");
  EXPECT_EQ(rig.sent().header("x-amz-date"), "");
}

TEST(S3Client, FindsTheRegionOnceAndRemembersIt) {
  Rig rig;
  FakeAnswer elsewhere = error_answer(301, "PermanentRedirect");
  elsewhere.headers.emplace_back("x-amz-bucket-region", "eu-west-1");
  rig.then(elsewhere).then(object_answer("hello")).then(head_answer());
  auto reader = rig.driver->read(rig.context, {.key = "k"});
  ASSERT_TRUE(reader);
  EXPECT_EQ(read_all(**reader), "hello");
  ASSERT_TRUE(rig.driver->stat(rig.context, {.key = "k"}));
  ASSERT_EQ(rig.requests(), 3U);
  EXPECT_NE(rig.sent(1).header("authorization").find("/eu-west-1/s3/"), std::string::npos);
  EXPECT_NE(rig.sent(2).header("authorization").find("/eu-west-1/s3/"), std::string::npos);
}

TEST(S3Client, TheRegionMovesTheHostOfAmazon) {
  Options options = example_options();
  options.endpoint = "";
  options.addressing = Addressing::automatic;
  Rig rig(options);
  rig.then(error_answer(400, "AuthorizationHeaderMalformed", "<Region>eu-central-1</Region>")).then(object_answer("x"));
  ASSERT_TRUE(rig.driver->read(rig.context, {.key = "k"}));
  EXPECT_EQ(rig.sent(0).url, "https://bucket.s3.amazonaws.com/k");
  EXPECT_EQ(rig.sent(1).url, "https://bucket.s3.eu-central-1.amazonaws.com/k");
}

TEST(S3Client, AsksForTheRegionWhenAHeadCannotTell) {
  Rig rig;
  rig.then({.status = 400, .headers = {}})
      .then(error_answer(400, "AuthorizationHeaderMalformed", "<Region>eu-west-1</Region>"))
      .then(head_answer());
  ASSERT_TRUE(rig.driver->stat(rig.context, {.key = "k"}));
  EXPECT_EQ(rig.sent(1).url, "https://s3.example.com/bucket?location=");
}

TEST(S3Client, ARegionThatIsNoneIsNotFollowed) {
  Rig rig;
  rig.then(error_answer(400, "AuthorizationHeaderMalformed", "<Region>evil.example/</Region>"));
  auto reader = rig.driver->read(rig.context, {.key = "k"});
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().code(), Code::config_invalid);
  EXPECT_NE(reader.error().to_string().find("region"), std::string::npos);
}

TEST(S3Client, CorrectsItsClockOnce) {
  Options options = example_options();
  options.endpoint = "https://clock.example.com";
  Rig rig(options);
  auto theirs =
      std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now()) + std::chrono::hours(3);
  FakeAnswer skewed = error_answer(403, "RequestTimeTooSkewed");
  skewed.headers.emplace_back("date", wire::format_http_date(theirs));
  rig.then(skewed).then(object_answer("x")).then(head_answer());
  ASSERT_TRUE(rig.driver->read(rig.context, {.key = "k"}));
  ASSERT_TRUE(rig.driver->stat(rig.context, {.key = "k"}));
  std::string expected = wire::amz_date(theirs).substr(0, 11);
  EXPECT_NE(rig.sent(0).header("x-amz-date").substr(0, 11), expected);
  EXPECT_EQ(rig.sent(1).header("x-amz-date").substr(0, 11), expected);
  EXPECT_EQ(rig.sent(2).header("x-amz-date").substr(0, 11), expected);

  Rig other(options);  // another storage at the same endpoint knows already
  other.then(head_answer());
  ASSERT_TRUE(other.driver->stat(other.context, {.key = "k"}));
  EXPECT_EQ(other.sent(0).header("x-amz-date").substr(0, 11), expected);
}

TEST(S3Client, ASkewThatStaysIsTheUsersClock) {
  Rig rig;
  rig.then(error_answer(403, "RequestTimeTooSkewed"));
  auto reader = rig.driver->read(rig.context, {.key = "k"});
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().code(), Code::unauthenticated);
  EXPECT_NE(reader.error().to_string().find("clock"), std::string::npos);
}

TEST(S3Client, FollowsARedirectToTheSameBucketOnly) {
  const std::pair<std::string, bool> cases[] = {{"https://node7.s3.example.com/bucket/k", true},
                                                {"https://s3.example.com/bucket/k?x=1", true},
                                                {"https://s3.example.com/other/k", false},
                                                {"http://s3.example.com/bucket/k", false},
                                                {"https://s3.example.com.evil.org/bucket/k", false},
                                                {"https://evils3.example.com/bucket/k", false},
                                                {"https://evil.org/@s3.example.com/bucket/k", false},
                                                {"", false}};
  for (const auto& [location, followed] : cases) {
    Rig rig;
    FakeAnswer redirect = error_answer(307, "TemporaryRedirect");
    redirect.headers.emplace_back("location", location);
    rig.then(redirect).then(head_answer());
    EXPECT_EQ(rig.driver->stat(rig.context, {.key = "k"}).has_value(), followed) << location;
    EXPECT_EQ(rig.requests(), followed ? 2U : 1U) << location;
  }
}

TEST(S3Client, RedirectsEnd) {
  Rig rig;
  FakeAnswer redirect = error_answer(307, "TemporaryRedirect");
  redirect.headers.emplace_back("location", "https://s3.example.com/bucket/k");
  for (int i = 0; i < 10; ++i) rig.then(redirect);
  EXPECT_FALSE(rig.driver->stat(rig.context, {.key = "k"}));
  EXPECT_EQ(rig.requests(), 4U);
}

TEST(S3Client, NothingSecretGetsIntoAnError) {
  Options options = example_options();
  options.session_token = "TOKENTOKEN";
  Rig rig(options);
  rig.then({.status = 403,
            .headers = {{"content-type", "application/xml"}},
            .body = "<Error><Code>SignatureDoesNotMatch</Code><Message>The key AKIDEXAMPLE is wrong\r\nhere</Message>"
                    "<AWSAccessKeyId>AKIDEXAMPLE</AWSAccessKeyId><StringToSign>AWS4-HMAC SECRETSTRING</StringToSign>"
                    "<SignatureProvided>deadbeef</SignatureProvided><Token-0>TOKENTOKEN</Token-0></Error>"});
  auto reader = rig.driver->read(rig.context, {.key = "k"});
  ASSERT_FALSE(reader);
  std::string text = reader.error().to_string();
  EXPECT_EQ(reader.error().code(), Code::unauthenticated);
  EXPECT_NE(text.find("secret_access_key"), std::string::npos) << text;
  for (std::string secret : {"AKIDEXAMPLE", "SECRETSTRING", "deadbeef", "TOKENTOKEN", "wJalr", "\n", "\r"}) {
    EXPECT_EQ(text.find(secret), std::string::npos) << text;
  }
}

struct Meaning {
  int status;
  std::string code;
  Code means;
  Retry retry;
};

TEST(S3Client, ErrorsMeanWhatTheTableSays) {
  const Meaning meanings[] = {
      {404, "NoSuchKey", Code::not_found, Retry::never},
      {404, "NoSuchBucket", Code::not_found, Retry::never},
      {403, "AccessDenied", Code::permission_denied, Retry::never},
      {403, "InvalidAccessKeyId", Code::unauthenticated, Retry::never},
      {503, "SlowDown", Code::rate_limited, Retry::safe},
      {500, "InternalError", Code::unavailable, Retry::safe},
      {502, "", Code::unavailable, Retry::safe},
      {400, "RequestTimeout", Code::unavailable, Retry::safe},
      {400, "Whatever", Code::invalid_argument, Retry::never},
      {501, "NotImplemented", Code::unsupported, Retry::never},
      {416, "InvalidRange", Code::range_not_satisfiable, Retry::never},
  };
  for (const Meaning& meaning : meanings) {
    Rig rig;
    rig.then(error_answer(meaning.status, meaning.code));
    auto reader = rig.driver->read(rig.context, {.key = "k"});
    ASSERT_FALSE(reader);
    EXPECT_EQ(reader.error().code(), meaning.means) << meaning.code;
    EXPECT_EQ(reader.error().retry(), meaning.retry) << meaning.code;
    EXPECT_EQ(reader.error().http_status(), meaning.status);
    EXPECT_EQ(reader.error().request_id(), "REQ1");
  }
}

TEST(S3Client, ADenialThatMayBeAMistakeIsTriedAgain) {
  const std::pair<std::string, Retry> cases[] = {{"minio", Retry::safe}, {"aws", Retry::never}};
  for (const auto& [dialect, retry] : cases) {
    Rig rig(example_options(dialect));
    rig.then(error_answer(403, "AccessDenied")).then(error_answer(403, "AccessDenied"));
    auto put = rig.driver->put(rig.context, {.key = "k", .payload = {}});
    EXPECT_EQ(put.error().code(), Code::permission_denied);
    EXPECT_EQ(put.error().retry(), retry);
    EXPECT_EQ(rig.driver->read(rig.context, {.key = "k"}).error().retry(), Retry::never);
  }
}

TEST(S3Client, AForeign404IsNotAMissingObject) {
  Rig rig;
  rig.then({.status = 404, .headers = {{"content-type", "text/html"}}, .body = "<html>nothing here</html>"});
  auto reader = rig.driver->read(rig.context, {.key = "k"});
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().code(), Code::data_corrupted);
}

TEST(S3Client, RetryAfterIsPassedOn) {
  Rig rig;
  FakeAnswer slow = error_answer(503, "SlowDown");
  slow.headers.emplace_back("retry-after", "7");
  rig.then(slow);
  auto reader = rig.driver->read(rig.context, {.key = "k"});
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().retry_after(), std::chrono::seconds(7));
}

TEST(S3Client, ALoginPageIsNoSuccess) {
  for (int operation = 0; operation < 8; ++operation) {
    Rig rig;
    rig.then(login_page());
    std::optional<Error> error;
    auto note = [&](auto result) {
      ASSERT_FALSE(result) << operation;
      error = std::move(result).error();
    };
    switch (operation) {
      case 0:
        note(rig.driver->stat(rig.context, {.key = "k"}));
        break;
      case 1:
        note(rig.driver->read(rig.context, {.key = "k"}));
        break;
      case 2:
        note(rig.driver->put(rig.context, {.key = "k", .payload = Payload::text("x")}));
        break;
      case 3:
        note(rig.driver->list(rig.context, {}));
        break;
      case 4:
        note(rig.driver->remove(rig.context, {.keys = {"a", "b"}}));
        break;
      case 5:
        note(rig.driver->copy(rig.context, {.from = "a", .to = "b"}));
        break;
      case 6:
        note(rig.driver->multipart()->begin(rig.context, {.key = "k", .attrs = {}}));
        break;
      default:
        note(rig.driver->multipart()->put_part(
            rig.context, {.key = "k", .upload_id = "u", .index = 1, .payload = Payload::text("x")}));
    }
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), Code::data_corrupted) << operation;
    EXPECT_EQ(error->retry(), Retry::safe) << operation;
  }
}

TEST(S3Client, AnUnexpectedSuccessIsNone) {
  Rig rig;
  rig.then({.status = 204, .headers = {{"etag", "\"e\""}}});
  EXPECT_FALSE(rig.driver->read(rig.context, {.key = "k"}));
  rig.then({.status = 200});  // DELETE answers 204
  auto removed = rig.driver->remove(rig.context, {.keys = {"k"}});
  ASSERT_TRUE(removed);
  EXPECT_TRUE(removed->at(0).has_value());
}

}  // namespace
}  // namespace orlop::s3
