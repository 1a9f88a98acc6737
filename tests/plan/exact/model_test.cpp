// The exact search's view of a problem against the problem itself.
#include "plan/exact/model.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "sanitized.hpp"
#include "seeded_problem.hpp"

namespace orionrt::model_test {
namespace {

using tests::Random;

Problem SomeProblem(Random& random) {
  tests::Menu menu;
  menu.steps = static_cast<int>(random.Between(1, 20));
  menu.largest = static_cast<int>(random.OneIn(2) ? 3 : 100);
  menu.alignment_bits = random.OneIn(2) ? 4 : 0;
  menu.zero_sizes = random.OneIn(2);
  menu.fixed = random.OneIn(3);
  return tests::SeededProblem(random, static_cast<int>(random.Below(20)), menu);
}

std::int64_t UnitOf(const Problem& problem) {
  std::int64_t unit = 0;
  for (const Buffer& b : problem.buffers) {
    if (b.size == 0) continue;
    unit = std::gcd(unit, b.size);
    if (b.alignment > 1) unit = std::gcd(unit, b.alignment);
    if (b.fixed_offset != kFree) unit = std::gcd(unit, b.fixed_offset);
  }
  return std::max<std::int64_t>(1, unit);
}

std::int64_t HighestEnd(const Problem& problem) {
  std::int64_t end = 0;
  for (const Buffer& b : problem.buffers) {
    if (b.size > 0) end = std::max(end, std::max<std::int64_t>(b.fixed_offset, 0) + b.size);
  }
  return end;
}

using Rows = std::vector<int>;

Rows Within(const std::vector<int>& rows, int begin, int end) { return {rows.begin() + begin, rows.begin() + end}; }

// All that follows from `first`, `last`, and the rows' heights. `highest_end`: units; no plan is lower than where a
// buffer must end.
void ExpectIndices(const ExactModel& model, std::int64_t highest_end) {
  std::int64_t max_load = 0, max_alignment = 1;
  bool scale_free = true;
  for (int s = 0; s < model.section_count; ++s) {
    Rows members, starting, ended;
    std::int64_t load = 0;
    for (int row = 0; row < model.row_count; ++row) {
      const auto r = static_cast<std::size_t>(row);
      if (model.first[r] == s) starting.push_back(row);
      if (model.last[r] == s) ended.push_back(row);
      if (model.first[r] > s || s >= model.last[r]) continue;
      members.push_back(row);
      load += model.size[r];
    }
    const auto t = static_cast<std::size_t>(s);
    ASSERT_EQ(Within(model.alive, model.alive_begin[t], model.alive_begin[t + 1]), members);
    ASSERT_EQ(model.start_begin[t + 1] - model.start_begin[t], static_cast<int>(starting.size()));
    for (std::size_t k = 0; k < starting.size(); ++k) {
      ASSERT_EQ(starting[k], model.start_begin[t] + static_cast<int>(k)) << "rows stand by their first section";
    }
    // Those that end before section s + 1 begin where those of s end.
    ASSERT_EQ(Within(model.by_end, model.end_begin[t], model.end_begin[t + 1]), ended);
    max_load = std::max(max_load, load);
  }
  for (std::size_t r = 0; r < model.size.size(); ++r) {
    int twin = -1;
    for (std::size_t other = 0; other < r; ++other) {
      const bool same = model.first[other] == model.first[r] && model.last[other] == model.last[r] &&
                        model.size[other] == model.size[r] && model.alignment[other] == model.alignment[r] &&
                        model.fixed[other] == model.fixed[r] && model.room[other] == model.room[r];
      if (same) twin = static_cast<int>(other);
    }
    ASSERT_EQ(model.twin[r], twin) << r;
    max_alignment = std::max(max_alignment, model.alignment[r]);
    scale_free &= model.alignment[r] == 1 && model.fixed[r] == kFree;
  }
  // The topmost needs no rounding.
  ASSERT_EQ(model.max_load, std::max(model.section_count > 0 ? max_load - (model.grain - 1) : 0, highest_end));
  ASSERT_EQ(model.max_alignment, max_alignment);
  ASSERT_EQ(model.scale_free, scale_free);
}

// Every two share a section iff `together`, and no section says what another does.
template <typename Together>
void ExpectSections(const ExactModel& model, Together together) {
  for (int a = 0; a < model.row_count; ++a) {
    ASSERT_GT(model.Length(a), 0);
    for (int b = 0; b < a; ++b) {
      const bool share = model.first[a] < model.last[b] && model.first[b] < model.last[a];
      ASSERT_EQ(share, together(model.original[a], model.original[b]));
    }
  }
  for (int s = 0; s + 1 < model.section_count; ++s) {  // maximal sets: something ends behind each, and begins
    ASSERT_GT(model.end_begin[s + 2] - model.end_begin[s + 1], 0) << s;
    ASSERT_GT(model.start_begin[s + 2] - model.start_begin[s + 1], 0) << s;
  }
}

TEST(ExactModel, SaysWhatTheProblemDoes) {
  for (int seed = 0; seed < tests::Seeds(300); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(static_cast<std::uint64_t>(seed));
    const Problem problem = SomeProblem(random);
    WorkMeter work;
    const ExactModel model = MakeExactModel(problem, work);
    ASSERT_EQ(model.unit, UnitOf(problem));
    std::vector<int> expected, rows = model.original;
    for (int i = 0; i < static_cast<int>(problem.buffers.size()); ++i) {
      if (problem.buffers[static_cast<std::size_t>(i)].size > 0) expected.push_back(i);
    }
    std::sort(rows.begin(), rows.end());
    ASSERT_EQ(rows, expected);
    ASSERT_EQ(model.row_count, static_cast<int>(expected.size()));
    for (std::size_t r = 0; r < model.original.size(); ++r) {
      const Buffer& b = problem.buffers[static_cast<std::size_t>(model.original[r])];
      ASSERT_EQ(model.size[r], (b.size / model.unit + model.grain - 1) / model.grain * model.grain);
      ASSERT_EQ(model.room[r] * model.unit, b.size);
      ASSERT_EQ(model.alignment[r], b.alignment == 1 ? 1 : std::max<std::int64_t>(1, b.alignment / model.unit));
      ASSERT_EQ(model.fixed[r], b.fixed_offset == kFree ? kFree : b.fixed_offset / model.unit);
      ASSERT_EQ(model.duration[r], b.upper - b.lower);
    }
    ExpectIndices(model, HighestEnd(problem) / model.unit);
    ExpectSections(model, [&](int i, int j) {
      const Buffer &a = problem.buffers[static_cast<std::size_t>(i)], &b = problem.buffers[static_cast<std::size_t>(j)];
      return a.lower < b.upper && b.lower < a.upper;
    });
    if (HasFatalFailure()) return;
  }
}

bool AreAlike(const ExactModel& a, const ExactModel& b) {
  return a.first == b.first && a.last == b.last && a.size == b.size && a.alignment == b.alignment &&
         a.fixed == b.fixed && a.alive == b.alive;
}

TEST(ExactModel, IsTheSameOfAShuffledAMirroredAndALargerCopy) {
  for (int seed = 0; seed < tests::Seeds(300); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(static_cast<std::uint64_t>(seed));
    const Problem problem = SomeProblem(random);
    WorkMeter work;
    const ExactModel model = MakeExactModel(problem, work);
    Problem shuffled, mirrored = problem, larger = problem;
    for (const int i : tests::RandomOrder(problem.buffers.size(), random)) {
      shuffled.buffers.push_back(problem.buffers[static_cast<std::size_t>(i)]);
    }
    EXPECT_TRUE(AreAlike(MakeExactModel(shuffled, work), model)) << tests::Describe(problem);
    for (Buffer& b : mirrored.buffers) {
      const std::int64_t lower = b.lower;
      b.lower = -b.upper;
      b.upper = -lower;
    }
    EXPECT_TRUE(AreAlike(MakeExactModel(mirrored, work), model)) << tests::Describe(problem);
    for (Buffer& b : larger.buffers) {
      b.size <<= 50;  // up to 2^57, and less than 2^62 in all
      if (b.alignment > 1) b.alignment <<= 50;
      if (b.fixed_offset != kFree) b.fixed_offset <<= 50;
    }
    EXPECT_TRUE(AreAlike(MakeExactModel(larger, work), model)) << tests::Describe(problem);
  }
}

TEST(ExactModel, ClipsLivesToAWindow) {
  for (int seed = 0; seed < tests::Seeds(300); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(static_cast<std::uint64_t>(seed));
    const Problem problem = SomeProblem(random);
    WorkMeter work;
    const ExactModel model = MakeExactModel(problem, work);
    if (model.section_count == 0) continue;
    const int begin = static_cast<int>(random.Below(model.section_count));
    const int end = static_cast<int>(random.Between(begin + 1, model.section_count));
    const ExactModel clipped = ClipExactModel(model, begin, end, work);
    std::vector<int> row_of(problem.buffers.size(), -1), expected, rows = clipped.original;
    for (int row = 0; row < model.row_count; ++row) {
      row_of[static_cast<std::size_t>(model.original[row])] = row;
      if (model.first[row] < end && begin < model.last[row]) expected.push_back(model.original[row]);
    }
    std::sort(rows.begin(), rows.end());
    std::sort(expected.begin(), expected.end());
    ASSERT_EQ(rows, expected);
    ASSERT_EQ(clipped.unit, model.unit);
    for (int row = 0; row < clipped.row_count; ++row) {
      const int parent = row_of[static_cast<std::size_t>(clipped.original[row])];
      ASSERT_EQ(clipped.size[row], model.size[parent]);
      ASSERT_EQ(clipped.alignment[row], model.alignment[parent]);
      ASSERT_EQ(clipped.fixed[row], model.fixed[parent]);
      ASSERT_EQ(clipped.duration[row], model.duration[parent]);
    }
    ExpectIndices(clipped, 0);
    ExpectSections(clipped, [&](int i, int j) {
      const int a = row_of[static_cast<std::size_t>(i)], b = row_of[static_cast<std::size_t>(j)];
      return std::max({model.first[a], model.first[b], begin}) < std::min({model.last[a], model.last[b], end});
    });
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace orionrt::model_test
