// LockedBuddy: a BuddyAllocator for several threads.
#pragma once

#include <atomic>
#include <cstdint>

#include "orionrt/buddy.hpp"
#include "orionrt/export.hpp"

namespace orionrt {

// One spin lock around one buddy: its calls are shorter than a mutex's own. A thread that waits long yields its core.
// Every call may be made from any thread; what one thread allocates another may free. Which offsets come out depends on
// the order in which the threads come in. Bounds and errors as BuddyAllocator's; waiting for the lock is not bounded.
class ORIONRT_API LockedBuddy {
 public:
  LockedBuddy(std::int64_t capacity, std::int64_t block_bytes, BuddyOptions options = kFastBuddy)
      : buddy_(capacity, block_bytes, options) {}
  LockedBuddy(const LockedBuddy&) = delete;
  LockedBuddy& operator=(const LockedBuddy&) = delete;

  std::int64_t Allocate(std::int64_t bytes) noexcept {
    const Guard guard(busy_);
    return buddy_.Allocate(bytes);
  }
  std::int64_t AllocateRun(std::int64_t bytes) noexcept {
    const Guard guard(busy_);
    return buddy_.AllocateRun(bytes);
  }
  FreeStatus Free(std::int64_t offset) noexcept {
    const Guard guard(busy_);
    return buddy_.Free(offset);
  }
  void Flush() noexcept {
    const Guard guard(busy_);
    buddy_.Flush();
  }
  BuddyStats stats() const noexcept {
    const Guard guard(busy_);
    return buddy_.stats();
  }
  bool CheckInvariants() const {
    const Guard guard(busy_);
    return buddy_.CheckInvariants();
  }

 private:
  class Guard {
   public:
    explicit Guard(std::atomic<bool>& busy) noexcept : busy_(busy) {
      if (busy_.exchange(true, std::memory_order_acquire)) Wait(busy_);
    }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;
    ~Guard() { busy_.store(false, std::memory_order_release); }

   private:
    std::atomic<bool>& busy_;
  };
  static void Wait(std::atomic<bool>& busy) noexcept;  // returns holding the lock

  alignas(64) mutable std::atomic<bool> busy_{false};  // on the cache line of the books that the fast path reads
  BuddyAllocator buddy_;
};

}  // namespace orionrt
