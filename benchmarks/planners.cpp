// Every policy on traces of growing size: time, peak / lower bound. A plain table over files is `orionrt compare`.
#include <benchmark/benchmark.h>

#include "instances.hpp"
#include "orionrt/planner.hpp"

namespace {

using namespace orionrt;

void PlanTrace(benchmark::State& state, const Policy& policy) {
  const Problem problem = MakeTrace(state.range(0), 1);
  Plan plan;
  for (auto _ : state) plan = policy.run(problem, {});
  const auto bound = static_cast<double>(LowerBound(problem).lower_bound_bytes);
  state.counters["ratio"] = static_cast<double>(PeakOf(problem, plan.offsets)) / bound;
  state.counters["per_buffer"] = benchmark::Counter(
      static_cast<double>(state.range(0)), benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

const int kRegistered = [] {
  for (const Policy& policy : Policies()) {
    auto* bench =
        benchmark::RegisterBenchmark(policy.name.c_str(), [&policy](benchmark::State& s) { PlanTrace(s, policy); });
    for (std::int64_t n = 1000; n <= 1000000; n *= 10) bench->Arg(n);
    bench->Unit(benchmark::kMillisecond)->Iterations(1)->Repetitions(3)->ReportAggregatesOnly(true);
  }
  return 0;
}();

}  // namespace
