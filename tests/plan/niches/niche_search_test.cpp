// What the niche search finds, against the validator, brute force on tiny problems, and bounds that it is known to
// reach: an error in its books makes plans worse, not wrong.
#include "plan/niches/niche_search.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "brute_force.hpp"
#include "orionrt/planner.hpp"
#include "sanitized.hpp"
#include "support/seeded_problem.hpp"

namespace orionrt::niche_search_test {
namespace {

using tests::Random;

// The plan found below `peak` for `work`; without offsets: none.
Plan Found(const Problem& problem, std::int64_t peak, std::int64_t work, const PlanOptions& options = {}) {
  const Shapes shapes(problem);
  const NicheModel model(problem, shapes);
  Watch watch(options);
  std::vector<std::int64_t> offsets;
  Plan plan;
  plan.peak_bytes = peak;
  const std::int64_t bound = LowerBound(problem).lower_bound_bytes;
  NicheSearch search(model, work);
  if (!FillNiches(search, model.count(), bound, watch, work, offsets, plan.peak_bytes)) return plan;
  plan.offsets.assign(problem.buffers.size(), 0);
  for (std::size_t row = 0; row < offsets.size(); ++row) plan.offsets[At(model.rows[row].buffer)] = offsets[row];
  return plan;
}

std::int64_t BytesOfAll(const Problem& problem) {
  std::int64_t bytes = 1;
  for (const Buffer& buffer : problem.buffers) bytes += buffer.size + buffer.alignment;
  return bytes;
}

TEST(NicheSearch, FindsPlansThatHold) {
  int found = 0;
  for (int seed = 0; seed < tests::Seeds(200); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(static_cast<std::uint64_t>(seed));
    tests::Menu menu;
    menu.steps = static_cast<int>(random.Between(1, 60));
    menu.largest = random.OneIn(3) ? 4 : 1 << 19;
    menu.alignment_bits = random.OneIn(2) ? 8 : 0;
    menu.zero_sizes = true;
    const Problem problem = tests::SeededProblem(random, static_cast<int>(random.Between(1, 300)), menu);
    const Plan plan = Found(problem, BytesOfAll(problem), 3'000'000);
    if (plan.offsets.empty()) continue;  // of no bytes
    ++found;
    EXPECT_EQ(Validate(problem, plan), std::nullopt) << tests::Describe(problem);
    EXPECT_EQ(PeakOf(problem, plan.offsets), plan.peak_bytes);
  }
  EXPECT_GT(found, tests::Seeds(200) * 9 / 10);
}

// It may miss an optimum, having few choices at each step, but seldom; and is never below one.
TEST(NicheSearch, MeetsTheOptimumOfTinyProblems) {
  int met = 0;
  for (int seed = 0; seed < tests::Seeds(300); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(static_cast<std::uint64_t>(seed));
    tests::Menu menu;
    menu.steps = 8;
    menu.largest = 12;
    menu.alignment_bits = static_cast<int>(random.Below(3));
    const Problem problem = tests::SeededProblem(random, static_cast<int>(random.Between(2, 7)), menu);
    const std::int64_t optimum = tests::OptimalPeak(problem).Find().value();
    const Plan plan = Found(problem, BytesOfAll(problem), 300'000);
    EXPECT_GE(plan.peak_bytes, optimum) << tests::Describe(problem);
    met += plan.peak_bytes == optimum ? 1 : 0;
  }
  EXPECT_GE(met, tests::Seeds(300) * 97 / 100);
}

// A hundred alive at once and more: what it is for.
TEST(NicheSearch, MeetsTheBoundOfMostDenseProblems) {
  int met = 0;
  const int seeds = tests::kSanitized ? 2 : 8;
  for (int seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Problem problem = tests::LongLives(static_cast<std::uint64_t>(seed), 800, 4);
    const std::int64_t bound = LowerBound(problem).lower_bound_bytes;
    const Plan plan = Found(problem, bound + bound / 20, 50'000'000);
    EXPECT_LE(plan.peak_bytes, bound + bound / 50);
    EXPECT_EQ(Validate(problem, plan), std::nullopt);
    met += plan.peak_bytes == bound ? 1 : 0;
  }
  EXPECT_GE(met, seeds * 5 / 8);
}

// Of so many not every candidate is looked at, and sections are joined.
TEST(NicheSearch, ComesCloseWhereThousandsAreAlive) {
  const Problem problem = tests::LongLives(2, tests::kSanitized ? 10'500 : 20'000, 3);
  const std::int64_t bound = LowerBound(problem).lower_bound_bytes;
  const Plan plan = Found(problem, bound + bound / 10, tests::kSanitized ? 150'000'000 : 300'000'000);
  EXPECT_EQ(Validate(problem, plan), std::nullopt);
  EXPECT_LE(plan.peak_bytes, bound + bound / 50);
}

TEST(NicheSearch, IsDeterministicAndKeepsWhatIsLower) {
  const Problem problem = tests::LongLives(5, 300, 3);
  const std::int64_t bound = LowerBound(problem).lower_bound_bytes;
  const Plan plan = Found(problem, bound + bound / 20, 2'000'000);
  ASSERT_FALSE(plan.offsets.empty());
  EXPECT_EQ(Found(problem, bound + bound / 20, 2'000'000).offsets, plan.offsets);
  EXPECT_TRUE(Found(problem, bound, 2'000'000).offsets.empty());
}

TEST(NicheSearch, StopsWhenItsWatchIsOver) {
  const Problem problem = tests::LongLives(6, 1000, 2);
  PlanOptions options;
  std::int64_t seen = 0;
  options.observer = [&seen](const PlanProgress& progress) {
    seen = progress.work;
    return progress.work < 5'000'000;
  };
  Found(problem, LowerBound(problem).lower_bound_bytes + 1, 1'000'000'000'000, options);
  EXPECT_GE(seen, 5'000'000);
  EXPECT_LT(seen, 100'000'000);
}

TEST(NicheSearch, SaysWhatItCarries) {
  Problem problem = tests::LongLives(1, 10, 2);
  EXPECT_TRUE(NichesCarry(problem));
  Problem fixed = problem;
  fixed.buffers[3].fixed_offset = 0;
  EXPECT_FALSE(NichesCarry(fixed));
  Problem apart = problem;
  apart.apart.emplace_back(0, 1);
  EXPECT_FALSE(NichesCarry(apart));
  problem.parts.push_back({0, problem.buffers[0].lower, problem.buffers[0].upper, 0, 1});
  EXPECT_FALSE(NichesCarry(problem));
}

}  // namespace
}  // namespace orionrt::niche_search_test
