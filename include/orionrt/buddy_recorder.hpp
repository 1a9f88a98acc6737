// BuddyRecorder: what a buddy was asked for, call by call, for `orionrt replay` (docs/formats.md) or the caller's eyes.
// An allocator that nobody records pays nothing: the recorder stands before it, not in it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "orionrt/buddy.hpp"
#include "orionrt/export.hpp"

namespace orionrt {

struct BuddyEvent {
  enum Kind { kAllocate, kAllocateRun, kRelease };
  std::int64_t seq = 0;  // 0, 1, 2, ... in a recorder
  Kind kind = kAllocate;
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

}  // namespace orionrt
