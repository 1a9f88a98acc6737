// What no plan knows of: scratch beside plans, and plans of shapes that come at run time.
#include "pool/scratch.hpp"

#include <gtest/gtest.h>

#include <climits>
#include <cstdint>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "orionrt/orionrt.hpp"
#include "refuses.hpp"
#include "shared_graphs.hpp"

namespace orionrt::scratch_test {
namespace {

using tests::Chain;
using tests::PlanAll;
using tests::Refuses;

// ---- scratch ----

TEST(SharedArena, ServesScratchBesideThePlans) {
  std::vector<std::pair<PoolEvent, std::int64_t>> log;
  SharedArenaOptions options;
  options.scratch_bytes = 4096;
  options.log = [&](PoolEvent event, std::int64_t bytes) { log.emplace_back(event, bytes); };
  const auto plan = PlanAll({Chain(1000)}, {0});
  SharedArena arena(plan, options);
  const TensorHandle a = arena.AllocateScratch(300);
  const TensorHandle b = arena.AllocateScratch(0);
  ASSERT_NE(a.ptr, nullptr);
  ASSERT_NE(b.ptr, nullptr);
  EXPECT_EQ(a.bytes, 300u);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(a.ptr) % 256, 0u);
  EXPECT_GE(static_cast<std::byte*>(a.ptr), static_cast<std::byte*>(arena.View().GetPtr(0)) + plan->required_bytes());
  PoolStats stats = arena.stats();
  EXPECT_EQ(stats.planned_bytes, static_cast<std::int64_t>(plan->required_bytes()));
  EXPECT_EQ(stats.scratch_bytes, 300);
  EXPECT_EQ(stats.requested_bytes(), stats.planned_bytes + 300);
  EXPECT_EQ(stats.used_bytes, (stats.planned_bytes + 255) / 256 * 256 + 512 + 256);
  EXPECT_EQ(stats.waste_bytes(), stats.used_bytes - stats.requested_bytes());
  EXPECT_EQ(stats.largest_free_bytes, 2048);
  EXPECT_EQ(stats.free_bytes(), 4096 - 768);
  EXPECT_NEAR(stats.external_fragmentation(), 1 - 2048.0 / 3328, 1e-12);
  EXPECT_EQ(arena.AllocateScratch(4000).ptr, nullptr);
  EXPECT_EQ(arena.AllocateScratch(SIZE_MAX).ptr, nullptr);
  EXPECT_EQ(arena.stats().refused, 2);
  EXPECT_EQ(arena.FreeScratch(a), FreeStatus::kFreed);
  EXPECT_EQ(arena.FreeScratch(a), FreeStatus::kNotAllocated);
  EXPECT_EQ(arena.FreeScratch({arena.View().GetPtr(0), 8}), FreeStatus::kForeign) << "a planned tensor";
  EXPECT_EQ(arena.FreeScratch(b), FreeStatus::kFreed);
  stats = arena.stats();
  EXPECT_EQ(stats.scratch_bytes, 0);
  EXPECT_EQ(stats.largest_free_bytes, 4096);
  EXPECT_EQ(stats.external_fragmentation(), 0);
  EXPECT_EQ(stats.high_water_bytes, (stats.planned_bytes + 255) / 256 * 256 + 768);
  ASSERT_EQ(log.size(), 8u);
  EXPECT_EQ(log[0].first, PoolEvent::kArenaTaken);
  EXPECT_EQ(log[1], std::pair(PoolEvent::kPlanInstalled, static_cast<std::int64_t>(plan->required_bytes())));
  EXPECT_EQ(log[2], std::pair(PoolEvent::kScratchAllocated, std::int64_t{300}));
  EXPECT_EQ(log[4].first, PoolEvent::kScratchRefused);
  EXPECT_EQ(log[6], std::pair(PoolEvent::kScratchFreed, std::int64_t{300}));
  EXPECT_STREQ(PoolEventName(log[4].first), "scratch_refused");
}

TEST(SharedArena, GivesAllTheRestOfTheCallersMemoryToScratch) {
  const auto plan = PlanAll({Chain(1000)}, {0});
  const Arena memory = Arena::Host(1 << 16, 4096);
  SharedArena arena(plan, Arena::Borrow(memory.base(), memory.bytes()));
  EXPECT_NE(arena.AllocateScratch(1 << 15).ptr, nullptr);
  SharedArena bare(plan);
  EXPECT_EQ(bare.AllocateScratch(1).ptr, nullptr) << "an arena of the plan's size has no room for it";
}

// A plan of a shape that came at run time, in scratch.
TEST(SharedArena, RunsAPlanInScratch) {
  SharedArenaOptions options;
  options.scratch_bytes = 1 << 14;
  SharedArena arena(PlanAll({Chain(1000)}, {0}), options);
  const auto other = PlanAll({Chain(500)}, {0});
  const TensorHandle room = arena.AllocateScratch(other->required_bytes());
  ASSERT_EQ(reinterpret_cast<std::uintptr_t>(room.ptr) % other->base_alignment(), 0u);
  const TensorView view = other->View(room.ptr);
  EXPECT_GE(view.GetPtr(0), room.ptr);
  EXPECT_EQ(view.Allocate(2).bytes, 500u);
  EXPECT_EQ(arena.FreeScratch(room), FreeStatus::kFreed);
}

TEST(TensorPool, ServesScratchBesideItsPlan) {
  TensorPool pool(1 << 16);
  pool.RegisterGraph({{0, {}, {0}}}, {{0, 5000}});
  pool.FinalizePlan();
  const TensorHandle scratch = pool.AllocateScratch(100);
  ASSERT_NE(scratch.ptr, nullptr);
  EXPECT_GE(static_cast<std::byte*>(scratch.ptr), static_cast<std::byte*>(pool.GetPtr(0)) + 5000);
  EXPECT_EQ(pool.stats().planned_bytes, 5000);
  EXPECT_EQ(pool.stats().scratch_bytes, 100);
  EXPECT_EQ(pool.stats().used_bytes, 8192 + 4096);
  EXPECT_EQ(pool.FreeScratch(scratch), FreeStatus::kFreed);
  EXPECT_EQ(pool.FreeScratch(scratch), FreeStatus::kNotAllocated);
  EXPECT_EQ(pool.FreeScratch({}), FreeStatus::kForeign);
  EXPECT_EQ(pool.AllocateScratch(1 << 16).ptr, nullptr);
}

// The handle of the tensor at the region's start freed the region: the next scratch lay over tensors that were alive.
void ExpectPlannedRefused(TensorPool& pool, const std::vector<TensorHandle>& planned) {
  for (int memory = 0; memory < pool.memory_count(); ++memory) {
    const PoolStats before = pool.stats(memory);
    for (TensorHandle handle : planned) {
      for (const std::size_t bytes : {handle.bytes, std::size_t{0}, std::size_t{4096}}) {
        handle.bytes = bytes;
        EXPECT_EQ(pool.FreeScratch(handle, memory), FreeStatus::kForeign) << handle.ptr << " in memory " << memory;
      }
    }
    EXPECT_EQ(pool.stats(memory).used_bytes, before.used_bytes);
    EXPECT_EQ(pool.stats(memory).scratch_bytes, before.scratch_bytes);
    EXPECT_EQ(pool.stats(memory).planned_bytes, before.planned_bytes);
    for (TensorHandle scratch; (scratch = pool.AllocateScratch(1, memory)).ptr != nullptr;) {
      const auto* const at = static_cast<const std::byte*>(scratch.ptr);
      for (const TensorHandle& tensor : planned) {
        const auto* const begin = static_cast<const std::byte*>(tensor.ptr);
        EXPECT_TRUE(std::less_equal<>()(begin + tensor.bytes, at) || std::less_equal<>()(at + 1, begin));
      }
    }
  }
}

TEST(TensorPool, RefusesPlannedTensorsAsScratch) {
  for (const int stride : {1, 1000003}) {
    std::vector<OpNode> ops = {{0, {}, {0}}, {1, {0}, {stride}}, {2, {stride}, {2 * stride}}, {3, {2 * stride}, {}}};
    ops[1].workspace_bytes = 3000;
    TensorPool pool(1 << 16);
    pool.RegisterGraph(ops, {{0, 1024}, {stride, 2048}, {2 * stride, 5000}});
    for (const char* policy : {"auto", "no_reuse"}) {
      pool.FinalizePlan(policy);
      const TensorHandle before = pool.AllocateScratch(100);
      ExpectPlannedRefused(pool,
                           {pool.Allocate(0), pool.Allocate(stride), pool.Allocate(2 * stride), pool.Workspace(1)});
      EXPECT_EQ(pool.FreeScratch(before), FreeStatus::kFreed);
      TensorPool next(1 << 16);
      next.RegisterGraph(pool.graph());
      pool = std::move(next);
    }
  }
}

TEST(TensorPool, RefusesPlannedTensorsAsScratchInEachOfItsMemories) {
  const Space fast{"fast"};
  const Space slow{"slow"};
  std::vector<SpaceMemory> memories;
  memories.push_back({fast, Arena::Host(1 << 13, 4096)});
  memories.push_back({slow, Arena::Host(1 << 16, 4096)});
  TensorPool pool(std::move(memories));
  pool.RegisterGraph({{0, {}, {0, 1}}, {1, {0, 1}, {}}}, {{0, 4096}, {1, 4096, 0, 0, {}, {}, {}, {"slow"}}});
  pool.FinalizePlan();
  ExpectPlannedRefused(pool, {pool.Allocate(0), pool.Allocate(1)});
}

// A plan of empty tensors alone takes no region; the base of the arena is then the address of scratch.
TEST(TensorPool, RefusesEmptyTensorsAsScratch) {
  TensorPool pool(1 << 16);
  pool.RegisterGraph({{0, {}, {0, 1}}}, {{0, 0}, {1, 0}});
  const TensorHandle scratch = pool.AllocateScratch(100);
  pool.FinalizePlan();
  for (const int id : {0, 1}) {
    ASSERT_NE(pool.Allocate(id).ptr, nullptr);
    EXPECT_EQ(pool.FreeScratch(pool.Allocate(id)), FreeStatus::kForeign);
  }
  EXPECT_EQ(pool.stats().scratch_bytes, 100);
  EXPECT_EQ(pool.FreeScratch(scratch), FreeStatus::kFreed);
}

static_assert(!std::is_copy_constructible_v<Scratch> && !std::is_copy_assignable_v<Scratch>);
static_assert(std::is_nothrow_move_constructible_v<Scratch>);

TEST(Scratch, FreesNoRegionAndNoScratchAsARegion) {
  const Arena memory = Arena::Host(1 << 16, 1 << 16);
  Scratch scratch(memory.base(), memory.bytes(), 256);
  const TensorHandle low = scratch.Allocate(256);
  std::vector<std::pair<std::int64_t, std::int64_t>> regions;  // offset, bytes
  for (const std::int64_t bytes : {1, 256, 300, 4096, 9000}) {
    regions.emplace_back(scratch.TakeRegion(bytes, bytes == 300 ? 4096 : 1), bytes);
    ASSERT_NE(regions.back().first, kNoSpace);
  }
  regions.emplace_back(scratch.TakeRegionAt(60000 / 256 * 256, 512), 512);
  ASSERT_NE(regions.back().first, kNoSpace);
  const TensorHandle high = scratch.Allocate(1000);
  const PoolStats before = scratch.stats();
  EXPECT_EQ(before.planned_bytes, 1 + 256 + 300 + 4096 + 9000 + 512);
  for (const auto& [offset, bytes] : regions) {
    for (std::int64_t at = offset; at < offset + bytes; at += at == offset ? 1 : 101) {
      for (const std::int64_t size : {std::int64_t{0}, std::int64_t{1}, bytes, std::int64_t{1} << 40}) {
        EXPECT_EQ(scratch.Free({memory.base() + at, static_cast<std::size_t>(size)}), FreeStatus::kForeign) << at;
      }
    }
    EXPECT_EQ(scratch.FreeRegion(offset, bytes + 1), FreeStatus::kNotAllocated);
  }
  for (const TensorHandle& handle : {low, high}) {
    const std::int64_t at = static_cast<std::byte*>(handle.ptr) - memory.base();
    EXPECT_EQ(scratch.FreeRegion(at, static_cast<std::int64_t>(handle.bytes)), FreeStatus::kNotAllocated);
  }
  EXPECT_EQ(scratch.FreeRegion(kNoSpace, 1), FreeStatus::kNotAllocated);
  EXPECT_EQ(scratch.stats().used_bytes, before.used_bytes);
  EXPECT_EQ(scratch.stats().allocations, before.allocations);
  for (const auto& [offset, bytes] : regions) {
    EXPECT_EQ(scratch.FreeRegion(offset, bytes), FreeStatus::kFreed);
    EXPECT_EQ(scratch.FreeRegion(offset, bytes), FreeStatus::kNotAllocated) << "twice";
  }
  EXPECT_EQ(scratch.stats().planned_bytes, 0);
  EXPECT_EQ(scratch.Free(low), FreeStatus::kFreed);
  EXPECT_EQ(scratch.Free(high), FreeStatus::kFreed);
  EXPECT_EQ(scratch.Allocate(1 << 16).ptr, memory.base()) << "where regions were, scratch may be";
}

// Bytes that were never asked for there were believed, and scratch_bytes went wrong by them.
TEST(Scratch, RefusesHandlesOfAnotherSize) {
  const Arena memory = Arena::Host(1 << 16, 4096);
  Scratch scratch(memory.base(), memory.bytes(), 256);
  for (const std::size_t asked : {0u, 1u, 256u, 257u, 512u, 5000u}) {
    std::size_t block = 256;
    while (block < asked) block *= 2;
    const TensorHandle handle = scratch.Allocate(asked);
    for (const std::size_t bytes : {block + 1, 2 * block, SIZE_MAX, block == 256 ? SIZE_MAX / 2 : block / 2}) {
      EXPECT_EQ(scratch.Free({handle.ptr, bytes}), FreeStatus::kNotAllocated) << bytes << " for " << asked;
    }
    EXPECT_EQ(scratch.stats().scratch_bytes, static_cast<std::int64_t>(asked));
    EXPECT_EQ(scratch.Free(handle), FreeStatus::kFreed);
    EXPECT_EQ(scratch.Free(handle), FreeStatus::kNotAllocated) << "twice";
  }
  EXPECT_EQ(scratch.stats().used_bytes, 0);
}

TEST(Scratch, RefusesNullWithBytes) {
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"null", "4096"}, [] { Scratch(nullptr, 4096, 256); }));
  EXPECT_EQ(Scratch(nullptr, 0, 256).Allocate(1).ptr, nullptr);
}

