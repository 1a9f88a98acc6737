#include "graph/colocations.hpp"

#include <algorithm>
#include <iterator>

#include "base/index.hpp"
#include "graph/colocation_problem.hpp"

namespace orionrt {
namespace {

bool IsView(const TensorDesc& tensor) { return tensor.view_of != kNoTensor; }

}  // namespace

Colocations::Colocations(const Graph& graph, std::int64_t alignment)
    : graph_(graph),
      needs_(AlignmentNeeds(graph, alignment)),
      written_(graph.tensors().size(), 1),
      nodes_(graph.tensors().size()) {
  std::vector<char> produced(nodes_.size(), 0);
  for (const OpNode& op : graph.ops()) {
    for (const int id : op.outputs) produced[At(graph.IndexOf(id))] = 1;
  }
  const std::vector<char> held = HeldTensors(graph);
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const TensorDesc& tensor = graph.tensors()[i];
    nodes_[i].held = held[i] != 0;
    nodes_[i].given = nodes_[i].held || (!IsView(tensor) && produced[i] == 0);
    nodes_[i].end = static_cast<std::int64_t>(tensor.bytes);
    nodes_[i].alignment = needs_[i];
    nodes_[i].members.assign(1, static_cast<int>(i));
    written_[i] = IsView(tensor) || tensor.bytes == 0 ? 0 : 1;
    if (written_[i] != 0) nodes_[i].written.emplace(0, nodes_[i].end);
  }
  for (int i = 0; i < static_cast<int>(nodes_.size()); ++i) {
    const TensorRoot root = graph.RootOf(i);
    if (root.index != i && graph.tensors()[At(i)].bytes > 0) {
      JoinColocations(root.index, i, root.offset);  // a root is its group's first member, and stands for it
    }
  }
}

// Not compressed, so that joins can be taken back: the smaller group joins the larger, and paths are O(log n) long.
Colocations::Place Colocations::Find(int tensor) const {
  Place place{tensor, 0};
  while (NodeOf(place.group).parent >= 0) {
    place.at += NodeOf(place.group).at;
    place.group = NodeOf(place.group).parent;
  }
  return place;
}

// An empty tensor is never written, so the begins of windows are unique.
void Colocations::SetWritten(int tensor, bool written) {
  written_[At(tensor)] = written ? 1 : 0;
  const Place place = Find(tensor);
  auto& windows = NodeOf(place.group).written;
  if (written) {
    windows.emplace(place.at, place.at + static_cast<std::int64_t>(graph_.tensors()[At(tensor)].bytes));
  } else {
    windows.erase(place.at);
  }
}

// The smaller walks, the larger is asked.
bool Colocations::WritesTwice(const Node& into, const Node& from, std::int64_t at) const {
  if (into.written.size() < from.written.size()) return WritesTwice(from, into, -at);
  return std::any_of(from.written.begin(), from.written.end(), [&](const auto& window) {
    const auto next = into.written.lower_bound(window.first + at);
    if (next != into.written.end() && next->first < window.second + at) return true;
    return next != into.written.begin() && std::prev(next)->second > window.first + at;
  });
}

// A group begins at a multiple of its largest alignment, so each half must begin at one of its own behind that.
bool Colocations::Fits(int inner, int outer, std::int64_t offset) const {
  const Place a = Find(outer);
  const Place b = Find(inner);
  const Node& into = NodeOf(a.group);
  const Node& from = NodeOf(b.group);
  if (into.held || from.held) return false;
  const std::int64_t from_begin = a.at + offset - b.at + from.begin;
  const std::int64_t begin = std::min(into.begin, from_begin);
  if ((into.begin - begin) % into.alignment != 0 || (from_begin - begin) % from.alignment != 0) return false;
  const auto spaces_of = [&](int t) -> const auto& { return graph_.tensors()[At(graph_.RootOf(t).index)].spaces; };
  return spaces_of(inner) == spaces_of(outer);
}

//   offset -> |<- b.at ->|           a.at and b.at lead from the members that stand for their groups to the two
//   tensors, outer ----+----------inner       so the inner group moves by a.at + offset - b.at.
bool Colocations::Bind(int inner, int outer, std::int64_t offset) {
  const Place a = Find(outer);
  const Place b = Find(inner);
  const std::int64_t at = a.at + offset - b.at;
  if (a.group == b.group) return at == 0;
  if (WritesTwice(NodeOf(a.group), NodeOf(b.group), at)) return false;
  return BindInTime(inner, outer, offset);
}

bool Colocations::BindInTime(int inner, int outer, std::int64_t offset) {
  const Place a = Find(outer);
  const Place b = Find(inner);
  const std::int64_t at = a.at + offset - b.at;
  if (a.group == b.group) return at == 0;
  if (!Fits(inner, outer, offset)) return false;
  if (NodeOf(a.group).members.size() >= NodeOf(b.group).members.size()) {
    JoinColocations(a.group, b.group, at);
  } else {
    JoinColocations(b.group, a.group, -at);
  }
  return true;
}

// The child keeps its own members and windows, as the parent had none of them: RollBack finds them there.
void Colocations::JoinColocations(int into, int from, std::int64_t at) {
  Node& parent = NodeOf(into);
  Node& child = NodeOf(from);
  joins_.push_back({from, parent.begin, parent.end, parent.alignment, parent.given});
  child.parent = into;
  child.at = at;
  parent.begin = std::min(parent.begin, child.begin + at);
  parent.end = std::max(parent.end, child.end + at);
  parent.alignment = std::max(parent.alignment, child.alignment);
  parent.given |= child.given;
  parent.members.insert(parent.members.end(), child.members.begin(), child.members.end());
  for (const auto& [begin, end] : child.written) parent.written.emplace(begin + at, end + at);
}

void Colocations::RollBack(std::size_t mark) {
  for (; joins_.size() > mark; joins_.pop_back()) {
    const Join& join = joins_.back();
    Node& child = NodeOf(join.child);
    Node& parent = NodeOf(child.parent);
    for (const auto& window : child.written) parent.written.erase(window.first + child.at);
    parent.members.resize(parent.members.size() - child.members.size());
    parent.begin = join.begin;
    parent.end = join.end;
    parent.alignment = join.alignment;
    parent.given = join.given;
    child.parent = -1;
    child.at = 0;
  }
}

std::vector<TensorRoot> Colocations::Places() const {
  std::vector<TensorRoot> places(nodes_.size());
  for (int group = 0; group < static_cast<int>(nodes_.size()); ++group) {
    const Node& node = NodeOf(group);
    if (node.parent >= 0) continue;
    int name = -1;
    const auto bytes = [&](int t) { return graph_.tensors()[At(t)].bytes; };
    for (const int t : node.members) {
      const std::int64_t at = Find(t).at - node.begin;
      places[At(t)] = {-1, at};
      if (at != 0 || graph_.RootOf(t).index != t) continue;
      if (name < 0 || bytes(t) > bytes(name) || (bytes(t) == bytes(name) && t < name)) name = t;
    }
    for (const int t : node.members) places[At(t)].index = name;
  }
  return places;
}

}  // namespace orionrt
