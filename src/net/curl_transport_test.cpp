// What the transport sends, and how it sends bodies.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/text_body.h"
#include "tests/support/exchange.h"

namespace orlop::net {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(CurlTransport, GetsABody) {
  ScriptedServer server(always(hello));
  const auto answer = get(server.url());
  ASSERT_TRUE(answer) << answer.error().to_string();
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "hello");
}

TEST(CurlTransport, SendsTheRequestAsItIs) {
  std::string seen;
  ScriptedServer server([&](Connection& connection, int) {
    seen = connection.head();
    connection.write(hello);
  });
  HttpRequest request = request_of("GET", server.url("/a/../b%2F/./c?x=%20&y"));
  request.headers = {"x-one: 1", "x-empty:", "x-blank: ", "x-colons: a:b"};
  ASSERT_TRUE(exchange(request));
  EXPECT_THAT(seen, ::testing::StartsWith("GET /a/../b%2F/./c?x=%20&y HTTP/1.1\r\n"));
  EXPECT_THAT(seen, HasSubstr("\r\nx-one: 1\r\n"));
  EXPECT_THAT(seen, HasSubstr("\r\nx-empty:\r\n"));
  EXPECT_THAT(seen, HasSubstr("\r\nx-blank:\r\n"));
  EXPECT_THAT(seen, HasSubstr("\r\nx-colons: a:b\r\n"));
  EXPECT_THAT(seen, Not(HasSubstr("Accept-Encoding")));
}

TEST(CurlTransport, SendsEveryMethodOnOneConnection) {
  std::vector<std::string> lines;
  ScriptedServer server([&](Connection& connection, int) {
    for (std::string head; !(head = connection.head()).empty();) {
      const auto length = head.find("Content-Length: ");
      const auto size = length == std::string::npos ? -1 : std::stol(head.substr(length + 16));
      const std::string body = size > 0 ? connection.body(static_cast<std::size_t>(size)) : "";
      lines.push_back(head.substr(0, head.find(' ')) + " " + std::to_string(size) + " " + body);
      connection.write(head.starts_with("HEAD") ? "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" : hello);
    }
  });
  TextBody body("body");
  const auto send = [&](std::string_view method, BodySource* source) {
    const auto answer = exchange(request_of(method, server.url(), source));
    ASSERT_TRUE(answer) << method << answer.error().to_string();
    EXPECT_EQ(answer->body, method == "HEAD" ? "" : "hello") << method;
  };
  for (int round = 0; round < 2; ++round) {
    send("GET", nullptr);
    send("HEAD", nullptr);
    send("PUT", &body);
    send("DELETE", nullptr);
    send("POST", &body);
    send("POST", nullptr);
    send("HEAD", nullptr);
    send("GET", nullptr);
  }
  const std::vector<std::string> expected{"GET -1 ",     "HEAD -1 ", "PUT 4 body", "DELETE -1 ",
                                          "POST 4 body", "POST 0 ",  "HEAD -1 ",   "GET -1 "};
  EXPECT_EQ(std::vector(lines.begin(), lines.begin() + 8), expected);
  EXPECT_EQ(std::vector(lines.begin() + 8, lines.end()), expected);
  EXPECT_EQ(server.connections(), 1);
}

TEST(CurlTransport, RefusesHeadersWithLineBreaks) {
  HttpRequest request = request_of("GET", "http://127.0.0.1:1/");
  request.headers = {"x: a\r\nx-amz-acl: public-read"};
  const auto answer = exchange(request);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::invalid_argument);
}

