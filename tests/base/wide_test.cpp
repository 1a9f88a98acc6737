// 128-bit integers by halves, beside the compiler's own.
#include "base/wide.hpp"

#include <gtest/gtest.h>

#include "random.hpp"

namespace orionrt::wide_test::wide_test {
namespace {

#ifdef __SIZEOF_INT128__

using tests::Random;

std::int64_t AnyInt(Random& random) {
  const std::int64_t edges[] = {0, 1, -1, INT64_MAX, INT64_MIN, INT32_MAX, 1000000};
  if (random.OneIn(4)) return edges[random.Below(7)];
  return static_cast<std::int64_t>(random.Next()) >> random.Below(64);
}

// Both halves, one by one.
void ExpectSame(const WideByHalves& mine, Wide theirs) {
  EXPECT_EQ(static_cast<std::uint64_t>(mine), static_cast<std::uint64_t>(theirs));
  const Wide high = theirs < 0 ? -((-theirs - 1) >> 64) - 1 : theirs >> 64;
  const WideByHalves mine_high = mine < 0 ? -((-mine - 1) >> 64) - 1 : mine >> 64;
  EXPECT_EQ(static_cast<std::int64_t>(mine_high), static_cast<std::int64_t>(high));
}

TEST(Wide, ByHalvesIsTheSame) {
  for (std::uint64_t seed = 0; seed < 5000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const std::int64_t a = AnyInt(random), b = AnyInt(random), c = AnyInt(random), d = AnyInt(random) | 1;
    const Wide theirs = static_cast<Wide>(a) * b / 4 + c;
    const WideByHalves mine = WideByHalves(a) * b / 4 + c;
    ExpectSame(mine, theirs);
    ExpectSame(mine - c, theirs - c);
    ExpectSame(-mine, -theirs);
    ExpectSame(mine / d, theirs / d);
    ExpectSame(mine % d, theirs % d);
    ExpectSame(mine / (WideByHalves(c) * d | 1), theirs / (static_cast<Wide>(c) * d | 1));
    const int by = static_cast<int>(random.Below(127));
    ExpectSame((mine < 0 ? -mine : mine) >> by, (theirs < 0 ? -theirs : theirs) >> by);
    ExpectSame(WideByHalves(std::abs(a >> 1)) << by % 60, static_cast<Wide>(std::abs(a >> 1)) << by % 60);
    EXPECT_EQ(mine < WideByHalves(b), theirs < b);
    EXPECT_EQ(mine <= WideByHalves(c) * d, theirs <= static_cast<Wide>(c) * d);
    EXPECT_EQ(mine == WideByHalves(c), theirs == c);
    if (testing::Test::HasFailure()) return;
  }
}

#endif

}  // namespace
}  // namespace orionrt::wide_test::wide_test
