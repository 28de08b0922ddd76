// The transport against a server that breaks every rule there is (and one that keeps them).
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstring>
#include <thread>

#include "net/http.h"
#include "tests/support/scripted_server.h"

namespace orlop::net {
namespace {

using namespace std::chrono_literals;
using testing::Connection;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::ScriptedServer;

class TextBody final : public BodySource {
 public:
  explicit TextBody(std::string text) : text_(std::move(text)) {}
  std::uint64_t size() const noexcept override { return text_.size(); }
  Result<std::size_t> read(MutableBytes out) override {
    const std::size_t count = std::min(out.size(), text_.size() - at_);
    std::memcpy(out.data(), text_.data() + at_, count);
    at_ += count;
    return count;
  }
  void rewind() noexcept override { at_ = 0; }

 private:
  std::string text_;
  std::size_t at_ = 0;
};

class Recorder final : public TraceSink {
 public:
  void on_request(const RequestEvent& event) noexcept override {
    const std::lock_guard lock(mutex_);
    events_.push_back(event);
    hosts_.emplace_back(event.host);
  }
  std::vector<RequestEvent> events() const { return events_; }
  std::string host() const { return hosts_.back(); }

 private:
  std::mutex mutex_;
  std::vector<RequestEvent> events_;
  std::vector<std::string> hosts_;
};

// Limits short enough for tests of limits; what tests anything else is patient, for the machine may be busy.
HttpOptions quick() {
  HttpOptions options;
  options.connect_timeout = 2s;
  options.first_byte_timeout = 300ms;
  options.stall_timeout = 300ms;
  return options;
}

HttpRequest request_of(std::string_view method, std::string url, BodySource* body = nullptr) {
  HttpRequest request;
  request.method = method;
  request.url = std::move(url);
  request.body = body;
  return request;
}

struct Answer {
  int status;
  std::string body;
};

// Sends, reads the whole body.
Result<Answer> exchange(const HttpRequest& request, const Context& context = {}, const HttpOptions& options = {}) {
  ORLOP_ASSIGN(const auto response, curl_transport(options)->send(context, request));
  ORLOP_ASSIGN(std::string body, response->read_all(64 << 20));
  return Answer{response->status(), std::move(body)};
}

Result<Answer> get(const std::string& url, const Context& context = {}, const HttpOptions& options = {}) {
  return exchange(request_of("GET", url), context, options);
}

// Answers every request of every connection with the same bytes.
ScriptedServer::Script always(std::string answer) {
  return [answer](Connection& connection, int) {
    while (!connection.head().empty() && connection.write(answer)) continue;
  };
}

// Answers once with these bytes and closes.
ScriptedServer::Script once(std::string answer) {
  return [answer](Connection& connection, int) {
    if (!connection.head().empty()) connection.write(answer);
  };
}

const std::string hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: \"x\"\r\n\r\nhello";

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
  TextBody body(std::string(5'000'000, 'u'));
  Recorder recorder;
  Context context;
  context.trace = &recorder;
  const auto answer = exchange(request_of("PUT", server.url(), &body), context);
  ASSERT_TRUE(answer) << answer.error().to_string();
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(received, std::string(5'000'000, 'u'));
  EXPECT_EQ(recorder.events().at(0).bytes_sent, 5'000'000U);
}

TEST(CurlTransport, SmallUploadsDoNotAskFirst) {
  std::string head;
  ScriptedServer server([&](Connection& connection, int) {
    head = connection.head();
    connection.body(1000);
    connection.write(hello);
  });
  TextBody body(std::string(1000, 'u'));
  ASSERT_TRUE(exchange(request_of("PUT", server.url(), &body)));
  EXPECT_THAT(head, Not(HasSubstr("Expect")));
}

TEST(CurlTransport, AnEarlyAnswerEndsAnUpload) {
  ScriptedServer server([&](Connection& connection, int) {
    connection.head();
    connection.write("HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\nConnection: close\r\n\r\nnope");
    connection.closed_within(1s);
  });
  TextBody body(std::string(5'000'000, 'u'));
  const auto answer = exchange(request_of("PUT", server.url(), &body));
  ASSERT_TRUE(answer) << answer.error().to_string();
  EXPECT_EQ(answer->status, 403);
  EXPECT_EQ(answer->body, "nope");
}

TEST(CurlTransport, AnEarlySuccessIsNone) {
  ScriptedServer server([&](Connection& connection, int) {
    connection.head();
    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    connection.closed_within(1s);
  });
  TextBody body(std::string(50'000'000, 'u'));
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

TEST(CurlTransport, ConnectionsAreReused) {
  ScriptedServer server(always(hello));
  Recorder recorder;
  Context context;
  context.trace = &recorder;
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(get(server.url(), context));
  EXPECT_EQ(server.connections(), 1);
  const auto events = recorder.events();
  ASSERT_EQ(events.size(), 100U);
  EXPECT_FALSE(events.front().reused_connection);
  EXPECT_TRUE(events.back().reused_connection);
  EXPECT_EQ(events.back().status, 200);
  EXPECT_EQ(events.back().bytes_received, 5U);
  EXPECT_EQ(recorder.host(), "127.0.0.1:" + std::to_string(server.port()));
}

TEST(CurlTransport, EqualOptionsShareConnectionsOthersDoNot) {
  ScriptedServer server(always(hello));
  ASSERT_TRUE(get(server.url()));
  ASSERT_TRUE(get(server.url()));
  EXPECT_EQ(server.connections(), 1);
  HttpOptions other;
  other.stall_timeout = 301ms;
  ASSERT_TRUE(exchange(request_of("GET", server.url()), {}, other));
  EXPECT_EQ(server.connections(), 2);
}

TEST(CurlTransport, AnAnswerGivenUpClosesItsConnection) {
  std::atomic<bool> closed{false};
  ScriptedServer server([&](Connection& connection, int number) {
    connection.head();
    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
    if (number == 0) closed = connection.closed_within(2s);
  });
  { ASSERT_TRUE(curl_transport({})->send({}, request_of("GET", server.url()))); }
  for (int i = 0; i < 500 && !closed; ++i) std::this_thread::sleep_for(2ms);
  EXPECT_TRUE(closed);
}

// S3 closes idle connections after some seconds: the FIN is noticed before anything is sent.
TEST(CurlTransport, AConnectionClosedWhileIdleIsReplaced) {
  std::atomic<int> requests{0};
  ScriptedServer server([&](Connection& connection, int) {
    if (connection.head().empty()) return;
    ++requests;
    connection.body(4);
    connection.write(hello);
  });
  TextBody body("body");
  for (int i = 0; i < 3; ++i) {
    const auto answer = exchange(request_of("PUT", server.url(), &body));
    ASSERT_TRUE(answer) << answer.error().to_string();
    std::this_thread::sleep_for(30ms);
  }
  EXPECT_EQ(requests, 3);
  EXPECT_EQ(server.connections(), 3);
}

// The second request of the first connection is read and dropped.
ScriptedServer::Script drops_second_request(std::atomic<int>& requests) {
  return [&requests](Connection& connection, int number) {
    for (int i = 0; !connection.head().empty(); ++i) {
      ++requests;
      if (number == 0 && i == 1) return;
      connection.write(hello);
    }
  };
}

TEST(CurlTransport, AGetLostOnAReusedConnectionIsRepeated) {
  std::atomic<int> requests{0};
  ScriptedServer server(drops_second_request(requests));
  ASSERT_TRUE(get(server.url()));
  const auto second = get(server.url());
  ASSERT_TRUE(second) << second.error().to_string();
  EXPECT_EQ(requests, 3);
}

TEST(CurlTransport, APostLostOnAReusedConnectionIsNot) {
  std::atomic<int> requests{0};
  ScriptedServer server(drops_second_request(requests));
  ASSERT_TRUE(get(server.url()));
  const auto second = exchange(request_of("POST", server.url()));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), Code::unavailable);
  EXPECT_TRUE(second.error().outcome_unknown());
  EXPECT_EQ(requests, 2);
}

