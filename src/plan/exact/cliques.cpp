#include "plan/exact/cliques.hpp"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <limits>
#include <numeric>
#include <tuple>

#include "base/checked.hpp"
#include "base/index.hpp"
#include "plan/exact/stacking.hpp"

namespace orionrt {
namespace {

constexpr int kMostNodes = 1024;
constexpr std::int64_t kApart = -1;  // a distance between two that never meet

using Nodes = std::vector<int>;

// One node a buffer, or a row of a fixed one: its rows move together.
class ConflictGraph {
 public:
  ConflictGraph(const ExactModel& model, WorkMeter& work) : model_(model), work_(work) {
    std::vector<int> node_of_bundle(At(model.BundleCount()), -1);
    for (int row = 0; row < model.row_count; ++row) {
      const int bundle = model.bundle[At(row)];
      if (bundle >= 0 && node_of_bundle[At(bundle)] >= 0) continue;
      if (bundle >= 0) node_of_bundle[At(bundle)] = count();
      rows_.push_back(bundle < 0 ? std::vector<int>{row}
                                 : std::vector<int>(model.bundle_rows.begin() + model.bundle_begin[At(bundle)],
                                                    model.bundle_rows.begin() + model.bundle_begin[At(bundle + 1)]));
    }
    Measure();
  }

  int count() const { return static_cast<int>(rows_.size()); }
  int row(int node) const { return rows_[At(node)].front(); }
  bool Meet(int a, int b) const { return distance(a, b) != kApart; }

  // How much higher than `a` the buffer of `b` begins at the least, if it does not begin lower.
  std::int64_t distance(int a, int b) const { return distances_[static_cast<std::size_t>(a) * rows_.size() + At(b)]; }

  // The offset from which node `a` counts.
  std::int64_t Base(int a) const { return model_.fixed[At(row(a))] == kFree ? 0 : model_.fixed[At(row(a))]; }
  std::int64_t Whole(int a) const { return model_.room[At(row(a))] + (IsFixed(a) ? 0 : model_.begin[At(row(a))]); }
  bool IsFixed(int a) const { return model_.fixed[At(row(a))] != kFree; }

  // What `nodes`, which pairwise conflict, are to a stack: offsets of buffers are what is stacked.
  std::vector<StackItem> Items(const Nodes& nodes) const {
    std::vector<StackItem> items;
    for (const int a : nodes) {
      StackItem item;
      item.length = std::numeric_limits<std::int64_t>::max();
      for (const int b : nodes) {
        if (a != b) item.length = std::min(item.length, distance(a, b));
      }
      if (nodes.size() == 1) item.length = 0;
      item.alignment = IsFixed(a) ? 1 : model_.alignment[At(row(a))];
      item.room = Whole(a);
      item.head = Base(a);
      items.push_back(item);
    }
    return items;
  }

 private:
  void Measure() {
    distances_.assign(rows_.size() * rows_.size(), kApart);
    for (int a = 0; a < count(); ++a) {
      for (int b = 0; b < count(); ++b) {
        if (a != b) distances_[static_cast<std::size_t>(a) * rows_.size() + At(b)] = LeastDistance(a, b);
      }
    }
  }

  // Every two rows that are alive together forbid an open interval of distances.
  std::int64_t LeastDistance(int a, int b) {
    std::vector<std::pair<std::int64_t, std::int64_t>> forbidden;
    work_.Add(Look::kChoice, static_cast<std::int64_t>(rows_[At(a)].size() * rows_[At(b)].size()));
    for (const int p : rows_[At(a)]) {
      for (const int q : rows_[At(b)]) {
        if (model_.first[At(p)] >= model_.last[At(q)] || model_.first[At(q)] >= model_.last[At(p)]) continue;
        const std::int64_t begin_p = IsFixed(a) ? 0 : model_.begin[At(p)],
                           begin_q = IsFixed(b) ? 0 : model_.begin[At(q)];
        forbidden.emplace_back(begin_p - begin_q - model_.size[At(q)], begin_p + model_.size[At(p)] - begin_q);
      }
    }
    if (forbidden.empty()) return kApart;
    std::sort(forbidden.begin(), forbidden.end());
    const std::int64_t step =
        IsFixed(a) || IsFixed(b) ? 1 : std::min(model_.alignment[At(row(a))], model_.alignment[At(row(b))]);
    std::int64_t distance = 0;
    for (const auto& [from, to] : forbidden) {
      if (from < distance && distance < to) distance = (to + step - 1) / step * step;
    }
    return distance;
  }

