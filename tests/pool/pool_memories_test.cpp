// A TensorPool over several memories.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>

#include "orionrt/assignment.hpp"
#include "orionrt/memory.hpp"
#include "orionrt/tensor_pool.hpp"
#include "random_graph.hpp"
#include "refuses.hpp"

namespace orionrt::tests::pool_memories_test {
namespace {

Space NamedPool(const char* name) {
  Space pool;
  pool.name = name;
  return pool;
}

std::vector<SpaceMemory> Memories(std::size_t fast, std::size_t slow) {
  std::vector<SpaceMemory> memories;
  memories.push_back({NamedPool("sram"), Arena::Host(fast, 4096)});
  memories.push_back({NamedPool("dram"), Arena::Host(slow, 4096)});
  return memories;
}

bool LiesIn(const TensorHandle& handle, const std::byte* base, std::size_t bytes) {
  const auto* first = static_cast<const std::byte*>(handle.ptr);
  return first >= base && first + handle.bytes <= base + bytes;
}

TEST(PoolMemories, PutsEachTensorWhereItsPlanSays) {
  std::vector<SpaceMemory> memories = Memories(1024, 65536);
  const std::byte* const sram = memories[0].arena.base();
  const std::byte* const dram = memories[1].arena.base();
  std::map<PoolEvent, std::int64_t> told;
  PoolOptions options;
  options.log = [&told](PoolEvent event, std::int64_t bytes) { told[event] += bytes; };
  TensorPool pool(std::move(memories), options);
  TensorDesc pinned{3, 64};
  pinned.spaces = {"dram"};
  pool.RegisterGraph({{0, {}, {0}}, {1, {0}, {1}}, {2, {0, 1}, {2}}, {3, {2, 3}, {}}},
                     {{0, 4000}, {1, 512}, {2, 1024}, pinned});
  pool.FinalizePlan();
  EXPECT_TRUE(LiesIn(pool.Allocate(0), dram, 65536)) << "too large for the first";
  EXPECT_TRUE(LiesIn(pool.Allocate(1), dram, 65536)) << "cheaper to move than 2, which is alive with it";
  EXPECT_TRUE(LiesIn(pool.Allocate(2), sram, 1024));
  EXPECT_TRUE(LiesIn(pool.Allocate(3), dram, 65536)) << "pinned";
  EXPECT_EQ(told[PoolEvent::kTensorSpilled], 4512);
  EXPECT_EQ(pool.peak_bytes(), RequiredBytes(pool.assignment(), 0) + RequiredBytes(pool.assignment(), 1));
  EXPECT_EQ(pool.stats(0).planned_bytes, 1024);
  EXPECT_EQ(pool.AllocateScratch(64, 0).ptr, nullptr) << "the plan fills it";
  EXPECT_TRUE(LiesIn(pool.AllocateScratch(64, 1), dram, 65536));
}

TEST(PoolMemories, RunsGraphsWithRealBytes) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Random random(seed);
    RandomGraph made = MakeRandomGraph(random, 20, seed % 2 == 0);
    const Graph graph(std::move(made.ops), std::move(made.tensors));
    std::vector<SpaceMemory> memories = Memories(4096, std::size_t{1} << 22);
    TensorPool pool(std::move(memories));
    pool.RegisterGraph(graph);
    pool.FinalizePlan();
    std::map<int, unsigned char> holds;  // what each live tensor is filled with
    const auto write = [&](int id, int step) {
      const TensorHandle handle = pool.Allocate(id);
      holds[id] = static_cast<unsigned char>(id * 31 + step + 1);
      if (handle.bytes > 0) std::memset(handle.ptr, holds[id], handle.bytes);
    };
    for (const TensorDesc& tensor : graph.tensors()) {
      bool produced = false;
      for (const OpNode& op : graph.ops())
        for (int id : op.outputs) produced |= id == tensor.id;
      if (!produced) write(tensor.id, 0);
    }
    for (int step = 0; step < static_cast<int>(graph.ops().size()); ++step) {
      for (int id : graph.ops()[step].outputs) write(id, step);
      for (int id : graph.ops()[step].inputs) {
        const TensorHandle handle = pool.Allocate(id);
        const auto* bytes = static_cast<const unsigned char*>(handle.ptr);
        for (std::size_t i = 0; i < handle.bytes; ++i) {
          ASSERT_EQ(bytes[i], holds[id]) << "seed " << seed << " step " << step << " tensor " << id;
        }
      }
    }
  }
}

