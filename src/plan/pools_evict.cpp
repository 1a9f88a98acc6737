// Who leaves a pool that is too small. At every section the bytes that leave must be at least the excess there:
//
//   minimise  sum cost_j x_j   subject to   sum over j alive at s of bytes_j x_j >= excess_s,   x_j in {0, 1}
//
// With fractions, y_j = bytes_j x_j, the rows are intervals of ones, so the program is a flow along time (Fulkerson;
// Ahuja, Magnanti and Orlin, Network Flows, 9.6 and 19.6): an arc per buffer from its first section to behind its last,
// with its bytes as capacity and its cost per byte; arcs of no cost back from each section to the one before; across
// every cut flows the excess. Its cost is a bound of what leaving costs. Its node potentials price every section: who
// costs little per byte against the prices of the sections it lives through leaves first. Where there are more than
// kRows overloaded sections, the worst of each stretch of them stand for all: fewer rows, a weaker bound, still one.
#include <algorithm>
#include <numeric>
#include <tuple>

#include "base/checked.hpp"
#include "plan/load_tree.hpp"
#include "plan/placing/placer.hpp"
#include "plan/pools.hpp"

namespace orionrt {
namespace {

constexpr int kRows = 256;
constexpr std::int64_t kScale = 256;                          // costs per byte are in 1/256, rounded down
constexpr std::int64_t kMostPerByte = std::int64_t{1} << 40;  // higher ones count as this: a path's sum must fit
constexpr std::int64_t kInfinite = std::int64_t{1} << 60;

// Loads in units that respect a common alignment A of all buffers: each takes its size rounded up to A, and the sum of
// these is within the capacity rounded up to A, as the topmost needs no padding.
struct Loads {
  Loads(const Problem& problem, std::int64_t capacity) : shapes(problem), limit(capacity) {
    std::int64_t alignment = INT64_MAX;
    for (const Buffer& b : problem.buffers) {
      if (b.size > 0) alignment = std::min(alignment, b.alignment);
    }
    const bool whole = problem.parts.empty() && !problem.buffers.empty() && alignment != INT64_MAX;
    if (!whole || capacity > kMaxBytes - alignment) alignment = 1;
    limit = RoundUp(capacity, alignment);
    for (Rectangle& r : shapes.rectangles) r.end = r.begin + RoundUp(r.end - r.begin, alignment);
    for (const Buffer& b : problem.buffers) bytes.push_back(RoundUp(b.size, alignment));
  }

  // Per section what is alive. O(n).
  std::vector<std::int64_t> PerSection() const {
    std::vector<std::int64_t> sums(static_cast<std::size_t>(shapes.sections()) + 1, 0);
    for (const Rectangle& r : shapes.rectangles) {
      sums[r.span.first] += r.end - r.begin;
      sums[r.span.last] -= r.end - r.begin;
    }
    std::partial_sum(sums.begin(), sums.end(), sums.begin());
    sums.pop_back();
    return sums;
  }

