#include <gtest/gtest.h>

#include "backends/s3/testing.h"
#include "wire/hash.h"

namespace orlop::s3 {
namespace {

FakeAnswer deleted(std::string content) {
  return {.status = 200, .headers = {}, .body = "<DeleteResult>" + content + "</DeleteResult>"};
}

TEST(S3Removal, OneKeyIsAPlainDelete) {
  Rig rig;
  rig.then({.status = 204});
  EXPECT_FALSE(rig.driver->remove(rig.context, {.keys = {"a b"}}).value()[0]);
  EXPECT_EQ(rig.sent().method, "DELETE");
  EXPECT_EQ(rig.sent().url, "https://s3.example.com/bucket/a%20b");
}

TEST(S3Removal, AnAbsentKeyIsSuccessAMissingBucketIsNot) {
  Rig rig;
  rig.then(error_answer(404, "NoSuchKey"));
  EXPECT_FALSE(rig.driver->remove(rig.context, {.keys = {"k"}}).value()[0]);
  rig.then(error_answer(404, "NoSuchBucket"));
  auto error = rig.driver->remove(rig.context, {.keys = {"k"}}).value()[0];
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), Code::not_found);
}

TEST(S3Removal, ManyKeysAreOneBatchAnsweredKeyByKey) {
  Rig rig;
  rig.then(
      deleted("<Deleted><Key>a</Key></Deleted><Error><Key>b</Key><Code>AccessDenied</Code><Message>No</Message></Error>"
              "<Deleted><Key>c&amp;d</Key></Deleted>"));
  auto results = rig.driver->remove(rig.context, {.keys = {"a", "b", "c&d", "a"}}).value();
  ASSERT_EQ(results.size(), 4U);
  EXPECT_FALSE(results[0]);
  ASSERT_TRUE(results[1]);
  EXPECT_EQ(results[1]->code(), Code::permission_denied);
  EXPECT_FALSE(results[2]);
  EXPECT_FALSE(results[3]);
  EXPECT_EQ(rig.sent().method, "POST");
  EXPECT_EQ(rig.sent().url, "https://s3.example.com/bucket?delete=");
  EXPECT_EQ(rig.sent().header("content-md5"), wire::md5(as_bytes(rig.sent().body)).base64());
  EXPECT_NE(rig.sent().body.find("<Key>c&amp;d</Key>"), std::string::npos);
  ASSERT_EQ(rig.requests(), 1U);
}

TEST(S3Removal, AKeyTheAnswerIsSilentAboutIsRemovedByItself) {
  Rig rig;
  rig.then(deleted("<Deleted><Key>a</Key></Deleted>")).then(error_answer(403, "AccessDenied"));
  auto results = rig.driver->remove(rig.context, {.keys = {"a", "b"}}).value();
  EXPECT_FALSE(results[0]);
  ASSERT_TRUE(results[1]);
  EXPECT_EQ(results[1]->code(), Code::permission_denied);
  EXPECT_EQ(rig.sent(1).url, "https://s3.example.com/bucket/b");
}

TEST(S3Removal, KeysXmlCannotHoldGoAlone) {
  Rig rig;
  rig.then(deleted("<Deleted><Key>a</Key></Deleted>")).then({.status = 204});
  auto results = rig.driver->remove(rig.context, {.keys = {"a", "b\x01"}}).value();
  EXPECT_FALSE(results[0]);
  EXPECT_FALSE(results[1]);
  EXPECT_EQ(rig.sent(1).url, "https://s3.example.com/bucket/b%01");
}

TEST(S3Removal, ABatchAnswerCutShortIsAnError) {
  Rig rig;
  rig.then({.status = 200, .headers = {}, .body = "<DeleteResult><Deleted><Key>a</Key></Deleted>"});
  auto results = rig.driver->remove(rig.context, {.keys = {"a", "b"}});
  ASSERT_FALSE(results);
  EXPECT_EQ(results.error().code(), Code::data_corrupted);
}

TEST(S3Removal, MoreThanABatchIsRefused) {
  Rig rig;
  RemoveRequest request;
  for (int i = 0; i < 1001; ++i) request.keys.push_back(std::to_string(i));
  EXPECT_EQ(rig.driver->remove(rig.context, request).error().code(), Code::invalid_argument);
  EXPECT_EQ(rig.requests(), 0U);
}

}  // namespace
}  // namespace orlop::s3
