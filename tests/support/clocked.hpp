// Random problems on several streams, and slow answers to compare with. Shares no code with the library.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "orionrt/problem.hpp"
#include "random.hpp"

namespace orionrt::tests {

struct ClockedOptions {
  int streams = 3;
  int buffers = 8;
  int steps = 6;        // ops of a stream
  int wait_one_in = 3;  // ops that wait for another stream
  std::int64_t largest = 12;
  bool alignments = false;
  bool parts = false;
  bool apart = false;
  bool fixed = false;
};

// Clocks of a program: streams advance one op at a time in random order, and some ops wait for another stream's last.
inline Problem RandomClocked(const ClockedOptions& options, Random& random) {
  const auto k = static_cast<std::size_t>(options.streams);
  std::vector<std::vector<std::vector<std::int64_t>>> clocks(k);  // stream -> op -> clock with the op itself
  for (int op = 0; op < options.streams * options.steps; ++op) {
    std::size_t s = static_cast<std::size_t>(random.Below(options.streams));
    while (static_cast<int>(clocks[s].size()) == options.steps) s = (s + 1) % k;
    std::vector<std::int64_t> clock = clocks[s].empty() ? std::vector<std::int64_t>(k, 0) : clocks[s].back();
    const std::size_t other = static_cast<std::size_t>(random.Below(options.streams));
    if (random.OneIn(options.wait_one_in) && !clocks[other].empty()) {
      for (std::size_t i = 0; i < k; ++i) clock[i] = std::max(clock[i], clocks[other].back()[i]);
    }
    ++clock[s];
    clocks[s].push_back(std::move(clock));
  }
  Problem problem;
  problem.clocks.streams = options.streams;
  const auto add = [](std::vector<std::int64_t>& to, const std::vector<std::int64_t>& clock) {
    to.insert(to.end(), clock.begin(), clock.end());
  };
  for (int i = 0; i < options.buffers; ++i) {
    const auto s = static_cast<std::size_t>(random.Below(options.streams));
    const auto op = static_cast<std::size_t>(random.Below(options.steps));
    std::vector<std::int64_t> begin = clocks[s][op], end = begin;
    --begin[s];
    for (int uses = static_cast<int>(random.Below(3)); uses > 0; --uses) {  // later on any stream that comes after
      const auto t = static_cast<std::size_t>(random.Below(options.streams));
      for (std::size_t p = 0; p < clocks[t].size(); ++p) {
        if (clocks[t][p][s] <= static_cast<std::int64_t>(op) || !random.OneIn(2)) continue;
        end[t] = std::max(end[t], static_cast<std::int64_t>(p) + 1);
        break;
      }
    }
    for (std::size_t t = 0; t < k; ++t) {
      if (t != s && end[t] < clocks[s][op][t]) end[t] = clocks[s][op][t];
      end[t] = std::max(end[t], begin[t]);
    }
    add(problem.clocks.begins, begin);
    add(problem.clocks.ends, end);
    Buffer buffer;
    buffer.size = random.Between(random.OneIn(12) ? 0 : 1, options.largest);
    if (options.alignments) buffer.alignment = std::int64_t{1} << random.Below(4);
    if (options.fixed && random.OneIn(6)) buffer.fixed_offset = 8 * random.Below(4) + 200 * i;
    problem.buffers.push_back(buffer);
    if (!options.parts || !random.OneIn(3) || buffer.size < 2) continue;
    // Two windows: the lower lives from the begin on, the upper to the end, both throughout or for some of it.
    const std::int64_t cut = random.Between(1, buffer.size - 1);
    problem.parts.push_back({i, 0, 1, 0, cut});
    add(problem.clocks.part_begins, begin);
    add(problem.clocks.part_ends, random.OneIn(2) ? end : clocks[s][op]);
    problem.parts.push_back({i, 0, 1, cut, buffer.size});
    add(problem.clocks.part_begins, begin);
    add(problem.clocks.part_ends, end);
    for (std::size_t t = 0; t < k; ++t) {  // within the buffer's life
      auto& value = problem.clocks.part_ends[problem.clocks.part_ends.size() - 2 * k + t];
      value = std::min(value, end[t]);
    }
  }
  if (options.apart) {
    for (int pairs = 0; pairs < options.buffers / 3; ++pairs) {
      const int a = static_cast<int>(random.Below(options.buffers)),
                b = static_cast<int>(random.Below(options.buffers));
      if (a != b) problem.apart.emplace_back(a, b);
    }
  }
  WidenLives(problem);
  return problem;
}

// A rectangle of a buffer with its clocks.
struct ClockedRectangle {
  int buffer = 0;
  std::int64_t begin = 0, end = 0;
  const std::int64_t *from = nullptr, *to = nullptr;
};

inline std::vector<ClockedRectangle> ClockedRectanglesOf(const Problem& problem) {
  const auto k = static_cast<std::size_t>(problem.clocks.streams);
  std::vector<ClockedRectangle> rectangles;
  for (std::size_t i = 0; i < problem.buffers.size(); ++i) {
    bool has_parts = false;
    for (std::size_t p = 0; p < problem.parts.size(); ++p) {
      if (problem.parts[p].buffer != static_cast<int>(i)) continue;
      has_parts = true;
      if (problem.parts[p].begin < problem.parts[p].end) {
        rectangles.push_back({static_cast<int>(i), problem.parts[p].begin, problem.parts[p].end,
                              &problem.clocks.part_begins[p * k], &problem.clocks.part_ends[p * k]});
      }
    }
    if (!has_parts && problem.buffers[i].size > 0) {
      rectangles.push_back({static_cast<int>(i), 0, problem.buffers[i].size, &problem.clocks.begins[i * k],
                            &problem.clocks.ends[i * k]});
    }
  }
  return rectangles;
}

inline bool IsOverBefore(const Problem& problem, const ClockedRectangle& a, const ClockedRectangle& b) {
  for (int s = 0; s < problem.clocks.streams; ++s) {
    if (a.to[s] > b.from[s]) return false;
  }
  return true;
}

inline bool AreInConflict(const Problem& problem, const ClockedRectangle& a, const ClockedRectangle& b) {
  return !IsOverBefore(problem, a, b) && !IsOverBefore(problem, b, a);
}

inline bool IsPair(const Problem& problem, int a, int b) {
  return std::any_of(problem.apart.begin(), problem.apart.end(), [&](const std::pair<int, int>& pair) {
    return (pair.first == a && pair.second == b) || (pair.first == b && pair.second == a);
  });
}

// Whether no two share a byte that must not: all pairs, one by one.
inline bool IsRightInClocks(const Problem& problem, const std::vector<std::int64_t>& offsets) {
  const auto rectangles = ClockedRectanglesOf(problem);
  for (const ClockedRectangle& a : rectangles) {
    for (const ClockedRectangle& b : rectangles) {
      if (a.buffer >= b.buffer) continue;
      const std::int64_t x = offsets[static_cast<std::size_t>(a.buffer)],
                         y = offsets[static_cast<std::size_t>(b.buffer)];
      const bool meet = x + a.begin < y + b.end && y + b.begin < x + a.end;
      if (meet && AreInConflict(problem, a, b)) return false;
    }
  }
  for (const auto& [a, b] : problem.apart) {
    const auto i = static_cast<std::size_t>(a), j = static_cast<std::size_t>(b);
    if (problem.buffers[i].size == 0 || problem.buffers[j].size == 0) continue;
    if (offsets[i] < offsets[j] + problem.buffers[j].size && offsets[j] < offsets[i] + problem.buffers[i].size) {
      return false;
    }
  }
  for (std::size_t i = 0; i < offsets.size(); ++i) {
    const Buffer& buffer = problem.buffers[i];
    if (offsets[i] < 0 || offsets[i] % buffer.alignment != 0) return false;
    if (buffer.fixed_offset != kFree && buffer.fixed_offset != offsets[i]) return false;
  }
  return true;
}

// The heaviest set of rectangles of which any two conflict: every set, one by one. Up to some twenty rectangles.
inline std::int64_t BruteAntichain(const Problem& problem) {
  const auto rectangles = ClockedRectanglesOf(problem);
  std::vector<std::size_t> chosen;
  std::int64_t best = 0;
  std::function<void(std::size_t, std::int64_t)> visit = [&](std::size_t next, std::int64_t bytes) {
    best = std::max(best, bytes);
    for (std::size_t r = next; r < rectangles.size(); ++r) {
      const bool fits = std::all_of(chosen.begin(), chosen.end(), [&](std::size_t other) {
        return AreInConflict(problem, rectangles[r], rectangles[other]);
      });
      if (!fits) continue;
      chosen.push_back(r);
      visit(r + 1, bytes + rectangles[r].end - rectangles[r].begin);
      chosen.pop_back();
    }
  };
  visit(0, 0);
  return best;
}

// The least peak of any plan, by trying every offset below `peak`, a peak that can be had. For a handful of buffers,
// none fixed.
inline std::int64_t BrutePeak(const Problem& problem, std::int64_t peak) {
  const auto rectangles = ClockedRectanglesOf(problem);
  const std::size_t n = problem.buffers.size();
  std::vector<std::int64_t> offsets(n, 0);
  std::int64_t best = peak;
  std::function<void(std::size_t, std::int64_t)> visit = [&](std::size_t i, std::int64_t top) {
    if (top >= best) return;
    if (i == n) {
      best = top;
      return;
    }
    if (problem.buffers[i].size == 0) return visit(i + 1, top);
    for (std::int64_t at = 0; at + problem.buffers[i].size < best; at += problem.buffers[i].alignment) {
      offsets[i] = at;
      bool fits = true;
      for (const ClockedRectangle& a : rectangles) {
        for (const ClockedRectangle& b : rectangles) {
          if (!fits || a.buffer != static_cast<int>(i) || b.buffer >= a.buffer) continue;
          const std::int64_t y = offsets[static_cast<std::size_t>(b.buffer)];
          const bool meet = at + a.begin < y + b.end && y + b.begin < at + a.end;
          fits = !meet || !AreInConflict(problem, a, b);
        }
      }
      for (std::size_t j = 0; j < i && fits; ++j) {
        if (problem.buffers[j].size == 0 || !IsPair(problem, static_cast<int>(i), static_cast<int>(j))) continue;
        fits = at + problem.buffers[i].size <= offsets[j] || offsets[j] + problem.buffers[j].size <= at;
      }
      if (fits) visit(i + 1, std::max(top, at + problem.buffers[i].size));
    }
  };
  visit(0, 0);
  return best;
}

}  // namespace orionrt::tests
