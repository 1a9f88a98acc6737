// PmrBuddy: standard containers in a range of the caller's memory. Where the standard library has no
// <memory_resource> (libc++ before 16) there is none.
#pragma once

#if __has_include(<memory_resource>)
#define ORIONRT_HAS_PMR_BUDDY
#include <cstddef>
#include <memory_resource>

#include "orionrt/buddy.hpp"
#include "orionrt/export.hpp"

namespace orionrt {

// A std::pmr::memory_resource that serves requests from [memory, memory + bytes) by a buddy, and those that it cannot
// from `upstream`; without one they throw std::bad_alloc. Nothing is written to the memory. Not thread-safe.
//
// A request takes the power of two above max(bytes, alignment); above bytes + alignment where the memory itself is less
// aligned than the request. Both calls have BuddyAllocator's bounds.
class ORIONRT_API PmrBuddy : public std::pmr::memory_resource {
 public:
  // The memory and the upstream are the caller's, and must outlive the resource. `block_bytes` as for BuddyAllocator,
  // and its errors; what lies before the first multiple of it in memory is not used. Throws Error (kMisuse) for null
  // with bytes.
  PmrBuddy(void* memory, std::size_t bytes, std::size_t block_bytes = 64, BuddyOptions options = kFastBuddy,
           std::pmr::memory_resource* upstream = nullptr);
  PmrBuddy(const PmrBuddy&) = delete;  // containers point to it; two would give the same bytes out twice
  PmrBuddy& operator=(const PmrBuddy&) = delete;

  // Of the buddy alone; requested_bytes counts what was asked for.
  BuddyStats stats() const noexcept;
  void Flush() noexcept { buddy_.Flush(); }

 protected:
  // Throws Error (kMisuse) for an alignment that is no power of two, 0 among them.
  void* do_allocate(std::size_t bytes, std::size_t alignment) override;
  // Throws Error (kMisuse) for an address in the memory that is not allocated, or was with bytes or an alignment that
  // take another power of two; from a destructor, that ends the program.
  void do_deallocate(void* address, std::size_t bytes, std::size_t alignment) override;
  bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override { return this == &other; }

 private:
  std::size_t Needed(std::size_t bytes, std::size_t alignment) const noexcept;

  std::byte* base_;
  std::size_t alignment_;  // of base_
  std::int64_t requested_bytes_ = 0;
  BuddyAllocator buddy_;
  std::pmr::memory_resource* upstream_;
};

}  // namespace orionrt
#endif
