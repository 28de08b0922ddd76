// timeout: an end for one attempt, so that the retry layer around it can make another.
#include <fmt/core.h>

#include "layers/layer.h"
#include "orlop/layers/layers.h"

namespace orlop::layers {

namespace {

// A time limit that was the attempt's and not the call's is worth another attempt.
void mark(Error& error, const Context& call, Milliseconds attempt) {
  if (error.code() != Code::timeout || call.expired()) return;
  if (error.retry() == Retry::never) error.set_retry(Retry::safe);
  error.set_message(fmt::format("one attempt took longer than the attempt timeout of {} ms", attempt.count()));
}

class TimedReader final : public Reader {
 public:
  TimedReader(std::unique_ptr<Reader> reader, const Context& call, Milliseconds attempt)
      : reader_(std::move(reader)), call_(call), attempt_(attempt) {}
  const Meta& meta() const noexcept override { return reader_->meta(); }
  Result<std::size_t> read(MutableBytes out) override {
    auto n = reader_->read(out);
    if (!n) mark(n.error(), call_, attempt_);
    return n;
  }

 private:
  std::unique_ptr<Reader> reader_;
  Context call_;
  Milliseconds attempt_;
};

class Timeout final : public Layer<Timeout> {
 public:
  Timeout(std::shared_ptr<Driver> next, Milliseconds attempt) : Layer(std::move(next), "timeout"), attempt_(attempt) {}

  template <class Next>
  auto around(const Context& context, const Call&, Next&& next_call) -> decltype(next_call(context)) {
    auto result = next_call(context.with_timeout(attempt_));
    if (!result) mark(result.error(), context, attempt_);
    return result;
  }

  // A writer lives through many requests, each with limits of its own.
  Result<std::unique_ptr<Writer>> write(const Context& context, const WriteRequest& request) override {
    return next().write(context, request);
  }

  using Layer::wrap;
  Result<std::unique_ptr<Reader>> wrap(const Context& context, const ReadRequest&, std::unique_ptr<Reader> reader) {
    return std::unique_ptr<Reader>(std::make_unique<TimedReader>(std::move(reader), context, attempt_));
  }

 private:
  const Milliseconds attempt_;
};

}  // namespace

std::shared_ptr<Driver> timeout(std::shared_ptr<Driver> next, Milliseconds attempt) {
  return std::make_shared<Timeout>(std::move(next), attempt);
}

}  // namespace orlop::layers
