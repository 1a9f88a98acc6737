// spaskalev/buddy_alloc, its books apart from the arena.
#pragma once

#include <buddy_alloc.h>

#include "../workloads.hpp"
#include "memory.hpp"

namespace orionrt::bench {

class BuddyAllocSubject {
 public:
  static constexpr const char* kName = "buddy_alloc";
  using Handle = void*;
  Handle Allocate(std::int64_t bytes) { return buddy_malloc(buddy_, static_cast<std::size_t>(bytes)); }
  static Handle None() { return nullptr; }
  static bool Ok(Handle h) { return h != nullptr; }
  void Free(Handle h) { buddy_free(buddy_, h); }

 private:
  Memory arena_{kArena};
  std::vector<unsigned char> books_ = std::vector<unsigned char>(buddy_sizeof_alignment(kArena, kBlock));
  buddy* buddy_ = buddy_init_alignment(books_.data(), arena_.base(), kArena, kBlock);
};

}  // namespace orionrt::bench
