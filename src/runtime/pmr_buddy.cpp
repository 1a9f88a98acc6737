// A buddy as a resource of standard containers.
#include "orionrt/buddy_adaptors.hpp"

#ifdef ORIONRT_HAS_PMR_BUDDY
#include <algorithm>
#include <new>
#include <string>

#include "orionrt/config.hpp"

namespace orionrt {
namespace {

// The first address at or after `memory` that is a multiple of the block; a block that is none is left to the buddy.
std::byte* FirstBlock(void* memory, std::size_t bytes, std::size_t block_bytes) {
  const std::size_t behind = block_bytes == 0 ? 0 : reinterpret_cast<std::uintptr_t>(memory) % block_bytes;
  const std::size_t skipped = behind == 0 ? 0 : block_bytes - behind;
  return static_cast<std::byte*>(memory) + std::min(skipped, bytes);
}

std::int64_t Capacity(void* memory, std::size_t bytes, std::size_t block_bytes) {
  const std::size_t rest =
      bytes - static_cast<std::size_t>(FirstBlock(memory, bytes, block_bytes) - static_cast<std::byte*>(memory));
  return static_cast<std::int64_t>(rest);
}

void* Checked(void* memory, std::size_t bytes) {
  if (memory != nullptr || bytes == 0) return memory;
  throw Error(ErrorCode::kMisuse, "buddy resource: null memory given for " + std::to_string(bytes) + " bytes");
}

void CheckAlignment(std::size_t alignment) {
  if (alignment != 0 && (alignment & (alignment - 1)) == 0) return;
  throw Error(ErrorCode::kMisuse, "buddy resource: alignment " + std::to_string(alignment) + " is not a power of two");
}

}  // namespace

PmrBuddy::PmrBuddy(void* memory, std::size_t bytes, std::size_t block_bytes, BuddyOptions options,
                   std::pmr::memory_resource* upstream)
    : base_(FirstBlock(Checked(memory, bytes), bytes, block_bytes)),
      alignment_(reinterpret_cast<std::uintptr_t>(base_) & (0 - reinterpret_cast<std::uintptr_t>(base_))),
      buddy_(Capacity(memory, bytes, block_bytes), static_cast<std::int64_t>(block_bytes), options),
      upstream_(upstream) {}

// What to ask the buddy for, so that an address of this alignment has `bytes` behind it; 0 when that is too much.
std::size_t PmrBuddy::Needed(std::size_t bytes, std::size_t alignment) const noexcept {
  bytes = std::max<std::size_t>(bytes, 1);
  if (alignment <= alignment_) return std::max(bytes, alignment);
  const std::size_t more = alignment - alignment_;
  return bytes > static_cast<std::size_t>(buddy_.capacity()) ? 0 : bytes + more;
}

void* PmrBuddy::do_allocate(std::size_t bytes, std::size_t alignment) {
  CheckAlignment(alignment);
  const std::int64_t at = buddy_.Allocate(static_cast<std::int64_t>(Needed(bytes, alignment)));
  if (at == kNoSpace) {
    if (upstream_ == nullptr) throw std::bad_alloc();
    return upstream_->allocate(bytes, alignment);
  }
  requested_bytes_ += static_cast<std::int64_t>(bytes);
  const auto address = reinterpret_cast<std::uintptr_t>(base_ + at);
  return base_ + at + ((0 - address) & (alignment - 1));
}

void PmrBuddy::do_deallocate(void* address, std::size_t bytes, std::size_t alignment) {
  // Compared as numbers: the address may be of another object.
  const std::uintptr_t offset = reinterpret_cast<std::uintptr_t>(address) - reinterpret_cast<std::uintptr_t>(base_);
  if (offset >= static_cast<std::uintptr_t>(buddy_.capacity())) {
    if (upstream_ != nullptr) return upstream_->deallocate(address, bytes, alignment);
    throw Error(ErrorCode::kMisuse, "buddy resource: the address was not allocated here");
  }
  // Blocks lie at multiples of their size, so a block of another size is not the one that was given.
  const std::size_t needed = Needed(bytes, alignment);
  const bool may_be = needed > 0 && needed <= static_cast<std::size_t>(buddy_.capacity());
  auto block = static_cast<std::size_t>(buddy_.block_bytes());
  while (may_be && block < needed) block *= 2;
  const auto at = static_cast<std::int64_t>(offset & ~(block - 1));
  if (!may_be || buddy_.BytesAt(at) != static_cast<std::int64_t>(block) || buddy_.Free(at) != FreeStatus::kFreed) {
    throw Error(ErrorCode::kMisuse, "buddy resource: what lies at byte " + std::to_string(offset) +
                                        " is not allocated; it was given back twice, or with another size");
  }
  requested_bytes_ -= static_cast<std::int64_t>(bytes);
}

BuddyStats PmrBuddy::stats() const noexcept {
  BuddyStats stats = buddy_.stats();
  stats.requested_bytes = requested_bytes_;
  return stats;
}

}  // namespace orionrt
#endif
