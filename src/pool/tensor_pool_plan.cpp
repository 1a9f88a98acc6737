// Planning a registered graph: what links policies and transforms.
#include <algorithm>
#include <string>
#include <utility>

#include "base/checked.hpp"
#include "base/index.hpp"
#include "base/text.hpp"
#include "orionrt/assignment.hpp"
#include "orionrt/config.hpp"
#include "orionrt/tensor_pool.hpp"
#include "pool/pool_state.hpp"

namespace orionrt {

void TensorPool::FinalizePlan(std::string_view policy, const PlanOptions& options) {
  FinalizePlan(ReusePlanner(policy), options);
}

void TensorPool::FinalizePlan(const ReusePlanner& planner, const PlanOptions& options) {
  State& own = state();
  own.CheckRegistered();
  LowerOptions lowering{own.options.transforms, static_cast<std::int64_t>(own.options.alignment), own.spaces};
  const Workload workload = Lower(own.registered, own.bodies, lowering);
  PlanOptions within = options;
  const auto most = static_cast<std::int64_t>(capacity());
  within.capacity = std::min(LimitOf(options.capacity), most);
  PlannedWorkload planned = PlanWorkload(workload, planner, within);
  std::vector<std::pair<int, std::int64_t>> spilled;  // spaces, and bytes of what went there
  for (const Spill& spill : planned.plan.spaces.spills) {
    spilled.emplace_back(spill.to, workload.problem.buffers[At(spill.buffer)].size);
  }
  Assignment assignment = Assign(workload, planned);
  const Shown shown(*this);
  own.Install(std::move(assignment), std::move(planned.plan));
  for (const auto& [space, bytes] : spilled) {
    own.memories[At(space)].scratch.Tell(PoolEvent::kTensorSpilled, bytes);
  }
}

}  // namespace orionrt
