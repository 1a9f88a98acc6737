// The default: several policies, the lowest peak of them.
#include <utility>

#include "plan/policies.hpp"

namespace orionrt {

Plan PlanAuto(const Problem& problem, const PlanOptions& options) {
  const std::int64_t bound = LowerBound(problem).lower_bound_bytes;
  Plan best;
  for (const auto& [name, plan] :
       {std::pair{"greedy_by_size", PlanGreedyBySize}, {"best_fit", PlanBestFit}, {"first_fit", PlanFirstFit}}) {
    Plan candidate = plan(problem, options);
    candidate.peak_bytes = PeakOf(problem, candidate.offsets);
    candidate.policy = std::string("auto:") + name;
    if (best.offsets.empty() || candidate.peak_bytes < best.peak_bytes) best = std::move(candidate);
    if (best.peak_bytes == bound) break;
  }
  return best;
}

}  // namespace orionrt
