// From a planned workload to all that a plan file holds.
#include <algorithm>
#include <numeric>
#include <unordered_map>
#include <utility>

#include "base/checked.hpp"
#include "base/index.hpp"
#include "base/text.hpp"
#include "graph/regroup.hpp"
#include "orionrt/config.hpp"
#include "orionrt/formats.hpp"
#include "orionrt/tensor_pool.hpp"
#include "plan/stated.hpp"

namespace orionrt {
namespace {

std::optional<WorkspaceBytes> WorkspacesOf(const Graph& graph) {
  WorkspaceBytes all;
  for (const OpNode& op : graph.ops()) {
    all.largest_bytes = std::max(all.largest_bytes, static_cast<std::int64_t>(op.workspace_bytes));
    all.count += op.workspace_bytes > 0;
  }
  return all.count > 0 ? std::optional(all) : std::nullopt;
}

BufferClass ClassOf(const TensorDesc& tensor, bool produced) {
  if ((tensor.roles & TensorRole::kState) != 0) return BufferClass::kState;
  if ((tensor.roles & TensorRole::kInput) != 0 || !produced) return BufferClass::kInput;
  return (tensor.roles & TensorRole::kOutput) != 0 ? BufferClass::kOutput : BufferClass::kActivation;
}

}  // namespace

std::string WritePlanBinary(const PlanFile& file) {
  const auto refuse = [&](const std::string& why) { throw Error(ErrorCode::kUnsupported, file.source + ": " + why); };
  if (!file.assignment) refuse("a binary plan is of a graph, and this holds lifetimes; plan the model");
  if (file.streams && file.assignment->launches.empty()) {
    refuse("this plan was made before plans said which op runs on which stream; plan the graph again");
  }
  return WriteAssignmentBinary(*file.assignment);
}

std::vector<BufferClass> ClassesOf(const TransformedGraph& transformed) {
  const Graph& graph = transformed.graph;
  const Lowered& lowered = transformed.lowered;
  std::vector<BufferClass> classes(lowered.problem.buffers.size(), BufferClass::kWorkspace);
  std::vector<bool> produced(classes.size(), false), known(classes.size(), false);
  const auto buffer_of = [&](std::size_t tensor) { return lowered.bindings[tensor].buffer; };
  for (const OpNode& op : graph.ops()) {
    for (const int id : op.outputs) {
      const int buffer = buffer_of(static_cast<std::size_t>(graph.IndexOf(id)));
      if (buffer >= 0) produced[At(buffer)] = true;
    }
  }
  for (std::size_t t = 0; t < graph.tensors().size(); ++t) {
    if (buffer_of(t) < 0) continue;
    const auto buffer = static_cast<std::size_t>(buffer_of(t));
    const BufferClass kind = ClassOf(graph.tensors()[t], produced[buffer]);
    // What must outlive the graph's ops says more of a buffer than what else is in it.
    if (!known[buffer] || kind != BufferClass::kActivation) classes[buffer] = kind;
    known[buffer] = true;
  }
  return classes;
}

std::int64_t TotalBytes(const PlanFile& file) {
  std::int64_t total = file.plan.peak_bytes;
  const bool fits = CheckedAdd(total, file.peak_nested_bytes, &total) &&
                    CheckedAdd(total, file.weights ? file.weights->needed_bytes : 0, &total);
  return fits ? total : kMaxBytes;
}

namespace {

// Ascending by id, as an assignment has its places.
std::vector<TensorInBuffer> TensorsOf(const TransformedGraph& transformed) {
  const auto& tensors = transformed.graph.tensors();
  std::vector<std::size_t> order(tensors.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return tensors[a].id < tensors[b].id; });
  std::vector<TensorInBuffer> in_buffers;
  for (const std::size_t t : order) in_buffers.push_back({tensors[t].name, transformed.lowered.bindings[t].buffer});
  return in_buffers;
}

// All but the assignment, which the whole has.
PlanFile Fill(const Workload& workload, const PlannedWorkload& planned) {
  PlanFile file;
  file.problem = workload.problem;
  file.plan = planned.plan;
  file.source = workload.source;
  file.alignment = workload.alignment;
  file.peak_nested_bytes = planned.peak_nested_bytes;
  file.weights = workload.weights;
  for (std::size_t i = 0; i < workload.bodies.size(); ++i) {
    file.bodies.push_back(Fill(workload.bodies[i], planned.bodies[i]));
  }
  if (workload.transformed == nullptr) return file;
  const TransformedGraph& transformed = *workload.transformed;
  file.workspaces = WorkspacesOf(transformed.graph);
  file.classes = ClassesOf(transformed);
  file.tensors = TensorsOf(transformed);
  file.stages = transformed.stages;
  file.order_bound_bytes = transformed.order_bound_bytes;
  file.order_proven = transformed.order_proven;
  file.moved_ops = workload.moved_ops;
  return file;
}

}  // namespace

