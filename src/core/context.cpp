// Deadlines, cancellation and the budget of retries.
#include "orlop/context.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "engine/fiber.h"

namespace orlop {

bool RetryBudget::take(int cost) noexcept {
  int tokens = tokens_.load(std::memory_order_relaxed);
  while (tokens >= cost) {
    if (tokens_.compare_exchange_weak(tokens, tokens - cost, std::memory_order_relaxed)) return true;
  }
  return false;
}

void RetryBudget::give_back(int amount) noexcept {
  int tokens = tokens_.load(std::memory_order_relaxed);
  while (tokens < capacity_) {
    int filled = std::min(capacity_, tokens + amount);
    if (tokens_.compare_exchange_weak(tokens, filled, std::memory_order_relaxed)) return;
  }
}

Context Context::with_timeout(Clock::duration limit) const {
  Context limited = *this;
  Clock::time_point now = Clock::now();
  if (limit < deadline - now) limited.deadline = now + limit;
  return limited;
}

Clock::duration Context::remaining() const noexcept {
  if (!has_deadline()) return Clock::duration::max();
  return std::max(deadline - Clock::now(), Clock::duration::zero());
}

std::unique_ptr<Error> Context::expired() const {
  if (stop.stop_requested()) return std::make_unique<Error>(Code::canceled, "the caller stopped the call");
  if (has_deadline() && Clock::now() >= deadline) {
    return std::make_unique<Error>(Code::timeout, "the call's time limit has passed");
  }
  return nullptr;
}

namespace {

void sleep_on(engine::Fiber& fiber, const std::stop_token& stop, Clock::time_point end) {
  std::stop_callback waker(stop, [&fiber] { fiber.wake(); });
  while (!stop.stop_requested() && Clock::now() < end) fiber.suspend(end);
}

}  // namespace

bool Context::sleep(Milliseconds delay) const {
  Clock::time_point now = Clock::now();
  bool fits = delay < deadline - now;
  if (engine::Fiber* fiber = engine::Fiber::current()) {
    sleep_on(*fiber, stop, fits ? now + delay : deadline);
    return fits && !stop.stop_requested();
  }
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any wake;
  wake.wait_until(lock, stop, fits ? now + delay : deadline, [] { return false; });
  return fits && !stop.stop_requested();
}

}  // namespace orlop
