// What several threads may do at once; run under the thread sanitizer too.
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "orionrt/orionrt.hpp"

namespace orionrt {
namespace {

TEST(Threads, ReadOneFinalizedPool) {
  TensorPool pool(1 << 20);
  std::vector<OpNode> ops;
  std::vector<TensorDesc> tensors;
  for (int i = 0; i < 100; ++i) {
    ops.push_back({i, {}, {i * 70001}});
    tensors.push_back({i * 70001, 64, 0, kOutput});
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

}  // namespace
}  // namespace orionrt
