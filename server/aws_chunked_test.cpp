#include "server/aws_chunked.h"

#include <gtest/gtest.h>

#include "server/testing_source.h"

namespace orlop::server {
namespace {

struct Outcome {
  std::string content;
  std::string error;  // S3's code; empty: success
  Headers trailers;
};

Outcome decode(std::string_view raw, bool trailers, std::size_t step) {
  TextSource source(raw, step);
  AwsChunkedBody body(source, nullptr, trailers);
  Outcome outcome;
  std::array<std::byte, 7000> block;
  for (;;) {
    auto count = body.read(block);
    if (!count) {
      outcome.error = count.error().service_code();
      return outcome;
    }
    if (*count == 0) break;
    outcome.content.append(as_text(Bytes(block).first(*count)));
  }
  outcome.trailers = body.trailers();
  return outcome;
}

TEST(AwsChunked, DecodesHoweverTheBytesArrive) {
  std::string first(9000, 'a');
  std::string raw = "2328\r\n" + first + "\r\n3\r\nend\r\n0\r\nx-amz-checksum-crc32: AAAAAA==\r\nOther:  b \r\n\r\n";
  for (std::size_t step : {1U, 2U, 3U, 100U, 4096U, 100'000U}) {
    Outcome outcome = decode(raw, true, step);
    EXPECT_EQ(outcome.error, "") << step;
    EXPECT_EQ(outcome.content, first + "end") << step;
    EXPECT_EQ(outcome.trailers.get("x-amz-checksum-crc32"), "AAAAAA==");
    EXPECT_EQ(outcome.trailers.get("other"), "b");
  }
}

TEST(AwsChunked, EveryCutIsNoticed) {
  std::string raw = "3\r\nabc\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n";
  for (std::size_t size = 0; size < raw.size(); ++size) {
    EXPECT_EQ(decode(raw.substr(0, size), true, 1000).error, "IncompleteBody") << size;
  }
  EXPECT_EQ(decode(raw, true, 1000).error, "");
}

TEST(AwsChunked, RefusesWhatIsMalformed) {
  EXPECT_EQ(decode("zz\r\nabc\r\n0\r\n\r\n", false, 100).error, "IncompleteBody");
  EXPECT_EQ(decode("-3\r\nabc\r\n0\r\n\r\n", false, 100).error, "IncompleteBody");
  EXPECT_EQ(decode("3\r\nabcd\r\n0\r\n\r\n", false, 100).error, "IncompleteBody");
  EXPECT_EQ(decode("ffffffffffffffff\r\nabc", false, 100).error, "IncompleteBody");
  EXPECT_EQ(decode("0\r\n\r\nmore", false, 100).error, "IncompleteBody");
  EXPECT_EQ(decode(std::string(10'000, '1'), false, 100).error, "IncompleteBody");
  EXPECT_EQ(decode("3\r\nabc\r\n3\r\nabc\r\n0\r\n\r\n", false, 100).error, "InvalidChunkSizeError");
  EXPECT_EQ(decode("0\r\nno colon\r\n\r\n", true, 100).error, "MalformedTrailerError");
  std::string many = "0\r\n";
  for (int i = 0; i < 100; ++i) many += "a:b\r\n";
  EXPECT_EQ(decode(many + "\r\n", true, 100).error, "MalformedTrailerError");
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html: the example of 66,560 bytes in three chunks.
TEST(AwsChunked, VerifiesTheSignaturesOfTheSpecification) {
  auto key = std::make_shared<const wire::SigningKey>("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                                                      wire::SigningScope{.day = "20130524", .region = "us-east-1"});
  auto decode_signed = [&](std::string content) {
    std::string raw = "10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n" +
                      content.substr(0, 65'536) +
                      "\r\n400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n" +
                      content.substr(65'536) +
                      "\r\n0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n";
    TextSource source(raw, 5000);
    AwsChunkedBody body(
        source,
        std::make_unique<wire::ChunkSigner>(key, "20130524T000000Z",
                                            "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"),
        false);
    std::array<std::byte, 10'000> block;
    for (;;) {
      auto count = body.read(block);
      if (!count) return std::string(count.error().service_code());
      if (*count == 0) return std::string("right");
    }
  };
  std::string content(66'560, 'a');
  EXPECT_EQ(decode_signed(content), "right");
  content[66'000] = 'b';
  EXPECT_EQ(decode_signed(content), "SignatureDoesNotMatch");
}

}  // namespace
}  // namespace orlop::server
