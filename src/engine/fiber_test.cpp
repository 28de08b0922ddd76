#include "engine/fiber.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>
#include <set>
#include <thread>

#include "engine/aside.h"
#include "engine/condition.h"
#include "orlop/context.h"

namespace orlop::engine {
namespace {

using namespace std::chrono_literals;

// The result of `work` on a fiber.
template <class Work>
auto on_fiber(Work work) {
  auto task = std::make_shared<std::packaged_task<decltype(work())()>>(std::move(work));
  Fiber::run([task] { (*task)(); });
  return task->get_future();
}

Context stopped_by(std::stop_token token) {
  Context context;
  context.stop = std::move(token);
  return context;
}

std::ptrdiff_t threads() {
  namespace fs = std::filesystem;
  return std::distance(fs::directory_iterator("/proc/self/task"), fs::directory_iterator());
}

TEST(Fiber, IsOneOnlyWhereItRuns) {
  EXPECT_EQ(Fiber::current(), nullptr);
  EXPECT_NE(on_fiber([] { return Fiber::current(); }).get(), nullptr);
}

TEST(Fiber, ManyWaitOnOneThread) {
  on_fiber([] {}).get();
  const auto before = threads();
  std::mutex mutex;
  std::set<std::thread::id> seen;
  std::vector<std::future<bool>> calls;
  const auto begin = Clock::now();
  for (unsigned i = 0; i < Fiber::running_limit; ++i)
    calls.push_back(on_fiber([&] {
      const bool slept = Context{}.sleep(100ms);
      const std::lock_guard lock(mutex);
      seen.insert(std::this_thread::get_id());
      return slept;
    }));
  EXPECT_LE(threads(), before);
  for (auto& call : calls) EXPECT_TRUE(call.get());
  EXPECT_EQ(seen.size(), 1U);
  EXPECT_LT(Clock::now() - begin, 5s);  // one after the other it were 25 s
}

TEST(Fiber, BeyondTheLimitTheyWaitForTheirTurn) {
  std::atomic<unsigned> now{0}, most{0};
  std::vector<std::future<void>> calls;
  for (unsigned i = 0; i < 3 * Fiber::running_limit; ++i)
    calls.push_back(on_fiber([&] {
      most = std::max(most.load(), ++now);
      static_cast<void>(Context{}.sleep(5ms));
      --now;
    }));
  for (auto& call : calls) call.get();
  EXPECT_EQ(most, Fiber::running_limit);
}

TEST(Fiber, AStoppedSleepEndsAtOnce) {
  std::stop_source stop;
  const auto begin = Clock::now();
  auto call = on_fiber([token = stop.get_token()] { return stopped_by(token).sleep(30s); });
  std::this_thread::sleep_for(20ms);
  stop.request_stop();
  EXPECT_FALSE(call.get());
  EXPECT_LT(Clock::now() - begin, 5s);
}

TEST(Fiber, ASleepThatDoesNotFitEndsAtTheDeadline) {
  auto call = on_fiber([] { return Context{}.with_timeout(20ms).sleep(30s); });
  EXPECT_FALSE(call.get());
}

TEST(Fiber, WaitsForASocket) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  // Twice, with something that comes in between, when nobody waits.
  for (int round = 0; round < 2; ++round) {
    auto call = on_fiber([&] {
      SocketWait wait{.fd = ends[0], .to_read = true};
      while (!wait.readable) Fiber::current()->suspend({&wait, 1}, Clock::time_point::max());
      char byte = 0;
      return ::read(ends[0], &byte, 1) == 1 ? byte : '?';
    });
    std::this_thread::sleep_for(10ms);
    ASSERT_EQ(::write(ends[1], "xy", 2), 2);
    EXPECT_EQ(call.get(), 'x');
    std::this_thread::sleep_for(10ms);
    char rest = 0;
    ASSERT_EQ(::read(ends[0], &rest, 1), 1);
  }
  for (const int end : ends) {
    Fiber::forget_socket(end);
    ::close(end);
  }
}

// The number of a closed socket is given to the next one, which the kernel does not know yet.
TEST(Fiber, WaitsForASocketOfAUsedNumber) {
  for (int round = 0; round < 3; ++round) {
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    auto call = on_fiber([&] {
      SocketWait wait{.fd = ends[0], .to_read = true};
      while (!wait.readable) Fiber::current()->suspend({&wait, 1}, Clock::now() + 10s);
      return true;
    });
    std::this_thread::sleep_for(5ms);
    ASSERT_EQ(::write(ends[1], "x", 1), 1);
    EXPECT_EQ(call.wait_for(5s), std::future_status::ready);
    for (const int end : ends) {
      Fiber::forget_socket(end);
      ::close(end);
    }
  }
}

TEST(Fiber, AConditionWakesThreadsAndFibers) {
  std::mutex mutex;
  Condition condition;
  bool open = false;
  const auto wait = [&] {
    std::unique_lock lock(mutex);
    while (!open) condition.wait(lock);
    return true;
  };
  auto fiber = on_fiber(wait);
  auto thread = std::async(std::launch::async, wait);
  std::this_thread::sleep_for(10ms);
  {
    const std::lock_guard lock(mutex);
    open = true;
    condition.notify_all();
  }
  EXPECT_TRUE(fiber.get());
  EXPECT_TRUE(thread.get());
}

TEST(Fiber, AConditionOfTwoFibers) {
  std::mutex mutex;
  Condition condition;
  int turn = 0;
  const auto play = [&](int mine) {
    for (int i = 0; i < 100; ++i) {
      std::unique_lock lock(mutex);
      while (turn % 2 != mine) condition.wait(lock);
      ++turn;
      condition.notify_all();
    }
  };
  auto one = on_fiber([&] { play(0); });
  auto other = on_fiber([&] { play(1); });
  one.get();
  other.get();
  EXPECT_EQ(turn, 200);
}

TEST(Fiber, WhatBlocksIsDoneAside) {
  const auto reactor = on_fiber([] { return std::this_thread::get_id(); }).get();
  std::promise<void> release;
  auto blocked = on_fiber([&] {
    return aside([&] {
      release.get_future().wait();
      return std::this_thread::get_id();
    });
  });
  EXPECT_TRUE(on_fiber([] { return Context{}.sleep(1ms); }).get());  // others go on
  release.set_value();
  EXPECT_NE(blocked.get(), reactor);
  const auto here = std::this_thread::get_id();
  EXPECT_EQ(aside([] { return std::this_thread::get_id(); }), here);
}

// More than there are workers: those that wait are fibers, and keep none busy.
TEST(Fiber, TaskGroupsOfFibersEnd) {
  std::atomic<int> done{0};
  std::vector<std::future<void>> calls;
  for (unsigned i = 0; i < 2 * TaskGroup::worker_limit; ++i)
    calls.push_back(on_fiber([&] {
      TaskGroup group(3);
      for (int task = 0; task < 5; ++task) group.submit([&] { ++done; });
    }));
  for (auto& call : calls) call.get();
  EXPECT_EQ(done, static_cast<int>(10 * TaskGroup::worker_limit));
}

// The runtime keeps a stack of the exceptions being handled for each thread.
TEST(Fiber, ExceptionsOfDifferentFibersDoNotMix) {
  std::vector<std::future<int>> calls;
  for (int i = 0; i < 20; ++i)
    calls.push_back(on_fiber([i] {
      try {
        throw i;
      } catch (int outer) {
        static_cast<void>(Context{}.sleep(Milliseconds(20 - i)));
        try {
          throw;
        } catch (int inner) {
          return inner == outer ? inner : -1;
        }
      }
    }));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(calls[static_cast<std::size_t>(i)].get(), i);
}

#if !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)  // which want more memory than there is
// How many of a few calls that wait at the same time end where there is so much memory more than is in use; -1 if it
// was enough for all of them at once.
int calls_that_end_within(rlim_t headroom, bool started) {
  if (started) on_fiber([] {}).get();
  rlim_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  const rlim_t limit = pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE)) + headroom;
  const rlimit bytes{limit, limit};
  if (::setrlimit(RLIMIT_AS, &bytes) != 0) return -1;
  std::vector<std::future<bool>> calls;
  int at_once = 0, most = 0;  // all on one thread
  for (int i = 0; i < 40; ++i)
    calls.push_back(on_fiber([&] {
      most = std::max(most, ++at_once);
      const bool ended = Context{}.sleep(20ms);
      --at_once;
      return ended;
    }));
  const auto ended = std::ranges::count_if(calls, [](auto& call) { return call.get(); });
  return most < 40 ? static_cast<int>(ended) : -1;
}

