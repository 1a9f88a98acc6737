// The state of the exact search against one that is worked out anew from the choices made, after every step; and what
// undo leads back to against what was there.
#include "plan/exact/state.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "sanitized.hpp"
#include "seeded_problem.hpp"

namespace orionrt::state_test {
namespace {

using tests::Random;
using Values = std::vector<std::int64_t>;

struct Choice {
  int row = -1;  // -1: a section is raised
  int section = -1;
  std::int64_t floor = 0;
};

// All that can be asked of a state, but for guides.
struct Picture {
  std::int64_t capacity = 0;
  Values heads, placed, decided;                                               // per row
  Values floors, tops, slacks, active_counts, ready_counts, joined, set_keys;  // per section
  std::vector<std::vector<int>> active;                                        // per section, ascending
};

void ExpectSame(const Picture& a, const Picture& b) {
  ASSERT_EQ(a.capacity, b.capacity);
  ASSERT_EQ(a.heads, b.heads);
  ASSERT_EQ(a.placed, b.placed);
  ASSERT_EQ(a.decided, b.decided);
  ASSERT_EQ(a.floors, b.floors);
  ASSERT_EQ(a.tops, b.tops);
  ASSERT_EQ(a.slacks, b.slacks);
  ASSERT_EQ(a.active_counts, b.active_counts);
  ASSERT_EQ(a.active, b.active);
  ASSERT_EQ(a.ready_counts, b.ready_counts);
  ASSERT_EQ(a.joined, b.joined);
  ASSERT_EQ(a.set_keys, b.set_keys);
}

Picture PictureOf(const ExactModel& model, const ExactState& state) {
  Picture picture;
  picture.capacity = state.capacity();
  for (int row = 0; row < model.row_count; ++row) {
    picture.heads.push_back(state.head(row));
    picture.placed.push_back(state.placed(row) ? 1 : 0);
    picture.decided.push_back(state.decided(row) ? 1 : 0);
  }
  for (int s = 0; s < model.section_count; ++s) {
    picture.floors.push_back(state.floor(s));
    picture.tops.push_back(state.top(s));
    picture.slacks.push_back(state.Slack(s));
    picture.active_counts.push_back(state.active_count(s));
    picture.ready_counts.push_back(state.ready_count(s));
    picture.joined.push_back(state.joined(s) ? 1 : 0);
    picture.set_keys.push_back(static_cast<std::int64_t>(state.set_key(s)));
    picture.active.emplace_back(state.active(s), state.active(s) + state.active_count(s));
    std::sort(picture.active.back().begin(), picture.active.back().end());
  }
  return picture;
}

// Heads raise floors and floors raise heads until nothing moves, from all choices anew.
class Twin {
 public:
  Twin(const ExactModel& model, std::int64_t capacity) : model_(model) {
    now_.capacity = capacity;
    now_.heads = model.begin;
    now_.placed.assign(model.size.size(), 0);
    for (Values* values : {&now_.floors, &now_.tops}) values->assign(static_cast<std::size_t>(model.section_count), 0);
    for (int row = 0; row < model.row_count; ++row) {
      if (model.fixed[At(row)] != kFree) now_.heads[At(row)] = model.fixed[At(row)];
    }
    Settle();
  }

  void Make(const Choice& choice) {
    if (choice.row < 0) {
      now_.floors[At(choice.section)] = choice.floor;
    } else {
      const std::int64_t top = now_.heads[At(choice.row)] + model_.size[At(choice.row)];
      now_.placed[At(choice.row)] = 1;
      for (int s = model_.first[At(choice.row)]; s < model_.last[At(choice.row)]; ++s) {
        now_.floors[At(s)] = now_.tops[At(s)] = top;
      }
    }
    Settle();
  }

