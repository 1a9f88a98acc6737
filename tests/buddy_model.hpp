// The buddy system, told as simply as it can be: a row of blocks, each free or taken. The free blocks of a buddy system
// that merges eagerly follow from that: they are the largest aligned powers of two that are wholly free.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "orionrt/buddy.hpp"

namespace orionrt::tests {

class BuddyModel {
 public:
  BuddyModel(std::int64_t capacity, std::int64_t block)
      : capacity_(capacity),
        block_(block),
        whole_(capacity / block),
        taken_(static_cast<std::size_t>((capacity + block - 1) / block), false) {}

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
    while (size < bytes) size *= 2;
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
  void GiveBack(std::int64_t offset) {
    Mark(offset, allocations_.at(offset), false);
    allocations_.erase(offset);
  }

  std::int64_t UsedBytes() const {
    std::int64_t used = 0;
    for (std::size_t b = 0; b < taken_.size(); ++b) {
      if (taken_[b]) used += std::min(block_, capacity_ - static_cast<std::int64_t>(b) * block_);
    }
    return used;
  }

  std::int64_t LargestFree() const {
    std::int64_t largest = 0;
    for (std::int64_t size = 1; size <= whole_; size *= 2) {
      for (std::int64_t first = 0; first + size <= whole_; first += size) {
        if (IsFree(first * block_, size * block_)) largest = size * block_;
      }
    }
    return largest;
  }

  const std::map<std::int64_t, std::int64_t>& allocations() const { return allocations_; }  // offset -> bytes

 private:
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
  std::int64_t whole_;       // blocks
  std::vector<bool> taken_;  // with the broken block at the end, if there is one
  std::map<std::int64_t, std::int64_t> allocations_;
};

}  // namespace orionrt::tests
