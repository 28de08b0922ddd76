#include "backends/s3/uploads.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "backends/s3/testing.h"
#include "wire/checksum.h"
#include "wire/date.h"
#include "wire/encoding.h"

namespace orlop::s3 {
namespace {

FakeAnswer xml(std::string body) {
  return {.status = 200, .headers = {{"content-type", "application/xml"}}, .body = std::move(body)};
}
FakeAnswer begun(std::string id = "U1") {
  return xml("<InitiateMultipartUploadResult><UploadId>" + id + "</UploadId></InitiateMultipartUploadResult>");
}
FakeAnswer completed(std::string etag = "\"x-2\"") {
  return xml("<CompleteMultipartUploadResult><ETag>" + etag + "</ETag></CompleteMultipartUploadResult>");
}
FakeAnswer head(std::string etag, std::size_t size) {
  return {.status = 200, .headers = {{"etag", std::move(etag)}, {"content-length", std::to_string(size)}}};
}
FakeAnswer parts_listing(std::string content = {}) {
  return xml("<ListPartsResult><IsTruncated>false</IsTruncated>" + content + "</ListPartsResult>");
}
const FakeAnswer no_upload = error_answer(404, "NoSuchUpload");
const FakeAnswer no_object = {.status = 404};

Part part(std::uint32_t index, std::string_view text) {
  return {index, text.size(), '"' + wire::md5(as_bytes(text)).hex() + '"',
          wire::checksum(ChecksumAlgorithm::crc64nvme, as_bytes(text))};
}

struct Completion : Rig {
  CompleteRequest request{"k", "U1", {part(1, "hello "), part(2, "world")}, PutMode::overwrite, {}};
  std::string etag = multipart_etag(request.parts);

