// Where a piece starts is one bit; how long it is follows from where the next one starts, or from the end of its group:
//
//   block   0 1 2 3 4 5 6 7 8 ...        two blocks allocated, two free (a block of order 1), a run of three, one free,
//   starts  1 . . . 1 . . . . ...        and a free block of order 3
//   free    . . 1 . . . . 1 1 ...
//
// A free block of less than a group (64 blocks) lies within it, and so do most others. An allocated piece that covers
// the whole of the next group besides leaves its length there, where no piece starts: in `free`, behind the two bits of
// kLong. They would say that the last two blocks are free each, which cannot be: buddies would have merged.
#include "orionrt/buddy.hpp"

#include <algorithm>

#include "base/checked.hpp"
#include "buddy/bits.hpp"
#include "orionrt/error.hpp"

namespace orionrt {
namespace {

constexpr std::uint64_t kLong = std::uint64_t{3} << 62;
constexpr std::uint64_t kMostBlocks = std::uint64_t{1} << 32;

// Bit 2^j for every j < n: where the upper halves begin when the block of 2^n at bit 0 is split down to one.
constexpr std::uint64_t kUpperHalves[kGroupOrder + 1] = {0, 0x2, 0x6, 0x16, 0x116, 0x10116, 0x100010116};

}  // namespace

BuddyAllocator::BuddyAllocator(std::int64_t capacity, std::int64_t block_bytes, BuddyOptions options)
    : capacity_(capacity) {
  if (capacity < 0) throw Error(ErrorCode::kMisuse, "buddy: capacity " + std::to_string(capacity) + " is negative");
  if (!IsPowerOfTwo(block_bytes)) {
    throw Error(ErrorCode::kMisuse, "buddy: block size " + std::to_string(block_bytes) + " is not a power of two");
  }
  if (options.keep < 0 || options.keep > kMostKept) {
    throw Error(ErrorCode::kMisuse,
                "buddy: keep " + std::to_string(options.keep) + " is not in 0 to " + std::to_string(kMostKept));
  }
  if (options.keep > 0 && options.count_requests) {
    throw Error(ErrorCode::kMisuse, "buddy: requests are counted with keep = 0 only");
  }
  block_shift_ = FloorLog2(static_cast<std::uint64_t>(block_bytes));
  blocks_ = static_cast<std::uint64_t>(capacity) >> block_shift_;
  if (blocks_ > kMostBlocks) {
    throw Error(ErrorCode::kLimit, "buddy: " + std::to_string(blocks_) + " blocks are more than 2^32; use larger ones");
  }
  std::uint32_t words = 0;
  for (int order = 0; order == 0 || (blocks_ >> order) != 0; ++order) {
    Tree tree;
    std::uint64_t size = order < kGroupOrder ? (blocks_ + 63) / 64 : blocks_ >> order;
    do {
      size = std::max<std::uint64_t>(1, (size + 63) / 64);
      tree.at[tree.levels++] = words;
      words += static_cast<std::uint32_t>(size);
    } while (size > 1);
    trees_.push_back(tree);
  }
  index_.assign(words, 0);
  groups_.assign((blocks_ >> kGroupOrder) + 2, Group{});
  groups_[blocks_ >> kGroupOrder] = {Bit(blocks_ & 63), Bit(blocks_ & 63)};  // an end that no merge and no Free passes
  PlaceAll(0, blocks_);
  if (options.count_requests) requests_.assign(blocks_ + 1, 0);
  if (options.keep > 0) {
    keep_ = static_cast<std::uint32_t>(options.keep);
    kept_.resize(trees_.size());
    kept_orders_ = static_cast<int>(kept_.size());
  }
  OwnTail(kNoSpace);
}

// The broken block at the end belongs to the run at `owner`, or to none. That run is never kept back.
void BuddyAllocator::OwnTail(std::int64_t owner) noexcept {
  tail_owner_ = owner;
  kept_blocks_ = keep_ == 0 ? 0 : owner == kNoSpace ? blocks_ : static_cast<std::uint64_t>(owner);
}

void BuddyAllocator::Mark(int order, std::uint64_t i) noexcept {
  const Tree& tree = trees_[static_cast<std::size_t>(order)];
  for (std::uint32_t level = 0; level < tree.levels; ++level, i >>= 6) {
    std::uint64_t& word = index_[tree.at[level] + (i >> 6)];
    const bool known_above = word != 0;
    word |= Bit(i & 63);
    if (known_above) return;
  }
  nonempty_ |= Bit(order);
}

void BuddyAllocator::Unmark(int order, std::uint64_t i) noexcept {
  const Tree& tree = trees_[static_cast<std::size_t>(order)];
  for (std::uint32_t level = 0; level < tree.levels; ++level, i >>= 6) {
    std::uint64_t& word = index_[tree.at[level] + (i >> 6)];
    word &= ~Bit(i & 63);
    if (word != 0) return;
  }
  nonempty_ &= ~Bit(order);
}

bool BuddyAllocator::Has(int order, std::uint64_t i) const noexcept {
  return (index_[trees_[static_cast<std::size_t>(order)].at[0] + (i >> 6)] >> (i & 63) & 1) != 0;
}

std::uint64_t BuddyAllocator::Least(int order) const noexcept {
  const Tree& tree = trees_[static_cast<std::size_t>(order)];
  std::uint64_t i = 0;
  for (std::uint32_t level = tree.levels; level-- > 0;) i = i * 64 + Lowest(index_[tree.at[level] + i]);
  return i;
}

// A free block that has no free buddy.
void BuddyAllocator::Place(std::uint64_t first, int order) noexcept {
  groups_[first >> 6].free |= Bit(first & 63);
  Mark(order, first >> std::max(order, kGroupOrder));
}

// Cuts a block of 2^order from the smallest free one that holds it and marks it allocated: its first block, or
// kNoSpace.
std::int64_t BuddyAllocator::TakeFree(int order) noexcept {
  const std::uint64_t larger = nonempty_ >> order << order;
  if (larger == 0) return kNoSpace;
  const int from = static_cast<int>(Lowest(larger));
  splits_ += from - order;
  return static_cast<std::int64_t>(from < kGroupOrder ? TakeFromGroup(from, order) : TakeGroups(from, order));
}

std::uint64_t BuddyAllocator::TakeFromGroup(int from, int order) noexcept {
  const std::uint64_t at = Least(from);
  Group& group = groups_[at];
  const std::uint64_t candidates = FreeOfOrder(group.starts, group.free, from);
  const std::uint64_t start = candidates & (0 - candidates);
  if (candidates == start) Unmark(from, at);
  group.starts |= start;
  group.free ^= start | start * (kUpperHalves[from] ^ kUpperHalves[order]);
  for (int k = order; k < from; ++k) Mark(k, at);
  return at * 64 + Lowest(start);
}

std::uint64_t BuddyAllocator::TakeGroups(int from, int order) noexcept {
  const std::uint64_t first = Least(from) << from;
  Unmark(from, first >> from);
  const int stop = std::max(order, kGroupOrder);
  while (from > stop) {  // keep the lower half, free the upper
    --from;
    groups_[(first >> 6) + (std::uint64_t{1} << (from - kGroupOrder))].free = 1;
    Mark(from, (first >> from) ^ 1);
  }
  groups_[first >> 6].starts = 1;
  groups_[first >> 6].free = kUpperHalves[kGroupOrder] ^ kUpperHalves[std::min(order, kGroupOrder)];
  for (int k = order; k < kGroupOrder; ++k) Mark(k, first >> 6);
  return first;
}

// Frees the block of 2^order that is marked allocated at `first`, and merges it as far as buddies are free.
void BuddyAllocator::MergeInGroup(std::uint64_t first, int order) noexcept {
  Group& group = groups_[first >> 6];
  std::uint64_t starts = group.starts;
  std::uint64_t free = group.free;
  std::uint64_t at = first & 63;
  const int begin = order;
  for (; order < kGroupOrder; ++order) {
    const std::uint64_t buddy = at ^ (std::uint64_t{1} << order);
    const std::uint64_t half = Ones(1 << order) << buddy;
    if ((free & half) != Bit(buddy) || (starts & half) != 0) break;
    free ^= Bit(buddy);
    starts ^= Bit(at) ^ Bit(at & buddy);
    at &= buddy;
    if (FreeOfOrder(starts, free, order) == 0) Unmark(order, first >> 6);
  }
  merges_ += order - begin;
  group.starts = starts;
  group.free = free;
  if (order == kGroupOrder) return MergeGroups(first & ~std::uint64_t{63}, order);
  group.starts ^= Bit(at);
  group.free |= Bit(at);
  Mark(order, first >> 6);
}

void BuddyAllocator::MergeGroups(std::uint64_t first, int order) noexcept {
  groups_[first >> 6].starts = 0;
  std::uint64_t i = first >> order;
  const int begin = order;
  while (Has(order, i ^ 1)) {
    Unmark(order, i ^ 1);
    groups_[(i ^ 1) << (order - kGroupOrder)].free = 0;
    i >>= 1;
    ++order;
  }
  merges_ += order - begin;
  groups_[i << (order - kGroupOrder)].free = 1;
  Mark(order, i);
}

// Blocks of the allocated piece at `first`, when it passes the end of its group.
std::uint64_t BuddyAllocator::LongLengthAt(std::uint64_t first) const noexcept {
  const Group& next = groups_[(first >> 6) + 1];
  if (IsLong(next.starts, next.free)) return (next.free & ~kLong) >> 1;
  return 64 - (first & 63) + Lowest(next.pieces());
}

// After the start of an allocated piece is marked, and before its length may be asked for.
void BuddyAllocator::SetLength(std::uint64_t first, std::uint64_t count) noexcept {
  const std::uint64_t next = (first >> 6) + 1;
  if (first + count >= (next + 1) * 64) groups_[next].free = kLong | count << 1;
}

std::int64_t BuddyAllocator::Granted(std::uint64_t first, std::int64_t granted_bytes, std::int64_t bytes) noexcept {
  ++pieces_;
  Book(granted_bytes);
  if (!requests_.empty()) {
    requests_[first] = bytes;
    requested_bytes_ += bytes;
  }
  return static_cast<std::int64_t>(first << block_shift_);
}

std::int64_t BuddyAllocator::AllocateSplit(std::int64_t bytes) noexcept {
  if (bytes <= 0 || bytes > capacity_) return kNoSpace;
  const int order = OrderFor(bytes);
  std::int64_t first = TakeFree(order);
  if (first == kNoSpace && FlushAny()) first = TakeFree(order);
  if (first == kNoSpace) return kNoSpace;
  SetLength(static_cast<std::uint64_t>(first), std::uint64_t{1} << order);
  return Granted(static_cast<std::uint64_t>(first), std::int64_t{1} << (order + block_shift_), bytes);
}

// The piece of `count` blocks at `first`, allocated or kept back, becomes free.
void BuddyAllocator::Release(std::uint64_t first, std::uint64_t count) noexcept {
  const std::uint64_t end = first + count;
  groups_[first >> 6].free &= ~Bit(first & 63);
  if (end >= ((first >> 6) + 2) * 64) groups_[(first >> 6) + 1].free = 0;
  --pieces_;
  for (std::uint64_t at = first; at < end;) {
    const int order = FrontOrder(at, end - at);
    const std::uint64_t next = at + (std::uint64_t{1} << order);
    if (next < end) groups_[next >> 6].starts |= Bit(next & 63);  // the rest of a run: a piece until its turn comes
    if (order < kGroupOrder) {
      MergeInGroup(at, order);
    } else {
      MergeGroups(at, order);
    }
    at = next;
  }
}

FreeStatus BuddyAllocator::FreeMerge(std::int64_t offset) noexcept {
  if (offset < 0 || offset >= capacity_) return FreeStatus::kForeign;
  if ((offset & (block_bytes() - 1)) != 0) return FreeStatus::kMisaligned;
  const std::int64_t owner = offset >> block_shift_;
  const auto first = static_cast<std::uint64_t>(owner);
  const bool holds_tail = tail_owner_ == owner;
  if (first < blocks_ ? !IsAllocated(first) : !holds_tail) return FreeStatus::kNotAllocated;
  if (!requests_.empty()) requested_bytes_ -= requests_[first];
  if (holds_tail) {
    OwnTail(kNoSpace);
    used_bytes_ -= broken_bytes();
  }
  if (first == blocks_) {  // nothing but the broken block
    --pieces_;
    return FreeStatus::kFreed;
  }
  const std::uint64_t blocks = LengthAt(first);
  used_bytes_ -= static_cast<std::int64_t>(blocks << block_shift_);
  const bool is_block = ((blocks - 1) & (blocks | first)) == 0;
  if (keep_ == 0 || !is_block || holds_tail) {
    Release(first, blocks);
  } else {
    const int order = static_cast<int>(Lowest(blocks));
    Kept& kept = kept_[static_cast<std::size_t>(order)];
    if (kept.count == keep_) Release(kept.TakeOldest(), blocks);
    kept.Add(static_cast<std::uint32_t>(first));
    groups_[first >> 6].free |= Bit(first & 63);
  }
  return FreeStatus::kFreed;
}

void BuddyAllocator::Flush() noexcept { (void)FlushAny(); }

// Whether there was anything to merge.
bool BuddyAllocator::FlushAny() noexcept {
  bool any = false;
  for (std::size_t order = 0; order < kept_.size(); ++order) {
    for (; kept_[order].count > 0; any = true) Release(kept_[order].TakeOldest(), std::uint64_t{1} << order);
  }
  return any;
}

}  // namespace orionrt
