#include "pool/scratch.hpp"

#include <algorithm>
#include <new>
#include <string>
#include <utility>

#include "base/checked.hpp"
#include "orionrt/config.hpp"

namespace orionrt {
namespace {

std::int64_t Capacity(std::size_t bytes) {
  if (bytes > static_cast<std::size_t>(kMaxBytes)) {
    throw Error(ErrorCode::kMisuse, "arena: " + std::to_string(bytes) + " bytes are more than 63 bits");
  }
  return static_cast<std::int64_t>(bytes);
}

// Whether `bytes` are rounded up to `block`, a power of two of at least `least`.
bool Takes(std::size_t bytes, std::int64_t block, std::int64_t least) {
  const auto size = static_cast<std::size_t>(block);
  return bytes <= size && (block == least || bytes > size / 2);
}

}  // namespace

const char* PoolEventName(PoolEvent event) {
  constexpr const char* kNames[] = {"arena_taken",       "plan_installed", "tensor_spilled",
                                    "scratch_allocated", "scratch_freed",  "scratch_refused"};
  return kNames[static_cast<int>(event)];
}

Scratch::Scratch(std::byte* base, std::size_t capacity, std::int64_t block_bytes, PoolLog log)
    : base_(base), buddy_(Capacity(capacity), block_bytes), log_(std::move(log)) {
  if (base == nullptr && capacity > 0) {
    throw Error(ErrorCode::kMisuse, "scratch: null memory given for " + std::to_string(capacity) + " bytes");
  }
  Tell(PoolEvent::kArenaTaken, buddy_.capacity());
}

Scratch::Scratch(Scratch&& other) noexcept
    : base_(std::exchange(other.base_, nullptr)),
      buddy_(std::move(other.buddy_)),
      regions_(std::exchange(other.regions_, {})),
      scratch_bytes_(std::exchange(other.scratch_bytes_, 0)),
      refused_(std::exchange(other.refused_, 0)),
      log_(std::exchange(other.log_, {})) {}

Scratch& Scratch::operator=(Scratch&& other) noexcept {
  Scratch taken(std::move(other));  // first, so that moving into itself keeps all
  base_ = taken.base_;
  buddy_ = std::move(taken.buddy_);
  regions_ = std::move(taken.regions_);
  scratch_bytes_ = taken.scratch_bytes_;
  refused_ = taken.refused_;
  log_ = std::move(taken.log_);
  return *this;
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
  const auto offset = static_cast<std::int64_t>(at - base);
  if (IsPlanned(offset)) return FreeStatus::kForeign;
  const std::int64_t taken = buddy_.BytesAt(offset);
  if (taken > 0 && !Takes(scratch.bytes, taken, buddy_.block_bytes())) return FreeStatus::kNotAllocated;
  const FreeStatus status = buddy_.Free(offset);
  if (status == FreeStatus::kFreed) {
    scratch_bytes_ -= static_cast<std::int64_t>(scratch.bytes);
    Tell(PoolEvent::kScratchFreed, static_cast<std::int64_t>(scratch.bytes));
  }
  return status;
}

bool Scratch::IsPlanned(std::int64_t offset) const noexcept {
  for (const Region& region : regions_) {
    if (offset >= region.offset && offset - region.offset < region.bytes) return true;
  }
  return false;
}

// Remembers a region just taken, or gives it back when there is no memory to remember it by.
std::int64_t Scratch::Note(std::int64_t offset, std::int64_t bytes) noexcept {
  if (offset == kNoSpace) return kNoSpace;
  try {
    regions_.push_back({offset, bytes});
  } catch (const std::bad_alloc&) {
    (void)buddy_.Free(offset);
    return kNoSpace;
  }
  return offset;
}

std::int64_t Scratch::TakeRegionAt(std::int64_t offset, std::int64_t bytes) noexcept {
  return Note(buddy_.AllocateAt(offset, bytes), bytes);
}

std::int64_t Scratch::TakeRegion(std::int64_t bytes, std::int64_t alignment) noexcept {
  const std::int64_t first = TakeRegionAt(0, bytes);
  if (first != kNoSpace) return first;
  // A run is aligned to its own size; one shorter than the alignment has to be stretched.
  return Note(buddy_.AllocateRun(std::max(bytes, alignment)), bytes);
}

FreeStatus Scratch::FreeRegion(std::int64_t offset, std::int64_t bytes) noexcept {
  const auto found = std::find_if(regions_.begin(), regions_.end(), [&](const Region& region) {
    return region.offset == offset && region.bytes == bytes;
  });
  if (found == regions_.end()) return FreeStatus::kNotAllocated;
  regions_.erase(found);
  return buddy_.Free(offset);
}

PoolStats Scratch::stats() const noexcept {
  const BuddyStats buddy = buddy_.stats();
  PoolStats stats;
  stats.capacity = buddy.capacity;
  for (const Region& region : regions_) stats.planned_bytes += region.bytes;
  stats.scratch_bytes = scratch_bytes_;
  stats.used_bytes = buddy.used_bytes;
  stats.high_water_bytes = buddy.high_water_bytes;
  stats.largest_free_bytes = buddy.largest_free_bytes;
  stats.allocations = buddy.allocations;
  stats.refused = refused_;
  return stats;
}

std::int64_t Scratch::MetadataBytes(std::int64_t capacity, std::int64_t block_bytes) {
  const BuddyAllocator buddy(capacity, block_bytes);
  return static_cast<std::int64_t>(sizeof(Scratch) - sizeof buddy + (capacity > 0 ? sizeof(Region) : 0)) +
         buddy.stats().metadata_bytes;
}

std::int64_t Scratch::metadata_bytes() const noexcept {
  return static_cast<std::int64_t>(sizeof *this - sizeof buddy_ + regions_.capacity() * sizeof(Region)) +
         buddy_.stats().metadata_bytes;
}

}  // namespace orionrt
