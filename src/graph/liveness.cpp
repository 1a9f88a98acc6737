#include "orionrt/liveness.hpp"

#include <algorithm>

#include "graph/body_problem.hpp"

namespace orionrt {

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

BoundProblem MakeProblem(const Graph& graph, const GraphLiveness& liveness, std::int64_t alignment,
                         const std::vector<Pool>& pools) {
  std::vector<TensorRoot> places;
  places.reserve(graph.tensors().size());
  for (int i = 0; i < static_cast<int>(graph.tensors().size()); ++i) places.push_back(graph.RootOf(i));
  return MakeBodyProblem(graph, liveness, alignment, places, {}, pools);
}

}  // namespace orionrt
