#include "plan/clocks/stream_niche_model.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>
#include <unordered_set>

#include "plan/clocks/executions.hpp"
#include "plan/fixed.hpp"
#include "plan/niches/niche_tries.hpp"

namespace orionrt {
namespace {

// Found on the sync patterns of omnimalloc (docs/streams.md): fewer sections find as much in more nodes.
constexpr int kMostNicheRows = 6000;
constexpr double kSectionsPerRow = 0.75;

void Add(StreamNicheModel::Word* set, int k) { set[At(k) / 64] |= StreamNicheModel::Word{1} << (At(k) % 64); }

// Of each set of so many words, those from the first to the last that is not zero.
std::vector<Span> WordsOf(const std::vector<StreamNicheModel::Word>& sets, std::size_t words) {
  std::vector<Span> spans(sets.size() / words);
  for (std::size_t k = 0; k < sets.size(); ++k) {
    const int word = static_cast<int>(k % words);
    if (sets[k] != 0) spans[k / words] = Hull(spans[k / words], {word, word + 1});
  }
  return spans;
}

}  // namespace

bool StreamNichesCarry(const Problem& problem, const Precedence& order) {
  return problem.parts.empty() && !HasFixed(problem) && order.count() <= kMostNicheRows;
}

StreamNicheModel::StreamNicheModel(const Problem& problem, const Precedence& order, const std::vector<int>& heaviest)
    : chains(order.chains()) {
  std::vector<int> rectangles(At(order.count()));
  std::iota(rectangles.begin(), rectangles.end(), 0);
  const auto window = [&](int r) {
    const Precedence::Span span = order.Widened(r);
    return Span{span.lower, span.upper};
  };
  std::sort(rectangles.begin(), rectangles.end(),
            [&](int a, int b) { return std::make_tuple(window(a).first, a) < std::make_tuple(window(b).first, b); });
  std::vector<char> is_heaviest(problem.buffers.size(), 0);
  for (const int i : heaviest) is_heaviest[At(i)] = 1;
  std::vector<int> antichain;
  for (const int r : rectangles) {
    const Precedence::Rectangle& it = order.rectangles()[At(r)];
    rows.push_back({it.buffer, it.end - it.begin, problem.buffers[At(it.buffer)].alignment, window(r), order.chain(r)});
    if (is_heaviest[At(it.buffer)] != 0) antichain.push_back(r);
  }
  words_ = rows.size() / 64 + 1;
  FindPlaces(order, rectangles);
  FindConflicts(problem, order, rectangles);
  ChooseSections(order, rectangles, antichain);
  words_with_conflicts_ = WordsOf(conflicts_, words_);
  words_alive_ = WordsOf(alive_, words_);
}

// Sorted by counting, per chain, by where a row is over there and then by rows.
void StreamNicheModel::FindPlaces(const Precedence& order, const std::vector<int>& rectangles) {
  places_.resize(rows.size() * At(chains));
  for (int c = 0; c < chains; ++c) {
    std::vector<int> next(At(order.length(c)) + 2, 0);
    for (const int r : rectangles) ++next[At(order.first(r)[c]) + 1];
    std::partial_sum(next.begin(), next.end(), next.begin());
    for (std::size_t k = 0; k < rows.size(); ++k) {
      places_[k * At(chains) + At(c)] = next[At(order.first(rectangles[k])[c])]++;
    }
    for (std::size_t k = 0; k < rows.size(); ++k) {  // next is now behind all that are over at a position
      if (rows[k].chain == c) rows[k].passed = next[At(order.position(rectangles[k]))];
    }
  }
}

void StreamNicheModel::FindConflicts(const Problem& problem, const Precedence& order,
                                     const std::vector<int>& rectangles) {
  conflicts_.assign(rows.size() * words_, 0);
  const auto add = [this](int a, int b) {
    Add(conflicts_.data() + At(a) * words_, b);
    Add(conflicts_.data() + At(b) * words_, a);
  };
  for (int a = 0; a < count(); ++a) {
    for (int b = a + 1; b < count() && rows[At(b)].window.first < rows[At(a)].window.last; ++b) {
      if (order.Conflict(rectangles[At(a)], rectangles[At(b)])) add(a, b);
    }
  }
  if (problem.apart.empty()) return;
  std::vector<int> row_of(problem.buffers.size(), -1);
  for (int k = 0; k < count(); ++k) row_of[At(rows[At(k)].buffer)] = k;
  for (const auto& [a, b] : problem.apart) {
    if (row_of[At(a)] >= 0 && row_of[At(b)] >= 0) add(row_of[At(a)], row_of[At(b)]);
  }
}

// Of every row the one at which most is alive, and the heaviest of all. Where the streams stand at the same ops in two
// executions it is taken once.
void StreamNicheModel::ChooseSections(const Precedence& order, const std::vector<int>& rectangles,
                                      const std::vector<int>& heaviest) {
  const std::vector<Execution> executions = SampleExecutions(order, heaviest, kMostExecutions);
  struct Moment {
    std::int64_t load;
    std::size_t execution, at;
  };
  std::vector<Moment> moments;
  std::unordered_set<std::uint64_t> seen;
  std::vector<std::vector<char>> is_new(executions.size()), chosen(executions.size());
  for (std::size_t e = 0; e < executions.size(); ++e) {
    for (std::size_t at = 0; at < executions[e].loads.size(); ++at) {
      is_new[e].push_back(seen.insert(executions[e].marks[at]).second ? 1 : 0);
      if (is_new[e].back() != 0) moments.push_back({executions[e].loads[at], e, at});
    }
    chosen[e].assign(executions[e].loads.size(), 0);
  }
  std::sort(moments.begin(), moments.end(), [](const Moment& a, const Moment& b) {
    return std::make_tuple(-a.load, a.execution, a.at) < std::make_tuple(-b.load, b.execution, b.at);
  });
  const auto most = static_cast<std::size_t>(kSectionsPerRow * count());
  for (std::size_t k = 0; k < std::min(most, moments.size()); ++k) chosen[moments[k].execution][moments[k].at] = 1;
  for (const int r : rectangles) {
    Moment best{-1, 0, 0};
    for (std::size_t e = 0; e < executions.size(); ++e) {
      const Span span = executions[e].spans[At(r)];
      for (std::size_t at = At(span.first); at < At(span.last); ++at) {
        if (is_new[e][at] != 0 && executions[e].loads[at] > best.load) best = {executions[e].loads[at], e, at};
      }
    }
    if (best.load >= 0) chosen[best.execution][best.at] = 1;
  }
  spans_.resize(rows.size() * executions.size());
  starts.assign(1, 0);
  for (std::size_t e = 0; e < executions.size(); ++e) {
    std::vector<int> number;  // of the next chosen one
    for (std::size_t at = 0; at < chosen[e].size(); ++at) {
      number.push_back(sections());
      if (chosen[e][at] != 0) loads.push_back(executions[e].loads[at]);
    }
    number.push_back(sections());
    starts.push_back(sections());
    for (std::size_t k = 0; k < rows.size(); ++k) {
      const Span span = executions[e].spans[At(rectangles[k])];
      spans_[k * executions.size() + e] = {number[At(span.first)], number[At(span.last)]};
    }
  }
  alive_.assign(loads.size() * words_, 0);
  for (int k = 0; k < count(); ++k) {
    for (std::size_t e = 0; e < executions.size(); ++e) {
      const Span on = spans_[At(k) * executions.size() + e];
      for (int s = on.first; s < on.last; ++s) Add(alive_.data() + At(s) * words_, k);
    }
  }
}

}  // namespace orionrt
