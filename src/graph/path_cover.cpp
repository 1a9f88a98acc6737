#include "graph/path_cover.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "base/index.hpp"

namespace orionrt {
namespace {

// Each node is there twice: as one that comes before another, and as one that another comes before. A pair of the
// matching joins the one with the other.
class Matching {
 public:
  Matching(const std::vector<std::vector<int>>& before, const std::vector<int>& given)
      : before_(given), next_(before.size(), -1), arcs_(before.size()) {
    const int n = static_cast<int>(before.size());
    for (int i = 0; i < n; ++i) {
      if (given[At(i)] >= 0) next_[At(given[At(i)])] = i;
    }
    for (int i = 0; i < n; ++i) {
      if (given[At(i)] >= 0) continue;
      for (const int tail : before[At(i)]) {
        if (next_[At(tail)] < 0) arcs_[At(i)].push_back(tail);
      }
    }
  }

  // The deepest tail that is free, which is the one that the node waits for longest.
  void Begin(const std::vector<int>& depth) {
    for (int i = 0; i < static_cast<int>(arcs_.size()); ++i) {
      std::stable_sort(arcs_[At(i)].begin(), arcs_[At(i)].end(),
                       [&](int a, int b) { return depth[At(a)] > depth[At(b)]; });
      for (const int tail : arcs_[At(i)]) {
        if (next_[At(tail)] >= 0) continue;
        Join(tail, i);
        break;
      }
    }
  }

  // A round of shortest ways to more pairs; false when there are none.
  bool Grow() {
    if (!FindLayers()) return false;
    tried_.assign(arcs_.size(), 0);
    for (int i = 0; i < static_cast<int>(arcs_.size()); ++i) {
      if (before_[At(i)] < 0) Augment(i);
    }
    return true;
  }

  std::vector<int> Take() { return std::move(before_); }

 private:
  void Join(int tail, int node) {
    before_[At(node)] = tail;
    next_[At(tail)] = node;
  }

  // How many pairs a node would have to leave for one without a pair to get one; -1 where it does not come to that.
  bool FindLayers() {
    layer_.assign(arcs_.size(), -1);
    std::vector<int> queue;
    for (int i = 0; i < static_cast<int>(arcs_.size()); ++i) {
      if (before_[At(i)] >= 0 || arcs_[At(i)].empty()) continue;
      layer_[At(i)] = 0;
      queue.push_back(i);
    }
    bool found = false;
    for (std::size_t k = 0; k < queue.size(); ++k) {
      for (const int tail : arcs_[At(queue[k])]) {
        const int taken_by = next_[At(tail)];
        if (taken_by < 0) {
          found = true;
        } else if (layer_[At(taken_by)] < 0) {
          layer_[At(taken_by)] = layer_[At(queue[k])] + 1;
          queue.push_back(taken_by);
        }
      }
    }
    return found;
  }

  // From `node` through the layers to a tail that is free; then every node on the way takes the tail that it tried
  // last.
  void Augment(int node) {
    std::vector<int> way = {node};
    while (!way.empty()) {
      const int i = way.back();
      if (tried_[At(i)] == arcs_[At(i)].size()) {
        way.pop_back();
        continue;
      }
      const int taken_by = next_[At(arcs_[At(i)][tried_[At(i)]++])];
      if (taken_by < 0) break;
      if (layer_[At(taken_by)] == layer_[At(i)] + 1) way.push_back(taken_by);
    }
    for (; !way.empty(); way.pop_back()) Join(arcs_[At(way.back())][tried_[At(way.back())] - 1], way.back());
  }

  std::vector<int> before_, next_;      // -1: none
  std::vector<std::vector<int>> arcs_;  // per node the tails that may come before it
  std::vector<int> layer_;
  std::vector<std::size_t> tried_;  // per node how many of its arcs, this round
};

}  // namespace

std::vector<int> FewestPaths(const std::vector<std::vector<int>>& before, const std::vector<int>& before_on_path,
                             const std::vector<int>& depth) {
  Matching matching(before, before_on_path);
  matching.Begin(depth);
  while (matching.Grow()) {
  }
  return matching.Take();
}

}  // namespace orionrt
