#include "engine/one_shot_writer.h"

#include <fmt/core.h>

namespace orlop::engine {
namespace {

class OneShotWriter final : public Writer {
 public:
  OneShotWriter(Driver& driver, const Context& context, WriteRequest request)
      : driver_(driver), context_(context), request_(std::move(request)) {}

  Result<void> write(Bytes bytes) override {
    ORLOP_TRY(admit(bytes.size()));
    ORLOP_TRY(copy_view());
    buffer_.append(as_text(bytes));
    return {};
  }

  // The first payload is only remembered: an object that is one payload is put without a copy.
  Result<void> write_from(const Payload& payload) override {
    if (!buffer_.empty() || view_.size() != 0) return Writer::write_from(payload);
    ORLOP_TRY(admit(payload.size()));
    view_ = payload;
    return {};
  }

  Result<Meta> commit() override {
    ORLOP_TRY(admit(0));
    closed_ = true;
    if (request_.size && *request_.size != size())
      return Error(Code::invalid_argument, fmt::format("{} bytes were announced, {} written", *request_.size, size()));
    return driver_.put(context_, {.key = request_.key,
                                  .payload = view_.size() != 0 ? view_ : Payload::text(buffer_),
                                  .attrs = &request_.attrs,
                                  .mode = request_.mode,
                                  .if_match = request_.if_match});
  }

  void abort() noexcept override {
    closed_ = true;
    buffer_ = {};
    view_ = {};
  }

 private:
  std::uint64_t size() const noexcept { return buffer_.size() + view_.size(); }

  Result<void> admit(std::uint64_t more) {
    if (closed_) return Error(Code::invalid_argument, "the writer is closed");
    if (auto error = context_.expired()) return *std::move(error);
    if (more > driver_.info().limits.put_max - size())
      return Error(Code::invalid_argument,
                   fmt::format("larger than the {} bytes this backend stores", driver_.info().limits.put_max));
    return {};
  }

  // More follows a remembered payload: now its bytes are needed.
  Result<void> copy_view() {
    if (view_.size() == 0) return {};
    buffer_.resize(view_.size());
    ORLOP_TRY(view_.read_at(0, std::as_writable_bytes(std::span(buffer_))));
    view_ = {};
    return {};
  }

  Driver& driver_;
  Context context_;
  WriteRequest request_;
  std::string buffer_;
  Payload view_;
  bool closed_ = false;
};

}  // namespace

std::unique_ptr<Writer> one_shot_writer(Driver& driver, const Context& context, WriteRequest request) {
  return std::make_unique<OneShotWriter>(driver, context, std::move(request));
}

}  // namespace orlop::engine
