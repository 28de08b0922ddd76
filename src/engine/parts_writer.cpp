#include "engine/parts_writer.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <vector>

#include "engine/buffer_pool.h"
#include "engine/part_plan.h"
#include "engine/part_upload.h"
#include "engine/settled.h"

namespace orlop::engine {
namespace {

// What one writer keeps in memory if its parts are small enough for it: one that fills and three on their way.
constexpr std::uint64_t buffers_limit = std::uint64_t{32} << 20;

// The buffers of one writer. They come back here when a part is done, so that the system is asked for few.
class Buffers {
 public:
  Buffers(BufferPool& pool, unsigned concurrency) : pool_(pool), concurrency_(concurrency) {}

  // Empty: wait until one comes back. `alone`: none will.
  Buffer take(std::size_t size, bool alone) {
    std::lock_guard lock(mutex_);
    while (!free_.empty()) {
      Buffer buffer = std::move(free_.back());
      free_.pop_back();
      if (buffer.size() == size) return buffer;
      --count_;  // of an earlier, smaller part
    }
    std::uint64_t most = std::clamp<std::uint64_t>(buffers_limit / size, 2, std::uint64_t{concurrency_} + 1);
    Buffer buffer = count_ < most ? pool_.try_acquire(size) : Buffer();
    if (!buffer && alone) buffer = pool_.acquire_beyond_limit(size);
    if (buffer) ++count_;
    return buffer;
  }

  void clear() {
    std::lock_guard lock(mutex_);
    free_.clear();
  }

  void give_back(Buffer buffer) {
    std::lock_guard lock(mutex_);
    free_.push_back(std::move(buffer));
  }

 private:
  BufferPool& pool_;
  const unsigned concurrency_;
  std::mutex mutex_;
  std::vector<Buffer> free_;
  std::uint64_t count_ = 0;
};

// What is not sent yet: either bytes of ours in a buffer, or a view of the caller's payload.
class PartsWriter final : public Writer {
 public:
  PartsWriter(Driver& driver, const Context& context, WriteRequest request, PartOptions options)
      : driver_(driver),
        context_(context),
        request_(std::move(request)),
        plan_(driver.info().limits, std::min(options.part_size, driver.info().limits.put_max), request_.size,
              options.equal_parts),
        buffers_(std::make_shared<Buffers>(BufferPool::process(), std::max(options.concurrency, 1U))),
        upload_(driver, context, request_, options.concurrency) {}

  ~PartsWriter() override { PartsWriter::abort(); }

  Result<void> write(Bytes bytes) override {
    return guarded([&]() -> Result<void> {
      ORLOP_TRY(admit(bytes.size()));
      while (!bytes.empty()) {
        ORLOP_ASSIGN(std::uint64_t limit, part_limit());
        ORLOP_ASSIGN(std::size_t taken, copy_pending(limit, Payload::bytes(bytes)));
        bytes = bytes.subspan(taken);
      }
      return {};
    });
  }

  Result<void> write_from(const Payload& payload) override {
    return guarded([&]() -> Result<void> {
      ORLOP_TRY(admit(payload.size()));
      for (Payload rest = payload; rest.size() != 0;) {
        ORLOP_ASSIGN(std::uint64_t limit, part_limit());
        std::uint64_t taken = 0;
        if (pending() == 0) {
          view_ = rest.slice(0, limit);
          taken = view_.size();
        } else {
          ORLOP_ASSIGN(taken, copy_pending(limit, rest));
        }
        rest = rest.slice(taken, rest.size() - taken);
      }
      return {};
    });
  }

  Result<Meta> commit() override {
    ORLOP_TRY(open());
    Result<Meta> result = publish();
    if (!result) return fail(std::move(result).error());
    close();
    return result;
  }

  void abort() noexcept override {
    if (getpid() != owner_) return;
    upload_.abort();
    close();
  }

 private:
  std::uint64_t pending() const noexcept { return filled_ + view_.size(); }

  Result<void> open() const {
    if (getpid() != owner_) return Error(Code::invalid_argument, "the writer belongs to the process that opened it");
    if (error_) return *error_;
    if (closed_) return Error(Code::invalid_argument, "the writer is closed");
    return {};
  }

  template <class Body>
  Result<void> guarded(Body body) {
    ORLOP_TRY(open());
    Result<void> result = body();
    if (!result) return fail(std::move(result).error());
    return result;
  }

  // After an error there is nothing to go on with.
  Error fail(Error error) {
    error_ = upload_.fail(std::move(error));
    close();
    return *error_;
  }

  void close() noexcept {
    closed_ = true;
    buffer_ = {};
    buffers_->clear();
    filled_ = 0;
    view_ = {};
  }

