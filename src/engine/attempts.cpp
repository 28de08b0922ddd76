#include "engine/attempts.h"

#include <algorithm>
#include <random>

#include "engine/entropy.h"

namespace orlop::engine {
namespace {

// What a retry takes from the budget, and what a success at the first attempt gives back: a service that fails more
// than one call in five is not asked twice for long. A time limit that passed cost both sides more than an answer.
constexpr int retry_cost = 5;
constexpr int timeout_cost = 10;
constexpr int success_gain = 1;

// Whoever asks to be left alone for longer is down as far as one call is concerned.
constexpr Milliseconds longest_pause{60'000};

}  // namespace

bool Attempts::again(Error& error) {
  ++made_;
  if (made_ > 1) error.set_attempts(made_);
  if (!may_repeat(error)) return false;
  const RetryPolicy& policy = *context_.retry;
  Milliseconds pause = delay(error);
  bool soon = pause <= longest_pause && pause < context_.remaining();
  int cost = error.code() == Code::timeout ? timeout_cost : retry_cost;
  bool worthwhile = made_ < policy.max_attempts && soon && (!policy.budget || policy.budget->take(cost));
  if (worthwhile) {
    if (context_.trace) context_.trace->on_retry({operation_, error, made_, pause});
    worthwhile = context_.sleep(pause);
  }
  if (!worthwhile) error.set_retry(Retry::exhausted);
  return worthwhile;
}

void Attempts::succeeded() noexcept {
  if (context_.retry && context_.retry->budget)
    context_.retry->budget->give_back(made_ == 0 ? success_gain : retry_cost);
}

bool Attempts::may_repeat(const Error& error) const noexcept {
  return context_.retry && error.retry() == Retry::safe && (replayable_ || !error.outcome_unknown()) &&
         !context_.stop.stop_requested();
}

// Exponential with full jitter; what the service asked for when that is longer.
Milliseconds Attempts::delay(const Error& error) const {
  thread_local std::minstd_rand random(static_cast<std::minstd_rand::result_type>(entropy()));
  const RetryPolicy& policy = *context_.retry;
  Milliseconds ceiling = std::min(policy.max_delay, policy.base_delay * (1 << std::min(made_ - 1, 20)));
  std::uniform_int_distribution<Milliseconds::rep> jitter(0, std::max<Milliseconds::rep>(ceiling.count(), 0));
  return std::max(Milliseconds(jitter(random)), error.retry_after());
}

}  // namespace orlop::engine
