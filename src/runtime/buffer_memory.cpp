#include <cassert>
#include <iterator>
#include <string>

#include "orionrt/error.hpp"
#include "orionrt/memory.hpp"

namespace orionrt {
namespace {

// 2^62. No 64-bit processor takes it for an address of the program: using one is a fault, no write elsewhere.
constexpr std::uintptr_t kNowhere = std::uintptr_t{1} << (sizeof(void*) * 8 - 2);

}  // namespace

BufferMemory::BufferMemory(MemoryTraits traits, std::uintptr_t base) : MemoryResource(std::move(traits)) {
  const std::size_t bytes = this->traits().capacity;
  if (base == 0 && bytes > 0) {
    throw Error(ErrorCode::kMisuse, this->traits().name + ": null given for " + std::to_string(bytes) + " bytes");
  }
  if (bytes > 0) blocks_.emplace(base, Block{bytes, true});
}

BufferMemory::BufferMemory(void* base, std::size_t bytes, bool host_accessible)
    : BufferMemory({"caller's buffer", host_accessible, 1, 1, bytes}, reinterpret_cast<std::uintptr_t>(base)) {}

SimulatedMemory::SimulatedMemory(std::size_t capacity)
    : BufferMemory({"simulated memory", false, 1, 1, capacity}, kNowhere) {
  if (capacity > kNowhere) {
    throw Error(ErrorCode::kMisuse, "simulated memory: " + std::to_string(capacity) + " bytes; at most 2^62 will do");
  }
}

// A free block is cut in up to three:  [ before | given | after ].  The books are extended before any is changed, so
// that a failure there changes nothing.
void* BufferMemory::DoAllocate(std::size_t bytes, std::size_t alignment) {
  for (auto block = blocks_.begin(); block != blocks_.end(); ++block) {
    const auto [start, size] = std::pair(block->first, block->second.bytes);
    const std::size_t before = static_cast<std::size_t>(-start) & (alignment - 1);
    if (!block->second.free || size < before || size - before < bytes) continue;
    const std::size_t after = size - before - bytes;
    if (after > 0) blocks_.emplace(start + before + bytes, Block{after, true});
    block->second.bytes = before + bytes;
    if (before > 0) {
      try {
        block = blocks_.emplace(start + before, Block{bytes, true}).first;
      } catch (...) {
        if (after > 0) MergeWithNext(block);
        throw;
      }
      std::prev(block)->second.bytes = before;
    }
    block->second.free = false;
    return reinterpret_cast<void*>(block->first);
  }
  return nullptr;
}

void BufferMemory::DoDeallocate(void* base, std::size_t bytes, std::size_t) noexcept {
  auto block = blocks_.find(reinterpret_cast<std::uintptr_t>(base));
  assert(block != blocks_.end() && !block->second.free && block->second.bytes == bytes && "not what Allocate gave");
  (void)bytes;
  block->second.free = true;
  MergeWithNext(block);
  if (block != blocks_.begin()) MergeWithNext(std::prev(block));
}

// Nothing happens unless both are free.
void BufferMemory::MergeWithNext(std::map<std::uintptr_t, Block>::iterator block) noexcept {
  const auto next = std::next(block);
  if (next == blocks_.end() || !block->second.free || !next->second.free) return;
  block->second.bytes += next->second.bytes;
  blocks_.erase(next);
}

}  // namespace orionrt
