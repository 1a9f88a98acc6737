// What the exact search may spend. What it finds is checked in optimum_test.cpp.
#include "plan/exact/exact.hpp"

#include <gtest/gtest.h>

#include "random.hpp"

namespace orionrt::exact_test {
namespace {

using tests::Random;

// Lives of up to a half of all steps.
Problem LongLives(int count) {
  Random random(1);
  Problem problem;
  const std::int64_t steps = 10 * std::int64_t{count};
  for (int i = 0; i < count; ++i) {
    Buffer buffer;
    const std::int64_t length = random.Between(1, steps / 2);
    buffer.lower = random.Below(steps - length);
    buffer.upper = buffer.lower + length;
    buffer.size = random.Between(1024, 1 << 20);
    problem.buffers.push_back(buffer);
  }
  return problem;
}

ExactResult Solve(const Problem& problem, std::int64_t nodes, std::int64_t work) {
  return SolveExact(problem, 0, nullptr, {nodes, work});
}

TEST(Exact, WorkEndsASearchLongBeforeItsNodes) {
  const Problem problem = LongLives(400);
  const ExactResult result = Solve(problem, 100'000, 30'000'000);
  EXPECT_LT(result.nodes, 20'000);
  EXPECT_FALSE(result.complete);
}

TEST(Exact, WorkThatIsNotSpentChangesNothing) {
  const Problem problem = LongLives(60);
  const ExactResult some = Solve(problem, 2'000, 1'000'000'000);
  const ExactResult more = Solve(problem, 2'000, 1'000'000'000'000);
  EXPECT_EQ(some.offsets, more.offsets);
  EXPECT_EQ(some.nodes, more.nodes);
}

TEST(Exact, WithoutWorkThereIsNoPlanButABound) {
  const Problem problem = LongLives(60);
  const ExactResult result = Solve(problem, 1'000, 1);
  EXPECT_TRUE(result.offsets.empty());
  EXPECT_FALSE(result.complete);
  EXPECT_GT(result.proven_bound, 0);
}

TEST(Exact, ADoubtfulCapacityStaysOpenWhenWorkEnds) {
  const Problem problem = LongLives(400);
  const std::int64_t bound = Solve(problem, 1, 1).proven_bound;
  const ExactResult result = FitExact(problem, bound, {1'000'000, 30'000'000});
  EXPECT_TRUE(result.offsets.empty());
  EXPECT_FALSE(result.complete);
}

// Each two of them meet, but never all three, as the first is away while the others meet: a gap makes what no section
// shows.
TEST(Exact, AddsUpWhatPairwiseConflictsAcrossGaps) {
  Problem problem;
  problem.buffers = {{0, 9, 100}, {0, 6, 70}, {4, 9, 50}};
  problem.parts = {{0, 0, 3, 0, 100}, {0, 7, 9, 0, 100}};
  const ExactResult result = SolveExact(problem, 0, nullptr, {10'000, 10'000'000, 0});
  EXPECT_TRUE(result.complete);
  EXPECT_EQ(result.peak, 220);
  EXPECT_EQ(result.proven_bound, 220);
  EXPECT_EQ(result.witness, (std::vector<int>{0, 1, 2}));
}

// Two buffers with a byte less than their alignment and two small ones: a class of equal alignments alone needs 127.
TEST(Exact, BoundsASectionByTheBestOrderUnderMixedAlignments) {
  Problem problem;
  problem.buffers = {{0, 1, 63, 64}, {0, 1, 63, 64}, {0, 1, 2, 2}, {0, 1, 3, 4}};
  const ExactResult result = SolveExact(problem, 0, nullptr, {10'000, 10'000'000, 0});
  EXPECT_TRUE(result.complete);
  EXPECT_EQ(result.peak, result.proven_bound);
  EXPECT_GT(result.proven_bound, LowerBound(problem).lower_bound_bytes);
}

// A hole in a body that another buffer fills, which no order by offset of whole buffers would find.
TEST(Exact, FillsTheHoleInABody) {
  Problem problem;
  problem.buffers = {{0, 4, 12}, {0, 2, 4}};
  problem.parts = {{0, 0, 2, 0, 4}, {0, 0, 2, 8, 12}, {0, 2, 4, 0, 12}};
  const ExactResult result = SolveExact(problem, 0, nullptr, {10'000, 10'000'000, 0});
  EXPECT_TRUE(result.complete);
  EXPECT_EQ(result.peak, 12);
  EXPECT_EQ(result.offsets, (std::vector<std::int64_t>{0, 4}));
}

}  // namespace
}  // namespace orionrt::exact_test
