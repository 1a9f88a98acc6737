// The C library's malloc, or what is loaded in its place (LD_PRELOAD). It knows no arena.
#pragma once

#include <cstdlib>

#include "../workloads.hpp"

namespace orionrt::bench {

class MallocSubject {
 public:
  static constexpr const char* kName = "malloc";
  static constexpr bool kThreadSafe = true;
  using Handle = void*;
  Handle Allocate(std::int64_t bytes) { return std::malloc(static_cast<std::size_t>(bytes)); }
  static Handle None() { return nullptr; }
  static bool Ok(Handle h) { return h != nullptr; }
  void Free(Handle h) { std::free(h); }
};

}  // namespace orionrt::bench
