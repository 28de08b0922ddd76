// Exchanges on fibers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <thread>

#include "net/text_body.h"
#include "orlop/async.h"
#include "tests/support/exchange.h"

namespace orlop::net {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

std::future<Result<Answer>> get_async(std::string url, Context context = {}, HttpOptions options = {}) {
  return async([=] { return get(url, context, options); });
}

std::ptrdiff_t open_sockets() {
  std::ptrdiff_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    struct stat status {};
    if (::stat(entry.path().c_str(), &status) == 0 && S_ISSOCK(status.st_mode)) ++count;
  }
  return count;
}

TEST(CurlOnFiber, GetsAnAnswer) {
  ScriptedServer server(always(hello));
  for (int i = 0; i < 3; ++i) {
    const auto answer = get_async(server.url()).get();
    ASSERT_TRUE(answer) << answer.error().to_string();
    EXPECT_EQ(answer->body, "hello");
  }
}

TEST(CurlOnFiber, KeepsItsConnection) {
  ScriptedServer server(always(hello));
  Recorder recorder;
  Context watched;
  watched.trace = &recorder;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(get_async(server.url(), watched).get());
  EXPECT_FALSE(recorder.events()[0].reused_connection);
  EXPECT_TRUE(recorder.events()[2].reused_connection);
}

TEST(CurlOnFiber, ManyAtATime) {
  ScriptedServer server(always(hello));
  std::vector<std::future<Result<Answer>>> answers;
  for (int i = 0; i < 400; ++i) answers.push_back(get_async(server.url()));
  for (auto& answer : answers) {
    const auto got = answer.get();
    ASSERT_TRUE(got) << got.error().to_string();
    EXPECT_EQ(got->body, "hello");
  }
}

TEST(CurlOnFiber, LargeBodiesBothWays) {
  const std::string large(3'000'000, 'x');
  ScriptedServer server([&](Connection& connection, int) {
    connection.head();
    connection.write("HTTP/1.1 100 Continue\r\n\r\n");
    const std::string body = connection.body(large.size());
    connection.write("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  });
  auto answer = async([&] {
                  TextBody body(large);
                  return exchange(request_of("PUT", server.url(), &body));
                }).get();
  ASSERT_TRUE(answer) << answer.error().to_string();
  EXPECT_TRUE(answer->body == large);
}

TEST(CurlOnFiber, ABodyBegunOnOneKindOfThreadGoesOnOnTheOther) {
  const std::string large(2'000'000, 'y');
  ScriptedServer server(
      always("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(large.size()) + "\r\n\r\n" + large));
  const auto start = [&] { return curl_transport({})->send({}, request_of("GET", server.url())); };
  auto on_fiber = async(start).get();
  ASSERT_TRUE(on_fiber);
  EXPECT_TRUE((*on_fiber)->read_all(64 << 20).value() == large);
  auto on_thread = start();
  ASSERT_TRUE(on_thread);
  EXPECT_TRUE(async([&] { return (*on_thread)->read_all(64 << 20); }).get().value() == large);
}

TEST(CurlOnFiber, SilenceEndsAtTheFirstByteLimit) {
  HttpOptions options;
  options.first_byte_timeout = 200ms;
  ScriptedServer server(answers_and_waits("", 5s));
  const auto answer = get_async(server.url(), {}, options).get();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::timeout);
  EXPECT_THAT(answer.error().to_string(), HasSubstr("first_byte_timeout"));
}

TEST(CurlOnFiber, TheDeadlineEndsIt) {
  ScriptedServer server(answers_and_waits("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", 5s));
  const auto begin = Clock::now();
  const auto answer = get_async(server.url(), Context{}.with_timeout(100ms)).get();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::timeout);
  EXPECT_LT(Clock::now() - begin, 3s);
}

TEST(CurlOnFiber, StoppingClosesTheConnectionAtOnce) {
  const auto before = open_sockets();
  std::atomic<int> closed{0};
  auto server = std::make_unique<ScriptedServer>([&](Connection& connection, int) {
    connection.head();
    if (connection.closed_within(10s)) ++closed;
  });
  std::stop_source stop;
  Context context;
  context.stop = stop.get_token();
  std::vector<std::future<Result<Answer>>> answers;
  for (int i = 0; i < 20; ++i) answers.push_back(get_async(server->url(), context));
  while (server->connections() < 20) std::this_thread::sleep_for(2ms);
  const auto begin = Clock::now();
  stop.request_stop();
  for (auto& answer : answers) {
    const auto got = answer.get();
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code(), Code::canceled);
  }
  while (closed < 20 && Clock::now() - begin < 5s) std::this_thread::sleep_for(2ms);
  EXPECT_EQ(closed, 20);
  server.reset();
  EXPECT_LE(open_sockets(), before);
}

TEST(CurlOnFiber, ARefusedConnectionIsAnError) {
  std::string url;
  {
    ScriptedServer server(always(hello));
    url = server.url();
  }
  const auto answer = get_async(url).get();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::unavailable);
}

TEST(CurlOnFiber, ABrokenConnectionIsAnError) {
  ScriptedServer server([](Connection& connection, int) {
    connection.head();
    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhel");
    connection.reset();
  });
  const auto answer = get_async(server.url()).get();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().retry(), Retry::safe);
}

}  // namespace
}  // namespace orlop::net
