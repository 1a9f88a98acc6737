#include "graph/order/order_model.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace orionrt {
namespace {

void SortUnique(std::vector<int>& list) {
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

class ModelMaker {
 public:
  explicit ModelMaker(const Graph& graph) : graph_(graph) {
    const std::size_t ops = graph.ops().size();
    model_.before.resize(ops);
    model_.workspace.resize(ops);
    model_.claims.resize(ops);
    model_.pieces.resize(graph.tensors().size());
  }

  OrderModel Make(bool in_place) {
    AddTensors();
    for (int op = 0; op < static_cast<int>(graph_.ops().size()); ++op) AddOp(op);
    for (OrderPiece& piece : model_.pieces) {
      SortUnique(piece.users);
      if (piece.producer >= 0) {
        piece.users.erase(std::remove(piece.users.begin(), piece.users.end(), piece.producer), piece.users.end());
      }
      for (const int user : piece.users) {
        if (piece.producer >= 0) model_.before[user].push_back(piece.producer);
      }
    }
    for (std::vector<int>& list : model_.before) SortUnique(list);
    for (int op = 0; in_place && op < static_cast<int>(graph_.ops().size()); ++op) AddClaims(op);
    return std::move(model_);
  }

 private:
  // What keeps a view keeps its root.
  void AddTensors() {
    for (int t = 0; t < static_cast<int>(graph_.tensors().size()); ++t) {
      const TensorDesc& tensor = graph_.tensors()[t];
      const int root = graph_.RootOf(t).index;
      if (root == t) model_.pieces[t].bytes = static_cast<std::int64_t>(tensor.bytes);
      if ((tensor.roles & (kOutput | kState)) != 0) model_.pieces[root].kept = true;
    }
  }

  bool UsesState(const std::vector<int>& tensor_ids) const {
    return std::any_of(tensor_ids.begin(), tensor_ids.end(), [this](int id) {
      const TensorDesc& root = graph_.tensors()[graph_.RootOf(graph_.IndexOf(id)).index];
      return (root.roles & kState) != 0;
    });
  }

  void AddOp(int position) {
    const OpNode& op = graph_.ops()[position];
    model_.workspace[position] = static_cast<std::int64_t>(op.workspace_bytes);
    for (const int id : op.outputs) AddOutput(position, graph_.IndexOf(id));
    for (const int id : op.inputs) {
      const int tensor = graph_.IndexOf(id);
      const int root = graph_.RootOf(tensor).index;
      model_.pieces[root].users.push_back(position);
      const auto producer = view_producer_.find(tensor);
      if (producer != view_producer_.end()) model_.before[position].push_back(producer->second);
    }
    for (const int id : op.after) model_.before[position].push_back(position_of_.at(id));
    position_of_[op.id] = position;
    if (op.has_effects || op.outputs.empty() || UsesState(op.inputs) || UsesState(op.outputs)) {
      if (last_effect_ >= 0) model_.before[position].push_back(last_effect_);
      last_effect_ = position;
    }
  }

  // An op that produces a view needs the bytes of its root, and the readers of the view wait for it.
  void AddOutput(int position, int tensor) {
    const int root = graph_.RootOf(tensor).index;
    if (root == tensor) {
      model_.pieces[tensor].producer = position;
    } else {
      model_.pieces[root].users.push_back(position);
      view_producer_[tensor] = position;
    }
  }

  void AddClaims(int position) {
    const OpNode& op = graph_.ops()[position];
    for (const Alias& alias : op.aliases) {
      if (alias.kind == AliasKind::kView || alias.kind == AliasKind::kPart) continue;
      const int input = graph_.IndexOf(op.inputs[alias.input]);
      const int output = graph_.IndexOf(op.outputs[alias.output]);
      const OrderPiece& dying = model_.pieces[input];
      // Views share bytes that others may need: only tensors that are their own roots.
      if (graph_.RootOf(input).index != input || graph_.RootOf(output).index != output) continue;
      if (dying.producer < 0 || dying.kept || graph_.tensors()[input].roles != 0) continue;
      // The output, and the input from `offset` on.
      const std::int64_t room = model_.pieces[output].bytes - static_cast<std::int64_t>(alias.offset);
      const std::int64_t saved = std::min(dying.bytes, room);
      if (saved > 0) model_.claims[position].push_back({{input}, alias.output, FirstPlace(op, alias.input), saved});
    }
  }

  // A tensor that an op reads twice is one input.
  static int FirstPlace(const OpNode& op, int input) {
    return static_cast<int>(std::find(op.inputs.begin(), op.inputs.end(), op.inputs[input]) - op.inputs.begin());
  }

  const Graph& graph_;
  OrderModel model_;
  std::unordered_map<int, int> position_of_;    // id of an op -> position; looked up, never walked
  std::unordered_map<int, int> view_producer_;  // view -> the op that produces it; likewise
  int last_effect_ = -1;
};

}  // namespace

OrderModel MakeOrderModel(const Graph& graph, bool in_place) { return ModelMaker(graph).Make(in_place); }

}  // namespace orionrt
