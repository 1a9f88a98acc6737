// Which buffers spill from a space that is too small. The flow (min_cost_flow.hpp) gives a bound and prices: a buffer
// that costs little per byte against the prices of the sections that it lives through spills first; then every buffer
// that need not have spilled comes back. On small problems a branch and bound over the buffers that the flow tears
// apart closes most of what is left between the two.
#include "plan/spaces/choose_spills.hpp"

#include <numeric>
#include <queue>
#include <tuple>

#include "base/index.hpp"
#include "base/wide.hpp"
#include "plan/load_tree.hpp"
#include "plan/placing/placer.hpp"
#include "plan/spaces/min_cost_flow.hpp"

namespace orionrt {
namespace {

// Spills in some order; then every buffer that need not have spilled comes back, the dearest first. Keeps the cheapest
// choice.
class SpillTrials {
 public:
  SpillTrials(const Loads& loads, const std::vector<Resident>& residents)
      : loads_(loads), residents_(residents), tree_(std::max(1, loads.shapes.sections())) {
    for (int j = 0; j < static_cast<int>(residents.size()); ++j) Put(j, 1);
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
    std::stable_sort(left.begin(), left.end(),
                     [&](int a, int b) { return residents_[At(a)].cost > residents_[At(b)].cost; });
    const bool covers = tree_.Max(all).bytes <= loads_.limit;
    std::vector<bool> spilled(residents_.size(), false);
    std::int64_t cost = 0;
    for (const int j : left) {
      Put(j, 1);
      if (covers && !Overloaded(j)) continue;
      Put(j, -1);
      spilled[At(j)] = true;
      cost += residents_[At(j)].cost;
    }
    for (const int j : left) {
      if (spilled[At(j)]) Put(j, 1);
    }
    const bool better = covers != best_.covers ? covers : cost < best_.cost;
    if (!better && !best_.spilled.empty()) return;
    best_.cost = cost;
    best_.spilled = std::move(spilled);
    best_.covers = covers;
  }

  const SpillChoice& best() const { return best_; }

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
  const std::vector<Resident>& residents_;
  LoadTree tree_;
  SpillChoice best_;
};

// By a / b ascending, where b is 0 last; then by the tie. What stands first spills first.
struct SpillKey {
  std::int64_t a, b, tie;
  int index;
  bool operator<(const SpillKey& other) const {
    if ((b == 0) != (other.b == 0)) return b != 0;
    const Wide mine = static_cast<Wide>(a) * other.b, theirs = static_cast<Wide>(other.a) * b;
    if (b != 0 && mine != theirs) return mine < theirs;
    return std::tie(tie, index) < std::tie(other.tie, other.index);
  }
};

class SpillSearch {
 public:
  SpillSearch(const Problem& problem, const std::vector<Resident>& residents, std::int64_t capacity)
      : loads_(problem, capacity), residents_(residents), trials_(loads_, residents) {}

  SpillChoice Run(int nodes) {
    std::vector<Fate> root;
    for (const Resident& resident : residents_) root.push_back(resident.pinned ? Fate::kStays : Fate::kOpen);
    if (ExcessFlow(loads_, residents_, root).empty()) return {std::vector<bool>(residents_.size(), false), true, 0, 0};
    Visit(std::move(root), 0);
    if (!trials_.best().covers) return trials_.best();
    for (int k = 0; k < nodes && !IsSolved(); ++k) Branch();
    SpillChoice best = trials_.best();
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

  bool IsSolved() const { return queue_.empty() || queue_.top().bound >= trials_.best().cost; }

  void Branch() {
    const Node node = queue_.top();
    queue_.pop();
    for (const Fate fate : {Fate::kSpills, Fate::kStays}) {
      std::vector<Fate> fates = node.fates;
      fates[At(node.torn)] = fate;
      Visit(std::move(fates), node.bound);
    }
  }

  // Solves the flow of a node, tries what it says, and queues it unless it is settled.
  void Visit(std::vector<Fate> fates, std::int64_t bound) {
    ExcessFlow flow(loads_, residents_, fates);
    const bool possible = flow.Run();
    TryOrders(flow, fates, possible);
    if (!possible) return;
    std::vector<int> spilled;
    std::int64_t fixed = 0;
    for (std::size_t j = 0; j < fates.size(); ++j) {
      if (fates[j] == Fate::kSpills) fixed += residents_[j].cost;
    }
    bound = std::max(bound, fixed + flow.Cost());
    const int torn = flow.Split(residents_, &spilled);
    for (int j = 0; j < static_cast<int>(fates.size()); ++j) {
      if (fates[At(j)] == Fate::kSpills) spilled.push_back(j);
    }
    if (torn < 0) trials_.Try(spilled);
    if (torn >= 0) {
      if (bound < trials_.best().cost) queue_.push({bound, visited_++, torn, std::move(fates)});
      return;
    }
    // The flow is a choice; the cheapest of this node, if every section had its row and no cost was rounded.
    if (bound < trials_.best().cost && (unclosed_ < 0 || bound < unclosed_)) unclosed_ = bound;
  }

  void TryOrders(const ExcessFlow& flow, const std::vector<Fate>& fates, bool priced) {
    std::vector<int> spilled;
    std::vector<SpillKey> large_first, small_first, by_life;
    for (int j = 0; j < static_cast<int>(fates.size()); ++j) {
      const std::int64_t bytes = loads_.bytes[At(j)];
      if (fates[At(j)] == Fate::kSpills) spilled.push_back(j);
      if (fates[At(j)] != Fate::kOpen || bytes == 0) continue;
      const std::int64_t per_byte = ExcessFlow::CostPerByte(residents_[At(j)].cost, bytes);
      const Span rows = flow.RowsOf(loads_.shapes.extents[At(j)]);
      large_first.push_back({per_byte, priced ? flow.Price(rows) : 0, -bytes, j});
      small_first.push_back({per_byte, priced ? flow.Price(rows) : 0, bytes, j});
      by_life.push_back({per_byte, rows.length(), -bytes, j});
    }
    for (std::vector<SpillKey>* keys : {&large_first, &small_first, &by_life}) {
      std::sort(keys->begin(), keys->end());
      std::vector<int> order = spilled;
      for (const SpillKey& key : *keys) order.push_back(key.index);
      trials_.Try(order);
    }
  }

  const Loads loads_;
  const std::vector<Resident>& residents_;
  SpillTrials trials_;
  std::priority_queue<Node> queue_;
  int visited_ = 0;
  std::int64_t unclosed_ = -1;  // the least bound of a node that was given up without a proof; -1: none was
};

}  // namespace

SpillChoice ChooseSpills(const Problem& problem, const std::vector<Resident>& residents, std::int64_t capacity,
                         Effort effort) {
  // Nodes of the branch and bound by effort: docs/spaces.md.
  constexpr std::size_t kSmall = 4096;       // buffers
  constexpr int kNodes[] = {10, 100, 2000};  // fast, balanced, thorough
  const bool small = problem.buffers.size() <= kSmall;
  return SpillSearch(problem, residents, capacity).Run(small ? kNodes[static_cast<int>(effort)] : 0);
}

}  // namespace orionrt
