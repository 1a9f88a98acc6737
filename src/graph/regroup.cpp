#include "graph/regroup.hpp"

#include <algorithm>
#include <numeric>
#include <unordered_set>

#include "base/index.hpp"
#include "graph/colocation_problem.hpp"

namespace orionrt {
namespace {

bool ShareBytes(const Place& a, const Place& b) {
  return a.bytes > 0 && b.bytes > 0 && a.space == b.space && a.space != kExternal && a.offset < b.offset + b.bytes &&
         b.offset < a.offset + a.bytes;
}

// Tensors that share bytes, by a union-find; each root with the lowest offset of its members.
class SharingGroups {
 public:
  SharingGroups(const Graph& graph, const Assignment& assignment) : graph_(graph), up_(graph.tensors().size()) {
    std::iota(up_.begin(), up_.end(), 0);
    for (const TensorDesc& tensor : graph.tensors()) {
      const Place* const place = FindPlace(assignment.tensors, tensor.id);
      places_.push_back(place != nullptr ? *place : Place());
    }
    for (int t = 0; t < static_cast<int>(up_.size()); ++t) {
      if (places_[At(t)].bytes > 0) Join(t, graph.RootOf(t).index);
    }
    for (const OpNode& op : graph.ops()) {
      for (const int output : op.outputs) {
        for (const int input : op.inputs) JoinIfMet(graph.IndexOf(output), graph.IndexOf(input));
      }
    }
  }

  // Per tensor the member that names its group, and the bytes from the group's first; the name as colocations have it:
  // of those that begin the group, and are no views, the largest, then the first.
  std::vector<TensorRoot> Places() {
    std::vector<int> name(up_.size(), -1);
    std::vector<std::int64_t> begin(up_.size(), INT64_MAX);
    for (int t = 0; t < static_cast<int>(up_.size()); ++t) {
      if (IsPlaced(t)) begin[At(Find(t))] = std::min(begin[At(Find(t))], places_[At(t)].offset);
    }
    for (int t = 0; t < static_cast<int>(up_.size()); ++t) {
      const int root = Find(t);
      if (!IsPlaced(t) || places_[At(t)].offset != begin[At(root)] || graph_.RootOf(t).index != t) continue;
      int& best = name[At(root)];
      if (best < 0 || places_[At(t)].bytes > places_[At(best)].bytes) best = t;
    }
    std::vector<TensorRoot> roots;
    for (int t = 0; t < static_cast<int>(up_.size()); ++t) {
      const int root = Find(t);
      roots.push_back(IsPlaced(t) ? TensorRoot{name[At(root)], places_[At(t)].offset - begin[At(root)]}
                                  : TensorRoot{-1, 0});
    }
    return roots;
  }

 private:
  bool IsPlaced(int t) const { return places_[At(t)].bytes > 0 && places_[At(t)].space != kExternal; }

  int Find(int t) {
    while (up_[At(t)] != t) t = up_[At(t)] = up_[At(up_[At(t)])];
    return t;
  }
  void Join(int a, int b) { up_[At(Find(a))] = Find(b); }
  void JoinIfMet(int a, int b) {
    if (ShareBytes(places_[At(a)], places_[At(b)])) Join(a, b);
  }

  const Graph& graph_;
  std::vector<Place> places_;
  std::vector<int> up_;
};

}  // namespace

Lowered RecoverProblem(const Graph& ordered, const Assignment& assignment, std::int64_t alignment,
                       const std::vector<Space>& spaces) {
  const std::unordered_set<int> ids(assignment.vanished_ids.begin(), assignment.vanished_ids.end());
  std::vector<char> vanished;
  for (const OpNode& op : ordered.ops()) vanished.push_back(ids.count(op.id) != 0 ? 1 : 0);
  return MakeColocatedProblem(ordered, GraphLiveness(ordered), alignment, SharingGroups(ordered, assignment).Places(),
                              vanished, spaces);
}

std::vector<InPlaceUse> FindInPlace(const Graph& ordered, const Assignment& assignment) {
  const std::unordered_set<int> vanished(assignment.vanished_ids.begin(), assignment.vanished_ids.end());
  std::vector<InPlaceUse> uses;
  const auto shows = [&](const OpNode& op, int output, const Place& own) {
    std::int64_t shown = 0;  // bytes
    for (const Alias& alias : op.aliases) {
      if (alias.output != output) continue;
      const Place* other = FindPlace(assignment.tensors, op.inputs[At(alias.input)]);
      const auto offset = static_cast<std::int64_t>(alias.offset);
      if (other == nullptr || other->bytes == 0 || other->space != own.space) continue;
      if (alias.kind == AliasKind::kView && own.offset == other->offset + offset) return true;
      if (alias.kind == AliasKind::kPiece && other->offset == own.offset + offset) shown += other->bytes;
    }
    return shown == own.bytes;
  };
  for (const OpNode& op : ordered.ops()) {
    if (vanished.count(op.id) != 0) continue;
    for (std::size_t o = 0; o < op.outputs.size(); ++o) {
      const Place* const own = FindPlace(assignment.tensors, op.outputs[o]);
      const bool is_view = ordered.RootOf(ordered.IndexOf(op.outputs[o])).index != ordered.IndexOf(op.outputs[o]);
      if (own == nullptr || is_view || shows(op, static_cast<int>(o), *own)) continue;
      std::unordered_set<int> seen;
      for (const int input : op.inputs) {
        const Place* const read = FindPlace(assignment.tensors, input);
        if (read == nullptr || !ShareBytes(*own, *read) || !seen.insert(input).second) continue;
        uses.push_back({op.id, op.outputs[o], input});
      }
    }
  }
  return uses;
}

BufferPlaces PlacesOf(const Graph& ordered, const Assignment& assignment, const Lowered& lowered) {
  BufferPlaces places;
  places.offsets.resize(lowered.problem.buffers.size());
  places.spaces.resize(lowered.problem.buffers.size());
  const auto set = [&](const Binding& binding, const Place* place) {
    if (binding.buffer < 0) return;
    places.offsets[At(binding.buffer)] = place->offset - binding.delta;
    places.spaces[At(binding.buffer)] = place->space;
  };
  for (std::size_t t = 0; t < lowered.bindings.size(); ++t) {
    set(lowered.bindings[t], FindPlace(assignment.tensors, ordered.tensors()[t].id));
  }
  for (std::size_t step = 0; step < lowered.workspaces.size(); ++step) {
    set(lowered.workspaces[step], FindPlace(assignment.workspaces, ordered.ops()[step].id));
  }
  return places;
}

}  // namespace orionrt
