#include "plan/clocks/one_line.hpp"

#include <algorithm>
#include <cstddef>
#include <tuple>
#include <utility>

#include "base/index.hpp"
#include "plan/clocks/executions.hpp"

namespace orionrt {
namespace {

class Beam {
 public:
  Beam(const Precedence& order, std::int64_t enough, std::int64_t limit, int width)
      : order_(order),
        chains_(order.chains()),
        enough_(enough),
        limit_(limit),
        width_(At(width)),
        needed_(BeginsNeeded(order)),
        begun_(At(order.nodes()), 0),
        over_from_(At(order.nodes()) + 1, 0) {
    for (int r = 0; r < order.count(); ++r) begun_[At(order.node(order.chain(r), order.position(r)))] += SizeOf(r);
    const auto visit = [&](auto each) {
      for (int r = 0; r < order.count(); ++r) {
        for (int c = 0; c < chains_; ++c) {
          if (order.first(r)[c] > 0) each(order.node(c, order.first(r)[c] - 1), r);
        }
      }
    };
    visit([&](int node, int) { ++over_from_[At(node) + 1]; });
    for (std::size_t node = 0; node < begun_.size(); ++node) over_from_[node + 1] += over_from_[node];
    over_.resize(At(over_from_.back()));
    std::vector<int> next = over_from_;
    visit([&](int node, int r) { over_[At(next[At(node)]++)] = r; });
  }

  // The chains in the order in which they advance; empty: none stays below the limit.
  std::vector<int> Run(Watch& watch) {
    states_ = {State()};
    at_.assign(At(chains_), 0);
    for (int level = 0; level < order_.nodes(); ++level) {
      next_.clear();
      for (int s = 0; s < static_cast<int>(states_.size()); ++s) Expand(s);
      watch.Spend(work_);
      work_ = 0;
      if (next_.empty() || watch.IsOver()) return {};
      KeepBest();
    }
    std::vector<int> chains(At(order_.nodes()));
    int state = 0;  // the best comes first
    for (int level = order_.nodes(); level-- > 0;) {
      const auto& [from, chain] = history_[At(level)][At(state)];
      chains[At(level)] = chain;
      state = from;
    }
    return chains;
  }

 private:
  struct State {
    std::int64_t load = 0;   // bytes alive
    std::int64_t most = 0;   // of the way so far, and no less than is enough
    std::uint64_t mark = 0;  // of where the chains stand
    int from = 0, chain = 0;
  };

  std::int64_t SizeOf(int r) const { return order_.rectangles()[At(r)].end - order_.rectangles()[At(r)].begin; }

  void Expand(int s) {
    const int* at = at_.data() + At(s) * At(chains_);
    for (int c = 0; c < chains_; ++c) {
      if (at[c] == order_.length(c)) continue;
      const int node = order_.node(c, at[c]);
      const int* needed = needed_.data() + At(node) * At(chains_);
      bool may = true;
      for (int other = 0; other < chains_; ++other) may = may && (other == c || needed[other] <= at[other]);
      if (!may) continue;
      State state = states_[At(s)];
      state.load += begun_[At(node)];
      state.most = std::max({state.most, state.load, enough_});
      if (state.most >= limit_) continue;
      state.load -= Over(node, c, at);
      state.mark += (static_cast<std::uint64_t>(node) + 1) * 0x9E3779B97F4A7C15u;
      state.mark ^= state.mark >> 29;
      state.from = s;
      state.chain = c;
      next_.push_back(state);
    }
    work_ += 20 * chains_;
  }

  // Bytes of rectangles that the begin at hand was the last of those they are not over before.
  std::int64_t Over(int node, int chain, const int* at) {
    std::int64_t bytes = 0;
    for (int k = over_from_[At(node)]; k < over_from_[At(node) + 1]; ++k) {
      const int* first = order_.first(over_[At(k)]);
      bool over = true;
      for (int other = 0; other < chains_; ++other) over = over && (other == chain || first[other] <= at[other]);
      if (over) bytes += SizeOf(over_[At(k)]);
    }
    work_ += 4 * (over_from_[At(node) + 1] - over_from_[At(node)]);
    return bytes;
  }

