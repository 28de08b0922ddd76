// A limit on the bytes a second that all the transfers sharing it move together.
#pragma once

#include <atomic>
#include <cstdint>

#include "orlop/context.h"
#include "orlop/result.h"

namespace orlop::engine {

// A leaky bucket. Thread-safe and without a lock, which a forked child might find taken.
class Bandwidth {
 public:
  // 0 counts as 1.
  explicit Bandwidth(std::uint64_t bytes_per_second) noexcept;

  // The most to be moved between two calls of take(): so little that others soon have their turn, and that whoever
  // waits can be stopped and is not taken for dead by the other side.
  std::size_t slice() const noexcept { return slice_; }
  // Waits as long as it takes until `bytes` more may have passed. Errors: canceled, timeout.
  Result<void> take(const Context& context, std::size_t bytes);

 private:
  const std::uint64_t rate_;
  const std::size_t slice_;
  std::atomic<Clock::rep> next_;  // when the bytes granted so far will have passed; nanoseconds of the clock
};

}  // namespace orlop::engine
