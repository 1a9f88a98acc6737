// Transparent huge pages: the kernel fills 512 pages of 4 KiB at one fault, from one aligned range of 2 MiB.
#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <new>

#include "orionrt/memory.hpp"
#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace orionrt {
namespace {

std::size_t WholePages(std::size_t bytes) { return (bytes + kHugePageBytes - 1) / kHugePageBytes * kHugePageBytes; }

// One write to each page of 4 KiB, the smallest that there are.
void Touch(void* base, std::size_t bytes) {
  auto* const memory = static_cast<volatile char*>(base);
  for (std::size_t i = 0; i < bytes; i += 4096) memory[i] = 0;
}

#if defined(__linux__)
constexpr int kPopulateWrite = 23;  // MADV_POPULATE_WRITE, Linux 5.14; older C libraries do not name it

// A mapping of its own, so that giving it back returns its pages to the system. Mapped with room to align, of which
// the ends go back at once. Null when refused.
void* Map(std::size_t bytes, std::size_t alignment) {
  const std::size_t room = bytes + alignment;
  void* const mapped = mmap(nullptr, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  auto* const start = static_cast<std::byte*>(mapped);
  const std::size_t before = (alignment - reinterpret_cast<std::uintptr_t>(start) % alignment) % alignment;
  if (before > 0) munmap(start, before);
  munmap(start + before + bytes, room - before - bytes);
  madvise(start + before, bytes, MADV_HUGEPAGE);  // refused by a kernel without them: ordinary pages then
  return start + before;
}

void Unmap(void* base, std::size_t bytes) noexcept { munmap(base, bytes); }

// False when the machine has no such memory; a kernel that does not know the call leaves it to touching.
bool Prefault(void* base, std::size_t bytes) {
  if (madvise(base, bytes, kPopulateWrite) == 0) return true;
  if (errno == ENOMEM) return false;
  Touch(base, bytes);
  return true;
}
#else
void* Map(std::size_t bytes, std::size_t alignment) {
  return ::operator new (bytes, std::align_val_t{alignment}, std::nothrow);
}

void Unmap(void* base, std::size_t) noexcept { ::operator delete (base, std::align_val_t{kHugePageBytes}); }

bool Prefault(void* base, std::size_t bytes) {
  Touch(base, bytes);
  return true;
}
#endif

}  // namespace

HugePageMemory::HugePageMemory(bool prefault)
    : MemoryResource({"host memory in huge pages", true, kHugePageBytes, kHugePageBytes, 0}), prefault_(prefault) {}

void* HugePageMemory::DoAllocate(std::size_t bytes, std::size_t alignment) {
  const std::size_t whole = WholePages(bytes);
  void* const base = Map(whole, std::max(alignment, kHugePageBytes));
  if (base == nullptr || !prefault_ || Prefault(base, whole)) return base;
  Unmap(base, whole);
  return nullptr;
}

void HugePageMemory::DoDeallocate(void* base, std::size_t bytes, std::size_t) noexcept {
  Unmap(base, WholePages(bytes));
}

}  // namespace orionrt
