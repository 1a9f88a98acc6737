// How `auto` spends its effort: what learns, what falls apart, and that it is never worse than a policy of one pass.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "clocked.hpp"
#include "generators.hpp"
#include "orionrt/plan.hpp"
#include "orionrt/planner.hpp"
#include "plan/placing/placing.hpp"
#include "plan/squeaky_wheel.hpp"
#include "random.hpp"
#include "sanitized.hpp"

namespace orionrt::auto_test {
namespace {

using tests::LongLives;
using tests::Random;

Plan Quickly(const Problem& problem, const char* policy = "auto") {
  PlanOptions options;
  options.effort = Effort::kFast;
  return ReusePlanner(policy).Run(problem, options);
}

TEST(SqueakyWheel, BeginsWithTheLargestOutwardFromTheWorstMoment) {
  Problem problem;
  problem.buffers = {{0, 2, 100}, {2, 6, 300}, {3, 5, 310}, {6, 9, 305}, {7, 8, 290}, {3, 4, 90}};
  const Shapes shapes(problem);
  SqueakyWheel wheel(WheelItems(problem, shapes));
  // The worst moment is step 3: of the large ones those alive then come first, the longer before the shorter.
  EXPECT_EQ(wheel.Next(), (std::vector<int>{1, 2, 3, 4, 0, 5}));
}

TEST(SqueakyWheel, BringsForwardWhatEndedTooHigh) {
  Problem problem;
  problem.buffers = {{0, 4, 1024}, {0, 4, 1025}, {0, 4, 256}};
  const Shapes shapes(problem);
  SqueakyWheel wheel(WheelItems(problem, shapes));
  EXPECT_EQ(wheel.Next().back(), 2);
  for (int pass = 0; pass < 5; ++pass) {
    wheel.Learn(problem, {0, 1024, 2049}, 2100);  // 2 ends at 2305
    wheel.Next();
  }
  EXPECT_EQ(wheel.Next().front(), 2) << "five times half an octave is more than two octaves";
}

TEST(SqueakyWheel, FindsLowerPlansPassByPass) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const Problem problem = LongLives(seed, 400, 3);
    const Shapes shapes(problem);
    const std::int64_t bound = LowerBound(problem).lower_bound_bytes;
    std::vector<std::int64_t> peaks;
    for (const std::int64_t budget : {std::int64_t{0}, std::int64_t{30'000'000}, std::int64_t{30'000'000}}) {
      Placing placing(problem, shapes);
      SqueakyWheel wheel(WheelItems(problem, shapes));
      Plan plan;
      std::int64_t work = budget;
      const PlanOptions options;
      Watch watch(options);
      EXPECT_TRUE(TurnWheel(problem, wheel, placing, bound, watch, work, plan.offsets, plan.peak_bytes));
      EXPECT_LE(work, 0);
      EXPECT_EQ(PeakOf(problem, plan.offsets), plan.peak_bytes);
      EXPECT_FALSE(Validate(problem, plan).has_value());
      peaks.push_back(plan.peak_bytes);
    }
    EXPECT_LT(peaks[1], peaks[0]) << "seed " << seed;
    EXPECT_EQ(peaks[1], peaks[2]) << "the same work, the same plan";
  }
}

TEST(Auto, IsNeverWorseThanAPolicyOfOnePass) {
  int open = 0;
  for (int seed = 0; seed < tests::Seeds(600); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(static_cast<std::uint64_t>(seed));
    tests::Menu menu;
    menu.steps = static_cast<int>(random.Between(2, 60));
    menu.largest = static_cast<int>(random.Between(2, 2000));
    menu.alignment_bits = random.OneIn(2) ? 6 : 0;
    menu.zero_sizes = random.OneIn(4);
    menu.fixed = random.OneIn(4);
    menu.parts = random.OneIn(2);
    const Problem problem = tests::SeededProblem(random, static_cast<int>(random.Between(1, 60)), menu);
    const Plan plan = Quickly(problem);
    open += plan.certificate.proven_optimal ? 0 : 1;
    for (const char* policy : {"first_fit", "greedy_by_size", "best_fit", "linear_scan", "exact"}) {
      EXPECT_LE(plan.peak_bytes, Quickly(problem, policy).peak_bytes) << policy << tests::Describe(problem);
    }
  }
  EXPECT_GT(open, tests::Seeds(40)) << "problems that are not settled are the ones that can be worse";
}

TEST(Auto, IsNeverWorseOnSeveralStreamsEither) {
  for (int seed = 0; seed < tests::Seeds(200); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(static_cast<std::uint64_t>(seed));
    tests::ClockedOptions made;
    made.streams = static_cast<int>(random.Between(2, 5));
    made.buffers = static_cast<int>(random.Between(2, 60));
    made.steps = static_cast<int>(random.Between(2, 20));
    made.largest = random.Between(2, 1000);
    made.alignments = random.OneIn(2);
    made.parts = random.OneIn(3);
    made.apart = random.OneIn(4);
    const Problem problem = tests::RandomClocked(made, random);
    const Plan plan = Quickly(problem);
    for (const char* policy : {"first_fit", "greedy_by_size", "best_fit", "linear_scan"}) {
      EXPECT_LE(plan.peak_bytes, Quickly(problem, policy).peak_bytes) << policy;
    }
  }
}

// One after the other, with nothing alive in between.
Problem Repeated(const Problem& problem, int times) {
  Problem repeated;
  std::int64_t steps = 0;
  for (const Buffer& buffer : problem.buffers) steps = std::max(steps, buffer.upper);
  for (int k = 0; k < times; ++k) {
    for (Buffer buffer : problem.buffers) {
      buffer.lower += k * steps;
      buffer.upper += k * steps;
      repeated.buffers.push_back(buffer);
    }
  }
  return repeated;
}

TEST(Auto, PlansWhatFallsApartInTimePartByPart) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    const Problem once = LongLives(seed, 120, 2);
    const Problem thrice = Repeated(once, 3);
    const Plan plan = Quickly(thrice);
    const Plan single = Quickly(once);
    EXPECT_EQ(plan.peak_bytes, single.peak_bytes) << "seed " << seed;
    EXPECT_EQ(plan.certificate.lower_bound_bytes, single.certificate.lower_bound_bytes) << "seed " << seed;
    EXPECT_EQ(plan.certificate.proven_optimal, single.certificate.proven_optimal) << "seed " << seed;
  }
}

TEST(Auto, ProvesThePartThatIsHighestAndFitsTheOthersBelow) {
  Random random(5);
  for (int run = 0; run < tests::Seeds(60); ++run) {
    tests::Menu menu;
    menu.steps = 12;
    menu.alignment_bits = run % 2 == 0 ? 0 : 3;
    menu.fixed = run % 3 == 0;
    const Problem left = tests::SeededProblem(random, static_cast<int>(random.Between(1, 12)), menu);
    Problem both = tests::SeededProblem(random, static_cast<int>(random.Between(1, 12)), menu);
    const Plan right_alone = Quickly(both), left_alone = Quickly(left);
    for (Buffer buffer : left.buffers) {
      buffer.lower += 1000;
      buffer.upper += 1000;
      both.buffers.push_back(buffer);
    }
    const Plan plan = Quickly(both);
    EXPECT_EQ(plan.peak_bytes, std::max(left_alone.peak_bytes, right_alone.peak_bytes)) << tests::Describe(both);
  }
}

}  // namespace
}  // namespace orionrt::auto_test
