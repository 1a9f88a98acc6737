// ReusePlanner itself: what it refuses, and what it does with a policy of the caller's own.
#include "orionrt/planner.hpp"

#include <gtest/gtest.h>

#include "orionrt/plan.hpp"
#include "refuses.hpp"

namespace orionrt::planner_test {
namespace {

using tests::Refuses;

// Three alive together from step 4 on: 30 + 20 + 10 bytes.
Problem Three() {
  Problem problem;
  problem.buffers = {{0, 9, 10}, {2, 9, 20}, {4, 9, 30}};
  problem.ids = {"a", "b", "c"};
  problem.names = {"input", "conv", "relu"};
  return problem;
}

Policy Own(std::vector<std::int64_t> offsets, bool carries_parts = false) {
  return {"mine", "of my own",
          [offsets](const Problem&, const PlanOptions&) {
            Plan plan;
            plan.offsets = offsets;
            return plan;
          },
          carries_parts};
}

TEST(ReusePlanner, ListsThePoliciesWhenTheNameIsUnknown) {
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse,
                      {"\"bset_fit\"", "auto", "linear_scan", "first_fit", "greedy_by_size", "best_fit", "no_reuse"},
                      [] { ReusePlanner("bset_fit"); }));
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"auto"}, [] { ReusePlanner(""); }));
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"auto"}, [] { FindPolicy("AUTO"); }));
}

TEST(ReusePlanner, RefusesABrokenProblemNamingTheBuffer) {
  Problem problem = Three();
  problem.buffers[1].size = -1;
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"b \"conv\"", "-1"}, [&] { ReusePlanner().Run(problem); }));
}

TEST(ReusePlanner, RunsAPolicyOfTheCallersOwn) {
  const Plan plan = ReusePlanner(Own({0, 10, 30})).Run(Three());
  EXPECT_EQ(plan.policy, "mine");
  EXPECT_EQ(plan.peak_bytes, 60);
  EXPECT_EQ(plan.problem_hash, HashProblem(Three()));
  EXPECT_TRUE(plan.certificate.proven_optimal);
  EXPECT_FALSE(ReusePlanner(Own({0, 10, 31})).Run(Three()).certificate.proven_optimal);
}

TEST(ReusePlanner, CallsABadPolicyADefectAndSaysWhatIsWrong) {
  EXPECT_TRUE(Refuses(ErrorCode::kInternal, {"mine", "a \"input\"", "b \"conv\"", "step 2", "[9, 10)"}, [] {
    ReusePlanner(Own({0, 9, 30})).Run(Three());
  }));
  EXPECT_TRUE(Refuses(ErrorCode::kInternal, {"mine", "2"}, [] { ReusePlanner(Own({0, 10})).Run(Three()); }));
  EXPECT_TRUE(Refuses(ErrorCode::kInternal, {"mine"}, [] { ReusePlanner(Own({})).Run(Three()); }));
  EXPECT_TRUE(Refuses(ErrorCode::kInternal, {"c", "-1", "negative"}, [] {
    ReusePlanner(Own({0, 10, -1})).Run(Three());
  }));
  EXPECT_TRUE(Refuses(ErrorCode::kInternal, {"c", "63 bits"}, [] {
    ReusePlanner(Own({0, 10, INT64_MAX - 5})).Run(Three());
  }));
}

TEST(ReusePlanner, RefusesAPolicyWithoutAFunction) {
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"mine"}, [] { ReusePlanner(Policy{"mine", "", nullptr}); }));
}

TEST(ReusePlanner, DoesNotBelieveAPolicyABoundAboveItsOwnPeak) {
  Policy policy{"mine", "", [](const Problem&, const PlanOptions&) {
                  Plan plan;
                  plan.offsets = {0, 10, 30};
                  plan.certificate.lower_bound_bytes = 61;
                  return plan;
                }};
  EXPECT_TRUE(Refuses(ErrorCode::kInternal, {"mine", "61", "60"}, [&] { ReusePlanner(policy).Run(Three()); }));
}

TEST(ReusePlanner, KeepsAHigherBoundThatAPolicyHasProven) {
  Policy policy{"mine", "", [](const Problem&, const PlanOptions&) {
                  Plan plan;
                  plan.offsets = {0, 10, 70};
                  plan.certificate.lower_bound_bytes = 90;
                  plan.certificate.bound_kind = BoundKind::kRefutation;
                  plan.policy = "mine:inner";
                  return plan;
                }};
  const Plan plan = ReusePlanner(policy).Run(Three());
  EXPECT_EQ(plan.certificate.lower_bound_bytes, 90);
  EXPECT_EQ(plan.certificate.bound_kind, BoundKind::kRefutation);
  EXPECT_FALSE(plan.certificate.proven_optimal);
  EXPECT_EQ(plan.policy, "mine:inner");
}

