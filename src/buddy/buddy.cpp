#include "orionrt/buddy.hpp"

#include <algorithm>

#include "base/checked.hpp"
#include "orionrt/error.hpp"

namespace orionrt {
namespace {

// BuddyAllocator::piece_: 0 where no allocated piece starts; else order + 1, a flag when the run goes on behind the
// piece, and a flag when an allocation starts here (and not merely a piece of one).
constexpr std::uint8_t kOrderMask = 0x3F;
constexpr std::uint8_t kContinues = 0x40;
constexpr std::uint8_t kStarts = 0x80;

int FloorLog2(std::int64_t x) { return 63 - __builtin_clzll(static_cast<unsigned long long>(x)); }
int CeilLog2(std::int64_t x) { return x <= 1 ? 0 : FloorLog2(x - 1) + 1; }

// The largest aligned power-of-two block at the front of [first, first + count): its order.
int FrontOrder(std::int64_t first, std::int64_t count) {
  const int fits = FloorLog2(count);
  return first == 0 ? fits : std::min(fits, __builtin_ctzll(static_cast<unsigned long long>(first)));
}

}  // namespace

BitTree::BitTree(std::int64_t size) {
  do {
    size = std::max<std::int64_t>(1, (size + 63) / 64);
    levels_.emplace_back(static_cast<std::size_t>(size), 0);
  } while (size > 1);
}

void BitTree::Set(std::int64_t i) {
  for (auto& level : levels_) {
    std::uint64_t& word = level[static_cast<std::size_t>(i >> 6)];
    const bool known_above = word != 0;
    word |= std::uint64_t{1} << (i & 63);
    if (known_above) return;
    i >>= 6;
  }
}

void BitTree::Clear(std::int64_t i) {
  for (auto& level : levels_) {
    std::uint64_t& word = level[static_cast<std::size_t>(i >> 6)];
    word &= ~(std::uint64_t{1} << (i & 63));
    if (word != 0) return;
    i >>= 6;
  }
}

std::int64_t BitTree::First() const {
  std::int64_t i = 0;
  for (auto level = levels_.rbegin(); level != levels_.rend(); ++level) {
    i = i * 64 + __builtin_ctzll((*level)[static_cast<std::size_t>(i)]);
  }
  return i;
}

BuddyAllocator::BuddyAllocator(std::int64_t capacity, std::int64_t block_bytes) : capacity_(capacity) {
  if (capacity < 0) throw Error(ErrorCode::kMisuse, "buddy: capacity " + std::to_string(capacity) + " is negative");
  if (!IsPowerOfTwo(block_bytes)) {
    throw Error(ErrorCode::kMisuse, "buddy: block size " + std::to_string(block_bytes) + " is not a power of two");
  }
  block_shift_ = FloorLog2(block_bytes);
  blocks_ = capacity >> block_shift_;
  piece_.assign(static_cast<std::size_t>(blocks_), 0);
  for (int order = 0; order == 0 || (std::int64_t{1} << order) <= blocks_; ++order) {
    free_.emplace_back(blocks_ >> order);
  }
  for (std::int64_t first = 0; first < blocks_;) {
    const int order = FrontOrder(first, blocks_ - first);
    AddFree(first, order);
    first += std::int64_t{1} << order;
  }
}

int BuddyAllocator::OrderFor(std::int64_t bytes) const noexcept { return CeilLog2(((bytes - 1) >> block_shift_) + 1); }

// Cuts a block of 2^order from the smallest free one that holds it: its first block, or kNoSpace.
std::int64_t BuddyAllocator::TakeFree(int order) noexcept {
  int from = order;
  while (from < static_cast<int>(free_.size()) && free_[from].empty()) ++from;
  if (from >= static_cast<int>(free_.size())) return kNoSpace;
  const std::int64_t first = free_[from].First() << from;
  free_[from].Clear(first >> from);
  while (from > order) {  // keep the lower half, free the upper
    --from;
    free_[from].Set((first >> from) ^ 1);
  }
  return first;
}

void BuddyAllocator::AddFree(std::int64_t first, int order) noexcept {
  while (order + 1 < static_cast<int>(free_.size())) {
    const std::int64_t buddy = (first >> order) ^ 1;
    const bool exists = ((buddy + 1) << order) <= blocks_;
    if (!exists || !free_[order].Has(buddy)) break;
    free_[order].Clear(buddy);
    first &= ~(std::int64_t{1} << order);
    ++order;
  }
  free_[order].Set(first >> order);
}

std::int64_t BuddyAllocator::Allocate(std::int64_t bytes) noexcept {
  if (bytes <= 0 || bytes > capacity_) return kNoSpace;
  const int order = OrderFor(bytes);
  const std::int64_t first = TakeFree(order);
  if (first == kNoSpace) return kNoSpace;
  piece_[static_cast<std::size_t>(first)] = static_cast<std::uint8_t>(order + 1) | kStarts;
  used_blocks_ += std::int64_t{1} << order;
  return Commit(first);
}

std::int64_t BuddyAllocator::AllocateRun(std::int64_t bytes) noexcept {
  if (bytes <= 0 || bytes > capacity_) return kNoSpace;
  const int order = OrderFor(bytes);
  const std::int64_t count = ((bytes - 1) >> block_shift_) + 1;
  const std::int64_t first = TakeFree(order);
  if (first != kNoSpace) {
    for (std::int64_t rest = first + count; rest < first + (std::int64_t{1} << order);) {
      const int piece = FrontOrder(rest, first + (std::int64_t{1} << order) - rest);
      AddFree(rest, piece);
      rest += std::int64_t{1} << piece;
    }
    MarkRun(first, count);
    return Commit(first);
  }
  // The last power-of-two block may reach past the capacity; the run need not.
  return AllocateAt(((blocks_ >> order) << order) << block_shift_, bytes);
}

std::int64_t BuddyAllocator::AllocateAt(std::int64_t offset, std::int64_t bytes) noexcept {
  const bool inside = offset >= 0 && bytes > 0 && bytes <= capacity_ && offset <= capacity_ - bytes;
  if (!inside || (offset & (block_bytes() - 1)) != 0) return kNoSpace;
  const std::int64_t first = offset >> block_shift_;
  const std::int64_t count = ((bytes - 1) >> block_shift_) + 1;
  const std::int64_t whole = std::min(count, blocks_ - first);
  if ((whole < count && tail_owner_ != kNoSpace) || !IsFree(first, whole)) return kNoSpace;
  CarveOut(first, whole);
  MarkRun(first, whole);
  if (whole < count) tail_owner_ = first;
  return Commit(first);
}

std::int64_t BuddyAllocator::Commit(std::int64_t first) noexcept {
  ++allocations_;
  const std::int64_t tail = tail_owner_ == kNoSpace ? 0 : capacity_ - (blocks_ << block_shift_);
  high_water_ = std::max(high_water_, (used_blocks_ << block_shift_) + tail);
  return first << block_shift_;
}

// The order of the free block that block `at` lies in, or -1.
int BuddyAllocator::FreeOrder(std::int64_t at) const noexcept {
  for (int order = 0; order < static_cast<int>(free_.size()); ++order) {
    if ((at >> order) < (blocks_ >> order) && free_[order].Has(at >> order)) return order;
  }
  return -1;
}

bool BuddyAllocator::IsFree(std::int64_t first, std::int64_t count) const noexcept {
  for (std::int64_t at = first; at < first + count;) {
    const int order = FreeOrder(at);
    if (order < 0) return false;
    at = ((at >> order) + 1) << order;
  }
  return true;
}

// Takes [first, first + count), all free, out of the free sets.
void BuddyAllocator::CarveOut(std::int64_t first, std::int64_t count) noexcept {
  for (std::int64_t at = first; at < first + count;) {
    const int order = FreeOrder(at);
    const std::int64_t begin = (at >> order) << order;
    const std::int64_t end = begin + (std::int64_t{1} << order);
    free_[order].Clear(at >> order);
    for (std::int64_t rest = begin; rest < at;) {  // what lies before the run goes back
      const int piece = FrontOrder(rest, at - rest);
      free_[piece].Set(rest >> piece);
      rest += std::int64_t{1} << piece;
    }
    for (std::int64_t rest = first + count; rest < end;) {  // and what lies behind it
      const int piece = FrontOrder(rest, end - rest);
      free_[piece].Set(rest >> piece);
      rest += std::int64_t{1} << piece;
    }
    at = end;
  }
}

void BuddyAllocator::MarkRun(std::int64_t first, std::int64_t count) noexcept {
  used_blocks_ += count;
  std::uint8_t flags = kStarts;
  for (std::int64_t at = first; at < first + count;) {
    const int order = FrontOrder(at, first + count - at);
    const std::int64_t next = at + (std::int64_t{1} << order);
    if (next < first + count) flags |= kContinues;
    piece_[static_cast<std::size_t>(at)] = static_cast<std::uint8_t>(order + 1) | flags;
    flags = 0;
    at = next;
  }
}

FreeStatus BuddyAllocator::Free(std::int64_t offset) noexcept {
  if (offset < 0 || offset >= capacity_) return FreeStatus::kForeign;
  if ((offset & (block_bytes() - 1)) != 0) return FreeStatus::kMisaligned;
  const std::int64_t first = offset >> block_shift_;
  const bool is_tail = first == blocks_ && tail_owner_ == first;
  if (!is_tail && (first >= blocks_ || (piece_[static_cast<std::size_t>(first)] & kStarts) == 0)) {
    return FreeStatus::kNotAllocated;
  }
  bool more = !is_tail;
  for (std::int64_t at = first; more;) {
    std::uint8_t& piece = piece_[static_cast<std::size_t>(at)];
    const int order = (piece & kOrderMask) - 1;
    more = (piece & kContinues) != 0;
    piece = 0;
    AddFree(at, order);
    used_blocks_ -= std::int64_t{1} << order;
    at += std::int64_t{1} << order;
  }
  if (tail_owner_ == first) tail_owner_ = kNoSpace;
  --allocations_;
  return FreeStatus::kFreed;
}

BuddyStats BuddyAllocator::stats() const noexcept {
  BuddyStats stats;
  stats.capacity = capacity_;
  stats.used_bytes = used_blocks_ << block_shift_;
  if (tail_owner_ != kNoSpace) stats.used_bytes += capacity_ - (blocks_ << block_shift_);
  stats.high_water_bytes = high_water_;
  stats.allocations = allocations_;
  for (int order = static_cast<int>(free_.size()) - 1; order >= 0 && stats.largest_free_bytes == 0; --order) {
    if (!free_[order].empty()) stats.largest_free_bytes = std::int64_t{1} << (order + block_shift_);
  }
  return stats;
}

bool BuddyAllocator::CheckInvariants() const {
  std::int64_t used = 0;
  std::int64_t starts = tail_owner_ == blocks_ ? 1 : 0;
  bool continues = false;
  for (std::int64_t at = 0; at < blocks_;) {
    int free_order = -1;
    for (int order = 0; order < static_cast<int>(free_.size()); ++order) {
      const std::int64_t index = at >> order;
      if (index >= (blocks_ >> order) || !free_[order].Has(index)) continue;
      if (free_order >= 0 || (index << order) != at)
        return false;  // within two free blocks, or not at the start of one
      free_order = order;
      const bool buddy_exists = (((index ^ 1) + 1) << order) <= blocks_;
      if (order + 1 < static_cast<int>(free_.size()) && buddy_exists && free_[order].Has(index ^ 1)) return false;
    }
    const std::uint8_t piece = piece_[static_cast<std::size_t>(at)];
    if ((free_order >= 0) == (piece != 0)) return false;
    if (piece != 0 && continues == ((piece & kStarts) != 0)) return false;  // a run goes on, or a new one starts
    if (piece == 0 && continues) return false;
    continues = (piece & kContinues) != 0;
    starts += (piece & kStarts) != 0 ? 1 : 0;
    const int order = piece == 0 ? free_order : (piece & kOrderMask) - 1;
    if (piece != 0) used += std::int64_t{1} << order;
    for (std::int64_t inner = at + 1; inner < at + (std::int64_t{1} << order); ++inner) {
      if (inner >= blocks_ || piece_[static_cast<std::size_t>(inner)] != 0) return false;
    }
    at += std::int64_t{1} << order;
  }
  return used == used_blocks_ && starts == allocations_ && !continues;
}

std::string BuddyAllocator::Map() const {
  std::string map(static_cast<std::size_t>(blocks_), '.');
  for (std::int64_t at = 0; at < blocks_; ++at) {
    const std::uint8_t piece = piece_[static_cast<std::size_t>(at)];
    if (piece == 0) continue;
    const int order = (piece & kOrderMask) - 1;
    std::fill_n(map.begin() + at, std::int64_t{1} << order, static_cast<char>('a' + order % 26));
  }
  return map;
}

}  // namespace orionrt
