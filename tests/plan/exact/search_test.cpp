// The exact search, and its proofs from windows of time, against trying every offset of every buffer.
#include "plan/exact/search.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "orionrt/plan.hpp"
#include "plan/exact/windows.hpp"
#include "sanitized.hpp"
#include "seeded_problem.hpp"

namespace orionrt::search_test {
namespace {

using tests::Random;

constexpr ExactQuota kPlenty = {1'000'000, std::int64_t{1} << 40};
constexpr std::int64_t kTables = 1'000'000;  // of work

// With twins, of which the search tries one.
Problem TinyProblem(Random& random) {
  tests::Menu menu;
  menu.steps = static_cast<int>(random.Between(2, 12));
  menu.largest = static_cast<int>(random.Between(2, 6));
  menu.alignment_bits = random.OneIn(3) ? 2 : 0;
  menu.fixed = random.OneIn(6);
  Problem problem = tests::SeededProblem(random, static_cast<int>(random.Between(1, 8)), menu);
  for (std::size_t i = 1; i < problem.buffers.size(); ++i) {
    if (!menu.fixed && random.OneIn(6)) problem.buffers[i] = problem.buffers[i - 1];
  }
  return problem;
}

ExactStrategy AnyStrategy(const ExactModel& model, Random& random) {
  ExactStrategy strategy;
  strategy.rank = tests::RandomOrder(model.size.size(), random);
  strategy.chains = !model.HasBundles() && random.Between(0, 1) == 1;
  strategy.probe = random.OneIn(2);
  strategy.weights.assign(static_cast<std::size_t>(model.section_count), random.Between(1, 3));
  return strategy;
}

// One whose load does not answer the question: no plan is as low.
Problem HardProblem(Random& random) {
  while (true) {
    Problem problem = TinyProblem(random);
    WorkMeter work;
    const ExactModel model = MakeExactModel(problem, work);
    DeadStates dead(12);
    ExactSearch search(model, kTables, dead, work);
    ExactStrategy strategy = AnyStrategy(model, random);
    if (search.Run(model.max_load, strategy, kPlenty) != Outcome::kFound) return problem;
  }
}

// In bytes, per buffer of the problem.
std::vector<std::int64_t> OffsetsOf(const Problem& problem, const ExactModel& model, const ExactSearch& search) {
  std::vector<std::int64_t> offsets(problem.buffers.size(), 0);
  for (int row = 0; row < model.row_count; ++row) {
    offsets[static_cast<std::size_t>(model.original[static_cast<std::size_t>(row)])] =
        search.OffsetOf(row) * model.unit;
  }
  return offsets;
}

void ExpectPlan(const Problem& problem, const std::vector<std::int64_t>& offsets, std::int64_t capacity) {
  ASSERT_LE(PeakOf(problem, offsets), capacity);
  ASSERT_FALSE(tests::FindClash(problem, offsets).has_value());
  for (std::size_t i = 0; i < offsets.size(); ++i) {
    const Buffer& b = problem.buffers[i];
    ASSERT_EQ(offsets[i] % b.alignment, 0);
    ASSERT_TRUE(b.fixed_offset == kFree || offsets[i] == b.fixed_offset);
  }
}

// All capacities from the load on, in random order; what one search refutes the next one knows, and what was stopped is
// not taken for refuted.
TEST(ExactSearch, DecidesEveryCapacityInAnyOrderOfCandidates) {
  for (int seed = 0; seed < tests::Seeds(120); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(static_cast<std::uint64_t>(seed));
    const Problem problem = HardProblem(random);
    const std::int64_t optimum = tests::OptimalPeak(problem).Find().value();
    WorkMeter work;
    const ExactModel model = MakeExactModel(problem, work);
    DeadStates dead(14);
    ExactSearch search(model, kTables, dead, work);
    const std::int64_t highest = (optimum + model.unit - 1) / model.unit + 5;  // units
    for (const int step : tests::RandomOrder(static_cast<std::size_t>(highest - model.max_load + 1), random)) {
      const std::int64_t capacity = model.max_load + step;
      ExactStrategy strategy = AnyStrategy(model, random);
      ExactQuota quota = {random.Between(1, 12), kPlenty.work};
      while (search.Run(capacity, strategy, quota) == Outcome::kStopped) quota = quota * 2;
      const Outcome outcome = search.Run(capacity, strategy, kPlenty);
      ASSERT_EQ(outcome, capacity * model.unit >= optimum ? Outcome::kFound : Outcome::kRefuted)
          << capacity * model.unit << " of " << optimum << tests::Describe(problem);
      if (outcome == Outcome::kFound) ExpectPlan(problem, OffsetsOf(problem, model, search), capacity * model.unit);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(ExactSearch, SaysWhenItWasStopped) {
  Problem problem;
  problem.buffers = {{0, 2, 3}, {1, 3, 2}, {2, 4, 3}};
  WorkMeter work;
  const ExactModel model = MakeExactModel(problem, work);
  DeadStates dead(14);
  ExactSearch search(model, kTables, dead, work);
  Random random(1);
  ExactStrategy strategy = AnyStrategy(model, random);
  EXPECT_EQ(search.Run(5, strategy, {1, 1 << 30}), Outcome::kStopped);
  EXPECT_EQ(search.Run(5, strategy, {1 << 30, 1}), Outcome::kStopped);
  EXPECT_EQ(search.Run(5, strategy, kPlenty, 0), Outcome::kStopped);  // the first node places nothing
  EXPECT_EQ(search.Run(5, strategy, kPlenty), Outcome::kFound);
  EXPECT_EQ(search.Run(4, strategy, kPlenty), Outcome::kRefuted);
}

// Those that are named need more than the capacity whatever the others do.
TEST(RefuteByWindow, NamesBuffersThatDoNotFit) {
  int refuted = 0, by_some = 0;
  for (int seed = 0; seed < tests::Seeds(120); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(static_cast<std::uint64_t>(seed));
    const Problem problem = HardProblem(random);
    const std::int64_t optimum = tests::OptimalPeak(problem).Find().value();
    WorkMeter work;
    const ExactModel model = MakeExactModel(problem, work);
    const std::int64_t capacity = std::max(model.max_load, optimum / model.unit + random.Between(-2, 1));
    const ExactQuota budget = {kPlenty.nodes, random.OneIn(2) ? random.Between(10'000, 50'000) : kPlenty.work};
    const std::vector<int> named = RefuteByWindow(model, capacity, budget, work);
    if (named.empty()) continue;
    ++refuted;
    by_some += named.size() < static_cast<std::size_t>(model.row_count) ? 1 : 0;
    Problem some;
    for (const int i : named) some.buffers.push_back(problem.buffers[static_cast<std::size_t>(i)]);
    ASSERT_TRUE(std::is_sorted(named.begin(), named.end()));
    ASSERT_GT(tests::OptimalPeak(some).Find().value(), capacity * model.unit) << tests::Describe(problem);
  }
  EXPECT_GT(refuted, tests::Seeds(10));
  EXPECT_GT(by_some, tests::Seeds(2));
}

TEST(DeadStates, RememberNoStateThatWasNotRefuted) {
  DeadStates dead(14);
  Random random(7);
  std::set<std::uint64_t> refuted;
  std::size_t forgotten = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::uint64_t key = random.OneIn(2) ? random.Next() : MixBits(static_cast<std::uint64_t>(i));
    ASSERT_EQ(dead.Contains(key), refuted.count(key) > 0);
    dead.Insert(key);
    refuted.insert(key);
    ASSERT_TRUE(dead.Contains(key));
    ASSERT_FALSE(dead.Contains(key ^ (std::uint64_t{1} << 63)));
    if (i == 4500) {  // it has grown once
      for (const std::uint64_t old : refuted) forgotten += dead.Contains(old) ? 0 : 1;
      EXPECT_LT(forgotten, refuted.size() / 2) << "one slot each, the newer one staying";
    }
  }
  std::size_t kept = 0;
  for (const std::uint64_t key : refuted) kept += dead.Contains(key) ? 1 : 0;
  EXPECT_GT(kept, std::size_t{1} << 13) << "it has grown as far as it may";
  EXPECT_LE(kept, std::size_t{1} << 14);
}

}  // namespace
}  // namespace orionrt::search_test
