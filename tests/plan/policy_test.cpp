// What every built-in policy must do, row by row of the table.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <tuple>

#include "generators.hpp"
#include "orionrt/config.hpp"
#include "orionrt/plan.hpp"
#include "orionrt/planner.hpp"

namespace orionrt::policy_test {
namespace {

// The searching policies prove little on random problems, and take their whole effort for it.
PlanOptions Quick() {
  PlanOptions options;
  options.effort = Effort::kFast;
  return options;
}

class EveryPolicy : public testing::TestWithParam<std::string> {
 protected:
  Plan Run(const Problem& problem, const PlanOptions& options = Quick()) const {
    return ReusePlanner(GetParam()).Run(problem, options);
  }
};

tests::Menu Everything() {
  tests::Menu menu;
  menu.alignment_bits = 7;
  menu.zero_sizes = true;
  menu.fixed = true;
  menu.parts = true;
  return menu;
}

TEST_P(EveryPolicy, MakesPlansThatTheJudgeAccepts) {
  tests::Menu plain, aligned, fixed, parts;
  aligned.alignment_bits = 9;
  aligned.zero_sizes = true;
  fixed.fixed = true;
  parts.parts = true;
  for (const tests::Menu& menu : {plain, aligned, fixed, parts, Everything()}) {
    EXPECT_TRUE(rc::check(GetParam(), [&] {
      const Problem problem = *tests::AnyProblem(menu, 3);
      const Plan plan = Run(problem);
      RC_ASSERT(!Validate(problem, plan));
      RC_ASSERT(plan.peak_bytes == PeakOf(problem, plan.offsets));
      RC_ASSERT(plan.problem_hash == HashProblem(problem));
      RC_ASSERT(!plan.time_limited);
      RC_ASSERT(plan.policy.compare(0, GetParam().size(), GetParam()) == 0);
      RC_ASSERT(plan.certificate.lower_bound_bytes >= LowerBound(problem).lower_bound_bytes);
      for (std::size_t i = 0; i < plan.offsets.size(); ++i) {
        if (problem.buffers[i].size == 0 && problem.buffers[i].fixed_offset == kFree) RC_ASSERT(plan.offsets[i] == 0);
      }
    }));
  }
}

TEST_P(EveryPolicy, GivesTheSameBytesTwice) {
  tests::Random random(2);
  for (int run = 0; run < 20; ++run) {
    const Problem problem = tests::SeededProblem(random, 200, Everything());
    const Plan first = Run(problem);
    const Plan second = Run(problem);
    EXPECT_EQ(first.offsets, second.offsets);
    EXPECT_EQ(first.policy, second.policy);
    EXPECT_EQ(first.certificate.witness, second.certificate.witness);
    EXPECT_EQ(first.certificate.witness_step, second.certificate.witness_step);
  }
}

// Which of the buffers that are alike gets which place is open; that the places are the same is not.
TEST_P(EveryPolicy, GivesTheSamePlacesWhenTheInputIsShuffled) {
  if (GetParam() == "no_reuse") GTEST_SKIP() << "no_reuse stacks in the order of the input";
  using Place = std::tuple<std::int64_t, std::int64_t, std::int64_t, std::int64_t>;
  const auto places = [](const Problem& problem, const Plan& plan) {
    std::multiset<Place> all;
    for (std::size_t i = 0; i < problem.buffers.size(); ++i) {
      const Buffer& b = problem.buffers[i];
      all.emplace(b.lower, b.upper, b.size, plan.offsets[i]);
    }
    return all;
  };
  tests::Random random(3);
  tests::Menu menu;
  menu.largest = 30;  // many ties
  menu.steps = 15;
  menu.zero_sizes = true;
  for (int run = 0; run < 50; ++run) {
    menu.alignment_bits = run % 2 == 0 ? 0 : 4;
    const Problem problem = tests::SeededProblem(random, static_cast<int>(random.Between(2, 120)), menu);
    Problem shuffled = problem;
    for (std::size_t i = shuffled.buffers.size() - 1; i > 0; --i) {
      std::swap(shuffled.buffers[i],
                shuffled.buffers[static_cast<std::size_t>(random.Below(static_cast<std::int64_t>(i) + 1))]);
    }
    const Plan plan = Run(problem);
    const Plan other = Run(shuffled);
    EXPECT_EQ(plan.peak_bytes, other.peak_bytes) << "run " << run;
    ASSERT_EQ(places(problem, plan), places(shuffled, other)) << "run " << run << tests::Describe(problem);
  }
}

TEST_P(EveryPolicy, PlansNothing) {
  const Plan plan = Run({});
  EXPECT_TRUE(plan.offsets.empty());
  EXPECT_EQ(plan.peak_bytes, 0);
  EXPECT_TRUE(plan.certificate.proven_optimal);
}

TEST_P(EveryPolicy, PlacesASingleBufferAtTheBottom) {
  Problem problem;
  problem.buffers = {{-7, 9, 1000, 128}};
  const Plan plan = Run(problem);
  EXPECT_EQ(plan.offsets, std::vector<std::int64_t>{0});
  EXPECT_EQ(plan.peak_bytes, 1000);
  EXPECT_TRUE(plan.certificate.proven_optimal);
}

TEST_P(EveryPolicy, KeepsFixedOffsetsAlsoFarAway) {
  Problem problem;
  problem.buffers = {{0, 4, 100, 1, std::int64_t{1} << 40}, {0, 4, 100, 64}, {2, 6, 50, 1, 0}, {5, 9, 0, 8, 24}};
  const Plan plan = Run(problem);
  EXPECT_EQ(plan.offsets[0], std::int64_t{1} << 40);
  EXPECT_EQ(plan.offsets[2], 0);
  EXPECT_EQ(plan.offsets[3], 24);
  if (GetParam() == "no_reuse") return;  // puts the others above
  EXPECT_EQ(plan.peak_bytes, (std::int64_t{1} << 40) + 100);
  EXPECT_TRUE(plan.certificate.proven_optimal);
}

TEST_P(EveryPolicy, AnEmptyBufferFixedFarAwayRaisesNothing) {
  Problem problem;
  problem.buffers = {{0, 4, 100}, {0, 4, 0, 8, 4096}};
  const Plan plan = Run(problem);
  EXPECT_EQ(plan.peak_bytes, 100);
  EXPECT_EQ(plan.offsets[1], 4096);
  EXPECT_EQ(plan.certificate.lower_bound_bytes, 100);
}

TEST_P(EveryPolicy, TakesExtremeSteps) {
  Problem problem;
  constexpr std::int64_t kFarthest = std::int64_t{1} << 61;
  problem.buffers = {
      {-kFarthest, kFarthest, 8}, {-1, 0, 8}, {kFarthest - 1, kFarthest, 8}, {-kFarthest, 1 - kFarthest, 8}};
  EXPECT_FALSE(Validate(problem, Run(problem)));
}

TEST_P(EveryPolicy, TakesSizesNear63BitsOrRefusesThem) {
  Problem problem;
  constexpr std::int64_t kHuge = (std::int64_t{1} << 60) + 1;
  problem.buffers = {{0, 2, kHuge}, {1, 3, kHuge}, {0, 3, kHuge}, {2, 4, 3}};
  try {
    EXPECT_FALSE(Validate(problem, Run(problem)));
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnsupported) << error.what();
  }
}

// A large alignment beside a small one must not take an arena's worth of books.
TEST_P(EveryPolicy, TakesALargeAlignmentBesideASmallOne) {
  Problem problem;
  problem.buffers = {{0, 2, 1, 1}, {0, 2, 1, std::int64_t{1} << 28}, {1, 3, 1, 1}};
  EXPECT_FALSE(Validate(problem, Run(problem)));
}

TEST_P(EveryPolicy, RefusesFixedBuffersThatClashAsTheProblemsFault) {
  Problem problem;
  problem.buffers = {{0, 4, 8, 1, 0}, {3, 5, 8, 1, 4}};
  try {
    Run(problem);
    FAIL() << "not refused";
  } catch (const Error& error) {
    EXPECT_TRUE(error.code() == ErrorCode::kInfeasible || error.code() == ErrorCode::kBadInput) << error.what();
  }
}

std::vector<std::string> Names() {
  std::vector<std::string> names;
  for (const Policy& policy : Policies()) names.push_back(policy.name);
  return names;
}
std::string ParamName(const testing::TestParamInfo<std::string>& info) { return info.param; }
INSTANTIATE_TEST_SUITE_P(Policies, EveryPolicy, testing::ValuesIn(Names()), ParamName);

TEST(Policies, AreListedOnceWithOneLineOfHelp) {
  std::set<std::string> names;
  for (const Policy& policy : Policies()) {
    EXPECT_TRUE(names.insert(policy.name).second) << policy.name;
    EXPECT_FALSE(policy.help.empty()) << policy.name;
    EXPECT_EQ(policy.help.find('\n'), std::string::npos) << policy.name;
    EXPECT_TRUE(policy.run) << policy.name;
  }
  for (const char* name : {"auto", "exact", "linear_scan", "first_fit", "greedy_by_size", "best_fit", "no_reuse"})
    EXPECT_EQ(names.count(name), 1u) << name;
}

TEST(Policies, AutoIsNeverWorseThanAnother) {
  tests::Random random(4);
  tests::Menu menu;
  menu.alignment_bits = 3;
  for (int run = 0; run < 15; ++run) {
    const Problem problem = tests::SeededProblem(random, static_cast<int>(random.Between(1, 150)), menu);
    const std::int64_t best = ReusePlanner("auto").Run(problem, Quick()).peak_bytes;
    for (const Policy& policy : Policies())
      EXPECT_LE(best, ReusePlanner(policy).Run(problem, Quick()).peak_bytes) << policy.name;
  }
}

TEST(Policies, NoReuseGivesEveryBufferBytesOfItsOwn) {
  Problem problem;
  problem.buffers = {{0, 1, 10}, {1, 2, 20}, {2, 3, 0}, {3, 4, 30}};
  EXPECT_EQ(ReusePlanner("no_reuse").Run(problem).peak_bytes, 60);
}

TEST(Policies, AReusingPolicyReuses) {
  Problem problem;
  for (int i = 0; i < 10; ++i) problem.buffers.push_back({i, i + 2, 64});
  for (const Policy& policy : Policies()) {
    if (policy.name != "no_reuse") {
      EXPECT_EQ(ReusePlanner(policy).Run(problem, Quick()).peak_bytes, 128) << policy.name;
    }
  }
}

}  // namespace
}  // namespace orionrt::policy_test
