// Repeating what failed for a passing reason.
#pragma once

#include <string_view>

#include "orlop/context.h"
#include "orlop/result.h"

namespace orlop::engine {

// The retries of one call, by the policy, the budget and the deadline of its context.
class Attempts {
 public:
  // `replayable`: repeating does no harm even when the failed attempt took effect unheard.
  Attempts(const Context& context, std::string_view operation, bool replayable) noexcept
      : context_(context), operation_(operation), replayable_(replayable) {}

  // After a failed attempt: true once the pause before the next is over; false when `error` is final, which it
  // then says.
  bool again(Error& error);
  void succeeded() noexcept;

 private:
  bool may_repeat(const Error& error) const noexcept;
  Milliseconds delay(const Error& error) const;

  const Context& context_;
  const std::string_view operation_;
  const bool replayable_;
  int made_ = 0;
};

// attempt() until it succeeds or its failure is final.
template <class Attempt>
auto repeat(const Context& context, std::string_view operation, bool replayable, Attempt&& attempt)
    -> decltype(attempt()) {
  Attempts attempts(context, operation, replayable);
  for (;;) {
    auto result = attempt();
    if (result) attempts.succeeded();
    if (result || !attempts.again(result.error())) return result;
  }
}

}  // namespace orlop::engine
