// A plan as rectangles of time x bytes.
#pragma once

#include <cstdint>
#include <vector>

#include "orionrt/problem.hpp"

namespace orionrt {

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
    const Buffer& b = problem.buffers[i];
    const bool whole = part == problem.parts.size() || problem.parts[part].buffer != i;
    if (whole && b.size > 0) visit(PlacedRectangle{i, b.lower, b.upper, offsets[i], offsets[i] + b.size});
    for (; part < problem.parts.size() && problem.parts[part].buffer == i; ++part) {
      const Part& p = problem.parts[part];
      if (p.end > p.begin) visit(PlacedRectangle{i, p.lower, p.upper, offsets[i] + p.begin, offsets[i] + p.end});
    }
  }
}

}  // namespace orionrt
