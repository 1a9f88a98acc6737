#include <gtest/gtest.h>

#include <climits>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>
#include <vector>

#include "assigned.hpp"
#include "orionrt/orionrt.hpp"
#include "refuses.hpp"

namespace orionrt::pool_test {
namespace {

using tests::Refuses;

std::vector<OpNode> QuickstartOps() { return {{0, {}, {0}}, {1, {0}, {1}}, {2, {1}, {2}}, {3, {2}, {}}}; }
std::vector<TensorDesc> QuickstartTensors() { return {{0, 1024}, {1, 2048}, {2, 1024}}; }

// Borrowed memory whose base is aligned to 4096 and no more; bytes behind the end are there to be seen untouched.
class Memory {
 public:
  explicit Memory(std::size_t bytes) : bytes_(bytes), arena_(Arena::Host(bytes + 64, 4096)) {}
  std::byte* base() const { return arena_.base(); }
  std::size_t bytes() const { return bytes_; }

 private:
  std::size_t bytes_;
  Arena arena_;
};

TEST(TensorPool, RunsTheQuickstart) {
  TensorPool pool(64 * 1024 * 1024);
  pool.RegisterGraph(QuickstartOps(), QuickstartTensors());
  pool.FinalizePlan();
  const TensorHandle handle = pool.Allocate(1);
  EXPECT_NE(handle.ptr, nullptr);
  EXPECT_EQ(handle.bytes, 2048u);
  EXPECT_EQ(pool.GetPtr(1), handle.ptr);
  EXPECT_EQ(pool.peak_bytes(), 3072u);
  EXPECT_EQ(pool.capacity(), 64u * 1024 * 1024);
  EXPECT_TRUE(pool.finalized());
  EXPECT_EQ(pool.Allocate(1).ptr, handle.ptr) << "the same place every time";
  pool.Release(1);
  EXPECT_EQ(pool.Allocate(1).ptr, handle.ptr) << "release is a no-op";
  static_assert(noexcept(pool.Allocate(1))&& noexcept(pool.GetPtr(1))&& noexcept(pool.Release(1)));
}

TEST(TensorPool, KnowsNoTensorBeforeThePlanIsFinalized) {
  TensorPool pool(1 << 16);
  EXPECT_EQ(pool.Allocate(0).ptr, nullptr);
  EXPECT_FALSE(pool.finalized());
  EXPECT_EQ(pool.peak_bytes(), 0u);
  pool.RegisterGraph(QuickstartOps(), QuickstartTensors());
  EXPECT_EQ(pool.Allocate(0).ptr, nullptr);
  EXPECT_EQ(pool.Allocate(0).bytes, 0u);
  EXPECT_FALSE(pool.finalized());
}

TEST(TensorPool, GivesNothingForUnknownIds) {
  for (const int stride : {1, 1000003}) {
    TensorPool pool(1 << 16);
    pool.RegisterGraph({{0, {}, {0, stride, 2 * stride}}}, {{0, 8}, {stride, 8}, {2 * stride, 8}});
    pool.FinalizePlan();
    for (const int unknown : {-1, INT_MIN, INT_MAX, 2 * stride + 1, 60, 100, 500}) {
      EXPECT_EQ(pool.Allocate(unknown).ptr, nullptr) << unknown;
      EXPECT_EQ(pool.Allocate(unknown).bytes, 0u) << unknown;
      EXPECT_EQ(pool.GetPtr(unknown), nullptr) << unknown;
      pool.Release(unknown);
    }
    EXPECT_NE(pool.GetPtr(2 * stride), nullptr);
  }
}

TEST(TensorPool, ServesSparseIds) {
  TensorPool pool(1 << 16);
  pool.RegisterGraph({{7, {}, {INT_MAX}}, {3, {INT_MAX}, {0}}, {9, {0}, {1 << 30}}},
                     {{1 << 30, 30}, {INT_MAX, 10}, {0, 20}});
  pool.FinalizePlan();
  EXPECT_EQ(pool.Allocate(INT_MAX).bytes, 10u);
  EXPECT_EQ(pool.Allocate(0).bytes, 20u);
  EXPECT_EQ(pool.Allocate(1 << 30).bytes, 30u);
  EXPECT_NE(pool.GetPtr(INT_MAX), pool.GetPtr(0));
}

TEST(TensorPool, RequiredBytesAreEnoughAndOneLessIsNot) {
  Graph graph(QuickstartOps(), {{0, 1000, 0, 0, "a"}, {1, 2024, 0, 0, "b"}, {2, 900, 0, 0, "c"}});
  const Lowered lowered = MakeProblem(graph, GraphLiveness(graph), kArenaAlignment);
  const Plan plan = ReusePlanner().Run(lowered.problem);
  const std::size_t required = RequiredBytes(plan);
  EXPECT_EQ(required, 3024u + 24u) << "the padding between, and none behind";

  Memory memory(required);
  TensorPool pool(memory.base(), required);
  pool.RegisterGraph(graph);
  pool.FinalizePlan();
  EXPECT_EQ(pool.peak_bytes(), required);
  for (const int id : {0, 1, 2}) {
    auto* const begin = static_cast<std::byte*>(pool.GetPtr(id));
    EXPECT_GE(begin, memory.base());
    EXPECT_LE(begin + pool.Allocate(id).bytes, memory.base() + required);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(begin) % kArenaAlignment, 0u);
  }

