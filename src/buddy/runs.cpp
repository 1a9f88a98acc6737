// Chunks that are no power of two, or lie where the caller says.
#include "buddy/bits.hpp"
#include "orionrt/buddy.hpp"

namespace orionrt {

std::int64_t BuddyAllocator::AllocateRun(std::int64_t bytes) noexcept {
  if (bytes <= 0 || bytes > capacity_) return kNoSpace;
  const unsigned exponent = ExponentFor(bytes);
  const auto count = ((static_cast<std::uint64_t>(bytes) - 1) >> block_shift_) + 1;
  const bool may_be = exponent < trees_.size();
  std::int64_t taken = may_be ? Take(exponent) : kNoSpace;
  if (taken == kNoSpace && may_be && FlushAny()) taken = Take(exponent);
  // The last power-of-two block may reach past the capacity; the run need not.
  if (taken == kNoSpace)
    return AllocateAt(static_cast<std::int64_t>(blocks_ >> exponent << exponent << block_shift_), bytes);
  const auto first = static_cast<std::uint64_t>(taken);
  if (first + Bit(exponent) == top_) {
    MoveTop(first + count);
  } else {
    PlaceAll(first + count, first + Bit(exponent));
  }
  SetLength(first, count);
  return Granted(first, static_cast<std::int64_t>(count << block_shift_), bytes);
}

std::int64_t BuddyAllocator::AllocateAt(std::int64_t offset, std::int64_t bytes) noexcept {
  const bool inside = offset >= 0 && bytes > 0 && bytes <= capacity_ && offset <= capacity_ - bytes;
  if (!inside || (offset & (block_bytes() - 1)) != 0) return kNoSpace;
  const auto first = static_cast<std::uint64_t>(offset) >> block_shift_;
  const auto count = ((static_cast<std::uint64_t>(bytes) - 1) >> block_shift_) + 1;
  const std::uint64_t whole = std::min(count, blocks_ - first);
  if (whole < count && tail_owner_ != kNoSpace) return kNoSpace;
  if (!IsFree(first, whole) && !(FlushAny() && IsFree(first, whole))) return kNoSpace;
  if (whole > 0) CarveOut(first, whole);
  if (whole < count) OwnTail(static_cast<std::int64_t>(first));
  const std::int64_t granted = static_cast<std::int64_t>(whole << block_shift_) + (whole < count ? broken_bytes() : 0);
  return Granted(first, granted, bytes);
}

// The exponent of the free block that block `at` lies in, not behind the top, or -1.
int BuddyAllocator::FreeExponent(std::uint64_t at) const noexcept {
  const Group& group = groups_[at >> 6];
  const std::uint64_t before = group.chunks() & Ones((at & 63) + 1);
  if (before != 0 && !IsLong(group)) {
    const unsigned start = FloorLog2(before);
    if ((group.free & ~group.starts & Bit(start)) == 0) return -1;
    const std::uint64_t behind = group.chunks() >> start >> 1;
    if (behind != 0) return static_cast<int>(FloorLog2(Lowest(behind) + 1));
    if (start != 0) return static_cast<int>(FloorLog2(64 - start));
  }
  for (std::uint64_t exponents = nonempty_ & ~Ones(kGroupExponent); exponents != 0; exponents &= exponents - 1) {
    const unsigned exponent = Zeros(exponents);
    if ((at >> exponent) < (blocks_ >> exponent) && Has(exponent, at >> exponent)) return static_cast<int>(exponent);
  }
  return -1;
}

bool BuddyAllocator::IsFree(std::uint64_t first, std::uint64_t count) const noexcept {
  for (std::uint64_t at = first; at < first + count;) {
    if (at >= top_ && at < top_end_) {
      at = top_end_;
      continue;
    }
    const int exponent = FreeExponent(at);
    if (exponent < 0) return false;
    at = ((at >> exponent) + 1) << exponent;
  }
  return true;
}

// Makes one allocated chunk of [first, first + count), all of it free.
void BuddyAllocator::CarveOut(std::uint64_t first, std::uint64_t count) noexcept {
  const std::uint64_t end = first + count;
  if (end > top_ && first < top_end_) {  // cut the top where it is needed; what stays behind becomes blocks
    const std::uint64_t old_top = top_;
    MoveTop(std::min(std::max(end, top_), top_end_));
    PlaceAll(old_top, top_);
  }
  for (std::uint64_t at = first; at < end;) {
    const auto exponent = static_cast<unsigned>(FreeExponent(at));
    const std::uint64_t begin = at >> exponent << exponent;
    const std::uint64_t block_end = begin + Bit(exponent);
    Remove(begin, exponent);
    if (begin < at || at != first) groups_[begin >> 6].starts &= ~Bit(begin & 63);
    if (begin < at) {
      PlaceAll(begin, at);
      groups_[at >> 6].starts |= Bit(at & 63);
    }
    if (end < block_end) PlaceAll(end, block_end);
    at = block_end;
  }
  SetLength(first, count);
}

}  // namespace orionrt
