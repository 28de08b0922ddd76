// Context: what a call carries besides its request - how long it may take, who may stop it, who watches it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string_view>

#include "orlop/error.h"

namespace orlop {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::milliseconds;

// One exchange with a service. The views are valid during the call only.
struct RequestEvent {
  std::string_view method;     // "GET"
  std::string_view operation;  // the service's name of it: "HeadObject"; empty when unknown
  std::string_view host;
  int status = 0;  // 0: no answer
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  Clock::duration elapsed{};
  bool reused_connection = false;
};

// One logical call of a user, retries included.
struct CallEvent {
  std::string_view operation;  // "stat"
  std::string_view scheme;
  std::string_view key;
  const Error* error = nullptr;  // null on success
  Clock::duration elapsed{};
};

// One attempt that failed and will be repeated.
struct RetryEvent {
  std::string_view operation;
  const Error& error;
  int attempt;  // the one that failed, from 1
  Milliseconds delay;
};

// Receives what happens on behalf of a call. Called from any thread, also from several at once; must not block
// or throw, and must outlive every call it was given to. Nothing passed in holds a secret.
class TraceSink {
 public:
  virtual ~TraceSink() = default;
  virtual void on_request(const RequestEvent&) noexcept {}
  virtual void on_call(const CallEvent&) noexcept {}
  virtual void on_retry(const RetryEvent&) noexcept {}
};

// A token bucket that keeps a failing service from being hammered: retries take tokens, successes give some back.
// Thread-safe. Shared by the storages that talk to one endpoint.
class RetryBudget {
 public:
  explicit RetryBudget(int capacity = 500) noexcept : capacity_(capacity), tokens_(capacity) {}
  // Takes `cost` tokens; false (and nothing taken) when there are fewer.
  bool take(int cost) noexcept;
  void give_back(int amount) noexcept;
  int tokens() const noexcept { return tokens_.load(std::memory_order_relaxed); }

 private:
  const int capacity_;
  std::atomic<int> tokens_;
};

// How failed attempts are repeated. Delays are exponential with full jitter; a service's Retry-After is obeyed when
// longer.
struct RetryPolicy {
  int max_attempts = 5;  // 1 switches retrying off
  Milliseconds base_delay{50};
  Milliseconds max_delay{20'000};
  std::shared_ptr<RetryBudget> budget{};  // null: no budget
};

// Copyable and cheap to copy; a default-constructed one has no limit and no watcher.
struct Context {
  std::stop_token stop;                                   // triggered: the call ends with `canceled`
  Clock::time_point deadline = Clock::time_point::max();  // passed: the call ends with `timeout`, retries included
  std::shared_ptr<const RetryPolicy> retry;               // set by the retry layer, for engines that retry parts
  TraceSink* trace = nullptr;

  Context with_timeout(Clock::duration limit) const;  // the earlier of the present deadline and now + limit
  bool has_deadline() const noexcept { return deadline != Clock::time_point::max(); }
  Clock::duration remaining() const noexcept;  // zero when passed, duration::max() without a deadline

  // The error a call must end with now, if any: `canceled` or `timeout`. No I/O.
  std::unique_ptr<Error> expired() const;
  // Sleeps for `delay`, less if stopped or out of time; false in these two cases.
  bool sleep(Milliseconds delay) const;
};

}  // namespace orlop
