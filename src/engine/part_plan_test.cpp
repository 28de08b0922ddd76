#include "engine/part_plan.h"

#include <gtest/gtest.h>

namespace orlop::engine {
namespace {

constexpr std::uint64_t mib = std::uint64_t{1} << 20;
constexpr std::uint64_t tib = std::uint64_t{1} << 40;

Limits s3_limits() {
  Limits limits;
  limits.part_min = 5 * mib;
  limits.part_max = 5120 * mib;
  limits.parts_max = 10'000;
  limits.object_max = 5 * tib;
  return limits;
}

TEST(PartPlan, NeverGrowsWhereAllPartsMustBeEqual) {
  PartPlan plan(s3_limits(), 8 * mib, std::nullopt, true);
  EXPECT_EQ(plan.size_of(1).value(), 8 * mib);
  EXPECT_EQ(plan.size_of(10'000).value(), 8 * mib);
  EXPECT_FALSE(plan.size_of(10'001));
}

TEST(PartPlan, KeepsPartsOfAKnownSizeEqualAndWithinTheirNumber) {
  for (std::uint64_t total : {1 * mib, 100 * mib, 80'000 * mib, 80'000 * mib + 1, 5 * tib}) {
    PartPlan plan(s3_limits(), 8 * mib, total);
    std::uint64_t size = plan.size_of(1).value();
    EXPECT_EQ(size, plan.size_of(10'000).value());
    EXPECT_GE(size, 8 * mib);
    EXPECT_LE((total + size - 1) / size, 10'000U) << total;
  }
  EXPECT_EQ(PartPlan(s3_limits(), 8 * mib, 80'000 * mib).size_of(1).value(), 8 * mib);
}

TEST(PartPlan, ReachesTheLargestObjectWithoutKnowingTheSize) {
  for (std::uint64_t wished : {std::uint64_t{1}, 5 * mib, 8 * mib, 64 * mib}) {
    PartPlan plan(s3_limits(), wished, {});
    std::uint64_t total = 0;
    std::uint64_t before = 0;
    for (std::uint32_t index = 1; index <= 10'000; ++index) {
      std::uint64_t size = plan.size_of(index).value();
      EXPECT_GE(size, before);
      before = size;
      total += size;
    }
    EXPECT_GE(total, 5 * tib) << wished;
    EXPECT_LE(plan.size_of(1000).value(), std::max(wished, 8 * mib));
    EXPECT_EQ(plan.size_of(10'001).error().code(), Code::invalid_argument);
  }
}

TEST(PartPlan, NeverGrowsWithoutALimitOfParts) {
  PartPlan plan({}, 8 * mib, {});
  EXPECT_EQ(plan.size_of(1).value(), 8 * mib);
  EXPECT_EQ(plan.size_of(4'000'000'000U).value(), 8 * mib);
}

TEST(PartPlan, StaysWithinTheLargestPart) {
  Limits limits = s3_limits();
  limits.part_max = 16 * mib;
  EXPECT_EQ(PartPlan(limits, 8 * mib, {}).size_of(10'000).value(), 16 * mib);
}

}  // namespace
}  // namespace orlop::engine
