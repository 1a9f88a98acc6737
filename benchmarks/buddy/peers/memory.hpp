// Bytes for allocators that need real ones.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <new>

namespace orionrt::bench {

// Pages come on first touch.
class Memory {
 public:
  explicit Memory(std::size_t bytes) : bytes_(bytes) {
    base_ = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base_ == MAP_FAILED) throw std::bad_alloc();
  }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  ~Memory() { munmap(base_, bytes_); }
  unsigned char* base() const { return static_cast<unsigned char*>(base_); }

 private:
  void* base_;
  std::size_t bytes_;
};

}  // namespace orionrt::bench