TEST(Scratch, HasNothingOnceMovedFrom) {
  int told = 0;
  const Arena memory = Arena::Host(1 << 16, 4096);
  Scratch first(memory.base(), memory.bytes(), 256, [&](PoolEvent, std::int64_t) { ++told; });
  const std::int64_t region = first.TakeRegion(1000, 1);
  const TensorHandle handle = first.Allocate(300);
  (void)first.Allocate(1 << 17);
  Scratch second = std::move(first);
  Scratch third(nullptr, 0, 256);
  third = std::move(second);
  const int before = told;
  for (Scratch* const moved : {&first, &second}) {
    EXPECT_EQ(moved->stats().planned_bytes + moved->stats().scratch_bytes + moved->stats().refused, 0);
    EXPECT_EQ(moved->stats().capacity + moved->stats().used_bytes + moved->stats().allocations, 0);
    EXPECT_EQ(moved->Allocate(1).ptr, nullptr);
    EXPECT_EQ(moved->Free(handle), FreeStatus::kForeign);
    EXPECT_EQ(moved->Free({}), FreeStatus::kForeign);
    EXPECT_EQ(moved->TakeRegion(1, 1), kNoSpace);
    EXPECT_EQ(moved->FreeRegion(region, 1000), FreeStatus::kNotAllocated);
    EXPECT_GT(moved->metadata_bytes(), 0);
  }
  EXPECT_EQ(told, before) << "the log went with the memory";
  EXPECT_EQ(third.stats().planned_bytes, 1000);
  EXPECT_EQ(third.stats().refused, 1);
  EXPECT_EQ(third.Free({memory.base() + region, 1000}), FreeStatus::kForeign);
  EXPECT_EQ(third.Free(handle), FreeStatus::kFreed);
  first = std::move(third);
  EXPECT_EQ(first.FreeRegion(region, 1000), FreeStatus::kFreed) << "serves again once another is moved into it";
}

