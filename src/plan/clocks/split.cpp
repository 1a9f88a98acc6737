#include "plan/clocks/split.hpp"

#include <algorithm>
#include <numeric>

#include "base/index.hpp"

namespace orionrt {
namespace {

class Groups {
 public:
  explicit Groups(int count) : parent_(At(count)) { std::iota(parent_.begin(), parent_.end(), 0); }
  int Find(int i) {
    while (parent_[At(i)] != i) i = parent_[At(i)] = parent_[At(parent_[At(i)])];
    return i;
  }
  void Join(int a, int b) { parent_[At(std::max(Find(a), Find(b)))] = std::min(Find(a), Find(b)); }

 private:
  std::vector<int> parent_;
};

}  // namespace

// In an order in which what is over before another comes first, a cut lies where all that begins behind it begins after
// all before it is over: behind, on every chain, begins at or after the latest `first`.
std::vector<std::vector<int>> SplitInSeries(const Problem& problem, const Precedence& order) {
  const int n = order.count();
  std::vector<int> sorted(At(n));
  std::iota(sorted.begin(), sorted.end(), 0);
  const auto rank = [&](int r) { return order.rank(order.node(order.chain(r), order.position(r))); };
  std::stable_sort(sorted.begin(), sorted.end(), [&](int a, int b) { return rank(a) < rank(b); });
  // Buffers and pairs that reach across a place keep it whole.
  std::vector<int> at(At(n));
  for (int k = 0; k < n; ++k) at[At(sorted[At(k)])] = k;
  std::vector<int> first_of(problem.buffers.size(), n), last_of(problem.buffers.size(), -1), held(At(n) + 1, 0);
  for (int r = 0; r < n; ++r) {
    const std::size_t buffer = At(order.rectangles()[At(r)].buffer);
    first_of[buffer] = std::min(first_of[buffer], at[At(r)]);
    last_of[buffer] = std::max(last_of[buffer], at[At(r)]);
  }
  const auto hold = [&](int from, int to) {  // places between the two
    if (from >= to) return;
    ++held[At(from) + 1];
    --held[At(to) + 1];
  };
  for (std::size_t i = 0; i < problem.buffers.size(); ++i) hold(first_of[i], last_of[i]);
  for (const auto& [a, b] : problem.apart) {
    if (last_of[At(a)] < 0 || last_of[At(b)] < 0) continue;
    hold(std::min(first_of[At(a)], first_of[At(b)]), std::max(last_of[At(a)], last_of[At(b)]));
  }
  // Behind a place: per chain the earliest begin.
  std::vector<int> earliest(At(order.chains()));
  for (int c = 0; c < order.chains(); ++c) earliest[At(c)] = order.length(c);
  // Backwards: what begins behind; forwards: the latest end. Both only grow, so two passes do.
  std::vector<int> begins(At(n + 1) * At(order.chains()));
  for (int k = n; k >= 0; --k) {
    std::copy(earliest.begin(), earliest.end(), begins.begin() + k * order.chains());
    if (k == 0) break;
    const int r = sorted[At(k - 1)];
    earliest[At(order.chain(r))] = std::min(earliest[At(order.chain(r))], order.position(r));
  }
  std::vector<int> latest(At(order.chains()), 0);
  std::vector<std::vector<int>> parts(1);
  std::vector<char> taken(problem.buffers.size(), 0);
  int crossing = 0;
  for (int k = 0; k < n; ++k) {
    crossing += held[At(k)];
    bool cut = k > 0 && crossing == 0;
    for (int c = 0; c < order.chains() && cut; ++c) {
      const int begin = begins[At(k) * At(order.chains()) + At(c)];
      cut = begin == order.length(c) || begin >= latest[At(c)];
    }
    if (cut) parts.emplace_back();
    const int r = sorted[At(k)], buffer = order.rectangles()[At(r)].buffer;
    for (int c = 0; c < order.chains(); ++c) latest[At(c)] = std::max(latest[At(c)], order.first(r)[c]);
    if (taken[At(buffer)] != 0) continue;
    taken[At(buffer)] = 1;
    parts.back().push_back(buffer);
  }
  for (std::vector<int>& part : parts) std::sort(part.begin(), part.end());
  return parts;
}

// All that begins on a chain at or behind the earliest begin that anything is over before is in one part, with all that
// is over before any of it.
std::vector<std::vector<int>> SplitInParallel(const Problem& problem, const Precedence& order) {
  std::vector<int> earliest(At(order.chains())), last(At(order.chains()), -1);
  for (int c = 0; c < order.chains(); ++c) earliest[At(c)] = order.length(c);
  for (int r = 0; r < order.count(); ++r) {
    for (int c = 0; c < order.chains(); ++c) earliest[At(c)] = std::min(earliest[At(c)], order.first(r)[c]);
    if (order.position(r) == order.length(order.chain(r)) - 1) last[At(order.chain(r))] = r;
  }
  Groups groups(static_cast<int>(problem.buffers.size()));
  const auto buffer = [&](int r) { return order.rectangles()[At(r)].buffer; };
  for (int r = 0; r < order.count(); ++r) {
    const int c = order.chain(r);
    if (order.position(r) >= earliest[At(c)]) groups.Join(buffer(r), buffer(last[At(c)]));
    for (int other = 0; other < order.chains(); ++other) {
      if (order.first(r)[other] < order.length(other)) groups.Join(buffer(r), buffer(last[At(other)]));
    }
  }
  std::vector<int> part_of(problem.buffers.size(), -1);
  std::vector<char> taken(problem.buffers.size(), 0);
  std::vector<std::vector<int>> parts;
  for (int r = 0; r < order.count(); ++r) {
    if (taken[At(buffer(r))] != 0) continue;
    taken[At(buffer(r))] = 1;
    int& part = part_of[At(groups.Find(buffer(r)))];
    if (part < 0) {
      part = static_cast<int>(parts.size());
      parts.emplace_back();
    }
    parts[At(part)].push_back(buffer(r));
  }
  for (std::vector<int>& part : parts) std::sort(part.begin(), part.end());
  return parts;
}

}  // namespace orionrt