PlanFile MakePlanFile(const Workload& workload, const PlannedWorkload& planned) {
  PlanFile file = Fill(workload, planned);
  if (workload.transformed == nullptr) return file;
  file.assignment = Assign(workload, planned);
  constexpr std::size_t kMost = std::size_t{1} << 61;  // books of larger arenas are not worth counting
  bool known = true;
  for (int i = 0; i < static_cast<int>(file.assignment->spaces.size()); ++i) {
    known &= RequiredBytes(*file.assignment, i) <= kMost;
  }
  if (known) file.metadata_bytes = static_cast<std::int64_t>(TensorPool::MetadataBytes(*file.assignment));
  return file;
}

namespace {

// Where the lowest byte of a body lies; 0 of one without any.
std::int64_t BeginOf(const Assignment& body) {
  std::int64_t begin = kMaxBytes;
  for (const auto* places : {&body.tensors, &body.workspaces}) {
    for (const Place& place : *places) {
      if (place.bytes > 0 && place.space != kExternal) begin = std::min(begin, place.offset);
    }
  }
  for (const BodyAssignment& inner : body.bodies) begin = std::min(begin, BeginOf(inner.assignment));
  return begin;
}

std::int64_t EndOf(const Assignment& body) {
  std::int64_t end = 0;
  for (const auto* places : {&body.tensors, &body.workspaces}) {
    for (const Place& place : *places) {
      if (place.space != kExternal) end = std::max(end, place.offset + place.bytes);
    }
  }
  for (const BodyAssignment& inner : body.bodies) end = std::max(end, EndOf(inner.assignment));
  return end;
}

std::int64_t AlignmentOf(const PlanFile& file) {
  std::int64_t alignment = 1;
  for (const Buffer& buffer : file.problem.buffers) alignment = std::max(alignment, buffer.alignment);
  for (const PlanFile& body : file.bodies) alignment = std::max(alignment, AlignmentOf(body));
  return alignment;
}

// Of several streams only the places tell which bodies are kept apart: those of two ops that share no byte.
KeptApart ApartAsBefore(const std::vector<BodyAssignment>& bodies) {
  struct Taken {
    int op_id;
    std::int64_t begin, end;
  };
  std::vector<Taken> taken;
  for (const BodyAssignment& body : bodies) {
    taken.push_back({body.op_id, BeginOf(body.assignment), EndOf(body.assignment)});
  }
  return [taken](std::size_t a, std::size_t b) {
    const bool meet = taken[a].begin < taken[b].end && taken[b].begin < taken[a].end;
    return taken[a].op_id != taken[b].op_id && !meet;
  };
}

// Every place moves with the buffer that it is in.
void Replace(const PlanFile& before, const Plan& plan, Assignment& assignment) {
  const auto follow = [&](Place& place, int buffer) {
    if (buffer < 0 || place.bytes == 0 || place.space == kExternal) return;
    place.offset += plan.offsets[At(buffer)] - before.plan.offsets[At(buffer)];
    place.space = SpaceOf(plan, buffer);
  };
  std::unordered_map<std::string, int> buffer_of;  // by id; looked up, never walked
  for (int i = 0; i < static_cast<int>(before.problem.buffers.size()); ++i) {
    buffer_of.emplace(BufferId(before.problem, i), i);
  }
  for (std::size_t t = 0; t < assignment.tensors.size(); ++t) follow(assignment.tensors[t], before.tensors[t].buffer);
  for (Place& place : assignment.workspaces) {
    const auto found = buffer_of.find("w" + std::to_string(place.id));
    if (found != buffer_of.end()) follow(place, found->second);
  }
}

}  // namespace

namespace {

void StateBounds(const Problem& problem, Plan& plan) {
  const auto bound = [](const Problem& of, std::int64_t peak) {
    Certificate certificate = LowerBound(of);
    certificate.proven_optimal = certificate.lower_bound_bytes == peak;
    return certificate;
  };
  plan.certificate = bound(problem, plan.peak_bytes);
  for (std::size_t p = 0; p < plan.spaces.figures.size(); ++p) {
    SpaceFigures& figures = plan.spaces.figures[p];
    figures.certificate = bound(ViewSpace(problem, plan, static_cast<int>(p)).problem, figures.peak_bytes);
  }
}

// Spaces without limits, which an assignment does not know; none where there is one arena without a name.
std::vector<Space> TableOf(const Assignment& assignment) {
  std::vector<Space> table;
  if (assignment.spaces.size() == 1 && assignment.spaces[0].name.empty()) return table;
  for (const AssignedSpace& space : assignment.spaces) {
    table.emplace_back();
    table.back().name = space.name;
  }
  return table;
}

}  // namespace

