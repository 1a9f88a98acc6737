// The policies that search. `auto`: all there is (plan/one_stream.hpp, plan/clocks/stream_plan.hpp). `exact`: the exact
// search alone.
#include "plan/clocks/stream_plan.hpp"
#include "plan/exact/exact.hpp"
#include "plan/exact/improve.hpp"
#include "plan/one_stream.hpp"
#include "plan/policies.hpp"

namespace orionrt {

Plan PlanAuto(const Problem& problem, const PlanOptions& options) {
  if (NeedsStreams(problem)) return PlanStreams(problem, options);
  OneStreamBudget budget = BudgetOf(problem.buffers.size(), options.effort);
  Watch watch(options, budget.total());
  Plan plan = PlanOneStream(problem, options, budget, watch);
  watch.Seal(plan);
  return plan;
}

Plan PlanExact(const Problem& problem, const PlanOptions& options) {
  if (NeedsStreams(problem)) return PlanStreamsExact(problem, options);
  Plan plan = PlanGreedyBySize(problem, options);
  plan.peak_bytes = PeakOf(problem, plan.offsets);
  if (!ExactCarries(problem)) plan.policy = "exact:greedy_by_size";  // too many to search, and the plan says so
  // More than `auto` gives it, where it is all there is: fast, balanced, thorough.
  constexpr std::int64_t kWork[] = {20'000'000, 10'000'000'000, 400'000'000'000};
  const std::int64_t work = kWork[static_cast<int>(options.effort)], bound = LowerBound(problem).lower_bound_bytes;
  Watch watch(options, work);
  watch.Enter("exact");
  watch.Reach(plan.peak_bytes);
  watch.Prove(bound);
  ImproveBySearch(problem, bound, options, work, watch, plan);
  watch.Seal(plan);
  return plan;
}

}  // namespace orionrt
