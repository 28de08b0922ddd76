// For tests: a driver that fails as told, and remembers what it was asked.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "orlop/layers/around.h"

namespace orlop::testing {

struct Fault {
  std::string operation;
  Error error;
  bool takes_effect = false;  // the driver did it, only its answer was lost
};

inline Error broken_connection() { return Error(Code::unavailable, "connection closed", Retry::safe); }
inline Error lost_answer() { return broken_connection().set_outcome_unknown(); }

class FaultyDriver final : public Around<FaultyDriver> {
 public:
  using Around::Around;

  // Each is used once, in order, by the next call of its operation.
  void fail(Fault fault) { faults_.push_back(std::move(fault)); }
  // Bodies of the next readers break off after so many bytes.
  void break_bodies(const std::vector<std::size_t>& after) { breaks_.assign(after.begin(), after.end()); }
  // Sees and changes what stat answers and what readers say of the object.
  std::function<void(Meta&)> edit_meta;
  // Sees and changes what remove answers.
  std::function<void(const RemoveRequest&, RemoveResults&)> edit_removes;
  std::function<void(const Context&, const Call&)> on_call;

  std::vector<std::string> calls;
  std::vector<ReadRequest> reads;  // views are dead; for ranges and conditions
  int count(std::string_view operation) const {
    return static_cast<int>(std::count(calls.begin(), calls.end(), operation));
  }

  const DriverInfo& info() const noexcept override { return info_ ? *info_ : Around::info(); }
  // Before layers are put around it: they remember what it was.
  DriverInfo& change_info() { return info_ ? *info_ : info_.emplace(Around::info()); }

  template <class Next>
  auto around(const Context& context, const Call& call, Next&& next_call) -> decltype(next_call(context)) {
    if (on_call) on_call(context, call);
    std::optional<Fault> fault = take_fault(call.operation);
    if (!fault) return next_call(context);
    if (fault->takes_effect) (void)next_call(context);
    return std::move(fault->error);
  }

  Result<Meta> stat(const Context& context, const StatRequest& request) override {
    auto meta = Around::stat(context, request);
    if (meta && edit_meta) edit_meta(*meta);
    return meta;
  }

  Result<RemoveResults> remove(const Context& context, const RemoveRequest& request) override {
    auto results = Around::remove(context, request);
    if (results && edit_removes) edit_removes(request, *results);
    return results;
  }

  using Around::wrap;
  Result<std::unique_ptr<Reader>> wrap(const Context&, const ReadRequest& request, std::unique_ptr<Reader> reader) {
    std::lock_guard lock(mutex_);
    reads.push_back(request);
    std::optional<std::size_t> limit;
    if (!breaks_.empty()) {
      limit = breaks_.front();
      breaks_.pop_front();
    }
    return std::unique_ptr<Reader>(std::make_unique<Body>(*this, std::move(reader), limit));
  }

 private:
  class Body final : public Reader {
   public:
    Body(FaultyDriver& driver, std::unique_ptr<Reader> reader, std::optional<std::size_t> limit)
        : reader_(std::move(reader)), limit_(limit), meta_(reader_->meta()) {
      if (driver.edit_meta) driver.edit_meta(meta_);
    }
    const Meta& meta() const noexcept override { return meta_; }
    Result<std::size_t> read(MutableBytes out) override {
      if (limit_ && *limit_ == 0) return Error(Code::data_corrupted, "the body ended early", Retry::safe);
      if (limit_) out = out.first(std::min(out.size(), *limit_));
      auto n = reader_->read(out);
      if (n && limit_) *limit_ -= *n;
      return n;
    }

   private:
    std::unique_ptr<Reader> reader_;
    std::optional<std::size_t> limit_;
    Meta meta_;
  };

  std::optional<Fault> take_fault(std::string_view operation) {
    std::lock_guard lock(mutex_);
    calls.emplace_back(operation);
    for (auto fault = faults_.begin(); fault != faults_.end(); ++fault) {
      if (fault->operation != operation) continue;
      Fault taken = std::move(*fault);
      faults_.erase(fault);
      return taken;
    }
    return std::nullopt;
  }

  std::mutex mutex_;
  std::deque<Fault> faults_;
  std::deque<std::size_t> breaks_;
  std::optional<DriverInfo> info_;
};

}  // namespace orlop::testing
