// What stands before a BuddyAllocator: a lock for several threads, a recorder of its calls, and the standard memory
// resource, where the standard library has <memory_resource> (libc++ before 16 has none, and ORIONRT_HAS_PMR_BUDDY is
// then not defined).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>
#if __has_include(<memory_resource>)
#define ORIONRT_HAS_PMR_BUDDY
#include <memory_resource>
#endif

#include "orionrt/buddy.hpp"
#include "orionrt/config.hpp"

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
    const Lock lock(busy_);
    return buddy_.Allocate(bytes);
  }
  std::int64_t AllocateRun(std::int64_t bytes) noexcept {
    const Lock lock(busy_);
    return buddy_.AllocateRun(bytes);
  }
  FreeStatus Free(std::int64_t offset) noexcept {
    const Lock lock(busy_);
    return buddy_.Free(offset);
  }
  void Flush() noexcept {
    const Lock lock(busy_);
    buddy_.Flush();
  }
  BuddyStats stats() const noexcept {
    const Lock lock(busy_);
    return buddy_.stats();
  }
  [[nodiscard]] bool CheckInvariants() const {
    const Lock lock(busy_);
    return buddy_.CheckInvariants();
  }

 private:
  class Lock {
   public:
    explicit Lock(std::atomic<bool>& busy) noexcept : busy_(busy) {
      if (busy_.exchange(true, std::memory_order_acquire)) Wait(busy_);
    }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;
    ~Lock() { busy_.store(false, std::memory_order_release); }

   private:
    std::atomic<bool>& busy_;
  };
  static void Wait(std::atomic<bool>& busy) noexcept;  // returns holding the lock

  alignas(64) mutable std::atomic<bool> busy_{false};  // on the cache line of the books that the fast path reads
  BuddyAllocator buddy_;
};

// ---- BuddyRecorder: what a buddy was asked for, call by call, for `orionrt replay` (docs/formats.md) or the caller's
// eyes. An allocator that nobody records pays nothing: the recorder stands before it, not in it.

struct BuddyEvent {
  enum class Kind { kAllocate, kAllocateRun, kRelease };
  std::int64_t seq = 0;  // 0, 1, 2, ... in a recorder
  Kind kind = Kind::kAllocate;
  std::int64_t offset = kNoSpace;  // bytes; kNoSpace: a request that was refused
  std::int64_t requested = 0;      // bytes; 0 when freed
  std::int64_t size = 0;           // bytes taken for them; 0 when freed or refused
  std::int64_t tag = 0;            // whose it is, as the caller says
};

// All that happened to one arena, in order. A trace whose first `seq` is not 0 begins late: what was allocated before
// is not known.
struct BuddyTrace {
  std::int64_t capacity = 0;     // bytes
  std::int64_t block_bytes = 1;  // a power of two
  std::vector<BuddyEvent> events;
};

// Keeps the last `events` events, at 48 bytes each, taken when it is made. One thread at a time.
class ORIONRT_API BuddyRing {
 public:
  // Throws std::bad_alloc. A ring of 0 events keeps none.
  explicit BuddyRing(std::size_t events) : events_(events) {}

  void Add(const BuddyEvent& event) noexcept;  // in place of the oldest when full; O(1)
  std::vector<BuddyEvent> Events() const;      // the oldest first
  std::size_t lost() const noexcept { return added_ > events_.size() ? added_ - events_.size() : 0; }

 private:
  std::vector<BuddyEvent> events_;
  std::size_t added_ = 0;
};

// Passes calls on to a buddy and tells a sink of each that changed something, or was refused for want of space; a Free
// that is refused is not told. Costs the sink, and two stats() of an allocation. As thread-safe as the buddy. For a
// trace from the start, nothing may be allocated when it is made, and all calls go through it.
class ORIONRT_API BuddyRecorder {
 public:
  // Called after each event, on the caller's thread; must not use the buddy.
  using Sink = void (*)(void* context, const BuddyEvent& event) noexcept;

  // The buddy and the ring, or the context, are the caller's, and must outlive the recorder.
  BuddyRecorder(BuddyAllocator& buddy, Sink sink, void* context) : buddy_(buddy), sink_(sink), context_(context) {}
  BuddyRecorder(BuddyAllocator& buddy, BuddyRing& ring);
  BuddyRecorder(const BuddyRecorder&) = delete;  // two would number the same events
  BuddyRecorder& operator=(const BuddyRecorder&) = delete;

  std::int64_t Allocate(std::int64_t bytes, std::int64_t tag = 0) noexcept;
  std::int64_t AllocateRun(std::int64_t bytes, std::int64_t tag = 0) noexcept;
  FreeStatus Free(std::int64_t offset, std::int64_t tag = 0) noexcept;

 private:
  std::int64_t Tell(BuddyEvent::Kind kind, std::int64_t offset, std::int64_t bytes, std::int64_t used_before,
                    std::int64_t tag) noexcept;

  BuddyAllocator& buddy_;
  Sink sink_;
  void* context_;
  std::int64_t seq_ = 0;
};

#ifdef ORIONRT_HAS_PMR_BUDDY
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
using BuddyResource = PmrBuddy;  // the name of before
#endif

}  // namespace orionrt
