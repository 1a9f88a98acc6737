// mattconte/tlsf: headers within the arena. Aligned to a cache line, as tensors are.
#pragma once

#include <tlsf.h>

#include "../workloads.hpp"
#include "memory.hpp"

namespace orionrt::bench {

class TlsfSubject {
 public:
  static constexpr const char* kName = "TLSF";
  using Handle = void*;
  Handle Allocate(std::int64_t bytes) { return tlsf_memalign(tlsf_, 64, static_cast<std::size_t>(bytes)); }
  static Handle None() { return nullptr; }
  static bool Ok(Handle h) { return h != nullptr; }
  void Free(Handle h) { tlsf_free(tlsf_, h); }

 private:
  Memory arena_{kArena};
  tlsf_t tlsf_ = tlsf_create_with_pool(arena_.base(), kArena);
};

}  // namespace orionrt::bench