  Shapes shapes;
  std::int64_t limit;
  std::vector<std::int64_t> bytes;  // per buffer, the most that it takes at a section
};

// Overloaded sections, ascending, and by how much.
struct Rows {
  std::vector<int> sections;
  std::vector<std::int64_t> excess;
};

Rows WorstRows(const std::vector<std::int64_t>& loads, std::int64_t limit) {
  std::vector<int> over;
  for (int s = 0; s < static_cast<int>(loads.size()); ++s) {
    if (loads[s] > limit) over.push_back(s);
  }
  Rows rows;
  const std::size_t count = std::min<std::size_t>(over.size(), kRows);
  for (std::size_t k = 0; k < count; ++k) {
    const auto first = over.begin() + static_cast<std::ptrdiff_t>(k * over.size() / count);
    const auto last = over.begin() + static_cast<std::ptrdiff_t>((k + 1) * over.size() / count);
    const int worst = *std::max_element(first, last, [&](int a, int b) { return loads[a] < loads[b]; });
    rows.sections.push_back(worst);
    rows.excess.push_back(loads[worst] - limit);
  }
  return rows;
}

// The least sum of some of `sizes` that is at least `excess`: nobody leaves in part. `excess` itself where there are
// too many sums to tell.
std::int64_t LeastSum(const std::vector<std::int64_t>& sizes, std::int64_t excess) {
  constexpr std::size_t kMostSums = 4096;
  std::vector<std::int64_t> below = {0};
  std::int64_t least = INT64_MAX;
  for (const std::int64_t size : sizes) {
    const auto old = static_cast<std::ptrdiff_t>(below.size());
    for (std::ptrdiff_t k = 0; k < old; ++k) {
      const std::int64_t sum = below[k] + size;
      if (sum >= excess) {
        least = std::min(least, sum);
        break;  // the sums are ascending
      }
      below.push_back(sum);
    }
    std::inplace_merge(below.begin(), below.begin() + old, below.end());
    below.erase(std::unique(below.begin(), below.end()), below.end());
    if (below.size() > kMostSums) return excess;
  }
  return least == INT64_MAX ? excess : least;
}

struct Arc {
  int from, to;  // rows [from, to): the buffer lives through these
  std::int64_t cost;
  std::int64_t left, flow;
};

std::int64_t CostPerByte(std::int64_t cost, std::int64_t bytes) {
  return static_cast<std::int64_t>(std::min<__int128>(static_cast<__int128>(cost) * kScale / bytes, kMostPerByte));
}

// Rows [first, last) that a span of sections lives through.
Span RowsOf(const Rows& rows, Span span) {
  const auto position = [&](int section) {
    return static_cast<int>(std::lower_bound(rows.sections.begin(), rows.sections.end(), section) -
                            rows.sections.begin());
  };
  return {position(span.first), position(span.last)};
}

// The worst sections; what must leave there, as whole buffers.
Rows ChooseRows(const Problem& problem, const Loads& loads, const std::vector<Tenant>& tenants) {
  Rows rows = WorstRows(loads.PerSection(), loads.limit);
  if (!problem.parts.empty()) return rows;  // a body may hold less than its size at a section
  constexpr std::size_t kMost = 256;        // buffers whose sums are tried
  std::vector<std::vector<std::int64_t>> alive(rows.sections.size());
  for (std::size_t j = 0; j < tenants.size(); ++j) {
    if (tenants[j].pinned || loads.bytes[j] == 0) continue;
    const Span span = RowsOf(rows, loads.shapes.bounds[j]);
    for (int k = span.first; k < span.last; ++k) {
      if (alive[k].size() <= kMost) alive[k].push_back(loads.bytes[j]);
    }
  }
  for (std::size_t k = 0; k < alive.size(); ++k) {
    if (alive[k].size() <= kMost) rows.excess[k] = LeastSum(alive[k], rows.excess[k]);
  }
  return rows;
}

// Successive shortest paths, with potentials. Nodes are the gaps between rows.
class ExcessFlow {
 public:
  ExcessFlow(const Loads& loads, const Rows& rows, const std::vector<Tenant>& tenants)
      : nodes_(static_cast<int>(rows.sections.size()) + 1),
        potential_(nodes_, 0),
        supply_(nodes_, 0),
        back_(nodes_, 0) {
    for (int k = 0; k + 1 < nodes_; ++k) {
      supply_[k] += rows.excess[k];
      supply_[k + 1] -= rows.excess[k];
    }
    for (std::size_t j = 0; j < tenants.size(); ++j) {
      if (tenants[j].pinned || loads.bytes[j] == 0) continue;
      const Span span = RowsOf(rows, loads.shapes.bounds[j]);
      if (span.first >= span.last) continue;
      // More than the excess is of no use, so the whole cost goes by what is.
      const std::int64_t most = *std::max_element(rows.excess.begin() + span.first, rows.excess.begin() + span.last);
      const std::int64_t bytes = std::min(loads.bytes[j], most);
      arcs_.push_back({span.first, span.last, CostPerByte(tenants[j].cost, bytes), bytes, 0});
    }
    Merge();
    at_.resize(nodes_);
    for (int a = 0; a < static_cast<int>(arcs_.size()); ++a) {
      at_[arcs_[a].from].push_back(a);
      at_[arcs_[a].to].push_back(a);
    }
  }

  // False where no flow covers the excess.
  bool Run() {
    while (true) {
      const bool done = std::all_of(supply_.begin(), supply_.end(), [](std::int64_t s) { return s <= 0; });
      if (done) return true;
      if (!Augment()) return false;
    }
  }

  // In whole units of cost, rounded up: the bound.
  std::int64_t Cost() const {
    __int128 sum = 0;
    for (const Arc& arc : arcs_) sum += static_cast<__int128>(arc.flow) * arc.cost;
    return static_cast<std::int64_t>((sum + kScale - 1) / kScale);
  }

