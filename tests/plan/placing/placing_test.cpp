// What places buffers one by one, each structure against a scan over all that is placed.
#include "plan/placing/placing.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "orionrt/plan.hpp"
#include "plan/rectangles.hpp"
#include "sanitized.hpp"
#include "seeded_problem.hpp"

namespace orionrt::placing_test {
namespace {

using tests::Random;

// Tries every offset at which something ends, from 0 upward.
class Scan {
 public:
  explicit Scan(const Problem& problem) : problem_(problem) {}

  std::int64_t LowestFit(int buffer) const {
    std::vector<std::int64_t> offsets{0};
    const std::int64_t alignment = problem_.buffers[static_cast<std::size_t>(buffer)].alignment;
    const std::vector<PlacedRectangle> own = Rectangles(buffer, 0);
    for (const PlacedRectangle& placed : placed_) {
      for (const PlacedRectangle& r : own) {
        const std::int64_t offset = std::max<std::int64_t>(0, placed.end - r.begin);
        offsets.push_back((offset + alignment - 1) / alignment * alignment);
      }
    }
    std::sort(offsets.begin(), offsets.end());
    return *std::find_if(offsets.begin(), offsets.end(), [&](std::int64_t offset) { return Fits(buffer, offset); });
  }

  void Place(int buffer, std::int64_t offset) {
    for (const PlacedRectangle& r : Rectangles(buffer, offset)) placed_.push_back(r);
  }

 private:
  std::vector<PlacedRectangle> Rectangles(int buffer, std::int64_t offset) const {
    std::vector<PlacedRectangle> all;
    std::vector<std::int64_t> offsets(problem_.buffers.size(), 0);
    offsets[static_cast<std::size_t>(buffer)] = offset;
    ForEachPlaced(problem_, offsets, [&](const PlacedRectangle& r) {
      if (r.buffer == buffer) all.push_back(r);
    });
    return all;
  }
  bool Fits(int buffer, std::int64_t offset) const {
    for (const PlacedRectangle& r : Rectangles(buffer, offset)) {
      for (const PlacedRectangle& other : placed_) {
        const bool alive = r.lower < other.upper && other.lower < r.upper;
        if (alive && r.begin < other.end && other.begin < r.end) return false;
      }
    }
    return true;
  }

  const Problem& problem_;
  std::vector<PlacedRectangle> placed_;
};

TEST(Placing, FindsWhatAScanFinds) {
  for (int seed = 0; seed < tests::Seeds(200); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(static_cast<std::uint64_t>(seed));
    tests::Menu menu;
    menu.steps = static_cast<int>(random.Between(2, 200));
    menu.alignment_bits = random.OneIn(2) ? 5 : 0;
    menu.zero_sizes = random.OneIn(3);
    menu.parts = random.OneIn(2);
    const Problem problem = tests::SeededProblem(random, static_cast<int>(random.Between(1, 60)), menu);
    const Shapes shapes(problem);
    StepLives lives(shapes);
    AddressList<StepLives> list(problem, lives);
    Placer placer(problem, shapes);
    Placing placing(problem, shapes);
    Scan scan(problem);
    for (const int i : tests::RandomOrder(problem.buffers.size(), random)) {
      if (problem.buffers[static_cast<std::size_t>(i)].size == 0) continue;
      const std::int64_t offset = scan.LowestFit(i);
      ASSERT_EQ(list.LowestFit(i), offset) << tests::Describe(problem);
      ASSERT_EQ(placer.LowestFit(i), offset) << tests::Describe(problem);
      ASSERT_EQ(placing.LowestFit(i), offset) << tests::Describe(problem);
      ASSERT_EQ(list.TightestFit(i), placer.TightestFit(i)) << tests::Describe(problem);
      ASSERT_EQ(placing.TightestFit(i), placer.TightestFit(i)) << tests::Describe(problem);
      list.Place(i, offset);
      placer.Place(i, offset);
      placing.Place(i, offset);
      scan.Place(i, offset);
    }
  }
}

// Many, so that lists have several blocks and time several windows; some live long, most do not.
TEST(Placing, FindsTheSameByWindowsAsWithout) {
  for (int seed = 0; seed < 12; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(static_cast<std::uint64_t>(seed));
    Problem problem;
    const std::int64_t steps = 4000, longest = std::int64_t{20} << random.Below(7);
    for (int i = 0; i < 1500; ++i) {
      Buffer buffer;
      buffer.lower = random.Below(steps);
      buffer.upper = buffer.lower + random.Between(1, random.OneIn(50) ? steps : longest);
      buffer.size = random.Between(1, 1000);
      buffer.alignment = std::int64_t{1} << random.Below(4);
      problem.buffers.push_back(buffer);
    }
    const Shapes shapes(problem);
    Placing placing(problem, shapes);
    Placer placer(problem, shapes);
    for (const bool tightest : {false, true}) {
      const std::vector<int> order = tests::RandomOrder(problem.buffers.size(), random);
      const std::vector<std::int64_t> expected = PlaceInOrder(problem, placer, order, tightest);
      EXPECT_EQ(PlaceInOrder(problem, placing, order, tightest), expected);
      const std::int64_t peak = PeakOf(problem, expected);
      EXPECT_TRUE(PlaceInOrder(problem, placing, order, tightest, peak).empty()) << "no lower than the limit";
      EXPECT_EQ(PlaceInOrder(problem, placing, order, tightest, peak + 1), expected);
    }
    EXPECT_GT(placing.work(), 0);
  }
}

}  // namespace
}  // namespace orionrt::placing_test
