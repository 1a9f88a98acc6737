// The packing of what is too large for a pass of first-fit.
#include "plan/columns.hpp"

#include <gtest/gtest.h>

#include "generators.hpp"
#include "orionrt/plan.hpp"
#include "orionrt/planner.hpp"
#include "random.hpp"
#include "sanitized.hpp"

namespace orionrt::columns_test {
namespace {

using tests::Random;

Plan InColumns(const Problem& problem) {
  Plan plan;
  plan.offsets = PackInColumns(problem, Shapes(problem));
  plan.peak_bytes = PeakOf(problem, plan.offsets);
  return plan;
}

TEST(Columns, KeepApartWhatMeets) {
  for (int seed = 0; seed < tests::Seeds(400); ++seed) {
    Random random(static_cast<std::uint64_t>(seed));
    tests::Menu menu;
    menu.steps = static_cast<int>(random.Between(2, 60));
    menu.largest = static_cast<int>(random.Between(2, 2000));
    menu.alignment_bits = random.OneIn(2) ? 6 : 0;
    menu.zero_sizes = random.OneIn(4);
    menu.parts = random.OneIn(2);
    const Problem problem = tests::SeededProblem(random, static_cast<int>(random.Between(1, 200)), menu);
    const auto fault = Validate(problem, InColumns(problem));
    EXPECT_FALSE(fault.has_value()) << "seed " << seed << ": " << fault->message << tests::Describe(problem);
  }
}

TEST(Columns, WasteNothingWhereAllAreAliveOrOfOneSize) {
  Problem alive = tests::LongLives(1, 500, 2), equal = alive;
  for (Buffer& buffer : alive.buffers) {
    buffer.lower = 0;
    buffer.upper = 9;
  }
  for (Buffer& buffer : equal.buffers) buffer.size = 64;
  for (const Problem& problem : {alive, equal}) {
    EXPECT_EQ(InColumns(problem).peak_bytes, LowerBound(problem).lower_bound_bytes);
  }
}

TEST(Columns, AreCloseToTheBoundWhereMostAreAlive) {
  const Problem problem = tests::LongLives(1, 20'000, 2);
  EXPECT_LT(InColumns(problem).peak_bytes, LowerBound(problem).lower_bound_bytes * 11 / 10);
}

TEST(Columns, AreThePlanWhereNoPassFitsTheBudget) {
  Problem problem;
  for (std::int64_t i = 0; i < 60'000; ++i) problem.buffers.push_back({i, i + 30'000, 1000 + i * 7919 % 10'007});
  PlanOptions options;
  options.effort = Effort::kFast;
  const Plan plan = ReusePlanner().Run(problem, options);
  EXPECT_EQ(plan.policy, "auto:columns");
  EXPECT_LT(plan.work, 60'000'000) << "a pass is a billion";
  EXPECT_LT(plan.peak_bytes, plan.certificate.lower_bound_bytes * 11 / 10);
  EXPECT_EQ(plan.policies_not_run.size(), 4u);
}

}  // namespace
}  // namespace orionrt::columns_test
