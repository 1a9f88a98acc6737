// First and last uses of tensors, views counted with their roots; on several streams their clocks.
#include <algorithm>

#include "base/index.hpp"
#include "graph/colocation_problem.hpp"
#include "orionrt/lowering.hpp"
#include "orionrt/streams.hpp"

namespace orionrt {

GraphLiveness::GraphLiveness(const Graph& graph) : lifetimes_(graph.tensors().size()) {
  const auto& ops = graph.ops();
  const int last_step = std::max(0, static_cast<int>(ops.size()) - 1);
  for (int step = 0; step < static_cast<int>(ops.size()); ++step) {
    for (int id : ops[At(step)].outputs) lifetimes_[At(graph.IndexOf(id))] = {step, step};
    for (int id : ops[At(step)].inputs) lifetimes_[At(graph.IndexOf(id))].end = step;
  }
  for (std::size_t i = 0; i < lifetimes_.size(); ++i) {
    const unsigned roles = graph.tensors()[i].roles;
    if ((roles & (TensorRole::kOutput | TensorRole::kState)) != 0) lifetimes_[i].end = last_step;
  }
  LiveWithViews(graph);
  if (graph.streams() != nullptr) FindClocks(graph);
}

// A view that no op produces is there with its root, which lives as long as its views.
void GraphLiveness::LiveWithViews(const Graph& graph) {
  std::vector<char> produced(lifetimes_.size(), 0);
  for (const OpNode& op : graph.ops()) {
    for (const int id : op.outputs) produced[At(graph.IndexOf(id))] = 1;
  }
  for (int i = 0; i < static_cast<int>(lifetimes_.size()); ++i) {
    Lifetime& root = lifetimes_[At(graph.RootOf(i).index)];
    if (produced[At(i)] == 0) lifetimes_[At(i)].start = root.start;
    lifetimes_[At(i)].end = std::max(lifetimes_[At(i)].end, lifetimes_[At(i)].start);
    root.end = std::max(root.end, lifetimes_[At(i)].end);
  }
}

void GraphLiveness::FindClocks(const Graph& graph) {
  const StreamOrder& order = *graph.streams();
  lanes_ = order.lanes();
  const auto lanes = static_cast<std::size_t>(lanes_);
  begins_.assign(lifetimes_.size() * lanes, 0);
  ends_.assign(lifetimes_.size() * lanes, 0);
  const auto access = [&](int tensor, int step) {
    std::int64_t& end = ends_[Offset(tensor) + static_cast<std::size_t>(order.LaneOf(step))];
    end = std::max(end, std::int64_t{order.PositionOf(step)} + 1);
  };
  for (int step = 0; step < static_cast<int>(graph.ops().size()); ++step) {
    for (const int id : graph.ops()[At(step)].outputs) {
      const int tensor = graph.IndexOf(id);
      std::copy_n(order.ClockOf(step), lanes, begins_.begin() + static_cast<std::ptrdiff_t>(Offset(tensor)));
      --begins_[Offset(tensor) + static_cast<std::size_t>(order.LaneOf(step))];  // itself
      access(tensor, step);
    }
    for (const int id : graph.ops()[At(step)].inputs) access(graph.IndexOf(id), step);
  }
  std::vector<char> produced(lifetimes_.size(), 0);
  for (const OpNode& op : graph.ops()) {
    for (const int id : op.outputs) produced[At(graph.IndexOf(id))] = 1;
  }
  for (int i = 0; i < static_cast<int>(lifetimes_.size()); ++i) {
    const std::size_t at = Offset(i), root = Offset(graph.RootOf(i).index);
    const bool kept = (graph.tensors()[At(i)].roles & (TensorRole::kOutput | TensorRole::kState)) != 0;
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      if (produced[At(i)] == 0) begins_[at + lane] = begins_[root + lane];  // a view is there with its root
      if (kept) ends_[at + lane] = order.LengthOf(static_cast<int>(lane));
      ends_[at + lane] = std::max(ends_[at + lane], begins_[at + lane]);
      ends_[root + lane] = std::max(ends_[root + lane], ends_[at + lane]);
    }
  }
  // What nobody uses is there for a moment all the same.
  for (int i = 0; i < static_cast<int>(lifetimes_.size()); ++i) {
    const std::size_t at = Offset(i);
    const auto begin = begins_.begin() + static_cast<std::ptrdiff_t>(at), end = begin + lanes_;
    if (!std::equal(begin, end, ends_.begin() + static_cast<std::ptrdiff_t>(at))) continue;
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      ends_[at + lane] = std::min<std::int64_t>(begins_[at + lane] + 1, order.LengthOf(static_cast<int>(lane)));
    }
    const std::size_t root = Offset(graph.RootOf(i).index);
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      ends_[root + lane] = std::max(ends_[root + lane], ends_[at + lane]);
    }
  }
}

Lowered MakeProblem(const Graph& graph, const GraphLiveness& liveness, std::int64_t alignment,
                    const std::vector<Space>& spaces) {
  std::vector<TensorRoot> places;
  places.reserve(graph.tensors().size());
  for (int i = 0; i < static_cast<int>(graph.tensors().size()); ++i) places.push_back(graph.RootOf(i));
  return MakeColocatedProblem(graph, liveness, alignment, places, {}, spaces);
}

}  // namespace orionrt