  Result<Meta> complete() { return driver->multipart()->complete(context, request); }
};

TEST(S3Uploads, PartsMakeTheEtagAndTheChecksumOfTheWhole) {
  Completion c;
  std::string digests(wire::md5(as_bytes("hello ")).text());
  digests += wire::md5(as_bytes("world")).text();
  EXPECT_EQ(c.etag, '"' + wire::md5(as_bytes(digests)).hex() + "-2\"");
  EXPECT_EQ(combined_checksum(c.request.parts), wire::checksum(ChecksumAlgorithm::crc64nvme, as_bytes("hello world")));
  for (ChecksumAlgorithm algorithm : {ChecksumAlgorithm::crc32, ChecksumAlgorithm::crc32c}) {
    std::vector<Part> parts = c.request.parts;
    parts[0].checksum = wire::checksum(algorithm, as_bytes("hello "));
    parts[1].checksum = wire::checksum(algorithm, as_bytes("world"));
    EXPECT_EQ(combined_checksum(parts), wire::checksum(algorithm, as_bytes("hello world")));
  }
  std::vector<Part> parts = c.request.parts;
  parts[1].checksum.reset();
  EXPECT_FALSE(combined_checksum(parts));
  parts[1].etag = "\"no md5\"";
  EXPECT_EQ(multipart_etag(parts), "");
}

TEST(S3Uploads, AnnouncesTheChecksumAndRepeatsTheCustomersKey) {
  Rig rig;
  rig.then(begun()).then(object_answer("", "\"p\""));
  Attrs attrs;
  attrs.content_type = "text/plain";
  attrs.provider = {
      {"SSECustomerAlgorithm", "AES256"}, {"SSECustomerKey", std::string(32, 'k')}, {"StorageClass", "GLACIER"}};
  std::string id = rig.driver->multipart()->begin(rig.context, {"k", attrs}).value();
  EXPECT_EQ(rig.sent(0).url, "https://s3.example.com/bucket/k?uploads=");
  EXPECT_EQ(rig.sent(0).header("x-amz-checksum-algorithm"), "CRC64NVME");
  EXPECT_EQ(rig.sent(0).header("x-amz-checksum-type"), "FULL_OBJECT");
  EXPECT_EQ(rig.sent(0).header("x-amz-storage-class"), "GLACIER");
  Part sent = rig.driver->multipart()->put_part(rig.context, {"k", id, 3, Payload::text("data")}).value();
  EXPECT_EQ(rig.sent(1).url, "https://s3.example.com/bucket/k?partNumber=3&uploadId=U1");
  EXPECT_EQ(rig.sent(1).header("x-amz-server-side-encryption-customer-algorithm"), "AES256");
  EXPECT_EQ(rig.sent(1).header("x-amz-storage-class"), "");
  EXPECT_EQ(sent.checksum, wire::checksum(ChecksumAlgorithm::crc64nvme, as_bytes("data")));
  EXPECT_EQ(rig.sent(1).header("x-amz-checksum-crc64nvme"), wire::encode_base64(as_bytes(sent.checksum->bytes)));
}

TEST(S3Uploads, CompletesInOneRequest) {
  Completion c;
  c.then(completed(c.etag));
  Meta meta = c.complete().value();
  EXPECT_EQ(meta.etag, c.etag);
  EXPECT_EQ(meta.size, 11U);
  EXPECT_EQ(c.requests(), 1U);
  EXPECT_NE(c.sent().body.find("<PartNumber>2</PartNumber>"), std::string::npos);
  auto whole = wire::checksum(ChecksumAlgorithm::crc64nvme, as_bytes("hello world"));
  EXPECT_EQ(c.sent().header("x-amz-checksum-crc64nvme"), wire::encode_base64(as_bytes(whole.bytes)));
}

TEST(S3Uploads, ALostAnswerIsLookedUp) {
  Completion c;
  c.then(lost()).then(head(c.etag, 11));
  EXPECT_EQ(c.complete().value().etag, c.etag);
  EXPECT_EQ(c.sent(1).method, "HEAD");
}

TEST(S3Uploads, AnUploadThatIsStillThereIsCompletedAgain) {
  Completion c;
  c.then(lost()).then(no_object).then(parts_listing()).then(completed(c.etag));
  EXPECT_TRUE(c.complete());
  EXPECT_EQ(c.requests(), 4U);
}

TEST(S3Uploads, NoSuchUploadAfterALostAnswerMeansLook) {
  Completion c;
  c.then(lost()).then(no_object).then(parts_listing()).then(no_upload).then(head(c.etag, 11));
  EXPECT_TRUE(c.complete());
}

TEST(S3Uploads, NoSuchUploadAtOnceMeansLookToo) {
  Completion c;
  c.then(no_upload).then(head(c.etag, 11));
  EXPECT_TRUE(c.complete());
  c.then(no_upload).then(head("\"other\"", 11)).then(no_upload);
  auto meta = c.complete();
  ASSERT_FALSE(meta);
  EXPECT_EQ(meta.error().code(), Code::not_found);
}

TEST(S3Uploads, TheChecksumDecidesWhereEtagsDoNot) {
  Completion c;
  for (Part& one : c.request.parts) one.etag = "\"opaque\"";
  FakeAnswer there = head("\"opaque\"", 11);
  auto whole = wire::checksum(ChecksumAlgorithm::crc64nvme, as_bytes("hello world"));
  there.headers.emplace_back("x-amz-checksum-crc64nvme", wire::encode_base64(as_bytes(whole.bytes)));
  c.then(lost()).then(there);
  EXPECT_TRUE(c.complete());
}

TEST(S3Uploads, WhatCannotBeFoundOutIsUnknown) {
  Completion c;
  c.then(lost()).then(head("\"somebody else's\"", 5)).then(no_upload);
  auto meta = c.complete();
  ASSERT_FALSE(meta);
  EXPECT_EQ(meta.error().code(), Code::unknown);
  EXPECT_TRUE(meta.error().outcome_unknown());
}

TEST(S3Uploads, ARefusedConditionAfterALostAnswerMeansLookWhoWon) {
  Completion c;
  c.request.mode = PutMode::create;
  c.then(lost())
      .then(no_object)
      .then(parts_listing())
      .then(error_answer(412, "PreconditionFailed"))
      .then(head(c.etag, 11));
  EXPECT_TRUE(c.complete());
  EXPECT_EQ(c.sent(0).header("if-none-match"), "*");

  Completion loser;
  loser.request.mode = PutMode::create;
  loser.then(error_answer(412, "PreconditionFailed"));
  auto meta = loser.complete();
  ASSERT_FALSE(meta);
  EXPECT_EQ(meta.error().code(), Code::already_exists);
  EXPECT_EQ(loser.requests(), 1U);
}

TEST(S3Uploads, AnErrorInsideA200IsSettled) {
  Completion c;
  c.then(error_answer(200, "InternalError")).then(no_object).then(parts_listing()).then(completed(c.etag));
  EXPECT_TRUE(c.complete());
}

TEST(S3Uploads, ALoginPageIsNoCompletion) {
  Completion c;
  c.then(login_page()).then(no_object).then(parts_listing()).then(completed(c.etag));
  EXPECT_TRUE(c.complete());
  EXPECT_EQ(c.requests(), 4U);
}

TEST(S3Uploads, AnEmptyEtagInTheAnswerIsLookedUp) {
  Completion c;
  c.then(completed("")).then(head(c.etag, 11));
  EXPECT_EQ(c.complete().value().etag, c.etag);
}

TEST(S3Uploads, RefusalsAreNotRepeated) {
  Completion c;
  c.then(error_answer(400, "EntityTooSmall"));
  auto meta = c.complete();
  ASSERT_FALSE(meta);
  EXPECT_EQ(meta.error().code(), Code::invalid_argument);
  EXPECT_EQ(c.requests(), 1U);
  c.request.parts = {part(2, "b"), part(1, "a")};
  EXPECT_EQ(c.complete().error().code(), Code::invalid_argument);
  c.request.parts.clear();
  EXPECT_EQ(c.complete().error().code(), Code::invalid_argument);
  EXPECT_EQ(c.requests(), 1U);
}

std::string upload(std::string key, std::string id, SystemTime initiated) {
  return "<Upload><Key>" + key + "</Key><UploadId>" + id + "</UploadId><Initiated>" + wire::format_iso8601(initiated) +
         "</Initiated></Upload>";
}
FakeAnswer uploads(std::string content) {
  return xml("<ListMultipartUploadsResult>" + content + "</ListMultipartUploadsResult>");
}
SystemTime now() { return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now()); }

TEST(S3Uploads, AnUploadNobodyKnowsOfIsSwept) {
  Rig rig;
  rig.then(lost())
      .then(uploads(upload("k", "OLD", now() - std::chrono::hours(1)) + upload("k2", "OTHER", now()) +
                    upload("k", "LOST", now())))
      .then(parts_listing())
      .then({.status = 204});
  auto id = rig.driver->multipart()->begin(rig.context, {"k", {}});
  ASSERT_FALSE(id);
  EXPECT_EQ(id.error().retry(), Retry::safe);
  ASSERT_EQ(rig.requests(), 4U);
  EXPECT_EQ(rig.sent(3).method, "DELETE");
  EXPECT_EQ(rig.sent(3).url, "https://s3.example.com/bucket/k?uploadId=LOST");
}

TEST(S3Uploads, AnUploadThatMayBeSomebodyElsesIsLeft) {
  Rig two;
  two.then(lost()).then(uploads(upload("k", "A", now()) + upload("k", "B", now())));
  EXPECT_FALSE(two.driver->multipart()->begin(two.context, {"k", {}}));
  EXPECT_EQ(two.requests(), 2U);

  Rig used;
  used.then(lost())
      .then(uploads(upload("k", "A", now())))
      .then(parts_listing("<Part><PartNumber>1</PartNumber><Size>1</Size><ETag>e</ETag></Part>"));
  EXPECT_FALSE(used.driver->multipart()->begin(used.context, {"k", {}}));
  EXPECT_EQ(used.requests(), 3U);
}

TEST(S3Uploads, PartsAreListedPageByPage) {
  Rig rig;
  std::string one = "<Part><PartNumber>1</PartNumber><Size>5</Size><ETag>\"a\"</ETag></Part>";
  std::string two = "<Part><PartNumber>2</PartNumber><Size>6</Size><ETag>\"b\"</ETag></Part>";
  rig.then(xml("<ListPartsResult><IsTruncated>true</IsTruncated>" + one + "</ListPartsResult>"))
      .then(parts_listing(two));
  auto parts = rig.driver->multipart()->list_parts(rig.context, {"k", "U1"}).value();
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(parts[1].size, 6U);
  EXPECT_NE(rig.sent(1).url.find("part-number-marker=1"), std::string::npos);
  rig.then(xml("<ListPartsResult><IsTruncated>true</IsTruncated>" + one + "</ListPartsResult>"))
      .then(xml("<ListPartsResult><IsTruncated>true</IsTruncated>" + one + "</ListPartsResult>"));
  EXPECT_EQ(rig.driver->multipart()->list_parts(rig.context, {"k", "U1"}).error().code(), Code::data_corrupted);
}

TEST(S3Uploads, AbortingWhatIsGoneIsSuccess) {
  Rig rig;
  rig.then(no_upload);
  EXPECT_TRUE(rig.driver->multipart()->abort(rig.context, {"k", "U1"}));
}

TEST(S3Copying, OneRequestKeepsOrReplaces) {
  Rig rig;
  FakeAnswer copied = xml(
      "<CopyObjectResult><ETag>\"c\"</ETag><LastModified>2024-03-05T06:07:08.000Z</LastModified></CopyObjectResult>");
  rig.then(copied);
  EXPECT_EQ(rig.driver->copy(rig.context, {.from = "a b/\xC3\xA9", .to = "c"}).value().etag, "\"c\"");
  EXPECT_EQ(rig.sent(0).header("x-amz-copy-source"), "/bucket/a%20b/%C3%A9");
  EXPECT_EQ(rig.sent(0).header("x-amz-metadata-directive"), "COPY");
  Attrs attrs;
  attrs.content_type = "text/plain";
  rig.then(copied);
  ASSERT_TRUE(rig.driver->copy(rig.context, {.from = "a", .to = "a", .attrs = &attrs}));
  EXPECT_EQ(rig.sent(1).header("x-amz-metadata-directive"), "REPLACE");
  EXPECT_EQ(rig.sent(1).header("content-type"), "text/plain");
  rig.then(error_answer(200, "InternalError"));
  auto failed = rig.driver->copy(rig.context, {.from = "a", .to = "b"});
  ASSERT_FALSE(failed);
  EXPECT_TRUE(failed.error().outcome_unknown());
}

FakeAnswer part_copied(std::string etag) { return xml("<CopyPartResult><ETag>" + etag + "</ETag></CopyPartResult>"); }

Options one_by_one() {
  Options options = example_options();
  options.concurrency = 1;
  return options;
}

TEST(S3Copying, LargeObjectsGoInParts) {
  Rig rig(one_by_one(), 4);
  FakeAnswer source = head("\"src\"", 10);
  source.headers.emplace_back("content-type", "text/x");
  source.headers.emplace_back("x-amz-meta-a", "1");
  rig.then(source)
      .then(begun())
      .then(part_copied("\"1\""))
      .then(part_copied("\"2\""))
      .then(part_copied("\"3\""))
      .then(completed());
  Meta meta = rig.driver->copy(rig.context, {.from = "a", .to = "b"}).value();
  EXPECT_EQ(meta.size, 10U);
  EXPECT_EQ(rig.sent(1).header("content-type"), "text/x");
  EXPECT_EQ(rig.sent(1).header("x-amz-meta-a"), "1");
  EXPECT_EQ(rig.sent(2).header("x-amz-copy-source-range"), "bytes=0-3");
  EXPECT_EQ(rig.sent(4).header("x-amz-copy-source-range"), "bytes=8-9");
  EXPECT_EQ(rig.sent(4).header("x-amz-copy-source-if-match"), "\"src\"");
}

TEST(S3Copying, AFailedPartAbortsTheUpload) {
  Rig rig(one_by_one(), 4);
  rig.then(head("\"src\"", 10)).then(begun()).then(error_answer(412, "PreconditionFailed")).then({.status = 204});
  auto meta = rig.driver->copy(rig.context, {.from = "a", .to = "b"});
  ASSERT_FALSE(meta);
  EXPECT_EQ(meta.error().code(), Code::precondition_failed);
  EXPECT_EQ(rig.sent(3).method, "DELETE");
}

TEST(S3Copying, TheSourceMayBeInAnotherBucket) {
  Rig rig(one_by_one(), 4);
  Attrs attrs;
  attrs.provider = {{"CopySource", "other/dir/a b"}, {"MetadataDirective", "COPY"}};
  FakeAnswer copied = xml("<CopyObjectResult><ETag>\"e\"</ETag></CopyObjectResult>");
  rig.then(head("\"src\"", 3)).then(copied);
  ASSERT_TRUE(rig.driver->copy(rig.context, {.from = "x", .to = "b", .attrs = &attrs}));
  EXPECT_EQ(rig.sent(0).url, "https://s3.example.com/other/dir/a%20b");
  EXPECT_EQ(rig.sent(1).url, "https://s3.example.com/bucket/b");
  EXPECT_EQ(rig.sent(1).header("x-amz-copy-source"), "/other/dir/a%20b");
  EXPECT_EQ(rig.sent(1).header("x-amz-metadata-directive"), "COPY");
  // In parts as well, with the attributes it has there.
  FakeAnswer large = head("\"src\"", 6);
  large.headers.emplace_back("content-type", "text/x");
  rig.then(large).then(begun()).then(part_copied("\"1\"")).then(part_copied("\"2\"")).then(completed());
  ASSERT_TRUE(rig.driver->copy(rig.context, {.from = "x", .to = "b", .attrs = &attrs}));
  EXPECT_EQ(rig.sent(3).header("content-type"), "text/x");
  EXPECT_EQ(rig.sent(4).header("x-amz-copy-source"), "/other/dir/a%20b");
  for (std::string wrong : {"other", "other/", "/k", "a b/k", "a\nb/k", ""}) {
    attrs.provider["CopySource"] = wrong;
    EXPECT_EQ(rig.driver->copy(rig.context, {.from = "x", .to = "b", .attrs = &attrs}).error().code(),
              Code::invalid_argument);
  }
}

TEST(S3Copying, PartsAreCopiedSeveralAtATimeAndKeepTheirOrder) {
  Rig rig(example_options(), 4);
  rig.then(head("\"src\"", 40)).then(begun());
  std::atomic<int> now = 0, most = 0;
  for (int i = 0; i < 10; ++i) {
    rig.transport->then([&](const SentRequest& request) {
      int here = ++now;
      for (int seen = most; seen < here && !most.compare_exchange_weak(seen, here);) continue;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      --now;
      std::size_t at = request.url.find("partNumber=") + 11;
      return part_copied("\"p" + request.url.substr(at, request.url.find('&', at) - at) + "\"");
    });
  }
  rig.then(completed());
  ASSERT_TRUE(rig.driver->copy(rig.context, {.from = "a", .to = "b"}));
  EXPECT_GT(most, 1);
  EXPECT_LE(most, 10);
  std::string body = rig.sent(12).body;
  EXPECT_LT(body.find("p1&"), body.find("p2&"));
  EXPECT_LT(body.find("p9&"), body.find("p10&"));
}

TEST(S3Copying, TheServicesOwnLimitIsFoundOut) {
  Rig rig(one_by_one());
  rig.then(error_answer(400, "InvalidRequest")).then(head("\"src\"", 10));
  EXPECT_EQ(rig.driver->copy(rig.context, {.from = "a", .to = "b"}).error().code(), Code::invalid_argument);
  rig.then(error_answer(400, "InvalidRequest")).then(head("\"src\"", std::size_t{6} << 30)).then(begun());
  for (int i = 0; i < 12; ++i) rig.then(part_copied("\"" + std::to_string(i) + "\""));
  rig.then(completed());
  EXPECT_TRUE(rig.driver->copy(rig.context, {.from = "a", .to = "b"}));
  EXPECT_TRUE(rig.transport->all_used());
}

}  // namespace
}  // namespace orlop::s3
