// Ours, in both settings; Runs takes exact runs (AllocateRun), the others whole powers of two.
#pragma once

#include "../workloads.hpp"
#include "orionrt/buddy.hpp"

namespace orionrt::bench {

template <bool kFast, bool kRuns>
class Ours {
 public:
  static constexpr const char* kName = kRuns ? (kFast ? "fast_runs" : "lean_runs") : (kFast ? "fast" : "lean");
  using Handle = std::int64_t;
  Handle Allocate(std::int64_t bytes) { return kRuns ? buddy_.AllocateRun(bytes) : buddy_.Allocate(bytes); }
  static Handle None() { return kNoSpace; }
  static bool Ok(Handle at) { return at != kNoSpace; }
  void Free(Handle at) { (void)buddy_.Free(at); }
  BuddyAllocator& buddy() { return buddy_; }

 private:
  BuddyAllocator buddy_{kArena, kBlock, kFast ? kFastBuddy : kLeanBuddy};
};

}  // namespace orionrt::bench
