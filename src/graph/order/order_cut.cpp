// Minimum cuts among downsets, by Dinic's algorithm.
#include <algorithm>
#include <limits>
#include <queue>

#include "base/index.hpp"
#include "graph/order/order_search.hpp"

namespace orionrt {
namespace {

constexpr std::int64_t kUncut = std::numeric_limits<std::int64_t>::max() / 4;
constexpr int kSource = 0;
constexpr int kSink = 1;

class CutNetwork {
 public:
  int AddNode() {
    arcs_.emplace_back();
    return static_cast<int>(arcs_.size()) - 1;
  }
  void AddArc(int from, int to, std::int64_t room) {
    arcs_[At(from)].push_back({to, static_cast<int>(arcs_[At(to)].size()), room});
    arcs_[At(to)].push_back({from, static_cast<int>(arcs_[At(from)].size()) - 1, 0});
  }
  std::int64_t MostFlow() {
    std::int64_t total = 0;
    while (FindLevels()) {
      next_.assign(arcs_.size(), 0);
      while (const std::int64_t pushed = Push(kSource, kUncut)) total += pushed;
    }
    return total;
  }

 private:
  struct Arc {
    int to = 0;
    int back = 0;  // place among the arcs of `to`
    std::int64_t room = 0;
  };

  bool FindLevels() {
    level_.assign(arcs_.size(), -1);
    level_[kSource] = 0;
    std::queue<int> open;
    open.push(kSource);
    while (!open.empty()) {
      const int node = open.front();
      open.pop();
      for (const Arc& arc : arcs_[At(node)]) {
        if (arc.room == 0 || level_[At(arc.to)] >= 0) continue;
        level_[At(arc.to)] = level_[At(node)] + 1;
        open.push(arc.to);
      }
    }
    return level_[kSink] >= 0;
  }

  std::int64_t Push(int node, std::int64_t most) {
    if (node == kSink) return most;
    for (std::size_t& i = next_[At(node)]; i < arcs_[At(node)].size(); ++i) {
      Arc& arc = arcs_[At(node)][i];
      if (arc.room == 0 || level_[At(arc.to)] != level_[At(node)] + 1) continue;
      const std::int64_t pushed = Push(arc.to, std::min(most, arc.room));
      if (pushed == 0) continue;
      arc.room -= pushed;
      arcs_[At(arc.to)][At(arc.back)].room += pushed;
      return pushed;
    }
    return 0;
  }

  std::vector<std::vector<Arc>> arcs_;
  std::vector<int> level_;
  std::vector<std::size_t> next_;
};

}  // namespace

// Ops on the source's side have run. An op that adds bytes is paid when it has; one that frees them, when it has not; a
// shared buffer, when some user has not (forwards: it would have been freed) or when one has (backwards: it is there).
std::int64_t LowestBetween(const OrderSpace& space, OpSet low, OpSet high) {
  CutNetwork network;
  network.AddNode();
  network.AddNode();
  std::vector<int> node_of(At(space.ops), -1);
  std::vector<int> between;
  std::vector<int> buffers;
  for (int op = 0; op < space.ops; ++op) {
    if (!Has(high, op) || Has(low, op)) continue;
    between.push_back(op);
    node_of[At(op)] = network.AddNode();
    buffers.insert(buffers.end(), space.shared_of[op].begin(), space.shared_of[op].end());
  }
  std::int64_t constant = 0;
  for (const int op : between) {
    const std::int64_t growth = space.growth[At(op)];
    constant += std::min<std::int64_t>(growth, 0);
    if (growth > 0) network.AddArc(node_of[At(op)], kSink, growth);
    if (growth < 0) network.AddArc(kSource, node_of[At(op)], -growth);
    for (const int earlier : space.before[op]) {
      if (node_of[At(earlier)] >= 0) network.AddArc(node_of[At(op)], node_of[At(earlier)], kUncut);
    }
  }
  std::sort(buffers.begin(), buffers.end());
  buffers.erase(std::unique(buffers.begin(), buffers.end()), buffers.end());
  for (const int buffer : buffers) {
    const auto users = space.users[space.shared[At(buffer)].users];
    const bool counts = std::all_of(users.begin(), users.end(),
                                    [&](int user) { return space.backwards ? !Has(low, user) : Has(high, user); });
    if (!counts) continue;
    const int node = network.AddNode();
    const std::int64_t bytes = space.shared[At(buffer)].bytes;
    if (space.backwards) {
      network.AddArc(node, kSink, bytes);
    } else {
      network.AddArc(kSource, node, bytes);
      constant -= bytes;
    }
    for (const int user : users) {
      if (node_of[At(user)] < 0) continue;
      space.backwards ? network.AddArc(node_of[At(user)], node, kUncut)
                      : network.AddArc(node, node_of[At(user)], kUncut);
    }
  }
  return constant + network.MostFlow();
}

}  // namespace orionrt