// ---- no plan, and no bytes ----

static_assert(!std::is_copy_constructible_v<SharedArena> && !std::is_move_constructible_v<SharedArena>);

// A null plan, which PlanCache::Get gives for a miss, was looked into.
TEST(SharedArena, RefusesNoPlan) {
  const Arena memory = Arena::Host(1 << 12, 4096);
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"null", "SharedPlan::Make"}, [] { SharedArena arena(nullptr); }));
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"null"},
                      [&] { SharedArena arena(nullptr, Arena::Borrow(memory.base(), memory.bytes())); }));
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"null"}, [] { SharedArena arena(nullptr, Arena::Borrow(nullptr, 0)); }));
}

TEST(TensorView, KnowsNoTensorWithoutAPlan) {
  const auto plan = PlanAll({Chain(100)}, {0});
  std::byte memory[8];
  for (const TensorView& view : {TensorView(), plan->View(memory, 1), plan->View(memory, -1)}) {
    for (const int id : {-1, 0, 1, INT_MAX}) {
      EXPECT_EQ(view.GetPtr(id), nullptr) << id;
      EXPECT_EQ(view.Workspace(id).ptr, nullptr) << id;
    }
  }
}

// They looked like tensors that the graph does not have.
TEST(TensorView, GivesEmptyTensorsOverNullAnAddress) {
  for (const int id : {0, INT_MAX}) {
    const auto plan = PlanAll({Graph({{0, {}, {id}}, {1, {id}, {}}}, {{id, 0}})}, {0});
    ASSERT_EQ(plan->required_bytes(), 0u);
    const SharedArena arena(plan, Arena::Borrow(nullptr, 0));
    for (const TensorView& view : {plan->View(nullptr), arena.View()}) {
      EXPECT_NE(view.GetPtr(id), nullptr);
      EXPECT_EQ(view.Allocate(id).bytes, 0u);
      EXPECT_EQ(view.GetPtr(5), nullptr);
    }
  }
}

