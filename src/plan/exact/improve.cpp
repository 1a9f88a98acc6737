#include "plan/exact/improve.hpp"

#include <algorithm>
#include <utility>

#include "plan/exact/exact.hpp"

namespace orionrt {
namespace {

constexpr std::int64_t kNodes[] = {30'000, 100'000, 20'000'000};  // fast, balanced, thorough

// Takes over what a search found: a better plan, a higher bound. True if the plan is a new one.
bool Adopt(const Problem& problem, ExactResult result, Plan& plan) {
  const bool better = !result.offsets.empty() && result.peak < plan.peak_bytes;
  if (better) {
    plan.offsets = std::move(result.offsets);
    plan.peak_bytes = result.peak;
  }
  Certificate& certificate = plan.certificate;
  if (!result.witness.empty() && result.proven_bound > certificate.lower_bound_bytes) {
    certificate.lower_bound_bytes = result.proven_bound;
    certificate.bound_kind = BoundKind::kRefutation;
    certificate.witness = std::move(result.witness);
    certificate.witness_step = problem.buffers[static_cast<std::size_t>(certificate.witness.front())].lower;
    certificate.search_nodes = result.nodes;
  }
  return better;
}

}  // namespace

bool IsAnswered(const Plan& plan, std::int64_t bound, const PlanOptions& options) {
  if (plan.peak_bytes <= std::max(bound, options.capacity)) return true;
  return options.capacity > 0 && bound > options.capacity;
}

bool ImproveBySearch(const Problem& problem, std::int64_t bound, const PlanOptions& options, std::int64_t work,
                     Watch& watch, Plan& plan) {
  if (IsAnswered(plan, bound, options) || !ExactCarries(problem)) return false;
  const ExactLimits limits{kNodes[static_cast<int>(options.effort)], work, &watch};
  bool better = false;
  if (options.capacity > 0) {
    better = Adopt(problem, FitExact(problem, options.capacity, limits), plan);
    if (IsAnswered(plan, std::max(bound, plan.certificate.lower_bound_bytes), options)) return better;
  }
  return Adopt(problem, SolveExact(problem, bound, nullptr, limits), plan) || better;
}

}  // namespace orionrt
