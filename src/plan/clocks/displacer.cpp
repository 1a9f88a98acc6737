#include "plan/clocks/displacer.hpp"

#include <algorithm>
#include <numeric>

#include "base/index.hpp"
#include "plan/cheapest_offset.hpp"

namespace orionrt {
namespace {

constexpr std::int64_t kDisplaced = -1;
constexpr std::int64_t kSizeSteps = 16383;
constexpr std::int64_t kHeaviest = std::int64_t{1} << 46;
// Further out at once than when it began: beyond that the search does not come back. A thousand finds what a few
// hundred miss: at 2,000 buffers on four streams the gap falls by a quarter more.
constexpr std::size_t kMostDisplaced = 1000;

}  // namespace

Displacer::Displacer(const Problem& problem, const Precedence& order, Conflicts& conflicts)
    : problem_(problem), conflicts_(conflicts), first_of_buffer_(problem.buffers.size() + 1, 0) {
  for (const Precedence::Rectangle& r : order.rectangles()) ++first_of_buffer_[At(r.buffer) + 1];
  std::partial_sum(first_of_buffer_.begin(), first_of_buffer_.end(), first_of_buffer_.begin());
  several_ = false;
  for (std::size_t i = 0; i + 1 < first_of_buffer_.size(); ++i) {
    several_ |= first_of_buffer_[i + 1] > first_of_buffer_[i] + 1;
    std::int64_t length = 0;
    for (int r = first_of_buffer_[i]; r < first_of_buffer_[i + 1]; ++r) {
      const Precedence::Span span = order.Serial(r);
      length = std::max<std::int64_t>(length, span.upper - span.lower);
    }
    lengths_.push_back(length);
  }
}

bool Displacer::Below(const Edge& a, const Edge& b) { return a.at != b.at ? a.at < b.at : a.key < b.key; }

bool Displacer::Easier(int a, int b) const {
  return weights_[At(a)] != weights_[At(b)] ? weights_[At(a)] < weights_[At(b)] : a > b;
}

// By the keys of edges.
const std::uint8_t* Displacer::Row(int buffer) {
  if (!several_) return conflicts_.Row(first_of_buffer_[At(buffer)]);
  row_.assign(problem_.buffers.size(), 0);
  for (int r = first_of_buffer_[At(buffer)]; r < first_of_buffer_[At(buffer) + 1]; ++r) {
    const std::uint8_t* row = conflicts_.Row(r);
    for (int s = 0; s < conflicts_.count(); ++s) row_[At(conflicts_.buffer(s))] |= row[s];
  }
  return row_.data();
}

// Without a branch for each edge, as hardly any pattern is in who conflicts.
void Displacer::Gather(const std::vector<Edge>& edges, const std::uint8_t* row, std::vector<Edge>& found) {
  if (gathered_.size() <= edges.size()) gathered_.resize(edges.size() + 1);
  std::size_t count = 0;
  for (const Edge& edge : edges) {
    gathered_[count] = edge;
    count += row[edge.key];
  }
  found.assign(gathered_.begin(), gathered_.begin() + static_cast<std::ptrdiff_t>(count));
  work_ -= static_cast<std::int64_t>(edges.size());
}

void Displacer::TakeOut(int buffer) {
  const int key = several_ ? buffer : conflicts_.slot(first_of_buffer_[At(buffer)]);
  const std::int64_t begin = offsets_[At(buffer)], end = begin + problem_.buffers[At(buffer)].size;
  begins_.erase(std::lower_bound(begins_.begin(), begins_.end(), Edge{begin, key, buffer}, Below));
  ends_.erase(std::lower_bound(ends_.begin(), ends_.end(), Edge{end, key, buffer}, Below));
  offsets_[At(buffer)] = kDisplaced;
  out_.push_back(buffer);
  std::push_heap(out_.begin(), out_.end(), [this](int a, int b) { return Easier(a, b); });
}

void Displacer::PutIn(int buffer, std::int64_t offset) {
  const int key = several_ ? buffer : conflicts_.slot(first_of_buffer_[At(buffer)]);
  const Edge begin{offset, key, buffer}, end{offset + problem_.buffers[At(buffer)].size, key, buffer};
  begins_.insert(std::lower_bound(begins_.begin(), begins_.end(), begin, Below), begin);
  ends_.insert(std::lower_bound(ends_.begin(), ends_.end(), end, Below), end);
  offsets_[At(buffer)] = offset;
}

// Puts a buffer in and takes out all that it meets there.
void Displacer::DisplaceAt(int buffer, std::int64_t offset) {
  const std::int64_t end = offset + problem_.buffers[At(buffer)].size;
  for (const Edge& edge : near_begins_) {
    if (edge.at >= end) break;
    const std::size_t other = At(edge.buffer);
    if (edge.at + problem_.buffers[other].size <= offset) continue;
    if (weights_[other] < kHeaviest) {
      weights_[other] += weights_[other] / (times_[other] + 1) * (1 + times_[other] / costs_.times);
      ++times_[other];
    }
    TakeOut(edge.buffer);
  }
  PutIn(buffer, offset);
}

bool Displacer::Lower(std::vector<std::int64_t>& offsets, std::int64_t target, const Costs& costs, std::int64_t& work) {
  work_ = work;
  costs_ = costs;
  offsets_ = offsets;
  times_.assign(offsets.size(), 0);
  weights_.assign(offsets.size(), 0);
  out_.clear();
  begins_.clear();
  ends_.clear();
  for (int i = 0; i < static_cast<int>(offsets.size()); ++i) {
    if (first_of_buffer_[At(i)] == first_of_buffer_[At(i) + 1]) continue;  // no bytes
    const std::int64_t size = problem_.buffers[At(i)].size;
    const std::int64_t scaled = 1 + size / (target / kSizeSteps + 1);
    const std::int64_t weight = costs.squared ? scaled * scaled : scaled * kSizeSteps;
    weights_[At(i)] = weight > kHeaviest / lengths_[At(i)] ? kHeaviest : weight * lengths_[At(i)];
    const int key = several_ ? i : conflicts_.slot(first_of_buffer_[At(i)]);
    begins_.push_back({offsets[At(i)], key, i});
    ends_.push_back({offsets[At(i)] + size, key, i});
  }
  std::sort(begins_.begin(), begins_.end(), Below);
  std::sort(ends_.begin(), ends_.end(), Below);
  for (int i = 0; i < static_cast<int>(offsets.size()); ++i) {
    if (weights_[At(i)] > 0 && offsets[At(i)] + problem_.buffers[At(i)].size > target) TakeOut(i);
  }
  work_ -= 16 * static_cast<std::int64_t>(offsets.size());
  const std::size_t most = kMostDisplaced + out_.size();
  const auto easier = [this](int a, int b) { return Easier(a, b); };
  while (!out_.empty() && out_.size() <= most && work_ > 0) {
    std::pop_heap(out_.begin(), out_.end(), easier);
    const int buffer = out_.back();
    out_.pop_back();
    const std::uint8_t* row = Row(buffer);
    Gather(begins_, row, near_begins_);
    Gather(ends_, row, near_ends_);
    work_ -= 4 * static_cast<std::int64_t>(near_begins_.size()) + 64;
    const Buffer& it = problem_.buffers[At(buffer)];
    const auto weight = [this](const Edge& edge) { return weights_[At(edge.buffer)]; };
    DisplaceAt(buffer, CheapestOffset(near_begins_, near_ends_, it.size, it.alignment, target, weight));
  }
  work = work_;
  if (!out_.empty()) return false;
  offsets = offsets_;
  return true;
}

}  // namespace orionrt