// Scratch in the way of a plan: an error, and the old plan stays where it was.
TEST(TensorPool, PlansAroundScratchOrSaysThatItIsInTheWay) {
  PoolOptions aligned;
  aligned.alignment = 8192;
  TensorPool pool(1 << 16, aligned);
  pool.RegisterGraph({{0, {}, {0}}}, {{0, 100}});
  const TensorHandle first = pool.AllocateScratch(100);
  pool.FinalizePlan();
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(pool.GetPtr(0)) % 8192, 0u);
  EXPECT_NE(pool.GetPtr(0), first.ptr);

  TensorPool full(1 << 16);
  full.RegisterGraph({{0, {}, {0}}}, {{0, 1000}});
  full.FinalizePlan("first_fit");
  void* const before = full.GetPtr(0);
  const TensorHandle half = full.AllocateScratch(1 << 15);
  ASSERT_NE(half.ptr, nullptr);
  full.RegisterGraph({{0, {}, {0}}}, {{0, 1000}});
  full.FinalizePlan("first_fit");
  EXPECT_EQ(full.GetPtr(0), before);
  TensorPool small(1 << 16);
  small.RegisterGraph({{0, {}, {0}}}, {{0, 50000}});
  const TensorHandle in_the_way = small.AllocateScratch(1);
  EXPECT_TRUE(Refuses(ErrorCode::kInfeasible, {"50,000", "scratch of 1 bytes"}, [&] { small.FinalizePlan(); }));
  EXPECT_FALSE(small.finalized());
  EXPECT_EQ(small.FreeScratch(in_the_way), FreeStatus::kFreed);
  small.FinalizePlan();
  EXPECT_EQ(small.stats().allocations, 1);
}

