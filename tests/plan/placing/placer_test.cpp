// The placer against trying offset after offset: buffers of several parts, windows, floors and limits, and its undo.
#include "plan/placing/placer.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sanitized.hpp"
#include "seeded_problem.hpp"

namespace orionrt::placer_test {
namespace {

using tests::Random;

// What is placed so far: buffers and their offsets.
class Trial {
 public:
  struct Placed {
    int buffer;
    std::int64_t offset;
  };

  explicit Trial(const Problem& problem) : problem_(problem) {
    for (int i = 0; i < static_cast<int>(problem.buffers.size()); ++i) {
      rectangles_.push_back(tests::RectanglesOf(problem, i));
    }
  }

  void Place(int buffer, std::int64_t offset) { placed_.push_back({buffer, offset}); }
  const std::vector<Placed>& placed() const { return placed_; }
  void SetPlaced(const std::vector<Placed>& placed) { placed_ = placed; }

  std::int64_t LowestFit(int buffer, std::int64_t limit, std::int64_t floor) const {
    const Buffer& b = problem_.buffers[static_cast<std::size_t>(buffer)];
    if (b.fixed_offset != kFree) return b.fixed_offset;
    if (rectangles_[static_cast<std::size_t>(buffer)].empty()) return 0;
    std::int64_t offset = (floor + b.alignment - 1) / b.alignment * b.alignment;
    while (!Fits(buffer, offset)) offset += b.alignment;
    return offset + b.size <= limit ? offset : kNoFit;
  }

 private:
  bool Fits(int buffer, std::int64_t offset) const {
    for (const Placed& other : placed_) {
      for (const Part& p : rectangles_[static_cast<std::size_t>(buffer)]) {
        for (const Part& q : rectangles_[static_cast<std::size_t>(other.buffer)]) {
          const bool together = p.lower < q.upper && q.lower < p.upper;
          const bool meet = offset + p.begin < other.offset + q.end && other.offset + q.begin < offset + p.end;
          if (together && meet) return false;
        }
      }
    }
    return true;
  }

  const Problem& problem_;
  std::vector<std::vector<Part>> rectangles_;
  std::vector<Placed> placed_;
};

// Some buffers have several parts: two steps that overlap in time, two that do not, or a window of bytes alone.
void MakeParts(Problem& problem, Random& random) {
  for (int i = 0; i < static_cast<int>(problem.buffers.size()); ++i) {
    const Buffer& b = problem.buffers[static_cast<std::size_t>(i)];
    const std::int64_t size = b.size, length = b.upper - b.lower;
    if (size < 2 || length < 3) continue;
    const std::int64_t byte = random.Between(1, size - 1), step = b.lower + random.Between(1, length - 2);
    switch (random.Below(6)) {
      case 0:
        problem.parts.push_back({i, b.lower, b.upper, 0, byte});
        problem.parts.push_back({i, step, step + 1, byte, size});
        break;
      case 1:
        problem.parts.push_back({i, b.lower, step, 0, size});
        problem.parts.push_back({i, step + 1, b.upper, byte, size});
        break;
      case 2:
        problem.parts.push_back({i, b.lower, b.upper, byte, size});
        break;
      default:
        break;
    }
  }
}

Problem SmallProblem(Random& random) {
  tests::Menu menu;
  menu.steps = static_cast<int>(random.Between(1, 30));
  menu.largest = 12;
  menu.alignment_bits = static_cast<int>(random.Below(4));
  menu.zero_sizes = random.OneIn(2);
  menu.fixed = random.OneIn(4);
  Problem problem = tests::SeededProblem(random, static_cast<int>(random.Between(1, 25)), menu);
  if (random.OneIn(2)) MakeParts(problem, random);
  return problem;
}

TEST(Placer, FindsTheFirstOffsetThatFits) {
  for (int seed = 0; seed < tests::Seeds(120); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(static_cast<std::uint64_t>(seed));
    const Problem problem = SmallProblem(random);
    const Shapes shapes(problem);
    Placer placer(problem, shapes);
    Trial trial(problem);
    std::vector<Trial::Placed> saved;
    bool has_checkpoint = false;
    for (int step = 0; step < 60; ++step) {
      const int i = static_cast<int>(random.Below(static_cast<std::int64_t>(problem.buffers.size())));
      const std::int64_t limit = random.OneIn(3) ? random.Below(60) : kNoFit;
      const std::int64_t floor = random.OneIn(3) ? random.Below(40) : 0;
      const std::int64_t any = trial.LowestFit(i, kNoFit, 0);
      // Those that are fixed, or empty, are not asked how high they end.
      const bool moves =
          shapes.begin(i) != shapes.end(i) && problem.buffers[static_cast<std::size_t>(i)].fixed_offset == kFree;
      ASSERT_EQ(placer.LowestFit(i), any) << i << tests::Describe(problem);
      if (moves) {
        ASSERT_EQ(placer.LowestFit(i, limit, floor), trial.LowestFit(i, limit, floor))
            << i << " " << limit << " " << floor << tests::Describe(problem);
      }
      const std::int64_t kind = random.Below(12);
      if (kind == 0) {
        placer.Checkpoint();
        saved = trial.placed();
        has_checkpoint = true;
      } else if (kind < 3 && has_checkpoint) {
        placer.Rollback();
        trial.SetPlaced(saved);
      } else {
        const std::int64_t offset = random.OneIn(3) ? random.Below(50) : any;
        placer.Place(i, offset);
        trial.Place(i, offset);
      }
    }
  }
}

// In a window it knows of others only what of them is alive there, and answers for those that lie in it whole.
TEST(Placer, FindsTheSameInAWindowOfTime) {
  for (int seed = 0; seed < tests::Seeds(300); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(static_cast<std::uint64_t>(seed));
    const Problem problem = SmallProblem(random);
    const Shapes shapes(problem);
    if (shapes.sections() == 0) continue;
    const int first = static_cast<int>(random.Below(shapes.sections()));
    const Span window = {first, static_cast<int>(random.Between(first + 1, shapes.sections()))};
    std::vector<int> inside, all;
    for (const int i : tests::RandomOrder(problem.buffers.size(), random)) {
      const Span span = shapes.extents[static_cast<std::size_t>(i)];
      if (window.first <= span.first && span.last <= window.last && span.length() > 0) inside.push_back(i);
      all.push_back(i);
    }
    Placer placer(problem, shapes, window, inside);
    Trial trial(problem);
    for (const int i : all) {
      if (random.OneIn(2)) continue;
      const std::int64_t offset = random.Below(40);
      placer.Place(i, offset);
      trial.Place(i, offset);
    }
    for (const int i : inside) {
      const std::int64_t offset = trial.LowestFit(i, kNoFit, 0);
      ASSERT_EQ(placer.LowestFit(i), offset) << i << tests::Describe(problem);
      placer.Place(i, offset);
      trial.Place(i, offset);
    }
  }
}

}  // namespace
}  // namespace orionrt::placer_test
