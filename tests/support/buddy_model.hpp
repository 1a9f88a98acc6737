// The buddy system, told as simply as it can be: a row of blocks, each free or taken. The free blocks of a buddy system
// that merges eagerly follow from that: they are the largest aligned powers of two that are wholly free. What is kept
// back is taken, for all that; a list for each size remembers it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

#include "orionrt/buddy.hpp"

namespace orionrt::tests {

class BuddyModel {
 public:
  BuddyModel(std::int64_t capacity, std::int64_t block, BuddyOptions options = {})
      : capacity_(capacity),
        block_(block),
        whole_(capacity / block),
        options_(options),
        taken_(static_cast<std::size_t>((capacity + block - 1) / block), false) {}

  // Where Allocate must put `bytes`: in the last block of that size that is kept back, if there is one; else at the
  // best place, at need after all that is kept back was merged. Takes it.
  std::int64_t Allocate(std::int64_t bytes) {
    if (bytes <= 0 || Rounded(bytes) > whole_ * block_) return kNoSpace;
    std::vector<std::int64_t>& kept = kept_[Rounded(bytes)];
    if (!kept.empty()) {
      const std::int64_t at = kept.back();
      kept.pop_back();
      allocations_[at] = Rounded(bytes);
      return at;
    }
    std::int64_t at = BestPlace(bytes);
    if (at == kNoSpace && Flush()) at = BestPlace(bytes);
    if (at != kNoSpace) Take(at, Rounded(bytes));
    return at;
  }

  // Merges all that is kept back; whether there was any.
  bool Flush() {
    const bool any = KeptBlocks() > 0;
    for (const auto& [bytes, blocks] : kept_) {
      for (const std::int64_t offset : blocks) Mark(offset, bytes, false);
    }
    kept_.clear();
    return any;
  }

  // Frees what starts at `offset`.
  void Free(std::int64_t offset) {
    const std::int64_t bytes = allocations_.at(offset);
    allocations_.erase(offset);
    const std::int64_t blocks = std::min((bytes + block_ - 1) / block_, whole_ - offset / block_);
    const bool is_block = blocks > 0 && Rounded(blocks * block_) == blocks * block_ && offset % (blocks * block_) == 0;
    Mark(offset + blocks * block_, bytes - blocks * block_, false);  // the broken block, where there is one
    if (options_.keep == 0 || !is_block) return Mark(offset, blocks * block_, false);
    std::vector<std::int64_t>& kept = kept_[blocks * block_];
    if (static_cast<std::int64_t>(kept.size()) == MostKept(blocks)) {  // takes the place of the next one in turn
      std::size_t& hand = hands_[blocks * block_];
      Mark(kept[hand], blocks * block_, false);
      kept[hand] = offset;
      hand = (hand + 1) % kept.size();
      return;
    }
    kept.push_back(offset);
  }

  // Where Allocate must put `bytes`, in bytes; or kNoSpace.
  std::int64_t BestPlace(std::int64_t bytes) const {
    if (bytes <= 0) return kNoSpace;
    std::int64_t wanted = block_;
    while (wanted < bytes && wanted <= capacity_) wanted *= 2;
    if (wanted < bytes) return kNoSpace;
    for (std::int64_t size = wanted / block_; size <= whole_; size *= 2) {
      for (std::int64_t first = 0; first + size <= whole_; first += size) {
        if (IsMaximalFree(first, size)) return first * block_;
      }
    }
    return kNoSpace;
  }

  std::int64_t Rounded(std::int64_t bytes) const {
    std::int64_t size = block_;
    while (size < bytes && size <= capacity_) size *= 2;
    return size;
  }

  bool IsFree(std::int64_t offset, std::int64_t bytes) const {
    if (offset < 0 || offset % block_ != 0 || bytes <= 0 || bytes > capacity_ - offset) return false;
    for (std::int64_t b = offset / block_; b * block_ < offset + bytes; ++b) {
      if (taken_[static_cast<std::size_t>(b)]) return false;
    }
    return true;
  }

  void Take(std::int64_t offset, std::int64_t bytes) {
    Mark(offset, bytes, true);
    allocations_[offset] = bytes;
  }

  std::int64_t UsedBytes() const {
    std::int64_t used = 0;
    for (std::size_t b = 0; b < taken_.size(); ++b) {
      if (taken_[b]) used += std::min(block_, capacity_ - static_cast<std::int64_t>(b) * block_);
    }
    return used - KeptBytes();
  }

  std::int64_t KeptBytes() const {
    std::int64_t sum = 0;
    for (const auto& [bytes, blocks] : kept_) sum += bytes * static_cast<std::int64_t>(blocks.size());
    return sum;
  }
  std::int64_t KeptBlocks() const {
    std::int64_t sum = 0;
    for (const auto& [bytes, blocks] : kept_) sum += static_cast<std::int64_t>(blocks.size());
    return sum;
  }

  std::int64_t LargestFree() const {
    std::int64_t largest = 0;
    for (const auto& [bytes, blocks] : kept_) {
      if (!blocks.empty()) largest = bytes;
    }
    const std::int64_t largest_kept = largest;
    for (std::int64_t size = 1; size <= whole_; size *= 2) {
      for (std::int64_t first = 0; first + size <= whole_; first += size) {
        if (IsFree(first * block_, size * block_)) largest = std::max(largest_kept, size * block_);
      }
    }
    return largest;
  }

  const std::map<std::int64_t, std::int64_t>& allocations() const { return allocations_; }  // offset -> bytes
  const std::map<std::int64_t, std::vector<std::int64_t>>& kept() const { return kept_; }   // bytes -> offsets

  const std::map<std::int64_t, std::size_t>& hands() const { return hands_; }

 private:
  std::int64_t MostKept(std::int64_t blocks) const {  // of that size
    const std::int64_t share = std::max<std::int64_t>(1, (whole_ >> options_.keep_share) / blocks);
    return std::min({std::int64_t{options_.keep}, share, 4 + (whole_ >> 14)});
  }

  bool IsMaximalFree(std::int64_t first, std::int64_t size) const {
    if (!IsFree(first * block_, size * block_)) return false;
    const std::int64_t parent = first / (2 * size) * (2 * size);
    return parent + 2 * size > whole_ || !IsFree(parent * block_, 2 * size * block_);
  }

  void Mark(std::int64_t offset, std::int64_t bytes, bool taken) {
    for (std::int64_t b = offset / block_; b * block_ < offset + bytes; ++b)
      taken_[static_cast<std::size_t>(b)] = taken;
  }

  std::int64_t capacity_;
  std::int64_t block_;
  std::int64_t whole_;  // blocks
  BuddyOptions options_;
  std::vector<bool> taken_;  // with the broken block at the end, if there is one
  std::map<std::int64_t, std::int64_t> allocations_;
  std::map<std::int64_t, std::vector<std::int64_t>> kept_;
  std::map<std::int64_t, std::size_t> hands_;
};

}  // namespace orionrt::tests
