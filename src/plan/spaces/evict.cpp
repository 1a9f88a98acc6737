// Who leaves a space that is too small. The flow (pools_flow.hpp) gives a bound and prices: who costs little per byte
// against the prices of the sections that it lives through leaves first; then whoever need not have left comes back.
// On small problems a branch and bound over whoever the flow tears apart closes most of what is left between the two.
#include <algorithm>
#include <numeric>
#include <queue>
#include <tuple>

#include "base/wide.hpp"
#include "plan/load_tree.hpp"
#include "plan/placing/placer.hpp"
#include "plan/spaces/min_cost_flow.hpp"
#include "plan/spaces/spaces.hpp"

namespace orionrt {
namespace {

// Tries to leave in some order; then whoever need not have left comes back, the dearest first. Keeps the cheapest.
class Evictor {
 public:
  Evictor(const Loads& loads, const std::vector<Tenant>& tenants)
      : loads_(loads), tenants_(tenants), tree_(std::max(1, loads.shapes.sections())) {
    for (int j = 0; j < static_cast<int>(tenants.size()); ++j) Put(j, 1);
  }

  void Try(const std::vector<int>& order) {
    const Span all = {0, std::max(1, loads_.shapes.sections())};
    std::vector<int> left;
    for (const int j : order) {
      if (tree_.Max(all).bytes <= loads_.limit) break;
      if (!Overloaded(j)) continue;
      Put(j, -1);
      left.push_back(j);
    }
    std::stable_sort(left.begin(), left.end(), [&](int a, int b) { return tenants_[a].cost > tenants_[b].cost; });
    const bool covers = tree_.Max(all).bytes <= loads_.limit;
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
    const bool better = covers != best_.covers ? covers : cost < best_.cost;
    if (!better && !best_.leaves.empty()) return;
    best_.cost = cost;
    best_.leaves = std::move(leaves);
    best_.covers = covers;
  }

  const Eviction& best() const { return best_; }

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
};

// By a / b ascending, where b is 0 last; then by the tie. What stands first leaves first.
struct EvictionKey {
  std::int64_t a, b, tie;
  int index;
  bool operator<(const EvictionKey& other) const {
    if ((b == 0) != (other.b == 0)) return b != 0;
    const Wide mine = static_cast<Wide>(a) * other.b, theirs = static_cast<Wide>(other.a) * b;
    if (b != 0 && mine != theirs) return mine < theirs;
    return std::tie(tie, index) < std::tie(other.tie, other.index);
  }
};

class EvictionSearch {
 public:
  EvictionSearch(const Problem& problem, const std::vector<Tenant>& tenants, std::int64_t capacity)
      : loads_(problem, capacity), tenants_(tenants), evictor_(loads_, tenants) {}

  Eviction Run(int nodes) {
    std::vector<Fate> root;
    for (const Tenant& tenant : tenants_) root.push_back(tenant.pinned ? Fate::kStays : Fate::kOpen);
    if (ExcessFlow(loads_, tenants_, root).empty()) return {std::vector<bool>(tenants_.size(), false), true, 0, 0};
    Visit(std::move(root), 0);
    if (!evictor_.best().covers) return evictor_.best();
    for (int k = 0; k < nodes && !IsSolved(); ++k) Branch();
    Eviction best = evictor_.best();
    best.bound = best.cost;
    if (!queue_.empty()) best.bound = std::min(best.bound, queue_.top().bound);
    if (unclosed_ >= 0) best.bound = std::min(best.bound, unclosed_);
    return best;
  }

 private:
  struct Node {
    std::int64_t bound;
    int number;  // in order of their making: ties go to the older
    int torn;
    std::vector<Fate> fates;
    bool operator<(const Node& other) const {
      return std::tie(bound, number) > std::tie(other.bound, other.number);  // the queue's top is the largest
    }
  };

  bool IsSolved() const { return queue_.empty() || queue_.top().bound >= evictor_.best().cost; }

  void Branch() {
    const Node node = queue_.top();
    queue_.pop();
    for (const Fate fate : {Fate::kLeaves, Fate::kStays}) {
      std::vector<Fate> fates = node.fates;
      fates[node.torn] = fate;
      Visit(std::move(fates), node.bound);
    }
  }

  // Solves the flow of a node, tries what it says, and queues it unless it is settled.
  void Visit(std::vector<Fate> fates, std::int64_t bound) {
    ExcessFlow flow(loads_, tenants_, fates);
    const bool possible = flow.Run();
    TryOrders(flow, fates, possible);
    if (!possible) return;
    std::vector<int> leave;
    std::int64_t fixed = 0;
    for (std::size_t j = 0; j < fates.size(); ++j) {
      if (fates[j] == Fate::kLeaves) fixed += tenants_[j].cost;
    }
    bound = std::max(bound, fixed + flow.Cost());
    const int torn = flow.Split(tenants_, &leave);
    for (int j = 0; j < static_cast<int>(fates.size()); ++j) {
      if (fates[j] == Fate::kLeaves) leave.push_back(j);
    }
    if (torn < 0) evictor_.Try(leave);
    if (torn >= 0) {
      if (bound < evictor_.best().cost) queue_.push({bound, visited_++, torn, std::move(fates)});
      return;
    }
    // The flow is a choice; the cheapest of this node, if every section had its row and no cost was rounded.
    if (bound < evictor_.best().cost && (unclosed_ < 0 || bound < unclosed_)) unclosed_ = bound;
  }

  void TryOrders(const ExcessFlow& flow, const std::vector<Fate>& fates, bool priced) {
    std::vector<int> leaving;
    std::vector<EvictionKey> large_first, small_first, by_life;
    for (int j = 0; j < static_cast<int>(fates.size()); ++j) {
      const std::int64_t bytes = loads_.bytes[j];
      if (fates[j] == Fate::kLeaves) leaving.push_back(j);
      if (fates[j] != Fate::kOpen || bytes == 0) continue;
      const std::int64_t per_byte = ExcessFlow::CostPerByte(tenants_[j].cost, bytes);
      const Span rows = flow.RowsOf(loads_.shapes.extents[j]);
      large_first.push_back({per_byte, priced ? flow.Price(rows) : 0, -bytes, j});
      small_first.push_back({per_byte, priced ? flow.Price(rows) : 0, bytes, j});
      by_life.push_back({per_byte, rows.length(), -bytes, j});
    }
    for (std::vector<EvictionKey>* keys : {&large_first, &small_first, &by_life}) {
      std::sort(keys->begin(), keys->end());
      std::vector<int> order = leaving;
      for (const EvictionKey& key : *keys) order.push_back(key.index);
      evictor_.Try(order);
    }
  }

  const Loads loads_;
  const std::vector<Tenant>& tenants_;
  Evictor evictor_;
  std::priority_queue<Node> queue_;
  int visited_ = 0;
  std::int64_t unclosed_ = -1;  // the least bound of a node that was given up without a proof; -1: none was
};

}  // namespace

Eviction ChooseEviction(const Problem& problem, const std::vector<Tenant>& tenants, std::int64_t capacity,
                        Effort effort) {
  constexpr std::size_t kSmall = 4096;       // buffers
  constexpr int kNodes[] = {10, 100, 2000};  // fast, balanced, thorough
  const bool small = problem.buffers.size() <= kSmall;
  return EvictionSearch(problem, tenants, capacity).Run(small ? kNodes[static_cast<int>(effort)] : 0);
}

}  // namespace orionrt