PlanFile RecoverPlanFile(const Graph& graph, const std::vector<NestedGraph>& bodies, Assignment assignment,
                         const std::string& source) {
  CompleteAssignment(graph, assignment);
  if (const auto fault = CheckAssignment(graph, assignment, bodies)) {
    throw Error(ErrorCode::kBadInput,
                Printable(source, 1000) + ": the plan is wrong: " + fault->message + "; see orionrt check");
  }
  const MadeWith& made_with = assignment.made_with;
  auto transformed = std::make_shared<TransformedGraph>();
  transformed->graph = InOrder(graph, assignment.order_ids);
  transformed->transforms = made_with.transforms;
  transformed->vanished = assignment.vanished_ids;
  transformed->in_place = assignment.in_place;
  transformed->lowered = RecoverProblem(transformed->graph, assignment, made_with.alignment, TableOf(assignment));
  BufferPlaces places = PlacesOf(transformed->graph, assignment, transformed->lowered);
  Workload workload;
  workload.source = source;
  workload.problem = transformed->lowered.problem;
  workload.alignment = made_with.alignment;
  workload.transformed = std::move(transformed);
  workload.import = made_with.import;
  PlannedWorkload planned;
  planned.plan = StatedPlan(workload.problem, std::move(places.offsets), std::move(places.spaces));
  planned.plan.policy = made_with.policy;
  planned.plan.problem_hash = HashProblem(workload.problem);
  StateBounds(workload.problem, planned.plan);
  const auto& figures = planned.plan.spaces.figures;
  const std::int64_t last = figures.empty() ? planned.plan.peak_bytes : figures.back().peak_bytes;
  if (!assignment.bodies.empty()) planned.peak_nested_bytes = assignment.spaces.back().required_bytes - last;
  PlanFile file = MakePlanFile(workload, planned);
  file.assignment = std::move(assignment);
  return file;
}

PlanFile Replanned(const PlanFile& before, const Problem& problem, const Plan& plan) {
  PlanFile file = before;
  file.problem = problem;
  file.plan = plan;
  file.streams.reset();  // who takes whose bytes is another question now
  if (!file.assignment) return file;
  Assignment& assignment = *file.assignment;
  Replace(before, plan, assignment);
  std::vector<BodyAssignment> bodies = std::move(assignment.bodies);
  assignment.bodies.clear();
  const KeptApart apart = problem.clocks.streams > 0 ? ApartAsBefore(bodies) : KeptApart();
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    Assignment& body = bodies[i].assignment;
    const std::int64_t alignment = AlignmentOf(file.bodies[i]);
    const std::int64_t begin = BeginOf(body) == kMaxBytes ? 0 : BeginOf(body) & -alignment;
    MovePlaces(body, 0, -begin);
    body.spaces = {{"", EndOf(body), alignment}};
  }
  assignment.spaces.clear();
  for (std::size_t p = 0; p < problem.spaces.size(); ++p) {
    assignment.spaces.push_back(
        {problem.spaces[p].name, plan.spaces.figures[p].peak_bytes, problem.spaces[p].alignment});
  }
  if (assignment.spaces.empty()) assignment.spaces.push_back({"", plan.peak_bytes, 1});
  for (int i = 0; i < static_cast<int>(problem.buffers.size()); ++i) {
    std::int64_t& base = assignment.spaces[At(SpaceOf(plan, i))].base_alignment;
    base = std::max(base, problem.buffers[At(i)].alignment);
  }
  AddBodies(assignment, std::move(bodies), apart);
  assignment.made_with.policy = plan.policy;
  return file;
}

std::string OptionsOf(const MadeWith& made_with) {
  std::string text;
  const auto add = [&](const std::string& option) { text += (text.empty() ? "" : " ") + option; };
  const ImportOptions& import = made_with.import;
  for (const auto& [name, size] : import.dims) add("--dim " + ShellWord(name + "=" + std::to_string(size)));
  if (import.default_dim) add("--dim " + ShellWord("*=" + std::to_string(*import.default_dim)));
  const auto add_shape = [&](const std::string& option, const std::string& name,
                             const std::vector<std::int64_t>& shape) {
    std::string dims;
    for (const std::int64_t dim : shape) dims += (dims.empty() ? "" : "x") + std::to_string(dim);
    add(option + ShellWord(name + "=" + dims));
  };
  for (const auto& [name, shape] : import.inputs) add_shape("--input ", name, shape);
  for (const auto& [name, shape] : import.shapes) add_shape("--shape ", name, shape);
  if (import.trust_shapes) add("--trust-shapes");
  for (const std::string& type : import.in_place_types) add("--assume-in-place " + ShellWord(type));
  for (const std::string& what : import.external) add("--external " + ShellWord(what));
  if (!import.op_rules.empty()) add("--op-rules FILE");
  if (!import.fold_constants) add("--no-fold");
  if (import.fold_shapes) add("--fold-shapes");
  if (import.streams != 1) add("--streams " + std::to_string(import.streams));
  if (import.imply_waits) add("--imply-waits");
  if (made_with.transforms.views) add("--views");
  if (made_with.transforms.colocate) add("--colocate");
  if (made_with.transforms.in_place) add("--in-place");
  if (made_with.transforms.reorder) add("--reorder");
  return text;
}

}  // namespace orionrt
