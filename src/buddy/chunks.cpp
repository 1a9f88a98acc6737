// Where a chunk starts is one bit; how long it is follows from where the next one starts, or from the end of its group:
//
//   block   0 1 2 3 4 5 6 7 8 ...        two blocks allocated, a free block of exponent 1, a run of three, one free,
//   starts  1 . . . 1 . . . . ...        and a free block of exponent 3
//   free    . . 1 . . . . 1 1 ...
//
// A free block of less than a group (64 blocks) lies within it, and so do most others. An allocated chunk that covers
// the whole of the next group besides leaves its length there, where no chunk starts: in `free`, behind the two bits of
// kLong. They would say that the last two blocks are free each, which cannot be: buddies would have merged.
//
// What is free from `top_` on is cut into blocks only when an allocation cuts it. The blocks are known all the same:
// they are the bits of top_end_ - top_, smallest first. No free chunk ends at top_: it would be part of that.
#include <algorithm>

#include "buddy/bits.hpp"
#include "orionrt/buddy.hpp"

namespace orionrt {
namespace {

// Bit 2^j for every j < n: where the upper halves begin when the block of 2^n at bit 0 is split down to one.
constexpr std::uint64_t kUpperHalves[kGroupExponent + 1] = {0, 0x2, 0x6, 0x16, 0x116, 0x10116, 0x100010116};

// The last bit of every aligned 2^exponent bits.
constexpr std::uint64_t kLasts[kGroupExponent] = {~std::uint64_t{0},  0xAAAAAAAAAAAAAAAA, 0x8888888888888888,
                                                  0x8080808080808080, 0x8000800080008000, 0x8000000080000000};

// Where free blocks of 2^exponent (< 64) start in a group: where an aligned stretch of that length has its first bit
// alone, that bit is free, and the next chunk starts right behind it. One addition looks at all stretches: a carry
// comes to the last bit of each that is not empty.
std::uint64_t FreeOfExponent(std::uint64_t starts, std::uint64_t free, unsigned exponent) {
  const unsigned size = 1u << exponent;
  const std::uint64_t last = kLasts[exponent];
  const std::uint64_t chunks = starts | free;
  const std::uint64_t odd = chunks ^ (last >> (size - 1));
  const std::uint64_t alone = last & ~(((odd & ~last) + ~last) | odd);
  const std::uint64_t ends = (chunks >> size) | Bit(64 - size);
  return (alone >> (size - 1)) & free & ~starts & ends;
}

}  // namespace

inline void BuddyAllocator::Mark(unsigned exponent, std::uint64_t i) noexcept {
  const Tree& tree = trees_[exponent];
  std::uint64_t& word = index_[tree.at[0] + (i >> 6)];
  const bool known_above = word != 0;
  word |= Bit(i & 63);
  if (!known_above) MarkAbove(exponent, static_cast<std::uint32_t>(i >> 6));
}

void BuddyAllocator::MarkAbove(unsigned exponent, std::uint32_t word) noexcept {
  Tree& tree = trees_[exponent];
  tree.low = (nonempty_ >> exponent & 1) == 0 ? word : std::min(tree.low, word);
  nonempty_ |= Bit(exponent);
  for (std::uint32_t level = 1; level < tree.levels; ++level) {
    std::uint64_t& above = index_[tree.at[level] + (word >> 6)];
    const bool known_above = above != 0;
    above |= Bit(word & 63);
    if (known_above) return;
    word >>= 6;
  }
}

inline void BuddyAllocator::Unmark(unsigned exponent, std::uint64_t i) noexcept {
  const Tree& tree = trees_[exponent];
  std::uint64_t& word = index_[tree.at[0] + (i >> 6)];
  word &= ~Bit(i & 63);
  if (word == 0) UnmarkAbove(exponent, static_cast<std::uint32_t>(i >> 6));
}

void BuddyAllocator::UnmarkAbove(unsigned exponent, std::uint32_t word) noexcept {
  Tree& tree = trees_[exponent];
  const bool was_low = word == tree.low;
  std::uint32_t level = 1;
  for (;; ++level, word >>= 6) {
    if (level == tree.levels) {
      nonempty_ &= ~Bit(exponent);
      return;
    }
    std::uint64_t& above = index_[tree.at[level] + (word >> 6)];
    above &= ~Bit(word & 63);
    if (above != 0) break;
  }
  if (!was_low) return;
  std::uint32_t low = word >> 6;  // what is left at this level lies behind
  for (; level > 0; --level) low = low * 64 + Zeros(index_[tree.at[level] + low]);
  tree.low = low;
}

bool BuddyAllocator::Has(unsigned exponent, std::uint64_t i) const noexcept {
  return (index_[trees_[exponent].at[0] + (i >> 6)] >> (i & 63) & 1) != 0;
}

std::uint64_t BuddyAllocator::Least(unsigned exponent) const noexcept {
  const Tree& tree = trees_[exponent];
  return std::uint64_t{tree.low} * 64 + Lowest(index_[tree.at[0] + tree.low]);
}

// A free block that has no free buddy.
void BuddyAllocator::Place(std::uint64_t first, unsigned exponent) noexcept {
  groups_[first >> 6].free |= Bit(first & 63);
  Mark(exponent, first >> std::max(exponent, kGroupExponent));
}

// Free blocks that tile [first, end), none of which has a free buddy.
void BuddyAllocator::PlaceAll(std::uint64_t first, std::uint64_t end) noexcept {
  for (; first < end; ++splits_) {
    const unsigned exponent = FrontExponent(first, end - first);
    Place(first, exponent);
    first += Bit(exponent);
  }
}

// A free block becomes an allocated one.
void BuddyAllocator::Remove(std::uint64_t first, unsigned exponent) noexcept {
  Group& group = groups_[first >> 6];
  group.starts |= Bit(first & 63);
  group.free &= ~Bit(first & 63);
  if (exponent >= kGroupExponent) {
    Unmark(exponent, first >> exponent);
  } else if (FreeOfExponent(group.starts, group.free, exponent) == 0) {
    Unmark(exponent, first >> 6);
  }
}

// Cuts a block of 2^exponent from the smallest free one that holds it, the first of them, and marks it allocated. Its
// first block, or kNoSpace. Most often there is one of just that size.
std::int64_t BuddyAllocator::Take(unsigned exponent) noexcept {
  if ((nonempty_ >> exponent & 1) == 0 || (top_end_ != blocks_ && IsTopSooner(exponent, exponent)))
    return TakeLarger(exponent);
  if (exponent < kGroupExponent) return static_cast<std::int64_t>(TakeFromGroup(exponent));
  const std::uint64_t i = Least(exponent);
  Unmark(exponent, i);
  groups_[i << (exponent - kGroupExponent)] = {1, 0};
  return static_cast<std::int64_t>(i << exponent);
}

std::int64_t BuddyAllocator::TakeLarger(unsigned exponent) noexcept {
  const std::uint64_t larger = nonempty_ >> exponent << exponent;
  const unsigned from = larger == 0 ? 64 : Zeros(larger);
  if (IsTopSooner(exponent, from)) return static_cast<std::int64_t>(TakeFromTop(exponent));
  if (larger == 0) return kNoSpace;
  splits_ += from - exponent;
  return static_cast<std::int64_t>(from < kGroupExponent ? SplitInGroup(from, exponent) : SplitGroups(from, exponent));
}

// Whether a block of 2^exponent comes from the top, when the smallest block of the index that holds one is of 2^from:
// the top's is smaller, or as small and before it.
bool BuddyAllocator::IsTopSooner(unsigned exponent, unsigned from) const noexcept {
  const std::uint64_t at = (top_ + Bit(exponent) - 1) >> exponent << exponent;
  if (at >= top_end_) return false;
  const unsigned top_exponent = Zeros(at | top_end_);
  if (top_exponent != from) return top_exponent >= exponent && top_exponent < from;
  const std::uint64_t i = Least(from);
  if (from >= kGroupExponent) return at < i << from;
  return at < i * 64 + Lowest(FreeOfExponent(groups_[i].starts, groups_[i].free, from));
}

inline std::uint64_t BuddyAllocator::TakeFromGroup(unsigned exponent) noexcept {
  const std::uint64_t at = Least(exponent);
  Group& group = groups_[at];
  const std::uint64_t candidates = FreeOfExponent(group.starts, group.free, exponent);
  const std::uint64_t start = candidates & (0 - candidates);
  group.starts |= start;
  group.free ^= start;
  if (candidates == start) Unmark(exponent, at);
  return at * 64 + Lowest(start);
}

std::uint64_t BuddyAllocator::SplitInGroup(unsigned from, unsigned exponent) noexcept {
  const std::uint64_t first = TakeFromGroup(from);
  groups_[first >> 6].free |= (kUpperHalves[from] ^ kUpperHalves[exponent]) << (first & 63);
  for (unsigned k = exponent; k < from; ++k) Mark(k, first >> 6);
  return first;
}

std::uint64_t BuddyAllocator::SplitGroups(unsigned from, unsigned exponent) noexcept {
  const std::uint64_t first = Least(from) << from;
  Unmark(from, first >> from);
  const unsigned stop = std::max(exponent, kGroupExponent);
  while (from > stop) {  // keep the lower half, free the upper
    --from;
    groups_[(first + Bit(from)) >> 6].free = 1;
    Mark(from, (first >> from) ^ 1);
  }
  groups_[first >> 6] = {1, kUpperHalves[kGroupExponent] ^ kUpperHalves[std::min(exponent, kGroupExponent)]};
  for (unsigned k = exponent; k < kGroupExponent; ++k) Mark(k, first >> 6);
  return first;
}

std::uint64_t BuddyAllocator::TakeFromTop(unsigned exponent) noexcept {
  const std::uint64_t old_top = top_;
  const std::uint64_t first = (old_top + Bit(exponent) - 1) >> exponent << exponent;
  MoveTop(first + Bit(exponent));
  groups_[first >> 6].starts |= Bit(first & 63);
  PlaceAll(old_top, first);
  return first;
}

// The mark of the top is that of what is kept back: an end that no merge and no Free passes. Behind top_end_ a chunk
// starts anyway.
void BuddyAllocator::MoveTop(std::uint64_t top) noexcept {
  Group& from = groups_[top_ >> 6];
  if (top_ != top_end_) {
    from.starts &= ~Bit(top_ & 63);
    from.free &= ~Bit(top_ & 63);
  }
  top_ = top;
  if (top == top_end_) return;
  groups_[top >> 6].starts |= Bit(top & 63);
  groups_[top >> 6].free |= Bit(top & 63);
}

// [top, top_) has become free: nothing starts there but what ends at top_. The first block behind the top merges with
// its buddy before it.
void BuddyAllocator::LowerTop(std::uint64_t top) noexcept {
  MoveTop(top);
  for (; top_ != 0; ++merges_) {
    const unsigned exponent = Zeros(top_);
    const std::uint64_t buddy = top_ - Bit(exponent);
    if (!IsFreeBlock(buddy, exponent)) return;
    Remove(buddy, exponent);
    groups_[buddy >> 6].starts &= ~Bit(buddy & 63);
    MoveTop(buddy);
  }
}

bool BuddyAllocator::IsFreeBlock(std::uint64_t first, unsigned exponent) const noexcept {
  if (exponent >= kGroupExponent) return Has(exponent, first >> exponent);
  const Group& group = groups_[first >> 6];
  const std::uint64_t stretch = Ones(Bit(exponent)) << (first & 63);
  return (group.free & stretch) == Bit(first & 63) && (group.starts & stretch) == 0;
}

// Frees the block of 2^exponent that is marked allocated at `first`, and merges it as far as buddies are free.
inline void BuddyAllocator::MergeInGroup(std::uint64_t first, unsigned exponent) noexcept {
  Group& group = groups_[first >> 6];
  for (; exponent < kGroupExponent; ++exponent, ++merges_) {
    const std::uint64_t buddy = first ^ Bit(exponent);
    if (!IsFreeBlock(buddy, exponent)) {
      group.starts ^= Bit(first & 63);
      if (buddy == top_ && top_ != top_end_) return LowerTop(first);
      group.free |= Bit(first & 63);
      return Mark(exponent, first >> 6);
    }
    group.free ^= Bit(buddy & 63);
    group.starts ^= Bit(first & 63) ^ Bit(first & buddy & 63);
    first &= buddy;
    if (FreeOfExponent(group.starts, group.free, exponent) == 0) Unmark(exponent, first >> 6);
  }
  MergeGroups(first, exponent);
}

void BuddyAllocator::MergeGroups(std::uint64_t first, unsigned exponent) noexcept {
  groups_[first >> 6].starts = 0;
  std::uint64_t i = first >> exponent;
  for (; Has(exponent, i ^ 1); i >>= 1, ++exponent, ++merges_) {
    Unmark(exponent, i ^ 1);
    groups_[(i ^ 1) << (exponent - kGroupExponent)].free = 0;
  }
  if ((i ^ 1) << exponent == top_ && top_ != top_end_) return LowerTop(i << exponent);
  groups_[i << (exponent - kGroupExponent)].free = 1;
  Mark(exponent, i);
}

// After the start of an allocated chunk is marked, and before its length may be asked for.
void BuddyAllocator::SetLength(std::uint64_t first, std::uint64_t count) noexcept {
  const std::uint64_t next = (first >> 6) + 1;
  if (first + count >= (next + 1) * 64) groups_[next].free = kLong | count << 1;
}

// The block of 2^exponent at `first`, allocated or kept back, becomes free.
void BuddyAllocator::ReleaseBlock(std::uint64_t first, unsigned exponent) noexcept {
  --chunks_;
  Group& group = groups_[first >> 6];
  if (exponent > kGroupExponent) groups_[(first >> 6) + 1].free = 0;
  group.free &= ~Bit(first & 63);
  if (first + Bit(exponent) == top_) {
    group.starts &= ~Bit(first & 63);
    LowerTop(first);
  } else if (exponent < kGroupExponent) {
    MergeInGroup(first, exponent);
  } else {
    MergeGroups(first, exponent);
  }
}

// So does the allocated run of `count` blocks.
void BuddyAllocator::ReleaseRun(std::uint64_t first, std::uint64_t count) noexcept {
  const std::uint64_t end = first + count;
  if (end >= ((first >> 6) + 2) * 64) groups_[(first >> 6) + 1].free = 0;
  if (end == top_) {
    --chunks_;
    groups_[first >> 6].starts &= ~Bit(first & 63);
    return LowerTop(first);
  }
  for (std::uint64_t at = first; at < end;) {
    const unsigned exponent = FrontExponent(at, end - at);
    const std::uint64_t next = at + Bit(exponent);
    if (next < end) groups_[next >> 6].starts |= Bit(next & 63);  // the rest of the run: a chunk until its turn comes
    ++chunks_;
    ReleaseBlock(at, exponent);
    at = next;
  }
  --chunks_;
}

}  // namespace orionrt
