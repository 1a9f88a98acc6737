// HPDCS/NBBS, one level a node, non-blocking: one arena for the process, its shape fixed when it is compiled.
#pragma once

#include "../workloads.hpp"

extern "C" {
void nbbs_init();
void* bd_xx_malloc(std::size_t bytes);
void bd_xx_free(void* memory);
}

namespace orionrt::bench {

class NbbsSubject {
 public:
  static constexpr const char* kName = "NBBS";
  static constexpr bool kThreadSafe = true;
  using Handle = void*;
  NbbsSubject() {
    static const bool once = (nbbs_init(), true);
    (void)once;
  }
  Handle Allocate(std::int64_t bytes) { return bd_xx_malloc(static_cast<std::size_t>(bytes)); }
  static Handle None() { return nullptr; }
  static bool Ok(Handle h) { return h != nullptr; }
  void Free(Handle h) { bd_xx_free(h); }
};

}  // namespace orionrt::bench