TEST(CurlTransport, StreamsALargeBodyThroughAnyBuffer) {
  std::string content(3'000'001, '\0');
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i * 31 + i / 256);
  ScriptedServer server(
      always("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(content.size()) + "\r\n\r\n" + content));
  for (const std::size_t size : {1777UL, 65'536UL, 4'000'000UL}) {
    const auto response = curl_transport({})->send({}, request_of("GET", server.url()));
    ASSERT_TRUE(response) << response.error().to_string();
    std::string got;
    std::vector<std::byte> buffer(size);
    for (;;) {
      const auto count = (*response)->read(buffer);
      ASSERT_TRUE(count) << count.error().to_string();
      if (*count == 0) break;
      got.append(as_text(Bytes(buffer).first(*count)));
    }
    EXPECT_TRUE(got == content);
    EXPECT_EQ(*(*response)->read(buffer), 0U);
  }
  EXPECT_EQ(server.connections(), 1);
}

TEST(CurlTransport, UploadsALargeBody) {
  std::string received;
  ScriptedServer server([&](Connection& connection, int) {
    const std::string head = connection.head();
    EXPECT_THAT(head, HasSubstr("Expect: 100-continue"));
    connection.write("HTTP/1.1 100 Continue\r\n\r\n");
    received = connection.body(5'000'000);
    connection.write(hello);
  });
  const std::string text(5'000'000, 'u');
  TextBody body(text);
  Recorder recorder;
  Context context;
  context.trace = &recorder;
  const auto answer = exchange(request_of("PUT", server.url(), &body), context);
  ASSERT_TRUE(answer) << answer.error().to_string();
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(received, text);
  EXPECT_EQ(recorder.events().at(0).bytes_sent, 5'000'000U);
}

TEST(CurlTransport, SmallUploadsDoNotAskFirst) {
  std::string head;
  ScriptedServer server([&](Connection& connection, int) {
    head = connection.head();
    connection.body(1000);
    connection.write(hello);
  });
  const std::string text(1000, 'u');
  TextBody body(text);
  ASSERT_TRUE(exchange(request_of("PUT", server.url(), &body)));
  EXPECT_THAT(head, Not(HasSubstr("Expect")));
}

TEST(CurlTransport, AnEarlyAnswerEndsAnUpload) {
  ScriptedServer server(
      answers_and_waits("HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\nConnection: close\r\n\r\nnope", 1s));
  const std::string text(5'000'000, 'u');
  TextBody body(text);
  const auto answer = exchange(request_of("PUT", server.url(), &body));
  ASSERT_TRUE(answer) << answer.error().to_string();
  EXPECT_EQ(answer->status, 403);
  EXPECT_EQ(answer->body, "nope");
}

TEST(CurlTransport, AnEarlySuccessIsNone) {
  ScriptedServer server(answers_and_waits("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", 1s));
  const std::string text(50'000'000, 'u');
  TextBody body(text);
  const auto answer = exchange(request_of("PUT", server.url(), &body));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::data_corrupted);
  EXPECT_TRUE(answer.error().outcome_unknown());
}

TEST(CurlTransport, ABodySourceThatFailsEndsTheExchangeWithItsError) {
  class Failing final : public BodySource {
   public:
    std::uint64_t size() const noexcept override { return 10; }
    Result<std::size_t> read(MutableBytes) override { return Error(Code::permission_denied, "the file"); }
    void rewind() noexcept override {}
  };
  ScriptedServer server(always(hello));
  Failing body;
  const auto answer = exchange(request_of("PUT", server.url(), &body));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::permission_denied);
}

TEST(CurlTransport, ABodySourceThatEndsEarlyIsNoSuccess) {
  class Short final : public BodySource {
   public:
    std::uint64_t size() const noexcept override { return 10; }
    Result<std::size_t> read(MutableBytes out) override {
      if (std::exchange(given_, true)) return std::size_t{0};
      out[0] = std::byte{'x'};
      return std::size_t{1};
    }
    void rewind() noexcept override { given_ = false; }

   private:
    bool given_ = false;
  };
  ScriptedServer server(always(hello));
  Short body;
  const auto answer = exchange(request_of("PUT", server.url(), &body));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::data_corrupted);
}

}  // namespace
}  // namespace orlop::net
