// Allocate, GetPtr and Release take no heap memory; nor do a buddy's Allocate and Free. Replaces operator new to count.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "orionrt/orionrt.hpp"

namespace {
std::atomic<long> allocations{0};

void* Take(std::size_t bytes, std::size_t alignment) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  void* memory = nullptr;
  if (posix_memalign(&memory, alignment < sizeof(void*) ? sizeof(void*) : alignment, bytes == 0 ? 1 : bytes) != 0)
    return nullptr;
  return memory;
}
void* TakeOrThrow(std::size_t bytes, std::size_t alignment) {
  void* const memory = Take(bytes, alignment);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
}  // namespace

void* operator new(std::size_t bytes) { return TakeOrThrow(bytes, 16); }
void* operator new[](std::size_t bytes) { return TakeOrThrow(bytes, 16); }
void* operator new(std::size_t bytes, std::align_val_t a) { return TakeOrThrow(bytes, static_cast<std::size_t>(a)); }
void* operator new[](std::size_t bytes, std::align_val_t a) { return TakeOrThrow(bytes, static_cast<std::size_t>(a)); }
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept { return Take(bytes, 16); }
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept { return Take(bytes, 16); }
void* operator new(std::size_t bytes, std::align_val_t a, const std::nothrow_t&) noexcept {
  return Take(bytes, static_cast<std::size_t>(a));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace orionrt {
namespace {

TEST(HeapCount, CountsAtAll) {
  const long before = allocations;
  delete new int(1);
  const Arena arena = Arena::Host(100);
  EXPECT_GE(allocations - before, 2);
}

TEST(HeapCount, AMillionLookUpsTakeNothing) {
  for (const int stride : {1, 70001}) {
    std::vector<OpNode> ops;
    std::vector<TensorDesc> tensors;
    for (int i = 0; i < 1000; ++i) {
      ops.push_back({i, {}, {i * stride}});
      tensors.push_back({i * stride, static_cast<std::size_t>(i)});
    }
    TensorPool pool(1 << 20);
    pool.RegisterGraph(ops, tensors);
    pool.FinalizePlan("linear_scan");
    std::size_t sum = 0;
    const long before = allocations;
    for (int k = 0; k < 1000000; ++k) {
      const int id = k % 1003 * stride;  // some are unknown
      sum += pool.Allocate(id).bytes + (pool.GetPtr(id) != nullptr ? 1 : 0);
      pool.Release(id);
    }
    EXPECT_EQ(allocations - before, 0) << "stride " << stride;
    EXPECT_GT(sum, 0u);
  }
}

TEST(HeapCount, TheBuddyTakesNothingOnceItIsMade) {
  BuddyAllocator buddy((1 << 20) + 100, 64);
  std::int64_t last = kNoSpace;
  const long before = allocations;
  for (int k = 1; k < 100000; ++k) {
    const std::int64_t bytes = k * 7919 % 5000 + 1;
    const std::int64_t at = k % 3 == 0   ? buddy.AllocateRun(bytes)
                            : k % 3 == 1 ? buddy.Allocate(bytes)
                                         : buddy.AllocateAt(k % 16000 * 64, bytes);
    if (k % 2 == 0 && last != kNoSpace) (void)buddy.Free(last);
    if (at != kNoSpace) last = at;
  }
  EXPECT_EQ(allocations - before, 0);
}

}  // namespace
}  // namespace orionrt
