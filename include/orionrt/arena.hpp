// The bytes that a plan lies in.
#pragma once

#include <cstddef>
#include <memory>

#include "orionrt/export.hpp"

namespace orionrt {

inline constexpr std::size_t kArenaAlignment = 64;  // bytes; a cache line, and the widest vector register

// One contiguous range of memory, its own or borrowed. Movable, not copyable.
class ORIONRT_API Arena {
 public:
  // Host memory, taken now and given back by the destructor. Not touched: pages come on first use.
  // Throws Error: kOutOfMemory when the system refuses, kMisuse for an alignment that is no power of two.
  static Arena Host(std::size_t bytes, std::size_t alignment = kArenaAlignment);

  // The caller's memory, which must outlive the arena. `base` may be null only when `bytes` is 0.
  static Arena Borrow(void* base, std::size_t bytes);

  std::byte* base() const noexcept { return base_.get(); }
  std::size_t bytes() const noexcept { return bytes_; }

 private:
  struct Release {
    std::size_t alignment;  // 0: borrowed
    void operator()(std::byte* base) const noexcept;
  };
  Arena(std::byte* base, std::size_t bytes, std::size_t alignment) : base_(base, Release{alignment}), bytes_(bytes) {}

  std::unique_ptr<std::byte, Release> base_;
  std::size_t bytes_;
};

}  // namespace orionrt
