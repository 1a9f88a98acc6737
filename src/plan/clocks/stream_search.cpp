#include "plan/clocks/stream_search.hpp"

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

#include "base/index.hpp"
#include "plan/clocks/antichain.hpp"
#include "plan/clocks/conflicts.hpp"

namespace orionrt {
namespace {

// Which of those that may be placed next at one offset comes first. Which one wins differs per problem.
enum class Tie { kSize, kLife, kArea };
constexpr Tie kTies[] = {Tie::kLife, Tie::kArea, Tie::kSize};

struct Item {
  int buffer;
  std::int64_t size, alignment;
  std::int64_t life;  // how many others it conflicts with
};

}  // namespace

// What the search knows before it begins.
struct StreamSearch::Model {
  Model(const Problem& problem, const Precedence& order) {
    std::vector<int> item_of(problem.buffers.size(), -1);
    for (const Precedence::Rectangle& r : order.rectangles()) {
      int& item = item_of[At(r.buffer)];
      if (item >= 0) continue;
      item = static_cast<int>(items.size());
      items.push_back({r.buffer, problem.buffers[At(r.buffer)].size, problem.buffers[At(r.buffer)].alignment, 0});
    }
    conflict.assign(items.size() * items.size(), 0);
    Conflicts conflicts(problem, order);
    for (int r = 0; r < order.count(); ++r) {
      const std::size_t a = At(item_of[At(order.rectangles()[At(r)].buffer)]);
      const std::uint8_t* row = conflicts.Row(r);
      for (int s = 0; s < conflicts.count(); ++s) {
        if (row[s] != 0) conflict[a * items.size() + At(item_of[At(conflicts.buffer(s))])] = 1;
      }
    }
    for (std::size_t a = 0; a < items.size(); ++a) {
      items[a].life = std::count(conflict.begin() + static_cast<std::ptrdiff_t>(a * items.size()),
                                 conflict.begin() + static_cast<std::ptrdiff_t>((a + 1) * items.size()), 1);
    }
    FindCliques(order, item_of);
    buffers = problem.buffers.size();
  }

  const char* row(int item) const { return conflict.data() + At(item) * items.size(); }

  std::int64_t cost() const {  // of a node
    std::int64_t members = static_cast<std::int64_t>(items.size());
    for (const auto& clique : cliques) members += static_cast<std::int64_t>(clique.size());
    return members;
  }

  std::size_t buffers = 0;  // of the problem
  std::vector<Item> items;
  std::vector<char> conflict;             // items x items
  std::vector<std::vector<int>> cliques;  // items: the heaviest antichain through each rectangle, each set once

 private:
  void FindCliques(const Precedence& order, const std::vector<int>& item_of) {
    std::vector<std::int64_t> around(At(order.count()));
    std::set<std::vector<int>> found;
    for (int r = 0; r < order.count(); ++r) {
      for (int other = 0; other < order.count(); ++other) {
        const Precedence::Rectangle& it = order.rectangles()[At(other)];
        around[At(other)] = other == r || order.Conflict(r, other) ? it.end - it.begin : 0;
      }
      std::set<int> members;
      for (const int other : HeaviestAntichain(order, around).rectangles) {
        if (around[At(other)] > 0) members.insert(item_of[At(order.rectangles()[At(other)].buffer)]);
      }
      found.insert(std::vector<int>(members.begin(), members.end()));
    }
    cliques.assign(found.begin(), found.end());
  }
};

class StreamSearch::Search {
 public:
  // Looks for peaks below `peak`, down to `lower_bound`.
  Search(const Model& model, std::size_t buffers, std::int64_t lower_bound, std::int64_t peak, std::int64_t nodes,
         Tie tie, Watch& watch)
      : model_(model),
        lower_bound_(lower_bound),
        peak_(peak),
        nodes_left_(nodes),
        tie_(tie),
        watch_(watch),
        offsets_(buffers, 0) {
    left_.resize(model.items.size());
    std::iota(left_.begin(), left_.end(), 0);
    std::sort(left_.begin(), left_.end(),
              [this](int a, int b) { return KeyOf(a) > KeyOf(b) || (KeyOf(a) == KeyOf(b) && a < b); });
    in_.assign(model.items.size(), 0);
    least_.assign(model.items.size(), 0);
  }

  void Run() { Visit(0, std::vector<std::int64_t>(model_.items.size(), 0)); }

  bool complete() const { return nodes_left_ > 0 && !watch_.stopped(); }
  std::int64_t nodes_left() const { return std::max<std::int64_t>(0, nodes_left_); }
  std::int64_t peak() const { return peak_; }
  const std::vector<std::int64_t>& found() const { return found_; }  // offsets, per buffer; empty: none

 private:
  bool Done() const { return nodes_left_ <= 0 || peak_ <= lower_bound_ || watch_.stopped(); }