  bool IsDead() const {
    if (is_torn_) return true;
    for (int row = 0; row < model_.row_count; ++row) {
      const std::int64_t head = now_.heads[At(row)], fixed = model_.fixed[At(row)];
      if (now_.placed[At(row)] == 0 && head + model_.room[At(row)] > now_.capacity) return true;
      if (fixed != kFree && head != fixed) return true;
    }
    for (int s = 0; s < model_.section_count; ++s) {
      if (now_.floors[At(s)] + Load(s) > Ceiling()) return true;
      for (const int row : Active(s)) {
        if (IsDecided(row) && EndOf(row) + LoadFrom(s, EndOf(row)) > Ceiling()) return true;
      }
    }
    return false;
  }

  // With set keys as given: what they are is not told, only that they come back.
  Picture Look(const Values& set_keys) const {
    Picture picture = now_;
    picture.set_keys = set_keys;
    for (int row = 0; row < model_.row_count; ++row) picture.decided.push_back(IsDecided(row) ? 1 : 0);
    for (int s = 0; s < model_.section_count; ++s) {
      picture.active.push_back(Active(s));
      picture.active_counts.push_back(static_cast<std::int64_t>(picture.active.back().size()));
      picture.slacks.push_back(Ceiling() - now_.floors[At(s)] - Load(s));
      std::int64_t ready = 0, joined = 0;
      for (const int row : picture.active.back()) {
        ready += now_.heads[At(row)] == now_.floors[At(s)] ? 1 : 0;
        joined |= model_.first[At(row)] < s ? 1 : 0;
      }
      for (int row = 0; row < model_.row_count; ++row) joined |= SpansUndecided(row, s) ? 1 : 0;
      picture.ready_counts.push_back(ready);
      picture.joined.push_back(joined);
    }
    return picture;
  }

  // What may be placed: all floors over its life are at its head.
  std::vector<int> Placeable() const {
    std::vector<int> rows;
    for (int row = 0; row < model_.row_count; ++row) {
      bool level = now_.placed[At(row)] == 0;
      for (int s = model_.first[At(row)]; s < model_.last[At(row)]; ++s) {
        level &= now_.floors[At(s)] == now_.heads[At(row)];
      }
      if (level) rows.push_back(row);
    }
    return rows;
  }

  std::int64_t floor(int section) const { return now_.floors[At(section)]; }

 private:
  static std::size_t At(int index) { return static_cast<std::size_t>(index); }

  std::vector<int> Active(int section) const {
    std::vector<int> rows;
    for (int row = 0; row < model_.row_count; ++row) {
      const bool alive = model_.first[At(row)] <= section && section < model_.last[At(row)];
      if (alive && now_.placed[At(row)] == 0) rows.push_back(row);
    }
    return rows;
  }

  // The rows that move with this one, itself among them.
  std::vector<int> MovedWith(int row) const {
    std::vector<int> rows;
    for (int other = 0; other < model_.row_count; ++other) {
      const bool same = model_.bundle[At(row)] >= 0 && model_.bundle[At(other)] == model_.bundle[At(row)];
      if (same || other == row) rows.push_back(other);
    }
    return rows;
  }

  bool IsDecided(int row) const {
    const std::vector<int> rows = MovedWith(row);
    const bool placed = std::any_of(rows.begin(), rows.end(), [&](int other) { return now_.placed[At(other)] != 0; });
    return placed || model_.fixed[At(row)] != kFree;
  }

  // Whether an earlier row of a bundle lies before the section, and this one or a later one in it or behind.
  bool SpansUndecided(int row, int section) const {
    if (model_.bundle[At(row)] < 0 || IsDecided(row) || model_.first[At(row)] >= section) return false;
    const std::vector<int> rows = MovedWith(row);
    return std::any_of(rows.begin(), rows.end(), [&](int other) { return model_.last[At(other)] > section; });
  }

  // To the lowest offset of its buffer at which the row does not begin below the floor; what moves with it comes along.
  void Raise(int row, std::int64_t floor) {
    const std::int64_t alignment = model_.alignment[At(row)];
    const std::int64_t offset = (floor - model_.begin[At(row)] + alignment - 1) / alignment * alignment;
    const std::vector<int> rows = MovedWith(row);
    if (rows.size() > 1 && IsDecided(row)) {
      is_torn_ = true;
      return;
    }
    for (const int other : rows) now_.heads[At(other)] = offset + model_.begin[At(other)];
  }