TEST(CurlTransport, AWriteWithoutAnswerHasAnUnknownOutcome) {
  ScriptedServer server([](Connection& connection, int) {
    connection.head();
    connection.body(4);
  });
  TextBody body("body");
  const auto answer = exchange(request_of("PUT", server.url(), &body));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::unavailable);
  EXPECT_EQ(answer.error().retry(), Retry::safe);
  EXPECT_TRUE(answer.error().outcome_unknown());
}

TEST(CurlTransport, NobodyListensIsUnavailable) {
  int port;
  { port = ScriptedServer(always(hello)).port(); }
  TextBody body("body");
  const auto url = "http://user:word@127.0.0.1:" + std::to_string(port) + "/key?token=secret";
  const auto answer = exchange(request_of("PUT", url, &body));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::unavailable);
  EXPECT_EQ(answer.error().retry(), Retry::safe);
  EXPECT_FALSE(answer.error().outcome_unknown());
  EXPECT_EQ(answer.error().message(), "cannot connect to 127.0.0.1:" + std::to_string(port) + ": Connection refused");
}

TEST(CurlTransport, AnUnknownHostIsUnavailable) {
  const auto answer = get("http://no-such-host.invalid/key");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::unavailable);
  EXPECT_THAT(answer.error().to_string(), HasSubstr("no-such-host.invalid"));
}

