// The skyline against one number a section, painted buffer by buffer.
#include "plan/placing/skyline.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "sanitized.hpp"
#include "seeded_problem.hpp"

namespace orionrt::skyline_test {
namespace {

using tests::Random;

// The top of what is placed, per section of all time.
class Tops {
 public:
  Tops(const Problem& problem, const Shapes& shapes)
      : problem_(problem), shapes_(shapes), tops_(static_cast<std::size_t>(shapes.sections()), 0) {}

  void Raise(int buffer, std::int64_t to) {
    for (int s = ExtentOf(buffer).first; s < ExtentOf(buffer).last; ++s) Top(s) = std::max(Top(s), to);
  }

  std::int64_t LowestOnTop(int buffer) {
    std::int64_t top = 0;
    for (int s = ExtentOf(buffer).first; s < ExtentOf(buffer).last; ++s) top = std::max(top, Top(s));
    const std::int64_t alignment = problem_.buffers[static_cast<std::size_t>(buffer)].alignment;
    return (top + alignment - 1) / alignment * alignment;
  }

 private:
  Span ExtentOf(int buffer) const { return shapes_.extents[static_cast<std::size_t>(buffer)]; }
  std::int64_t& Top(int section) { return tops_[static_cast<std::size_t>(section)]; }

  const Problem& problem_;
  const Shapes& shapes_;
  std::vector<std::int64_t> tops_;
};

// Buffers that the window holds whole, and those that stick out of it.
void Partition(const Shapes& shapes, Span window, std::vector<int>& inside, std::vector<int>& sticking_out) {
  for (int i = 0; i < static_cast<int>(shapes.extents.size()); ++i) {
    const Span span = shapes.extents[static_cast<std::size_t>(i)];
    if (span.length() == 0 || span.last <= window.first || window.last <= span.first) continue;
    (window.first <= span.first && span.last <= window.last ? inside : sticking_out).push_back(i);
  }
}

void CompareWithTops(Random& random, std::int64_t scale) {
  tests::Menu menu;
  menu.steps = static_cast<int>(random.Between(1, 40));
  menu.largest = 20;
  menu.alignment_bits = 4;
  Problem problem = tests::SeededProblem(random, static_cast<int>(random.Between(1, 40)), menu);
  for (Buffer& buffer : problem.buffers) buffer.size *= scale;
  const Shapes shapes(problem);
  const int first = static_cast<int>(random.Below(shapes.sections()));
  const Span window = {first, static_cast<int>(random.Between(first + 1, shapes.sections()))};
  std::vector<int> inside, placed;
  Partition(shapes, window, inside, placed);
  inside = tests::Shuffled(std::move(inside), random);
  const std::size_t more = static_cast<std::size_t>(random.Below(static_cast<std::int64_t>(inside.size()) + 1));
  placed.insert(placed.end(), inside.begin(), inside.begin() + static_cast<std::ptrdiff_t>(more));
  std::vector<std::int64_t> offsets(problem.buffers.size(), 0);
  Tops tops(problem, shapes);
  for (const int i : placed) {
    std::int64_t& offset = offsets[static_cast<std::size_t>(i)];
    offset = random.Below(100) * scale;
    tops.Raise(i, offset + problem.buffers[static_cast<std::size_t>(i)].size);
  }
  Skyline skyline(problem, shapes, window, placed, offsets);
  for (std::size_t k = more; k < inside.size(); ++k) {
    const int i = inside[k];
    const std::int64_t size = problem.buffers[static_cast<std::size_t>(i)].size;
    const std::int64_t expected = tops.LowestOnTop(i);
    std::int64_t offset = -7;
    ASSERT_FALSE(skyline.Put(i, expected + size - 1, offset)) << i;
    ASSERT_EQ(offset, -7) << "nothing was placed";
    if (random.OneIn(4)) continue;
    ASSERT_TRUE(skyline.Put(i, random.OneIn(2) ? expected + size : INT64_MAX, offset)) << i;
    ASSERT_EQ(offset, expected) << i << tests::Describe(problem);
    tops.Raise(i, expected + size);
  }
}

TEST(Skyline, PutsOnTopOfAllThatIsThere) {
  for (int seed = 0; seed < tests::Seeds(400); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(static_cast<std::uint64_t>(seed));
    CompareWithTops(random, seed % 4 == 0 ? std::int64_t{1} << 50 : 1);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace orionrt::skyline_test