  const ExactModel& model_;
  WorkMeter& work_;
  std::vector<std::vector<int>> rows_;
  std::vector<std::int64_t> distances_;
};

// All cliques above a weight by branch and bound; colour classes bound what is left, each by its heaviest.
class HeavyCliques {
 public:
  HeavyCliques(const ConflictGraph& conflicts, WorkMeter& work, std::int64_t end)
      : conflicts_(conflicts), work_(work), end_(end) {
    for (int a = 0; a < conflicts.count(); ++a) {
      std::int64_t least = std::numeric_limits<std::int64_t>::max();
      for (int b = 0; b < conflicts.count(); ++b) {
        if (conflicts.Meet(a, b)) least = std::min(least, conflicts.distance(a, b));
      }
      weights_.push_back(least == std::numeric_limits<std::int64_t>::max() ? 0 : least);
    }
  }

  // The heaviest of all, unless the work ends before.
  Nodes Heaviest() {
    rises_ = true;
    Search(-1);
    return found_.empty() ? Nodes() : found_.back().second;
  }

  // Those that no other node could join, the heaviest first.
  std::vector<Nodes> Above(std::int64_t weight) {
    rises_ = false;
    Search(weight);
    std::sort(found_.begin(), found_.end());
    std::vector<Nodes> cliques;
    for (auto& [negative_weight, clique] : found_) cliques.push_back(std::move(clique));
    return cliques;
  }

  std::int64_t WeightOf(const Nodes& nodes) const {
    return std::accumulate(nodes.begin(), nodes.end(), std::int64_t{0},
                           [&](std::int64_t sum, int node) { return sum + weights_[At(node)]; });
  }

 private:
  void Search(std::int64_t threshold) {
    threshold_ = threshold;
    found_.clear();
    Nodes all(weights_.size());
    std::iota(all.begin(), all.end(), 0);
    std::stable_sort(all.begin(), all.end(), [&](int a, int b) { return weights_[At(a)] > weights_[At(b)]; });
    Extend(all, 0);
  }

  void Extend(const Nodes& candidates, std::int64_t weight) {
    if (work_.IsPast({std::numeric_limits<std::int64_t>::max(), end_})) return;
    if (candidates.empty()) {
      if (weight > threshold_ && IsMaximal()) Keep(weight);
      return;
    }
    if (levels_.size() == clique_.size()) levels_.emplace_back();
    Level& level = levels_[clique_.size()];
    Colour(candidates, level);
    for (std::size_t k = level.ordered.size(); k-- > 0;) {
      if (weight + level.bounds[k] <= threshold_) return;
      const int node = level.ordered[k];
      level.rest.clear();
      for (std::size_t m = 0; m < k; ++m) {
        if (conflicts_.Meet(node, level.ordered[m])) level.rest.push_back(level.ordered[m]);
      }
      work_.Add(Look::kUnplaced, static_cast<std::int64_t>(k));
      clique_.push_back(node);
      Extend(level.rest, weight + weights_[At(node)]);
      clique_.pop_back();
    }
  }

  bool IsMaximal() const {
    work_.Add(Look::kUnplaced, conflicts_.count());
    for (int a = 0; a < conflicts_.count(); ++a) {
      const bool joins = std::all_of(clique_.begin(), clique_.end(), [&](int b) { return conflicts_.Meet(a, b); });
      if (joins) return false;
    }
    return true;
  }

  void Keep(std::int64_t weight) {
    Nodes clique = clique_;
    std::sort(clique.begin(), clique.end());
    found_.emplace_back(-weight, std::move(clique));
    if (rises_) threshold_ = weight;
  }

