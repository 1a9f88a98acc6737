// Tensors that lie in one piece of memory, and where in it: a union-find whose edges carry distances. It knows nothing
// of time, but for in-place: what shares bytes only because one is dead before the other is born.
//
// Views and pieces are legal in any order of ops if every byte of a group is written once: the windows of the members
// that somebody writes are disjoint, and all others only show what these wrote.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "base/index.hpp"
#include "orionrt/graph.hpp"

namespace orionrt {

class Colocations {
 public:
  struct Place {
    int group = 0;        // the member that stands for all
    std::int64_t at = 0;  // bytes from that member's first; may be negative
  };

  // Every tensor a group of its own, but views, which lie in their roots. `alignment`: the least that a tensor without
  // a root gets. Throws Error (kBadInput) for a view that its offset keeps from the alignment that it wants.
  Colocations(const Graph& graph, std::int64_t alignment);

  Place Find(int tensor) const;  // O(log n)
  const std::vector<int>& Members(int group) const { return nodes_[At(group)].members; }
  bool IsGiven(int group) const { return nodes_[At(group)].given; }     // a member is, from outside
  std::int64_t NeedOf(int tensor) const { return needs_[At(tensor)]; }  // alignment, bytes

  bool IsWritten(int tensor) const { return written_[At(tensor)] != 0; }
  void SetWritten(int tensor, bool written);

  // Lays `inner` so that it begins `offset` bytes behind the first of `outer`. False, and nothing is changed: it lies
  // elsewhere already; spaces or alignments do not go together; a byte would be written twice. O(log^2 n) amortised.
  [[nodiscard]] bool Bind(int inner, int outer, std::int64_t offset);

  // The same for one that dies while the other is born: what is written twice is the caller's to judge.
  [[nodiscard]] bool BindInTime(int inner, int outer, std::int64_t offset);
  bool Fits(int inner, int outer, std::int64_t offset) const;  // whether BindInTime would, two groups given

  // Takes back the latest binds, down to `mark` of them.
  std::size_t mark() const { return joins_.size(); }
  void RollBack(std::size_t mark);

  // Per tensor the member that names its group, and the bytes from the group's first. The name: of those that begin the
  // group the largest, then the first in the graph's order. O(n log n).
  std::vector<TensorRoot> Places() const;

 private:
  struct Node {
    int parent = -1;
    std::int64_t at = 0;  // bytes from the parent's first
    bool given = false;
    bool held = false;  // by whoever runs the graph: lies in no group but its root's
    // Of a group, in bytes from the first of the member that stands for it; kept when it joins another, for RollBack.
    std::int64_t begin = 0;
    std::int64_t end = 0;
    std::int64_t alignment = 1;
    std::vector<int> members;
    std::map<std::int64_t, std::int64_t> written;  // windows [first, second), disjoint until BindInTime
  };
  struct Join {
    int child = 0;
    std::int64_t begin = 0;  // of the parent, before
    std::int64_t end = 0;
    std::int64_t alignment = 1;
    bool given = false;
  };

  Node& NodeOf(int group) { return nodes_[At(group)]; }
  const Node& NodeOf(int group) const { return nodes_[At(group)]; }
  bool WritesTwice(const Node& into, const Node& from, std::int64_t at) const;
  void JoinColocations(int into, int from, std::int64_t at);

  const Graph& graph_;
  std::vector<std::int64_t> needs_;
  std::vector<char> written_;
  std::vector<Node> nodes_;
  std::vector<Join> joins_;
};

}  // namespace orionrt
