// Which connections the transport uses again, which it may not, and what comes of those that fail.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "net/text_body.h"
#include "tests/support/exchange.h"

namespace orlop::net {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

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
  EXPECT_EQ(answer.error().message(),
            "cannot connect to 127.0.0.1:" + std::to_string(port) + ": Connection refused; check the endpoint");
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

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

// In a child, whose limit is its own. Another user is another origin, and another time-out another pool.
int descriptors_of_many_origins(const ScriptedServer& server) {
  ::close_range(3, ~0U, 0);  // what other tests left open
  const rlimit few{120, 120};
  if (::setrlimit(RLIMIT_NOFILE, &few) != 0) return -1;
  const auto url_of = [&](int origin) {
    return "http://user" + std::to_string(origin) + "@127.0.0.1:" + std::to_string(server.port()) + "/key";
  };
  const auto options_of = [](int origin) {
    HttpOptions options;
    options.connect_timeout += 1s * (origin % 3);
    return options;
  };
  const std::size_t before = open_descriptors();
  for (int origin = 0; origin < 60; ++origin)
    if (!get(url_of(origin), {}, options_of(origin))) return -1;
  Recorder recorder;
  Context context;
  context.trace = &recorder;
  for (int origin : {59, 0})
    if (!get(url_of(origin), context, options_of(origin))) return -1;
  const auto events = recorder.events();  // the latest connection is still there, the first is not
  if (!events.front().reused_connection || events.back().reused_connection) return -1;
  return static_cast<int>(open_descriptors() - before);
}

TEST(CurlTransport, IdleConnectionsLeaveDescriptorsToTheProgram) {
  ScriptedServer server(always(hello));
  // The server's thread is at rest then: it must not hold a lock of a sanitizer's allocator when the child is made.
  ASSERT_TRUE(get(server.url()));
  const pid_t child = fork();
  if (child == 0) _exit(descriptors_of_many_origins(server));
  int status = -1;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_LE(WEXITSTATUS(status), 16 * 3 + 4);
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
