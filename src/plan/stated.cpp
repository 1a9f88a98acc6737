#include "plan/stated.hpp"

#include <utility>

#include "base/checked.hpp"

namespace orionrt {

Plan StatedPlan(const Problem& problem, std::vector<std::int64_t> offsets, std::vector<int> spaces) {
  Plan plan;
  plan.offsets = std::move(offsets);
  if (problem.spaces.empty()) {
    plan.peak_bytes = PeakOf(problem, plan.offsets);
    return plan;
  }
  plan.spaces.space_of = std::move(spaces);
  plan.spaces.space_of.resize(plan.offsets.size(), 0);
  for (int p = 0; p < static_cast<int>(problem.spaces.size()); ++p) {
    plan.spaces.figures.push_back({PeakOf(problem, plan, p), {}});
    const bool fits = CheckedAdd(plan.peak_bytes, plan.spaces.figures.back().peak_bytes, &plan.peak_bytes);
    if (!fits) plan.peak_bytes = kMaxBytes;  // some offset is what Validate refuses
  }
  for (int i = 0; i < static_cast<int>(plan.offsets.size()); ++i) {
    const auto at = static_cast<std::size_t>(i);
    const int space = plan.spaces.space_of[at];
    const bool known = space >= 0 && static_cast<std::size_t>(space) < problem.spaces.size();
    const bool chooses = at < problem.allowed_spaces.size() && !problem.allowed_spaces[at].empty();
    const int home = chooses ? problem.allowed_spaces[at].front() : 0;
    if (!known || space == home) continue;
    plan.spaces.spills.push_back({i, home, space, SpillReason::kNoRoom, 0, 0, SpillCost(problem, i, space)});
    plan.spaces.spill_cost += plan.spaces.spills.back().cost;
  }
  return plan;
}

}  // namespace orionrt
