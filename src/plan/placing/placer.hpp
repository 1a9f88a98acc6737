// Puts the buffers of a problem, one by one, where they collide with nothing placed before. What PlacedSet is to
// rectangles, this is to buffers: it knows sizes, alignments, fixed offsets, and buffers of several parts.
#pragma once

#include <cstdint>
#include <vector>

#include "base/index.hpp"
#include "orionrt/problem.hpp"
#include "plan/placing/placed_set.hpp"
#include "plan/placing/sections.hpp"

namespace orionrt {

// A rectangle of a buffer: bytes [begin, end) from its offset during the sections of `span`.
struct Rectangle {
  Span span;
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

// Buffers as rectangles over sections. A buffer without bytes has none.
struct Shapes {
  explicit Shapes(const Problem& problem);

  const Rectangle* begin(int buffer) const { return rectangles.data() + start[At(buffer)]; }
  const Rectangle* end(int buffer) const { return rectangles.data() + start[static_cast<std::size_t>(buffer) + 1]; }

  std::vector<Rectangle> rectangles;  // by buffer
  std::vector<int> start;             // per buffer its first rectangle; one more at the end
  std::vector<Span> extents;          // per buffer, over all its rectangles; empty without bytes
  std::vector<std::int64_t> steps;    // Sections::steps
  int sections() const { return static_cast<int>(steps.size()); }
};

class Placer {
 public:
  // Keeps references to both.
  Placer(const Problem& problem, const Shapes& shapes);

  // For `buffers` only, as far as they are alive in `window`: those that are placed in it have no part outside, what
  // they shall not collide with may. The smaller the window, the less is walked per fit.
  Placer(const Problem& problem, const Shapes& shapes, Span window, const std::vector<int>& buffers);

  // The lowest offset from `floor` on at which the buffer fits, or kNoFit if it would end above `limit`. 0 for an empty
  // buffer. Exactly what a scan over all placed buffers in address order finds. A fixed buffer may go nowhere else: its
  // own offset.
  std::int64_t LowestFit(int buffer, std::int64_t limit = kNoFit, std::int64_t floor = 0) const;

  // The same in the tightest gap (PlacedSet::TightestFit); buffers of several parts go to the lowest fit.
  std::int64_t TightestFit(int buffer, std::int64_t limit = kNoFit) const;

  void Place(int buffer, std::int64_t offset);

  void Clear() { set_.Clear(); }
  void Checkpoint() { set_.Checkpoint(); }
  void Rollback() { set_.Rollback(); }

 private:
  std::int64_t LowestFitOfParts(int buffer, std::int64_t limit, std::int64_t floor) const;
  Span InWindow(Span span) const;

  const Problem& problem_;
  const Shapes& shapes_;
  Span window_;
  PlacedSet set_;
};

}  // namespace orionrt
