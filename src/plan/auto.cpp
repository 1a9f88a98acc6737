// The policies that search. `auto`: a portfolio of packings, which reaches the lower bound on most graphs; where it
// does not, an exact search improves on it, or proves that nothing can. `exact`: that search alone.
#include <algorithm>
#include <utility>

#include "plan/clocks/stream_plan.hpp"
#include "plan/exact/exact.hpp"
#include "plan/policies.hpp"
#include "plan/portfolio.hpp"

namespace orionrt {
namespace {

ExactLimits LimitsOf(const PlanOptions& options) {
  // fast, balanced, thorough
  constexpr std::int64_t kNodes[] = {30'000, 100'000, 20'000'000};
  constexpr std::int64_t kWork[] = {20'000'000, 1'000'000'000, 400'000'000'000};
  const auto effort = static_cast<int>(options.effort);
  return {kNodes[effort], kWork[effort], options.time_limit_seconds};
}

// Whether the question is answered without search: the best there can be, or, with a capacity, whether it fits.
bool IsAnswered(const Plan& plan, std::int64_t bound, const PlanOptions& options) {
  if (plan.peak_bytes <= std::max(bound, options.capacity)) return true;
  return options.capacity > 0 && bound > options.capacity;
}

// Takes over what a search found: a better plan, a higher bound. True if the plan is a new one.
bool Adopt(const Problem& problem, ExactResult result, Plan& plan) {
  const bool better = !result.offsets.empty() && result.peak < plan.peak_bytes;
  if (better) {
    plan.offsets = std::move(result.offsets);
    plan.peak_bytes = result.peak;
  }
  plan.time_limited |= result.time_limited;
  Certificate& certificate = plan.certificate;
  if (!result.witness.empty() && result.proven_bound > certificate.lower_bound_bytes) {
    certificate.lower_bound_bytes = result.proven_bound;
    certificate.bound_kind = BoundKind::kRefutation;
    certificate.witness = std::move(result.witness);
    certificate.witness_step = problem.buffers[certificate.witness.front()].lower;
    certificate.search_nodes = result.nodes;
  }
  return better;
}

// Searches for a better plan, a higher bound, or, with a capacity, any plan that fits. The plan at hand does not guide
// the search: so `auto` is never worse than `exact`. True if the plan is a new one.
bool Search(const Problem& problem, std::int64_t bound, const PlanOptions& options, Plan& plan) {
  if (IsAnswered(plan, bound, options) || !ExactCarries(problem)) return false;
  const ExactLimits limits = LimitsOf(options);
  bool better = false;
  if (options.capacity > 0) {
    better = Adopt(problem, FitExact(problem, options.capacity, limits), plan);
    if (IsAnswered(plan, std::max(bound, plan.certificate.lower_bound_bytes), options)) return better;
  }
  return Adopt(problem, SolveExact(problem, bound, nullptr, limits), plan) || better;
}

}  // namespace

Plan PlanAuto(const Problem& problem, const PlanOptions& options) {
  if (NeedsStreams(problem)) return PlanStreams(problem, options);
  const std::int64_t bound = LowerBound(problem).lower_bound_bytes;
  const bool searchable = ExactCarries(problem);
  Plan plan;
  const auto pack = [&](bool briefly) {
    PortfolioResult packed = RunPortfolio(problem, bound, options.effort, briefly);
    if (!plan.offsets.empty() && packed.peak >= plan.peak_bytes) return;
    plan.offsets = std::move(packed.offsets);
    plan.peak_bytes = packed.peak;
    plan.policy = "auto:" + packed.winner;
  };
  pack(searchable);
  if (searchable) {
    if (Search(problem, bound, options, plan)) plan.policy = "auto:exact";
    const std::int64_t proven = std::max(bound, plan.certificate.lower_bound_bytes);
    if (!IsAnswered(plan, proven, options)) pack(false);
  }
  return plan;
}

Plan PlanExact(const Problem& problem, const PlanOptions& options) {
  if (NeedsStreams(problem)) return PlanStreamsExact(problem, options);
  Plan plan = PlanGreedyBySize(problem, options);
  plan.peak_bytes = PeakOf(problem, plan.offsets);
  if (!ExactCarries(problem)) plan.policy = "exact:greedy_by_size";  // too many to search, and the plan says so
  Search(problem, LowerBound(problem).lower_bound_bytes, options, plan);
  return plan;
}

}  // namespace orionrt