  // What begins at multiples of the grain ends, rounded up, at one.
  std::int64_t Ceiling() const { return (now_.capacity + model_.grain - 1) / model_.grain * model_.grain; }

  std::int64_t Load(int section) const {
    std::int64_t load = 0;
    for (const int row : Active(section)) load += model_.size[At(row)];
    return load;
  }

  std::int64_t EndOf(int row) const { return now_.heads[At(row)] + model_.size[At(row)]; }

  // Of what begins there or higher.
  std::int64_t LoadFrom(int section, std::int64_t height) const {
    std::int64_t load = 0;
    for (const int row : Active(section)) load += now_.heads[At(row)] >= height ? model_.size[At(row)] : 0;
    return load;
  }

  // What would overlap a row of the section whose height is decided lies above it. Whether something has risen.
  bool PassDecided(int section) {
    const std::vector<int> rows = Active(section);
    bool moved = false;
    for (const int low : rows) {
      for (const int row : rows) {
        if (row == low || !IsDecided(low) || EndOf(row) <= now_.heads[At(low)]) continue;
        if (now_.heads[At(row)] >= EndOf(low)) continue;
        if (IsDecided(row)) {
          is_torn_ = true;
          return false;
        }
        Raise(row, EndOf(low));
        moved = true;
      }
    }
    return moved;
  }

  void Settle() {
    for (bool moved = true; moved && !is_torn_;) {
      moved = false;
      for (int s = 0; s < model_.section_count; ++s) {
        moved |= PassDecided(s);
        if (is_torn_) return;
        std::int64_t least = INT64_MAX;
        for (const int row : Active(s)) {
          if (now_.heads[At(row)] < now_.floors[At(s)]) {
            Raise(row, now_.floors[At(s)]);
            moved = true;
          }
          least = std::min(least, now_.heads[At(row)]);
        }
        if (least == INT64_MAX || least == now_.floors[At(s)]) continue;
        now_.floors[At(s)] = least;
        moved = true;
      }
    }
  }

  const ExactModel& model_;
  Picture now_;
  bool is_torn_ = false;  // a row must rise whose height is decided
};

struct Stage {
  std::size_t mark;
  Picture picture;
  Twin twin;
};

Choice AnyChoice(const ExactModel& model, const Twin& twin, Random& random) {
  const std::vector<int> rows = twin.Placeable();
  Choice choice;
  if (!rows.empty() && !random.OneIn(4)) {
    choice.row = rows[static_cast<std::size_t>(random.Below(static_cast<std::int64_t>(rows.size())))];
    return choice;
  }
  choice.section = static_cast<int>(random.Below(model.section_count));
  choice.floor = twin.floor(choice.section) + random.Between(1, 3);
  return choice;
}

// One key for each set of rows that start in one section and are unplaced, with where those are that another row of
// their bundle has decided; and none for two.
class SetKeys {
 public:
  void Expect(const ExactModel& model, const Picture& picture) {
    for (int s = 0; s < model.section_count; ++s) {
      Values rows;
      for (int row = 0; row < model.row_count; ++row) {
        const auto r = static_cast<std::size_t>(row);
        if (model.first[r] != s || picture.placed[r] != 0) continue;
        const bool lies = model.bundle[r] >= 0 && picture.decided[r] != 0;
        rows.insert(rows.end(), {row, lies ? picture.heads[r] : -1});
      }
      const std::int64_t key = picture.set_keys[static_cast<std::size_t>(s)];
      ASSERT_EQ(keys_.emplace(rows, key).first->second, key);
      ASSERT_EQ(rows_.emplace(key, rows).first->second, rows);
    }
  }

