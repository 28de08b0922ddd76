// One multipart upload on its way: parts in parallel, one outcome.
#pragma once

#include <sys/types.h>

#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/tasks.h"
#include "orlop/driver/driver.h"

namespace orlop::engine {

// Begun with the first part. The first failure stops the parts that are on their way; after it, fail() or abort()
// removes the upload. In a forked child an inherited upload is left alone: it is the parent's.
class PartUpload {
 public:
  PartUpload(Driver& driver, const Context& context, const WriteRequest& request, unsigned concurrency);
  ~PartUpload() { abort(); }

  // Waits for room and sends the next part. `keeper` is destroyed once `payload` is no longer needed.
  Result<void> send(Payload payload, std::shared_ptr<void> keeper);
  // Waits until at most `allowed` parts are on their way.
  void wait(unsigned allowed) { tasks_.wait(allowed); }
  unsigned unfinished() const { return tasks_.unfinished(); }
  bool begun() const noexcept { return last_index_ != 0; }
  std::uint32_t next_index() const noexcept { return last_index_ + 1; }

  Result<Meta> complete();
  // Stops everything and removes the upload. Result: `error`, which then names the upload if that failed too.
  Error fail(Error error);
  void abort() noexcept;

 private:
  Result<void> begin();
  void send_now(std::uint32_t index, const Payload& payload);
  std::optional<Error> failure();
  Result<void> discard();

  Driver& driver_;
  const Context context_;
  const WriteRequest& request_;
  const pid_t owner_;
  std::stop_source stop_;  // of the parts; triggered by the first failure and by the caller's own
  Context part_context_;
  std::stop_callback<std::function<void()>> forward_stop_;

  std::string upload_id_;  // empty: not begun, completed or discarded
  std::uint32_t last_index_ = 0;

  std::mutex mutex_;
  std::vector<Part> parts_;
  std::optional<Error> error_;

  TaskGroup tasks_;  // the last member: its destructor waits for those who use the others
};

}  // namespace orlop::engine