  // What the sections of these rows charge for a byte, in 1/kScale.
  std::int64_t Price(Span rows) const { return potential_[rows.last] - potential_[rows.first]; }

 private:
  static constexpr int kBackward = -1;  // of the arcs from a node to the one before

  void Merge() {
    const auto key = [](const Arc& a) { return std::tie(a.from, a.to, a.cost); };
    std::sort(arcs_.begin(), arcs_.end(), [&](const Arc& a, const Arc& b) { return key(a) < key(b); });
    std::vector<Arc> merged;
    for (const Arc& arc : arcs_) {
      if (!merged.empty() && key(merged.back()) == key(arc)) {
        merged.back().left += arc.left;
      } else {
        merged.push_back(arc);
      }
    }
    arcs_ = std::move(merged);
  }

  // One step of a path: how it came to a node.
  struct Step {
    int from = -1;
    int arc = kBackward;
    bool reverse = false;  // takes flow back
  };

  void Relax(int from, int to, std::int64_t cost, int arc, bool reverse) {
    const std::int64_t reached = distance_[from] + cost + potential_[from] - potential_[to];
    if (reached >= distance_[to]) return;
    distance_[to] = reached;
    step_[to] = {from, arc, reverse};
  }

  void RelaxFrom(int node) {
    for (const int a : at_[node]) {
      const Arc& arc = arcs_[a];
      if (arc.from == node && arc.left > 0) Relax(node, arc.to, arc.cost, a, false);
      if (arc.to == node && arc.flow > 0) Relax(node, arc.from, -arc.cost, a, true);
    }
    if (node > 0) Relax(node, node - 1, 0, kBackward, false);
    if (node + 1 < nodes_ && back_[node + 1] > 0) Relax(node, node + 1, 0, kBackward, true);
  }

  // Dijkstra from all nodes with supply left to the nearest that lacks some. -1: none is reached.
  int Search() {
    distance_.assign(nodes_, kInfinite);
    step_.assign(nodes_, {});
    std::vector<bool> closed(nodes_, false);
    for (int v = 0; v < nodes_; ++v) {
      if (supply_[v] > 0) distance_[v] = 0;
    }
    while (true) {
      int next = -1;
      for (int v = 0; v < nodes_; ++v) {
        if (!closed[v] && distance_[v] < kInfinite && (next < 0 || distance_[v] < distance_[next])) next = v;
      }
      if (next < 0 || supply_[next] < 0) return next;
      closed[next] = true;
      RelaxFrom(next);
    }
  }

  bool Augment() {
    const int target = Search();
    if (target < 0) return false;
    for (int v = 0; v < nodes_; ++v) potential_[v] += std::min(distance_[v], distance_[target]);
    std::int64_t amount = -supply_[target];
    int v = target;
    for (; step_[v].from >= 0; v = step_[v].from) {
      const Step& step = step_[v];
      if (step.arc != kBackward) amount = std::min(amount, step.reverse ? arcs_[step.arc].flow : arcs_[step.arc].left);
      if (step.arc == kBackward && step.reverse) amount = std::min(amount, back_[v]);
    }
    amount = std::min(amount, supply_[v]);
    supply_[v] -= amount;
    supply_[target] += amount;
    for (v = target; step_[v].from >= 0; v = step_[v].from) Push(v, amount);
    return true;
  }

  void Push(int node, std::int64_t amount) {
    const Step& step = step_[node];
    const std::int64_t signed_amount = step.reverse ? -amount : amount;
    if (step.arc == kBackward) {
      back_[step.reverse ? node : step.from] += signed_amount;
      return;
    }
    arcs_[step.arc].left -= signed_amount;
    arcs_[step.arc].flow += signed_amount;
  }

  const int nodes_;
  std::vector<std::int64_t> potential_, supply_, back_;  // back_[v]: flow from v to v - 1
  std::vector<Arc> arcs_;
  std::vector<std::vector<int>> at_;  // arcs that begin or end at a node
  std::vector<std::int64_t> distance_;
  std::vector<Step> step_;
};

// Tries to leave in some order; then whoever need not have left comes back, the dearest first.
class Evictor {
 public:
  Evictor(const Loads& loads, const std::vector<Tenant>& tenants)
      : loads_(loads), tenants_(tenants), tree_(std::max(1, loads.shapes.sections())) {
    for (int j = 0; j < static_cast<int>(tenants.size()); ++j) Put(j, 1);
  }