  TensorPool tight(memory.base(), required - 1);
  tight.RegisterGraph(graph);
  EXPECT_TRUE(Refuses(ErrorCode::kInfeasible, {"3,047 bytes", "3,048", "1 short", "step 1", "\"b\"", "\"a\""},
                      [&] { tight.FinalizePlan(); }));
  EXPECT_FALSE(tight.finalized());
  EXPECT_EQ(tight.Allocate(0).ptr, nullptr);
  EXPECT_TRUE(
      Refuses(ErrorCode::kInfeasible, {"3,048", "3,047"}, [&] { tight.LoadPlan(tests::AssignmentOf(graph, plan)); }));
}

TEST(TensorPool, AnArenaWithoutBytesIsRefusedLikeOneTooSmall) {
  TensorPool pool(nullptr, 0);
  pool.RegisterGraph(QuickstartOps(), QuickstartTensors());
  EXPECT_TRUE(Refuses(ErrorCode::kInfeasible, {"3,072"}, [&] { pool.FinalizePlan(); }));
}

TEST(TensorPool, FitsAnyArenaExactly) {
  // Peaks around the pool's own granularity and around powers of two.
  for (const std::size_t bytes :
       {1u, 4095u, 4096u, 4097u, 8191u, 8193u, 12288u, 12289u, 20479u, 20481u, 65537u, 1000000u}) {
    Memory memory(bytes);
    TensorPool pool(memory.base(), bytes);
    pool.RegisterGraph({{0, {}, {0}}}, {{0, bytes}});
    pool.FinalizePlan();
    EXPECT_EQ(pool.GetPtr(0), memory.base());
    EXPECT_GE(pool.stats().used_bytes, static_cast<std::int64_t>(bytes));
    for (const std::size_t spare : {1u, 4096u, 100000u}) {
      Memory larger(bytes + spare);
      TensorPool roomy(larger.base(), larger.bytes());
      roomy.RegisterGraph({{0, {}, {0}}}, {{0, bytes}});
      roomy.FinalizePlan();
      auto* const at = static_cast<std::byte*>(roomy.GetPtr(0));
      EXPECT_GE(at, larger.base());
      EXPECT_LE(at + bytes, larger.base() + larger.bytes());
    }
  }
}

TEST(TensorPool, LoadsAPlanMadeElsewhere) {
  const Graph graph(QuickstartOps(), QuickstartTensors());
  const Lowered lowered = MakeProblem(graph, GraphLiveness(graph), kArenaAlignment);
  const Plan plan = ReusePlanner("no_reuse").Run(lowered.problem);
  TensorPool pool(1 << 20);
  pool.RegisterGraph(graph);
  pool.LoadPlan(tests::AssignmentOf(graph, plan));
  EXPECT_TRUE(pool.finalized());
  EXPECT_EQ(pool.peak_bytes(), 4096u);
  EXPECT_TRUE(pool.plan().offsets.empty()) << "nothing was planned here";
  EXPECT_EQ(static_cast<std::byte*>(pool.GetPtr(1)) - static_cast<std::byte*>(pool.GetPtr(0)),
            plan.offsets[1] - plan.offsets[0]);
}

TEST(TensorPool, RefusesAPlanForAnotherGraphOrAlignment) {
  const Graph graph(QuickstartOps(), QuickstartTensors());
  std::vector<TensorDesc> other_tensors = QuickstartTensors();
  other_tensors[1].bytes += 64;
  const Graph other(QuickstartOps(), other_tensors);
  TensorPool pool(1 << 20);
  pool.RegisterGraph(graph);
  const auto plan_for = [](const Graph& g, std::int64_t alignment) {
    return tests::AssignmentOf(g, ReusePlanner().Run(MakeProblem(g, GraphLiveness(g), alignment).problem), alignment);
  };
  EXPECT_TRUE(
      Refuses(ErrorCode::kBadInput, {"another graph", "graph_id"}, [&] { pool.LoadPlan(plan_for(other, 64)); }));
  EXPECT_TRUE(
      Refuses(ErrorCode::kBadInput, {"32", "PoolOptions::alignment"}, [&] { pool.LoadPlan(plan_for(graph, 32)); }));
  EXPECT_FALSE(pool.finalized());
}

TEST(TensorPool, JudgesALoadedPlanThoughItsGraphIsRight) {
  const Graph graph(QuickstartOps(), {{0, 1024, 0, 0, "a"}, {1, 2048, 0, 0, "b"}, {2, 1024, 0, 0, "c"}});
  TensorPool pool(1 << 20);
  pool.RegisterGraph(graph);
  Assignment assignment = tests::LaidOut(tests::AsGiven(graph));
  assignment.tensors[1].offset = assignment.tensors[0].offset;
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"\"a\"", "\"b\"", "step 1"}, [&] { pool.LoadPlan(assignment); }));
  EXPECT_FALSE(pool.finalized());
}

