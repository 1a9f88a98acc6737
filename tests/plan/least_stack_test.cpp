// Plans around the stack that needs least padding.
#include "plan/least_stack.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "orionrt/plan.hpp"
#include "orionrt/planner.hpp"
#include "plan/lower_bound.hpp"
#include "sanitized.hpp"
#include "seeded_problem.hpp"

namespace orionrt::least_stack_test {
namespace {

using tests::Random;

// Alignments of 1 to 256, sizes up to 1 MiB, lives up to a quarter of the time; some with a gap.
Problem MixedAlignments(int seed, int n, bool gaps) {
  Random random(static_cast<std::uint64_t>(seed));
  Problem problem;
  for (int i = 0; i < n; ++i) {
    Buffer buffer;
    buffer.lower = random.Below(n);
    buffer.upper = buffer.lower + random.Between(3, std::max(4, n / 4));
    buffer.size = random.Between(1024, 1 << 20);
    buffer.alignment = std::int64_t{1} << random.Between(0, 8);
    problem.buffers.push_back(buffer);
    if (!gaps || !random.OneIn(3)) continue;
    const std::int64_t from = random.Between(buffer.lower + 1, buffer.upper - 2);
    problem.parts.push_back({i, buffer.lower, from, 0, buffer.size});
    problem.parts.push_back({i, random.Between(from + 1, buffer.upper - 1), buffer.upper, 0, buffer.size});
  }
  return problem;
}

TEST(LeastStack, IsBelowNoPlanAndAboveNoBound) {
  for (int seed = 0; seed < tests::Seeds(300); ++seed) {
    Random random(static_cast<std::uint64_t>(seed));
    tests::Menu menu;
    menu.steps = static_cast<int>(random.Between(2, 12));
    menu.largest = static_cast<int>(random.Between(2, 200));
    menu.alignment_bits = static_cast<int>(random.Between(0, 6));
    menu.zero_sizes = random.OneIn(4);
    menu.parts = random.OneIn(2);
    const Problem problem = tests::SeededProblem(random, static_cast<int>(random.Between(1, 12)), menu);
    const PlanOptions options;
    const Plan exact = ReusePlanner("exact").Run(problem, options);
    ASSERT_EQ(exact.peak_bytes, exact.certificate.lower_bound_bytes) << "seed " << seed;
    Watch watch(options);
    std::int64_t work = 2'000'000;
    const LeastStack found =
        PackOnLeastStack(problem, LowerBound(problem).witness, 0, 2 * exact.peak_bytes + 1, work, watch);
    EXPECT_LE(found.bound, exact.peak_bytes) << "seed " << seed << tests::Describe(problem);
    if (found.offsets.empty()) continue;
    Plan plan;
    plan.offsets = found.offsets;
    plan.peak_bytes = found.peak;
    const auto fault = Validate(problem, plan);
    EXPECT_FALSE(fault.has_value()) << "seed " << seed << ": " << fault->message << tests::Describe(problem);
    EXPECT_LE(found.bound, found.peak) << "seed " << seed;
  }
}

// Of these eight the exact search alone proves five, and two of those with gaps.
TEST(LeastStack, IsFoundAndProvenUnderMixedAlignments) {
  for (const bool gaps : {false, true}) {
    int proven = 0;
    for (int seed = 0; seed < 8; ++seed) {
      const Plan plan = ReusePlanner("auto").Run(MixedAlignments(seed, 70, gaps), PlanOptions());
      EXPECT_LE(plan.peak_bytes - plan.certificate.lower_bound_bytes, plan.certificate.lower_bound_bytes / 50);
      proven += plan.peak_bytes == plan.certificate.lower_bound_bytes;
    }
    EXPECT_GE(proven, gaps ? 6 : 7) << (gaps ? "with gaps" : "without gaps");
  }
}

TEST(LeastStack, IsLeftAloneWhereItCannotBe) {
  Problem problem = MixedAlignments(1, 40, false);
  const PlanOptions options;
  Watch watch(options);
  std::int64_t work = 100;  // not enough for a table
  EXPECT_TRUE(PackOnLeastStack(problem, {}, 0, INT64_MAX, work, watch).buffers.empty());
  EXPECT_EQ(work, 100);
  work = 100'000'000;
  problem.buffers[3].fixed_offset = 0;
  EXPECT_TRUE(PackOnLeastStack(problem, {}, 0, INT64_MAX, work, watch).buffers.empty());
  const Problem many = MixedAlignments(1, 400, false);  // some fifty of them alive at once
  EXPECT_TRUE(PackOnLeastStack(many, {}, 0, INT64_MAX, work, watch).buffers.empty());
  EXPECT_EQ(work, 100'000'000);
}

}  // namespace
}  // namespace orionrt::least_stack_test
