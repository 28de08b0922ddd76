#include "engine/part_upload.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>

#include "engine/attempts.h"

namespace orlop::engine {
namespace {

// Cleaning up has a limit of its own: the caller's may be what made it necessary.
constexpr std::chrono::seconds discard_limit{15};

Context with_stop(Context context, std::stop_token stop) {
  context.stop = std::move(stop);
  return context;
}

}  // namespace

PartUpload::PartUpload(Driver& driver, const Context& context, const WriteRequest& request, unsigned concurrency)
    : driver_(driver),
      context_(context),
      request_(request),
      owner_(getpid()),
      part_context_(with_stop(context, stop_.get_token())),
      forward_stop_(context_.stop, [this] { stop_.request_stop(); }),
      tasks_(concurrency) {}

Result<void> PartUpload::send(Payload payload, std::shared_ptr<void> keeper) {
  if (auto error = failure()) return *std::move(error);
  if (auto error = context_.expired()) return *std::move(error);
  if (!begun()) ORLOP_TRY(begin());
  std::uint32_t index = ++last_index_;
  tasks_.submit([this, index, payload, keeper = std::move(keeper)] { send_now(index, payload); });
  return {};
}

Result<void> PartUpload::begin() {
  BeginRequest request{.key = request_.key, .attrs = request_.attrs};
  auto begun = repeat(context_, "begin", true, [&] { return driver_.multipart()->begin(context_, request); });
  if (!begun) return std::move(begun.error().set_outcome_unknown(false));  // nothing of it can be seen
  upload_id_ = *std::move(begun);
  return {};
}

void PartUpload::send_now(std::uint32_t index, const Payload& payload) {
  if (stop_.stop_requested()) return;
  PutPartRequest request{.key = request_.key, .upload_id = upload_id_, .index = index, .payload = payload};
  auto sent =
      repeat(part_context_, "put_part", true, [&] { return driver_.multipart()->put_part(part_context_, request); });
  {
    std::lock_guard lock(mutex_);
    if (sent)
      parts_.push_back(*std::move(sent));
    else if (!error_)
      error_ = std::move(sent.error().set_outcome_unknown(false));
  }
  if (failure()) stop_.request_stop();
}

Result<Meta> PartUpload::complete() {
  tasks_.wait();
  if (auto error = failure()) return *std::move(error);
  if (auto error = context_.expired()) return *std::move(error);
  std::sort(parts_.begin(), parts_.end(), [](const Part& a, const Part& b) { return a.index < b.index; });
  CompleteRequest request{.key = request_.key,
                          .upload_id = upload_id_,
                          .parts = parts_,
                          .mode = request_.mode,
                          .if_match = request_.if_match};
  auto completed =
      repeat(context_, "complete", false, [&] { return driver_.multipart()->complete(context_, request); });
  if (completed) upload_id_.clear();
  return completed;
}

void PartUpload::abort() noexcept { static_cast<void>(discard()); }

std::optional<Error> PartUpload::failure() {
  std::lock_guard lock(mutex_);
  return error_;
}

Error PartUpload::fail(Error error) {
  std::string id = upload_id_;
  if (auto discarded = discard(); !discarded)
    error.set_message(
        fmt::format("{}; the parts sent so far still take space, because upload {} could not be aborted ({}): abort it "
                    "later, or let "
                    "a lifecycle rule of the service remove incomplete uploads",
                    error.message(), id, to_string(discarded.error().code())));
  return error;
}

Result<void> PartUpload::discard() {
  if (getpid() != owner_) return {};
  stop_.request_stop();
  tasks_.wait();
  if (upload_id_.empty()) return {};
  AbortRequest request{.key = request_.key, .upload_id = std::exchange(upload_id_, {})};
  Context context = with_stop(context_, {});
  context.deadline = Clock::now() + discard_limit;
  return repeat(context, "abort", true, [&] { return driver_.multipart()->abort(context, request); });
}

}  // namespace orlop::engine
