#include "engine/attempts.h"

#include <gtest/gtest.h>

namespace orlop::engine {
namespace {

Context policy(int attempts, std::shared_ptr<RetryBudget> budget = {}) {
  Context context;
  context.retry = std::make_shared<RetryPolicy>(RetryPolicy{
      .max_attempts = attempts, .base_delay = Milliseconds(1), .max_delay = Milliseconds(2), .budget = budget});
  return context;
}

struct Failing {
  int failures;
  Error error = Error(Code::unavailable, "down", Retry::safe);
  int calls = 0;
  Result<int> operator()() {
    if (++calls <= failures) return error;
    return calls;
  }
};

TEST(Attempts, RepeatUntilItWorks) {
  Failing attempt{2};
  EXPECT_EQ(repeat(policy(3), "put", true, attempt).value(), 3);
}

TEST(Attempts, EndWithTheLastErrorWhenUsedUp) {
  Failing attempt{9};
  auto result = repeat(policy(3), "put", true, attempt);
  EXPECT_EQ(attempt.calls, 3);
  EXPECT_EQ(result.error().retry(), Retry::exhausted);
  EXPECT_EQ(result.error().attempts(), 3);
}

TEST(Attempts, WithoutAPolicyThereIsOne) {
  Failing attempt{9};
  auto result = repeat(Context{}, "put", true, attempt);
  EXPECT_EQ(attempt.calls, 1);
  EXPECT_EQ(result.error().retry(), Retry::safe);
}

TEST(Attempts, PermanentFailuresAreNotRepeated) {
  Failing attempt{9, Error(Code::permission_denied)};
  EXPECT_FALSE(repeat(policy(3), "put", true, attempt));
  EXPECT_EQ(attempt.calls, 1);
}

TEST(Attempts, AnUnknownOutcomeIsRepeatedOnlyWhenThatIsHarmless) {
  Error lost = Error(Code::unavailable, "lost", Retry::safe);
  lost.set_outcome_unknown();
  Failing create{1, lost};
  EXPECT_FALSE(repeat(policy(3), "put", false, create));
  Failing overwrite{1, lost};
  EXPECT_TRUE(repeat(policy(3), "put", true, overwrite));
}

TEST(Attempts, SpendABudget) {
  auto budget = std::make_shared<RetryBudget>(11);
  Failing attempt{9};
  EXPECT_FALSE(repeat(policy(9, budget), "put", true, attempt));
  EXPECT_EQ(attempt.calls, 3);
  EXPECT_EQ(budget->tokens(), 1);
}

TEST(Attempts, EndBeforeTheDeadline) {
  Failing attempt{9, Error(Code::rate_limited, "slow down", Retry::safe).set_retry_after(Milliseconds(60'000))};
  Context context = policy(9).with_timeout(Milliseconds(1'000));
  auto begun = Clock::now();
  EXPECT_FALSE(repeat(context, "put", true, attempt));
  EXPECT_EQ(attempt.calls, 1);
  EXPECT_LT(Clock::now() - begun, Milliseconds(900));
}

TEST(Attempts, ObeyTheService) {
  Failing attempt{1, Error(Code::rate_limited, "slow down", Retry::safe).set_retry_after(Milliseconds(50))};
  auto begun = Clock::now();
  EXPECT_TRUE(repeat(policy(9), "put", true, attempt));
  EXPECT_GE(Clock::now() - begun, Milliseconds(50));
}

}  // namespace
}  // namespace orlop::engine
