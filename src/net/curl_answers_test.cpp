// The transport against a server that breaks every rule there is (and one that keeps them).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/exchange.h"

namespace orlop::net {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

struct BrokenAnswer {
  const char* name;
  std::string bytes;
  Code code;
};

class Broken : public ::testing::TestWithParam<BrokenAnswer> {};

TEST_P(Broken, IsAnErrorAndRepeatable) {
  ScriptedServer server(once(GetParam().bytes));
  const auto answer = get(server.url("/key?X-Amz-Signature=secret"));
  ASSERT_FALSE(answer) << answer->body;
  EXPECT_EQ(answer.error().code(), GetParam().code) << answer.error().to_string();
  EXPECT_EQ(answer.error().retry(), Retry::safe);
  EXPECT_FALSE(answer.error().outcome_unknown());
  EXPECT_THAT(answer.error().to_string(), HasSubstr("127.0.0.1:" + std::to_string(server.port())));
  EXPECT_THAT(answer.error().to_string(), Not(HasSubstr("secret")));
  EXPECT_THAT(answer.error().to_string(), Not(HasSubstr("\n")));
}

INSTANTIATE_TEST_SUITE_P(
    CurlTransport, Broken,
    ::testing::Values(
        BrokenAnswer{"Nothing", "", Code::unavailable},
        BrokenAnswer{"CutInStatusLine", "HTTP/1.1 20", Code::unavailable},
        BrokenAnswer{"CutAfterStatusLine", "HTTP/1.1 200 OK\r\n", Code::unavailable},
        BrokenAnswer{"CutInHeaders", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nETag: \"", Code::unavailable},
        BrokenAnswer{"CutAfterHeaders", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", Code::data_corrupted},
        BrokenAnswer{"CutBeforeBlankLine", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", Code::unavailable},
        BrokenAnswer{"CutInBody", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", Code::data_corrupted},
        BrokenAnswer{"CutInChunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
                     Code::data_corrupted},
        BrokenAnswer{"NoLastChunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
                     Code::data_corrupted},
        BrokenAnswer{"CutInLastChunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r",
                     Code::data_corrupted},
        BrokenAnswer{"OnlyContinue", "HTTP/1.1 100 Continue\r\n\r\n", Code::unavailable},
        BrokenAnswer{"CutInContinue", "HTTP/1.1 100 Cont", Code::unavailable},
        BrokenAnswer{"NoLength", "HTTP/1.1 200 OK\r\n\r\nhello", Code::data_corrupted},
        BrokenAnswer{"TwoLengths", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 3\r\n\r\nhello",
                     Code::data_corrupted},
        BrokenAnswer{"NegativeLength", "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello", Code::data_corrupted},
        BrokenAnswer{"NoHttp", "<html>hello</html>\r\n\r\n", Code::data_corrupted},
        BrokenAnswer{"Http09", "hello world, this is not a header block at all\n", Code::data_corrupted},
        BrokenAnswer{"HeaderWithoutName", "HTTP/1.1 200 OK\r\n: x\r\nContent-Length: 0\r\n\r\n", Code::data_corrupted},
        BrokenAnswer{"FoldedHeader", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nx: a\r\n b\r\n\r\n",
                     Code::data_corrupted},
        BrokenAnswer{"WrongChunkSize", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n",
                     Code::unavailable}),
    [](const auto& broken) { return broken.param.name; });

TEST(CurlTransport, TooManyOrTooLongHeadersAreRefused) {
  std::string many = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n";
  for (int i = 0; i < 300; ++i) many += "x-" + std::to_string(i) + ": y\r\n";
  std::string large = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n";
  for (int i = 0; i < 20; ++i) large += "x-" + std::to_string(i) + ": " + std::string(4000, 'y') + "\r\n";
  for (const std::string& head : {many, large}) {
    ScriptedServer server(once(head + "\r\n"));
    const auto answer = get(server.url());
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code(), Code::data_corrupted);
  }
}

TEST(CurlTransport, BytesBeforeACutAreDelivered) {
  ScriptedServer server(once("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"));
  const auto response = curl_transport({})->send({}, request_of("GET", server.url()));
  ASSERT_TRUE(response);
  std::vector<std::byte> buffer(100);
  const auto first = (*response)->read(buffer);
  ASSERT_TRUE(first);
  EXPECT_EQ(as_text(Bytes(buffer).first(*first)), "hello");
  for (int i = 0; i < 2; ++i) {
    const auto next = (*response)->read(buffer);
    ASSERT_FALSE(next);
    EXPECT_EQ(next.error().code(), Code::data_corrupted);
    EXPECT_EQ(next.error().retry(), Retry::safe);
  }
}

TEST(CurlTransport, ResetMidBodyIsAnError) {
  ScriptedServer server([](Connection& connection, int) {
    connection.head();
    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
    connection.sleep(50ms);
    connection.reset();
  });
  const auto answer = get(server.url());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().retry(), Retry::safe);
}

TEST(CurlTransport, ErrorAnswersMayEndWithTheConnection) {  // as HAProxy's do
  ScriptedServer server(once("HTTP/1.0 503 Service Unavailable\r\nConnection: close\r\n\r\n<html>"));
  const auto answer = get(server.url());
  ASSERT_TRUE(answer) << answer.error().to_string();
  EXPECT_EQ(answer->status, 503);
  EXPECT_EQ(answer->body, "<html>");
}

TEST(CurlTransport, InterimAnswersAreSkipped) {
  ScriptedServer server(
      once("HTTP/1.1 100 Continue\r\nx: 1\r\n\r\nHTTP/1.1 103 Early Hints\r\nETag: \"no\"\r\n\r\n" + hello));
  const auto response = curl_transport({})->send({}, request_of("GET", server.url()));
  ASSERT_TRUE(response) << response.error().to_string();
  EXPECT_EQ((*response)->status(), 200);
  EXPECT_EQ((*response)->headers().get("etag"), "\"x\"");
  EXPECT_FALSE((*response)->headers().has("x"));
}

TEST(CurlTransport, RedirectsAreAnswers) {
  ScriptedServer server(once("HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"));
  const auto answer = get(server.url());
  ASSERT_TRUE(answer) << answer.error().to_string();
  EXPECT_EQ(answer->status, 307);
}

TEST(CurlTransport, ContentIsNotDecoded) {
  ScriptedServer server(once("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello"));
  EXPECT_EQ(get(server.url()).value().body, "hello");
}

}  // namespace
}  // namespace orlop::net
