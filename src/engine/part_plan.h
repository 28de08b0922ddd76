// How large the parts of an upload are.
#pragma once

#include <cstdint>
#include <optional>

#include "orlop/capability.h"
#include "orlop/result.h"

namespace orlop::engine {

// With a known size all parts but the last are equal (some services insist). With an unknown one they start small and
// double after each tenth of the parts there may be, so that memory stays small for small objects and the largest
// possible object still fits.
class PartPlan {
 public:
  PartPlan(const Limits& limits, std::uint64_t wished, std::optional<std::uint64_t> total, bool equal = false) noexcept;

  // Of the part with this index, from 1. Errors: invalid_argument when there can be no such part.
  Result<std::uint64_t> size_of(std::uint32_t index) const;

 private:
  std::uint64_t first_;
  std::uint64_t largest_;
  std::uint64_t parts_max_;
  std::uint64_t step_;  // parts of equal size; 0: all
};

}  // namespace orlop::engine
