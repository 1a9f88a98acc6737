// What one arena's bytes are given to: the regions of plans, and scratch that no plan knows of.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "orionrt/buddy.hpp"
#include "orionrt/export.hpp"

namespace orionrt {

struct TensorHandle {
  void* ptr = nullptr;
  std::size_t bytes = 0;
};

struct PoolStats {
  std::int64_t capacity = 0;          // bytes of the arena; so are all of these
  std::int64_t planned_bytes = 0;     // in regions of plans, as they need them
  std::int64_t scratch_bytes = 0;     // in scratch, as it was asked for
  std::int64_t used_bytes = 0;        // both, in whole blocks of the buddy
  std::int64_t high_water_bytes = 0;  // the most that used_bytes has been
  std::int64_t largest_free_bytes = 0;
  std::int64_t allocations = 0;  // alive: regions and scratch
  std::int64_t refused = 0;      // scratch requests so far that found no place

  std::int64_t requested_bytes() const { return planned_bytes + scratch_bytes; }
  std::int64_t free_bytes() const { return capacity - used_bytes; }
  // Internal waste: what rounding up to blocks and powers of two takes.
  std::int64_t waste_bytes() const { return used_bytes - requested_bytes(); }
  // Of what is free, the share outside the largest block: 0 when whole, near 1 when in crumbs.
  double external_fragmentation() const {
    return free_bytes() == 0 ? 0 : 1 - static_cast<double>(largest_free_bytes) / static_cast<double>(free_bytes());
  }
};

enum class PoolEvent {
  kArenaTaken,
  kPlanInstalled,
  kTensorSpilled,  // to this memory, from one that it would rather be in
  kScratchAllocated,
  kScratchFreed,
  kScratchRefused,
};

// Told what happens and of how many bytes. Must not throw, nor call the pool. Look-ups of planned tensors are not told.
using PoolLog = std::function<void(PoolEvent, std::int64_t bytes)>;

// "arena_taken", "plan_installed", "tensor_spilled", "scratch_allocated", "scratch_freed", "scratch_refused".
ORIONRT_API const char* PoolEventName(PoolEvent event);

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