// What std::thread asks for.
rlim_t stack_of_a_thread() {
  pthread_attr_t attributes;
  std::size_t size = 0;
  pthread_getattr_default_np(&attributes);
  pthread_attr_getstacksize(&attributes, &size);
  pthread_attr_destroy(&attributes);
  return size;
}

TEST(Fiber, WithoutMemoryForMoreStacksCallsWaitForTheirTurn) {
  const rlim_t few_stacks = 3 << 20;
  const rlim_t the_thread_alone = stack_of_a_thread() + (384 << 10);  // a fiber's stack is 512 KiB
  for (const auto& [headroom, started] : {std::pair(few_stacks, true), {the_thread_alone, false}}) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(calls_that_end_within(headroom, started));
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
    EXPECT_EQ(WEXITSTATUS(status), 40);
  }
}
#endif

#if !defined(__SANITIZE_THREAD__)  // which does not support threads in the child of a process with threads
TEST(Fiber, AChildHasItsOwn) {
  on_fiber([] {}).get();
  std::stop_source stop;
  auto parents = on_fiber([token = stop.get_token()] { return stopped_by(token).sleep(30s); });
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto call = on_fiber([] { return Context{}.sleep(5ms); });
    const bool good = call.wait_for(10s) == std::future_status::ready && call.get();
    ::_exit(good ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  stop.request_stop();
  EXPECT_FALSE(parents.get());
}
#endif

TEST(Fiber, AProcessEndsWithCallsUnderWay) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        on_fiber([] {}).get();
        Fiber::run([] { static_cast<void>(Context{}.sleep(30s)); });
        std::exit(7);
      },
      ::testing::ExitedWithCode(7), "");
}

}  // namespace
}  // namespace orlop::engine
