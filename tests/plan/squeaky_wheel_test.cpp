// The order that learns, against sorting by what its header says.
#include "plan/squeaky_wheel.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "sanitized.hpp"
#include "seeded_problem.hpp"

namespace orionrt::squeaky_wheel_test {
namespace {

using tests::Random;

std::vector<std::int64_t> LoadOf(const Problem& problem, const Shapes& shapes) {
  std::vector<std::int64_t> load(static_cast<std::size_t>(shapes.sections()), 0);
  for (int i = 0; i < static_cast<int>(problem.buffers.size()); ++i) {
    for (const Rectangle* r = shapes.begin(i); r != shapes.end(i); ++r) {
      for (int s = r->span.first; s < r->span.last; ++s) load[static_cast<std::size_t>(s)] += r->end - r->begin;
    }
  }
  return load;
}

Problem SomeProblem(Random& random) {
  tests::Menu menu;
  menu.steps = static_cast<int>(random.Between(1, 30));
  menu.largest = random.OneIn(2) ? 4 : 3000;
  menu.alignment_bits = static_cast<int>(random.Below(2));
  menu.zero_sizes = menu.fixed = random.OneIn(3);
  menu.parts = random.OneIn(3);
  return tests::SeededProblem(random, static_cast<int>(random.Between(1, 30)), menu);
}

TEST(SqueakyWheel, MeasuresHowFarEachIsFromTheWorstMoment) {
  for (int seed = 0; seed < tests::Seeds(200); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(static_cast<std::uint64_t>(seed));
    const Problem problem = SomeProblem(random);
    const Shapes shapes(problem);
    const std::vector<std::int64_t> load = LoadOf(problem, shapes);
    const auto worst = static_cast<int>(std::max_element(load.begin(), load.end()) - load.begin());
    const std::vector<WheelItem> items = WheelItems(problem, shapes);
    std::size_t k = 0;
    for (int i = 0; i < static_cast<int>(problem.buffers.size()); ++i) {
      const Buffer& b = problem.buffers[static_cast<std::size_t>(i)];
      const Span span = shapes.extents[static_cast<std::size_t>(i)];
      if (span.length() == 0 || b.fixed_offset != kFree) continue;
      ASSERT_LT(k, items.size());
      const WheelItem& item = items[k++];
      int nearest = INT32_MAX;
      for (int s = span.first; s < span.last; ++s) nearest = std::min(nearest, std::abs(s - worst));
      EXPECT_EQ(item.buffer, i);
      EXPECT_EQ(item.distance, nearest) << tests::Describe(problem);
      EXPECT_EQ(item.length, span.length());
      EXPECT_EQ(item.size, b.size);
      EXPECT_EQ(item.alignment, b.alignment);
      EXPECT_EQ(item.begin, b.lower);
      EXPECT_EQ(item.end, b.upper);
    }
    ASSERT_EQ(k, items.size());
  }
}

// A size in 64ths of an octave, and its class in the wheel's first setting and, after a hundred vain passes, its
// second.
std::int64_t LogOf(std::int64_t size) {
  std::int64_t octave = 0, power = 1;
  while (power <= size / 2) {
    power *= 2;
    ++octave;
  }
  return 64 * octave + static_cast<std::int64_t>(static_cast<__int128>(size - power) * 64 / power);
}

class Twin {
 public:
  explicit Twin(const std::vector<WheelItem>& items) : items_(items), rise_(items.size(), 0) {}

  std::vector<int> Order() const {
    std::vector<std::array<std::int64_t, 8>> keys;
    for (std::size_t k = 0; k < items_.size(); ++k) {
      const WheelItem& it = items_[k];
      const std::int64_t size_class = (LogOf(it.size) + rise_[k]) / width_;
      keys.push_back({-size_class, it.distance, -it.length, it.begin, -it.size, -it.end, -it.alignment, it.buffer});
    }
    std::sort(keys.begin(), keys.end());
    std::vector<int> order;
    for (const auto& key : keys) order.push_back(static_cast<int>(key.back()));
    return order;
  }

  void Learn(const Problem& problem, const std::vector<std::int64_t>& offsets, std::int64_t target) {
    std::int64_t peak = 0;
    for (std::size_t k = 0; k < items_.size(); ++k) {
      const auto buffer = static_cast<std::size_t>(items_[k].buffer);
      const std::int64_t top = offsets[buffer] + problem.buffers[buffer].size;
      peak = std::max(peak, top);
      if (top > target - target / 50) rise_[k] += 32;
    }
    vain_ = peak < best_ ? 0 : vain_ + 1;
    best_ = std::min(best_, peak);
    if (vain_ < 100) return;
    width_ = 43;
    vain_ = 0;
    best_ = INT64_MAX;
    rise_.assign(items_.size(), 0);
  }

 private:
  std::vector<WheelItem> items_;
  std::vector<std::int64_t> rise_;
  std::int64_t width_ = 32, best_ = INT64_MAX, vain_ = 0;
};

TEST(SqueakyWheel, SortsByWhatItHasLearnt) {
  for (int seed = 0; seed < tests::Seeds(100); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(static_cast<std::uint64_t>(seed));
    Problem problem = SomeProblem(random);
    if (seed % 4 == 0) {
      for (Buffer& b : problem.buffers) b.size <<= 46;  // in all up to 2^63
    }
    const Shapes shapes(problem);
    const std::vector<WheelItem> items = WheelItems(problem, shapes);
    SqueakyWheel wheel(items);
    Twin twin(items);
    const int passes = seed % 10 == 0 ? 103 : 12;  // a hundred without a new best: other classes
    for (int pass = 0; pass < passes; ++pass) {
      ASSERT_EQ(wheel.Next(), twin.Order()) << pass << tests::Describe(problem);
      std::vector<std::int64_t> offsets;
      std::int64_t highest = 0;
      for (const Buffer& b : problem.buffers) {
        offsets.push_back(passes > 100 ? 0 : random.Below(3) * b.size);
        highest = std::max(highest, offsets.back() + b.size);
      }
      const std::int64_t target = highest - random.Below(highest / 4 + 1);
      wheel.Learn(problem, offsets, target);
      twin.Learn(problem, offsets, target);
    }
  }
}

}  // namespace
}  // namespace orionrt::squeaky_wheel_test
