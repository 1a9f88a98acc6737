// The padding of the best order, against all orders.
#include "plan/least_padding.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "random.hpp"
#include "sanitized.hpp"

namespace orionrt::least_padding_test {
namespace {

using Items = std::vector<LeastPadding::Item>;
using tests::Random;

Items AnyItems(Random& random, std::int64_t most) {
  Items items;
  const std::int64_t largest = random.OneIn(2) ? 300 : 1 << 20, bits = random.Between(0, 9);
  for (std::int64_t left = random.Between(0, most); left > 0; --left) {
    items.push_back({random.Between(1, largest), std::int64_t{1} << random.Between(0, bits)});
  }
  return items;
}

std::int64_t HeightOf(const Items& items, const std::vector<std::size_t>& order) {
  std::int64_t top = 0;
  for (const std::size_t k : order) {
    top = (top + items[k].alignment - 1) / items[k].alignment * items[k].alignment + items[k].size;
  }
  return top;
}

// Every order of them, with its height.
template <typename Take>
void ForEachOrder(const Items& items, Take take) {
  std::vector<std::size_t> order(items.size());
  std::iota(order.begin(), order.end(), 0);
  do {
    take(order, HeightOf(items, order));
  } while (std::next_permutation(order.begin(), order.end()));
}

std::vector<std::size_t> OrderOf(const std::vector<std::int64_t>& begins) {
  std::vector<std::size_t> order(begins.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return begins[a] < begins[b]; });
  return order;
}

TEST(LeastPadding, IsThatOfTheBestOrder) {
  for (int seed = 0; seed < tests::Seeds(300); ++seed) {
    Random random(static_cast<std::uint64_t>(seed));
    const Items items = AnyItems(random, 7);
    std::int64_t least = INT64_MAX;
    ForEachOrder(items, [&](const auto&, std::int64_t height) { least = std::min(least, height); });
    EXPECT_EQ(LeastPadding(items).least_height(), least) << "seed " << seed;
  }
}

// Past the first block of sets: the same recursion, one set after another.
TEST(LeastPadding, IsThatOfTheBestOrderOfMany) {
  for (int seed = 0; seed < tests::Seeds(40); ++seed) {
    Random random(static_cast<std::uint64_t>(seed));
    Items items = AnyItems(random, 12);
    std::vector<std::int64_t> ends(std::size_t{1} << items.size(), INT64_MAX);
    ends[0] = 0;
    for (std::size_t set = 1; set < ends.size(); ++set) {
      for (std::size_t k = 0; k < items.size(); ++k) {
        if ((set >> k & 1) == 0) continue;
        const std::int64_t alignment = items[k].alignment, below = ends[set ^ (std::size_t{1} << k)];
        ends[set] = std::min(ends[set], (below + alignment - 1) / alignment * alignment + items[k].size);
      }
    }
    EXPECT_EQ(LeastPadding(items).least_height(), ends.back()) << "seed " << seed;
  }
}

TEST(LeastPadding, DrawsEveryOrderThatFits) {
  for (int seed = 0; seed < tests::Seeds(40); ++seed) {
    Random random(static_cast<std::uint64_t>(seed));
    const Items items = AnyItems(random, 5);
    const LeastPadding orders(items);
    const std::int64_t capacity = orders.least_height() + random.Between(0, 40);
    ASSERT_TRUE(orders.CanDraw(capacity));
    std::set<std::vector<std::size_t>> fit, drawn;
    ForEachOrder(items, [&](const std::vector<std::size_t>& order, std::int64_t height) {
      if (height <= capacity) fit.insert(order);
    });
    std::mt19937_64 bits(1);
    for (int k = 0; k < 4000; ++k) {
      const std::vector<std::int64_t> begins = orders.Draw(capacity, bits);
      ASSERT_EQ(begins.size(), items.size());
      const std::vector<std::size_t> order = OrderOf(begins);
      std::int64_t top = 0;
      for (const std::size_t item : order) {  // as low as the order lets it
        top = (top + items[item].alignment - 1) / items[item].alignment * items[item].alignment;
        EXPECT_EQ(begins[item], top) << "seed " << seed;
        top += items[item].size;
      }
      drawn.insert(order);
    }
    EXPECT_EQ(drawn, fit) << "seed " << seed;
  }
}

TEST(LeastPadding, DrawsNothingBelowTheLeast) {
  const LeastPadding orders({{3, 4}, {5, 8}, {1, 1}});
  EXPECT_EQ(orders.least_height(), 11);  // 5, 1, 2 of padding, 3
  EXPECT_TRUE(orders.CanDraw(11));
  EXPECT_FALSE(orders.CanDraw(10));
}

// Paddings are numbers of 16 bits: more than those hold is known to be a lot, and no more.
TEST(LeastPadding, OfMoreThanIsKnownIsStillABound) {
  const LeastPadding orders({{1, 1 << 14}, {1, 1 << 14}, {1, 1 << 14}, {1, 1 << 14}});
  EXPECT_GT(orders.least_height(), 1 << 13);
  EXPECT_LE(orders.least_height(), 3 * (1 << 14) + 1);
  EXPECT_FALSE(orders.CanDraw(1 << 20));
}

}  // namespace
}  // namespace orionrt::least_padding_test
