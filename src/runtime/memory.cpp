// What all memory resources check alike, and memory of the heap.
#include "orionrt/memory.hpp"

#include <algorithm>
#include <cstdint>
#include <new>
#include <string>

#include "orionrt/config.hpp"

namespace orionrt {

void* MemoryResource::Allocate(std::size_t bytes, std::size_t alignment) {
  if (alignment == 0 || (alignment & (alignment - 1)) != 0) {
    throw Error(ErrorCode::kMisuse,
                traits_.name + ": alignment " + std::to_string(alignment) + " is not a power of two");
  }
  const std::size_t size = std::max<std::size_t>(bytes, 1);
  void* base = nullptr;
  if (alignment <= SIZE_MAX / 4 && size <= SIZE_MAX / 2 - alignment) {
    try {
      base = DoAllocate(size, alignment);
    } catch (const std::bad_alloc&) {  // of its own books, or of what it stands on: refused all the same
    }
  }
  if (base == nullptr) {
    const std::string of = traits_.capacity > 0 ? " of its " + std::to_string(traits_.capacity) : "";
    Refuse("refused " + std::to_string(bytes) + " bytes aligned to " + std::to_string(alignment) + of);
  }
  const std::size_t promised = std::max(alignment, traits_.alignment);
  if (reinterpret_cast<std::uintptr_t>(base) % promised != 0) {
    DoDeallocate(base, size, alignment);
    throw Error(ErrorCode::kMisuse, traits_.name + ": gave an address that is not aligned to " +
                                        std::to_string(promised) + " bytes; correct its DoAllocate or its traits");
  }
  return base;
}

void MemoryResource::Deallocate(void* base, std::size_t bytes, std::size_t alignment) noexcept {
  if (base != nullptr) DoDeallocate(base, std::max<std::size_t>(bytes, 1), alignment);
}

void MemoryResource::Refuse(const std::string& why) const {
  throw Error(
      ErrorCode::kOutOfMemory,
      traits_.name + ": " + why + "; give back what is not needed, or ask for less (a plan needs RequiredBytes)");
}

HostMemory::HostMemory() : MemoryResource({"host memory", true, alignof(std::max_align_t), 1, 0}) {}

void* HostMemory::DoAllocate(std::size_t bytes, std::size_t alignment) {
  return ::operator new (bytes, std::align_val_t{std::max(alignment, traits().alignment)}, std::nothrow);
}

void HostMemory::DoDeallocate(void* base, std::size_t, std::size_t alignment) noexcept {
  ::operator delete (base, std::align_val_t{std::max(alignment, traits().alignment)});
}

}  // namespace orionrt
