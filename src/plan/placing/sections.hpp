// Time, compressed to what matters for packing: the sections, i.e. the maximal sets of buffers alive together.
//
//   steps     0   1   2   3   4   5        A section ends when a buffer dies and the next one begins at the birth after
//   A         ############                 that. Two lifetimes overlap exactly if their section ranges do, and the most
//   B                 ########             bytes alive at any step is the most alive in any section. There are at most
//   sections  0   0   1   1   1            as many sections as buffers, often far fewer than steps.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace orionrt {

// One lifetime in steps, half-open.
struct Life {
  std::int64_t lower = 0;
  std::int64_t upper = 0;
};

// Sections [first, last). Empty when the lifetime is, or when the buffer has no bytes.
struct Span {
  int first = 0;
  int last = 0;
  int length() const { return last - first; }
};

inline bool Overlap(Span a, Span b) { return a.first < b.last && b.first < a.last; }

// The span that covers both; an empty one counts for nothing.
inline Span Hull(Span a, Span b) {
  if (a.length() <= 0) return b;
  if (b.length() <= 0) return a;
  return {std::min(a.first, b.first), std::max(a.last, b.last)};
}

struct Sections {
  std::vector<Span> spans;  // one per lifetime
  std::vector<std::int64_t>
      steps;  // one per section: the last step at which a buffer of it is born; all are alive then
  int count() const { return static_cast<int>(steps.size()); }
};

// Lifetimes with upper <= lower are left out (empty spans). O(n) where steps are about as dense as births, else
// O(n log n).
Sections MakeSections(const std::vector<Life>& lives);

}  // namespace orionrt
