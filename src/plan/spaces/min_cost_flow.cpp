#include "plan/spaces/min_cost_flow.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "base/checked.hpp"
#include "base/index.hpp"
#include "base/wide.hpp"

namespace orionrt {
namespace {

constexpr std::int64_t kMostPerByte = std::int64_t{1} << 44;  // higher costs count as this: a path's sum must fit
constexpr std::int64_t kInfinite = std::int64_t{1} << 60;

// The least sum of some of `sizes` that is at least `excess`; `excess` itself where there are too many sums to tell.
std::int64_t LeastSum(const std::vector<std::int64_t>& sizes, std::int64_t excess) {
  constexpr std::size_t kMostSums = 512;
  std::vector<std::int64_t> below = {0};
  std::int64_t least = INT64_MAX;
  for (const std::int64_t size : sizes) {
    const auto old = static_cast<std::ptrdiff_t>(below.size());
    for (std::ptrdiff_t k = 0; k < old; ++k) {
      const std::int64_t sum = below[At(k)] + size;
      if (sum >= excess) {
        least = std::min(least, sum);
        break;  // the sums are ascending
      }
      below.push_back(sum);
    }
    std::inplace_merge(below.begin(), below.begin() + old, below.end());
    below.erase(std::unique(below.begin(), below.end()), below.end());
    if (below.size() > kMostSums || least == excess) return excess;
  }
  return least == INT64_MAX ? excess : least;
}

}  // namespace

Loads::Loads(const Problem& problem, std::int64_t capacity) : shapes(problem), limit(capacity) {
  std::int64_t alignment = INT64_MAX;
  for (const Buffer& b : problem.buffers) {
    if (b.size > 0) alignment = std::min(alignment, b.alignment);
  }
  whole = problem.parts.empty();
  if (!whole || alignment == INT64_MAX || capacity > kMaxBytes - alignment) alignment = 1;
  const std::int64_t rest =
      capacity & (alignment - 1);  // the last block of the space, which the topmost alone may end in
  const bool ends_there = std::any_of(problem.buffers.begin(), problem.buffers.end(), [&](const Buffer& b) {
    return (b.size & (alignment - 1)) > 0 && (b.size & (alignment - 1)) <= rest;
  });
  limit = ends_there ? RoundUp(capacity, alignment) : capacity - rest;
  for (Rectangle& r : shapes.rectangles) r.end = r.begin + RoundUp(r.end - r.begin, alignment);
  for (const Buffer& b : problem.buffers) bytes.push_back(RoundUp(b.size, alignment));
}

std::vector<std::int64_t> Loads::PerSection(const std::vector<Fate>& fates) const {
  std::vector<std::int64_t> sums(static_cast<std::size_t>(shapes.sections()) + 1, 0);
  for (int j = 0; j < static_cast<int>(fates.size()); ++j) {
    if (fates[At(j)] == Fate::kSpills) continue;
    for (const Rectangle* r = shapes.begin(j); r != shapes.end(j); ++r) {
      sums[At(r->span.first)] += r->end - r->begin;
      sums[At(r->span.last)] -= r->end - r->begin;
    }
  }
  std::partial_sum(sums.begin(), sums.end(), sums.begin());
  sums.pop_back();
  return sums;
}

ExcessFlow::ExcessFlow(const Loads& loads, const std::vector<Resident>& residents, const std::vector<Fate>& fates) {
  ChooseRows(loads.PerSection(fates), loads.limit);
  if (loads.whole) RaiseExcess(loads, fates);
  nodes_ = static_cast<int>(sections_.size()) + 1;
  potential_.assign(At(nodes_), 0);
  supply_.assign(At(nodes_), 0);
  back_.assign(At(nodes_), 0);
  for (int k = 0; k + 1 < nodes_; ++k) {
    supply_[At(k)] += excess_[At(k)];
    supply_[At(k + 1)] -= excess_[At(k)];
  }
  MakeArcs(loads, residents, fates);
}

void ExcessFlow::ChooseRows(const std::vector<std::int64_t>& loads, std::int64_t limit) {
  std::vector<int> over;
  for (int s = 0; s < static_cast<int>(loads.size()); ++s) {
    if (loads[At(s)] > limit) over.push_back(s);
  }
  const std::size_t count = std::min<std::size_t>(over.size(), kMostRows);
  has_all_rows_ = count == over.size();
  for (std::size_t k = 0; k < count; ++k) {
    const auto first = over.begin() + static_cast<std::ptrdiff_t>(k * over.size() / count);
    const auto last = over.begin() + static_cast<std::ptrdiff_t>((k + 1) * over.size() / count);
    const int worst = *std::max_element(first, last, [&](int a, int b) { return loads[At(a)] < loads[At(b)]; });
    sections_.push_back(worst);
    excess_.push_back(loads[At(worst)] - limit);
  }
}

void ExcessFlow::RaiseExcess(const Loads& loads, const std::vector<Fate>& fates) {
  constexpr std::size_t kMost = 256;  // buffers whose sums are tried
  std::vector<std::vector<std::int64_t>> alive(sections_.size());
  for (std::size_t j = 0; j < fates.size(); ++j) {
    if (fates[j] != Fate::kOpen || loads.bytes[j] == 0) continue;
    const Span rows = RowsOf(loads.shapes.extents[j]);
    for (int k = rows.first; k < rows.last; ++k) {
      if (alive[At(k)].size() <= kMost) alive[At(k)].push_back(loads.bytes[j]);
    }
  }
  for (std::size_t k = 0; k < alive.size(); ++k) {
    if (alive[k].size() <= kMost) excess_[k] = LeastSum(alive[k], excess_[k]);
  }
}

void ExcessFlow::MakeArcs(const Loads& loads, const std::vector<Resident>& residents, const std::vector<Fate>& fates) {
  struct Single {
    int from, to;
    std::int64_t cost, bytes;
    int buffer;
  };
  std::vector<Single> singles;
  for (int j = 0; j < static_cast<int>(fates.size()); ++j) {
    if (fates[At(j)] != Fate::kOpen || loads.bytes[At(j)] == 0) continue;
    const Span rows = RowsOf(loads.shapes.extents[At(j)]);
    if (rows.first >= rows.last) continue;
    const std::int64_t most = *std::max_element(excess_.begin() + rows.first, excess_.begin() + rows.last);
    const std::int64_t useful = std::min(loads.bytes[At(j)], most);
    singles.push_back({rows.first, rows.last, CostPerByte(residents[At(j)].cost, useful), useful, j});
  }
  std::sort(singles.begin(), singles.end(), [](const Single& a, const Single& b) {
    return std::tie(a.from, a.to, a.cost, b.bytes, a.buffer) < std::tie(b.from, b.to, b.cost, a.bytes, b.buffer);
  });
  at_.resize(At(nodes_));
  for (const Single& single : singles) {
    const auto same = [&](const Arc& a) { return a.from == single.from && a.to == single.to && a.cost == single.cost; };
    if (arcs_.empty() || !same(arcs_.back())) {
      const int first = static_cast<int>(arc_buffers_.size());
      at_[At(single.from)].push_back(static_cast<int>(arcs_.size()));
      at_[At(single.to)].push_back(static_cast<int>(arcs_.size()));
      arcs_.push_back({single.from, single.to, single.cost, 0, 0, first, first});
    }
    arcs_.back().left += single.bytes;
    ++arcs_.back().last;
    arc_buffers_.push_back({single.bytes, single.buffer});
  }
}

bool ExcessFlow::Run() {
  while (std::any_of(supply_.begin(), supply_.end(), [](std::int64_t supply) { return supply > 0; })) {
    if (!Augment()) return false;
  }
  return true;
}

std::int64_t ExcessFlow::Cost() const {
  Wide sum = 0;
  for (const Arc& arc : arcs_) sum += static_cast<Wide>(arc.flow) * arc.cost;
  return static_cast<std::int64_t>((sum + kScale - 1) / kScale);
}

Span ExcessFlow::RowsOf(Span sections) const {
  const auto position = [&](int section) {
    return static_cast<int>(std::lower_bound(sections_.begin(), sections_.end(), section) - sections_.begin());
  };
  return {position(sections.first), position(sections.last)};
}

std::int64_t ExcessFlow::CostPerByte(std::int64_t cost, std::int64_t bytes) {
  return static_cast<std::int64_t>(std::min<Wide>(static_cast<Wide>(cost) * kScale / bytes, kMostPerByte));
}

int ExcessFlow::Split(const std::vector<Resident>& residents, std::vector<int>* spilled) const {
  int dearest = -1;
  for (const Arc& arc : arcs_) {
    std::int64_t flow = arc.flow;
    for (int m = arc.first; m < arc.last && flow > 0; ++m) {
      const ArcBuffer& lent = arc_buffers_[At(m)];
      if (flow >= lent.bytes) {
        spilled->push_back(lent.buffer);
      } else if (dearest < 0 || residents[At(lent.buffer)].cost > residents[At(dearest)].cost) {
        dearest = lent.buffer;
      }
      flow -= lent.bytes;
    }
  }
  return dearest;
}

void ExcessFlow::Relax(int from, int to, std::int64_t cost, int arc, bool reverse) {
  const std::int64_t reached = distance_[At(from)] + cost + potential_[At(from)] - potential_[At(to)];
  if (reached >= distance_[At(to)]) return;
  distance_[At(to)] = reached;
  step_[At(to)] = {from, arc, reverse};
  reached_.push({reached, to});
}

void ExcessFlow::RelaxFrom(int node) {
  for (const int a : at_[At(node)]) {
    const Arc& arc = arcs_[At(a)];
    if (arc.from == node && arc.left > 0) Relax(node, arc.to, arc.cost, a, false);
    if (arc.to == node && arc.flow > 0) Relax(node, arc.from, -arc.cost, a, true);
  }
  if (node > 0) Relax(node, node - 1, 0, -1, false);
  if (node + 1 < nodes_ && back_[At(node + 1)] > 0) Relax(node, node + 1, 0, -1, true);
}

// Dijkstra with potentials, from all nodes with supply left to the nearest that lacks some. -1: none is reached.
int ExcessFlow::Search() {
  distance_.assign(At(nodes_), kInfinite);
  step_.assign(At(nodes_), {});
  reached_ = {};
  for (int v = 0; v < nodes_; ++v) {
    if (supply_[At(v)] <= 0) continue;
    distance_[At(v)] = 0;
    reached_.push({0, v});
  }
  while (!reached_.empty()) {
    const auto [distance, node] = reached_.top();
    reached_.pop();
    if (distance > distance_[At(node)]) continue;
    if (supply_[At(node)] < 0) return node;
    RelaxFrom(node);
  }
  return -1;
}

bool ExcessFlow::Augment() {
  const int target = Search();
  if (target < 0) return false;
  for (int v = 0; v < nodes_; ++v) potential_[At(v)] += std::min(distance_[At(v)], distance_[At(target)]);
  std::int64_t amount = -supply_[At(target)];
  int v = target;
  for (; step_[At(v)].from >= 0; v = step_[At(v)].from) {
    const Step& step = step_[At(v)];
    if (step.arc >= 0) amount = std::min(amount, step.reverse ? arcs_[At(step.arc)].flow : arcs_[At(step.arc)].left);
    if (step.arc < 0 && step.reverse) amount = std::min(amount, back_[At(v)]);
  }
  amount = std::min(amount, supply_[At(v)]);
  supply_[At(v)] -= amount;
  supply_[At(target)] += amount;
  for (v = target; step_[At(v)].from >= 0; v = step_[At(v)].from) Push(v, amount);
  return true;
}

void ExcessFlow::Push(int node, std::int64_t amount) {
  const Step& step = step_[At(node)];
  const std::int64_t change = step.reverse ? -amount : amount;
  if (step.arc < 0) {
    back_[At(step.reverse ? node : step.from)] += change;
    return;
  }
  arcs_[At(step.arc)].left -= change;
  arcs_[At(step.arc)].flow += change;
}

}  // namespace orionrt
