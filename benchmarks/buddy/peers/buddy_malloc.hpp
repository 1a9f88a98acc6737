// evanw/buddy-malloc: one heap for the process, of 2 GiB, in blocks from 16 bytes, each with its header before it.
#pragma once

#include "../workloads.hpp"
#include "memory.hpp"

extern "C" {
void* buddy_malloc_malloc(std::size_t bytes);
void buddy_malloc_free(void* memory);
}

namespace orionrt::bench {

class BuddyMallocSubject {
 public:
  static constexpr const char* kName = "buddy-malloc";
  static constexpr std::int64_t kCapacity = 2 * kArena;
  using Handle = void*;
  Handle Allocate(std::int64_t bytes) { return buddy_malloc_malloc(static_cast<std::size_t>(bytes)); }
  static Handle None() { return nullptr; }
  static bool Ok(Handle h) { return h != nullptr; }
  void Free(Handle h) { buddy_malloc_free(h); }
};

}  // namespace orionrt::bench

// The program break of a heap of its own: it would share the C library's.
extern "C" inline void* BuddyMallocBase() {
  static orionrt::bench::Memory memory(std::size_t{1} << 32);
  return memory.base();
}
