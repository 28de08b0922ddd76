// A condition variable for threads and for fibers, which must not block the thread they share.
#pragma once

#include <condition_variable>
#include <mutex>
#include <vector>

#include "engine/fiber.h"

namespace orlop::engine {

// Guarded by one mutex, which is held while it is waited for and notified.
class Condition {
 public:
  // May return early.
  void wait_until(std::unique_lock<std::mutex>& lock, Fiber::Clock::time_point until);
  void wait(std::unique_lock<std::mutex>& lock) { wait_until(lock, Fiber::Clock::time_point::max()); }
  void notify_all();

 private:
  std::condition_variable threads_;
  std::vector<Fiber*> fibers_;
};

}  // namespace orlop::engine
