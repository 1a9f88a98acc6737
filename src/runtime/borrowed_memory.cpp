// A resource over a caller's buffer, or over addresses that nobody may use: first fit over a map of blocks.
#include <cassert>
#include <iterator>
#include <string>

#include "orionrt/config.hpp"
#include "orionrt/memory.hpp"

namespace orionrt {
namespace {

// 2^62. No 64-bit processor takes it for an address of the program: using one is a fault, no write elsewhere. With
// pointers of 32 bits it is 2^30, which programs may well use.
constexpr int kBits = sizeof(void*) * 8 - 2;
constexpr std::uintptr_t kNoAddress = std::uintptr_t{1} << kBits;

}  // namespace

BorrowedMemory::BorrowedMemory(MemoryTraits traits, std::uintptr_t base) : MemoryResource(std::move(traits)) {
  const std::size_t bytes = this->traits().capacity;
  if (base == 0 && bytes > 0) {
    throw Error(ErrorCode::kMisuse, this->traits().name + ": null given for " + std::to_string(bytes) + " bytes");
  }
  if (bytes > 0) blocks_.emplace(base, Block{bytes, true});
}

BorrowedMemory::BorrowedMemory(void* base, std::size_t bytes, bool host_accessible)
    : BorrowedMemory({"caller's buffer", host_accessible, 1, 1, bytes}, reinterpret_cast<std::uintptr_t>(base)) {}

SimulatedMemory::SimulatedMemory(std::size_t capacity)
    : BorrowedMemory({"simulated memory", false, 1, 1, capacity}, kNoAddress) {
  if (capacity > kNoAddress) {
    throw Error(ErrorCode::kMisuse, "simulated memory: " + std::to_string(capacity) + " bytes; at most 2^" +
                                        std::to_string(kBits) + " will do");
  }
}

// A free block is cut in up to three:  [ before | given | after ].  What is new in the books is made first, so that
// running out of memory for them changes nothing.
void* BorrowedMemory::DoAllocate(std::size_t bytes, std::size_t alignment) {
  for (auto& [start, block] : blocks_) {
    const std::size_t before = static_cast<std::size_t>(-start) & (alignment - 1);
    if (!block.free || block.bytes < before || block.bytes - before < bytes) continue;
    const std::size_t after = block.bytes - before - bytes;
    const std::uintptr_t base = start + before;
    std::map<std::uintptr_t, Block> cut;
    if (before > 0) cut.emplace(base, Block{bytes, false});
    if (after > 0) cut.emplace(base + bytes, Block{after, true});
    block = before > 0 ? Block{before, true} : Block{bytes, false};
    blocks_.merge(cut);
    return reinterpret_cast<void*>(base);
  }
  return nullptr;
}

void BorrowedMemory::DoDeallocate(void* base, std::size_t bytes, std::size_t) noexcept {
  auto block = blocks_.find(reinterpret_cast<std::uintptr_t>(base));
  assert(block != blocks_.end() && !block->second.free && block->second.bytes == bytes && "not what Allocate gave");
  (void)bytes;
  block->second.free = true;
  MergeWithNext(block);
  if (block != blocks_.begin()) MergeWithNext(std::prev(block));
}

// Nothing happens unless both are free.
void BorrowedMemory::MergeWithNext(std::map<std::uintptr_t, Block>::iterator block) noexcept {
  const auto next = std::next(block);
  if (next == blocks_.end() || !block->second.free || !next->second.free) return;
  block->second.bytes += next->second.bytes;
  blocks_.erase(next);
}

}  // namespace orionrt
