// What a planned tensor costs at run time, beside the least it could: base + offset[i] in a loop. And beside it what a
// buddy serves.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <numeric>
#include <vector>

#include "orionrt/orionrt.hpp"
#ifdef ORIONRT_BENCH_MODEL
#include "orionrt/import.hpp"
#endif

namespace {

using namespace orionrt;

// The value is in a register, and what is in memory may have changed: as if a kernel had been called with it.
// (benchmark::DoNotOptimize would be content with a pointer that still lies in the table, and skip its load.)
template <typename T>
inline void Use(T value) {
  asm volatile("" : : "r"(value) : "memory");
}

// A chain of n ops with ids 0, stride, 2 * stride...
Graph Chain(int n, int stride) {
  std::vector<OpNode> ops;
  std::vector<TensorDesc> tensors;
  for (int i = 0; i < n; ++i) {
    ops.push_back({i, i > 0 ? std::vector<int>{(i - 1) * stride} : std::vector<int>{}, {i * stride}, {}, {}});
    tensors.push_back({i * stride, 1024, 0, 0, {}, {}, {}});
  }
  return Graph(std::move(ops), std::move(tensors));
}

// The model that ORIONRT_MODEL names, light_resnet50 where it is, or a chain as long.
Graph Model() {
#ifdef ORIONRT_BENCH_MODEL
  const char* const asked = std::getenv("ORIONRT_MODEL");
  const std::string path = asked != nullptr ? asked : ORIONRT_BENCH_MODEL;
  std::ifstream file(path, std::ios::binary);
  if (file) {
    ImportOptions options;
    options.default_dim = 1;
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    return ImportOnnx(bytes, path, options).graph;
  }
#endif
  std::fprintf(stderr, "no model: a chain of 176 ops in its place\n");
  return Chain(176, 1);
}

// Every tensor that a step of the graph asks for, in order: the inputs and the outputs of each op.
std::vector<int> StepOf(const Graph& graph) {
  std::vector<int> ids;
  for (const OpNode& op : graph.ops()) {
    ids.insert(ids.end(), op.inputs.begin(), op.inputs.end());
    ids.insert(ids.end(), op.outputs.begin(), op.outputs.end());
  }
  return ids;
}

void PerTensor(benchmark::State& state, std::size_t count) {
  state.counters["per_tensor"] = benchmark::Counter(
      static_cast<double>(count), benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void Dense(benchmark::State& state, int stride) {
  TensorPool pool(1 << 20);
  pool.RegisterGraph(Chain(1000, stride));
  pool.FinalizePlan();
  for (auto _ : state) {
    for (int i = 0; i < 1000; ++i) {
      Use(pool.Allocate(i * stride).ptr);
    }
  }
  PerTensor(state, 1000);
}
BENCHMARK_CAPTURE(Dense, allocate, 1);
BENCHMARK_CAPTURE(Dense, allocate_sparse_ids, 1000);

void DenseRaw(benchmark::State& state) {
  std::vector<std::byte> memory(1 << 20);
  std::vector<std::int64_t> offsets(1000);
  std::iota(offsets.begin(), offsets.end(), 0);
  std::byte* base = memory.data();
  for (auto _ : state) {
    for (int i = 0; i < 1000; ++i) {
      Use(base + offsets[static_cast<std::size_t>(i)]);
    }
  }
  PerTensor(state, 1000);
}
BENCHMARK(DenseRaw);

// ---- one step of a model: the same ids by each way, in turn, in one run ----

// Least nanoseconds of one call, of many rounds. The least: what disturbs only adds.
class Least {
 public:
  template <typename Call>
  void Time(Call&& call) {
    constexpr int kCalls = 50;
    const auto begin = std::chrono::steady_clock::now();
    for (int k = 0; k < kCalls; ++k) call();
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
    least_ = std::min(least_, took.count() / kCalls);
  }
  double value() const { return least_; }

 private:
  double least_ = 1e30;
};

// Each loop a function of its own, so that none is compiled to suit another.
template <typename Table>
__attribute__((noinline, aligned(64))) void AllPointers(const Table& table, const std::vector<int>& ids) {
  for (const int id : ids) {
    Use(table.Allocate(id).ptr);
  }
}
template <typename Table>
__attribute__((noinline, aligned(64))) void AllHandles(const Table& table, const std::vector<int>& ids) {
  for (const int id : ids) {
    const TensorHandle handle = table.Allocate(id);
    Use(handle.ptr);
    Use(handle.bytes);
  }
}
__attribute__((noinline, aligned(64))) void RawOffsets(std::byte* base, const std::int64_t* offsets,
                                                       const std::vector<int>& ids) {
  for (const int id : ids) {
    Use(base + offsets[id]);
  }
}

__attribute__((noinline, aligned(64))) void Addresses(void* const* addresses, const std::vector<int>& positions) {
  for (const int position : positions) {
    Use(addresses[position]);
  }
}

// ns per tensor, and each as a multiple of the raw loop.
void ModelStep(benchmark::State& state) {
  const Graph graph = Model();
  const std::vector<int> ids = StepOf(graph);
  const auto plan = SharedPlan::Make({{graph, 0, {}}});
  TensorPool pool(plan->required_bytes());
  pool.RegisterGraph(graph);
  pool.FinalizePlan();
  const Arena memory = Arena::Host(plan->required_bytes(), plan->base_alignment());
  const TensorView view = plan->View(memory.base());
  std::vector<std::int64_t> offsets(static_cast<std::size_t>(*std::max_element(ids.begin(), ids.end())) + 1);
  auto* const base = static_cast<std::byte*>(pool.GetPtr(graph.tensors()[0].id));
  for (const int id : ids) {
    offsets[static_cast<std::size_t>(id)] = static_cast<std::byte*>(pool.GetPtr(id)) - base;
  }
  std::vector<int> positions;  // of the same tensors in graph.tensors(), as an engine would keep them
  for (const int id : ids) {
    const auto& tensors = pool.graph().tensors();
    const auto at = std::find_if(tensors.begin(), tensors.end(), [id](const auto& tensor) { return tensor.id == id; });
    positions.push_back(static_cast<int>(at - tensors.begin()));
  }
  Least raw, pointers, handles, viewed, addressed;
  for (auto _ : state) {
    raw.Time([&] { RawOffsets(base, offsets.data(), ids); });
    pointers.Time([&] { AllPointers(pool, ids); });
    handles.Time([&] { AllHandles(pool, ids); });
    viewed.Time([&] { AllPointers(view, ids); });
    addressed.Time([&] { Addresses(pool.addresses(), positions); });
  }
  const auto n = static_cast<double>(ids.size());
  state.counters["tensors"] = n;
  state.counters["raw_ns"] = raw.value() / n;
  state.counters["allocate_ns"] = pointers.value() / n;
  state.counters["handle_ns"] = handles.value() / n;
  state.counters["view_ns"] = viewed.value() / n;
  state.counters["addresses_ns"] = addressed.value() / n;
  state.counters["allocate_x"] = pointers.value() / raw.value();
  state.counters["handle_x"] = handles.value() / raw.value();
  state.counters["view_x"] = viewed.value() / raw.value();
  state.counters["addresses_x"] = addressed.value() / raw.value();
}
BENCHMARK(ModelStep)->Iterations(2000);

// What the guard costs a step in which the ops do nothing, and the arena that it needs on top of the plan.
void GuardedStep(benchmark::State& state, int quarantine_ops, bool no_reuse, bool pages) {
  const Graph graph = Model();
  PoolOptions options;
  options.guard = GuardOptions();
  options.guard->quarantine_ops = quarantine_ops;
  options.guard->no_reuse = no_reuse;
  options.guard->pages = pages;
  TensorPool pool(std::size_t{1} << 28, options);
  pool.RegisterGraph(graph);
  pool.FinalizePlan();
  for (auto _ : state) {
    for (const OpNode& op : graph.ops()) {
      pool.BeginOp(op.id);
      pool.EndOp();
    }
    pool.EndRun();
  }
  state.counters["plan_MiB"] = static_cast<double>(RequiredBytes(pool.plan())) / 0x1p20;
  state.counters["guard_MiB"] = static_cast<double>(pool.guard_bytes()) / 0x1p20;
}
BENCHMARK_CAPTURE(GuardedStep, canaries, 0, false, false)->Unit(benchmark::kMillisecond)->Iterations(1);
BENCHMARK_CAPTURE(GuardedStep, quarantine, GuardOptions().quarantine_ops, false, false)
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1);
BENCHMARK_CAPTURE(GuardedStep, no_reuse, 0, true, false)->Unit(benchmark::kMillisecond)->Iterations(1);
BENCHMARK_CAPTURE(GuardedStep, pages, 0, true, true)->Unit(benchmark::kMillisecond)->Iterations(1);

// ---- scratch ----

void ScratchPair(benchmark::State& state) {
  SharedArenaOptions options;
  options.scratch_bytes = 64 << 20;
  SharedArena arena(SharedPlan::Make({{Chain(10, 1), 0, {}}}), options);
  for (auto _ : state) {
    const TensorHandle scratch = arena.AllocateScratch(static_cast<std::size_t>(state.range(0)));
    Use(scratch.ptr);
    (void)arena.FreeScratch(scratch);
  }
}
BENCHMARK(ScratchPair)->Arg(256)->Arg(1 << 20);

}  // namespace
