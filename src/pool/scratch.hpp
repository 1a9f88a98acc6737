// What one arena's bytes are given to: the regions of plans, and scratch that no plan knows of.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "orionrt/buddy.hpp"
#include "orionrt/config.hpp"
#include "orionrt/tensor_pool.hpp"

namespace orionrt {

// A BuddyAllocator over memory that it does not own, with counts. For one thread at a time. Allocate and Free take no
// heap memory and make no system call; O(log n) for n blocks, and Free O(regions) besides. Movable, not copyable: what
// is moved from has no memory, and refuses every call.
class ORIONRT_API Scratch {
 public:
  // `base` may be null where `capacity` is 0, and otherwise outlives this. `block_bytes` as BuddyAllocator's.
  // Throws Error (kMisuse) for a capacity past 63 bits, and for null with a capacity.
  Scratch(std::byte* base, std::size_t capacity, std::int64_t block_bytes, PoolLog log = {});
  Scratch(Scratch&& other) noexcept;
  Scratch& operator=(Scratch&& other) noexcept;

  // At least `bytes` (0 counts as 1), aligned to `bytes` rounded up to a power of two as far as the base is. The
  // handle's bytes are those asked for; {nullptr, 0} when there is no place.
  TensorHandle Allocate(std::size_t bytes) noexcept;

  // Gives back what Allocate returned, with its bytes. Refused, and nothing changed: kForeign for what lies elsewhere
  // or in a region, as tensors of a plan do; kNotAllocated also for bytes that would have taken another power of two.
  FreeStatus Free(TensorHandle scratch) noexcept;

  // An exact run for a plan, at a multiple of `alignment` (a power of two), and at 0 if that is free. The offset of it,
  // or kNoSpace, also where the heap has no place for its note. Not logged. FreeRegion takes it with the same bytes,
  // and refuses (kNotAllocated) what is no region: scratch above all.
  std::int64_t TakeRegion(std::int64_t bytes, std::int64_t alignment) noexcept;
  std::int64_t TakeRegionAt(std::int64_t offset, std::int64_t bytes) noexcept;
  FreeStatus FreeRegion(std::int64_t offset, std::int64_t bytes) noexcept;

  PoolStats stats() const noexcept;  // O(log n)
  std::int64_t metadata_bytes() const noexcept;
  static std::int64_t MetadataBytes(std::int64_t capacity, std::int64_t block_bytes);  // the same, with one region
  void Tell(PoolEvent event, std::int64_t bytes) const noexcept {
    if (log_) log_(event, bytes);
  }

 private:
  struct Region {
    std::int64_t offset, bytes;  // bytes as the plan needs them
  };
  std::int64_t Note(std::int64_t offset, std::int64_t bytes) noexcept;
  bool IsPlanned(std::int64_t offset) const noexcept;

  std::byte* base_;
  BuddyAllocator buddy_;
  std::vector<Region> regions_;  // a few at most
  std::int64_t scratch_bytes_ = 0;
  std::int64_t refused_ = 0;
  PoolLog log_;
};

}  // namespace orionrt
