#include "orionrt/liveness.hpp"

#include <algorithm>

#include "base/checked.hpp"
#include "orionrt/error.hpp"

namespace orionrt {
namespace {

std::int64_t AlignmentOf(const TensorDesc& tensor, std::int64_t least) {
  return std::max(least, static_cast<std::int64_t>(tensor.alignment));
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
}

namespace {

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
    if (tensor.bytes == 0) {
      bound.bindings.push_back({});
      continue;
    }
    const Lifetime& life = liveness.lifetimes()[i];
    Buffer buffer;
    buffer.lower = life.start;
    buffer.upper = static_cast<std::int64_t>(life.end) + 1;
    buffer.size = static_cast<std::int64_t>(tensor.bytes);
    buffer.alignment = AlignmentOf(tensor, alignment);
    bound.bindings.push_back({static_cast<int>(bound.problem.buffers.size()), 0});
    bound.problem.buffers.push_back(buffer);
    bound.problem.ids.push_back(std::to_string(i));
    bound.problem.names.push_back(tensor.name);
    bound.problem.uses.push_back(uses[i]);
    spaces.push_back(tensor.spaces);
  }
  if (!pools.empty()) SetPools(bound.problem, pools, spaces);
  CheckProblem(bound.problem);
  return bound;
}

}  // namespace orionrt
