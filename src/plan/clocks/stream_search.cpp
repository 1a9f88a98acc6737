#include "plan/clocks/stream_search.hpp"

#include <algorithm>
#include <numeric>

#include "plan/clocks/conflicts.hpp"

namespace orionrt {
namespace {

std::size_t At(int index) { return static_cast<std::size_t>(index); }

class Search {
 public:
  Search(const Problem& problem, const Precedence& order, std::int64_t lower_bound, std::int64_t peak,
         std::int64_t most_nodes)
      : lower_bound_(lower_bound), nodes_left_(most_nodes), offsets_(problem.buffers.size(), 0) {
    result_.peak = peak;
    std::vector<int> item_of(problem.buffers.size(), -1);
    for (const Precedence::Rectangle& r : order.rectangles()) {
      int& item = item_of[At(r.buffer)];
      if (item >= 0) continue;
      item = static_cast<int>(items_.size());
      items_.push_back({r.buffer, problem.buffers[At(r.buffer)].size, problem.buffers[At(r.buffer)].alignment});
    }
    conflict_.assign(items_.size() * items_.size(), 0);
    Conflicts conflicts(problem, order);
    for (int r = 0; r < order.count(); ++r) {
      const std::size_t a = At(item_of[At(order.rectangles()[At(r)].buffer)]);
      const std::uint8_t* row = conflicts.Row(r);
      for (int s = 0; s < conflicts.count(); ++s) {
        if (row[s] != 0) conflict_[a * items_.size() + At(item_of[At(conflicts.buffer(s))])] = 1;
      }
    }
    left_.resize(items_.size());
    std::iota(left_.begin(), left_.end(), 0);
    std::sort(left_.begin(), left_.end(), [this](int a, int b) {
      return items_[At(a)].size != items_[At(b)].size ? items_[At(a)].size > items_[At(b)].size : a < b;
    });
  }

  SearchResult Run() {
    const std::int64_t limit = nodes_left_;
    const std::vector<std::int64_t> floors(items_.size(), 0);
    Visit(0, floors);
    result_.nodes = limit - nodes_left_;
    if (nodes_left_ > 0) result_.proven_bound = result_.peak;
    return std::move(result_);
  }

 private:
  struct Item {
    int buffer;
    std::int64_t size, alignment;
  };

  bool Done() const { return nodes_left_ <= 0 || result_.peak <= lower_bound_; }

  // `left_` holds who is not placed; all of them go to `last` or above, and no lower than their floors.
  void Visit(std::int64_t last, const std::vector<std::int64_t>& floors) {
    --nodes_left_;
    if (left_.empty()) {
      result_.offsets = offsets_;
      result_.peak = 0;
      for (const Item& item : items_) result_.peak = std::max(result_.peak, offsets_[At(item.buffer)] + item.size);
      return;
    }
    // What would end below the next one's offset could lie below it, and is placed before it in another branch.
    std::int64_t below = INT64_MAX;
    std::vector<std::pair<std::int64_t, std::size_t>> next;  // offsets, positions in left_
    for (std::size_t k = 0; k < left_.size(); ++k) {
      const Item& item = items_[At(left_[k])];
      const std::int64_t floor = floors[At(left_[k])];
      const std::int64_t least = std::max(floor, (last + item.alignment - 1) & -item.alignment);
      if (least + item.size >= result_.peak) return;
      below = std::min(below, least + item.size);
      if (floor >= last) next.emplace_back(floor, k);
    }
    std::stable_sort(next.begin(), next.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<std::int64_t> raised;
    for (const auto& [offset, k] : next) {
      if (offset >= below || Done()) break;
      const int placed = left_[k];
      left_.erase(left_.begin() + static_cast<std::ptrdiff_t>(k));
      offsets_[At(items_[At(placed)].buffer)] = offset;
      raised = floors;
      const char* row = conflict_.data() + At(placed) * items_.size();
      const std::int64_t end = offset + items_[At(placed)].size;
      for (const int other : left_) {
        const std::int64_t alignment = items_[At(other)].alignment;
        if (row[other] != 0) raised[At(other)] = std::max(raised[At(other)], (end + alignment - 1) & -alignment);
      }
      Visit(offset, raised);
      left_.insert(left_.begin() + static_cast<std::ptrdiff_t>(k), placed);
    }
  }

  const std::int64_t lower_bound_;
  std::int64_t nodes_left_;
  std::vector<Item> items_;
  std::vector<char> conflict_;
  std::vector<int> left_;
  std::vector<std::int64_t> offsets_;  // per buffer
  SearchResult result_;
};

}  // namespace

SearchResult SearchStreams(const Problem& problem, const Precedence& order, std::int64_t lower_bound, std::int64_t peak,
                           std::int64_t most_nodes) {
  return Search(problem, order, lower_bound, peak, most_nodes).Run();
}

}  // namespace orionrt
