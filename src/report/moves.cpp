// Ops that could run at another time. Tensors are written once, so the only thing that binds two pure ops is that one
// reads what the other writes; whatever may do more than write its outputs stays where it is.
#include <algorithm>
#include <optional>
#include <set>

#include "graph/op_table.hpp"
#include "report/changes.hpp"

namespace orionrt {
namespace {

bool MayMove(const Graph& graph, int step) {
  const OpNode& op = graph.ops()[step];
  const auto keeps_state = [&](int id) { return (graph.tensors()[graph.IndexOf(id)].roles & kState) != 0; };
  return !op.outputs.empty() && !op.has_effects && !HasEffects(op.type) &&
         std::none_of(op.inputs.begin(), op.inputs.end(), keeps_state);
}

// The search of MovesAround: which ops must go with those that go.
class Mover {
 public:
  Mover(const Graph& graph, const GraphUses& uses, int step, std::size_t most)
      : graph_(graph), uses_(uses), step_(step), most_(most) {}

  // The later readers of the tensor, and what they need of what is written from `step` on.
  std::optional<std::set<int>> Readers(int tensor) const {
    std::vector<int> open = uses_.readers[tensor];
    if (open.empty() || std::binary_search(open.begin(), open.end(), step_)) return std::nullopt;
    open.erase(open.begin(), std::upper_bound(open.begin(), open.end(), step_));
    return Closure(std::move(open), [this](int op, std::vector<int>& next) {
      for (const int id : graph_.ops()[op].inputs) {
        const int producer = uses_.producer[graph_.IndexOf(id)];
        if (producer >= step_) next.push_back(producer);
      }
    });
  }

  // The producer of the tensor, and who reads up to `step` what it writes.
  std::optional<std::set<int>> Writers(int tensor) const {
    if (uses_.producer[tensor] < 0 || uses_.producer[tensor] >= step_) return std::nullopt;
    return Closure({uses_.producer[tensor]}, [this](int op, std::vector<int>& next) {
      for (const int id : graph_.ops()[op].outputs) {
        for (const int reader : uses_.readers[graph_.IndexOf(id)]) {
          if (reader <= step_) next.push_back(reader);
        }
      }
    });
  }

  // Behind the last op that they read from and do not take along.
  int Earliest(const std::set<int>& ops) const {
    int before = 0;
    for (const int op : ops) {
      for (const int id : graph_.ops()[op].inputs) {
        const int producer = uses_.producer[graph_.IndexOf(id)];
        if (ops.count(producer) == 0) before = std::max(before, producer + 1);
      }
    }
    return before;
  }

  // Before the first op that reads from them and is not taken along, or at the end.
  int Latest(const std::set<int>& ops) const {
    int before = static_cast<int>(graph_.ops().size());
    for (const int op : ops) {
      for (const int id : graph_.ops()[op].outputs) {
        for (const int reader : uses_.readers[graph_.IndexOf(id)]) {
          if (ops.count(reader) == 0) before = std::min(before, reader);
        }
      }
    }
    return before;
  }

 private:
  // Nothing where op `step_` or one that may not move would have to come along, or too many.
  template <typename Needs>
  std::optional<std::set<int>> Closure(std::vector<int> open, Needs needs) const {
    std::set<int> ops;
    while (!open.empty()) {
      const int op = open.back();
      open.pop_back();
      if (!ops.insert(op).second) continue;
      if (op == step_ || ops.size() > most_ || !MayMove(graph_, op)) return std::nullopt;
      needs(op, open);
    }
    return ops;
  }

  const Graph& graph_;
  const GraphUses& uses_;
  int step_;
  std::size_t most_;
};

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
  for (const int step : order) ops.push_back(graph.ops()[step]);
  return Graph(std::move(ops), graph.tensors());
}

std::vector<Move> MovesAround(const Graph& graph, const GraphUses& uses, int tensor, int step, std::size_t most) {
  std::vector<Move> moves;
  const auto add = [&](const std::set<int>& ops, int before) {
    Move move{{ops.begin(), ops.end()}, before};
    if (std::find(moves.begin(), moves.end(), move) == moves.end()) moves.push_back(std::move(move));
  };
  const Mover mover(graph, uses, step, most);
  const bool kept = (graph.tensors()[tensor].roles & (kOutput | kState)) != 0;
  if (const auto ops = kept ? std::nullopt : mover.Readers(tensor)) {
    add(*ops, step);
    add(*ops, mover.Earliest(*ops));
  }
  if (const auto ops = mover.Writers(tensor)) {
    add(*ops, step + 1);
    add(*ops, mover.Latest(*ops));
  }
  return moves;
}

}  // namespace orionrt
