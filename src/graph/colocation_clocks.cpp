#include "graph/colocation_clocks.hpp"

#include <algorithm>

namespace orionrt {
namespace {

using Clock = std::vector<std::int64_t>;

struct LifeInClocks {
  Clock from, to;
};

// Of the windows that `takes`: the least begin and the latest end, stream by stream. Empty clocks where there are none.
template <typename Takes>
LifeInClocks LifeOf(const std::vector<ClockedWindow>& windows, int streams, Takes takes) {
  LifeInClocks life;
  for (const ClockedWindow& window : windows) {
    if (!takes(window)) continue;
    if (life.from.empty()) {
      life = {Clock(window.from, window.from + streams), Clock(window.to, window.to + streams)};
      continue;
    }
    for (std::size_t s = 0; s < life.from.size(); ++s) {
      life.from[s] = std::min(life.from[s], window.from[s]);
      life.to[s] = std::max(life.to[s], window.to[s]);
    }
  }
  return life;
}

void Append(std::vector<std::int64_t>& to, const Clock& clock) { to.insert(to.end(), clock.begin(), clock.end()); }

}  // namespace

void AppendClocks(Problem& problem, const std::vector<ClockedWindow>& windows) {
  const int streams = problem.clocks.streams;
  const LifeInClocks whole = LifeOf(windows, streams, [](const ClockedWindow&) { return true; });
  Append(problem.clocks.begins, whole.from);
  Append(problem.clocks.ends, whole.to);
  std::vector<std::int64_t> ends;
  for (const ClockedWindow& window : windows) ends.insert(ends.end(), {window.begin, window.end});
  std::sort(ends.begin(), ends.end());
  ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
  struct Segment {
    std::int64_t begin, end;
    LifeInClocks life;
  };
  std::vector<Segment> segments;
  for (std::size_t k = 0; k + 1 < ends.size(); ++k) {
    const std::int64_t begin = ends[k], end = ends[k + 1];
    LifeInClocks life = LifeOf(windows, streams,
                               [&](const ClockedWindow& window) { return window.begin <= begin && end <= window.end; });
    if (life.from.empty()) continue;  // nobody's bytes
    const bool same = !segments.empty() && segments.back().end == begin && segments.back().life.from == life.from &&
                      segments.back().life.to == life.to;
    if (same) {
      segments.back().end = end;
    } else {
      segments.push_back({begin, end, std::move(life)});
    }
  }
  const std::int64_t size = problem.buffers.back().size;
  if (segments.size() == 1 && segments[0].begin == 0 && segments[0].end == size) return;
  for (const Segment& segment : segments) {
    problem.parts.push_back({static_cast<int>(problem.buffers.size()) - 1, 0, 1, segment.begin, segment.end});
    Append(problem.clocks.part_begins, segment.life.from);
    Append(problem.clocks.part_ends, segment.life.to);
  }
}

}  // namespace orionrt
