// Bits of 64, as the buddy's books use them.
#pragma once

#include <algorithm>
#include <cstdint>

namespace orionrt {

inline constexpr int kGroupOrder = 6;  // log2 of the blocks of a group: the bits of a word

constexpr std::uint64_t Bit(std::uint64_t i) { return std::uint64_t{1} << i; }                           // i < 64
constexpr std::uint64_t Ones(int n) { return n == 0 ? 0 : ~std::uint64_t{0} >> (64 - n); }               // n <= 64
inline std::uint64_t Lowest(std::uint64_t x) { return static_cast<std::uint64_t>(__builtin_ctzll(x)); }  // x != 0
inline int FloorLog2(std::uint64_t x) { return 63 - __builtin_clzll(x); }                                // x != 0

// The largest aligned power-of-two block at the front of [first, first + count), count > 0: its order.
inline int FrontOrder(std::uint64_t first, std::uint64_t count) {
  const int fits = FloorLog2(count);
  return first == 0 ? fits : std::min(fits, static_cast<int>(Lowest(first)));
}

// Where free blocks of 2^order (< 64) start in a group: those whose next piece, or the end, is just that far.
inline std::uint64_t FreeOfOrder(std::uint64_t starts, std::uint64_t free, int order) {
  const std::uint64_t pieces = starts | free;
  std::uint64_t shorter = 0;
  for (int k = 0; k < order; ++k) shorter |= pieces >> (1 << k);
  const std::uint64_t ends = (pieces >> (1 << order)) | Bit(static_cast<std::uint64_t>(64 - (1 << order)));
  return free & ~starts & ends & ~shorter;
}

// Whether the words of a group hold no pieces, but the length of a piece that covers it; see buddy.cpp.
inline bool IsLong(std::uint64_t starts, std::uint64_t free) { return free >> 62 == 3 && starts >> 62 == 0; }

}  // namespace orionrt
