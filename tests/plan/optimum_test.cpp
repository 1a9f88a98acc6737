// Small problems against the optimum found by trying everything.
#include <gtest/gtest.h>

#include "brute_force.hpp"
#include "generators.hpp"
#include "orionrt/config.hpp"
#include "orionrt/plan.hpp"
#include "orionrt/planner.hpp"
#include "sanitized.hpp"

namespace orionrt::optimum_test {
namespace {

struct Family {
  const char* name;
  tests::Menu menu;
  int buffers;  // at most
};

void PrintTo(const Family& family, std::ostream* out) { *out << family.name; }

tests::Menu Small(int alignment_bits, bool fixed, bool parts) {
  tests::Menu menu;
  menu.steps = 6;
  menu.largest = 7;
  menu.alignment_bits = alignment_bits;
  menu.zero_sizes = true;
  menu.fixed = fixed;
  menu.parts = parts;
  return menu;
}

const Family kFamilies[] = {
    {"Plain", Small(0, false, false), 7},       {"Aligned", Small(3, false, false), 6},
    {"Fixed", Small(0, true, false), 7},        {"Parts", Small(0, false, true), 6},
    {"AlignedFixed", Small(2, true, false), 6}, {"Everything", Small(2, true, true), 6},
};

class Optimum : public testing::TestWithParam<Family> {
 protected:
  // Calls `judge(problem, optimum)` on many problems; stops at the first failure.
  template <typename Judge>
  void ForEach(int runs, const Judge& judge) {
    tests::Random random(1);
    for (int run = 0; run < runs && !HasFailure(); ++run) {
      const Problem problem =
          tests::SeededProblem(random, static_cast<int>(random.Between(1, GetParam().buffers)), GetParam().menu);
      const auto optimum = tests::OptimalPeak(problem).Find();
      ASSERT_TRUE(optimum) << "the menu makes problems too large to try everything";
      SCOPED_TRACE("run " + std::to_string(run) + ", optimum " + std::to_string(*optimum) + tests::Describe(problem));
      judge(problem, *optimum);
    }
  }
};

TEST_P(Optimum, LowerBoundIsNeverAbove) {
  ForEach(2000, [](const Problem& problem, std::int64_t optimum) {
    EXPECT_LE(LowerBound(problem).lower_bound_bytes, optimum);
  });
}

TEST_P(Optimum, EveryPolicyStaysAboveAndClaimsTheTruth) {
  ForEach(300, [](const Problem& problem, std::int64_t optimum) {
    for (const Policy& policy : Policies()) {
      const Plan plan = ReusePlanner(policy).Run(problem);
      EXPECT_FALSE(tests::FindClash(problem, plan.offsets)) << policy.name;
      EXPECT_GE(plan.peak_bytes, optimum) << policy.name;
      EXPECT_LE(plan.certificate.lower_bound_bytes, optimum) << policy.name;
      EXPECT_EQ(plan.certificate.proven_optimal, plan.peak_bytes == plan.certificate.lower_bound_bytes) << policy.name;
      if (plan.certificate.proven_optimal) {
        EXPECT_EQ(plan.peak_bytes, optimum) << policy.name;
      }
    }
  });
}

TEST_P(Optimum, CapacityIsRefusedAsInfeasibleOnlyBelow) {
  ForEach(300, [](const Problem& problem, std::int64_t optimum) {
    for (const std::int64_t capacity : {optimum - 1, optimum, optimum + 1}) {
      if (capacity <= 0) continue;
      PlanOptions options;
      options.capacity = capacity;
      try {
        EXPECT_LE(ReusePlanner().Run(problem, options).peak_bytes, capacity);
        EXPECT_GE(capacity, optimum);
      } catch (const Error& error) {
        EXPECT_TRUE(error.code() == ErrorCode::kLimit || (error.code() == ErrorCode::kInfeasible && capacity < optimum))
            << "capacity " << capacity << ": " << error.what();
      }
    }
  });
}

// Whatever the parts and the mix of alignments: the search carries them, so that the default reaches the optimum and
// proves it.
TEST_P(Optimum, AutoAndExactReachAndProveIt) {
  const int runs = tests::Seeds(400);
  int proven = 0, all = 0;
  ForEach(runs, [&](const Problem& problem, std::int64_t optimum) {
    for (const char* policy : {"auto", "exact"}) {
      const Plan plan = ReusePlanner(policy).Run(problem);
      EXPECT_FALSE(tests::FindClash(problem, plan.offsets)) << policy;
      EXPECT_EQ(plan.peak_bytes, optimum) << policy;
      proven += plan.certificate.proven_optimal ? 1 : 0;
      ++all;
    }
  });
  EXPECT_EQ(proven, all);
}

// Some are alive for only a while of their lifetimes, some never, and only their parts say so.
TEST(OptimumOfShortenedLives, DecidesEveryCapacity) {
  tests::Random random(3);
  for (int run = 0; run < 400 && !testing::Test::HasFailure(); ++run) {
    Problem problem = tests::SeededProblem(random, static_cast<int>(random.Between(1, 7)), Small(2, true, false));
    for (int i = 0; i < static_cast<int>(problem.buffers.size()); ++i) {
      const Buffer& b = problem.buffers[i];
      const std::int64_t lower = random.Between(b.lower, b.upper - 1), upper = random.Between(lower + 1, b.upper);
      const std::int64_t middle = random.Between(lower, upper);
      const std::int64_t end = random.OneIn(3) ? 0 : b.size;
      if (random.OneIn(2)) continue;
      if (middle > lower) problem.parts.push_back({i, lower, middle, 0, end});
      if (upper > middle) problem.parts.push_back({i, middle, upper, 0, end});
    }
    const auto optimum = tests::OptimalPeak(problem).Find();
    ASSERT_TRUE(optimum);
    for (const std::int64_t capacity : {*optimum - 2, *optimum - 1, *optimum}) {
      if (capacity <= 0) continue;
      SCOPED_TRACE("capacity " + std::to_string(capacity) + ", optimum " + std::to_string(*optimum) +
                   tests::Describe(problem));
      PlanOptions options;
      options.capacity = capacity;
      try {
        const Plan plan = ReusePlanner().Run(problem, options);
        EXPECT_LE(plan.peak_bytes, capacity);
        EXPECT_FALSE(tests::FindClash(problem, plan.offsets));
        EXPECT_FALSE(Validate(problem, plan));
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kInfeasible) << error.what();
        EXPECT_LT(capacity, *optimum) << error.what();
      }
    }
  }
}

std::string FamilyName(const testing::TestParamInfo<Family>& info) { return info.param.name; }
INSTANTIATE_TEST_SUITE_P(Families, Optimum, testing::ValuesIn(kFamilies), FamilyName);

TEST(BruteForce, KnowsOptimaThatAreKnown) {
  Problem problem;
  problem.buffers = {{0, 3, 4}, {3, 9, 4}, {0, 9, 4}, {9, 21, 4}, {0, 21, 4}};  // MiniMalloc's example_input
  EXPECT_EQ(tests::OptimalPeak(problem).Find(), 12);
  problem.buffers = {{0, 1, 5, 4}, {0, 1, 5, 4}};
  EXPECT_EQ(tests::OptimalPeak(problem).Find(), 13);
  problem.buffers = {{0, 2, 2, 1, 1}, {0, 2, 3}};  // a hole of one byte below the fixed one
  EXPECT_EQ(tests::OptimalPeak(problem).Find(), 6);
  problem.buffers = {{0, 2, 8}, {0, 2, 8}};
  problem.parts = {{0, 0, 1, 0, 4}, {0, 1, 2, 4, 8}, {1, 0, 1, 4, 8}, {1, 1, 2, 0, 4}};
  EXPECT_EQ(tests::OptimalPeak(problem).Find(), 8);
}

}  // namespace
}  // namespace orionrt::optimum_test