  Result<void> admit(std::uint64_t more) {
    if (auto error = context_.expired()) return *std::move(error);
    std::uint64_t most = request_.size.value_or(driver_.info().limits.object_max);
    if (more > most - total_)
      return Error(Code::invalid_argument,
                   fmt::format("more than the {} bytes {}", most, request_.size ? "announced" : "an object can have"));
    total_ += more;
    return {};
  }

  // Sends the pending part if it is full: there is more to come. Result: the size of the part being collected.
  Result<std::uint64_t> part_limit() {
    ORLOP_ASSIGN(std::uint64_t limit, plan_.size_of(upload_.next_index()));
    if (pending() < limit) return limit;
    ORLOP_TRY(send_pending());
    return plan_.size_of(upload_.next_index());
  }

  // Result: the number of bytes of `source` that the part took.
  Result<std::size_t> copy_pending(std::uint64_t limit, const Payload& source) {
    ORLOP_TRY(own_pending(limit));
    auto count = static_cast<std::size_t>(std::min(limit - filled_, source.size()));
    ORLOP_TRY(source.read_at(0, MutableBytes(buffer_.data() + filled_, count)));
    filled_ += count;
    return count;
  }

  // Makes the pending bytes ours, with room for the whole part.
  Result<void> own_pending(std::uint64_t limit) {
    if (!buffer_) {
      std::uint64_t rest = request_.size ? *request_.size - sent_ : limit;
      ORLOP_TRY(take_buffer(static_cast<std::size_t>(std::min(limit, rest))));
    }
    if (view_.size() == 0) return {};
    ORLOP_TRY(view_.read_at(0, MutableBytes(buffer_.data(), static_cast<std::size_t>(view_.size()))));
    filled_ = std::exchange(view_, {}).size();
    return {};
  }

  Result<void> take_buffer(std::size_t size) {
    for (;;) {
      unsigned unfinished = upload_.unfinished();
      buffer_ = buffers_->take(size, unfinished == 0);
      if (buffer_) return {};
      if (unfinished == 0) return Error(Code::unavailable, fmt::format("no memory for a part of {} bytes", size));
      upload_.wait(unfinished - 1);
    }
  }

  Result<void> send_pending() {
    sent_ += pending();
    if (view_.size() != 0) return upload_.send(std::exchange(view_, {}), nullptr);
    Payload payload = Payload::bytes(Bytes(buffer_.data(), static_cast<std::size_t>(std::exchange(filled_, 0))));
    return upload_.send(payload, keeper(std::exchange(buffer_, {})));
  }

  // Holds the buffer until the part is done.
  std::shared_ptr<void> keeper(Buffer buffer) {
    struct Keeper {
      std::shared_ptr<Buffers> buffers;
      Buffer buffer;
      Keeper(std::shared_ptr<Buffers> owner, Buffer kept) : buffers(std::move(owner)), buffer(std::move(kept)) {}
      Keeper(const Keeper&) = delete;
      ~Keeper() { buffers->give_back(std::move(buffer)); }
    };
    return std::make_shared<Keeper>(buffers_, std::move(buffer));
  }

  Result<Meta> publish() {
    if (auto error = context_.expired()) return *std::move(error);
    if (request_.size && *request_.size != total_)
      return Error(Code::invalid_argument, fmt::format("{} bytes were announced, {} written", *request_.size, total_));
    if (!upload_.begun()) return put_pending();
    ORLOP_TRY(send_pending());
    return upload_.complete();
  }

  Result<Meta> put_pending() {
    PutRequest request{
        .key = request_.key,
        .payload = view_.size() != 0 ? view_ : Payload::bytes(Bytes(buffer_.data(), static_cast<std::size_t>(filled_))),
        .attrs = &request_.attrs,
        .mode = request_.mode,
        .if_match = request_.if_match};
    return settled_put(driver_, context_, request);
  }

  Driver& driver_;
  const Context context_;
  const WriteRequest request_;
  const pid_t owner_ = getpid();
  const PartPlan plan_;
  const std::shared_ptr<Buffers> buffers_;

  Buffer buffer_;
  std::uint64_t filled_ = 0;  // bytes of buffer_
  Payload view_;
  std::uint64_t total_ = 0;  // written to us
  std::uint64_t sent_ = 0;   // handed to the upload
  std::optional<Error> error_;
  bool closed_ = false;

  PartUpload upload_;
};

}  // namespace

std::unique_ptr<Writer> parts_writer(Driver& driver, const Context& context, WriteRequest request,
                                     PartOptions options) {
  return std::make_unique<PartsWriter>(driver, context, std::move(request), options);
}

}  // namespace orlop::engine
