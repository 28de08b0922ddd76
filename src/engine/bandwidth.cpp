#include "engine/bandwidth.h"

#include <algorithm>
#include <chrono>

namespace orlop::engine {
namespace {

constexpr std::uint64_t slices_per_second = 50;
constexpr std::uint64_t largest_slice = 4 << 20;
constexpr double nanoseconds = 1e9;

// What was not used up to so long ago may be made up for: timers are late, and disks have their pauses.
constexpr Clock::duration credit = Milliseconds(50);

static_assert(Clock::period::den == 1'000'000'000 && Clock::period::num == 1);

}  // namespace

Bandwidth::Bandwidth(std::uint64_t bytes_per_second) noexcept
    : rate_(std::max<std::uint64_t>(bytes_per_second, 1)),
      slice_(static_cast<std::size_t>(std::clamp<std::uint64_t>(rate_ / slices_per_second, 1, largest_slice))),
      next_(0) {}

Result<void> Bandwidth::take(const Context& context, std::size_t bytes) {
  const auto cost = static_cast<Clock::rep>(static_cast<double>(bytes) * nanoseconds / static_cast<double>(rate_));
  const Clock::rep now = Clock::now().time_since_epoch().count();
  Clock::rep before = next_.load(std::memory_order_relaxed), after = 0;
  do {
    after = std::max(before, now - credit.count()) + cost;
  } while (!next_.compare_exchange_weak(before, after, std::memory_order_relaxed));
  if (after <= now) return {};
  context.sleep(std::chrono::ceil<Milliseconds>(Clock::duration(after - now)));
  if (auto expired = context.expired()) return std::move(*expired);
  return {};
}

}  // namespace orlop::engine
