#include "plan/clocks/precedence.hpp"

#include <algorithm>
#include <numeric>
#include <string>

#include "base/index.hpp"
#include "base/wide.hpp"
#include "orionrt/config.hpp"

namespace orionrt {
namespace {

constexpr std::size_t kMostEntries = std::size_t{1} << 26;  // of a table: 256 MiB

bool AtMost(const std::int64_t* a, const std::int64_t* b, int streams) {
  for (int s = 0; s < streams; ++s) {
    if (a[s] > b[s]) return false;
  }
  return true;
}

// Where a rectangle begins, and how far the streams have come there in all.
struct StreamBegin {
  Wide progress = 0;
  const std::int64_t* clock = nullptr;
  int rectangle = 0;
};

// By progress, and begins of the same progress by their clocks: by counting where progress is dense.
void SortBegins(std::vector<StreamBegin>& begins, int streams) {
  constexpr int kDense = 8;  // values of progress a begin
  const auto is_less = [streams](const StreamBegin& a, const StreamBegin& b) {
    if (a.progress < b.progress || b.progress < a.progress) return a.progress < b.progress;
    return std::lexicographical_compare(a.clock, a.clock + streams, b.clock, b.clock + streams);
  };
  const auto by_progress = [](const StreamBegin& a, const StreamBegin& b) { return a.progress < b.progress; };
  const auto [least, most] = std::minmax_element(begins.begin(), begins.end(), by_progress);
  if (begins.empty() || Wide{kDense} * static_cast<std::int64_t>(begins.size()) < most->progress - least->progress) {
    std::sort(begins.begin(), begins.end(), is_less);
    return;
  }
  const auto value = [from = least->progress](const StreamBegin& begin) {
    return At(static_cast<int>(begin.progress - from));
  };
  std::vector<int> next(value(*most) + 2, 0);
  for (const StreamBegin& begin : begins) ++next[value(begin) + 1];
  std::partial_sum(next.begin(), next.end(), next.begin());
  std::vector<StreamBegin> sorted(begins.size());
  for (const StreamBegin& begin : begins) sorted[At(next[value(begin)]++)] = begin;
  begins.swap(sorted);
  for (auto run = begins.begin(); run != begins.end();) {
    const auto end =
        std::find_if(run, begins.end(), [&](const StreamBegin& begin) { return run->progress < begin.progress; });
    std::sort(run, end, is_less);
    run = end;
  }
}

// Begins by the values of their clocks: of each value on a stream, per chain, the first begin that has come as far
// there. Of a clock the first begin that has come as far on all is the latest of these.
class BeginsByValue {
 public:
  // `clocks`: per begin, as many as streams, chain by chain, which are so long.
  BeginsByValue(const std::vector<std::int64_t>& clocks, int streams, const std::vector<int>& lengths)
      : chains_(lengths.size()) {
    const std::size_t width = At(streams), most = kMostValues * (clocks.size() / width + 1);
    std::size_t values = 0;
    for (std::size_t s = 0; s < width && !clocks.empty(); ++s) {
      std::int64_t least = clocks[s], largest = clocks[s];
      for (std::size_t k = s; k < clocks.size(); k += width) {
        least = std::min(least, clocks[k]);
        largest = std::max(largest, clocks[k]);
      }
      const std::uint64_t range = static_cast<std::uint64_t>(largest) - static_cast<std::uint64_t>(least);
      if (range > most || values + range > most) {
        streams_.clear();
        return;
      }
      streams_.push_back({least, static_cast<std::size_t>(range) + 1, values});
      values += streams_.back().behind + 1;
    }
    firsts_.resize(values * chains_);
    for (std::size_t s = 0; s < streams_.size(); ++s) {
      std::size_t begin = 0;  // of a chain
      for (std::size_t c = 0; c < chains_; begin += At(lengths[c++])) {
        int first = 0;
        for (std::size_t value = 0; value <= streams_[s].behind; ++value) {
          const std::int64_t at = streams_[s].least + static_cast<std::int64_t>(value);
          while (first < lengths[c] && clocks[(begin + At(first)) * width + s] < at) ++first;
          firsts_[(streams_[s].start + value) * chains_ + c] = first;
        }
      }
    }
  }

  bool empty() const { return streams_.empty(); }  // values are too far apart