TEST(TensorPool, LoadsItsOwnPlanAgain) {
  TensorPool pool(1 << 20);
  pool.RegisterGraph(QuickstartOps(), QuickstartTensors());
  pool.FinalizePlan();
  void* const before = pool.GetPtr(2);
  pool.LoadPlan(pool.assignment());  // the argument lies in the pool itself
  EXPECT_EQ(pool.GetPtr(2), before);
}

TEST(TensorPool, GivesTheTableOfAddresses) {
  TensorPool pool(1 << 20);
  pool.RegisterGraph({{0, {}, {7}}, {1, {7}, {3}}, {2, {3}, {}}}, {{3, 64}, {7, 128}});
  pool.FinalizePlan();
  EXPECT_EQ(pool.addresses()[0], pool.GetPtr(3)) << "by position, not by id";
  EXPECT_EQ(pool.addresses()[1], pool.GetPtr(7));
}

TEST(TensorPool, RefusesCallsOutOfOrder) {
  TensorPool pool(1 << 16);
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"RegisterGraph"}, [&] { pool.FinalizePlan(); }));
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"RegisterGraph"}, [&] { pool.LoadPlan({}); }));
  pool.RegisterGraph(QuickstartOps(), QuickstartTensors());
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"linear_scan"}, [&] { pool.FinalizePlan("no such policy"); }));
}

TEST(TensorPool, RefusesABaseThatIsLessAlignedThanATensorWants) {
  Memory memory(1 << 16);
  TensorPool pool(memory.base() + 32, 1 << 15);
  pool.RegisterGraph(QuickstartOps(), QuickstartTensors());
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"aligned to 64"}, [&] { pool.FinalizePlan(); }));
  PoolOptions options;
  options.alignment = 32;
  TensorPool modest(memory.base() + 32, 1 << 15, options);
  modest.RegisterGraph(QuickstartOps(), QuickstartTensors());
  EXPECT_NO_THROW(modest.FinalizePlan());
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(modest.GetPtr(0)) % 32, 0u);
}

TEST(TensorPool, HonoursATensorsOwnAlignment) {
  TensorPool pool(1 << 20);
  pool.RegisterGraph({{0, {}, {0, 1, 2}}}, {{0, 100}, {1, 100, 4096}, {2, 100, 1024}});
  pool.FinalizePlan();
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(pool.GetPtr(1)) % 4096, 0u);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(pool.GetPtr(2)) % 1024, 0u);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(pool.GetPtr(0)) % 64, 0u);
}

