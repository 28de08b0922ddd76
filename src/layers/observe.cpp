// observe: one record a call, and the sinks below see its requests and retries.
#include "layers/layer.h"
#include "orlop/layers/layers.h"

namespace orlop::layers {

namespace {

class Tee final : public TraceSink {
 public:
  Tee(TraceSink& first, TraceSink& second) noexcept : first_(first), second_(second) {}

  void on_request(const RequestEvent& event) noexcept override {
    first_.on_request(event);
    second_.on_request(event);
  }
  void on_call(const CallEvent& event) noexcept override {
    first_.on_call(event);
    second_.on_call(event);
  }
  void on_retry(const RetryEvent& event) noexcept override {
    first_.on_retry(event);
    second_.on_retry(event);
  }

 private:
  TraceSink& first_;
  TraceSink& second_;
};

// Bodies go on reporting after the call returned, so their tee lives as long as they do.
class ObservedReader final : public Reader {
 public:
  ObservedReader(std::unique_ptr<Tee> tee, std::unique_ptr<Reader> reader) noexcept
      : tee_(std::move(tee)), reader_(std::move(reader)) {}
  const Meta& meta() const noexcept override { return reader_->meta(); }
  Result<std::size_t> read(MutableBytes out) override { return reader_->read(out); }

 private:
  std::unique_ptr<Tee> tee_;
  std::unique_ptr<Reader> reader_;
};

class ObservedWriter final : public Writer {
 public:
  ObservedWriter(std::unique_ptr<Tee> tee, std::unique_ptr<Writer> writer) noexcept
      : tee_(std::move(tee)), writer_(std::move(writer)) {}
  Result<void> write(Bytes bytes) override { return writer_->write(bytes); }
  Result<void> write_from(const Payload& payload) override { return writer_->write_from(payload); }
  Result<Meta> commit() override { return writer_->commit(); }
  void abort() noexcept override { writer_->abort(); }

 private:
  std::unique_ptr<Tee> tee_;
  std::unique_ptr<Writer> writer_;
};

class Observe final : public Layer<Observe> {
 public:
  Observe(std::shared_ptr<Driver> next, std::shared_ptr<TraceSink> sink)
      : Layer(std::move(next), "observe"), sink_(std::move(sink)) {}

  template <class Next>
  auto around(const Context& context, const Call& call, Next&& next_call) -> decltype(next_call(context)) {
    if (!sink_) return record(context, call, next_call);
    Context watched = context;
    if (!context.trace) {
      watched.trace = sink_.get();
      return record(watched, call, next_call);
    }
    Tee tee(*sink_, *context.trace);
    watched.trace = &tee;
    return record(watched, call, next_call);
  }

  Result<std::unique_ptr<Reader>> read(const Context& context, const ReadRequest& request) override {
    return open<Reader, ObservedReader>(context, Call{"read", request.key},
                                        [&](const Context& inner) { return next().read(inner, request); });
  }

  Result<std::unique_ptr<Writer>> write(const Context& context, const WriteRequest& request) override {
    return open<Writer, ObservedWriter>(context, Call{"write", request.key},
                                        [&](const Context& inner) { return next().write(inner, request); });
  }

 private:
  template <class Next>
  auto record(const Context& context, const Call& call, Next&& next_call) -> decltype(next_call(context)) {
    if (!context.trace) return next_call(context);
    Clock::time_point start = Clock::now();
    auto result = next_call(context);
    const Error* error = result ? nullptr : &result.error();
    context.trace->on_call({call.operation, info().scheme, call.key, error, Clock::now() - start});
    return result;
  }

  template <class Body, class Observed, class Next>
  Result<std::unique_ptr<Body>> open(const Context& context, const Call& call, Next&& next_call) {
    if (!sink_ || !context.trace) return around(context, call, next_call);
    auto tee = std::make_unique<Tee>(*sink_, *context.trace);
    Context watched = context;
    watched.trace = tee.get();
    ORLOP_ASSIGN(std::unique_ptr<Body> body, record(watched, call, next_call));
    return std::unique_ptr<Body>(std::make_unique<Observed>(std::move(tee), std::move(body)));
  }

  std::shared_ptr<TraceSink> sink_;
};

}  // namespace

std::shared_ptr<Driver> observe(std::shared_ptr<Driver> next, std::shared_ptr<TraceSink> sink) {
  return std::make_shared<Observe>(std::move(next), std::move(sink));
}

}  // namespace orlop::layers
