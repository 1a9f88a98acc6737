// Alignment beyond what a device's allocator gives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <unordered_map>

namespace orionrt {

// A block with a front padding, and the books of where such blocks really start: the memory itself may not be readable
// here, so they cannot be kept in front of the block. For several threads.
class PaddedBlocks {
 public:
  // `take(bytes)` gives null or an address aligned to `natural`; `give(start)` takes it back. Null when `take` refuses.
  template <typename Take, typename Give>
  void* Allocate(std::size_t bytes, std::size_t alignment, std::size_t natural, const Take& take, const Give& give) {
    if (alignment <= natural) return take(bytes);
    void* const start = take(bytes + alignment - natural);
    if (start == nullptr) return nullptr;
    const auto address = reinterpret_cast<std::uintptr_t>(start);
    void* const base = reinterpret_cast<void*>((address + alignment - 1) & ~(alignment - 1));
    try {
      const std::lock_guard<std::mutex> lock(mutex_);
      starts_.emplace(base, start);
    } catch (...) {
      give(start);
      throw;
    }
    return base;
  }

  // Where the block at `base` really starts; forgets it.
  void* TakeStart(void* base, std::size_t alignment, std::size_t natural) noexcept {
    if (alignment <= natural) return base;
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = starts_.find(base);
    if (found == starts_.end()) return base;
    void* const start = found->second;
    starts_.erase(found);
    return start;
  }

 private:
  std::mutex mutex_;
  std::unordered_map<void*, void*> starts_;
};

}  // namespace orionrt
