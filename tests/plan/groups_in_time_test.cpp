// What falls apart in time, against the moments that nobody lives through.
#include "plan/groups_in_time.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

#include "sanitized.hpp"
#include "seeded_problem.hpp"

namespace orionrt::groups_in_time_test {
namespace {

using tests::Random;

// All that is listed together in one group, as rows that do not say how they were listed.
using Row = std::tuple<std::int64_t, std::int64_t, std::int64_t, std::int64_t>;
std::vector<std::vector<Row>> RowsOf(const Problem& problem, const std::vector<std::vector<int>>& groups) {
  std::vector<std::vector<Row>> rows;
  for (const std::vector<int>& group : groups) {
    rows.emplace_back();
    for (const int i : group) {
      const Buffer& b = problem.buffers[static_cast<std::size_t>(i)];
      rows.back().emplace_back(b.lower, b.upper, b.size, b.alignment);
    }
  }
  return rows;
}

// Those with bytes between two such moments, ascending.
std::vector<std::vector<int>> GroupsBetweenMoments(const Problem& problem, std::int64_t steps) {
  std::vector<std::vector<int>> groups(1);
  for (std::int64_t step = 0; step <= steps; ++step) {
    const bool is_lived_through = std::any_of(problem.buffers.begin(), problem.buffers.end(), [&](const Buffer& b) {
      return b.size > 0 && b.lower < step && step < b.upper;
    });
    if (!is_lived_through && !groups.back().empty()) groups.emplace_back();
    for (std::size_t i = 0; i < problem.buffers.size(); ++i) {
      const Buffer& b = problem.buffers[i];
      if (b.size > 0 && b.lower == step) groups.back().push_back(static_cast<int>(i));
    }
  }
  if (groups.back().empty()) groups.pop_back();
  for (std::vector<int>& group : groups) std::sort(group.begin(), group.end());
  return groups;
}

TEST(GroupsInTime, LieBetweenMomentsThatNobodyLivesThrough) {
  int several = 0;
  for (int seed = 0; seed < tests::Seeds(400); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(static_cast<std::uint64_t>(seed));
    tests::Menu menu;
    menu.steps = static_cast<int>(random.Between(1, 12));
    menu.largest = 3;
    menu.alignment_bits = 1;
    menu.zero_sizes = random.OneIn(2);
    menu.parts = random.OneIn(4);
    Problem problem = tests::SeededProblem(random, static_cast<int>(random.Below(14)), menu);
    const std::int64_t apart = random.OneIn(2) ? 2 : 1;  // spread, so that more falls apart
    for (std::size_t i = 0; i < problem.buffers.size(); ++i) {
      Buffer& b = problem.buffers[i];
      const std::int64_t length = b.upper - b.lower;
      b.lower *= apart;
      b.upper = b.lower + length;
    }
    std::vector<std::vector<int>> groups = GroupsInTime(problem);
    const std::vector<std::vector<Row>> rows = RowsOf(problem, groups);
    if (problem.parts.empty()) {
      for (const std::vector<Row>& group : rows) {
        ASSERT_TRUE(std::is_sorted(group.begin(), group.end(), [](const Row& a, const Row& b) {
          const auto [lower, upper, size, alignment] = a;
          const auto [other_lower, other_upper, other_size, other_alignment] = b;
          return std::tie(lower, upper, other_size, other_alignment) <
                 std::tie(other_lower, other_upper, size, alignment);
        }));
      }
      for (std::vector<int>& group : groups) std::sort(group.begin(), group.end());
    }
    ASSERT_EQ(groups, GroupsBetweenMoments(problem, 4 * menu.steps)) << tests::Describe(problem);
    several += groups.size() > 1 ? 1 : 0;
    if (!problem.parts.empty()) continue;
    Problem shuffled;
    for (const int i : tests::RandomOrder(problem.buffers.size(), random)) {
      shuffled.buffers.push_back(problem.buffers[static_cast<std::size_t>(i)]);
    }
    ASSERT_EQ(RowsOf(shuffled, GroupsInTime(shuffled)), rows) << "however they are listed";
  }
  EXPECT_GT(several, tests::Seeds(100));
}

}  // namespace
}  // namespace orionrt::groups_in_time_test