TEST(ReusePlanner, HandsBoundingRectanglesToAPolicyThatCarriesNoParts) {
  Problem problem = Three();
  problem.parts = {{0, 0, 4, 0, 10}};  // gone before `c` comes
  std::size_t parts_seen = 99;
  Policy policy = Own({0, 10, 30});
  policy.run = [&](const Problem& given, const PlanOptions&) {
    parts_seen = given.parts.size();
    Plan plan;
    plan.offsets = {0, 10, 30};
    return plan;
  };
  EXPECT_EQ(ReusePlanner(policy).Run(problem).problem_hash, HashProblem(problem));
  EXPECT_EQ(parts_seen, 0u);
  policy.carries_parts = true;
  ReusePlanner(policy).Run(problem);
  EXPECT_EQ(parts_seen, 1u);
}

// A bound proven of the bounding rectangles is none of the problem, whose bodies interlock.
TEST(ReusePlanner, TakesNoBoundOfTheBoundingRectanglesForOneOfTheProblem) {
  Problem problem;
  problem.buffers = {{0, 2, 8}, {0, 2, 8}};
  problem.parts = {{0, 0, 1, 0, 4}, {0, 1, 2, 4, 8}, {1, 0, 1, 4, 8}, {1, 1, 2, 0, 4}};
  Policy policy{"search", "", [](const Problem& given, const PlanOptions&) {
                  EXPECT_TRUE(given.parts.empty());
                  Plan plan;
                  plan.offsets = {0, 8};
                  plan.certificate.lower_bound_bytes = 16;  // true of two whole buffers
                  plan.certificate.bound_kind = BoundKind::kRefutation;
                  return plan;
                }};
  const Plan plan = ReusePlanner(policy).Run(problem);
  EXPECT_EQ(plan.peak_bytes, 16);
  EXPECT_LE(plan.certificate.lower_bound_bytes, 8) << "both at offset 0 is a plan of 8 bytes";
  EXPECT_FALSE(plan.certificate.proven_optimal);
}

TEST(ReusePlanner, ProvesThatACapacityIsTooSmall) {
  PlanOptions options;
  options.capacity = 59;
  EXPECT_TRUE(
      Refuses(ErrorCode::kInfeasible,
              {"59 bytes", "60 needed", "1 short", "step 4", "c \"relu\" (30)", "b \"conv\" (20)", "a \"input\" (10)"},
              [&] { ReusePlanner().Run(Three(), options); }));
  options.capacity = 60;
  EXPECT_EQ(ReusePlanner().Run(Three(), options).peak_bytes, 60);
}

TEST(ReusePlanner, NamesFewThatCannotFitTogetherTheLargestFirst) {
  Problem problem;
  for (int i = 0; i < 20; ++i) problem.buffers.push_back({0, 1, 100 + i});
  PlanOptions options;
  options.capacity = 300;
  EXPECT_TRUE(Refuses(ErrorCode::kInfeasible, {"19 (119), 18 (118), 17 (117)", "2,190 needed"},
                      [&] { ReusePlanner().Run(problem, options); }));
  EXPECT_FALSE(Refuses(ErrorCode::kInfeasible, {"16 (116)"}, [&] { ReusePlanner().Run(problem, options); }))
      << "three are enough";
}

TEST(ReusePlanner, SaysThatItDoesNotKnowWhenThePlanIsTooHighButTheBoundIsNot) {
  PlanOptions options;
  options.capacity = 65;
  EXPECT_TRUE(Refuses(ErrorCode::kLimit, {"65 bytes", "best 70", "lower bound 60"}, [&] {
    ReusePlanner(Own({0, 10, 40})).Run(Three(), options);
  }));
}

TEST(ReusePlanner, AZeroCapacityHoldsWhatIsEmpty) {
  PlanOptions options;
  options.capacity = 0;
  EXPECT_TRUE(Refuses(ErrorCode::kInfeasible, {"0 bytes", "60 needed", "60 short"},
                      [&] { ReusePlanner().Run(Three(), options); }));
  Problem empty;
  empty.buffers = {{0, 1, 0}};
  EXPECT_EQ(ReusePlanner().Run(empty, options).peak_bytes, 0);
}

TEST(ReusePlanner, CountsBytesInThousands) {
  Problem problem;
  problem.buffers = {{0, 1, 1234567}};
  PlanOptions options;
  options.capacity = 1000000;
  EXPECT_TRUE(Refuses(ErrorCode::kInfeasible, {"1,000,000", "1,234,567", "234,567 short"},
                      [&] { ReusePlanner().Run(problem, options); }));
}

TEST(ReusePlanner, ExactSaysWhereItDidNotSearch) {
  Problem problem;
  problem.buffers.assign(4097, Buffer{0, 1, 1});
  EXPECT_EQ(ReusePlanner("exact").Run(problem).policy, "exact:greedy_by_size");
  problem.buffers.pop_back();
  EXPECT_EQ(ReusePlanner("exact").Run(problem).policy, "exact");
}

}  // namespace
}  // namespace orionrt::planner_test
