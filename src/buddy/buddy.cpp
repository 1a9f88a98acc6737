// What callers ask; pieces.cpp has how the books are kept.
#include "orionrt/buddy.hpp"

#include <algorithm>

#include "base/checked.hpp"
#include "buddy/bits.hpp"
#include "orionrt/error.hpp"

namespace orionrt {
namespace {
constexpr std::uint64_t kMostBlocks = std::uint64_t{1} << 32;
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
  block_shift_ = static_cast<int>(FloorLog2(static_cast<std::uint64_t>(block_bytes)));
  block_mask_ = block_bytes - 1;
  blocks_ = static_cast<std::uint64_t>(capacity) >> block_shift_;
  if (blocks_ > kMostBlocks) {
    throw Error(ErrorCode::kLimit, "buddy: " + std::to_string(blocks_) + " blocks are more than 2^32; use larger ones");
  }
  std::uint32_t words = 0;
  for (unsigned order = 0; order == 0 || (blocks_ >> order) != 0; ++order) {
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
  top_end_ = blocks_ == 0 ? 0 : Bit(FloorLog2(blocks_));
  top_ = top_end_;
  MoveTop(0);
  PlaceAll(top_end_, blocks_);
  splits_ = 0;
  if (options.count_requests) requests_.assign(blocks_ + 1, 0);
  if (options.keep > 0) {
    keep_ = static_cast<std::uint32_t>(options.keep);
    kept_.resize(trees_.size());
    kept_orders_ = static_cast<unsigned>(kept_.size());
  }
  OwnTail(kNoSpace);
}

// The broken block at the end belongs to the run at `owner`, or to none. That run is never kept back.
void BuddyAllocator::OwnTail(std::int64_t owner) noexcept {
  tail_owner_ = owner;
  kept_blocks_ = keep_ == 0 ? 0 : owner == kNoSpace ? blocks_ : static_cast<std::uint64_t>(owner);
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
  const unsigned order = OrderFor(bytes);
  std::int64_t first = Take(order);
  if (first == kNoSpace && FlushAny()) first = Take(order);
  if (first == kNoSpace) return kNoSpace;
  SetLength(static_cast<std::uint64_t>(first), std::uint64_t{1} << order);
  return Granted(static_cast<std::uint64_t>(first), std::int64_t{1} << order << block_shift_, bytes);
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
  if (keep_ == 0 || holds_tail || !IsBlock(first, blocks)) {
    Release(first, blocks);
    return FreeStatus::kFreed;
  }
  Kept& kept = kept_[Zeros(blocks)];
  if (kept.size() == keep_) Release(kept.blocks[kept.begin++ % kMostKept], blocks);
  kept.blocks[kept.end++ % kMostKept] = static_cast<std::uint32_t>(first);
  groups_[first >> 6].free |= Bit(first & 63);
  return FreeStatus::kFreed;
}

void BuddyAllocator::Flush() noexcept { (void)FlushAny(); }

// Whether there was anything to merge.
bool BuddyAllocator::FlushAny() noexcept {
  bool any = false;
  for (unsigned order = 0; order < kept_orders_; ++order) {
    Kept& kept = kept_[order];
    for (; kept.size() > 0; any = true) Release(kept.blocks[kept.begin++ % kMostKept], Bit(order));
  }
  return any;
}

}  // namespace orionrt
