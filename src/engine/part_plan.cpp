#include "engine/part_plan.h"

#include <algorithm>
#include <string>

namespace orlop::engine {
namespace {

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;
constexpr std::uint64_t steps = 10;
constexpr std::uint64_t steps_sum = (1U << steps) - 1;  // parts of a whole plan in units of `first x step`

// A share of the total, in whole mebibytes.
std::uint64_t share(std::uint64_t total, std::uint64_t count) noexcept {
  std::uint64_t exact = total / count + (total % count != 0 ? 1 : 0);
  return (exact + mebibyte - 1) / mebibyte * mebibyte;
}

}  // namespace

PartPlan::PartPlan(const Limits& limits, std::uint64_t wished, std::optional<std::uint64_t> total, bool equal) noexcept
    : first_(std::max({wished, limits.part_min, std::uint64_t{1}})),
      largest_(std::max<std::uint64_t>(limits.part_max, 1)),
      parts_max_(limits.parts_max),
      step_(0) {
  bool counted = parts_max_ != Limits::none;
  if (counted && total && *total > first_) {
    first_ = std::max(first_, share(*total, parts_max_));
  } else if (counted && !total && !equal) {
    step_ = std::max<std::uint64_t>(parts_max_ / steps, 1);
    if (limits.object_max != Limits::none) first_ = std::max(first_, share(limits.object_max, steps_sum * step_));
  }
  first_ = std::min(first_, largest_);
}

Result<std::uint64_t> PartPlan::size_of(std::uint32_t index) const {
  if (index > parts_max_)
    return Error(Code::invalid_argument,
                 "an upload has at most " + std::to_string(parts_max_) + " parts: choose a larger part size");
  std::uint64_t doublings = step_ == 0 ? 0 : std::min((index - 1) / step_, steps - 1);
  return first_ > largest_ >> doublings ? largest_ : first_ << doublings;
}

}  // namespace orlop::engine
