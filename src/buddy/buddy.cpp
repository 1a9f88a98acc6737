// What callers ask; chunks.cpp has how the books are kept.
#include "orionrt/buddy.hpp"

#include <algorithm>

#include "base/checked.hpp"
#include "buddy/bits.hpp"
#include "orionrt/config.hpp"

namespace orionrt {
namespace {
constexpr std::uint64_t kMostBlocks = std::uint64_t{1} << 32;
constexpr int kMostKept = 4096;
constexpr std::uint64_t kLeastKept = 4;
}  // namespace

BuddyAllocator::BuddyAllocator(std::int64_t capacity, std::int64_t block_bytes, BuddyOptions options) {
  if (capacity < 0) throw Error(ErrorCode::kMisuse, "buddy: capacity " + std::to_string(capacity) + " is negative");
  if (!IsPowerOfTwo(block_bytes)) {
    throw Error(ErrorCode::kMisuse, "buddy: block size " + std::to_string(block_bytes) + " is not a power of two");
  }
  if (options.keep < 0 || options.keep > kMostKept || options.keep_share < 0 || options.keep_share > 62) {
    throw Error(ErrorCode::kMisuse, "buddy: keep " + std::to_string(options.keep) + " is not in 0 to 4096, or share " +
                                        std::to_string(options.keep_share) + " not in 0 to 62");
  }
  if (options.keep > 0 && options.count_requests) {
    throw Error(ErrorCode::kMisuse, "buddy: requests are counted with keep = 0 only");
  }
  capacity_ = capacity;
  block_shift_ = static_cast<int>(FloorLog2(static_cast<std::uint64_t>(block_bytes)));
  blocks_ = static_cast<std::uint64_t>(capacity) >> block_shift_;
  if (blocks_ > kMostBlocks) {
    throw Error(ErrorCode::kUnsupported,
                "buddy: " + std::to_string(blocks_) + " blocks are more than 2^32; use larger ones");
  }
  MakeTrees();
  groups_.assign((blocks_ >> kGroupExponent) + 2, Group{});
  groups_[blocks_ >> kGroupExponent] = {Bit(blocks_ & 63),
                                        Bit(blocks_ & 63)};  // an end that no merge and no Free passes
  top_end_ = blocks_ == 0 ? 0 : Bit(FloorLog2(blocks_));
  top_ = top_end_;
  MoveTop(0);
  PlaceAll(top_end_, blocks_);
  splits_ = 0;
  if (options.count_requests) requests_.assign(blocks_ + 1, 0);
  MakeKept(options);
  OwnTail(kNoSpace);
}

// The index, all of it empty.
void BuddyAllocator::MakeTrees() {
  std::uint32_t words = 0;
  trees_.reserve(blocks_ == 0 ? 1 : FloorLog2(blocks_) + 1);
  for (unsigned exponent = 0; exponent == 0 || (blocks_ >> exponent) != 0; ++exponent) {
    Tree tree;
    std::uint64_t size = exponent < kGroupExponent ? (blocks_ + 63) / 64 : blocks_ >> exponent;
    do {
      size = std::max<std::uint64_t>(1, (size + 63) / 64);
      tree.at[tree.levels++] = words;
      words += static_cast<std::uint32_t>(size);
    } while (size > 1);
    trees_.push_back(tree);
  }
  index_.assign(words, 0);
}

// Places for what is kept back: no more than a block in 2^14 of the arena, so that they stay small beside the books.
void BuddyAllocator::MakeKept(BuddyOptions options) {
  if (options.keep == 0) return;
  std::uint32_t at = 0;
  kept_.reserve(trees_.size());
  for (unsigned exponent = 0; exponent < trees_.size(); ++exponent) {
    const std::uint64_t share = std::max<std::uint64_t>(1, blocks_ >> options.keep_share >> exponent);
    const std::uint64_t most =
        std::min({static_cast<std::uint64_t>(options.keep), share, kLeastKept + (blocks_ >> 14)});
    kept_.push_back({0, static_cast<std::uint32_t>(most), at, 0});
    at += static_cast<std::uint32_t>(most);
  }
  kept_blocks_.resize(at);
  fast_exponents_ = static_cast<unsigned>(kept_.size());
}

// The broken block at the end belongs to the run at `owner`, or to none. That run is never kept back with it.
void BuddyAllocator::OwnTail(std::int64_t owner) noexcept {
  tail_owner_ = owner;
  fast_blocks_ = kept_.empty() ? 0 : owner == kNoSpace ? blocks_ : static_cast<std::uint64_t>(owner);
}

std::int64_t BuddyAllocator::Granted(std::uint64_t first, std::int64_t granted_bytes, std::int64_t bytes) noexcept {
  ++chunks_;
  Book(granted_bytes);
  if (!requests_.empty()) {
    requests_[first] = bytes;
    requested_bytes_ += bytes;
  }
  return static_cast<std::int64_t>(first << block_shift_);
}

std::int64_t BuddyAllocator::AllocateSplit(std::int64_t bytes) noexcept {
  const unsigned exponent = ExponentFor(bytes);
  if (exponent >= trees_.size() || blocks_ == 0) return kNoSpace;
  std::int64_t first = Take(exponent);
  if (first == kNoSpace && FlushAny()) first = Take(exponent);
  if (first == kNoSpace) return kNoSpace;
  if (exponent > kGroupExponent) SetLength(static_cast<std::uint64_t>(first), Bit(exponent));
  return Granted(static_cast<std::uint64_t>(first), std::int64_t{1} << exponent << block_shift_, bytes);
}

FreeStatus BuddyAllocator::FreeMerge(std::int64_t offset) noexcept {
  if (offset < 0 || offset >= capacity_) return FreeStatus::kForeign;
  const std::uint64_t first = BlockAt(offset);
  if (first > blocks_) return FreeStatus::kMisaligned;
  const bool holds_tail = tail_owner_ == static_cast<std::int64_t>(first);
  if (first < blocks_ ? !IsAllocated(first) : !holds_tail) return FreeStatus::kNotAllocated;
  if (!requests_.empty()) requested_bytes_ -= requests_[first];
  if (holds_tail) {
    OwnTail(kNoSpace);
    used_bytes_ -= broken_bytes();
  }
  if (first == blocks_) {  // nothing but the broken block
    --chunks_;
    return FreeStatus::kFreed;
  }
  const std::uint64_t blocks = LengthAt(first);
  used_bytes_ -= static_cast<std::int64_t>(blocks << block_shift_);
  if (!IsBlock(first, blocks)) {
    ReleaseRun(first, blocks);
  } else if (kept_.empty()) {
    ReleaseBlock(first, Zeros(blocks));
  } else {
    KeepBack(first, Zeros(blocks));
  }
  return FreeStatus::kFreed;
}

std::int64_t BuddyAllocator::BytesAt(std::int64_t offset) const noexcept {
  const std::uint64_t first = BlockAt(offset);
  const std::int64_t tail = first <= blocks_ && tail_owner_ == static_cast<std::int64_t>(first) ? broken_bytes() : 0;
  if (first >= blocks_ || !IsAllocated(first)) return tail;
  return static_cast<std::int64_t>(LengthAt(first) << block_shift_) + tail;
}

void BuddyAllocator::KeepBack(std::uint64_t first, unsigned exponent) noexcept {
  Kept& kept = kept_[exponent];
  std::uint32_t place = kept.at + kept.count;
  if (kept.count < kept.most) {
    ++kept.count;
  } else {
    place = kept.at + kept.hand;
    kept.hand = kept.hand + 1 == kept.most ? 0 : kept.hand + 1;
    ReleaseBlock(kept_blocks_[place], exponent);
  }
  kept_blocks_[place] = static_cast<std::uint32_t>(first);
  groups_[first >> 6].free |= Bit(first & 63);
}

void BuddyAllocator::Flush() noexcept { (void)FlushAny(); }

// Whether there was anything to merge.
bool BuddyAllocator::FlushAny() noexcept {
  bool any = false;
  for (unsigned exponent = 0; exponent < kept_.size(); ++exponent) {
    Kept& kept = kept_[exponent];
    for (; kept.count > 0; any = true) ReleaseBlock(kept_blocks_[kept.at + --kept.count], exponent);
  }
  return any;
}

}  // namespace orionrt
