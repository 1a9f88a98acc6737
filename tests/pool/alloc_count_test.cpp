// Looking up takes no heap memory, nor do views, scratch of one stream or several, and a buddy's Allocate and Free.
// Replaces operator new to count.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "orionrt/orionrt.hpp"

namespace {
std::atomic<long> allocations{0};
std::atomic<long> taken{0};  // bytes, with what was given back

void* Take(std::size_t bytes, std::size_t alignment) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  taken.fetch_add(static_cast<long>(bytes), std::memory_order_relaxed);
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

namespace orionrt::alloc_count_test {
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

TEST(HeapCount, TellingAGuardThatIsNotThereTakesNothing) {
  TensorPool pool(1 << 12);
  pool.RegisterGraph({{0, {}, {0}}}, {{0, 8}});
  pool.FinalizePlan();
  const long before = allocations;
  for (int k = 0; k < 1000; ++k) {
    pool.BeginOp(k);
    pool.EndOp();
    pool.EndRun();
  }
  EXPECT_EQ(allocations - before, 0);
}

// A request: tensors of two graphs by views, scratch of several sizes, a plan by its bucket, statistics; logged.
TEST(HeapCount, ARequestToASharedArenaTakesNothing) {
  const auto graph = [](std::size_t bytes) {
    return Graph({{0, {0}, {1}}}, {{0, bytes}, {1, bytes, 0, TensorRole::kOutput}});
  };
  long events = 0;
  SharedArenaOptions options;
  options.scratch_bytes = 1 << 20;
  options.log = [&](PoolEvent, std::int64_t) { ++events; };
  SharedArena arena(SharedPlan::Make({{graph(100), 0, {}}, {graph(50), 1, {}}}), options);
  TensorPool pool(1 << 20);
  PlanCache cache([&](const Dims& dims) { return graph(static_cast<std::size_t>(dims[0])); }, {{64, 128}}, 2);
  (void)cache.Prepare({100});
  const Dims dims{70};
  std::size_t sum = 0;
  const long before = allocations;
  for (int k = 0; k < 20000; ++k) {
    sum += arena.View(k % 2).Allocate(k % 3).bytes;
    const TensorHandle a = arena.AllocateScratch(static_cast<std::size_t>(k * 7919 % 70000));
    const TensorHandle b = pool.AllocateScratch(static_cast<std::size_t>(k * 31 % 70000));
    const auto plan = cache.Get(dims);
    const TensorHandle room = arena.AllocateScratch(plan->required_bytes());
    sum += plan->View(room.ptr).Allocate(0).bytes + static_cast<std::size_t>(arena.stats().used_bytes);
    (void)arena.FreeScratch(room);
    (void)arena.FreeScratch(a);
    (void)pool.FreeScratch(b);
  }
  EXPECT_EQ(allocations - before, 0);
  EXPECT_GT(sum, 0u);
  EXPECT_EQ(events, 2 + 4 * 20000);
}

// With every way of being served: free, own, covered, finished, refused; pieces cut and joined.
TEST(HeapCount, ScratchOfSeveralStreamsTakesNothing) {
  HostStreamEvents events(3, 16);
  std::vector<std::byte> memory(1 << 16);
  StreamScratchOptions options;
  options.streams = 3;
  options.blocks = 64;
  options.records = 16;
  options.events = &events;
  StreamScratch scratch(memory.data(), memory.size(), options);
  StreamBlock held[16];
  std::int64_t pending = 0;
  const long before = allocations;
  for (int k = 0; k < 50000; ++k) {
    const int stream = k % 3;
    StreamBlock& block = held[k * 7919 % 16];
    events.Put(stream);
    if (block.ptr != nullptr && k % 4 == 0) (void)scratch.Release(block, {stream, (k + 1) % 3});
    if (block.ptr != nullptr && k % 4 != 0) (void)scratch.Release(block, stream);
    block = scratch.Allocate(stream, static_cast<std::size_t>(k * 7919 % 6000));
    if (k % 5 == 0) scratch.Wait((k + 1) % 3, scratch.Record(stream));
    if (k >= 12) events.End(stream);  // four tasks behind
    pending += scratch.Pending(stream).bytes + scratch.LastRefusal(stream).pending.bytes;
  }
  const StreamScratchStats stats = scratch.stats();
  EXPECT_EQ(allocations - before, 0);
  EXPECT_GT(pending, 0);
  EXPECT_GT(stats.from_free, 0);
  EXPECT_GT(stats.from_own, 0);
  EXPECT_GT(stats.from_covered, 0);
  EXPECT_GT(stats.from_finished, 0);
  EXPECT_GT(stats.refused, 0);
}

// What a pool says that it takes is what it takes, the graph and plan that it keeps aside: from above, and not by far.
TEST(HeapCount, MetadataIsAllThatThereIs) {
  const auto books = [](std::size_t capacity, std::size_t block) {
    PoolOptions options;
    options.scratch_block = block;
    std::vector<std::byte> memory(capacity + 64);
    const long before = taken;
    const TensorPool pool(memory.data(), capacity, options);
    const auto heap = static_cast<std::size_t>(taken - before);
    EXPECT_GE(pool.metadata_bytes(), heap) << capacity << " in blocks of " << block;
    EXPECT_LE(pool.metadata_bytes(), 2 * heap + sizeof pool + 8192) << capacity << " in blocks of " << block;
    return pool.metadata_bytes();
  };
  EXPECT_LT(books(1 << 20, 4096), books(1 << 20, 64));
  EXPECT_LT(books(0, 4096), books(1 << 24, 4096));

  TensorPool pool(1 << 20);
  const std::size_t bare = pool.metadata_bytes();
  std::vector<TensorDesc> tensors;
  for (int i = 0; i < 1000; ++i) tensors.push_back({i, 8, 0, TensorRole::kInput});
  pool.RegisterGraph({}, tensors);
  pool.FinalizePlan("linear_scan");
  EXPECT_GE(pool.metadata_bytes(), bare + 24 * 1000) << "by id an address and bytes, by position an address";
  EXPECT_LE(pool.metadata_bytes(), bare + 24 * 1000 + 1024);
  EXPECT_EQ(TensorPool::MetadataBytes(pool.assignment()), [&] {
    TensorPool exact(RequiredBytes(pool.assignment()));
    exact.RegisterGraph(pool.graph());
    exact.LoadPlan(pool.assignment());
    return exact.metadata_bytes();
  }());
  const auto plan = SharedPlan::Make({{Graph({}, tensors), 0, {}}});
  EXPECT_GE(plan->metadata_bytes(), 16u * 1000);
  EXPECT_LE(plan->metadata_bytes(), 16u * 1000 + 1024);
}

}  // namespace
}  // namespace orionrt::alloc_count_test
