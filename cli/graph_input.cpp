#include "graph_input.hpp"

#include <algorithm>
#include <unordered_map>

#include "orionrt/liveness.hpp"
#include "orionrt/planner.hpp"

namespace orionrt::cli {
namespace {

constexpr std::int64_t kModelAlignment = 64;  // bytes; what an engine's widest loads want

std::optional<WorkspaceBytes> WorkspacesOf(const Graph& graph) {
  WorkspaceBytes all;
  for (const OpNode& op : graph.ops()) {
    all.largest_bytes = std::max(all.largest_bytes, static_cast<std::int64_t>(op.workspace_bytes));
    all.count += op.workspace_bytes > 0;
  }
  return all.count > 0 ? std::optional(all) : std::nullopt;
}

BufferClass ClassOf(const TensorDesc& tensor, bool produced) {
  if ((tensor.roles & kState) != 0) return BufferClass::kState;
  if ((tensor.roles & kInput) != 0 || !produced) return BufferClass::kInput;
  return (tensor.roles & kOutput) != 0 ? BufferClass::kOutput : BufferClass::kActivation;
}

std::string TypeOf(const TensorDesc& tensor) {
  if (tensor.dtype.empty()) return "";
  std::string shape;
  for (const std::int64_t dim : tensor.shape) shape += (shape.empty() ? "" : ",") + std::to_string(dim);
  return tensor.dtype + "[" + shape + "]";
}

constexpr std::size_t kMostAlso = 2000;  // bytes of names of what else lies in a buffer

// A buffer that holds several tensors has the type of the first of them.
std::vector<BufferInfo> InfosOf(const Graph& graph, const BoundProblem& bound) {
  std::vector<BufferInfo> infos(bound.problem.buffers.size());
  std::vector<bool> known(infos.size(), false);
  const auto buffer_of = [&](int id) { return bound.bindings[graph.IndexOf(id)].buffer; };
  for (int step = 0; step < static_cast<int>(graph.ops().size()); ++step) {
    const OpNode& op = graph.ops()[step];
    for (const int id : op.outputs) {
      const int buffer = buffer_of(id);
      if (buffer >= 0 && infos[buffer].producer < 0) infos[buffer].producer = step;
    }
    for (const int id : op.inputs) {
      if (buffer_of(id) < 0) continue;
      std::vector<int>& readers = infos[buffer_of(id)].readers;
      if (readers.empty() || readers.back() != step) readers.push_back(step);
    }
    const int scratch = bound.workspaces.empty() ? -1 : bound.workspaces[step].buffer;
    if (scratch >= 0) infos[scratch] = {BufferClass::kWorkspace, step, {}, "", ""};
  }
  for (std::size_t t = 0; t < graph.tensors().size(); ++t) {
    const int buffer = bound.bindings[t].buffer;
    if (buffer < 0) continue;
    BufferInfo& info = infos[buffer];
    const TensorDesc& tensor = graph.tensors()[t];
    const BufferClass kind = ClassOf(tensor, info.producer >= 0);
    // What must outlive the graph's ops says more of a buffer than what else is in it.
    if (!known[buffer] || kind != BufferClass::kActivation) info.kind = kind;
    if (!known[buffer]) info.type = TypeOf(tensor);
    known[buffer] = true;
    if (info.also.size() < kMostAlso && !tensor.name.empty() && tensor.name != bound.problem.names[buffer]) {
      info.also += (info.also.empty() ? "" : ", ") + tensor.name;
    }
  }
  return infos;
}

// Back to the alignment that each buffer's tensors ask for themselves.
void LowerAlignments(const Graph& graph, BoundProblem& bound) {
  for (Buffer& buffer : bound.problem.buffers) buffer.alignment = 1;
  const auto raise = [&](const Binding& binding, std::size_t bytes) {
    if (binding.buffer < 0) return;
    std::int64_t& alignment = bound.problem.buffers[binding.buffer].alignment;
    alignment = std::max(alignment, static_cast<std::int64_t>(bytes));
  };
  for (std::size_t t = 0; t < bound.bindings.size(); ++t) raise(bound.bindings[t], graph.tensors()[t].alignment);
  for (std::size_t step = 0; step < bound.workspaces.size(); ++step) {
    raise(bound.workspaces[step], graph.ops()[step].workspace_alignment);
  }
}

// The fewest ops to take out of the one order and put back elsewhere to get the other: all but a longest run of ops
// that keep their order (patience sorting).
int MovedOps(const Graph& before, const Graph& after) {
  std::unordered_map<int, int> step_of;
  for (std::size_t step = 0; step < before.ops().size(); ++step) {
    step_of.emplace(before.ops()[step].id, static_cast<int>(step));
  }
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

}  // namespace

Input FromGraph(const Graph& graph, const InputOptions& options, const std::vector<Pool>& pools) {
  Input input;
  input.alignment = kModelAlignment;
  input.graph = std::make_shared<const Graph>(graph);
  BoundProblem bound;
  const Transforms transforms = TransformsOf(options);
  if (Any(transforms)) {
    const ReusePlanner judge("auto");
    const std::int64_t alignment = AskedAlignment(options).value_or(kModelAlignment);
    TransformedGraph transformed = Transform(graph, transforms, alignment, &judge, pools);
    bound = transformed.bound;
    LowerAlignments(transformed.graph, bound);
    input.moved_ops = MovedOps(graph, transformed.graph);
    input.graph = std::make_shared<const Graph>(transformed.graph);
    input.transformed = std::make_shared<const TransformedGraph>(std::move(transformed));
  } else {
    bound = MakeProblem(graph, GraphLiveness(graph), 1, pools);
  }
  input.infos = InfosOf(*input.graph, bound);
  input.problem = std::move(bound.problem);
  input.workspaces = WorkspacesOf(graph);
  for (const OpNode& op : input.graph->ops()) input.step_names.push_back(op.name.empty() ? op.type : op.name);
  input.as_read = std::make_shared<Problem>(input.problem);
  if (transforms.views || transforms.in_place || transforms.colocate) input.graph = nullptr;
  return input;
}

std::vector<Body> BodiesOf(const std::vector<NestedGraph>& nested, const InputOptions& options) {
  std::vector<Body> bodies;
  for (const NestedGraph& graph : nested) {
    Input inner = FromGraph(graph.graph, options, {});
    bodies.push_back({std::to_string(graph.op) + "." + graph.attribute, std::move(inner.problem),
                      std::move(inner.as_read), std::move(inner.graph), std::move(inner.infos),
                      std::move(inner.step_names), BodiesOf(graph.bodies, options)});
  }
  return bodies;
}

}  // namespace orionrt::cli