TEST(TensorPool, RefusesOptionsThatMakeNoSense) {
  PoolOptions options;
  for (const std::size_t alignment : {std::size_t{0}, std::size_t{48}, std::size_t{5000}, SIZE_MAX}) {
    options.alignment = alignment;
    EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"power of two"}, [&] { TensorPool(1 << 16, options); })) << alignment;
    EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"power of two"}, [&] { TensorPool(nullptr, 0, options); })) << alignment;
  }
  EXPECT_TRUE(Refuses(ErrorCode::kOutOfMemory, {}, [] { TensorPool pool(SIZE_MAX / 2); }));
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {}, [] { TensorPool pool(nullptr, 4096); }));
}

TEST(TensorPool, ANewGraphReplacesTheOldOneAndItsPlan) {
  TensorPool pool(8192);
  pool.RegisterGraph({{0, {}, {0}}}, {{0, 8000}});
  pool.FinalizePlan();
  pool.RegisterGraph({{0, {}, {5}}}, {{5, 8100}});
  EXPECT_FALSE(pool.finalized());
  EXPECT_EQ(pool.Allocate(5).ptr, nullptr);
  EXPECT_EQ(pool.Allocate(0).ptr, nullptr);
  pool.FinalizePlan();
  EXPECT_EQ(pool.Allocate(5).bytes, 8100u) << "the old region was given back";
  EXPECT_EQ(pool.Allocate(0).ptr, nullptr);
  EXPECT_EQ(pool.stats().allocations, 1);
  pool.FinalizePlan("linear_scan");
  EXPECT_EQ(pool.plan().policy, "linear_scan");
  EXPECT_EQ(pool.stats().allocations, 1);
}

TEST(TensorPool, AFailedCallLeavesWhatWasThere) {
  TensorPool pool(1 << 16);
  pool.RegisterGraph(QuickstartOps(), QuickstartTensors());
  pool.FinalizePlan();
  void* const before = pool.GetPtr(1);
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {}, [&] { pool.RegisterGraph({{0, {9}, {}}}, {}); }));
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {}, [&] { pool.FinalizePlan("no such policy"); }));
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {}, [&] { pool.LoadPlan({}); }));
  PlanOptions options;
  options.capacity = 100;
  EXPECT_TRUE(Refuses(ErrorCode::kInfeasible, {"100 bytes"}, [&] { pool.FinalizePlan("auto", options); }));
  EXPECT_TRUE(pool.finalized());
  EXPECT_EQ(pool.GetPtr(1), before);
}

TEST(TensorPool, EmptyTensorsHaveAnAddressAndNoBytes) {
  TensorPool pool(1 << 16);
  pool.RegisterGraph({{0, {}, {0, 1}}}, {{0, 0}, {1, 64}});
  pool.FinalizePlan();
  EXPECT_NE(pool.GetPtr(0), nullptr);
  EXPECT_EQ(pool.Allocate(0).bytes, 0u);
}

// They looked like ids that the graph does not have.
TEST(TensorPool, EmptyTensorsHaveAnAddressAlsoWhereThereIsNoMemory) {
  for (const int stride : {1, 1000003}) {
    for (const bool guarded : {false, true}) {
      PoolOptions options;
      if (guarded) options.guard = GuardOptions();
      if (guarded) options.guard->canary_bytes = 0;
      TensorPool pool(Arena::Borrow(nullptr, 0), options);
      pool.RegisterGraph({{0, {}, {0, 2 * stride}}, {1, {0}, {stride}}},
                         {{0, 0}, {stride, 0, 1024}, {2 * stride, 0, 0, TensorRole::kOutput}});
      pool.FinalizePlan();
      pool.BeginOp(0);
      for (const int id : {0, 2 * stride}) {
        EXPECT_NE(pool.GetPtr(id), nullptr);
        EXPECT_EQ(pool.Allocate(id).bytes, 0u);
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(pool.GetPtr(id)) % kArenaAlignment, 0u);
      }
      pool.BeginOp(1);
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(pool.GetPtr(stride)) % 1024, 0u);
      pool.EndRun();
      EXPECT_EQ(pool.GetPtr(5), nullptr);
    }
  }
}

static_assert(!std::is_copy_constructible_v<TensorPool> && !std::is_copy_assignable_v<TensorPool>);
static_assert(!std::is_default_constructible_v<TensorPool>);

