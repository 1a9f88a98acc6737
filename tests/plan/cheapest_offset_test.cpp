// Where a buffer displaces the least, against every offset that there is.
#include "plan/cheapest_offset.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "random.hpp"
#include "sanitized.hpp"

namespace orionrt::cheapest_offset_test {
namespace {

using tests::Random;

struct Edge {
  std::int64_t at;
  int item;
};
struct Item {
  std::int64_t begin, end, weight;
};

std::int64_t WeightAt(const std::vector<Item>& items, std::int64_t offset, std::int64_t size) {
  std::int64_t weight = 0;
  for (const Item& item : items) {
    if (item.begin < offset + size && offset < item.end) weight += item.weight;
  }
  return weight;
}

// From the bottom, in steps of the alignment.
std::int64_t Cheapest(const std::vector<Item>& items, std::int64_t size, std::int64_t alignment, std::int64_t target) {
  std::int64_t best = 0, least = INT64_MAX;
  for (std::int64_t offset = 0; offset + size <= target; offset += alignment) {
    const std::int64_t weight = WeightAt(items, offset, size);
    if (weight >= least) continue;
    least = weight;
    best = offset;
  }
  return best;
}

std::int64_t Ask(const std::vector<Item>& items, std::int64_t size, std::int64_t alignment, std::int64_t target,
                 std::int64_t scale) {
  std::vector<Edge> begins, ends;
  for (int i = 0; i < static_cast<int>(items.size()); ++i) {
    begins.push_back({items[static_cast<std::size_t>(i)].begin * scale, i});
    ends.push_back({items[static_cast<std::size_t>(i)].end * scale, i});
  }
  const auto by_address = [](const Edge& a, const Edge& b) { return a.at != b.at ? a.at < b.at : a.item < b.item; };
  std::sort(begins.begin(), begins.end(), by_address);
  std::sort(ends.begin(), ends.end(), by_address);
  return CheapestOffset(begins, ends, size * scale, alignment * scale, target * scale,
                        [&](const Edge& edge) { return items[static_cast<std::size_t>(edge.item)].weight; });
}

TEST(CheapestOffset, IsTheLowestOfThoseThatDisplaceLeast) {
  for (int seed = 0; seed < tests::Seeds(3000); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(static_cast<std::uint64_t>(seed));
    std::vector<Item> items;
    for (std::int64_t n = random.Below(9); n > 0; --n) {
      const std::int64_t begin = random.Below(24);  // they may lie over each other: not all are alive together
      items.push_back({begin, begin + random.Between(1, 8), random.Between(1, 4)});
    }
    const std::int64_t size = random.Between(1, 10), alignment = std::int64_t{1} << random.Below(4);
    const std::int64_t target = random.Between(1, 36);
    const std::int64_t expected = Cheapest(items, size, alignment, target);
    ASSERT_EQ(Ask(items, size, alignment, target, 1), expected) << size << " " << alignment << " " << target;
    const std::int64_t scale = std::int64_t{1} << 56;  // up to 2^62
    ASSERT_EQ(Ask(items, size, alignment, target, scale), expected * scale);
  }
}

}  // namespace
}  // namespace orionrt::cheapest_offset_test
