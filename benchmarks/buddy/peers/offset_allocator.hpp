// sebbbi/OffsetAllocator, in units of a block: it counts in 32 bits.
#pragma once

#include <offsetAllocator.hpp>

#include "../workloads.hpp"

namespace orionrt::bench {

class OffsetAllocatorSubject {
 public:
  static constexpr const char* kName = "OffsetAllocator";
  using Handle = OffsetAllocator::Allocation;
  Handle Allocate(std::int64_t bytes) {
    return allocator_.allocate(static_cast<std::uint32_t>((bytes + kBlock - 1) / kBlock));
  }
  static Handle None() { return {}; }
  static bool Ok(Handle h) { return h.offset != Handle::NO_SPACE; }
  void Free(Handle h) { allocator_.free(h); }

 private:
  OffsetAllocator::Allocator allocator_{static_cast<std::uint32_t>(kArena / kBlock), 1 << 18};
};

}  // namespace orionrt::bench
