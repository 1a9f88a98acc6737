// The skyline of the niche search against floors that are kept section by section, after every step; and what undo
// leads back to against what was there.
#include "plan/niches/niche_state.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/checked.hpp"
#include "orionrt/planner.hpp"
#include "sanitized.hpp"
#include "support/seeded_problem.hpp"

namespace orionrt::niche_state_test {
namespace {

using tests::Random;

// Nothing but arrays.
struct Twin {
  std::vector<std::int64_t> floors, used;  // per section
  std::vector<bool> placed;                // per row
  std::vector<std::int64_t> offsets;       // per row
  std::int64_t most_used = 0;

  explicit Twin(const NicheModel& model)
      : floors(At(model.sections), 0),
        used(At(model.sections), 0),
        placed(model.rows.size(), false),
        offsets(model.rows.size(), 0) {
    for (const NicheRow& row : model.rows) {
      for (int s = row.span.first; s < row.span.last; ++s) used[At(s)] += row.size;
    }
    Note();
  }
  void Note() {
    for (const std::int64_t bytes : used) most_used = std::max(most_used, bytes);
  }
  int EndOf(int begin) const {
    int end = begin;
    while (end < static_cast<int>(floors.size()) && floors[At(end)] == floors[At(begin)]) ++end;
    return end;
  }
  void Place(const NicheModel& model, int row) {
    const NicheRow& placed_row = model.rows[At(row)];
    const std::int64_t floor = floors[At(placed_row.span.first)];
    offsets[At(row)] = RoundUp(floor, placed_row.alignment);
    placed[At(row)] = true;
    for (int s = placed_row.span.first; s < placed_row.span.last; ++s) {
      used[At(s)] += offsets[At(row)] - floor;
      floors[At(s)] = offsets[At(row)] + placed_row.size;
    }
    Note();
  }
  void Raise(Span sections, std::int64_t floor) {
    for (int s = sections.first; s < sections.last; ++s) {
      if (floor != NicheState::kNobody) used[At(s)] += floor - floors[At(s)];
      floors[At(s)] = floor;
    }
    Note();
  }
};

void ExpectSame(const NicheModel& model, const NicheState& state, const Twin& twin) {
  const auto lowest = std::min_element(twin.floors.begin(), twin.floors.end());
  ASSERT_EQ(state.floor(state.Lowest()), *lowest);
  if (*lowest != NicheState::kNobody) {
    ASSERT_EQ(state.Lowest(), lowest - twin.floors.begin());
  }
  for (int begin = 0; begin < model.sections; begin = state.end(begin)) {
    ASSERT_EQ(state.floor(begin), twin.floors[At(begin)]);
    ASSERT_EQ(state.end(begin), twin.EndOf(begin));
    ASSERT_EQ(state.left_wall(begin), begin == 0 ? NicheState::kNobody : twin.floors[At(begin - 1)]);
    const int end = twin.EndOf(begin);
    ASSERT_EQ(state.right_wall(begin), end == model.sections ? NicheState::kNobody : twin.floors[At(end)]);
  }
  for (int s = 0; s < model.sections; ++s) ASSERT_EQ(state.used(s), twin.used[At(s)]);
  ASSERT_EQ(state.most_used(), twin.most_used);
  std::vector<int> expected, found;
  for (int row = 0; row < model.count(); ++row) {
    if (twin.placed[At(row)]) {
      ASSERT_EQ(state.OffsetOf(row), twin.offsets[At(row)]);
    } else {
      expected.push_back(row);
    }
  }
  state.ForEachRow(0, model.count(), 0, model.classes(), [&](int row) { found.push_back(row); });
  ASSERT_EQ(found, expected);
  const int from = model.count() / 3, until = model.count() * 4 / 5, middle = model.classes() / 2;
  found.clear();
  state.ForEachRow(from, until, middle, model.classes(), [&](int row) { found.push_back(row); });
  expected.clear();
  for (int row = from; row < until; ++row) {
    if (!twin.placed[At(row)] && model.rows[At(row)].length_class >= middle) expected.push_back(row);
  }
  ASSERT_EQ(found, expected);
}

// One random step, of those that a search takes.
void Step(const NicheModel& model, Random& random, NicheState& state, Twin& twin) {
  const int begin = state.Lowest(), end = state.end(begin);
  if (state.floor(begin) == NicheState::kNobody) return;
  std::vector<int> fitting;
  for (int row = 0; row < model.count(); ++row) {
    const Span span = model.rows[At(row)].span;
    if (!twin.placed[At(row)] && begin <= span.first && span.last <= end) fitting.push_back(row);
  }
  if (!fitting.empty() && !random.OneIn(5)) {
    const int row = fitting[static_cast<std::size_t>(random.Below(static_cast<std::int64_t>(fitting.size())))];
    state.Place(row, begin);
    twin.Place(model, row);
    return;
  }
  const std::int64_t wall = std::min(state.left_wall(begin), state.right_wall(begin));
  const int first = static_cast<int>(random.Between(begin, end - 1)),
            last = static_cast<int>(random.Between(first + 1, end));
  state.Raise(begin, {first, last}, wall);
  twin.Raise({first, last}, wall);
}

TEST(NicheState, IsAsFloorsBySection) {
  for (int seed = 0; seed < tests::Seeds(300); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(static_cast<std::uint64_t>(seed));
    tests::Menu menu;
    menu.steps = static_cast<int>(random.Between(1, 40));
    menu.largest = random.OneIn(2) ? 3 : 1000;  // of few sizes many floors are equal, and segments join
    menu.alignment_bits = static_cast<int>(random.Below(4));
    const Problem problem = tests::SeededProblem(random, static_cast<int>(random.Between(1, 150)), menu);
    const Shapes shapes(problem);
    const NicheModel model(problem, shapes);
    NicheState state(model);
    Twin twin(model);
    std::vector<std::pair<std::size_t, Twin>> marks;
    for (int step = 0; step < 100; ++step) {
      ASSERT_NO_FATAL_FAILURE(ExpectSame(model, state, twin)) << "step " << step;
      if (random.OneIn(3)) marks.emplace_back(state.Mark(), twin);
      if (!marks.empty() && random.OneIn(12)) {
        const auto back = static_cast<std::size_t>(random.Below(static_cast<std::int64_t>(marks.size())));
        state.Undo(marks[back].first);
        twin = marks[back].second;
        marks.resize(back, marks.front());
      } else {
        Step(model, random, state, twin);
      }
    }
    state.Clear();
    ASSERT_NO_FATAL_FAILURE(ExpectSame(model, state, Twin(model)));
  }
}

TEST(NicheModel, KnowsRowsByBeginAndByLength) {
  for (int seed = 0; seed < tests::Seeds(100); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(static_cast<std::uint64_t>(seed));
    tests::Menu menu;
    menu.steps = static_cast<int>(random.Between(1, 40));
    menu.zero_sizes = true;
    const Problem problem = tests::SeededProblem(random, static_cast<int>(random.Between(1, 100)), menu);
    const NicheModel model(problem, Shapes(problem));
    for (int s = 0; s <= model.sections; ++s) {
      int before_begin = 0;
      std::int64_t load = 0;
      for (const NicheRow& row : model.rows) {
        before_begin += row.span.first < s ? 1 : 0;
        if (row.span.first <= s && s < row.span.last) load += row.size;
      }
      EXPECT_EQ(model.first_from[At(s)], before_begin);
      if (s == model.sections) break;
      EXPECT_EQ(model.loads[At(s)], load);
    }
    ASSERT_GE(model.classes(), 1);
    EXPECT_EQ(model.longest.back(), model.sections);
    for (const NicheRow& row : model.rows) {
      const int length = row.span.length();
      EXPECT_LE(length, model.longest[At(row.length_class)]);
      if (row.length_class == 0) continue;
      EXPECT_GT(length, model.longest[At(row.length_class) - 1]);
    }
  }
}

// Where sections are joined, whoever overlaps still does, and little more is alive.
TEST(NicheModel, JoinsSectionsWhereThousandsAreAlive) {
  const Problem problem = tests::LongLives(3, 12'000, 2);
  const Shapes shapes(problem);
  const NicheModel model(problem, shapes);
  EXPECT_LT(model.sections, shapes.sections() * 2 / 3);
  std::vector<Span> joined(problem.buffers.size());
  for (const NicheRow& row : model.rows) joined[At(row.buffer)] = row.span;
  Random random(1);
  for (int pair = 0; pair < 200'000; ++pair) {
    const auto a = static_cast<std::size_t>(random.Below(static_cast<std::int64_t>(joined.size())));
    const auto b = static_cast<std::size_t>(random.Below(static_cast<std::int64_t>(joined.size())));
    ASSERT_TRUE(!Overlap(shapes.extents[a], shapes.extents[b]) || Overlap(joined[a], joined[b])) << a << ", " << b;
  }
  const std::int64_t bound = LowerBound(problem).lower_bound_bytes;
  const std::int64_t most = *std::max_element(model.loads.begin(), model.loads.end());
  EXPECT_GE(most, bound);
  EXPECT_LE(most, bound + bound / 200);
}

}  // namespace
}  // namespace orionrt::niche_state_test
