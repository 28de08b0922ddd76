#include "engine/fork_mutex.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace orlop::engine {
namespace {

#ifndef __SANITIZE_THREAD__  // which does not support a fork of a process with threads

TEST(ForkMutex, IsFreeInAChildWhoeverHeldIt) {
  ForkMutex mutex;
  std::atomic<bool> done = false;
  std::thread holder([&] {
    while (!done) {
      std::lock_guard lock(mutex);
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
  });
  for (int round = 0; round < 20; ++round) {
    pid_t child = ::fork();
    if (child == 0) {
      ::alarm(10);  // ends a child that waits for ever
      mutex.lock();
      mutex.unlock();
      ::_exit(42);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 42);
  }
  done = true;
  holder.join();
}

#endif

TEST(ForkMutex, ComesAndGoes) {
  for (int round = 0; round < 3; ++round) {
    ForkMutex mutex;
    std::lock_guard lock(mutex);
  }
}

}  // namespace
}  // namespace orlop::engine
