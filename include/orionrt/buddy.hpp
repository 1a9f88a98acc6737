// BuddyAllocator: hands out ranges of [0, capacity). It works on offsets and keeps its books outside the memory that it
// manages, so one class serves host, device and simulated arenas.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "orionrt/export.hpp"

namespace orionrt {

inline constexpr std::int64_t kNoSpace = -1;

enum class FreeStatus {
  kFreed,
  kForeign,       // outside [0, capacity)
  kMisaligned,    // inside, but no allocation can start there
  kNotAllocated,  // a double free, or an offset within an allocation
};

struct BuddyStats {
  std::int64_t capacity = 0;
  std::int64_t used_bytes = 0;          // in whole blocks: what requests were rounded up to
  std::int64_t high_water_bytes = 0;    // the most that used_bytes has been
  std::int64_t largest_free_bytes = 0;  // the largest power-of-two block that Allocate could give now
  std::int64_t allocations = 0;         // alive now
};

// A set of small integers that finds its least member in O(log64 n): one bit a member, and a bit a word above it.
class ORIONRT_API BitTree {
 public:
  explicit BitTree(std::int64_t size = 0);
  void Set(std::int64_t i);
  void Clear(std::int64_t i);
  bool Has(std::int64_t i) const { return (levels_[0][static_cast<std::size_t>(i >> 6)] >> (i & 63) & 1) != 0; }
  bool empty() const { return levels_.back()[0] == 0; }
  std::int64_t First() const;  // requires !empty()

 private:
  std::vector<std::vector<std::uint64_t>> levels_;  // [0] the members; [k + 1] has a bit per non-zero word of [k]
};

// The binary buddy system (Knowlton, CACM 8(10), 1965; Knuth, TAOCP 1, 2.5): a request is rounded up to a power of two
// of blocks, cut from the smallest free block that holds it (the lowest address among equals) by splitting in halves;
// on release a block is merged at once with its buddy, at its index XOR 1, while that is free. Any capacity will do.
//
// Deterministic. Not thread-safe. Allocate and Free never touch the heap and take O(log n) steps for n blocks; so
// do runs, times the number of their power-of-two pieces (at most 2 log n).
class ORIONRT_API BuddyAllocator {
 public:
  // `block_bytes` (a power of two) is the least that is given out, and the alignment of every offset.
  // Throws Error (kMisuse) for a negative capacity or a block size that is no power of two.
  BuddyAllocator(std::int64_t capacity, std::int64_t block_bytes);

  // A block of at least `bytes` (> 0), aligned to its own rounded size. Its offset, or kNoSpace.
  std::int64_t Allocate(std::int64_t bytes) noexcept;

  // Exactly the blocks that `bytes` (> 0) needs: what the power of two leaves over is given back. The offset is aligned
  // like Allocate's. A run of the whole capacity succeeds when nothing is in use, also when the capacity is no multiple
  // of the block. O(log^2 n).
  std::int64_t AllocateRun(std::int64_t bytes) noexcept;

  // The same at a given offset, a multiple of the block; `offset`, or kNoSpace when a byte there is in use or outside.
  std::int64_t AllocateAt(std::int64_t offset, std::int64_t bytes) noexcept;

  // Gives back what one of the three above returned. Anything else is refused, and changes nothing.
  FreeStatus Free(std::int64_t offset) noexcept;

  BuddyStats stats() const noexcept;
  std::int64_t capacity() const noexcept { return capacity_; }
  std::int64_t block_bytes() const noexcept { return std::int64_t{1} << block_shift_; }

  // Whether the books agree with each other: blocks tile the capacity, no two free buddies, counts right. O(n).
  bool CheckInvariants() const;

  // One character a block, for failing tests: '.' free, 'a'..'z' by order of the allocated piece.
  std::string Map() const;

 private:
  int OrderFor(std::int64_t bytes) const noexcept;
  std::int64_t TakeFree(int order) noexcept;
  int FreeOrder(std::int64_t at) const noexcept;
  bool IsFree(std::int64_t first, std::int64_t count) const noexcept;
  void CarveOut(std::int64_t first, std::int64_t count) noexcept;
  void MarkRun(std::int64_t first, std::int64_t count) noexcept;
  void AddFree(std::int64_t first, int order) noexcept;
  std::int64_t Commit(std::int64_t first) noexcept;

  std::int64_t capacity_ = 0;
  int block_shift_ = 0;
  std::int64_t blocks_ = 0;             // whole ones
  std::int64_t tail_owner_ = kNoSpace;  // first block of the run that holds the broken block at the end, if any does
  std::int64_t used_blocks_ = 0;
  std::int64_t high_water_ = 0;  // bytes
  std::int64_t allocations_ = 0;
  std::vector<BitTree> free_;        // by order: indices of free blocks of 2^order
  std::vector<std::uint8_t> piece_;  // per block: what allocated piece starts here; see buddy.cpp
};

}  // namespace orionrt
