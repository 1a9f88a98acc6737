#include "orionrt/liveness.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "base/checked.hpp"
#include "orionrt/error.hpp"

namespace orionrt {
namespace {

// Appends a buffer; gives where it lies.
Binding Append(Problem& problem, const Lifetime& life, std::size_t bytes, std::size_t alignment, std::int64_t least,
               std::string id, std::string name) {
  Buffer buffer;
  buffer.lower = life.start;
  buffer.upper = static_cast<std::int64_t>(life.end) + 1;
  buffer.size = static_cast<std::int64_t>(bytes);
  buffer.alignment = std::max(least, static_cast<std::int64_t>(alignment));
  problem.buffers.push_back(buffer);
  problem.ids.push_back(std::move(id));
  problem.names.push_back(std::move(name));
  return {static_cast<int>(problem.buffers.size()) - 1, 0};
}

void AppendWorkspaces(const std::vector<OpNode>& ops, std::int64_t alignment, BoundProblem& bound) {
  const bool any = std::any_of(ops.begin(), ops.end(), [](const OpNode& op) { return op.workspace_bytes > 0; });
  if (!any) return;
  for (int step = 0; step < static_cast<int>(ops.size()); ++step) {
    const OpNode& op = ops[step];
    const std::string position = std::to_string(step);
    bound.workspaces.push_back(op.workspace_bytes == 0
                                   ? Binding{}
                                   : Append(bound.problem, {step, step}, op.workspace_bytes, op.workspace_alignment,
                                            alignment, "w" + position,
                                            "workspace of " + (op.name.empty() ? "op " + position : op.name)));
  }
}

}  // namespace

GraphLiveness::GraphLiveness(const Graph& graph) : lifetimes_(graph.tensors().size()) {
  const auto& ops = graph.ops();
  const int last_step = std::max(0, static_cast<int>(ops.size()) - 1);
  for (int step = 0; step < static_cast<int>(ops.size()); ++step) {
    for (int id : ops[step].outputs) lifetimes_[graph.IndexOf(id)] = {step, step};
    for (int id : ops[step].inputs) lifetimes_[graph.IndexOf(id)].end = step;
  }
  for (std::size_t i = 0; i < lifetimes_.size(); ++i) {
    const unsigned roles = graph.tensors()[i].roles;
    if ((roles & (kOutput | kState)) != 0) lifetimes_[i].end = last_step;
  }
  LiveWithViews(graph);
}

// A view that no op produces is there with its root, which lives as long as its views.
void GraphLiveness::LiveWithViews(const Graph& graph) {
  std::vector<char> produced(lifetimes_.size(), 0);
  for (const OpNode& op : graph.ops()) {
    for (const int id : op.outputs) produced[graph.IndexOf(id)] = 1;
  }
  for (int i = 0; i < static_cast<int>(lifetimes_.size()); ++i) {
    Lifetime& root = lifetimes_[graph.RootOf(i).index];
    if (produced[i] == 0) lifetimes_[i].start = root.start;
    lifetimes_[i].end = std::max(lifetimes_[i].end, lifetimes_[i].start);
    root.end = std::max(root.end, lifetimes_[i].end);
  }
}

namespace {

constexpr std::int64_t kWorkspaceUses = 2;  // its op writes it, and reads what it wrote

// How often ops read or write each tensor; an op that reads one twice does so twice.
std::vector<std::int64_t> CountUses(const Graph& graph) {
  std::vector<std::int64_t> uses(graph.tensors().size(), 0);
  for (const OpNode& op : graph.ops()) {
    for (const int id : op.inputs) ++uses[graph.IndexOf(id)];
    for (const int id : op.outputs) ++uses[graph.IndexOf(id)];
  }
  return uses;
}

}  // namespace

BoundProblem MakeProblem(const Graph& graph, const GraphLiveness& liveness, std::int64_t alignment,
                         const std::vector<Pool>& pools) {
  if (!IsPowerOfTwo(alignment)) {
    throw Error(ErrorCode::kMisuse, "alignment " + std::to_string(alignment) + " is not a power of two");
  }
  BoundProblem bound;
  const std::vector<std::int64_t> uses = CountUses(graph);
  std::vector<std::vector<std::string>> spaces;
  for (std::size_t i = 0; i < graph.tensors().size(); ++i) {
    const TensorDesc& tensor = graph.tensors()[i];
    if (tensor.bytes == 0 || graph.RootOf(static_cast<int>(i)).index != static_cast<int>(i)) {
      bound.bindings.push_back({});
      continue;
    }
    bound.bindings.push_back(Append(bound.problem, liveness.lifetimes()[i], tensor.bytes, tensor.alignment, alignment,
                                    std::to_string(i), tensor.name));
    bound.problem.uses.push_back(uses[i]);
    spaces.push_back(tensor.spaces);
  }
  AppendWorkspaces(graph.ops(), alignment, bound);
  bound.problem.uses.resize(bound.problem.buffers.size(), kWorkspaceUses);
  spaces.resize(bound.problem.buffers.size());
  if (!pools.empty()) SetPools(bound.problem, pools, spaces);
  CheckProblem(bound.problem);
  return bound;
}

}  // namespace orionrt
