#include "plan/repair.hpp"

#include <algorithm>

#include "base/index.hpp"
#include "plan/cheapest_offset.hpp"
#include "plan/fixed.hpp"

namespace orionrt {
namespace {

// Found on random problems of 10^5 buffers and perturbed training graphs: docs/planning.md, "The portfolio".
constexpr std::int64_t kOut = -1;         // the offset of an item that is taken out
constexpr std::size_t kLongItems = 4096;  // so many of the longest are kept sorted by address
constexpr std::int64_t kSizeScale = 1023;
constexpr std::size_t kMostOut = 256;
constexpr std::int64_t kMaxWeight = std::int64_t{1} << 48;

int Log2(int value) {
  int log = 0;
  while (value >>= 1) ++log;
  return log;
}

}  // namespace

bool Repair::CanRepair(const Problem& problem) { return problem.parts.empty() && !HasFixed(problem); }

Repair::Repair(const Problem& problem, const Shapes& shapes, const SortKeys& sort_keys)
    : buffers_(sort_keys.movable()) {
  std::vector<std::size_t> count(32, 0);
  for (const int buffer : buffers_) {
    const Buffer& b = problem.buffers[At(buffer)];
    const Span span = shapes.extents[At(buffer)];
    items_.push_back({span, b.size, b.alignment, kOut, 0, 0});
    ++count[At(Log2(span.length()))];
  }
  int first_long = 31;
  for (std::size_t sum = 0; first_long > 0; --first_long) {
    sum += count[static_cast<std::size_t>(first_long) - 1];
    if (sum > kLongItems) break;
  }
  classes_.resize(static_cast<std::size_t>(first_long));
  long_.resize(items_.size());
  for (std::size_t i = 0; i < items_.size(); ++i) {
    const int log = Log2(items_[i].span.length());
    long_[i] = log >= first_long;
    if (!long_[i]) classes_[At(log)].push_back(static_cast<int>(i));
  }
}

bool Repair::Below(const Edge& a, const Edge& b) { return a.at != b.at ? a.at < b.at : a.item < b.item; }

void Repair::TakeOut(int index) {
  Item& item = items_[At(index)];
  if (long_[At(index)]) {
    long_begins_.erase(std::lower_bound(long_begins_.begin(), long_begins_.end(), Edge{item.offset, index}, Below));
    long_ends_.erase(
        std::lower_bound(long_ends_.begin(), long_ends_.end(), Edge{item.offset + item.size, index}, Below));
  }
  item.offset = kOut;
  out_.push_back(index);
}

void Repair::PutIn(int index, std::int64_t offset) {
  Item& item = items_[At(index)];
  item.offset = offset;
  if (!long_[At(index)]) return;
  const Edge begin{offset, index}, end{offset + item.size, index};
  long_begins_.insert(std::lower_bound(long_begins_.begin(), long_begins_.end(), begin, Below), begin);
  long_ends_.insert(std::lower_bound(long_ends_.begin(), long_ends_.end(), end, Below), end);
}

// Collects the edges of all that is placed and alive with the item.
void Repair::FindAlive(int index) {
  const Span span = items_[At(index)].span;
  begins_.clear();
  ends_.clear();
  for (const Edge& edge : long_begins_) {
    if (Overlap(items_[At(edge.item)].span, span)) begins_.push_back(edge);
  }
  for (const Edge& edge : long_ends_) {
    if (Overlap(items_[At(edge.item)].span, span)) ends_.push_back(edge);
  }
  const auto longs = static_cast<std::ptrdiff_t>(begins_.size());
  for (std::size_t c = 0; c < classes_.size(); ++c) {
    const int earliest = span.first - (2 << c) + 1;  // what is born before has died
    auto at = std::lower_bound(classes_[c].begin(), classes_[c].end(), earliest,
                               [this](int item, int birth) { return items_[At(item)].span.first < birth; });
    for (; at != classes_[c].end(); ++at) {
      const Item& other = items_[At(*at)];
      if (other.span.first >= span.last) break;
      if (other.offset == kOut || !Overlap(other.span, span)) continue;
      begins_.push_back({other.offset, *at});
      ends_.push_back({other.offset + other.size, *at});
    }
  }
  for (std::vector<Edge>* edges : {&begins_, &ends_}) {
    std::sort(edges->begin() + longs, edges->end(), Below);
    std::inplace_merge(edges->begin(), edges->begin() + longs, edges->end(), Below);
  }
}

// Puts an item at an offset, and takes out all items that it meets there.
void Repair::Displace(int index, std::int64_t offset) {
  const std::int64_t end = offset + items_[At(index)].size;
  for (const Edge& edge : begins_) {
    if (edge.at >= end) break;
    Item& other = items_[At(edge.item)];
    if (edge.at + other.size <= offset) continue;
    if (other.weight < kMaxWeight) {
      other.weight += other.weight / (other.times + 1) * (1 + other.times / 4);
      ++other.times;
    }
    TakeOut(edge.item);
  }
  PutIn(index, offset);
}

int Repair::TakeHardest() {
  const auto hardest = std::max_element(out_.begin(), out_.end(), [this](int a, int b) {
    const std::int64_t x = items_[At(a)].weight, y = items_[At(b)].weight;
    return x != y ? x < y : a > b;
  });
  const int item = *hardest;
  *hardest = out_.back();
  out_.pop_back();
  return item;
}

bool Repair::Lower(std::vector<std::int64_t>& offsets, std::int64_t target, std::int64_t& steps, Watch& watch) {
  out_.clear();
  long_begins_.clear();
  long_ends_.clear();
  for (std::size_t i = 0; i < items_.size(); ++i) {
    Item& item = items_[i];
    const std::int64_t size = 1 + item.size / (target / kSizeScale + 1);
    item.weight = std::min(size * size * item.span.length(), kMaxWeight);
    item.times = 0;
    item.offset = offsets[At(buffers_[i])];
    if (!long_[i]) continue;
    long_begins_.push_back({item.offset, static_cast<int>(i)});
    long_ends_.push_back({item.offset + item.size, static_cast<int>(i)});
  }
  std::sort(long_begins_.begin(), long_begins_.end(), Below);
  std::sort(long_ends_.begin(), long_ends_.end(), Below);
  for (std::size_t i = 0; i < items_.size(); ++i) {
    if (items_[i].offset + items_[i].size > target) TakeOut(static_cast<int>(i));
  }
  steps -= static_cast<std::int64_t>(items_.size() / 64);
  const std::size_t most = kMostOut + out_.size();  // with more items taken out the search does not converge
  while (!out_.empty() && out_.size() <= most && steps > 0 && !watch.stopped()) {
    const int item = TakeHardest();
    FindAlive(item);
    const auto spent = 1 + static_cast<std::int64_t>(long_begins_.size() / 256 + begins_.size() / 32);
    steps -= spent;
    watch.Spend(kWorkOfStep * spent);
    const Item& it = items_[At(item)];
    const auto weight = [this](const Edge& edge) { return items_[At(edge.item)].weight; };
    Displace(item, CheapestOffset(begins_, ends_, it.size, it.alignment, target, weight));
  }
  if (!out_.empty()) return false;
  for (std::size_t i = 0; i < items_.size(); ++i) offsets[At(buffers_[i])] = items_[i].offset;
  return true;
}

}  // namespace orionrt