 private:
  std::map<Values, std::int64_t> keys_;
  std::map<std::int64_t, Values> rows_;
};

// Choices at random, and at times back to where the state was some choices ago.
void Walk(const ExactModel& model, ExactState& state, std::int64_t capacity, Random& random, int* dead, int* filled) {
  Twin start(model, capacity);
  if (!state.Reset(capacity)) {
    ASSERT_TRUE(start.IsDead());
    return;
  }
  ASSERT_FALSE(start.IsDead());
  std::vector<Stage> stages;
  SetKeys set_keys;
  const auto keep = [&](const Twin& twin) {
    const Picture picture = PictureOf(model, state);
    ExpectSame(picture, twin.Look(picture.set_keys));
    set_keys.Expect(model, picture);
    stages.push_back({state.Mark(), picture, twin});
  };
  keep(start);
  for (int step = 0; step < 60 && !testing::Test::HasFatalFailure(); ++step) {
    if (random.OneIn(6)) {
      for (std::int64_t back = random.Below(static_cast<std::int64_t>(stages.size())); back > 0; --back) {
        stages.pop_back();
      }
      state.Undo(stages.back().mark);
      ExpectSame(PictureOf(model, state), stages.back().picture);
    }
    const Choice choice = AnyChoice(model, stages.back().twin, random);
    Twin next(stages.back().twin);
    next.Make(choice);
    const bool alive = choice.row >= 0 ? state.Place(choice.row) : state.Raise(choice.section, choice.floor);
    ASSERT_EQ(alive, !next.IsDead()) << "row " << choice.row << " section " << choice.section;
    if (alive) {
      keep(next);
    } else {
      ++*dead;
      ASSERT_GE(state.failed_section(), 0);
      ASSERT_LT(state.failed_section(), model.section_count);
      state.Undo(stages.back().mark);
      ExpectSame(PictureOf(model, state), stages.back().picture);
    }
    const Values& placed = stages.back().picture.placed;
    *filled += std::count(placed.begin(), placed.end(), 1) == model.row_count ? 1 : 0;
  }
}

struct Walks {
  int dead = 0, filled = 0;
};

Walks WalkProblems(bool parts) {
  Walks walks;
  for (int seed = 0; seed < tests::Seeds(120) && !testing::Test::HasFatalFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(static_cast<std::uint64_t>(seed));
    tests::Menu menu;
    menu.steps = static_cast<int>(random.Between(1, 14));
    menu.largest = static_cast<int>(random.Between(2, 8));
    menu.alignment_bits = random.OneIn(2) ? 2 : 0;
    menu.fixed = random.OneIn(4);
    menu.parts = parts;
    Problem problem = tests::SeededProblem(random, static_cast<int>(random.Between(1, 12)), menu);
    for (Part& part : problem.parts) part.end -= random.OneIn(2) ? random.Below(part.end - part.begin) : 0;
    WorkMeter work;
    const ExactModel model = MakeExactModel(problem, work);
    ExactState state(model, 0, work);  // without tables, of which the twin knows nothing
    for (int round = 0; round < 2 && !testing::Test::HasFatalFailure(); ++round) {  // once used, it starts anew
      Walk(model, state, model.max_load + random.Below(8), random, &walks.dead, &walks.filled);
    }
    if (testing::Test::HasFatalFailure()) ADD_FAILURE() << tests::Describe(problem);
  }
  return walks;
}

TEST(ExactState, FollowsFromTheChoicesAndIsUndoneExactly) {
  const Walks walks = WalkProblems(false);
  EXPECT_GT(walks.dead, tests::Seeds(500));
  EXPECT_GT(walks.filled, tests::Seeds(100));
}

// Buffers of several rectangles, which move together until one of them is placed.
TEST(ExactState, MovesBundlesAndUndoesThatExactly) {
  const Walks walks = WalkProblems(true);
  EXPECT_GT(walks.dead, tests::Seeds(500));
  EXPECT_GT(walks.filled, tests::Seeds(100));
}

}  // namespace
}  // namespace orionrt::state_test
