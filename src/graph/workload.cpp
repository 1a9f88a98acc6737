// A model and the bodies of its ops, lowered and planned together: the bodies' memory lies in their op's.
#include <algorithm>
#include <unordered_map>
#include <utility>

#include "base/checked.hpp"
#include "base/index.hpp"
#include "base/text.hpp"
#include "graph/op_positions.hpp"
#include "graph/regroup.hpp"
#include "orionrt/assignment.hpp"
#include "orionrt/config.hpp"
#include "orionrt/streams.hpp"

namespace orionrt {
namespace {

// Without transforms, as MakeProblem makes it, and no bounds of stages.
TransformedGraph LowerGraph(const Graph& graph, const LowerOptions& options) {
  if (Any(options.transforms)) {
    const ReusePlanner judge;
    return Transform(graph, options.transforms, options.alignment, &judge, options.spaces);
  }
  TransformedGraph given;
  given.lowered = MakeProblem(graph, GraphLiveness(graph), options.alignment, options.spaces);
  given.graph = graph;
  return given;
}

// The fewest ops to take out of the one order and put back elsewhere to get the other: all but a longest run of ops
// that keep their order (patience sorting).
int MovedOps(const Graph& before, const Graph& after) {
  const std::unordered_map<int, int> step_of = PositionsById(before.ops());
  std::vector<int> last;  // of the runs of each length, the least last step
  for (const OpNode& op : after.ops()) {
    const int step = step_of.at(op.id);
    const auto place = std::lower_bound(last.begin(), last.end(), step);
    if (place == last.end()) {
      last.push_back(step);
    } else {
      *place = step;
    }
  }
  return static_cast<int>(before.ops().size() - last.size());
}

// The top of the space, which has a limit, is for others, from a multiple of `alignment` on.
void KeepFree(Space& space, std::int64_t bytes, std::int64_t alignment) {
  if (bytes > *space.capacity) {
    throw Error(ErrorCode::kInfeasible, "space " + space.name + ": bodies of control-flow ops need " +
                                            FormatThousands(bytes) + " bytes of its " +
                                            FormatThousands(*space.capacity) + ", " +
                                            FormatThousands(bytes - *space.capacity) + " short");
  }
  space.capacity = (*space.capacity - bytes) & -std::max(alignment, space.alignment);
}

AssignedSpace NeedsOfBodies(const Workload& workload, const PlannedWorkload& planned);

// What a workload in one arena takes of it, its bodies included, and how the arena has to be aligned.
AssignedSpace NeedsOf(const Workload& workload, const PlannedWorkload& planned) {
  AssignedSpace needs{"", planned.plan.peak_bytes, 1};
  for (const Buffer& buffer : workload.problem.buffers) {
    needs.base_alignment = std::max(needs.base_alignment, buffer.alignment);
  }
  const AssignedSpace bodies = NeedsOfBodies(workload, planned);
  if (bodies.required_bytes == 0) return needs;
  needs.required_bytes = RoundUp(needs.required_bytes, bodies.base_alignment) + bodies.required_bytes;
  needs.base_alignment = std::max(needs.base_alignment, bodies.base_alignment);
  return needs;
}

// Of bodies in the order of the workload's; empty where ops run one after another. Lives as long as the workload.
KeptApart ApartIn(const Workload& workload) {
  const StreamOrder* const order = workload.transformed == nullptr ? nullptr : workload.transformed->graph.streams();
  if (order == nullptr || workload.bodies.empty()) return {};
  const std::unordered_map<int, int> step_of = PositionsById(workload.transformed->graph.ops());
  std::vector<int> steps;
  for (const Workload& body : workload.bodies) steps.push_back(step_of.at(body.op_id));
  return [order, steps](std::size_t a, std::size_t b) {
    return steps[a] != steps[b] && !order->IsBefore(steps[a], steps[b]) && !order->IsBefore(steps[b], steps[a]);
  };
}

// What the bodies take together, from a multiple of their alignment on.
AssignedSpace NeedsOfBodies(const Workload& workload, const PlannedWorkload& planned) {
  AssignedSpace needs;
  std::vector<AssignedSpace> each;
  for (std::size_t i = 0; i < workload.bodies.size(); ++i) {
    each.push_back(NeedsOf(workload.bodies[i], planned.bodies[i]));
    needs.base_alignment = std::max(needs.base_alignment, each.back().base_alignment);
  }
  const std::vector<std::int64_t> begins = LayBodies(0, each, ApartIn(workload));
  for (std::size_t i = 0; i < each.size(); ++i) {
    needs.required_bytes = std::max(needs.required_bytes, begins[i] + each[i].required_bytes);
  }
  return needs;
}

}  // namespace

Workload Lower(const Graph& graph, const std::vector<NestedGraph>& bodies, const LowerOptions& options) {
  Workload workload;
  auto transformed = std::make_shared<TransformedGraph>(LowerGraph(graph, options));
  workload.problem = transformed->lowered.problem;
  workload.alignment = options.alignment;
  if (options.transforms.reorder) workload.moved_ops = MovedOps(graph, transformed->graph);
  workload.transformed = std::move(transformed);
  LowerOptions within = options;
  within.spaces.clear();
  for (const NestedGraph& body : bodies) {
    workload.bodies.push_back(Lower(body.graph, body.bodies, within));
    Workload& inner = workload.bodies.back();
    inner.op_id = graph.ops().at(static_cast<std::size_t>(body.op)).id;
    inner.attribute = body.attribute;
    inner.source = std::to_string(body.op) + "." + body.attribute;
  }
  return workload;
}

Workload Lower(const ImportedModel& model, std::string source, const ImportOptions& import,
               const LowerOptions& options) {
  Workload workload = Lower(model.graph, model.bodies, options);
  workload.source = std::move(source);
  workload.import = import;
  workload.import.data_folder.clear();
  workload.import.extra_data_folder.clear();
  workload.weights = model.weights;
  return workload;
}

const Graph* GraphOf(const Workload& workload) {
  if (workload.transformed == nullptr) return nullptr;
  const Transforms& t = workload.transformed->transforms;
  return t.views || t.colocate || t.in_place ? nullptr : &workload.transformed->graph;
}

PlannedWorkload PlanWorkload(const Workload& workload, const ReusePlanner& planner, const PlanOptions& options) {
  PlannedWorkload planned;
  PlanOptions within = options;
  within.capacity.reset();  // which is asked of the graph itself
  for (const Workload& body : workload.bodies) {
    planned.bodies.push_back(PlanWorkload(body, planner, within));
    const PlannedWorkload& inner = planned.bodies.back();
    planned.peak_nested_bytes = std::max(planned.peak_nested_bytes, inner.plan.peak_bytes + inner.peak_nested_bytes);
  }
  if (ApartIn(workload)) planned.peak_nested_bytes = NeedsOfBodies(workload, planned).required_bytes;
  const std::vector<Space>& spaces = workload.problem.spaces;
  if (planned.peak_nested_bytes == 0 || spaces.empty() || !spaces.back().capacity) {
    planned.plan = planner.Run(workload.problem, options);
    return planned;
  }
  Problem problem = workload.problem;
  const AssignedSpace needs = NeedsOfBodies(workload, planned);
  KeepFree(problem.spaces.back(), needs.required_bytes, std::max(workload.alignment, needs.base_alignment));
  planned.plan = planner.Run(problem, options);
  planned.plan.problem_hash = HashProblem(workload.problem);  // it holds for the whole space too
  return planned;
}

Assignment Assign(const Workload& workload, const PlannedWorkload& planned) {
  if (workload.transformed == nullptr) {
    throw Error(ErrorCode::kMisuse, "an assignment is of a graph, and only lifetimes are known; lower a graph");
  }
  Assignment made = Assign(*workload.transformed, planned.plan);
  made.made_with.alignment = workload.alignment;
  made.made_with.import = workload.import;
  std::vector<BodyAssignment> bodies;
  for (std::size_t i = 0; i < workload.bodies.size(); ++i) {
    const Workload& body = workload.bodies[i];
    bodies.push_back({body.op_id, body.attribute, Assign(body, planned.bodies[i])});
  }
  AddBodies(made, std::move(bodies), ApartIn(workload));
  return made;
}

std::vector<std::int64_t> OwnAlignments(const TransformedGraph& transformed) {
  const Lowered& lowered = transformed.lowered;
  std::vector<std::int64_t> alignments(lowered.problem.buffers.size(), 1);
  const auto raise = [&](const Binding& binding, std::size_t bytes) {
    if (binding.buffer < 0) return;
    std::int64_t& alignment = alignments[At(binding.buffer)];
    alignment = std::max(alignment, static_cast<std::int64_t>(bytes));
  };
  for (std::size_t t = 0; t < lowered.bindings.size(); ++t) {
    raise(lowered.bindings[t], transformed.graph.tensors()[t].alignment);
  }
  for (std::size_t step = 0; step < lowered.workspaces.size(); ++step) {
    raise(lowered.workspaces[step], transformed.graph.ops()[step].workspace_alignment);
  }
  return alignments;
}

}  // namespace orionrt
