#include "graph/colocation_order.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "base/index.hpp"
#include "graph/sharing.hpp"

namespace orionrt {
namespace {

void SortUnique(std::vector<int>& list) {
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

class OrderModelMaker {
 public:
  OrderModelMaker(const Graph& graph, const Colocations& colocations)
      : graph_(graph),
        colocations_(colocations),
        users_(graph.tensors().size()),
        producer_(graph.tensors().size(), -1),
        kept_(graph.tensors().size()) {}

  OrderModel Make(bool in_place) {
    const std::size_t ops = graph_.ops().size();
    model_.before.resize(ops);
    model_.workspace.resize(ops);
    model_.claims.resize(ops);
    for (int op = 0; op < static_cast<int>(ops); ++op) AddOp(op);
    for (int t = 0; t < static_cast<int>(users_.size()); ++t) AddWaits(t);
    buffers_of_.resize(users_.size());
    for (int t = 0; t < static_cast<int>(users_.size()); ++t) {
      if (colocations_.Find(t).group == t && BytesOf(t) > 0) AddBuffers(t);
    }
    for (std::vector<int>& list : model_.before) SortUnique(list);
    for (int op = 0; in_place && op < static_cast<int>(ops); ++op) AddClaims(op);
    return std::move(model_);
  }

 private:
  struct Segment {
    std::int64_t begin = 0;
    std::int64_t end = 0;
    int buffer = 0;
  };

  int IndexOf(int id) const { return graph_.IndexOf(id); }
  const OpNode& Op(int op) const { return graph_.ops()[At(op)]; }
  unsigned RolesOf(int tensor) const { return graph_.tensors()[At(tensor)].roles; }
  std::int64_t BytesOf(int tensor) const { return static_cast<std::int64_t>(graph_.tensors()[At(tensor)].bytes); }
  std::vector<int>& UsersOf(int tensor) { return users_[At(tensor)]; }
  std::vector<int>& Before(int op) { return model_.before[At(op)]; }
  int ProducerOf(int tensor) const { return producer_[At(tensor)]; }

  // Who uses what, and what the order must keep whatever is shared: `after`, and the chain of ops with effects.
  void AddOp(int position) {
    const OpNode& op = Op(position);
    model_.workspace[At(position)] = static_cast<std::int64_t>(op.workspace_bytes);
    for (const int id : op.outputs) {
      producer_[At(IndexOf(id))] = position;
      UsersOf(IndexOf(id)).push_back(position);
    }
    for (const int id : op.inputs) UsersOf(IndexOf(id)).push_back(position);
    for (const int id : op.after) Before(position).push_back(position_of_.at(id));
    position_of_[op.id] = position;
    if (!HasEffects(graph_, op)) return;
    if (last_effect_ >= 0) Before(position).push_back(last_effect_);
    last_effect_ = position;
  }

  // Users wait for what they use and for whose bytes these are; a root lives as long as its views are used.
  void AddWaits(int tensor) {
    const int root = graph_.RootOf(tensor).index;
    for (const int user : UsersOf(tensor)) {
      for (const int first : {ProducerOf(tensor), ProducerOf(root)}) {
        if (first >= 0 && first != user) Before(user).push_back(first);
      }
    }
    if (root != tensor) UsersOf(root).insert(UsersOf(root).end(), UsersOf(tensor).begin(), UsersOf(tensor).end());
    if ((RolesOf(tensor) & (TensorRole::kOutput | TensorRole::kState)) != 0) {
      kept_[At(tensor)] = kept_[At(root)] = 1;
    }
  }

  bool IsKept(int tensor) const { return kept_[At(tensor)] != 0; }

  // Cuts the group at the ends of all windows: between two of them the same members show the same bytes, so these live
  // and die together.
  void AddBuffers(int group) {
    const std::vector<int>& members = colocations_.Members(group);
    std::vector<std::int64_t> ends;
    for (const int t : members) {
      const std::int64_t at = colocations_.Find(t).at;
      ends.insert(ends.end(), {at, at + BytesOf(t)});
    }
    std::sort(ends.begin(), ends.end());
    ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
    std::vector<std::vector<int>> showing(ends.size());
    for (const int t : members) {
      const std::int64_t at = colocations_.Find(t).at;
      const auto first = std::lower_bound(ends.begin(), ends.end(), at) - ends.begin();
      const auto last = std::lower_bound(ends.begin(), ends.end(), at + BytesOf(t)) - ends.begin();
      for (auto s = first; s < last; ++s) showing[At(s)].push_back(t);
    }
    for (std::size_t s = 0; s + 1 < ends.size(); ++s) {
      if (showing[s].empty()) continue;
      buffers_of_[At(group)].push_back({ends[s], ends[s + 1], static_cast<int>(model_.buffers.size())});
      AddBuffer(showing[s], ends[s + 1] - ends[s]);
    }
  }

  // At most one member writes it; without one it came from outside.
  void AddBuffer(const std::vector<int>& showing, std::int64_t bytes) {
    OrderBuffer buffer;
    buffer.bytes = bytes;
    for (const int t : showing) {
      if (colocations_.IsWritten(t)) buffer.producer = ProducerOf(t);
      buffer.kept |= IsKept(t);
      buffer.users.insert(buffer.users.end(), UsersOf(t).begin(), UsersOf(t).end());
    }
    SortUnique(buffer.users);
    buffer.users.erase(std::remove(buffer.users.begin(), buffer.users.end(), buffer.producer), buffer.users.end());
    model_.buffers.push_back(std::move(buffer));
  }

  // What ClaimInPlace might do at this op in some order. It may be less legal in the one that is chosen, as two claims
  // can stand in each other's way; never more, or the bound would not be one.
  void AddClaims(int position) {
    const OpNode& op = Op(position);
    for (const Alias& alias : op.aliases) {
      if (alias.kind == AliasKind::kView || alias.kind == AliasKind::kPiece) continue;
      const int output = IndexOf(op.outputs[At(alias.output)]);
      const int input = IndexOf(op.inputs[At(alias.input)]);
      const Colocations::Place place = colocations_.Find(input);
      if (!colocations_.IsWritten(output) || colocations_.IsGiven(place.group) || IsKept(input)) continue;
      OrderClaim claim;
      claim.output = alias.output;
      claim.input = static_cast<int>(std::find(op.inputs.begin(), op.inputs.end(), op.inputs[At(alias.input)]) -
                                     op.inputs.begin());  // read twice it is one
      bool kept = false;  // through another member; a streaming output may lie lower than here, and miss it
      const std::int64_t begin = place.at - static_cast<std::int64_t>(alias.offset);
      for (const Segment& segment : buffers_of_[At(place.group)]) {
        const std::int64_t first = std::max(segment.begin, begin);
        const std::int64_t last = std::min(segment.end, begin + BytesOf(output));
        if (first >= last) continue;
        claim.saved_bytes += last - first;
        if (alias.kind != AliasKind::kStreaming) kept |= model_.buffers[At(segment.buffer)].kept;
        // More than the input may be saved, where more operands lie behind it; what must die is the input.
        if (segment.begin >= place.at && segment.end <= place.at + BytesOf(input))
          claim.dying.push_back(segment.buffer);
      }
      if (!claim.dying.empty() && !kept) model_.claims[At(position)].push_back(std::move(claim));
    }
  }

  const Graph& graph_;
  const Colocations& colocations_;
  OrderModel model_;
  std::vector<std::vector<int>> users_;           // per tensor the ops that list it
  std::vector<int> producer_;                     // per tensor, or -1
  std::vector<std::vector<Segment>> buffers_of_;  // per group, by bytes
  std::vector<char> kept_;                        // per tensor: to the end
  std::unordered_map<int, int> position_of_;      // id of an op -> position; looked up, never walked
  int last_effect_ = -1;
};

}  // namespace

OrderModel MakeOrderModel(const Graph& graph, const Colocations& colocations, bool in_place) {
  return OrderModelMaker(graph, colocations).Make(in_place);
}

std::vector<std::vector<int>> OpsBefore(const Graph& graph) {
  return MakeOrderModel(graph, Colocations(graph, 1), false).before;
}

}  // namespace orionrt
