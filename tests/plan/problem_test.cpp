#include "orionrt/problem.hpp"

#include <gtest/gtest.h>

#include <set>

#include "refuses.hpp"

namespace orionrt::problem_test {
namespace {

using tests::Refuses;

constexpr std::int64_t kMax = INT64_MAX;
constexpr std::int64_t kFarthest = std::int64_t{1} << 61;  // step

testing::AssertionResult RefusesProblem(const std::vector<std::string>& words, const Problem& problem) {
  return Refuses(ErrorCode::kBadInput, words, [&] { CheckProblem(problem); });
}

Problem Named(Buffer buffer) {
  Problem problem;
  problem.buffers = {{0, 1, 1}, buffer};
  problem.ids = {"first", "second"};
  problem.names = {"", "conv"};
  return problem;
}
const std::vector<std::string> kSecond = {"second \"conv\""};

TEST(CheckProblem, RefusesLifetimesThatAreEmpty) {
  EXPECT_TRUE(RefusesProblem({"second \"conv\"", "[5, 5)"}, Named({5, 5, 1})));
  EXPECT_TRUE(RefusesProblem(kSecond, Named({6, 5, 1})));
  EXPECT_TRUE(RefusesProblem(kSecond, Named({kMax, INT64_MIN, 1})));
}

TEST(CheckProblem, RefusesStepsWhoseDifferenceCouldOverflow) {
  EXPECT_TRUE(RefusesProblem({"second \"conv\"", "2^61"}, Named({INT64_MIN, kMax, 1})));
  EXPECT_TRUE(RefusesProblem(kSecond, Named({-kFarthest - 1, 0, 1})));
  EXPECT_TRUE(RefusesProblem(kSecond, Named({0, kFarthest + 1, 1})));
}

TEST(CheckProblem, RefusesNegativeSizes) { EXPECT_TRUE(RefusesProblem({"second", "-3"}, Named({0, 1, -3}))); }

TEST(CheckProblem, RefusesAlignmentsThatAreNoPowersOfTwo) {
  for (const std::int64_t alignment :
       {std::int64_t{0}, std::int64_t{-1}, std::int64_t{3}, std::int64_t{INT64_MIN}, kMax}) {
    EXPECT_TRUE(RefusesProblem({"second", std::to_string(alignment), "power of two"}, Named({0, 1, 1, alignment})));
  }
}

TEST(CheckProblem, RefusesFixedOffsetsThatCannotBe) {
  EXPECT_TRUE(RefusesProblem({"second", "-2"}, Named({0, 1, 1, 1, -2})));
  EXPECT_TRUE(RefusesProblem({"second", "12"}, Named({0, 1, 1, 8, 12})));
  EXPECT_TRUE(RefusesProblem({"second", "63 bits"}, Named({0, 1, 8, 1, kMax - 7})));
  EXPECT_NO_THROW(CheckProblem(Named({0, 1, 8, 8, 16})));
  EXPECT_NO_THROW(CheckProblem(Named({0, 1, 0, 8, 16})));
}

TEST(CheckProblem, RefusesSumsPast63Bits) {
  EXPECT_TRUE(RefusesProblem({"second"}, Named({0, 1, kMax})));
  EXPECT_TRUE(RefusesProblem({"second"}, Named({0, 1, kMax - 8, 64})));
  Problem many;
  many.buffers.assign(3, {0, 1, std::int64_t{1} << 62});
  EXPECT_TRUE(RefusesProblem({"buffer 1"}, many));
  EXPECT_NO_THROW(CheckProblem(Named({0, 1, kMax - 1})));
}

TEST(CheckProblem, RefusesBadParts) {
  const auto with = [](std::vector<Part> parts) {
    Problem problem;
    problem.buffers = {{2, 8, 10}, {2, 8, 10}};
    problem.parts = std::move(parts);
    return problem;
  };
  EXPECT_NO_THROW(CheckProblem(with({{0, 2, 8, 0, 10}})));
  EXPECT_NO_THROW(CheckProblem(with({{0, 2, 4, 0, 5}, {0, 4, 8, 5, 10}, {1, 3, 4, 2, 2}})));
  EXPECT_TRUE(RefusesProblem({"part 0"}, with({{2, 2, 8, 0, 10}})));
  EXPECT_TRUE(RefusesProblem({"part 0"}, with({{-1, 2, 8, 0, 10}})));
  EXPECT_TRUE(RefusesProblem({"buffer 1", "[1, 8)"}, with({{1, 1, 8, 0, 10}}))) << "before its buffer";
  EXPECT_TRUE(RefusesProblem({"buffer 1"}, with({{1, 2, 9, 0, 10}}))) << "after its buffer";
  EXPECT_TRUE(RefusesProblem({"buffer 1"}, with({{1, 4, 4, 0, 10}}))) << "no step";
  EXPECT_TRUE(RefusesProblem({"buffer 1"}, with({{1, 2, 8, -1, 10}})));
  EXPECT_TRUE(RefusesProblem({"buffer 1"}, with({{1, 2, 8, 0, 11}})));
  EXPECT_TRUE(RefusesProblem({"buffer 1"}, with({{1, 2, 8, 6, 5}})));
  EXPECT_TRUE(RefusesProblem({"sorted"}, with({{1, 2, 8, 0, 10}, {0, 2, 8, 0, 10}})));
  EXPECT_TRUE(RefusesProblem({"sorted"}, with({{1, 4, 8, 0, 5}, {1, 2, 4, 0, 5}})));
}

TEST(CheckProblem, RefusesIdsThatAreNotUniqueOrNotAsManyAsBuffers) {
  Problem problem;
  problem.buffers.assign(3, {0, 1, 1});
  problem.ids = {"a", "b", "a"};
  EXPECT_TRUE(RefusesProblem({"buffer a", "twice"}, problem));
  problem.ids = {"a", "b"};
  EXPECT_TRUE(RefusesProblem({"3 buffers", "2 ids"}, problem));
  problem.ids = {};
  problem.names = {"a"};
  EXPECT_TRUE(RefusesProblem({"1 names"}, problem));
  problem.names = {"same", "same", "same"};
  EXPECT_NO_THROW(CheckProblem(problem)) << "names need not be unique";
}

TEST(CheckProblem, ServesTheUnusualButLegal) {
  EXPECT_NO_THROW(CheckProblem({}));
  EXPECT_NO_THROW(CheckProblem(Named({-kFarthest, kFarthest, 1})));
  EXPECT_NO_THROW(CheckProblem(Named({-5, -4, 0})));
}

TEST(RaiseAlignment, RaisesAndNeverLowers) {
  Problem problem;
  problem.buffers = {{0, 1, 1, 1}, {0, 1, 1, 16}, {0, 1, 1, 256}};
  RaiseAlignment(problem, 16);
  EXPECT_EQ(problem.buffers[0].alignment, 16);
  EXPECT_EQ(problem.buffers[1].alignment, 16);
  EXPECT_EQ(problem.buffers[2].alignment, 256);
  for (const std::int64_t bad : {0, -16, 24}) {
    EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {std::to_string(bad)}, [&] { RaiseAlignment(problem, bad); }));
  }
}

