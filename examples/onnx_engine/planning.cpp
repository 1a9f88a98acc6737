#include "planning.hpp"

#include <utility>
#include <vector>

namespace onnx_engine {

using orionrt::Assignment;

namespace {

constexpr std::size_t kFast = 0;  // of two spaces, the first

PlannedProgram PlanIn(const orionrt::Graph& graph, const PlanningOptions& options,
                      const std::vector<orionrt::Space>& spaces) {
  orionrt::LowerOptions lower;
  lower.transforms = options.transforms;
  lower.spaces = spaces;
  const orionrt::Workload workload = Lower(graph, {}, lower);
  orionrt::PlannedWorkload planned = PlanWorkload(workload, orionrt::ReusePlanner(options.policy));
  Assignment assignment = Assign(workload, planned);
  return {graph, std::move(planned.plan), std::move(assignment)};
}

}  // namespace

PlannedProgram MakePlan(const orionrt::Graph& graph, const PlanningOptions& options) {
  const orionrt::Graph on_streams = options.streams > 1 ? OnStreams(graph, options.streams).graph : graph;
  PlannedProgram planned = PlanIn(on_streams, options, {});
  if (options.spaces < 2) return planned;
  std::vector<orionrt::Space> spaces(2);
  spaces[kFast].name = "fast";
  spaces[kFast].capacity = planned.plan.peak_bytes / 2;
  spaces[1].name = "large";
  return PlanIn(on_streams, options, spaces);
}

orionrt::TensorPool MakePool(const PlannedProgram& planned) {
  std::vector<orionrt::SpaceMemory> memories;
  for (const orionrt::AssignedSpace& assigned : planned.assignment.spaces) {
    orionrt::Space space;
    space.name = assigned.name;
    memories.push_back({space, orionrt::Arena::Host(static_cast<std::size_t>(assigned.required_bytes))});
  }
  orionrt::TensorPool pool = memories.size() == 1 ? orionrt::TensorPool(std::move(memories[0].arena))
                                                  : orionrt::TensorPool(std::move(memories));
  pool.RegisterGraph(planned.graph);
  pool.LoadPlan(planned.assignment);
  return pool;
}

}  // namespace onnx_engine
