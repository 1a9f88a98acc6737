// What is to be placed: buffers with lifetimes and sizes. Knows neither graphs nor memory.
//
//   offset
//     ^          +-----------+ size      Time is half-open here and in every file: a buffer is alive
//     |  +-------+     B     |           in [lower, upper). (GraphLiveness reports [start, end], both
//     |  |   A   +-----------+           inclusive; upper = end + 1, converted in one place only,
//     |  +-------+    C   |              MakeProblem.) Two buffers conflict when a step exists at
//     +--------------------------> step  which both are alive; then their bytes must not overlap.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "orionrt/export.hpp"

namespace orionrt {

inline constexpr std::int64_t kFree = -1;  // Buffer::fixed_offset of a buffer that the planner may move

struct Buffer {
  std::int64_t lower = 0;             // first step at which it is alive
  std::int64_t upper = 0;             // first step at which it no longer is; > lower
  std::int64_t size = 0;              // bytes, >= 0; an empty buffer conflicts with nothing
  std::int64_t alignment = 1;         // bytes, a power of two; the offset is a multiple of it
  std::int64_t fixed_offset = kFree;  // bytes, or kFree
};

// One rectangle of a buffer that is not simply alive as a whole: during steps [lower, upper) it occupies its own bytes
// [begin, end), counted from its offset. Gaps, slices and staircases are made of these.
struct Part {
  int buffer = 0;  // index into Problem::buffers
  std::int64_t lower = 0;
  std::int64_t upper = 0;
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

// Invariants, checked by CheckProblem: what the comments above say; every part lies inside its buffer's bounding
// rectangle [lower, upper) x [0, size); parts are sorted by buffer, then by lower, and those of one buffer do not
// overlap; steps lie within +-2^61; the sum of all sizes rounded up to their alignments fits in 63 bits.
struct Problem {
  std::vector<Buffer> buffers;
  std::vector<Part> parts;         // a buffer that has none is one rectangle: alive as a whole
  std::vector<std::string> ids;    // unique; empty: the decimal position is the id
  std::vector<std::string> names;  // for people; empty: none
};

// Throws Error (kBadInput) naming the first buffer that breaks an invariant. O(n log n).
ORIONRT_API void CheckProblem(const Problem& problem);

// Raises every buffer's alignment to at least `alignment` (a power of two). O(n).
ORIONRT_API void RaiseAlignment(Problem& problem, std::int64_t alignment);

// The id of buffer `i` as files and messages show it; with its name, if it has one, from `BufferLabel`.
ORIONRT_API std::string BufferId(const Problem& problem, int i);
ORIONRT_API std::string BufferLabel(const Problem& problem, int i);

// Identifies what was planned: lifetimes, sizes, alignments, fixed offsets and parts, in order; not ids or names.
// FNV-1a, 64 bits.
ORIONRT_API std::uint64_t HashProblem(const Problem& problem);

}  // namespace orionrt