  void KeepBest() {
    std::sort(next_.begin(), next_.end(), [](const State& a, const State& b) {
      return std::tie(a.most, a.load, a.mark, a.from) < std::tie(b.most, b.load, b.mark, b.from);
    });
    next_.erase(std::unique(next_.begin(), next_.end(),
                            [](const State& a, const State& b) { return a.load == b.load && a.mark == b.mark; }),
                next_.end());
    next_.resize(std::min(next_.size(), width_));
    next_at_.resize(next_.size() * At(chains_));
    history_.emplace_back().reserve(next_.size());
    for (std::size_t k = 0; k < next_.size(); ++k) {
      std::copy_n(at_.begin() + static_cast<std::ptrdiff_t>(At(next_[k].from) * At(chains_)), chains_,
                  next_at_.begin() + static_cast<std::ptrdiff_t>(k * At(chains_)));
      ++next_at_[k * At(chains_) + At(next_[k].chain)];
      history_.back().emplace_back(next_[k].from, next_[k].chain);
    }
    std::swap(at_, next_at_);
    std::swap(states_, next_);
  }

  const Precedence& order_;
  const int chains_;
  const std::int64_t enough_, limit_;
  const std::size_t width_;
  const std::vector<int> needed_;      // begins x chains
  std::vector<std::int64_t> begun_;    // per begin: bytes
  std::vector<int> over_from_, over_;  // per begin: whoever is over before all that is behind it on its chain
  std::vector<State> states_, next_;
  std::vector<int> at_, next_at_;                          // states x chains: begins that there were
  std::vector<std::vector<std::pair<int, int>>> history_;  // per level and state: from which, by which chain
  std::int64_t work_ = 0;
};

}  // namespace

std::vector<Precedence::Span> InOneLine(const Precedence& order, std::int64_t enough, std::int64_t limit, int width,
                                        Watch& watch) {
  const std::vector<int> chains = Beam(order, enough, limit, width).Run(watch);
  std::vector<Precedence::Span> spans;
  if (chains.empty()) return spans;
  std::vector<int> steps(At(order.nodes())), begun(At(order.chains()), 0);
  for (int step = 0; step < order.nodes(); ++step) {
    const int chain = chains[At(step)];
    steps[At(order.node(chain, begun[At(chain)]++))] = step;
  }
  for (int r = 0; r < order.count(); ++r) {
    const int begin = steps[At(order.node(order.chain(r), order.position(r)))];
    Precedence::Span span{begin, begin + 1};
    for (int c = 0; c < order.chains(); ++c) {
      if (order.first(r)[c] > 0) span.upper = std::max(span.upper, steps[At(order.node(c, order.first(r)[c] - 1))] + 1);
    }
    spans.push_back(span);
  }
  return spans;
}

Problem OnOneStream(const Problem& problem, const std::vector<Precedence::Span>& spans) {
  Problem single;
  single.buffers = problem.buffers;
  std::size_t r = 0;
  std::size_t part = 0;
  for (int i = 0; i < static_cast<int>(problem.buffers.size()); ++i) {
    Buffer& buffer = single.buffers[At(i)];
    buffer.lower = 0;
    buffer.upper = 1;
    const bool has_parts = part < problem.parts.size() && problem.parts[part].buffer == i;
    if (!has_parts) {
      if (buffer.size == 0) continue;
      buffer.lower = spans[r].lower;
      buffer.upper = spans[r++].upper;
      continue;
    }
    const std::size_t first = single.parts.size();
    for (; part < problem.parts.size() && problem.parts[part].buffer == i; ++part) {
      Part copy = problem.parts[part];
      if (copy.begin == copy.end) continue;
      copy.lower = spans[r].lower;
      copy.upper = spans[r++].upper;
      single.parts.push_back(copy);
    }
    if (first == single.parts.size()) {  // nothing of it is ever alive
      buffer.size = 0;
      continue;
    }
    std::sort(single.parts.begin() + static_cast<std::ptrdiff_t>(first), single.parts.end(),
              [](const Part& a, const Part& b) { return std::tie(a.lower, a.begin) < std::tie(b.lower, b.begin); });
    buffer.lower = single.parts[first].lower;
    for (std::size_t k = first; k < single.parts.size(); ++k) {
      buffer.upper = std::max(buffer.upper, single.parts[k].upper);
    }
  }
  return single;
}

}  // namespace orionrt
