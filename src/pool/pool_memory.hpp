// What a TensorPool keeps of each of its memories.
#pragma once

#include <cstddef>
#include <cstdint>

#include "orionrt/tensor_pool.hpp"
#include "pool/scratch.hpp"

namespace orionrt {

// One arena. All of it is the scratch's: the plan's region is an allocation of it too.
struct TensorPool::Memory {
  Memory(Arena taken, const PoolOptions& options);
  std::byte* region_base() const noexcept;

  Arena arena;
  Scratch scratch;
  std::int64_t region = kNoSpace;
  std::int64_t region_bytes = 0;
};

// What a plan needs of one memory.
struct TensorPool::Need {
  std::int64_t bytes = 0;
  std::int64_t alignment = 1;
};

}  // namespace orionrt
