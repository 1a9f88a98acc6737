// pavel-kirienko/o1heap: headers within the arena.
#pragma once

extern "C" {
#include <o1heap.h>
}

#include "../workloads.hpp"
#include "memory.hpp"

namespace orionrt::bench {

class O1HeapSubject {
 public:
  static constexpr const char* kName = "o1heap";
  using Handle = void*;
  Handle Allocate(std::int64_t bytes) { return o1heapAllocate(heap_, static_cast<std::size_t>(bytes)); }
  static Handle None() { return nullptr; }
  static bool Ok(Handle h) { return h != nullptr; }
  void Free(Handle h) { o1heapFree(heap_, h); }

 private:
  Memory arena_{kArena};
  O1HeapInstance* heap_ = o1heapInit(arena_.base(), kArena);
};

}  // namespace orionrt::bench
