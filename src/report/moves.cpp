// Ops that could run at another time: what waits for what is said by OpsBefore, which the search for orders uses too.
#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "base/index.hpp"
#include "graph/colocation_order.hpp"
#include "report/changes.hpp"

namespace orionrt {
namespace {

using Edges = std::vector<std::vector<int>>;
using Ops = std::optional<std::set<int>>;

// `open`, and all that must go with them: what lies along the edges on the same side of `step`. Nothing where op `step`
// would have to come along, or too many.
Ops Together(const Edges& edges, std::vector<int> open, int step, std::size_t most) {
  std::set<int> ops;
  const bool behind = !open.empty() && open.back() > step;
  while (!open.empty()) {
    const int op = open.back();
    open.pop_back();
    if (!ops.insert(op).second) continue;
    if (op == step || ops.size() > most) return std::nullopt;
    for (const int next : edges[At(op)]) {
      if (behind ? next >= step : next <= step) open.push_back(next);
    }
  }
  return ops.empty() ? std::nullopt : Ops(std::move(ops));
}

// Behind the last op that they wait for and do not take along.
int Earliest(const Edges& before, const std::set<int>& ops) {
  int place = 0;
  for (const int op : ops) {
    for (const int other : before[At(op)]) {
      if (ops.count(other) == 0) place = std::max(place, other + 1);
    }
  }
  return place;
}

// Before the first op that waits for them and is not taken along, or at the end.
int Latest(const Edges& behind, const std::set<int>& ops) {
  int place = static_cast<int>(behind.size());
  for (const int op : ops) {
    for (const int other : behind[At(op)]) {
      if (ops.count(other) == 0) place = std::min(place, other);
    }
  }
  return place;
}

}  // namespace

std::vector<int> OrderAfter(int ops, const Move& move) {
  std::vector<int> order;
  for (int step = 0; step <= ops; ++step) {
    if (step == move.before) order.insert(order.end(), move.ops.begin(), move.ops.end());
    if (step < ops && !std::binary_search(move.ops.begin(), move.ops.end(), step)) order.push_back(step);
  }
  return order;
}

Graph Reordered(const Graph& graph, const std::vector<int>& order) {
  std::vector<OpNode> ops;
  ops.reserve(order.size());
  for (const int step : order) ops.push_back(graph.ops()[At(step)]);
  return Graph(std::move(ops), graph.tensors());
}

Mover::Mover(const Graph& graph) : before_(OpsBefore(graph)), behind_(before_.size()) {
  for (int op = 0; op < static_cast<int>(before_.size()); ++op) {
    for (const int first : before_[At(op)]) behind_[At(first)].push_back(op);
  }
}

std::vector<Move> Mover::MovesAround(const BufferUse& use, int step, std::size_t most) const {
  std::vector<Move> moves;
  const auto add = [&](const Ops& ops, int nearest, int farthest) {
    moves.push_back({{ops->begin(), ops->end()}, nearest});
    if (farthest != nearest) moves.push_back({moves.back().ops, farthest});
  };
  const bool kept = (use.roles & (TensorRole::kOutput | TensorRole::kState)) != 0;
  if (!kept && !std::binary_search(use.readers.begin(), use.readers.end(), step)) {
    const auto later = std::upper_bound(use.readers.begin(), use.readers.end(), step);
    if (const Ops ops = Together(before_, {later, use.readers.end()}, step, most)) {
      add(ops, step, Earliest(before_, *ops));
    }
  }
  if (use.writer >= 0 && use.writer < step) {
    if (const Ops ops = Together(behind_, {use.writer}, step, most)) add(ops, step + 1, Latest(behind_, *ops));
  }
  return moves;
}

}  // namespace orionrt
