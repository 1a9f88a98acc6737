// Bits of 64, as the buddy's books use them.
#pragma once

#include <algorithm>
#include <cstdint>

namespace orionrt {

inline constexpr unsigned kGroupExponent = 6;  // log2 of the blocks of a group: the bits of a word

constexpr std::uint64_t Bit(std::uint64_t i) { return std::uint64_t{1} << i; }                          // i < 64
constexpr std::uint64_t Ones(std::uint64_t n) { return n == 0 ? 0 : ~std::uint64_t{0} >> (64 - n); }    // n <= 64
inline unsigned FloorLog2(std::uint64_t x) { return 63u ^ static_cast<unsigned>(__builtin_clzll(x)); }  // x != 0
inline unsigned Zeros(std::uint64_t x) { return static_cast<unsigned>(__builtin_ctzll(x)); }            // x != 0

// The largest aligned power-of-two block at the front of [first, first + count), count > 0: its exponent.
inline unsigned FrontExponent(std::uint64_t first, std::uint64_t count) {
  const unsigned fits = FloorLog2(count);
  return first == 0 ? fits : std::min(fits, Zeros(first));
}

}  // namespace orionrt