  std::int64_t KeyOf(int item) const {
    const Item& it = model_.items[At(item)];
    switch (tie_) {
      case Tie::kSize:
        return it.size;
      case Tie::kLife:
        return it.life;
      case Tie::kArea:
        break;
    }
    return it.life * (it.size >> 16 > 0 ? it.size >> 8 : it.size);
  }

  // Of each clique, what is not placed stacks up from the least that any of it may lie at.
  bool FitsInCliques() const {
    return std::all_of(model_.cliques.begin(), model_.cliques.end(), [this](const std::vector<int>& clique) {
      std::int64_t bytes = 0, from = INT64_MAX;
      for (const int item : clique) {
        if (in_[At(item)] != 0) continue;
        bytes += model_.items[At(item)].size;
        from = std::min(from, least_[At(item)]);
      }
      return bytes == 0 || from + bytes < peak_;
    });
  }

  void Keep() {
    found_ = offsets_;
    peak_ = 0;
    for (const Item& item : model_.items) peak_ = std::max(peak_, offsets_[At(item.buffer)] + item.size);
  }

  // `left_` holds who is not placed; all of them go to `last` or above, and no lower than their floors.
  void Visit(std::int64_t last, const std::vector<std::int64_t>& floors) {
    --nodes_left_;
    watch_.Spend(model_.cost());
    if (left_.empty()) return Keep();
    // What would end below the next one's offset could lie below it, and is placed before it in another branch.
    std::int64_t below = INT64_MAX;
    std::vector<std::pair<std::int64_t, std::size_t>> next;  // offsets, positions in left_
    for (std::size_t k = 0; k < left_.size(); ++k) {
      const Item& item = model_.items[At(left_[k])];
      const std::int64_t floor = floors[At(left_[k])];
      const std::int64_t least = std::max(floor, (last + item.alignment - 1) & -item.alignment);
      if (least + item.size >= peak_) return;
      least_[At(left_[k])] = least;
      below = std::min(below, least + item.size);
      if (floor >= last) next.emplace_back(floor, k);
    }
    if (!FitsInCliques()) return;
    std::stable_sort(next.begin(), next.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<std::int64_t> raised;
    for (const auto& [offset, k] : next) {
      if (offset >= below || Done()) break;
      const int placed = left_[k];
      left_.erase(left_.begin() + static_cast<std::ptrdiff_t>(k));
      in_[At(placed)] = 1;
      offsets_[At(model_.items[At(placed)].buffer)] = offset;
      raised = floors;
      const char* row = model_.row(placed);
      const std::int64_t end = offset + model_.items[At(placed)].size;
      for (const int other : left_) {
        const std::int64_t alignment = model_.items[At(other)].alignment;
        if (row[other] != 0) raised[At(other)] = std::max(raised[At(other)], (end + alignment - 1) & -alignment);
      }
      Visit(offset, raised);
      in_[At(placed)] = 0;
      left_.insert(left_.begin() + static_cast<std::ptrdiff_t>(k), placed);
    }
  }

  const Model& model_;
  const std::int64_t lower_bound_;
  std::int64_t peak_, nodes_left_;
  const Tie tie_;
  Watch& watch_;
  std::vector<int> left_;
  std::vector<char> in_;             // per item: placed
  std::vector<std::int64_t> least_;  // per item that is not: the lowest that it may lie at
  std::vector<std::int64_t> offsets_, found_;
};

StreamSearch::StreamSearch(const Problem& problem, const Precedence& order)
    : model_(std::make_unique<const Model>(problem, order)) {}

StreamSearch::~StreamSearch() = default;

// First whether the bound itself can be had, in each order; then what is below the plan at hand.
SearchResult StreamSearch::Run(std::int64_t lower_bound, std::int64_t peak, std::int64_t most_work,
                               Watch& watch) const {
  SearchResult result;
  result.peak = peak;
  result.proven_bound = lower_bound;
  const std::int64_t most_nodes = std::max<std::int64_t>(4, most_work / model_->cost());
  std::int64_t left = most_nodes;
  const auto run = [&](std::int64_t below, std::int64_t nodes, Tie tie) {
    Search search(*model_, model_->buffers, result.proven_bound, below, nodes, tie, watch);
    search.Run();
    left -= nodes - search.nodes_left();
    if (!search.found().empty()) {
      result.offsets = search.found();
      result.peak = search.peak();
    }
    if (search.complete() && search.peak() > result.proven_bound) result.proven_bound = std::min(below, search.peak());
    return search.complete();
  };
  for (const Tie tie : kTies) {
    if (run(lower_bound + 1, most_nodes / 4, tie) || watch.IsOver()) break;
  }
  if (result.peak > result.proven_bound && left > 0 && !watch.IsOver()) run(result.peak, left, kTies[0]);
  result.nodes = most_nodes - left;
  result.work = result.nodes * model_->cost();
  return result;
}

}  // namespace orionrt
