// What the books say, and whether they can be believed.
#include <algorithm>

#include "buddy/bits.hpp"
#include "orionrt/buddy.hpp"

namespace orionrt {

BuddyStats BuddyAllocator::stats() const noexcept {
  BuddyStats stats;
  stats.capacity = capacity_;
  stats.used_bytes = used_bytes_;
  if (!requests_.empty()) stats.requested_bytes = requested_bytes_;
  stats.high_water_bytes = high_water_;
  stats.free_bytes = capacity_ - stats.used_bytes;
  stats.allocations = chunks_;
  stats.splits = splits_;
  stats.merges = merges_;
  int largest = nonempty_ == 0 ? -1 : static_cast<int>(FloorLog2(nonempty_));
  if (top_ < top_end_) largest = std::max(largest, static_cast<int>(FloorLog2(top_end_ - top_)));
  for (unsigned exponent = 0; exponent < kept_.size(); ++exponent) {
    const std::int64_t count = kept_[exponent].count;
    if (count > 0) largest = std::max(largest, static_cast<int>(exponent));
    stats.allocations -= count;
    stats.kept_bytes += count << exponent << block_shift_;
  }
  if (largest >= 0) stats.largest_free_bytes = std::int64_t{1} << (largest + block_shift_);
  const std::size_t taken = sizeof(*this) + groups_.capacity() * sizeof(Group) + kept_.capacity() * sizeof(Kept) +
                            kept_blocks_.capacity() * sizeof(std::uint32_t) + trees_.capacity() * sizeof(Tree) +
                            index_.capacity() * sizeof(std::uint64_t) + requests_.capacity() * sizeof(std::int64_t);
  stats.metadata_bytes = static_cast<std::int64_t>(taken);
  return stats;
}

// Walks from chunk to chunk, writes the books anew from what it meets, and compares.
bool BuddyAllocator::CheckInvariants() const {
  if (groups_.empty()) return used_bytes_ == 0 && chunks_ == 0;  // moved from
  BuddyAllocator anew(books());
  std::fill(anew.groups_.begin(), anew.groups_.end(), Group{});
  std::fill(anew.index_.begin(), anew.index_.end(), 0);
  anew.groups_[blocks_ >> 6] = {Bit(blocks_ & 63), Bit(blocks_ & 63)};
  anew.nonempty_ = 0;
  std::vector<int> free_exponent(blocks_ + 1, -1);  // of the free block that starts there
  std::int64_t used = tail_owner_ == kNoSpace ? 0 : broken_bytes();
  std::int64_t requested =
      requests_.empty() || tail_owner_ != static_cast<std::int64_t>(blocks_) ? 0 : requests_[blocks_];
  std::int64_t chunks = tail_owner_ == static_cast<std::int64_t>(blocks_) ? 1 : 0;
  std::int64_t kept = 0;
  for (std::uint64_t at = 0; at < blocks_;) {
    const std::uint64_t bit = Bit(at & 63);
    const Group& group = groups_[at >> 6];
    if (at == top_ && top_ != top_end_) {
      anew.groups_[at >> 6].starts |= bit;
      anew.groups_[at >> 6].free |= bit;
      at = top_end_;
      continue;
    }
    if ((group.chunks() & bit) == 0) return false;
    const bool is_free = (group.starts & bit) == 0;
    std::uint64_t length = 0;
    if (is_free) {
      const int exponent = FreeExponent(at);
      if (exponent < 0 || (at & (Bit(static_cast<unsigned>(exponent)) - 1)) != 0) return false;
      length = Bit(static_cast<unsigned>(exponent));
      const std::uint64_t buddy = at ^ length;
      const bool top_is_buddy =
          top_ != top_end_ && at + length == top_ && static_cast<unsigned>(exponent) == Zeros(top_);
      if ((buddy < at && free_exponent[buddy] == exponent) || top_is_buddy) return false;
      free_exponent[at] = exponent;
      anew.Place(at, static_cast<unsigned>(exponent));
    } else {
      length = LengthAt(at);
      anew.groups_[at >> 6].starts |= bit;
      anew.groups_[at >> 6].free |= group.free & bit;
      anew.SetLength(at, length);
      ++chunks;
      if (IsAllocated(at)) {
        used += static_cast<std::int64_t>(length << block_shift_);
        requested += requests_.empty() ? 0 : requests_[at];
      } else {
        ++kept;
      }
    }
    if (length > blocks_ - at) return false;
    at += length;
  }
  for (unsigned exponent = 0; exponent < trees_.size(); ++exponent) {
    if ((nonempty_ >> exponent & 1) != 0 && trees_[exponent].low != anew.trees_[exponent].low) return false;
  }
  const auto same = [](const Group& a, const Group& b) { return a.starts == b.starts && a.free == b.free; };
  return std::equal(groups_.begin(), groups_.end(), anew.groups_.begin(), same) && index_ == anew.index_ &&
         nonempty_ == anew.nonempty_ && used == used_bytes_ && used <= high_water_ && chunks == chunks_ &&
         requested == requested_bytes_ && CheckKept(kept);
}

// Whether just these many chunks are kept back, each where it belongs.
bool BuddyAllocator::CheckKept(std::int64_t expected) const {
  for (unsigned exponent = 0; exponent < kept_.size(); ++exponent) {
    const Kept& kept = kept_[exponent];
    if (kept.count > kept.most) return false;
    for (std::uint32_t k = 0; k < kept.count; ++k) {
      const std::uint64_t first = kept_blocks_[kept.at + k];
      const Group& group = groups_[first >> 6];
      if ((group.starts & group.free & Bit(first & 63)) == 0) return false;
      if (LengthAt(first) != Bit(exponent) || !IsBlock(first, Bit(exponent))) return false;
      for (std::uint32_t other = 0; other < k; ++other) {
        if (kept_blocks_[kept.at + other] == first) return false;
      }
    }
    expected -= kept.count;
  }
  return expected == 0;
}

std::string BuddyAllocator::Map() const {
  std::string map(blocks_, '.');
  for (std::uint64_t at = 0; at < blocks_; ++at) {
    const Group& group = groups_[at >> 6];
    if ((group.starts >> (at & 63) & 1) == 0 || (at >= top_ && at < top_end_)) continue;
    const std::uint64_t length = LengthAt(at);
    const unsigned exponent = length == 1 ? 0 : FloorLog2(length - 1) + 1;
    const auto begin = map.begin() + static_cast<std::ptrdiff_t>(at);
    std::fill_n(begin, length, IsAllocated(at) ? static_cast<char>('a' + exponent % 26) : '+');
    at += length - 1;
  }
  return map;
}

}  // namespace orionrt
