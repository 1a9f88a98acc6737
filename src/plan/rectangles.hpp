// A plan as rectangles of time x bytes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/index.hpp"
#include "orionrt/problem.hpp"

namespace orionrt {

// The steps of a problem: from the first at which a buffer is alive to the last.
struct Steps {
  std::int64_t first = 0;
  std::int64_t count = 1;  // at least 1, so that it may be divided by
};
inline Steps StepsOf(const Problem& problem) {
  if (problem.buffers.empty()) return {};
  std::int64_t first = INT64_MAX;
  std::int64_t last = INT64_MIN;
  for (const Buffer& b : problem.buffers) {
    first = std::min(first, b.lower);
    last = std::max(last, b.upper);
  }
  return {first, last - first};
}

// A buffer, or a part of one, at its offset.
struct PlacedRectangle {
  int buffer = 0;
  std::int64_t lower = 0;  // steps
  std::int64_t upper = 0;
  std::int64_t begin = 0;  // bytes
  std::int64_t end = 0;
};

// In the order of the buffers; empty ones are left out.
template <typename Visit>
void ForEachPlaced(const Problem& problem, const std::vector<std::int64_t>& offsets, Visit visit) {
  std::size_t part = 0;
  for (int i = 0; i < static_cast<int>(problem.buffers.size()); ++i) {
    const Buffer& b = problem.buffers[At(i)];
    const bool whole = part == problem.parts.size() || problem.parts[part].buffer != i;
    if (whole && b.size > 0) visit(PlacedRectangle{i, b.lower, b.upper, offsets[At(i)], offsets[At(i)] + b.size});
    for (; part < problem.parts.size() && problem.parts[part].buffer == i; ++part) {
      const Part& p = problem.parts[part];
      if (p.end > p.begin)
        visit(PlacedRectangle{i, p.lower, p.upper, offsets[At(i)] + p.begin, offsets[At(i)] + p.end});
    }
  }
}

}  // namespace orionrt
