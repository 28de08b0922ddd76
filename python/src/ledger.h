// Ledger: what was asked of services on behalf of one `with orlop.requests()` block.
#pragma once

#include <nanobind/nanobind.h>

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "orlop/context.h"

namespace orlop::python {

class Ledger final : public TraceSink {
 public:
  // What happens is told to `outer` (a Ledger or None) as well; it is kept alive.
  explicit Ledger(nanobind::object outer);
  ~Ledger() override { watch_all_threads(false); }

  // Where calls report to when their block's ledger (None: no block) is `ledger`; null when nobody listens.
  static TraceSink* sink(nanobind::handle ledger);

  // Whether calls of every thread are counted, in a block or not.
  void watch_all_threads(bool on);

  struct Totals {
    std::uint64_t requests = 0;
    std::uint64_t retries = 0;
    std::uint64_t bytes_sent = 0;
    std::uint64_t bytes_received = 0;
    Clock::duration elapsed{};
    std::map<std::string, std::uint64_t, std::less<>> operations;
  };
  Totals totals() const;

  struct Call {
    std::string operation;
    std::string key;
  };
  // The first hundred: enough to see who asked, whatever a block does.
  std::vector<Call> calls() const;

  void on_request(const RequestEvent& event) noexcept override;
  void on_call(const CallEvent& event) noexcept override;
  void on_retry(const RetryEvent& event) noexcept override;

 private:
  class Everyone;

  TraceSink* next() const noexcept;

  nanobind::object keep_;
  Ledger* outer_;
  std::atomic<bool> watches_all_{false};
  mutable std::mutex mutex_;
  Totals totals_;
  std::vector<Call> calls_;
};

}  // namespace orlop::python
