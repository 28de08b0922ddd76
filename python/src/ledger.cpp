#include "ledger.h"

#include <algorithm>

namespace orlop::python {

// Passes on to the ledgers that watch all threads. Never destroyed: calls in flight may hold it.
class Ledger::Everyone final : public TraceSink {
 public:
  static Everyone& instance() {
    static auto* everyone = new Everyone();
    return *everyone;
  }

  bool listening() const noexcept { return listening_.load(std::memory_order_relaxed); }

  void set(Ledger* ledger, bool on) {
    std::lock_guard lock(mutex_);
    std::erase(ledgers_, ledger);
    if (on) ledgers_.push_back(ledger);
    listening_ = !ledgers_.empty();
  }
  void on_request(const RequestEvent& event) noexcept override {
    std::lock_guard lock(mutex_);
    for (Ledger* ledger : ledgers_) ledger->on_request(event);
  }
  void on_call(const CallEvent& event) noexcept override {
    std::lock_guard lock(mutex_);
    for (Ledger* ledger : ledgers_) ledger->on_call(event);
  }
  void on_retry(const RetryEvent& event) noexcept override {
    std::lock_guard lock(mutex_);
    for (Ledger* ledger : ledgers_) ledger->on_retry(event);
  }

 private:
  std::atomic<bool> listening_{false};
  std::mutex mutex_;
  std::vector<Ledger*> ledgers_;
};

Ledger::Ledger(nanobind::object outer)
    : keep_(std::move(outer)), outer_(keep_.is_none() ? nullptr : nanobind::cast<Ledger*>(keep_)) {}

TraceSink* Ledger::sink(nanobind::handle ledger) {
  if (!ledger.is_none()) return nanobind::cast<Ledger*>(ledger);
  return Everyone::instance().listening() ? &Everyone::instance() : nullptr;
}

// While Everyone tells this ledger anything, it must not pass it on to Everyone, who holds its lock then.
void Ledger::watch_all_threads(bool on) {
  if (watches_all_ == on) return;
  if (on) watches_all_ = true;
  Everyone::instance().set(this, on);
  watches_all_ = on;
}

Ledger::Totals Ledger::totals() const {
  std::lock_guard lock(mutex_);
  return totals_;
}

std::vector<Ledger::Call> Ledger::calls() const {
  std::lock_guard lock(mutex_);
  return calls_;
}

// The outermost block of a thread passes on to those who watch all; they themselves are the end of the line.
TraceSink* Ledger::next() const noexcept {
  if (outer_) return outer_;
  return !watches_all_ && Everyone::instance().listening() ? &Everyone::instance() : nullptr;
}

void Ledger::on_request(const RequestEvent& event) noexcept {
  {
    std::lock_guard lock(mutex_);
    ++totals_.requests;
    totals_.bytes_sent += event.bytes_sent;
    totals_.bytes_received += event.bytes_received;
    totals_.elapsed += event.elapsed;
    ++totals_.operations[std::string(event.operation.empty() ? event.method : event.operation)];
  }
  if (TraceSink* sink = next()) sink->on_request(event);
}

void Ledger::on_call(const CallEvent& event) noexcept {
  static constexpr std::size_t most = 100;
  {
    std::lock_guard lock(mutex_);
    if (calls_.size() < most) calls_.push_back({std::string(event.operation), std::string(event.key)});
  }
  if (TraceSink* sink = next()) sink->on_call(event);
}

void Ledger::on_retry(const RetryEvent& event) noexcept {
  {
    std::lock_guard lock(mutex_);
    ++totals_.retries;
  }
  if (TraceSink* sink = next()) sink->on_retry(event);
}

}  // namespace orlop::python
