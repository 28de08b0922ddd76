#include "engine/bandwidth.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace orlop::engine {
namespace {

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

void move(Bandwidth& bandwidth, std::size_t bytes) {
  for (std::size_t done = 0; done < bytes; done += bandwidth.slice())
    ASSERT_TRUE(bandwidth.take({}, bandwidth.slice()).has_value());
}

TEST(EngineBandwidth, ManyShareOneRate) {
  Bandwidth bandwidth(1 << 20);
  const auto begin = Clock::now();
  std::vector<std::thread> movers;
  for (int i = 0; i < 4; ++i) movers.emplace_back([&] { move(bandwidth, 128 << 10); });
  for (std::thread& mover : movers) mover.join();
  EXPECT_GT(seconds_since(begin), 0.4);
  EXPECT_LT(seconds_since(begin), 0.9);
}

TEST(EngineBandwidth, IdleTimeIsNoCreditForLater) {
  Bandwidth bandwidth(1 << 20);
  std::this_thread::sleep_for(Milliseconds(300));
  const auto begin = Clock::now();
  move(bandwidth, 256 << 10);
  EXPECT_GT(seconds_since(begin), 0.15);
}

TEST(EngineBandwidth, FastLimitsAreReached) {
  Bandwidth bandwidth(1ULL << 30);
  const auto begin = Clock::now();
  move(bandwidth, 256 << 20);
  EXPECT_GT(seconds_since(begin), 0.15);
  EXPECT_LT(seconds_since(begin), 0.6);
}

TEST(EngineBandwidth, SlicesFollowTheRate) {
  EXPECT_EQ(Bandwidth(1).slice(), 1U);
  EXPECT_EQ(Bandwidth(0).slice(), 1U);
  EXPECT_EQ(Bandwidth(1 << 20).slice(), std::size_t{(1 << 20) / 50});
  EXPECT_EQ(Bandwidth(UINT64_MAX).slice(), std::size_t{4 << 20});
}

TEST(EngineBandwidth, WaitingEndsWithTheCall) {
  Bandwidth bandwidth(10);
  Context late;
  late = late.with_timeout(Milliseconds(50));
  auto begin = Clock::now();
  EXPECT_EQ(bandwidth.take(late, 100).error().code(), Code::timeout);
  EXPECT_LT(seconds_since(begin), 1);

  std::stop_source source;
  Context stopped;
  stopped.stop = source.get_token();
  std::thread stopper([&] {
    std::this_thread::sleep_for(Milliseconds(50));
    source.request_stop();
  });
  begin = Clock::now();
  EXPECT_EQ(bandwidth.take(stopped, 100).error().code(), Code::canceled);
  EXPECT_LT(seconds_since(begin), 1);
  stopper.join();
}

}  // namespace
}  // namespace orlop::engine