TEST(CurlTransport, AnythingButHttpIsRefused) {
  for (const char* url : {"ftp://127.0.0.1/", "file:///etc/passwd", "127.0.0.1", "", "http://[::1/", "http://a b/"}) {
    const auto answer = get(url);
    ASSERT_FALSE(answer) << url;
    EXPECT_EQ(answer.error().code(), Code::invalid_argument) << url << answer.error().to_string();
  }
}

using Steady = std::chrono::steady_clock;

TEST(CurlTransport, SilenceEndsAtTheFirstByteLimit) {
  ScriptedServer server([](Connection& connection, int) {
    connection.head();
    connection.closed_within(5s);
  });
  const auto begin = Steady::now();
  const auto answer = get(server.url(), {}, quick());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::timeout);
  EXPECT_EQ(answer.error().retry(), Retry::safe);
  EXPECT_THAT(answer.error().to_string(), HasSubstr("first_byte_timeout"));
  EXPECT_GE(Steady::now() - begin, 290ms);
  EXPECT_LT(Steady::now() - begin, 3s);
}

TEST(CurlTransport, AStalledBodyEndsAtTheStallLimit) {
  ScriptedServer server([](Connection& connection, int) {
    connection.head();
    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
    connection.closed_within(5s);
  });
  const auto begin = Steady::now();
  const auto answer = get(server.url(), {}, quick());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::timeout);
  EXPECT_THAT(answer.error().to_string(), HasSubstr("stall_timeout"));
  EXPECT_LT(Steady::now() - begin, 3s);
}

// A byte now and then must not restart the clock: in the headers or in the body.
TEST(CurlTransport, ATrickleEnds) {
  for (const std::string whole : {"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", ""}) {
    ScriptedServer server([&](Connection& connection, int) {
      connection.head();
      connection.write(whole);
      const std::string endless =
          whole.empty() ? "HTTP/1.1 200 OK\r\nx-header: " + std::string(2000, 'x') : std::string(1000, 'b');
      for (const char c : endless) {
        if (!connection.write({&c, 1})) return;
        connection.sleep(20ms);
      }
    });
    const auto begin = Steady::now();
    const auto answer = get(server.url(), {}, quick());
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code(), Code::timeout) << answer.error().to_string();
    EXPECT_LT(Steady::now() - begin, 5s);
  }
}

TEST(CurlTransport, AnUploadNobodyReadsEnds) {
  ScriptedServer server([](Connection& connection, int) {
    connection.head();
    connection.write("HTTP/1.1 100 Continue\r\n\r\n");
    connection.sleep(5s);
  });
  TextBody body(std::string(64 << 20, 'u'));
  const auto begin = Steady::now();
  const auto answer = exchange(request_of("PUT", server.url(), &body), {}, quick());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::timeout);
  EXPECT_TRUE(answer.error().outcome_unknown());
  EXPECT_LT(Steady::now() - begin, 5s);
}

