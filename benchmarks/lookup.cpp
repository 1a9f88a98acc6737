// What a planned tensor costs at run time, beside the least it could: base + offset[i] in a loop.
#include <benchmark/benchmark.h>

#include <numeric>
#include <vector>

#include "instances.hpp"
#include "orionrt/tensor_pool.hpp"

namespace {

using namespace orionrt;

constexpr int kTensors = 1000;

// A chain of kTensors ops with ids 0, stride, 2 * stride...
void Register(TensorPool& pool, int stride) {
  std::vector<OpNode> ops;
  std::vector<TensorDesc> tensors;
  for (int i = 0; i < kTensors; ++i) {
    ops.push_back({i, i > 0 ? std::vector<int>{(i - 1) * stride} : std::vector<int>{}, {i * stride}});
    tensors.push_back({i * stride, 1024});
  }
  pool.RegisterGraph(ops, tensors);
  pool.FinalizePlan();
}

void Report(benchmark::State& state) {
  state.counters["per_tensor"] =
      benchmark::Counter(kTensors, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void Allocate(benchmark::State& state, int stride) {
  TensorPool pool(1 << 20);
  Register(pool, stride);
  for (auto _ : state) {
    for (int i = 0; i < kTensors; ++i) {
      void* pointer = pool.Allocate(i * stride).ptr;
      benchmark::DoNotOptimize(pointer);
    }
  }
  Report(state);
}
BENCHMARK_CAPTURE(Allocate, dense, 1);
BENCHMARK_CAPTURE(Allocate, sparse, 1000);

void RawBasePlusOffset(benchmark::State& state) {
  std::vector<std::byte> memory(1 << 20);
  std::vector<std::int64_t> offsets(kTensors);
  std::iota(offsets.begin(), offsets.end(), 0);
  std::byte* base = memory.data();
  for (auto _ : state) {
    for (int i = 0; i < kTensors; ++i) {
      std::byte* pointer = base + offsets[i];
      benchmark::DoNotOptimize(pointer);
    }
  }
  Report(state);
}
BENCHMARK(RawBasePlusOffset);

}  // namespace