  void Find(const std::int64_t* clock, int* firsts) const {
    std::fill_n(firsts, chains_, 0);
    for (std::size_t s = 0; s < streams_.size(); ++s) {
      const Stream& stream = streams_[s];
      if (clock[s] <= stream.least) continue;
      const std::uint64_t value = static_cast<std::uint64_t>(clock[s]) - static_cast<std::uint64_t>(stream.least);
      const int* row = firsts_.data() + (stream.start + std::min<std::uint64_t>(value, stream.behind)) * chains_;
      for (std::size_t c = 0; c < chains_; ++c) firsts[c] = std::max(firsts[c], row[c]);
    }
  }

 private:
  static constexpr std::size_t kMostValues = 8;  // a begin

  struct Stream {
    std::int64_t least;         // value of a begin
    std::size_t behind, start;  // from the least to what no begin has; where the stream's values are
  };
  std::size_t chains_;
  std::vector<Stream> streams_;
  std::vector<int> firsts_;  // values x chains
};

}  // namespace

Precedence::Precedence(const Problem& problem) {
  FindRectangles(problem);
  CoverByChains(problem.clocks.streams);
  FindFirsts(problem.clocks.streams);
}

void Precedence::FindRectangles(const Problem& problem) {
  const Clocks& clocks = problem.clocks;
  const auto streams = At(clocks.streams);
  std::size_t part = 0;
  for (int i = 0; i < static_cast<int>(problem.buffers.size()); ++i) {
    const std::int64_t size = problem.buffers[At(i)].size;
    const bool whole = part == problem.parts.size() || problem.parts[part].buffer != i;
    if (whole && size > 0) {
      rectangles_.push_back({i, 0, size, clocks.begins.data() + At(i) * streams, clocks.ends.data() + At(i) * streams});
    }
    for (; part < problem.parts.size() && problem.parts[part].buffer == i; ++part) {
      const Part& p = problem.parts[part];
      if (p.begin == p.end) continue;
      rectangles_.push_back(
          {i, p.begin, p.end, clocks.part_begins.data() + part * streams, clocks.part_ends.data() + part * streams});
    }
  }
}

// In the order of progress each distinct begin goes to the chain whose last one has come the furthest, of those that it
// does not come before; else it begins a chain.
void Precedence::CoverByChains(int streams) {
  std::vector<StreamBegin> keys(rectangles_.size());
  for (int r = 0; r < count(); ++r) {
    StreamBegin& key = keys[At(r)];
    key.clock = rectangles_[At(r)].clock;
    key.rectangle = r;
    for (int s = 0; s < streams; ++s) key.progress += key.clock[s];
  }
  SortBegins(keys, streams);
  chain_.resize(rectangles_.size());
  position_.resize(rectangles_.size());
  std::vector<const std::int64_t*> last;                 // per chain
  std::vector<int> by_progress;                          // chains, the furthest first
  std::vector<std::pair<int, int>> at_rank;              // chain, position
  std::vector<std::vector<const std::int64_t*>> clocks;  // per chain
  for (std::size_t k = 0; k < keys.size(); ++k) {
    const int r = keys[k].rectangle;
    if (k > 0 && std::equal(keys[k].clock, keys[k].clock + streams, keys[k - 1].clock)) {
      chain_[At(r)] = chain_[At(keys[k - 1].rectangle)];
      position_[At(r)] = position_[At(keys[k - 1].rectangle)];
      continue;
    }
    auto taken = std::find_if(by_progress.begin(), by_progress.end(),
                              [&](int c) { return AtMost(last[At(c)], keys[k].clock, streams); });
    if (taken == by_progress.end()) {
      by_progress.push_back(static_cast<int>(last.size()));
      taken = std::prev(by_progress.end());
      last.push_back(nullptr);
      clocks.emplace_back();
    }
    const int c = *taken;
    std::rotate(by_progress.begin(), taken, std::next(taken));
    last[At(c)] = keys[k].clock;
    chain_[At(r)] = c;
    position_[At(r)] = static_cast<int>(clocks[At(c)].size());
    clocks[At(c)].push_back(keys[k].clock);
    at_rank.emplace_back(c, position_[At(r)]);
    if (last.size() * keys.size() > kMostEntries) {
      throw Error(ErrorCode::kUnsupported, "the lives of " + std::to_string(keys.size()) +
                                               " buffers begin at clocks of " + "which " + std::to_string(last.size()) +
                                               " and more are unordered: no program on so few streams has such clocks");
    }
  }
  int nodes = 0;
  for (const auto& chain : clocks) {
    start_.push_back(nodes);
    lengths_.push_back(static_cast<int>(chain.size()));
    nodes += lengths_.back();
    for (const std::int64_t* begin : chain) clocks_.insert(clocks_.end(), begin, begin + streams);
  }
  rank_of_.resize(At(nodes));
  at_rank_.resize(At(nodes));
  for (int rank = 0; rank < nodes; ++rank) {
    const int n = node(at_rank[At(rank)].first, at_rank[At(rank)].second);
    rank_of_[At(n)] = rank;
    at_rank_[At(rank)] = n;
  }
}

void Precedence::FindFirsts(int streams) {
  const std::size_t width = At(chains());
  const BeginsByValue by_value(clocks_, streams, lengths_);
  const auto search = [&](const std::int64_t* clock, int c) {
    int first = 0;  // of those that may be the first that it is over before
    for (int rest = length(c); rest > 0;) {
      const int half = rest / 2;
      const bool is_before = AtMost(clock, clocks_.data() + At(node(c, first + half)) * At(streams), streams);
      first = is_before ? first : first + half + 1;
      rest = is_before ? half : rest - half - 1;
    }
    return first;
  };
  const auto find = [&](const std::int64_t* clock, int* firsts) {
    if (!by_value.empty()) return by_value.Find(clock, firsts);
    for (int c = 0; c < chains(); ++c) firsts[c] = search(clock, c);
  };
  first_.resize(rectangles_.size() * width);
  for (int r = 0; r < count(); ++r) find(rectangles_[At(r)].over, first_.data() + At(r) * width);
  reach_.resize(At(nodes()) * width);
  for (int n = 0; n < nodes(); ++n) find(clocks_.data() + At(n) * At(streams), reach_.data() + At(n) * width);
}

Precedence::Span Precedence::Widened(int r) const {
  Span span{rank(node(chain(r), position(r))), 0};
  span.upper = span.lower + 1;
  for (int c = 0; c < chains(); ++c) {
    const int before = first(r)[c] - 1;
    if (before >= 0) span.upper = std::max(span.upper, rank(node(c, before)) + 1);
  }
  return span;
}

Precedence::Span Precedence::Serial(int r) const {
  Span span{rank(node(chain(r), position(r))), nodes()};
  for (int c = 0; c < chains(); ++c) {
    if (first(r)[c] < length(c)) span.upper = std::min(span.upper, rank(node(c, first(r)[c])));
  }
  return span;
}

std::vector<Precedence::Span> AsIntervals(const Precedence& order, const std::vector<int>& some) {
  // Of each chain, how many come before its begins.
  const int chains = order.chains();
  std::vector<std::vector<int>> before(At(chains));
  for (int c = 0; c < chains; ++c) before[At(c)].assign(At(order.length(c)) + 1, 0);
  for (const int r : some) {
    for (int c = 0; c < chains; ++c) ++before[At(c)][At(order.first(r)[c])];
  }
  for (auto& counts : before) std::partial_sum(counts.begin(), counts.end(), counts.begin());
  const auto predecessors = [&](int r) { return before[At(order.chain(r))][At(order.position(r))]; };
  std::vector<int> steps;  // the counts that occur; a life begins at the number of its own
  steps.reserve(some.size());
  for (const int r : some) steps.push_back(predecessors(r));
  std::sort(steps.begin(), steps.end());
  std::vector<int> at_most = steps;  // as it stands: how many begin no later than a step
  steps.erase(std::unique(steps.begin(), steps.end()), steps.end());
  const auto step_of = [&](int value) {
    return static_cast<int>(std::lower_bound(steps.begin(), steps.end(), value) - steps.begin());
  };
  // The steps of the begins on each chain only grow; so what a life is over before sets in at the least of them.
  std::vector<std::vector<std::pair<int, int>>> begins(At(chains));  // position, step; per rectangle
  for (const int r : some) begins[At(order.chain(r))].emplace_back(order.position(r), step_of(predecessors(r)));
  for (auto& chain : begins) std::sort(chain.begin(), chain.end());
  std::vector<Precedence::Span> spans;
  spans.reserve(some.size());
  for (const int r : some) {
    Precedence::Span span{step_of(predecessors(r)), static_cast<int>(steps.size())};
    std::size_t after = 0;
    for (int c = 0; c < chains; ++c) {
      const auto& chain = begins[At(c)];
      const auto found = std::lower_bound(chain.begin(), chain.end(), std::make_pair(order.first(r)[c], -1));
      after += static_cast<std::size_t>(chain.end() - found);
      if (found != chain.end()) span.upper = std::min(span.upper, found->second);
    }
    const auto later = span.upper == static_cast<int>(steps.size())
                           ? at_most.end()
                           : std::lower_bound(at_most.begin(), at_most.end(), steps[At(span.upper)]);
    if (static_cast<std::size_t>(at_most.end() - later) != after) return {};
    spans.push_back(span);
  }
  return spans;
}

}  // namespace orionrt
