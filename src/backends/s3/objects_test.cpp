#include "backends/s3/objects.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "backends/s3/testing.h"
#include "wire/checksum.h"
#include "wire/encoding.h"

namespace orlop::s3 {
namespace {

FakeAnswer stored(std::string etag = "\"new\"") { return {.status = 200, .headers = {{"etag", std::move(etag)}}}; }

// A payload that is not in memory.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view text) : fd_(::open("/tmp", O_TMPFILE | O_RDWR, 0600)) {
    EXPECT_EQ(::write(fd_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  ~TemporaryFile() { ::close(fd_); }
  Payload payload(std::uint64_t size) const { return Payload::file(fd_, 0, size); }

 private:
  int fd_;
};

std::string sum_of(ChecksumAlgorithm algorithm, std::string_view text) {
  return wire::encode_base64(as_bytes(wire::checksum(algorithm, as_bytes(text)).bytes));
}

TEST(S3Put, AttributesAndParametersBecomeHeaders) {
  Rig rig;
  rig.then(stored());
  Attrs attrs;
  attrs.content_type = "text/plain";
  attrs.cache_control = "max-age=60";
  attrs.user = {{"Name", "caf\xC3\xA9"}, {"plain", "v"}};
  attrs.provider = {
      {"ACL", "public-read"}, {"StorageClass", "STANDARD_IA"}, {"Tagging", "a=b"}, {"ContentType", "loses"}};
  Meta meta = rig.driver->put(rig.context, {.key = "k", .payload = Payload::text("hello"), .attrs = &attrs}).value();
  EXPECT_EQ(meta.size, 5U);
  EXPECT_EQ(meta.etag, "\"new\"");
  EXPECT_EQ(rig.sent().body, "hello");
  EXPECT_EQ(rig.sent().header("content-type"), "text/plain");
  EXPECT_EQ(rig.sent().header("cache-control"), "max-age=60");
  EXPECT_EQ(rig.sent().header("x-amz-meta-name"), "=?UTF-8?B?Y2Fmw6k=?=");
  EXPECT_EQ(rig.sent().header("x-amz-meta-plain"), "v");
  EXPECT_EQ(rig.sent().header("x-amz-acl"), "public-read");
  EXPECT_EQ(rig.sent().header("x-amz-storage-class"), "STANDARD_IA");
  EXPECT_EQ(rig.sent().header("x-amz-tagging"), "a=b");
}

TEST(S3Put, RefusesWhatNoHeaderCanCarryBeforeAnyRequest) {
  Rig rig;
  auto refused = [&](const Attrs& attrs) {
    auto put = rig.driver->put(rig.context, {.key = "k", .payload = {}, .attrs = &attrs});
    return !put && put.error().code() == Code::invalid_argument;
  };
  EXPECT_TRUE(refused({.content_type = "a\r\nx-evil: 1"}));
  EXPECT_TRUE(refused({.user = {{"a", "b\nc"}}}));
  EXPECT_TRUE(refused({.user = {{"a b", "c"}}}));
  EXPECT_TRUE(refused({.user = {{"", "c"}}}));
  EXPECT_TRUE(refused({.provider = {{"acl", "private"}}}));
  EXPECT_TRUE(refused({.provider = {{"ACL", "a\r\nb"}}}));
  EXPECT_TRUE(refused({.provider = {{"ChecksumAlgorithm", "CRC16"}}}));
  EXPECT_EQ(rig.requests(), 0U);
}

TEST(S3Put, ConditionsAndTheirRefusals) {
  Rig rig;
  rig.then(error_answer(412, "PreconditionFailed"));
  auto put = rig.driver->put(rig.context, {.key = "k", .payload = {}, .mode = PutMode::create});
  EXPECT_EQ(put.error().code(), Code::already_exists);
  EXPECT_EQ(rig.sent(0).header("if-none-match"), "*");
  rig.then(error_answer(412, "PreconditionFailed"));
  put = rig.driver->put(rig.context, {.key = "k", .payload = {}, .mode = PutMode::match, .if_match = "\"e\""});
  EXPECT_EQ(put.error().code(), Code::precondition_failed);
  EXPECT_EQ(rig.sent(1).header("if-match"), "\"e\"");
  rig.then(error_answer(404, "NoSuchKey"));
  put = rig.driver->put(rig.context, {.key = "k", .payload = {}, .mode = PutMode::match, .if_match = "\"e\""});
  EXPECT_EQ(put.error().code(), Code::precondition_failed);
  rig.then(error_answer(409, "ConditionalRequestConflict"));
  put = rig.driver->put(rig.context, {.key = "k", .payload = {}, .mode = PutMode::create});
  EXPECT_EQ(put.error().retry(), Retry::safe);
  EXPECT_NE(put.error().code(), Code::already_exists);
  Rig ceph(example_options("ceph"));
  ceph.then(stored());
  ASSERT_TRUE(ceph.driver->put(ceph.context, {.key = "k", .payload = {}, .mode = PutMode::match, .if_match = "\"e\""}));
  EXPECT_EQ(ceph.sent().header("if-match"), "e");
}

TEST(S3Put, AnAnswerWithoutEtagIsNotBelieved) {
  Rig rig;
  rig.then({.status = 200});
  auto put = rig.driver->put(rig.context, {.key = "k", .payload = {}});
  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().code(), Code::data_corrupted);
  EXPECT_TRUE(put.error().outcome_unknown());
}

TEST(S3Put, MemoryIsProtectedByAChecksumHeaderOverTls) {
  Rig rig;
  rig.then(stored());
  ASSERT_TRUE(rig.driver->put(rig.context, {.key = "k", .payload = Payload::text("hello")}));
  EXPECT_EQ(rig.sent().header("x-amz-content-sha256"), "UNSIGNED-PAYLOAD");
  EXPECT_EQ(rig.sent().header("x-amz-checksum-crc64nvme"), sum_of(ChecksumAlgorithm::crc64nvme, "hello"));
}

TEST(S3Put, FilesAreProtectedByATrailerOverTls) {
  for (std::size_t size : {std::size_t{0}, std::size_t{5}, std::size_t{1} << 20, (std::size_t{2} << 20) + 17}) {
    std::string text(size, 'x');
    TemporaryFile file(text);
    Rig rig;
    rig.then(stored());
    Attrs attrs{.content_encoding = "gzip"};
    Meta meta = rig.driver->put(rig.context, {.key = "k", .payload = file.payload(size), .attrs = &attrs}).value();
    std::string expected, sum = sum_of(ChecksumAlgorithm::crc64nvme, text);
    for (std::size_t at = 0; at < size; at += std::size_t{1} << 20) {
      std::string chunk = text.substr(at, std::size_t{1} << 20);
      char line[32];
      std::snprintf(line, sizeof line, "%zx\r\n", chunk.size());
      expected += line + chunk + "\r\n";
    }
    expected += "0\r\nx-amz-checksum-crc64nvme:" + sum + "\r\n\r\n";
    EXPECT_TRUE(rig.sent().body == expected) << size;
    EXPECT_EQ(rig.sent().header("x-amz-content-sha256"), "STREAMING-UNSIGNED-PAYLOAD-TRAILER");
    EXPECT_EQ(rig.sent().header("x-amz-trailer"), "x-amz-checksum-crc64nvme");
    EXPECT_EQ(rig.sent().header("x-amz-decoded-content-length"), std::to_string(size));
    EXPECT_EQ(rig.sent().header("content-encoding"), "aws-chunked,gzip");
    EXPECT_EQ(meta.checksum, wire::checksum(ChecksumAlgorithm::crc64nvme, as_bytes(text)));
  }
}

TEST(S3Put, EverythingIsSignedOverHttpAndByCautiousDialects) {
  std::string hash = wire::sha256(std::string_view("hello")).hex();
  TemporaryFile file("hello");
  Options plain = example_options();
  plain.endpoint = "http://s3.example.com";
  for (const Options& options : {plain, example_options("ceph"), example_options("generic")}) {
    for (const Payload& payload : {Payload::text("hello"), file.payload(5)}) {
      Rig rig(options);
      rig.then(stored());
      ASSERT_TRUE(rig.driver->put(rig.context, {.key = "k", .payload = payload}));
      EXPECT_EQ(rig.sent().header("x-amz-content-sha256"), hash);
      EXPECT_EQ(rig.sent().body, "hello");
      bool summed = options.dialect == "aws";
      EXPECT_EQ(rig.sent().header("x-amz-checksum-crc64nvme"),
                summed ? sum_of(ChecksumAlgorithm::crc64nvme, "hello") : "");
    }
  }
}

TEST(S3Put, TheChecksumIsTheOneChosen) {
  Options options = example_options();
  options.checksum = "crc32c";
  Rig rig(options);
  rig.then(stored()).then(stored()).then(stored());
  ASSERT_TRUE(rig.driver->put(rig.context, {.key = "k", .payload = Payload::text("hello")}));
  EXPECT_EQ(rig.sent(0).header("x-amz-checksum-crc32c"), sum_of(ChecksumAlgorithm::crc32c, "hello"));
  Attrs attrs{.provider = {{"ChecksumAlgorithm", "SHA256"}}};
  ASSERT_TRUE(rig.driver->put(rig.context, {.key = "k", .payload = Payload::text("hello"), .attrs = &attrs}));
  EXPECT_EQ(rig.sent(1).header("x-amz-checksum-sha256"), sum_of(ChecksumAlgorithm::sha256, "hello"));
  EXPECT_EQ(rig.sent(1).header("x-amz-checksum-crc32c"), "");
  attrs = {.provider = {{"ChecksumCRC32", "given"}}};
  ASSERT_TRUE(rig.driver->put(rig.context, {.key = "k", .payload = Payload::text("hello"), .attrs = &attrs}));
  EXPECT_EQ(rig.sent(2).header("x-amz-checksum-crc32"), "given");
  EXPECT_EQ(rig.sent(2).header("x-amz-checksum-crc32c"), "");
}

TEST(S3Put, AFileThatShrankIsNotSent) {
  TemporaryFile file("hello");
  Rig rig;
  rig.then(stored());
  auto put = rig.driver->put(rig.context, {.key = "k", .payload = file.payload(10)});
  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().code(), Code::data_corrupted);
}

}  // namespace
}  // namespace orlop::s3
