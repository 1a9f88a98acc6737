// Parts made of rectangles that overlap, against counting bytes.
#include "plan/part_union.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

#include "random.hpp"

namespace orionrt::part_union_test {
namespace {

using tests::Random;

TEST(PartUnion, CoversWhatTheRectanglesDoOnce) {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    std::vector<Part> rectangles;
    for (std::int64_t k = random.Between(1, 8); k > 0; --k) {
      const std::int64_t lower = random.Below(10), begin = random.Below(10);
      rectangles.push_back({7, lower, lower + random.Between(1, 5), begin, begin + random.Between(1, 5)});
    }
    const auto count = [](const std::vector<Part>& parts, std::int64_t step, std::int64_t byte) {
      return std::count_if(parts.begin(), parts.end(), [&](const Part& part) {
        return part.lower <= step && step < part.upper && part.begin <= byte && byte < part.end;
      });
    };
    const std::vector<Part> parts = UnionOf(rectangles);
    for (int step = 0; step < 16; ++step) {
      for (int byte = 0; byte < 16; ++byte) {
        ASSERT_EQ(count(parts, step, byte), std::min<std::int64_t>(1, count(rectangles, step, byte)));
      }
    }
    for (const Part& part : parts) EXPECT_EQ(part.buffer, 7);
    EXPECT_TRUE(std::is_sorted(parts.begin(), parts.end(), [](const Part& a, const Part& b) {
      return std::tie(a.lower, a.begin) < std::tie(b.lower, b.begin);
    }));
    for (const Part& a : parts) {
      for (const Part& b : parts) {
        EXPECT_FALSE(a.upper == b.lower && a.begin < b.end && b.begin < a.end) << "what touches in time is one";
        EXPECT_FALSE(a.end == b.begin && a.lower == b.lower && a.upper == b.upper) << "what lives alike is one";
      }
    }
    std::reverse(rectangles.begin(), rectangles.end());
    const std::vector<Part> again = UnionOf(rectangles);
    EXPECT_TRUE(std::equal(parts.begin(), parts.end(), again.begin(), again.end(), [](const Part& a, const Part& b) {
      return std::tie(a.lower, a.upper, a.begin, a.end) == std::tie(b.lower, b.upper, b.begin, b.end);
    })) << "in whatever order they are given";
  }
}

}  // namespace
}  // namespace orionrt::part_union_test