TEST(CurlTransport, APauseOfTheReaderIsNoStall) {
  ScriptedServer server([](Connection& connection, int) {
    connection.head();
    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
    connection.sleep(500ms);
    connection.write("world");
    connection.closed_within(1s);
  });
  HttpOptions options;
  options.stall_timeout = 300ms;
  const auto response = curl_transport(options)->send({}, request_of("GET", server.url()));
  ASSERT_TRUE(response);
  std::this_thread::sleep_for(600ms);
  EXPECT_EQ((*response)->read_all(100).value(), "helloworld");
}

TEST(CurlTransport, TheDeadlineEndsEverything) {
  ScriptedServer server([](Connection& connection, int) {
    connection.head();
    connection.closed_within(5s);
  });
  const auto begin = Steady::now();
  const auto answer = get(server.url(), Context().with_timeout(100ms));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::timeout);
  EXPECT_LT(Steady::now() - begin, 2s);
  EXPECT_FALSE(get(server.url(), Context().with_timeout(-1ms)));
}

TEST(CurlTransport, TheDeadlineEndsABodyThatFlows) {
  ScriptedServer server([](Connection& connection, int) {
    connection.head();
    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100000000000\r\n\r\n");
    while (connection.write(std::string(65536, 'x'))) continue;
  });
  const auto begin = Steady::now();
  const auto response = curl_transport({})->send(Context().with_timeout(200ms), request_of("GET", server.url()));
  ASSERT_TRUE(response);
  std::vector<std::byte> buffer(65536);
  Result<std::size_t> got = std::size_t{1};
  while (got && *got > 0) got = (*response)->read(buffer);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code(), Code::timeout);
  EXPECT_LT(Steady::now() - begin, 2s);
}

TEST(CurlTransport, StopEndsABlockedCallAtOnce) {
  ScriptedServer server([](Connection& connection, int) {
    connection.head();
    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
    connection.closed_within(5s);
  });
  std::stop_source source;
  Context context;
  context.stop = source.get_token();
  const auto response = curl_transport({})->send(context, request_of("GET", server.url()));
  ASSERT_TRUE(response);
  Steady::time_point stopped;
  std::jthread stopper([&] {
    std::this_thread::sleep_for(50ms);
    stopped = Steady::now();
    source.request_stop();
  });
  std::vector<std::byte> buffer(10);
  const auto got = (*response)->read(buffer);
  const auto ended = Steady::now();
  stopper.join();
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code(), Code::canceled);
  EXPECT_LT(ended - stopped, 1s);  // 100 ms on a machine that is not busy
}

TEST(CurlTransport, SixtyFourThreads) {
  ScriptedServer server(always(hello));
  std::atomic<int> good{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 64; ++i)
      threads.emplace_back([&] {
        for (int round = 0; round < 20; ++round) {
          const auto answer = get(server.url());
          if (answer && answer->body == "hello") ++good;
        }
      });
  }
  EXPECT_EQ(good, 64 * 20);
  EXPECT_LE(server.connections(), 64);
}

// The child must not use, nor say good-bye on, the connection it inherited.
TEST(CurlTransport, AForkedChildStartsAnew) {
  ScriptedServer server(always(hello));
  const auto transport = curl_transport({});
  const auto ask = [&] {
    const auto response = transport->send({}, request_of("GET", server.url()));
    return response && (*response)->read_all(100).value_or("") == "hello";
  };
  ASSERT_TRUE(ask());
  auto open = transport->send({}, request_of("GET", server.url()));
  ASSERT_TRUE(open);
  const pid_t child = fork();
  if (child == 0) {
    open->reset();
    _exit(ask() && ask() ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ((*open)->read_all(100).value_or("lost"), "hello");
  ASSERT_TRUE(ask());
  EXPECT_EQ(server.connections(), 2);
}

}  // namespace
}  // namespace orlop::net
