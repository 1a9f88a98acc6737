// The orders of placing against what their names say, told in tuples.
#include "plan/placing/sort_keys.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <tuple>
#include <vector>

#include "sanitized.hpp"
#include "seeded_problem.hpp"

namespace orionrt::sort_keys_test {
namespace {

using tests::Random;

int Log2(std::int64_t value) {
  int log = 0;
  while (std::int64_t{2} << log <= value) ++log;
  return log;
}

class Twin {
 public:
  Twin(const Problem& problem, const Shapes& shapes, const std::vector<std::int64_t>& bounds)
      : problem_(problem), shapes_(shapes), bounds_(bounds) {}

  // Of the tightest section of its life: in units of 1/512 of the worst, 0, or one more per doubling.
  int Tightness(int i) const {
    if (bounds_.empty()) return 64;
    const std::int64_t worst = *std::max_element(bounds_.begin(), bounds_.end());
    std::int64_t least = INT64_MAX;
    for (int s = SpanOf(i).first; s < SpanOf(i).last; ++s) {
      least = std::min(least, worst - bounds_[static_cast<std::size_t>(s)]);
    }
    const std::int64_t units = least / std::max<std::int64_t>(1, worst / 512);
    return units == 0 ? 0 : Log2(units) + 1;
  }

  // What is larger comes first.
  std::array<std::int64_t, 2> Value(int i, Key key) const {
    const std::int64_t size = SizeOf(i), length = SpanOf(i).length();
    const std::int64_t birth = SpanOf(i).first, death = SpanOf(i).last;
    switch (key) {
      case Key::kEarly:
        return {-birth, 0};
      case Key::kLate:
        return {death, size};
      case Key::kLongEarly:
        return {Log2(length), -birth};
      case Key::kLongLate:
        return {Log2(length), death};
      case Key::kLong:
        return {length, size};
      case Key::kSizeEarly:
        return {size, -birth};
      case Key::kSizeLate:
        return {size, death};
      case Key::kArea:
        return {size * length, 0};
      case Key::kHeavy:
        return {size * size * length, 0};
      case Key::kTightHeavy:
        return {-Tightness(i), size * size * length};
      case Key::kTightSize:
        return {-Tightness(i), size};
    }
    return {};
  }

  bool ComesFirst(int a, int b, Key key) const {
    return Value(a, key) != Value(b, key) ? Value(a, key) > Value(b, key) : Ties(a) < Ties(b);
  }
  bool ComesFirst(int a, int b) const { return Ties(a) < Ties(b); }

 private:
  Span SpanOf(int i) const { return shapes_.extents[static_cast<std::size_t>(i)]; }
  std::int64_t SizeOf(int i) const { return problem_.buffers[static_cast<std::size_t>(i)].size; }
  // Earliest birth, largest size, latest death; then what else tells buffers apart, and at last how they are listed.
  std::array<std::int64_t, 7> Ties(int i) const {
    const Buffer& b = problem_.buffers[static_cast<std::size_t>(i)];
    return {SpanOf(i).first, -b.size, -SpanOf(i).last, -b.alignment, b.lower, b.upper, i};
  }

  const Problem& problem_;
  const Shapes& shapes_;
  const std::vector<std::int64_t>& bounds_;
};

TEST(SortKeys, AreWhatTheirNamesSay) {
  for (int seed = 0; seed < tests::Seeds(200); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(static_cast<std::uint64_t>(seed));
    tests::Menu menu;
    menu.steps = static_cast<int>(random.Between(1, 30));
    menu.largest = static_cast<int>(random.OneIn(2) ? 3 : 1000);
    menu.alignment_bits = 1;
    menu.zero_sizes = menu.fixed = random.OneIn(2);
    menu.parts = random.OneIn(2);
    const Problem problem = tests::SeededProblem(random, static_cast<int>(random.Between(1, 30)), menu);
    const Shapes shapes(problem);
    std::vector<std::int64_t> bounds;
    for (int s = 0; s < shapes.sections() && seed % 4 != 0; ++s) bounds.push_back(random.Between(1, 3000));
    const SortKeys sort_keys(problem, shapes, bounds);
    const Twin twin(problem, shapes, bounds);
    std::vector<int> expected;
    for (int i = 0; i < static_cast<int>(problem.buffers.size()); ++i) {
      const Buffer& b = problem.buffers[static_cast<std::size_t>(i)];
      if (b.fixed_offset == kFree && shapes.begin(i) != shapes.end(i)) expected.push_back(i);
    }
    for (const int i : expected) ASSERT_EQ(sort_keys.tightness(i), twin.Tightness(i)) << i;
    std::sort(expected.begin(), expected.end(), [&](int a, int b) { return twin.ComesFirst(a, b); });
    ASSERT_EQ(sort_keys.movable(), expected);
    for (int k = 0; k < kKeyCount; ++k) {
      const Key key = static_cast<Key>(k);
      std::vector<int> sorted = tests::Shuffled(sort_keys.movable(), random);
      sort_keys.Sort(sorted, key);
      std::sort(expected.begin(), expected.end(), [&](int a, int b) { return twin.ComesFirst(a, b, key); });
      ASSERT_EQ(sorted, expected) << KeyName(key) << tests::Describe(problem);
    }
  }
}

// size x size x sections does not fit in 128 bits there: the low bits of sizes are left out, and no more.
TEST(SortKeys, TellSizesOfSixtyBitsApart) {
  constexpr std::int64_t kLarge = std::int64_t{1} << 60;
  constexpr int kSections = 300;
  Problem problem;
  problem.buffers = {{0, kSections, kLarge / 2}, {0, kSections, kLarge + (1 << 20)}, {0, kSections, kLarge}};
  for (int s = 0; s < kSections; ++s) problem.buffers.push_back({s, s + 1, 1});
  const Shapes shapes(problem);
  const SortKeys sort_keys(problem, shapes, std::vector<std::int64_t>(kSections, kLarge));
  for (int k = 0; k < kKeyCount; ++k) {
    std::vector<int> large = {0, 1, 2}, all = sort_keys.movable();
    sort_keys.Sort(large, static_cast<Key>(k));
    EXPECT_EQ(large, (std::vector<int>{1, 2, 0})) << KeyName(static_cast<Key>(k));
    sort_keys.Sort(all, static_cast<Key>(k));
    const bool is_early = k == static_cast<int>(Key::kEarly);
    EXPECT_TRUE(is_early || all[2] == 0) << KeyName(static_cast<Key>(k)) << ": the small come behind";
  }
}

}  // namespace
}  // namespace orionrt::sort_keys_test
