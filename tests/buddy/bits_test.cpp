// The bits of the buddy's books, one by one. Its splits and merges are held against a row of blocks in
// buddy_states_test.cpp and buddy_duel_test.cpp.
#include "buddy/bits.hpp"

#include <gtest/gtest.h>

#include "random.hpp"
#include "sanitized.hpp"

namespace orionrt::bits_test {
namespace {

TEST(Bits, AreWhatTheirNamesSay) {
  std::uint64_t ones = 0;
  for (unsigned i = 0; i < 64; ++i) {
    EXPECT_EQ(Ones(i), ones);
    EXPECT_EQ(Ones(i) + 1, Bit(i));
    ones = 2 * ones + 1;
    for (const std::uint64_t x : {Bit(i), Bit(i) | 1, Bit(i) | Bit(63), ~std::uint64_t{0} << i, ones}) {
      unsigned highest = 63, lowest = 0;
      while ((x >> highest & 1) == 0) --highest;
      while ((x >> lowest & 1) == 0) ++lowest;
      EXPECT_EQ(FloorLog2(x), highest) << x;
      EXPECT_EQ(Zeros(x), lowest) << x;
    }
  }
  EXPECT_EQ(Ones(64), ~std::uint64_t{0});
}

TEST(Bits, FindTheLargestAlignedBlockAtTheFront) {
  const auto check = [](std::uint64_t first, std::uint64_t count) {
    unsigned exponent = 0;  // the next larger one is aligned and fits
    while (exponent < 63 && first % Bit(exponent + 1) == 0 && Bit(exponent + 1) <= count) ++exponent;
    EXPECT_EQ(FrontExponent(first, count), exponent) << first << " " << count;
  };
  for (std::uint64_t first = 0; first < 70; ++first) {
    for (std::uint64_t count = 1; count < 140; ++count) check(first, count);
  }
  check(0, ~std::uint64_t{0});
  check(Bit(63), Bit(62));
  check(Bit(62), Bit(63));
}

}  // namespace
}  // namespace orionrt::bits_test
