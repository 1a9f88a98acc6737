#include "plan/placing/skyline.hpp"

#include <algorithm>
#include <numeric>

#include "base/index.hpp"

namespace orionrt {

// Highest first, each section is painted once; `next` leads to the first unpainted section at or after one.
Skyline::Skyline(const Problem& problem, const Shapes& shapes, Span window, const std::vector<int>& placed,
                 const std::vector<std::int64_t>& offsets)
    : problem_(problem), shapes_(shapes), first_(window.first), tops_(static_cast<std::size_t>(window.length()), 0) {
  struct Top {
    std::int64_t height;
    int first, last;
  };
  std::vector<Top> heights;
  heights.reserve(placed.size());
  for (const int buffer : placed) {
    const Span span = shapes.extents[At(buffer)];
    heights.push_back({offsets[At(buffer)] + problem.buffers[At(buffer)].size,
                       std::max(span.first, window.first) - first_, std::min(span.last, window.last) - first_});
  }
  std::sort(heights.begin(), heights.end(), [](const Top& a, const Top& b) { return a.height > b.height; });
  std::vector<int> next(tops_.size() + 1);
  std::iota(next.begin(), next.end(), 0);
  const auto unpainted = [&next](int s) {
    while (next[At(s)] != s) {
      int& step = next[At(s)];
      s = step = next[At(step)];
    }
    return s;
  };
  for (const Top& top : heights) {
    for (int s = unpainted(top.first); s < top.last; s = unpainted(s)) {
      tops_[At(s)] = top.height;
      next[At(s)] = s + 1;
    }
  }
}

bool Skyline::Put(int buffer, std::int64_t limit, std::int64_t& offset) {
  const Buffer& b = problem_.buffers[At(buffer)];
  const Span span = shapes_.extents[At(buffer)];
  const auto from = tops_.begin() + (span.first - first_), to = tops_.begin() + (span.last - first_);
  const std::int64_t top = (*std::max_element(from, to) + b.alignment - 1) & -b.alignment;
  if (top > limit - b.size) return false;
  std::fill(from, to, top + b.size);
  offset = top;
  return true;
}

}  // namespace orionrt