// ---- buckets ----

struct Counting {
  std::shared_ptr<int> built = std::make_shared<int>(0);
  PlanCache::Builder builder() const {
    return [count = built](const Dims& dims) {
      ++*count;
      std::size_t bytes = 1;
      for (const std::int64_t d : dims) bytes *= static_cast<std::size_t>(d);
      return Chain(bytes);
    };
  }
};

TEST(PlanCache, PlansABucketOnceAndGetsTheLeastThatCovers) {
  const Counting counting;
  PlanCache cache(counting.builder(), {{1, 2, 4, 8}, {64, 128, 256}}, 8);
  EXPECT_EQ(cache.BucketOf({3, 65}), (Dims{4, 128}));
  EXPECT_EQ(cache.BucketOf({8, 256}), (Dims{8, 256}));
  EXPECT_EQ(cache.BucketOf({0, 1}), (Dims{1, 64}));
  EXPECT_EQ(cache.Get({1, 1}), nullptr) << "never plans";
  const auto large = cache.Prepare({8, 200});
  const auto small = cache.Prepare({3, 100});
  EXPECT_EQ(cache.Prepare({4, 128}), small);
  EXPECT_EQ(*counting.built, 2);
  EXPECT_EQ(cache.Get({1, 1}), small);
  EXPECT_EQ(cache.Get({4, 128}), small);
  EXPECT_EQ(cache.Get({4, 129}), large);
  EXPECT_EQ(cache.Get({8, 257}), nullptr);
  EXPECT_EQ(cache.Get({1}), nullptr);
  EXPECT_EQ(*counting.built, 2);
  const PlanCacheStats stats = cache.stats();
  EXPECT_EQ(stats.plans_made, 2);
  EXPECT_EQ(stats.hits, 3);
  EXPECT_EQ(stats.misses, 3);
  EXPECT_EQ(stats.kept, 2u);
  EXPECT_GT(cache.metadata_bytes(), small->metadata_bytes() + large->metadata_bytes());
}