TEST(PoolMemories, LoadsAPlanMadeForTheSameTable) {
  const Graph graph({{0, {}, {0}}, {1, {0}, {1}}, {2, {1}, {}}}, {{0, 512}, {1, 1024}});
  Space sram = NamedPool("sram");
  sram.capacity = 1024;
  Space dram = NamedPool("dram");
  dram.capacity = 4096;
  LowerOptions options;
  options.spaces = {sram, dram};
  const Workload workload = Lower(graph, {}, options);
  const Assignment assignment = Assign(workload, PlanWorkload(workload, ReusePlanner()));
  const auto load = [&](std::size_t sram_bytes) {
    std::vector<SpaceMemory> memories;
    memories.push_back({sram, Arena::Host(sram_bytes, 4096)});
    memories.push_back({dram, Arena::Host(65536, 4096)});
    TensorPool pool(std::move(memories));
    pool.RegisterGraph(graph);
    pool.LoadPlan(assignment);
    return pool.Allocate(1).bytes;
  };
  EXPECT_EQ(load(1024), 1024u);
  EXPECT_EQ(load(2048), 1024u) << "an arena may be larger than its pool";
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"sram", "1,024", "1,000", "24 short"}, [&] { load(1000); }));
}

TEST(PoolMemories, RefusesWhatCannotWork) {
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"no memory"}, [] { TensorPool(std::vector<SpaceMemory>()); }));
  PoolOptions guarded;
  guarded.guard.emplace();
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"guard"}, [&] { TensorPool(Memories(64, 64), guarded); }));
  TensorPool pool(Memories(1024, 1024));
  pool.RegisterGraph({{0, {}, {0, 1, 2}}}, {{0, 1024}, {1, 1024}, {2, 64}});
  EXPECT_TRUE(Refuses(ErrorCode::kInfeasible, {"sram", "dram"}, [&] { pool.FinalizePlan(); }));
  TensorDesc lost{0, 64};
  lost.spaces = {"vram"};
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"vram", "sram"}, [&] {
    pool.RegisterGraph({{0, {}, {0}}}, {lost});
    pool.FinalizePlan();
  }));
}

TEST(PoolMemories, KeepsThePresentPlanWhenTheNextFindsNoRoom) {
  TensorPool pool(Memories(4096, 1 << 20));
  pool.RegisterGraph({{0, {}, {0}}, {1, {0}, {}}}, {{0, 1024}});
  pool.FinalizePlan();
  void* const place = pool.GetPtr(0);
  pool.RegisterGraph({{0, {}, {0}}, {1, {0}, {}}}, {{0, 4096}});
  const TensorHandle scratch = pool.AllocateScratch(1024, 0);
  ASSERT_NE(scratch.ptr, nullptr);
  EXPECT_TRUE(Refuses(ErrorCode::kInfeasible, {"scratch"}, [&] { pool.FinalizePlan(); }));
  EXPECT_EQ(pool.FreeScratch(scratch, 0), FreeStatus::kFreed);
  pool.FinalizePlan();
  EXPECT_EQ(pool.GetPtr(0), place);
}

TEST(PoolMemories, HugeArenasTakeFewBooks) {
  const std::uint64_t huge = std::min<std::uint64_t>(std::uint64_t{1} << 42, SIZE_MAX / 4 + 1);
  SimulatedMemory device(static_cast<std::size_t>(huge));
  const TensorPool pool(Arena::From(device, static_cast<std::size_t>(huge / 2)));
  EXPECT_LT(pool.metadata_bytes(), std::size_t{16} << 20);
}

}  // namespace
}  // namespace orionrt::tests::pool_memories_test
