#include <gtest/gtest.h>

#include "backends/s3/testing.h"
#include "wire/checksum.h"
#include "wire/encoding.h"

namespace orlop::s3 {
namespace {

FakeAnswer part_answer(std::string body, std::string range) {
  return {.status = 206, .headers = {{"etag", "\"e\""}, {"content-range", std::move(range)}}, .body = std::move(body)};
}

Code code_of(Rig& rig, Range range) {
  auto reader = rig.driver->read(rig.context, {.key = "k", .range = range});
  EXPECT_FALSE(reader.has_value());
  return reader ? Code::unknown : reader.error().code();
}

std::string text_of(Rig& rig, Range range) {
  auto reader = rig.driver->read(rig.context, {.key = "k", .range = range});
  return reader ? read_all(**reader) : "error: " + reader.error().to_string();
}

TEST(S3Reader, AsksForRangesAsHttpHasThem) {
  Rig rig;
  rig.then(part_answer("234", "bytes 2-4/10"));
  EXPECT_EQ(text_of(rig, Range::bounded(2, 3)), "234");
  EXPECT_EQ(rig.sent(0).header("range"), "bytes=2-4");
  rig.then(part_answer("89", "bytes 8-9/10"));
  EXPECT_EQ(text_of(rig, Range::from(8)), "89");
  EXPECT_EQ(rig.sent(1).header("range"), "bytes=8-");
  rig.then(part_answer("789", "bytes 7-9/10"));
  EXPECT_EQ(text_of(rig, Range::suffix(3)), "789");
  EXPECT_EQ(rig.sent(2).header("range"), "bytes=-3");
  rig.then(part_answer("89", "bytes 8-9/10"));
  EXPECT_EQ(text_of(rig, Range::bounded(8, 100)), "89");
}

TEST(S3Reader, TellsTheSizeOfTheObjectNotOfTheRange) {
  Rig rig;
  rig.then(part_answer("234", "bytes 2-4/10"));
  auto reader = rig.driver->read(rig.context, {.key = "k", .range = Range::bounded(2, 3)});
  ASSERT_TRUE(reader);
  EXPECT_EQ((*reader)->meta().size, 10U);
}

TEST(S3Reader, RefusesAnotherRangeThanAskedFor) {
  for (std::string range : {"bytes 0-2/10", "bytes 2-3/10", "bytes 2-5/10", "bytes 2-4/*", "bytes */10", "", "2-4/10",
                            "bytes 2-4/3", "bytes 4-2/10", "bytes 2-4/99999999999999999999999"}) {
    Rig rig;
    rig.then(part_answer("234", range));
    EXPECT_EQ(code_of(rig, Range::bounded(2, 3)), Code::data_corrupted) << range;
  }
}

TEST(S3Reader, RefusesALengthThatIsNotTheRanges) {
  Rig rig;
  FakeAnswer answer = part_answer("234", "bytes 2-4/10");
  answer.headers.emplace_back("content-length", "2");
  rig.then(answer);
  EXPECT_EQ(code_of(rig, Range::bounded(2, 3)), Code::data_corrupted);
}

TEST(S3Reader, SkipsToTheRangeAServerIgnored) {
  Rig rig;
  rig.then(object_answer("0123456789"));
  EXPECT_EQ(text_of(rig, Range::bounded(2, 3)), "234");
  rig.then(object_answer("0123456789"));
  EXPECT_EQ(text_of(rig, Range::suffix(2)), "89");
  rig.then(object_answer("0123456789"));
  EXPECT_EQ(text_of(rig, Range::from(4)), "456789");
  rig.then(object_answer("0123456789"));
  EXPECT_EQ(code_of(rig, Range::from(10)), Code::range_not_satisfiable);
}

TEST(S3Reader, RefusesToSkipFar) {
  Rig rig;
  FakeAnswer answer = object_answer("x");
  answer.headers.emplace_back("content-length", "1000000000");
  rig.then(answer);
  EXPECT_EQ(code_of(rig, Range::from(900000000)), Code::data_corrupted);
}

TEST(S3Reader, A206NobodyAskedForIsRefused) {
  Rig rig;
  rig.then(part_answer("234", "bytes 2-4/10"));
  EXPECT_EQ(code_of(rig, Range::all()), Code::data_corrupted);
}

TEST(S3Reader, AnEndBeforeTheEndIsAnError) {
  Rig rig;
  FakeAnswer answer = object_answer("hello");
  answer.headers.emplace_back("content-length", "10");
  rig.then(answer);
  std::string text = text_of(rig, Range::all());
  EXPECT_TRUE(text.starts_with("error: data_corrupted")) << text;
  answer.cut = 3;
  rig.then(answer);
  EXPECT_TRUE(text_of(rig, Range::all()).starts_with("error: data_corrupted"));
}

TEST(S3Reader, AfterAnErrorEveryReadFails) {
  Rig rig;
  FakeAnswer answer = object_answer("hello");
  answer.headers.emplace_back("content-length", "10");
  rig.then(answer);
  auto reader = rig.driver->read(rig.context, {.key = "k"});
  ASSERT_TRUE(reader);
  (void)read_all(**reader);
  std::byte byte;
  EXPECT_FALSE((*reader)->read({&byte, 1}));
}

TEST(S3Reader, EmptyPiecesAndSuffixes) {
  Rig rig;
  rig.then(part_answer("2", "bytes 2-2/10"));
  EXPECT_EQ(text_of(rig, Range::bounded(2, 0)), "");
  rig.then({.status = 200, .headers = {{"etag", "\"e\""}, {"content-length", "10"}}});
  EXPECT_EQ(code_of(rig, Range::suffix(0)), Code::range_not_satisfiable);
  rig.then(object_answer(""));
  EXPECT_EQ(text_of(rig, Range::all()), "");
}

// Amazon wants a permission more for it (kms:Decrypt) where objects are encrypted with keys of KMS.
TEST(S3Reader, AsksForTheChecksumOnlyWhereItIsWanted) {
  for (bool wanted : {true, false}) {
    Rig rig;
    rig.then({.status = 200, .headers = {{"etag", "\"e\""}, {"content-length", "5"}}});
    ASSERT_TRUE(rig.driver->stat(rig.context, {.key = "k", .checksum = wanted}));
    EXPECT_EQ(rig.sent().header("x-amz-checksum-mode"), wanted ? "ENABLED" : "");
  }
}

TEST(S3Reader, ComparesTheChecksumTheServiceTold) {
  auto sum = wire::checksum(ChecksumAlgorithm::crc64nvme, as_bytes("hello"));
  FakeAnswer answer = object_answer("hello");
  answer.headers.emplace_back("x-amz-checksum-crc64nvme", wire::encode_base64(as_bytes(sum.bytes)));
  Rig rig;
  rig.then(answer);
  EXPECT_EQ(text_of(rig, Range::all()), "hello");
  EXPECT_EQ(rig.sent().header("x-amz-checksum-mode"), "ENABLED");
  answer.body = "hellO";
  rig.then(answer);
  EXPECT_TRUE(text_of(rig, Range::all()).starts_with("error: data_corrupted"));
  answer.headers.emplace_back("x-amz-checksum-type", "COMPOSITE");  // says nothing about the whole
  rig.then(answer);
  EXPECT_EQ(text_of(rig, Range::all()), "hellO");
}

TEST(S3Reader, ComparesTheMd5WhereTheEtagIsOne) {
  std::string etag = '"' + wire::md5(as_bytes("hello")).hex() + '"';
  Rig ceph(example_options("ceph"));
  ceph.then(object_answer("hello", etag));
  EXPECT_EQ(text_of(ceph, Range::all()), "hello");
  ceph.then(object_answer("hellO", etag));
  EXPECT_TRUE(text_of(ceph, Range::all()).starts_with("error: data_corrupted"));
}

TEST(S3Reader, AnUnaskedEncodingIsAnAttributeNotACoding) {
  Rig rig;
  FakeAnswer answer = object_answer("\x1F\x8B zipped");
  answer.headers.emplace_back("content-encoding", "gzip, aws-chunked");
  rig.then(answer);
  auto reader = rig.driver->read(rig.context, {.key = "k"});
  ASSERT_TRUE(reader);
  EXPECT_EQ((*reader)->meta().attrs.content_encoding, "gzip");
  EXPECT_EQ(read_all(**reader), "\x1F\x8B zipped");
}

TEST(S3Reader, AHeadWithoutLengthOrEtagIsRefused) {
  Rig rig;
  rig.then({.status = 200, .headers = {{"content-length", "5"}}});
  EXPECT_EQ(rig.driver->stat(rig.context, {.key = "k"}).error().code(), Code::data_corrupted);
  rig.then({.status = 200, .headers = {{"etag", "\"e\""}, {"content-length", "five"}}});
  EXPECT_EQ(rig.driver->stat(rig.context, {.key = "k"}).error().code(), Code::data_corrupted);
}

// A document that tells of an error, with status 200; a directory of S3Proxy has at least a date.
TEST(S3Reader, WhatIsNoObjectIsRefusedAlthoughS3SentIt) {
  Rig rig;
  rig.then({.status = 200, .headers = {{"x-amz-request-id", "1"}, {"content-length", "5"}}, .body = "<Err>"});
  const Error error = rig.driver->read(rig.context, {.key = "k"}).error();
  EXPECT_EQ(error.code(), Code::data_corrupted);
  const std::string date = "Sun, 22 Nov 2026 00:00:00 GMT";
  rig.then({.status = 200, .headers = {{"x-amz-request-id", "1"}, {"content-length", "0"}, {"last-modified", date}}});
  EXPECT_TRUE(rig.driver->stat(rig.context, {.key = "k/"}));
}

TEST(S3Reader, ConditionsAndParametersGoAlong) {
  Rig rig;
  rig.then({.status = 304, .headers = {}});
  StringMap provider = {{"RequestPayer", "requester"}, {"SSECustomerKey", std::string(32, 'k')}, {"VersionId", "v1"}};
  Conditions conditions{
      .if_match = "\"a\"", .if_none_match = "\"b\"", .if_modified_since = {}, .if_unmodified_since = {}};
  auto meta =
      rig.driver->stat(rig.context, {.key = "k", .conditions = conditions, .version = {}, .provider = &provider});
  ASSERT_FALSE(meta);
  EXPECT_EQ(meta.error().code(), Code::not_modified);
  EXPECT_EQ(rig.sent().header("if-match"), "\"a\"");
  EXPECT_EQ(rig.sent().header("if-none-match"), "\"b\"");
  EXPECT_EQ(rig.sent().header("x-amz-request-payer"), "requester");
  EXPECT_EQ(rig.sent().header("x-amz-server-side-encryption-customer-key"),
            wire::encode_base64(as_bytes(std::string(32, 'k'))));
  EXPECT_EQ(rig.sent().header("x-amz-server-side-encryption-customer-key-md5"),
            wire::md5(as_bytes(std::string(32, 'k'))).base64());
  EXPECT_TRUE(rig.sent().url.ends_with("?versionId=v1"));
  StringMap wrong = {{"StorageClass", "STANDARD"}};
  auto refused = rig.driver->stat(rig.context, {.key = "k", .conditions = {}, .version = {}, .provider = &wrong});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::invalid_argument);
  EXPECT_NE(refused.error().message().find("ExpectedBucketOwner"), std::string::npos);
  EXPECT_EQ(rig.requests(), 1U);
}

TEST(S3Reader, ReadsUserMetadataInEitherSpelling) {
  Rig rig;
  rig.then({.status = 200,
            .headers = {{"etag", "\"e\""},
                        {"content-length", "5"},
                        {"x-amz-meta-q", "=?UTF-8?Q?=C3=A9_x?="},
                        {"X-Amz-Meta-B", "=?UTF-8?B?w6k=?= =?utf-8?b?w6k=?="},
                        {"x-amz-meta-plain", "a=?b"}}});
  Meta meta = rig.driver->stat(rig.context, {.key = "k"}).value();
  EXPECT_EQ(meta.attrs.user, (StringMap{{"q", "\xC3\xA9 x"}, {"b", "\xC3\xA9\xC3\xA9"}, {"plain", "a=?b"}}));
}

}  // namespace
}  // namespace orlop::s3
