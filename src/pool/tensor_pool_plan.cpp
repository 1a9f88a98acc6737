// Planning a registered graph: what links policies and transforms.
#include <algorithm>
#include <string>
#include <utility>

#include "base/checked.hpp"
#include "base/text.hpp"
#include "orionrt/assignment.hpp"
#include "orionrt/config.hpp"
#include "orionrt/tensor_pool.hpp"
#include "pool/pool_memory.hpp"

namespace orionrt {

void TensorPool::FinalizePlan(std::string_view policy, const PlanOptions& options) {
  FinalizePlan(ReusePlanner(policy), options);
}

void TensorPool::FinalizePlan(const ReusePlanner& planner, const PlanOptions& options) {
  CheckRegistered();
  LowerOptions lowering{options_.transforms, static_cast<std::int64_t>(options_.alignment), spaces_};
  const Workload workload = Lower(graph_, bodies_, lowering);
  PlanOptions within = options;
  const auto most = static_cast<std::int64_t>(capacity());
  within.capacity = std::min(LimitOf(options.capacity), most);
  PlannedWorkload planned = PlanWorkload(workload, planner, within);
  std::vector<std::pair<int, std::int64_t>> spilled;  // spaces, and bytes of what went there
  for (const Spill& spill : planned.plan.spaces.spills) {
    spilled.emplace_back(spill.to, workload.problem.buffers[static_cast<std::size_t>(spill.buffer)].size);
  }
  Assignment assignment = Assign(workload, planned);
  Install(std::move(assignment), std::move(planned.plan));
  for (const auto& [space, bytes] : spilled) {
    memories_[static_cast<std::size_t>(space)].scratch.Tell(PoolEvent::kTensorSpilled, bytes);
  }
}

}  // namespace orionrt
