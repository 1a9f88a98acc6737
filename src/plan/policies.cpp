#include "plan/policies.hpp"

#include "orionrt/config.hpp"

namespace orionrt {

const std::vector<Policy>& Policies() {
  static const std::vector<Policy> kPolicies = {
      {"auto", "packs by a portfolio, then searches where that leaves a gap", PlanAuto, true, true},
      {"exact",
       "branch and bound for the least peak, up to 4,096 buffers; starts from greedy_by_size, and ends there for more",
       PlanExact, true, true},
      {"linear_scan", "one pass in execution order over a buddy allocator; the classic", PlanLinearScan},
      {"first_fit", "in execution order, each at the lowest offset that is free", PlanFirstFit, true, true},
      {"greedy_by_size", "largest first, each at the lowest offset that is free", PlanGreedyBySize, true, true},
      {"best_fit", "largest first, each in the tightest gap that holds it", PlanBestFit, true, true},
      {"no_reuse", "every buffer has bytes of its own; for debugging, and to compare with", PlanNoReuse, false, true},
  };
  return kPolicies;
}

const Policy& FindPolicy(std::string_view name) {
  std::string known;
  for (const Policy& policy : Policies()) {
    if (policy.name == name) return policy;
    known += (known.empty() ? "" : ", ") + policy.name;
  }
  throw Error(ErrorCode::kMisuse, "unknown policy \"" + std::string(name) + "\"; there are: " + known);
}

}  // namespace orionrt
