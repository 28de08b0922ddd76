#include "engine/tasks.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <thread>

namespace orlop::engine {
namespace {

TEST(TaskGroup, RunsAllAndNoMoreAtOnceThanAsked) {
  std::atomic<int> now{0}, most{0}, done{0};
  {
    TaskGroup group(5);
    for (int i = 0; i < 200; ++i)
      group.submit([&] {
        int running = ++now;
        for (int seen = most; running > seen && !most.compare_exchange_weak(seen, running);) {
        }
        std::this_thread::sleep_for(std::chrono::microseconds(200));
        --now;
        ++done;
      });
  }
  EXPECT_EQ(done, 200);
  EXPECT_LE(most, 5);
  EXPECT_GT(most, 1);
}

TEST(TaskGroup, TasksMayUseGroupsOfTheirOwnWhenAllWorkersAreBusy) {
  std::atomic<int> done{0};
  TaskGroup outer(TaskGroup::worker_limit * 2);
  for (unsigned i = 0; i < TaskGroup::worker_limit * 2; ++i)
    outer.submit([&] {
      TaskGroup inner(4);
      for (int j = 0; j < 4; ++j) inner.submit([&] { ++done; });
    });
  outer.wait();
  EXPECT_EQ(done, static_cast<int>(TaskGroup::worker_limit) * 8);
}

TEST(TaskGroup, WaitsForRoom) {
  std::atomic<bool> open{false};
  TaskGroup group(2);
  for (int i = 0; i < 2; ++i)
    group.submit([&] {
      while (!open) std::this_thread::yield();
    });
  std::thread opener([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    open = true;
  });
  group.submit([] {});
  EXPECT_TRUE(open);
  group.wait();
  EXPECT_EQ(group.unfinished(), 0U);
  opener.join();
}

TEST(TaskGroup, WorkersReceiveNoSignals) {
  std::atomic<int> blocked{-1};
  TaskGroup group(1);
  std::thread::id self = std::this_thread::get_id();
  for (int i = 0; i < 1000 && blocked < 0; ++i) {
    group.submit([&] {
      if (std::this_thread::get_id() == self) return;
      sigset_t mask;
      pthread_sigmask(SIG_SETMASK, nullptr, &mask);
      blocked = sigismember(&mask, SIGINT);
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(blocked, 1);
}

#if !defined(__SANITIZE_THREAD__)
TEST(TaskGroup, AChildStartsAnew) {
  std::atomic<bool> running{false};
  std::atomic<bool> open{false};
  TaskGroup group(2);
  group.submit([&] {
    running = true;
    while (!open) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  });
  // A thread that starts holds locks of AddressSanitizer's, which a child would inherit locked.
  while (!running) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  pid_t child = fork();
  if (child == 0) {
    group.wait();  // the parent's: returns at once
    std::atomic<int> done{0};
    TaskGroup own(4);
    for (int i = 0; i < 20; ++i) own.submit([&] { ++done; });
    own.wait();
    _exit(done == 20 ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  open = true;
  group.wait();
}
#endif

}  // namespace
}  // namespace orlop::engine
