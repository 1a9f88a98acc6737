#include "orionrt/scratch.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "base/checked.hpp"
#include "orionrt/error.hpp"

namespace orionrt {
namespace {

std::int64_t Capacity(std::size_t bytes) {
  if (bytes > static_cast<std::size_t>(kMaxBytes)) {
    throw Error(ErrorCode::kMisuse, "arena: " + std::to_string(bytes) + " bytes are more than 63 bits");
  }
  return static_cast<std::int64_t>(bytes);
}

}  // namespace

const char* PoolEventName(PoolEvent event) {
  constexpr const char* kNames[] = {"arena_taken",       "plan_installed", "tensor_spilled",
                                    "scratch_allocated", "scratch_freed",  "scratch_refused"};
  return kNames[static_cast<int>(event)];
}

Scratch::Scratch(std::byte* base, std::size_t capacity, std::int64_t block_bytes, PoolLog log)
    : base_(base), buddy_(Capacity(capacity), block_bytes), log_(std::move(log)) {
  Tell(PoolEvent::kArenaTaken, buddy_.capacity());
}

TensorHandle Scratch::Allocate(std::size_t bytes) noexcept {
  const std::size_t most = static_cast<std::size_t>(buddy_.capacity());
  const auto wanted = static_cast<std::int64_t>(std::min(std::max<std::size_t>(bytes, 1), most + 1));
  const std::int64_t offset = buddy_.Allocate(wanted);
  if (offset == kNoSpace) {
    ++refused_;
    Tell(PoolEvent::kScratchRefused, wanted);
    return {};
  }
  scratch_bytes_ += static_cast<std::int64_t>(bytes);
  Tell(PoolEvent::kScratchAllocated, wanted);
  return {base_ + offset, bytes};
}

FreeStatus Scratch::Free(TensorHandle scratch) noexcept {
  const auto at = reinterpret_cast<std::uintptr_t>(scratch.ptr);
  const auto base = reinterpret_cast<std::uintptr_t>(base_);
  if (at < base || at - base >= static_cast<std::uintptr_t>(buddy_.capacity())) return FreeStatus::kForeign;
  const FreeStatus status = buddy_.Free(static_cast<std::int64_t>(at - base));
  if (status == FreeStatus::kFreed) {
    scratch_bytes_ -= static_cast<std::int64_t>(scratch.bytes);
    Tell(PoolEvent::kScratchFreed, static_cast<std::int64_t>(scratch.bytes));
  }
  return status;
}

std::int64_t Scratch::TakeRegionAt(std::int64_t offset, std::int64_t bytes) noexcept {
  const std::int64_t at = buddy_.AllocateAt(offset, bytes);
  if (at != kNoSpace) planned_bytes_ += bytes;
  return at;
}

std::int64_t Scratch::TakeRegion(std::int64_t bytes, std::int64_t alignment) noexcept {
  const std::int64_t first = TakeRegionAt(0, bytes);
  if (first != kNoSpace) return first;
  // A run is aligned to its own size; one shorter than the alignment has to be stretched.
  const std::int64_t offset = buddy_.AllocateRun(std::max(bytes, alignment));
  if (offset != kNoSpace) planned_bytes_ += bytes;
  return offset;
}

void Scratch::FreeRegion(std::int64_t offset, std::int64_t bytes) noexcept {
  if (buddy_.Free(offset) == FreeStatus::kFreed) planned_bytes_ -= bytes;
}

PoolStats Scratch::stats() const noexcept {
  const BuddyStats buddy = buddy_.stats();
  PoolStats stats;
  stats.capacity = buddy.capacity;
  stats.planned_bytes = planned_bytes_;
  stats.scratch_bytes = scratch_bytes_;
  stats.used_bytes = buddy.used_bytes;
  stats.high_water_bytes = buddy.high_water_bytes;
  stats.largest_free_bytes = buddy.largest_free_bytes;
  stats.allocations = buddy.allocations;
  stats.refused = refused_;
  return stats;
}

std::int64_t Scratch::metadata_bytes() const noexcept {
  return static_cast<std::int64_t>(sizeof *this - sizeof buddy_) + buddy_.stats().metadata_bytes;
}

}  // namespace orionrt