  // Of the candidates for one more in the clique.
  struct Level {
    Nodes ordered;
    std::vector<std::int64_t> bounds;  // bounds[k]: no clique of the first k + 1 of `ordered` is heavier
    Nodes rest;                        // those of them that meet the one that is tried
  };

  void Colour(const Nodes& candidates, Level& level) {
    level.ordered.clear();
    level.bounds.clear();
    left_ = candidates;
    std::int64_t bound = 0;
    while (!left_.empty()) {
      const std::size_t first = level.ordered.size();  // of those of one colour
      other_.clear();
      std::int64_t heaviest = 0;
      for (const int node : left_) {
        const auto begin = level.ordered.begin() + static_cast<std::ptrdiff_t>(first);
        work_.Add(Look::kUnplaced, level.ordered.end() - begin + 1);
        if (std::any_of(begin, level.ordered.end(), [&](int b) { return conflicts_.Meet(node, b); })) {
          other_.push_back(node);
        } else {
          level.ordered.push_back(node);
          heaviest = std::max(heaviest, weights_[At(node)]);
        }
      }
      bound += heaviest;
      level.bounds.resize(level.ordered.size(), bound);
      left_.swap(other_);
    }
  }

  const ConflictGraph& conflicts_;
  WorkMeter& work_;
  const std::int64_t end_;
  bool rises_ = false;  // the threshold, to the weight of what is found
  std::int64_t threshold_ = 0;
  std::vector<std::int64_t> weights_;
  Nodes clique_;
  std::deque<Level> levels_;  // by the nodes in the clique
  Nodes left_, other_;        // of Colour: kept for their memory
  std::vector<std::pair<std::int64_t, Nodes>> found_;
};

// Those that waste most, if there are too many to look at every order of.
Nodes MostAligned(const ExactModel& model, const ConflictGraph& conflicts, Nodes nodes) {
  const auto alignment = [&](int node) { return model.alignment[At(conflicts.row(node))]; };
  std::stable_sort(nodes.begin(), nodes.end(), [&](int a, int b) { return alignment(a) > alignment(b); });
  if (nodes.size() > kMostStacked) nodes.resize(kMostStacked);
  return nodes;
}

// Sum of lengths, and the top one's whole: no order is lower.
std::int64_t PlainHeight(const std::vector<StackItem>& items) {
  std::int64_t sum = 0;
  std::int64_t top = std::numeric_limits<std::int64_t>::max();
  for (const StackItem& item : items) {
    sum += item.length;
    top = std::min(top, item.room - item.length);
  }
  return items.empty() ? 0 : sum + top;
}

// What padding could add to that at the most.
std::int64_t MostPadding(const std::vector<StackItem>& items) {
  return std::accumulate(items.begin(), items.end(), std::int64_t{0},
                         [](std::int64_t sum, const StackItem& item) { return sum + item.alignment - 1; });
}

class StackFinder {
 public:
  StackFinder(const ExactModel& model, std::int64_t known, std::int64_t most_work, WorkMeter& work)
      : model_(model), work_(work), end_(work.spent().work + most_work), conflicts_(model, work), alive_(Alive()) {
    best_.height = known;
  }

  Stacks Run() {
    if (model_.HasBundles()) TryCliques();
    TrySections();
    return std::move(best_);
  }

 private:
  void TryCliques() {
    constexpr std::size_t kMostCliques = 16;
    HeavyCliques heavy(conflicts_, work_, (work_.spent().work + end_) / 2);
    const Nodes heaviest = heavy.Heaviest();
    Try(heaviest);
    const std::int64_t weight = heavy.WeightOf(heaviest);
    for (const Nodes& clique : heavy.Above(weight - weight / 8)) {
      if (best_.cliques.size() == kMostCliques) return;
      Try(clique);
      if (IsSection(clique)) continue;
      StackedRows rows;
      const std::vector<StackItem> items = conflicts_.Items(clique);
      for (std::size_t k = 0; k < items.size(); ++k) {
        if (items[k].length > 0) rows.push_back({conflicts_.row(clique[k]), items[k].length});
      }
      best_.cliques.push_back(std::move(rows));
    }
  }