TEST(PlanCache, KeepsNoMoreThanItMayAndDropsTheLeastRecentlyUsed) {
  const Counting counting;
  PlanCache cache(counting.builder(), {{1, 2, 3, 4, 5}}, 3);
  const auto held = cache.Prepare({1});
  (void)cache.Prepare({2});
  (void)cache.Prepare({3});
  (void)cache.Get({1});
  (void)cache.Prepare({2});
  (void)cache.Prepare({4});  // 3 goes
  EXPECT_EQ(cache.stats().kept, 3u);
  EXPECT_EQ(cache.stats().evicted, 1);
  EXPECT_EQ(cache.Get({3})->required_bytes(), cache.Prepare({4})->required_bytes()) << "3 is gone, 4 covers";
  (void)cache.Prepare({5});  // 1 goes
  EXPECT_EQ(held->View(nullptr).Allocate(0).bytes, 1u) << "who has a plan keeps it";
  EXPECT_EQ(cache.stats().plans_made, 5);
  EXPECT_EQ(cache.Prepare({1})->required_bytes(), held->required_bytes());
  EXPECT_EQ(cache.stats().plans_made, 6) << "planned anew, once dropped";
  EXPECT_EQ(cache.stats().kept, 3u);
}

TEST(PlanCache, RefusesWhatItCannotServe) {
  const Counting counting;
  using Buckets = std::vector<std::vector<std::int64_t>>;
  for (const Buckets& wrong : {Buckets{{}}, Buckets{{0, 1}}, Buckets{{2, 2}}, Buckets{{1, 2}, {3, 1}}}) {
    EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"ascending"}, [&] { PlanCache(counting.builder(), wrong, 1); }));
  }
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"keep"}, [&] { PlanCache(counting.builder(), {{1}}, 0); }));
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"builder"}, [&] { PlanCache({}, {{1}}, 1); }));
  PlanCache cache(counting.builder(), {{4}}, 1);
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"dimension 0", "5", "4"}, [&] { cache.Prepare({5}); }));
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"2 dimensions"}, [&] { cache.Prepare({1, 1}); }));
  PlanCache failing([](const Dims&) -> Graph { throw Error(ErrorCode::kUnsupported, "no"); }, {{4}}, 1);
  EXPECT_TRUE(Refuses(ErrorCode::kUnsupported, {"no"}, [&] { failing.Prepare({1}); }));
  EXPECT_EQ(failing.stats().plans_made, 0);
  EXPECT_EQ(failing.Get({1}), nullptr);
}

}  // namespace
}  // namespace orionrt::scratch_test
