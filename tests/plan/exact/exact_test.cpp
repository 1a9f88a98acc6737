// What the exact search may spend. What it finds is checked in optimum_test.cpp.
#include "plan/exact/exact.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

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

// A rectangle of so many steps and bytes, cut into pieces: across, along, or into five that turn about one another.
Problem Pieces(std::uint64_t seed, int count, std::int64_t steps, std::int64_t bytes) {
  struct Piece {
    std::int64_t lower, upper, begin, end;
  };
  Random random(seed);
  std::vector<Piece> pieces = {{0, steps, 0, bytes}};
  while (static_cast<int>(pieces.size()) < count) {
    Piece& piece = pieces[static_cast<std::size_t>(random.Below(static_cast<std::int64_t>(pieces.size())))];
    const Piece whole = piece;
    const std::int64_t a = whole.lower + random.Between(1, std::max<std::int64_t>(1, whole.upper - whole.lower - 1));
    const std::int64_t b = whole.begin + random.Between(1, std::max<std::int64_t>(1, whole.end - whole.begin - 1));
    const std::int64_t c = a + 1, d = b + 1;
    const std::int64_t kind = random.Below(3);
    if (kind == 0 && a < whole.upper) {
      piece.upper = a;
      pieces.push_back({a, whole.upper, whole.begin, whole.end});
    } else if (kind == 1 && b < whole.end) {
      piece.end = b;
      pieces.push_back({whole.lower, whole.upper, b, whole.end});
    } else if (kind == 2 && c < whole.upper && d < whole.end) {
      piece = {whole.lower, c, whole.begin, b};
      pieces.push_back({c, whole.upper, whole.begin, d});
      pieces.push_back({a, whole.upper, d, whole.end});
      pieces.push_back({whole.lower, a, b, whole.end});
      pieces.push_back({a, c, b, d});
    }
  }
  Problem problem;
  for (const Piece& piece : pieces) {
    Buffer buffer;
    buffer.lower = piece.lower;
    buffer.upper = piece.upper;
    buffer.size = piece.end - piece.begin;
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

// Where a rectangle is cut into pieces no byte is to spare, so all work aims at the bound.
TEST(Exact, PutsPiecesTogether) {
  constexpr std::int64_t kBytes = 1 << 20;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Problem problem = Pieces(seed, 400, 2000, kBytes);
    EXPECT_TRUE(IsFull(problem, kBytes));
    const ExactResult result = Solve(problem, 100'000, 1'000'000'000);
    EXPECT_TRUE(result.complete);
    EXPECT_EQ(result.peak, kBytes);
  }
}

TEST(Exact, IsFullWhereLittleIsToSpareAmongMany) {
  constexpr std::int64_t kBytes = 1 << 20;
  Problem problem = Pieces(1, 400, 2000, kBytes);
  EXPECT_TRUE(IsFull(problem, kBytes + kBytes / 200));
  EXPECT_FALSE(IsFull(problem, kBytes + kBytes / 50));
  EXPECT_FALSE(IsFull(Pieces(1, 50, 2000, kBytes), kBytes));
  const Problem loose = LongLives(400);
  EXPECT_FALSE(IsFull(loose, Solve(loose, 1, 1).proven_bound));
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

// Buffers that pairwise conflict were once added up with the padding of the topmost.
TEST(Exact, ProvesNothingThatAPlanContradicts) {
  constexpr std::int64_t kAlignments[] = {4, 16, 64, 256};
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    Problem problem;
    const int count = static_cast<int>(random.Between(8, 24));
    for (int i = 0; i < count; ++i) {
      Buffer buffer;
      buffer.lower = random.Below(count);
      buffer.upper = buffer.lower + random.Between(3, 3 + count / 3);
      buffer.size = random.Between(1024, 1 << 20);
      buffer.alignment = kAlignments[random.Below(4)];
      problem.buffers.push_back(buffer);
      if (random.Below(2) > 0) continue;
      const std::int64_t away = random.Between(buffer.lower + 1, buffer.upper - 2);
      problem.parts.push_back({i, buffer.lower, away, 0, buffer.size});
      problem.parts.push_back({i, away + 1, buffer.upper, 0, buffer.size});
    }
    const ExactResult result = Solve(problem, 20'000, 30'000'000);
    if (!result.offsets.empty()) {
      EXPECT_LE(result.proven_bound, result.peak);
    }
  }
}

}  // namespace
}  // namespace orionrt::exact_test
