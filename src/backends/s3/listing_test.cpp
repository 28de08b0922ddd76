#include <gtest/gtest.h>

#include "backends/s3/testing.h"

namespace orlop::s3 {
namespace {

FakeAnswer listing(std::string content, bool truncated = false, std::string token = {}) {
  std::string body =
      "<?xml version=\"1.0\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
      "<IsTruncated>" +
      std::string(truncated ? "true" : "false") + "</IsTruncated>";
  if (!token.empty()) body += "<NextContinuationToken>" + token + "</NextContinuationToken>";
  return {
      .status = 200, .headers = {{"content-type", "application/xml"}}, .body = body + content + "</ListBucketResult>"};
}

std::string object(std::string key) {
  return "<Contents><Key>" + key +
         "</Key><LastModified>2024-03-05T06:07:08.000Z</LastModified><ETag>&quot;e&quot;</ETag>"
         "<Size>3</Size></Contents>";
}
std::string group(std::string prefix) { return "<CommonPrefixes><Prefix>" + prefix + "</Prefix></CommonPrefixes>"; }

std::vector<std::string> keys_of(const Page& page) {
  std::vector<std::string> keys;
  for (const Entry& entry : page.entries) keys.push_back(entry.key + (entry.is_prefix ? "*" : ""));
  return keys;
}

using Keys = std::vector<std::string>;

TEST(S3Listing, AsksAndMergesInOrder) {
  Rig rig;
  rig.then(listing(object("a/1") + object("a/3") + group("a/2/")));
  Page page =
      rig.driver
          ->list(rig.context, {.prefix = "a/", .delimiter = "/", .token = {}, .start_after = "a/0", .page_size = 7})
          .value();
  EXPECT_EQ(keys_of(page), (Keys{"a/1", "a/2/*", "a/3"}));
  EXPECT_EQ(page.entries[0].size, 3U);
  EXPECT_EQ(page.entries[0].etag, "\"e\"");
  EXPECT_TRUE(page.entries[0].modified);
  EXPECT_EQ(page.next, "");
  EXPECT_EQ(rig.sent().url,
            "https://s3.example.com/"
            "bucket?delimiter=%2F&encoding-type=url&list-type=2&max-keys=7&prefix=a%2F&start-after=a%2F0");
}

TEST(S3Listing, DecodesKeysWhenTheAnswerSaysTheyAreEncoded) {
  Rig rig;
  rig.then(listing("<EncodingType>url</EncodingType>" + object("a+b%2Bc%2Fd%01%0A")));
  EXPECT_EQ(keys_of(rig.driver->list(rig.context, {}).value()), (Keys{std::string("a b+c/d\x01\n")}));
  rig.then(listing(object("a+b%2Bc &amp; &#10;")));
  EXPECT_EQ(keys_of(rig.driver->list(rig.context, {}).value()), (Keys{"a+b%2Bc & \n"}));
  rig.then(listing(object(" ")));
  EXPECT_EQ(keys_of(rig.driver->list(rig.context, {}).value()), (Keys{" "}));
  rig.then(listing("<EncodingType>url</EncodingType>" + object("a%2")));
  EXPECT_EQ(rig.driver->list(rig.context, {}).error().code(), Code::data_corrupted);
}

TEST(S3Listing, GoesOnByToken) {
  Rig rig;
  rig.then(listing(object("a"), true, "t/1+")).then(listing(object("b")));
  Page page = rig.driver->list(rig.context, {}).value();
  ASSERT_NE(page.next, "");
  ListRequest next;
  next.token = page.next;
  page = rig.driver->list(rig.context, next).value();
  EXPECT_EQ(page.next, "");
  EXPECT_NE(rig.sent(1).url.find("continuation-token=t%2F1%2B"), std::string::npos);
}

TEST(S3Listing, AnEmptyPageWithATokenGoesOn) {
  Rig rig;
  rig.then(listing("", true, "t1"));
  Page page = rig.driver->list(rig.context, {}).value();
  EXPECT_TRUE(page.entries.empty());
  EXPECT_NE(page.next, "");
}

TEST(S3Listing, MoreWithoutATokenGoesOnBehindTheLastKey) {
  Rig rig;
  rig.then(listing(object("a") + object("b"), true)).then(listing(object("c")));
  Page page = rig.driver->list(rig.context, {}).value();
  ListRequest next;
  next.token = page.next;
  EXPECT_EQ(keys_of(rig.driver->list(rig.context, next).value()), (Keys{"c"}));
  EXPECT_NE(rig.sent(1).url.find("start-after=b"), std::string::npos);
  rig.then(listing("", true));
  EXPECT_EQ(rig.driver->list(rig.context, {}).error().code(), Code::data_corrupted);
}

TEST(S3Listing, ARepeatedTokenOrPageEnds) {
  Rig rig;
  rig.then(listing(object("a"), true, "t1"))
      .then(listing(object("b"), true, "t1"))
      .then(listing(object("a"), true, "t2"));
  ListRequest next;
  next.token = rig.driver->list(rig.context, {}).value().next;
  auto repeated = rig.driver->list(rig.context, next);
  ASSERT_FALSE(repeated);
  EXPECT_EQ(repeated.error().code(), Code::data_corrupted);
  EXPECT_FALSE(rig.driver->list(rig.context, next));
}

TEST(S3Listing, RefusesTokensThatAreNone) {
  Rig rig;
  for (std::string token : {"x", "c", "c9:ab", "c:", "q1:ab", "c99999999999999999999999:a", "c-1:a"}) {
    ListRequest request;
    request.token = token;
    EXPECT_EQ(rig.driver->list(rig.context, request).error().code(), Code::invalid_argument) << token;
  }
  EXPECT_EQ(rig.requests(), 0U);
}

TEST(S3Listing, RefusesWhatIsNoWholeListing) {
  const std::string whole = listing(object("a")).body;
  for (std::string body :
       {std::string(), std::string("<html></html>"), whole.substr(0, whole.size() - 5),
        std::string("<ListBucketResult></ListBucketResult>"),
        std::string(
            "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a</Key></Contents></ListBucketResult>"),
        std::string("<ListAllMyBucketsResult/>")}) {
    Rig rig;
    rig.then({.status = 200, .headers = {}, .body = body});
    auto page = rig.driver->list(rig.context, {});
    ASSERT_FALSE(page) << body;
    EXPECT_EQ(page.error().code(), Code::data_corrupted) << body;
    EXPECT_EQ(page.error().retry(), Retry::safe);
  }
  Rig rig;
  rig.then(listing(object("b/x")));
  ListRequest request;
  request.prefix = "a/";
  EXPECT_EQ(rig.driver->list(rig.context, request).error().code(), Code::data_corrupted);
}

TEST(S3Listing, AnErrorInsideA200IsAnError) {
  Rig rig;
  FakeAnswer answer = error_answer(200, "SlowDown");
  answer.body = "  \n" + answer.body;
  rig.then(answer);
  auto page = rig.driver->list(rig.context, {});
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().code(), Code::rate_limited);
}

TEST(S3Listing, AMissingBucketIsNotAnEmptyOne) {
  Rig rig;
  rig.then(error_answer(404, "NoSuchBucket"));
  auto page = rig.driver->list(rig.context, {});
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().code(), Code::not_found);
  EXPECT_NE(page.error().to_string().find("bucket"), std::string::npos);
}

}  // namespace
}  // namespace orlop::s3