// Everything that may be asked of what was moved from: most of it looked into memories that were gone.
void ExpectEmpty(TensorPool& moved) {
  for (const int id : {-1, 0, 1, 2, 1000003, INT_MAX}) {
    EXPECT_EQ(moved.Allocate(id).ptr, nullptr) << id;
    EXPECT_EQ(moved.Workspace(id).ptr, nullptr) << id;
    moved.Release(id);
    moved.BeginOp(id);
  }
  moved.EndOp();
  moved.EndRun();
  int somewhere = 0;
  EXPECT_EQ(moved.AllocateScratch(1).ptr, nullptr);
  EXPECT_EQ(moved.FreeScratch({&somewhere, 1}), FreeStatus::kForeign);
  EXPECT_EQ(moved.FreeScratch({}), FreeStatus::kForeign);
  EXPECT_EQ(moved.stats().capacity + moved.stats().planned_bytes + moved.stats().used_bytes, 0);
  EXPECT_EQ(moved.memory_count(), 0);
  EXPECT_EQ(moved.capacity() + moved.peak_bytes() + moved.guard_bytes(), 0u);
  EXPECT_GT(moved.metadata_bytes(), 0u);
  EXPECT_FALSE(moved.finalized());
  EXPECT_EQ(moved.graph().tensors().size() + moved.assignment().tensors.size() + moved.plan().offsets.size(), 0u);
  EXPECT_EQ(moved.graph().IndexOf(0), -1);
  EXPECT_EQ(moved.plan().peak_bytes, 0);
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"moved"}, [&] { moved.FinalizePlan(); }));
  moved.RegisterGraph(QuickstartOps(), QuickstartTensors());
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"moved"}, [&] { moved.FinalizePlan(); }));
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"moved"}, [&] { moved.LoadPlan({}); }));
}

TEST(TensorPool, HasNothingOnceMovedFrom) {
  for (const int stride : {1, 1000003}) {
    for (const bool guarded : {false, true}) {
      PoolOptions options;
      if (guarded) options.guard = GuardOptions();
      const auto make = [&] {
        TensorPool pool(1 << 16, options);
        pool.RegisterGraph({{0, {}, {0}}, {stride, {0}, {stride}}}, {{0, 100}, {stride, 200}});
        pool.FinalizePlan();
        return pool;
      };
      TensorPool first = make();
      const std::size_t peak = first.peak_bytes();
      const TensorHandle scratch = first.AllocateScratch(50);
      TensorPool second = std::move(first);
      ExpectEmpty(first);
      TensorPool third = make();
      third = std::move(second);
      ExpectEmpty(second);
      TensorPool& itself = third;
      third = std::move(itself);
      EXPECT_TRUE(third.finalized());
      EXPECT_EQ(third.peak_bytes(), peak);
      third.BeginOp(0);
      EXPECT_EQ(third.Allocate(0).bytes, 100u);
      third.BeginOp(stride);
      EXPECT_EQ(third.Allocate(stride).bytes, 200u);
      third.EndRun();
      EXPECT_EQ(third.FreeScratch(scratch), FreeStatus::kFreed);
      first = std::move(third);
      EXPECT_TRUE(first.finalized()) << "serves again once another is moved into it";
      first.FinalizePlan();
      EXPECT_EQ(first.stats().allocations, 1);
    }
  }
}

// Any number was looked up among the memories as if it were one of theirs.
TEST(TensorPool, HasNoScratchInMemoriesThatItDoesNotHave) {
  TensorPool pool(1 << 16);
  const TensorHandle scratch = pool.AllocateScratch(100);
  for (const int memory : {-1, 1, 2, 3, INT_MIN, INT_MAX}) {
    EXPECT_EQ(pool.AllocateScratch(1, memory).ptr, nullptr) << memory;
    EXPECT_EQ(pool.FreeScratch(scratch, memory), FreeStatus::kForeign) << memory;
    EXPECT_EQ(pool.stats(memory).capacity, 0) << memory;
  }
  EXPECT_EQ(pool.FreeScratch(scratch), FreeStatus::kFreed);
}

TEST(TensorPool, PlansAGraphWithoutTensorsOrOps) {
  TensorPool pool(0);
  pool.RegisterGraph({}, {});
  pool.FinalizePlan();
  EXPECT_TRUE(pool.finalized());
  EXPECT_EQ(pool.peak_bytes(), 0u);
  TensorPool other(1 << 12);
  other.RegisterGraph({}, {{0, 100, 0, TensorRole::kInput | TensorRole::kOutput}});
  other.FinalizePlan();
  EXPECT_EQ(other.Allocate(0).bytes, 100u);
}

}  // namespace
}  // namespace orionrt::pool_test