  bool IsSection(const Nodes& clique) const {
    return std::any_of(alive_.begin(), alive_.end(), [&](const Nodes& alive) {
      return std::includes(alive.begin(), alive.end(), clique.begin(), clique.end());
    });
  }

  // Sections, those with the most to lie on top of each other first; none if there is no time to look at all.
  void TrySections() {
    std::int64_t nodes = 0;
    for (const Nodes& alive : alive_) nodes += static_cast<std::int64_t>(alive.size());
    if (work_.spent().work + static_cast<std::int64_t>(Look::kLaid) * nodes > end_) return;
    work_.Add(Look::kLaid, nodes);
    std::vector<std::pair<std::int64_t, int>> order;
    for (int s = 0; s < model_.section_count; ++s) {
      const std::vector<StackItem> items = conflicts_.Items(alive_[At(s)]);
      order.emplace_back(-PlainHeight(items), s);
    }
    std::sort(order.begin(), order.end());
    for (const auto& [height, s] : order) Try(alive_[At(s)]);
  }

  std::vector<Nodes> Alive() const {
    std::vector<Nodes> alive(At(model_.section_count));
    for (int node = 0; node < conflicts_.count(); ++node) AddAlive(node, alive);
    return alive;
  }

  void AddAlive(int node, std::vector<Nodes>& alive) const {
    const int first_row = conflicts_.row(node);
    const int bundle = model_.bundle[At(first_row)];
    const int begin = bundle < 0 ? 0 : model_.bundle_begin[At(bundle)];
    const int end = bundle < 0 ? 1 : model_.bundle_begin[At(bundle + 1)];
    for (int k = begin; k < end; ++k) {
      const int row = bundle < 0 ? first_row : model_.bundle_rows[At(k)];
      for (int s = model_.first[At(row)]; s < model_.last[At(row)]; ++s) {
        if (alive[At(s)].empty() || alive[At(s)].back() != node) alive[At(s)].push_back(node);
      }
    }
  }

  void Try(const Nodes& nodes) {
    Know(nodes, PlainHeight(conflicts_.Items(nodes)));
    const Nodes stacked = MostAligned(model_, conflicts_, nodes);
    const std::vector<StackItem> items = conflicts_.Items(stacked);
    if (PlainHeight(items) + MostPadding(items) <= best_.height) return;
    const std::int64_t steps = static_cast<std::int64_t>(items.size()) << items.size();
    if (work_.spent().work + 2 * steps > end_) return;
    work_.Add(Look::kStacked, steps);
    Know(stacked, LeastHeight(items));
  }

  void Know(const Nodes& nodes, std::int64_t height) {
    if (height <= best_.height) return;
    best_.height = height;
    best_.buffers.clear();
    for (const int node : nodes) best_.buffers.push_back(model_.original[At(conflicts_.row(node))]);
    std::sort(best_.buffers.begin(), best_.buffers.end());
    best_.buffers.erase(std::unique(best_.buffers.begin(), best_.buffers.end()), best_.buffers.end());
  }

  const ExactModel& model_;
  WorkMeter& work_;
  const std::int64_t end_;
  const ConflictGraph conflicts_;
  const std::vector<Nodes> alive_;  // per section, ascending
  Stacks best_;
};

}  // namespace

Stacks FindStacks(const ExactModel& model, std::int64_t known, std::int64_t most_work, WorkMeter& work) {
  const bool plain = !model.HasBundles() && model.max_alignment == model.grain;
  const std::int64_t pairs = std::int64_t{model.row_count} * model.row_count;
  if (plain || model.row_count > kMostNodes || static_cast<std::int64_t>(Look::kChoice) * pairs > most_work) return {};
  return StackFinder(model, std::max(known, model.max_load), most_work, work).Run();
}

}  // namespace orionrt