TEST(BufferLabel, IsTheIdAndTheNameWhereThereIsOne) {
  Problem problem;
  problem.buffers.assign(2, {0, 1, 1});
  EXPECT_EQ(BufferId(problem, 1), "1");
  EXPECT_EQ(BufferLabel(problem, 1), "1");
  problem.ids = {"a", "b\n"};
  problem.names = {"", "c\xFF"};
  EXPECT_EQ(BufferLabel(problem, 0), "a");
  EXPECT_EQ(BufferId(problem, 1), "b\n") << "files get it as it is";
  EXPECT_EQ(BufferLabel(problem, 1), "b? \"c?\"") << "messages get one line";
}

TEST(HashProblem, ChangesWithWhatThePlanDependsOnAndWithNothingElse) {
  Problem base;
  base.buffers = {{0, 4, 8, 2, kFree}, {1, 3, 8, 2, kFree}};
  std::set<std::uint64_t> seen = {HashProblem(base)};
  const auto changed = [&](auto change) {
    Problem other = base;
    change(other);
    return seen.insert(HashProblem(other)).second;
  };
  EXPECT_TRUE(changed([](Problem& p) { p.buffers[0].lower = -1; }));
  EXPECT_TRUE(changed([](Problem& p) { p.buffers[0].upper = 5; }));
  EXPECT_TRUE(changed([](Problem& p) { p.buffers[0].size = 9; }));
  EXPECT_TRUE(changed([](Problem& p) { p.buffers[0].alignment = 4; }));
  EXPECT_TRUE(changed([](Problem& p) { p.buffers[0].fixed_offset = 0; }));
  EXPECT_TRUE(changed([](Problem& p) { p.parts = {{0, 0, 2, 0, 8}}; }));
  EXPECT_TRUE(changed([](Problem& p) { p.parts = {{0, 0, 2, 0, 7}}; }));
  EXPECT_TRUE(changed([](Problem& p) { p.parts = {{1, 1, 2, 0, 8}}; }));
  EXPECT_TRUE(changed([](Problem& p) { std::swap(p.buffers[0], p.buffers[1]); })) << "order";
  EXPECT_TRUE(changed([](Problem& p) { p.buffers.pop_back(); }));
  EXPECT_FALSE(changed([](Problem& p) { p.ids = {"x", "y"}; }));
  EXPECT_FALSE(changed([](Problem& p) { p.names = {"x", "y"}; }));
}

}  // namespace
}  // namespace orionrt::problem_test
