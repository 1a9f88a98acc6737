// What several threads may do at once; run under the thread sanitizer too.
#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

#include "orionrt/orionrt.hpp"

namespace orionrt::threads_test {
namespace {

TEST(Threads, ReadOneFinalizedPool) {
  TensorPool pool(1 << 20);
  std::vector<OpNode> ops;
  std::vector<TensorDesc> tensors;
  for (int i = 0; i < 100; ++i) {
    ops.push_back({i, {}, {i * 70001}});
    tensors.push_back({i * 70001, 64, 0, TensorRole::kOutput});
  }
  pool.RegisterGraph(ops, tensors);
  pool.FinalizePlan();
  std::vector<int> wrong(8, 0);
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int round = 0; round < 200; ++round) {
        for (int i = 0; i < 100; ++i) {
          const TensorHandle handle = pool.Allocate(i * 70001);
          pool.Release(i * 70001);
          wrong[t] += handle.ptr == nullptr || handle.bytes != 64 || pool.GetPtr(i * 70001 + 1) != nullptr ? 1 : 0;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const int count : wrong) EXPECT_EQ(count, 0);
}

// Planning has no hidden state: the same problem, planned by many at once, gives the same bytes.
TEST(Threads, PlanAtTheSameTimeAlike) {
  Problem problem;
  for (int i = 0; i < 60; ++i) problem.buffers.push_back({i % 7, i % 7 + 1 + i % 5, 16 + i * 37 % 101});
  for (const Policy& policy : Policies()) {
    std::vector<Plan> plans(4);
    std::vector<std::thread> threads;
    for (Plan& plan : plans) {
      threads.emplace_back([&] { plan = ReusePlanner(policy).Run(problem, {Effort::kFast}); });
    }
    for (std::thread& thread : threads) thread.join();
    for (const Plan& plan : plans) EXPECT_EQ(plan.offsets, plans[0].offsets) << policy.name;
  }
}

Graph Chain(std::size_t bytes) {
  return Graph({{0, {0}, {1}, {}, {}}, {1, {1, 9}, {2}, {}, {}}}, {{0, bytes, 0, 0, {}, {}, {}},
                                                                   {1, bytes, 0, 0, {}, {}, {}},
                                                                   {2, bytes, 0, TensorRole::kOutput, {}, {}, {}},
                                                                   {9, 8, 0, TensorRole::kState, {}, {}, {}}});
}

// What a run of Chain leaves in tensor 2, and counts in its state.
bool RunChain(const TensorView& view, int value) {
  const auto fill = [&](int id, int with) { std::memset(view.GetPtr(id), with, view.Allocate(id).bytes); };
  const auto first = [&](int id) -> unsigned char& { return *static_cast<unsigned char*>(view.GetPtr(id)); };
  fill(0, value);
  fill(1, first(0) + 1);
  fill(2, first(1) + 1);
  ++first(9);
  return first(2) == static_cast<unsigned char>(value + 2);
}

TEST(Threads, RunOnePlanEachInMemoryOfItsOwn) {
  const auto plan = SharedPlan::Make({{Chain(1000), 0, {}}});
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&, t] {
      const SharedArena arena(plan);
      for (int round = 0; round < 50; ++round) right += RunChain(arena.View(), t * 40 + round % 40) ? 1 : 0;
      right += *static_cast<unsigned char*>(arena.View().GetPtr(9)) == 50 ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 6 * 51);
}

// Lanes of one arena at the same time, and scratch from all threads: no byte is anyone else's.
TEST(Threads, RunLanesOfOneArenaAndTakeScratch) {
  SharedArenaOptions options;
  options.scratch_bytes = 1 << 16;
  SharedArena arena(SharedPlan::Make({{Chain(1000), 0, {}}, {Chain(300), 1, {}}, {Chain(5000), 2, {}}}), options);
  const PoolStats before = arena.stats();
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      for (int round = 0; round < 200; ++round) {
        const TensorHandle scratch = arena.AllocateScratch(static_cast<std::size_t>(round * 13 % 3000 + 1));
        if (scratch.ptr != nullptr) std::memset(scratch.ptr, t, scratch.bytes);
        wrong += RunChain(arena.View(t), round % 200) ? 0 : 1;
        if (scratch.ptr == nullptr) continue;
        const auto* const bytes = static_cast<const unsigned char*>(scratch.ptr);
        for (std::size_t i = 0; i < scratch.bytes; ++i) wrong += bytes[i] == t ? 0 : 1;
        wrong += arena.FreeScratch(scratch) == FreeStatus::kFreed ? 0 : 1;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(arena.stats().scratch_bytes, 0);
  EXPECT_EQ(arena.stats().used_bytes, before.used_bytes);
  EXPECT_EQ(arena.stats().largest_free_bytes, before.largest_free_bytes);
}

TEST(Threads, PrepareAndGetPlansOfOneCache) {
  PlanCache cache([](const Dims& dims) { return Chain(static_cast<std::size_t>(dims[0])); }, {{16, 32, 64, 128, 256}},
                  3);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&, t] {
      for (int round = 0; round < 60; ++round) {
        const std::int64_t size = (t * 37 + round * 11) % 256 + 1;
        const auto plan = t < 2 ? cache.Prepare({size}) : cache.Get({size});
        wrong += plan != nullptr && plan->graph(0).tensors()[0].bytes < static_cast<std::size_t>(size) ? 1 : 0;
        wrong += cache.stats().kept > 3 ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Threads, PrepareABucketOnce) {
  std::atomic<int> built{0};
  PlanCache cache(
      [&](const Dims& dims) {
        ++built;
        return Chain(static_cast<std::size_t>(dims[0]));
      },
      {{64}}, 2);
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) threads.emplace_back([&] { (void)cache.Prepare({5}); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(built, 1);
  EXPECT_EQ(cache.stats().plans_made, 1);
}

// A guard takes a lock where a pool takes none.
TEST(Threads, AskAGuardedPool) {
  PoolOptions options;
  options.guard = GuardOptions();
  std::atomic<int> reports{0};
  options.guard->report = [&](const GuardReport&) { ++reports; };
  TensorPool pool(1 << 16, options);
  pool.RegisterGraph(Chain(100));
  pool.FinalizePlan();
  pool.BeginOp(0);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int round = 0; round < 50; ++round) (void)pool.Allocate(round % 2 == 0 ? 0 : 2);  // 2 is not born yet
    });
  }
  for (std::thread& thread : threads) thread.join();
  pool.EndRun();
  EXPECT_EQ(reports, 100);
}

}  // namespace
}  // namespace orionrt::threads_test
