// Every policy on traces of growing size, and `auto` by effort on dense problems that it does not settle: time, peak /
// lower bound, work as planning counts it, and the seconds that 10^9 of it take. A plain table over files is
// `orionrt compare`.
#include <benchmark/benchmark.h>

#include <chrono>
#include <string>

#include "instances.hpp"
#include "orionrt/planner.hpp"

namespace {

using namespace orionrt;

void PlanIt(benchmark::State& state, const Problem& problem, const Policy& policy, Effort effort) {
  PlanOptions options;
  options.effort = effort;
  Plan plan;
  const auto begun = std::chrono::steady_clock::now();
  for (auto _ : state) plan = policy.run(problem, options);
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begun;
  const auto bound = static_cast<double>(LowerBound(problem).lower_bound_bytes);
  state.counters["ratio"] = static_cast<double>(PeakOf(problem, plan.offsets)) / bound;
  state.counters["per_buffer"] = benchmark::Counter(
      static_cast<double>(state.range(0)), benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  if (plan.work == 0) return;  // of what does not count it
  const auto work = static_cast<double>(plan.work);
  state.counters["work"] = work;
  state.counters["s_per_1e9"] = spent.count() / static_cast<double>(state.iterations()) / work * 1e9;
}

void Register(const std::string& name, Problem (*make)(std::int64_t, std::uint64_t), const Policy& policy,
              Effort effort, std::int64_t most) {
  auto* bench = benchmark::RegisterBenchmark(name.c_str(), [make, &policy, effort](benchmark::State& state) {
    PlanIt(state, make(state.range(0), 1), policy, effort);
  });
  for (std::int64_t n = 1000; n <= most; n *= 10) bench->Arg(n);
  bench->Unit(benchmark::kMillisecond)->Iterations(1)->Repetitions(3)->ReportAggregatesOnly(true);
}

const int kRegistered = [] {
  for (const Policy& policy : Policies()) Register(policy.name, MakeTrace, policy, Effort::kBalanced, 1'000'000);
  Register("dense:fast", MakeDense, FindPolicy("auto"), Effort::kFast, 100'000);
  Register("dense:balanced", MakeDense, FindPolicy("auto"), Effort::kBalanced, 100'000);
  return 0;
}();

}  // namespace
