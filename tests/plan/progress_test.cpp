// What planning tells while it runs, and that it ends with a plan wherever it is stopped.
#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "clocked.hpp"
#include "generators.hpp"
#include "orionrt/config.hpp"
#include "orionrt/plan.hpp"
#include "orionrt/planner.hpp"
#include "random.hpp"
#include "sanitized.hpp"

namespace orionrt::progress_test {
namespace {

using tests::LongLives;
using tests::Random;

Problem OnStreams(std::uint64_t seed, int buffers) {
  Random random(seed);
  tests::ClockedOptions made;
  made.buffers = buffers;
  made.steps = 40;
  made.largest = 1000;
  return tests::RandomClocked(made, random);
}

Problem WithParts(std::uint64_t seed) {
  Random random(seed);
  tests::Menu menu;
  menu.parts = true;
  menu.alignment_bits = 6;
  return tests::SeededProblem(random, 80, menu);
}

Problem InPools(std::uint64_t seed) {
  Problem problem = LongLives(seed, 60, 3);
  problem.spaces = {{"near", LowerBound(problem).lower_bound_bytes / 2}, {"far"}};
  return problem;
}

Problem Twice(Problem problem) {
  const std::size_t count = problem.buffers.size();
  std::int64_t steps = 0;
  for (const Buffer& buffer : problem.buffers) steps = std::max(steps, buffer.upper);
  for (std::size_t i = 0; i < count; ++i) {
    Buffer later = problem.buffers[i];
    later.lower += steps;
    later.upper += steps;
    later.size += i % 2 == 0 ? 1 : 0;
    problem.buffers.push_back(later);
  }
  return problem;
}

// Every way that `auto` has: dense, settled soon, clocks, parts, spaces, and what falls apart in time.
struct Shape {
  const char* name;
  Problem problem;
};
std::vector<Shape> Shapes() {
  return {{"dense", LongLives(2, 400, 3)},       {"few", LongLives(2, 40, 4)}, {"streams", OnStreams(3, 150)},
          {"few on streams", OnStreams(4, 30)},  {"parts", WithParts(5)},      {"spaces", InPools(6)},
          {"apart", Twice(LongLives(3, 400, 3))}};
}

PlanOptions Watched(PlanObserver observer) {
  PlanOptions options;
  options.effort = Effort::kFast;
  options.observer = std::move(observer);
  return options;
}

TEST(Progress, TellsOfPeakBoundAndWorkAsTheyMove) {
  for (const auto& [name, problem] : Shapes()) {
    SCOPED_TRACE(name);
    std::vector<PlanProgress> told;
    const PlanOptions options = Watched([&told](const PlanProgress& progress) {
      told.push_back(progress);
      return true;
    });
    const Plan plan = ReusePlanner().Run(problem, options);
    ASSERT_FALSE(told.empty());
    for (std::size_t k = 1; k < told.size(); ++k) {
      EXPECT_GE(told[k].work, told[k - 1].work);
      EXPECT_GE(told[k].lower_bound_bytes, told[k - 1].lower_bound_bytes);
      if (told[k - 1].peak_bytes == 0) continue;
      EXPECT_LE(told[k].peak_bytes, told[k - 1].peak_bytes);
    }
    EXPECT_EQ(told.back().peak_bytes, plan.peak_bytes);
    EXPECT_EQ(told.back().lower_bound_bytes, plan.certificate.lower_bound_bytes);
    EXPECT_GT(told.back().work, 0);
    EXPECT_EQ(plan.work, told.back().work);
    EXPECT_NE(std::string(told.back().stage), "");
    EXPECT_FALSE(plan.interrupted);
  }
}

TEST(Progress, IsToldAtARegularCountOfWork) {
  std::vector<std::int64_t> works;
  const PlanOptions options = Watched([&works](const PlanProgress& progress) {
    works.push_back(progress.work);
    return true;
  });
  const Plan plan = ReusePlanner().Run(LongLives(10, 10000, 2), options);
  EXPECT_GT(plan.work, 20'000'000);
  for (std::size_t k = 1; k < works.size(); ++k) EXPECT_LE(works[k] - works[k - 1], 40'000'000);
}

TEST(Progress, ToBeToldChangesNoPlan) {
  for (const auto& [name, problem] : Shapes()) {
    const Plan alone = ReusePlanner().Run(problem, Watched({}));
    const Plan watched = ReusePlanner().Run(problem, Watched([](const PlanProgress&) { return true; }));
    EXPECT_EQ(alone.offsets, watched.offsets) << name;
    EXPECT_EQ(alone.policy, watched.policy) << name;
    EXPECT_EQ(alone.work, watched.work) << name;
    EXPECT_EQ(alone.policies_not_run, watched.policies_not_run) << name;
  }
}

// At the first word, the second, and so on: what was reached stays.
TEST(Progress, WhereverItIsStoppedThereIsAPlan) {
  int interrupted = 0;
  for (const auto& [name, problem] : Shapes()) {
    for (int stop = 1; stop <= tests::Seeds(24); ++stop) {
      SCOPED_TRACE(name + (" stopped at word " + std::to_string(stop)));
      int words = 0;
      std::int64_t reached = 0;
      const Plan plan = ReusePlanner().Run(problem, Watched([&](const PlanProgress& progress) {
                                             EXPECT_LE(++words, stop) << "who has said stop is not asked again";
                                             reached = progress.peak_bytes;
                                             return words < stop;
                                           }));
      const auto fault = Validate(problem, plan);
      EXPECT_FALSE(fault.has_value()) << fault->message;
      EXPECT_LE(plan.peak_bytes, reached > 0 ? reached : plan.peak_bytes);
      EXPECT_FALSE(plan.interrupted && words < stop);
      interrupted += plan.interrupted ? 1 : 0;
    }
  }
  EXPECT_GT(interrupted, tests::Seeds(20));
}

TEST(Progress, ExactKeepsNoLessThanWhatItBeganWith) {
  const Problem problem = LongLives(2, 400, 3);
  const Plan plan = ReusePlanner("exact").Run(problem, Watched([](const PlanProgress&) { return false; }));
  EXPECT_LE(plan.peak_bytes, ReusePlanner("greedy_by_size").Run(problem).peak_bytes);
  EXPECT_TRUE(plan.interrupted);
  EXPECT_LT(plan.work, 10'000'000) << "of twenty million";
}

TEST(Progress, WhatAnObserverThrowsReachesTheCaller) {
  for (const auto& [name, problem] : Shapes()) {
    for (int stop = 1; stop <= 12; stop += 4) {
      int words = 0;
      const PlanOptions options = Watched([&](const PlanProgress&) {
        if (++words == stop) throw std::out_of_range("enough");
        return true;
      });
      try {
        ReusePlanner().Run(problem, options);
        EXPECT_LT(words, stop) << name;
      } catch (const std::out_of_range& error) {
        EXPECT_EQ(std::string(error.what()), "enough") << name;
      }
    }
  }
}

TEST(Progress, AStopLeavesACapacityUndecided) {
  const Problem problem = LongLives(2, 400, 3);
  PlanOptions options = Watched([](const PlanProgress&) { return false; });
  options.capacity = LowerBound(problem).lower_bound_bytes;
  try {
    ReusePlanner().Run(problem, options);
    FAIL() << "one pass does not meet the bound";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kLimit) << error.what();
  }
}

const std::vector<std::string> kOnePass = {"best_fit", "first_fit", "greedy_by_size", "linear_scan"};

TEST(PoliciesNotRun, AreNamedWhereTheBudgetEnds) {
  const Plan plan = ReusePlanner().Run(LongLives(1, 12'000, 2), Watched({}));
  EXPECT_FALSE(plan.certificate.proven_optimal);
  EXPECT_EQ(plan.policies_not_run, kOnePass) << "one pass is all that there is work for";
}

TEST(PoliciesNotRun, AreNamedWhereItWasStopped) {
  const auto at_once = [](const PlanProgress&) { return false; };
  for (const Problem& problem : {LongLives(2, 400, 3), OnStreams(3, 150)}) {
    const Plan plan = ReusePlanner().Run(problem, Watched(at_once));
    EXPECT_TRUE(plan.interrupted);
    EXPECT_EQ(plan.policies_not_run, kOnePass);
  }
}

TEST(PoliciesNotRun, AreNoneWhereAllWereTriedOrTheBoundIsMet) {
  const Plan open = ReusePlanner().Run(LongLives(2, 400, 3), Watched({}));
  EXPECT_FALSE(open.certificate.proven_optimal);
  EXPECT_TRUE(open.policies_not_run.empty());
  Problem one;
  one.buffers = {{0, 1, 8}};
  EXPECT_TRUE(ReusePlanner().Run(one, Watched([](const PlanProgress&) { return false; })).policies_not_run.empty());
}

}  // namespace
}  // namespace orionrt::progress_test
