// What ends an exchange that goes on for too long.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "net/text_body.h"
#include "tests/support/exchange.h"

namespace orlop::net {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

using Steady = std::chrono::steady_clock;

// Limits short enough for tests of limits; what tests anything else is patient, for the machine may be busy.
HttpOptions quick() {
  HttpOptions options;
  options.connect_timeout = 2s;
  options.first_byte_timeout = 300ms;
  options.stall_timeout = 300ms;
  return options;
}

// The error of what ends by a limit of the transport, and long before the server does.
template <class Exchange>
Error timeout_of(Steady::duration at_most, Exchange&& exchange) {
  const auto begin = Steady::now();
  const auto answer = exchange();
  EXPECT_LT(Steady::now() - begin, at_most);
  const Error error = answer ? Error(Code::unknown, "it succeeded") : answer.error();
  EXPECT_EQ(error.code(), Code::timeout) << error.to_string();
  return error;
}

TEST(CurlTransport, SilenceEndsAtTheFirstByteLimit) {
  ScriptedServer server(answers_and_waits("", 5s));
  const auto begin = Steady::now();
  const Error error = timeout_of(3s, [&] { return get(server.url(), {}, quick()); });
  EXPECT_GE(Steady::now() - begin, 290ms);
  EXPECT_EQ(error.retry(), Retry::safe);
  EXPECT_THAT(error.to_string(), HasSubstr("first_byte_timeout"));
}

TEST(CurlTransport, AStalledBodyEndsAtTheStallLimit) {
  ScriptedServer server(answers_and_waits("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", 5s));
  const Error error = timeout_of(3s, [&] { return get(server.url(), {}, quick()); });
  EXPECT_THAT(error.to_string(), HasSubstr("stall_timeout"));
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
    static_cast<void>(timeout_of(5s, [&] { return get(server.url(), {}, quick()); }));
  }
}

TEST(CurlTransport, AnUploadNobodyReadsEnds) {
  ScriptedServer server([](Connection& connection, int) {
    connection.head();
    connection.write("HTTP/1.1 100 Continue\r\n\r\n");
    connection.sleep(5s);
  });
  const std::string text(64 << 20, 'u');
  TextBody body(text);
  const Error error = timeout_of(5s, [&] { return exchange(request_of("PUT", server.url(), &body), {}, quick()); });
  EXPECT_TRUE(error.outcome_unknown());
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
  ScriptedServer server(answers_and_waits("", 5s));
  static_cast<void>(timeout_of(2s, [&] { return get(server.url(), Context().with_timeout(100ms)); }));
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
  ScriptedServer server(answers_and_waits("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", 5s));
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

}  // namespace
}  // namespace orlop::net
