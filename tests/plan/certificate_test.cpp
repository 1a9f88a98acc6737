// LowerBound: what is claimed, and by which witness.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "generators.hpp"
#include "orionrt/plan.hpp"

namespace orionrt::certificate_test {
namespace {

Problem Of(std::vector<Buffer> buffers) {
  Problem problem;
  problem.buffers = std::move(buffers);
  return problem;
}

TEST(LowerBound, OfNothingIsNothing) {
  EXPECT_EQ(LowerBound({}).lower_bound_bytes, 0);
  EXPECT_EQ(LowerBound(Of({{0, 5, 0}})).lower_bound_bytes, 0);
}

TEST(LowerBound, IsTheMostBytesAliveAtOnce) {
  const Certificate bound = LowerBound(Of({{0, 3, 10}, {2, 5, 20}, {3, 6, 15}, {100, 101, 1}}));
  EXPECT_EQ(bound.lower_bound_bytes, 35);
  EXPECT_EQ(bound.bound_kind, BoundKind::kLiveBytes);
  EXPECT_GE(bound.witness_step, 3);
  EXPECT_LT(bound.witness_step, 5);
  EXPECT_EQ(bound.witness, (std::vector<int>{1, 2}));
}

TEST(LowerBound, CountsThePaddingThatAlignmentForcesAndNotMore) {
  // Two of 65 bytes at 64: the lower takes 128, the upper ends at 193.
  EXPECT_EQ(LowerBound(Of({{0, 1, 65, 64}, {0, 1, 65, 64}})).lower_bound_bytes, 193);
  EXPECT_EQ(LowerBound(Of({{0, 1, 65, 64}})).lower_bound_bytes, 65);
  EXPECT_EQ(LowerBound(Of({{0, 1, 1, 64}, {0, 1, 63, 64}})).lower_bound_bytes, 65) << "the largest slack goes on top";
}

TEST(LowerBound, WithMixedAlignmentsIsAtLeastThePlainSumAndNoLie) {
  const std::int64_t bound = LowerBound(Of({{0, 1, 65, 64}, {0, 1, 63, 1}})).lower_bound_bytes;
  EXPECT_EQ(bound, 128);
}

TEST(LowerBound, ReachesTheEndOfAFixedBuffer) {
  const Certificate bound = LowerBound(Of({{0, 1, 10}, {5, 6, 8, 1, 1000}}));
  EXPECT_EQ(bound.lower_bound_bytes, 1008);
  EXPECT_EQ(bound.bound_kind, BoundKind::kFixedOffset);
  EXPECT_EQ(bound.witness, std::vector<int>{1});
}

TEST(LowerBound, TakesNoNoticeOfAnEmptyBufferThatIsFixed) {
  EXPECT_EQ(LowerBound(Of({{0, 1, 10}, {0, 1, 0, 1, 1000}})).lower_bound_bytes, 10);
}

TEST(LowerBound, SeesThatPartsAreNotAllAliveAtOnce) {
  Problem problem = Of({{0, 2, 8}, {0, 2, 8}});
  problem.parts = {{0, 0, 1, 0, 4}, {0, 1, 2, 4, 8}, {1, 0, 1, 4, 8}, {1, 1, 2, 0, 4}};
  EXPECT_EQ(LowerBound(problem).lower_bound_bytes, 8) << "four bytes each at every step, yet eight high";
}

// The bound was the most bytes alive at once, 1 and 0 here, though peaks count whole sizes.
TEST(LowerBound, IsAtLeastTheSizeOfEveryBuffer) {
  Problem problem = Of({{0, 9, 5}, {3, 5, 100}});
  problem.parts = {{1, 3, 4, 0, 1}, {1, 4, 5, 0, 3}};
  const Certificate bound = LowerBound(problem);
  EXPECT_EQ(bound.lower_bound_bytes, 100);
  EXPECT_EQ(bound.bound_kind, BoundKind::kBufferSize);
  EXPECT_EQ(bound.witness, std::vector<int>{1});
  EXPECT_EQ(bound.witness_step, 4) << "of its life, the step at which most is alive";
  problem.parts = {{1, 3, 5, 0, 0}};
  EXPECT_EQ(LowerBound(problem).lower_bound_bytes, 100) << "never alive at all";
  problem.buffers[1].fixed_offset = 8;
  EXPECT_EQ(LowerBound(problem).lower_bound_bytes, 108);
  EXPECT_EQ(LowerBound(problem).bound_kind, BoundKind::kFixedOffset);
  EXPECT_EQ(LowerBound(Of({{0, 1, 100}})).bound_kind, BoundKind::kLiveBytes) << "alive as a whole: as ever";
}

TEST(LowerBound, OfSeveralPoolsIsAtLeastTheSizeOfEveryBuffer) {
  Problem problem = Of({{0, 9, 5}, {3, 5, 100}});
  problem.parts = {{1, 3, 5, 0, 0}};
  Space one, two;
  one.name = "one";
  one.granularity = 64;
  two.name = "two";
  SetSpaces(problem, {one}, {});
  EXPECT_EQ(LowerBound(problem).lower_bound_bytes, 128) << "as the space rounds it";
  SetSpaces(problem, {one, two}, {});
  EXPECT_EQ(LowerBound(problem).lower_bound_bytes, 100);
}

TEST(LowerBound, TakesSumsNear63Bits) {
  constexpr std::int64_t kQuarter = std::int64_t{1} << 61;
  EXPECT_EQ(LowerBound(Of({{0, 2, kQuarter}, {1, 3, kQuarter}, {0, 3, kQuarter}})).lower_bound_bytes, 3 * kQuarter);
  EXPECT_EQ(LowerBound(Of({{0, 1, INT64_MAX}})).lower_bound_bytes, INT64_MAX);
}

TEST(LowerBound, TakesExtremeSteps) {
  constexpr std::int64_t kFarthest = std::int64_t{1} << 61;
  EXPECT_EQ(LowerBound(Of({{-kFarthest, kFarthest, 5}, {-1, 0, 7}, {kFarthest - 1, kFarthest, 6}})).lower_bound_bytes,
            12);
}

TEST(BoundKindName, IsTheWordOfTheFiles) {
  EXPECT_STREQ(BoundKindName(BoundKind::kLiveBytes), "live_bytes");
  EXPECT_STREQ(BoundKindName(BoundKind::kFixedOffset), "fixed_offset");
  EXPECT_STREQ(BoundKindName(BoundKind::kRefutation), "refutation");
  EXPECT_STREQ(BoundKindName(BoundKind::kBufferSize), "buffer_size");
}

RC_GTEST_PROP(LowerBoundProperty, TheWitnessIsAliveAtItsStepAndWeighsWhatIsClaimed, ()) {
  tests::Menu menu;
  menu.zero_sizes = true;
  const Problem problem = *tests::AnyProblem(menu, 3);
  const Certificate bound = LowerBound(problem);
  std::int64_t sum = 0;
  RC_ASSERT(std::is_sorted(bound.witness.begin(), bound.witness.end()));
  RC_ASSERT(std::set<int>(bound.witness.begin(), bound.witness.end()).size() == bound.witness.size());
  for (const int i : bound.witness) {
    RC_ASSERT(problem.buffers[i].lower <= bound.witness_step);
    RC_ASSERT(bound.witness_step < problem.buffers[i].upper);
    sum += problem.buffers[i].size;
  }
  RC_ASSERT(sum == bound.lower_bound_bytes);  // alignment 1: nothing but live bytes
  for (const Buffer& at : problem.buffers) {
    std::int64_t live = 0;
    for (const Buffer& b : problem.buffers) live += b.lower <= at.lower && at.lower < b.upper ? b.size : 0;
    RC_ASSERT(live <= bound.lower_bound_bytes);
  }
}

}  // namespace
}  // namespace orionrt::certificate_test
