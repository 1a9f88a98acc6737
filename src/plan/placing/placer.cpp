#include "plan/placing/placer.hpp"

#include <algorithm>

#include "base/index.hpp"

namespace orionrt {
namespace {

Span Clip(Span span, Span window) {
  return {std::max(span.first, window.first) - window.first, std::min(span.last, window.last) - window.first};
}

std::vector<Span> AllSpans(const Shapes& shapes) {
  std::vector<Span> spans;
  spans.reserve(shapes.rectangles.size());
  for (const Rectangle& rectangle : shapes.rectangles) spans.push_back(rectangle.span);
  return spans;
}

std::vector<Span> SpansInWindow(const Shapes& shapes, Span window, const std::vector<int>& buffers) {
  std::vector<Span> spans;
  spans.reserve(buffers.size());
  for (const int buffer : buffers) {
    for (const Rectangle* r = shapes.begin(buffer); r != shapes.end(buffer); ++r) {
      const Span span = Clip(r->span, window);
      if (span.first < span.last) spans.push_back(span);
    }
  }
  return spans;
}

}  // namespace

Shapes::Shapes(const Problem& problem) {
  const std::size_t n = problem.buffers.size();
  std::vector<Life> lives;
  lives.reserve(n);
  rectangles.reserve(n);
  start.reserve(n + 1);
  std::size_t part = 0;
  for (std::size_t i = 0; i < n; ++i) {
    start.push_back(static_cast<int>(rectangles.size()));
    const Buffer& buffer = problem.buffers[i];
    const bool whole = part == problem.parts.size() || problem.parts[part].buffer != static_cast<int>(i);
    if (whole && buffer.size > 0) {
      lives.push_back({buffer.lower, buffer.upper});
      rectangles.push_back({{}, 0, buffer.size});
    }
    for (; part < problem.parts.size() && problem.parts[part].buffer == static_cast<int>(i); ++part) {
      const Part& p = problem.parts[part];
      if (p.lower >= p.upper || p.begin >= p.end) continue;
      lives.push_back({p.lower, p.upper});
      rectangles.push_back({{}, p.begin, p.end});
    }
  }
  start.push_back(static_cast<int>(rectangles.size()));
  Sections made = MakeSections(lives);
  steps = std::move(made.steps);
  extents.resize(n);
  for (std::size_t r = 0; r < rectangles.size(); ++r) rectangles[r].span = made.spans[r];
  for (std::size_t i = 0; i < n; ++i) {
    if (start[i] == start[i + 1]) continue;
    Span& extent = extents[i];
    extent = rectangles[At(start[i])].span;
    for (int r = start[i] + 1; r < start[i + 1]; ++r) {
      const Span span = rectangles[At(r)].span;
      extent = {std::min(extent.first, span.first), std::max(extent.last, span.last)};
    }
  }
}

Placer::Placer(const Problem& problem, const Shapes& shapes)
    : problem_(problem), shapes_(shapes), window_{0, shapes.sections()}, set_(AllSpans(shapes), shapes.sections()) {}

Placer::Placer(const Problem& problem, const Shapes& shapes, Span window, const std::vector<int>& buffers)
    : problem_(problem),
      shapes_(shapes),
      window_(window),
      set_(SpansInWindow(shapes, window, buffers), window.length()) {}

// Of a rectangle that is not to stick out of it.
Span Placer::InWindow(Span span) const { return {span.first - window_.first, span.last - window_.first}; }

std::int64_t Placer::LowestFit(int buffer, std::int64_t limit, std::int64_t floor) const {
  const Buffer& b = problem_.buffers[At(buffer)];
  if (b.fixed_offset != kFree) return b.fixed_offset;
  const Rectangle* rectangle = shapes_.begin(buffer);
  const auto count = shapes_.end(buffer) - rectangle;
  if (count == 0) return 0;
  if (count > 1 || rectangle->begin != 0 || rectangle->end != b.size) return LowestFitOfParts(buffer, limit, floor);
  return set_.LowestFit(InWindow(rectangle->span), b.size, b.alignment, floor, limit);
}

// Raises the offset to the first at which one rectangle fits, then the next, until none moves it. Every rectangle's
// rise is forced, so the first offset at which all rest is the lowest one.
std::int64_t Placer::LowestFitOfParts(int buffer, std::int64_t limit, std::int64_t floor) const {
  const Buffer& b = problem_.buffers[At(buffer)];
  std::int64_t offset = (floor + b.alignment - 1) & -b.alignment;
  bool moved = true;
  while (moved) {
    moved = false;
    for (const Rectangle* r = shapes_.begin(buffer); r != shapes_.end(buffer); ++r) {
      const std::int64_t fit = set_.LowestFit(InWindow(r->span), r->end - r->begin, 1, offset + r->begin) - r->begin;
      if (fit == offset) continue;
      offset = (fit + b.alignment - 1) & -b.alignment;
      moved = true;
      if (offset > limit - b.size) return kNoFit;
    }
  }
  return offset > limit - b.size ? kNoFit : offset;
}

std::int64_t Placer::TightestFit(int buffer, std::int64_t limit) const {
  const Buffer& b = problem_.buffers[At(buffer)];
  const Rectangle* rectangle = shapes_.begin(buffer);
  const bool whole = shapes_.end(buffer) - rectangle == 1 && rectangle->begin == 0 && rectangle->end == b.size;
  if (b.fixed_offset != kFree || !whole) return LowestFit(buffer, limit);
  return set_.TightestFit(InWindow(rectangle->span), b.size, b.alignment, limit);
}

void Placer::Place(int buffer, std::int64_t offset) {
  for (const Rectangle* r = shapes_.begin(buffer); r != shapes_.end(buffer); ++r) {
    const Span span = Clip(r->span, window_);
    if (span.first < span.last) set_.Place(span, offset + r->begin, r->end - r->begin);
  }
}

}  // namespace orionrt
