#include "engine/condition.h"

namespace orlop::engine {

void Condition::wait_until(std::unique_lock<std::mutex>& lock, Fiber::Clock::time_point until) {
  if (Fiber* fiber = Fiber::current()) {
    fibers_.push_back(fiber);
    lock.unlock();
    fiber->suspend(until);
    lock.lock();
    std::erase(fibers_, fiber);
  } else if (until == Fiber::Clock::time_point::max()) {
    threads_.wait(lock);
  } else {
    threads_.wait_until(lock, until);
  }
}

void Condition::notify_all() {
  threads_.notify_all();
  for (Fiber* fiber : fibers_) fiber->wake();
}

}  // namespace orlop::engine