  void Try(const std::vector<int>& order) {
    std::vector<int> left;
    for (const int j : order) {
      if (tree_.Max({0, loads_.shapes.sections()}).bytes <= loads_.limit) break;
      if (!Overloaded(j)) continue;
      Put(j, -1);
      left.push_back(j);
    }
    std::stable_sort(left.begin(), left.end(), [&](int a, int b) { return tenants_[a].cost > tenants_[b].cost; });
    const bool covers = tree_.Max({0, loads_.shapes.sections()}).bytes <= loads_.limit;
    std::vector<bool> leaves(tenants_.size(), false);
    std::int64_t cost = 0;
    for (const int j : left) {
      Put(j, 1);
      if (covers && !Overloaded(j)) continue;
      Put(j, -1);
      leaves[j] = true;
      cost += tenants_[j].cost;
    }
    for (const int j : left) {
      if (leaves[j]) Put(j, 1);
    }
    if (cost >= cost_ && !best_.leaves.empty()) return;
    cost_ = cost;
    best_ = {std::move(leaves), covers};
  }

  Eviction Best() { return std::move(best_); }

 private:
  void Put(int j, int sign) {
    for (const Rectangle* r = loads_.shapes.begin(j); r != loads_.shapes.end(j); ++r) {
      tree_.Add(r->span, sign * (r->end - r->begin));
    }
  }

  bool Overloaded(int j) const {
    return std::any_of(loads_.shapes.begin(j), loads_.shapes.end(j),
                       [&](const Rectangle& r) { return tree_.Max(r.span).bytes > loads_.limit; });
  }

  const Loads& loads_;
  const std::vector<Tenant>& tenants_;
  LoadTree tree_;
  Eviction best_;
  std::int64_t cost_ = 0;
};

// By a / b ascending, where b is 0 last; ties by the last two. What stands first leaves first.
struct Key {
  std::int64_t a, b, tie;
  int index;
  bool operator<(const Key& other) const {
    const __int128 mine = static_cast<__int128>(a) * other.b, theirs = static_cast<__int128>(other.a) * b;
    if ((b == 0) != (other.b == 0)) return b != 0;
    if (b != 0 && mine != theirs) return mine < theirs;
    return std::tie(tie, index) < std::tie(other.tie, other.index);
  }
};

std::vector<int> Sorted(std::vector<Key> keys) {
  std::sort(keys.begin(), keys.end());
  std::vector<int> order;
  order.reserve(keys.size());
  for (const Key& key : keys) order.push_back(key.index);
  return order;
}

}  // namespace

Eviction ChooseEviction(const Problem& problem, const std::vector<Tenant>& tenants, std::int64_t capacity) {
  const std::size_t n = problem.buffers.size();
  const Loads loads(problem, capacity);
  const Rows rows = ChooseRows(problem, loads, tenants);
  if (rows.sections.empty()) return {std::vector<bool>(n, false), true};
  ExcessFlow flow(loads, rows, tenants);
  const bool priced = flow.Run();
  std::vector<Key> by_price, by_price_small, by_relief;
  for (int j = 0; j < static_cast<int>(n); ++j) {
    const std::int64_t bytes = loads.bytes[j], cost = tenants[j].cost;
    if (tenants[j].pinned || bytes == 0) continue;
    const Span lived = RowsOf(rows, loads.shapes.bounds[j]);
    if (priced) {
      const std::int64_t price = flow.Price(lived);
      by_price.push_back({CostPerByte(cost, bytes), price, -bytes, j});
      by_price_small.push_back({CostPerByte(cost, bytes), price, bytes, j});
    }
    by_relief.push_back({CostPerByte(cost, bytes), lived.length(), -bytes, j});
  }
  Evictor evictor(loads, tenants);
  for (std::vector<Key>* keys : {&by_price, &by_price_small, &by_relief}) {
    if (!keys->empty()) evictor.Try(Sorted(std::move(*keys)));
  }
  Eviction best = evictor.Best();
  return best.leaves.empty() ? Eviction{std::vector<bool>(n, false), false} : best;
}

std::int64_t EvictionBound(const Problem& problem, const std::vector<Tenant>& tenants, std::int64_t capacity) {
  const Loads loads(problem, capacity);
  const Rows rows = ChooseRows(problem, loads, tenants);
  if (rows.sections.empty()) return 0;
  ExcessFlow flow(loads, rows, tenants);
  flow.Run();
  return flow.Cost();
}

}  // namespace orionrt
