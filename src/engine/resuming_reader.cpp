#include "engine/resuming_reader.h"

#include <optional>
#include <string>

#include "engine/attempts.h"

namespace orlop::engine {

namespace {

class ResumingReader final : public Reader {
 public:
  ResumingReader(Driver& driver, const Context& context, const ReadRequest& request, std::unique_ptr<Reader> first)
      : driver_(driver),
        context_(context),
        key_(request.key),
        version_(request.version),
        range_(request.range),
        first_(std::move(first)),
        reader_(first_.get()) {
    if (request.provider) provider_ = *request.provider;
  }

  const Meta& meta() const noexcept override { return first_->meta(); }

  Result<std::size_t> read(MutableBytes out) override {
    if (failure_) return *failure_;
    for (;;) {
      Result<std::size_t> n = reader_ ? reader_->read(out) : reopen_and_read(out);
      if (n) {
        delivered_ += *n;
        forget_break();
        return n;
      }
      reader_ = nullptr;
      rest_.reset();
      if (!can_resume(n.error()) || !again(n.error())) {
        failure_ = n.error();
        return n;
      }
    }
  }

 private:
  // A connection that breaks again after a few bytes may not go on like this for ever.
  static constexpr std::uint64_t progress = 64 << 10;

  bool again(Error& error) {
    if (!attempts_) attempts_.emplace(context_, "read", true);
    broken_at_ = delivered_;
    return attempts_->again(error);
  }

  void forget_break() {
    if (!attempts_ || (delivered_ - broken_at_ < progress && delivered_ < wanted())) return;
    attempts_->succeeded();
    attempts_.reset();
  }

  std::uint64_t wanted() const {
    auto extent = range_.resolve(meta().size);
    return extent ? extent->end - extent->begin : 0;
  }

  Result<std::size_t> reopen_and_read(MutableBytes out) {
    ORLOP_ASSIGN(Range rest, remaining());
    ReadRequest request{.key = key_, .range = rest, .version = version_};
    if (provider_) request.provider = &*provider_;
    if (version_.empty() && driver_.info().caps.has(Cap::read_conditions)) request.conditions.if_match = meta().etag;
    auto reader = driver_.read(context_, request);
    if (!reader) return explained(std::move(reader).error());
    const Meta& present = (*reader)->meta();
    // Whoever ignores if-match must not slip in another version.
    if (present.etag != meta().etag || present.size != meta().size || present.modified != meta().modified)
      return changed();
    rest_ = *std::move(reader);
    reader_ = rest_.get();
    return reader_->read(out);
  }

  // Without anything that tells versions apart the rest could be of another one.
  bool can_resume(const Error& error) {
    if (error.retry() != Retry::safe) return false;
    bool identified = !meta().etag.empty() || !version_.empty() || meta().modified;
    // With every byte delivered the failure is one of the end (a checksum): nothing is left to ask for.
    return identified && delivered_ < wanted();
  }

  Result<Range> remaining() const {
    ORLOP_ASSIGN(Range::Extent extent, range_.resolve(meta().size));
    std::uint64_t begin = extent.begin + delivered_;
    return extent.end == meta().size ? Range::from(begin) : Range::bounded(begin, extent.end - begin);
  }

  static Error changed() { return Error(Code::precondition_failed, "the object was replaced while it was being read"); }

  static Error explained(const Error& error) {
    bool gone = error.code() == Code::not_found || error.code() == Code::range_not_satisfiable;
    return gone || error.code() == Code::precondition_failed ? changed() : error;
  }

  Driver& driver_;
  const Context context_;
  const std::string key_;
  const std::string version_;
  const Range range_;
  std::optional<StringMap> provider_;
  const std::unique_ptr<Reader> first_;  // kept for its meta()
  std::unique_ptr<Reader> rest_;
  Reader* reader_;  // the one of the two that is open; null after a failure
  std::uint64_t delivered_ = 0;
  std::uint64_t broken_at_ = 0;
  std::optional<Attempts> attempts_;  // since it broke
  std::optional<Error> failure_;
};

}  // namespace

std::unique_ptr<Reader> resuming_reader(Driver& driver, const Context& context, const ReadRequest& request,
                                        std::unique_ptr<Reader> first) {
  return std::make_unique<ResumingReader>(driver, context, request, std::move(first));
}

}  // namespace orlop::engine
