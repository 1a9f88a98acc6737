// Plans over several pools: judged, compared with every assignment tried by force, and monotone in what is given.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <numeric>

#include "generators.hpp"
#include "orionrt/liveness.hpp"
#include "orionrt/planner.hpp"
#include "orionrt/validate.hpp"
#include "refuses.hpp"

namespace orionrt {
namespace {

using tests::Refuses;

Pool MakePool(const std::string& name, std::int64_t capacity, std::int64_t alignment = 1, std::int64_t granularity = 1,
              std::int64_t largest = kUnlimited, std::int64_t cost = kByPosition) {
  Pool pool;
  pool.name = name;
  pool.capacity = capacity;
  pool.alignment = alignment;
  pool.granularity = granularity;
  pool.largest = largest;
  pool.cost = cost;
  return pool;
}

// A problem of its own per pool, written without the library's help: sizes rounded, alignments raised.
Problem AsIn(const Problem& problem, const Pool& pool, const std::vector<int>& buffers) {
  Problem part;
  for (const int i : buffers) {
    Buffer b = problem.buffers[i];
    b.alignment = std::max(b.alignment, pool.alignment);
    b.size = (b.size + pool.granularity - 1) / pool.granularity * pool.granularity;
    part.buffers.push_back(b);
  }
  return part;
}

std::vector<int> AllowedOf(const Problem& problem, int i) {
  std::vector<int> all(problem.pools.size());
  std::iota(all.begin(), all.end(), 0);
  const bool named = !problem.allowed_pools.empty() && !problem.allowed_pools[i].empty();
  if (named) all = problem.allowed_pools[i];
  if (problem.buffers[i].fixed_offset != kFree) all.resize(1);
  return all;
}

// The least cost over all assignments, each with every packing tried; nothing when there is no plan at all.
std::optional<std::int64_t> CheapestByForce(const Problem& problem) {
  const int n = static_cast<int>(problem.buffers.size());
  std::optional<std::int64_t> best;
  std::vector<int> choice(n, 0);
  while (true) {
    std::int64_t cost = 0;
    std::vector<std::vector<int>> held(problem.pools.size());
    bool fits = true;
    for (int i = 0; i < n; ++i) {
      const int p = AllowedOf(problem, i)[choice[i]];
      held[p].push_back(i);
      cost += SpillCost(problem, i, p);
      fits = fits && problem.buffers[i].size <= problem.pools[p].largest;
    }
    if (fits && (!best || cost < *best)) {
      for (std::size_t p = 0; p < held.size() && fits; ++p) {
        if (problem.pools[p].capacity == kUnlimited) continue;
        const auto peak = tests::OptimalPeak(AsIn(problem, problem.pools[p], held[p])).Find();
        fits = peak && *peak <= problem.pools[p].capacity;
      }
      if (fits) best = cost;
    }
    int i = 0;
    while (i < n && ++choice[i] == static_cast<int>(AllowedOf(problem, i).size())) choice[i++] = 0;
    if (i == n) return best;
  }
}

// Small enough for force: sizes to 12 bytes, a pool or two of tens of bytes, one without limits behind them or not.
Problem Tiny(tests::Random& random) {
  tests::Menu menu;
  menu.steps = 6;
  menu.largest = 12;
  menu.alignment_bits = 2;
  menu.zero_sizes = true;
  Problem problem = tests::SeededProblem(random, 2 + static_cast<int>(random.Below(5)), menu);
  const auto any = [&](int below) { return static_cast<std::int64_t>(random.Below(below)); };
  std::vector<Pool> pools = {MakePool("fast", 4 + any(28), std::int64_t{1} << any(3), std::int64_t{1} << any(3))};
  if (any(2) == 0) pools.push_back(MakePool("near", 8 + any(30), 1, std::int64_t{1} << any(2), 4 + any(10), any(4)));
  pools.push_back(MakePool("far", any(3) == 0 ? 10 + any(40) : kUnlimited, std::int64_t{1} << any(4)));
  std::vector<std::vector<std::string>> spaces(problem.buffers.size());
  for (auto& names : spaces) {
    if (any(4) == 0) names = {pools[any(static_cast<int>(pools.size()))].name};
    if (any(6) == 0) names = {"far", "fast"};
  }
  for (std::size_t i = 0; i < problem.buffers.size(); ++i) problem.uses.push_back(any(5));
  SetPools(problem, pools, spaces);
  return problem;
}

struct Tally {
  int plans = 0, cheapest = 0, proven = 0, none = 0, missed = 0;
};

TEST(Pools, TinyProblemsAgainstEveryAssignmentAndPacking) {
  tests::Random random(20261123);
  Tally tally;
  for (int round = 0; round < 1500; ++round) {
    const Problem problem = Tiny(random);
    const std::optional<std::int64_t> least = CheapestByForce(problem);
    try {
      const Plan plan = ReusePlanner().Run(problem);
      ASSERT_TRUE(least) << "a plan where force found none" << tests::Describe(problem);
      ASSERT_GE(plan.pools.spill_cost, *least) << tests::Describe(problem);
      ASSERT_LE(plan.pools.spill_cost_bound, *least) << "no bound" << tests::Describe(problem);
      ++tally.plans;
      tally.cheapest += plan.pools.spill_cost == *least;
      tally.proven += plan.pools.spill_cost == plan.pools.spill_cost_bound;
    } catch (const Error& error) {
      ASSERT_TRUE(error.code() == ErrorCode::kInfeasible || error.code() == ErrorCode::kLimit) << error.what();
      const bool wrong = error.code() == ErrorCode::kInfeasible && least.has_value();
      ASSERT_FALSE(wrong) << error.what() << tests::Describe(problem);
      ++(least ? tally.missed : tally.none);
    }
  }
  std::printf("plans %d cheapest %d proven %d none %d missed %d\n", tally.plans, tally.cheapest, tally.proven,
              tally.none, tally.missed);
}

}  // namespace
}  // namespace orionrt
