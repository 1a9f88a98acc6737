// Pieces that are no power of two, or lie where the caller says.
#include "buddy/bits.hpp"
#include "orionrt/buddy.hpp"

namespace orionrt {

// Free blocks that tile [first, end), none of which has a free buddy.
void BuddyAllocator::PlaceAll(std::uint64_t first, std::uint64_t end) noexcept {
  while (first < end) {
    const int order = FrontOrder(first, end - first);
    Place(first, order);
    first += Bit(static_cast<std::uint64_t>(order));
  }
}

std::int64_t BuddyAllocator::AllocateRun(std::int64_t bytes) noexcept {
  if (bytes <= 0 || bytes > capacity_) return kNoSpace;
  const int order = OrderFor(bytes);
  const auto count = ((static_cast<std::uint64_t>(bytes) - 1) >> block_shift_) + 1;
  std::int64_t taken = TakeFree(order);
  if (taken == kNoSpace && FlushAny()) taken = TakeFree(order);
  // The last power-of-two block may reach past the capacity; the run need not.
  if (taken == kNoSpace) return AllocateAt(static_cast<std::int64_t>(blocks_ >> order << order << block_shift_), bytes);
  const auto first = static_cast<std::uint64_t>(taken);
  PlaceAll(first + count, first + Bit(static_cast<std::uint64_t>(order)));
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

// The order of the free block that block `at` lies in, or -1.
int BuddyAllocator::FreeOrder(std::uint64_t at) const noexcept {
  for (int order = kGroupOrder; order < static_cast<int>(trees_.size()); ++order) {
    if ((at >> order) < (blocks_ >> order) && Has(order, at >> order)) return order;
  }
  const Group& group = groups_[at >> 6];
  const std::uint64_t before = group.pieces() & Ones(static_cast<int>(at & 63) + 1);
  if (before == 0 || IsLong(group.starts, group.free)) return -1;
  const int start = FloorLog2(before);
  if ((group.free & ~group.starts & Bit(static_cast<std::uint64_t>(start))) == 0) return -1;
  const std::uint64_t behind = group.pieces() >> start >> 1;
  return FloorLog2(behind == 0 ? 64 - static_cast<std::uint64_t>(start) : Lowest(behind) + 1);
}

bool BuddyAllocator::IsFree(std::uint64_t first, std::uint64_t count) const noexcept {
  for (std::uint64_t at = first; at < first + count;) {
    const int order = FreeOrder(at);
    if (order < 0) return false;
    at = ((at >> order) + 1) << order;
  }
  return true;
}

// Makes one allocated piece of [first, first + count), all of it free.
void BuddyAllocator::CarveOut(std::uint64_t first, std::uint64_t count) noexcept {
  const std::uint64_t end = first + count;
  for (std::uint64_t at = first; at < end;) {
    const int order = FreeOrder(at);
    const std::uint64_t begin = at >> order << order;
    const std::uint64_t block_end = begin + Bit(static_cast<std::uint64_t>(order));
    Group& group = groups_[begin >> 6];
    group.free &= ~Bit(begin & 63);
    if (at == first) group.starts |= Bit(begin & 63);  // so that the free piece before it still ends here
    if (order >= kGroupOrder) {
      Unmark(order, begin >> order);
    } else if (FreeOfOrder(group.starts, group.free, order) == 0) {
      Unmark(order, begin >> 6);
    }
    if (begin < at) {
      group.starts &= ~Bit(begin & 63);
      PlaceAll(begin, at);
      groups_[at >> 6].starts |= Bit(at & 63);
    }
    if (end < block_end) PlaceAll(end, block_end);
    at = block_end;
  }
  SetLength(first, count);
}

}  // namespace orionrt
