// The bytes that a plan lies in.
#pragma once

#include <cstddef>
#include <memory>

#include "orionrt/export.hpp"

namespace orionrt {

class MemoryResource;

inline constexpr std::size_t kArenaAlignment = 64;  // bytes; a cache line, and the widest vector register

// One contiguous range of memory, its own or borrowed. Movable, not copyable; what is moved from is empty.
class ORIONRT_API Arena {
 public:
  // Host memory, taken now and given back by the destructor. Not touched: pages come on first use.
  // Throws Error: kOutOfMemory when the system refuses, kMisuse for an alignment that is no power of two.
  static Arena Host(std::size_t bytes, std::size_t alignment = kArenaAlignment);

  // A block of `resource` (memory.hpp), which must outlive the arena: the destructor gives the block back. Where the
  // resource is not host_accessible, base() is an address for the device only. Throws what its Allocate throws.
  static Arena From(MemoryResource& resource, std::size_t bytes, std::size_t alignment = kArenaAlignment);

  // The caller's memory, which must outlive the arena. `base` may be null only when `bytes` is 0.
  static Arena Borrow(void* base, std::size_t bytes);

  std::byte* base() const noexcept { return base_.get(); }
  std::size_t bytes() const noexcept { return base_ == nullptr ? 0 : base_.get_deleter().bytes; }

  // Whether the host may read and write through base(): as the resource says, and true of borrowed memory.
  bool host_accessible() const noexcept;

 private:
  struct Release {
    MemoryResource* resource;  // null: borrowed
    std::size_t bytes;
    std::size_t alignment;
    void operator()(std::byte* base) const noexcept;
  };
  Arena(std::byte* base, const Release& release) : base_(base, release) {}

  std::unique_ptr<std::byte, Release> base_;
};

}  // namespace orionrt
