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
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "orionrt/config.hpp"

namespace orionrt {

inline constexpr std::int64_t kFree = -1;        // Buffer::fixed_offset of a buffer that the planner may move
inline constexpr int kMostStreams = 64;          // of a clock
inline constexpr std::int64_t kByPosition = -1;  // Space::cost: the space's position in the table

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

// A memory space with addresses of its own, from 0: SRAM, DRAM, the memory of another device. A buffer takes its size
// rounded up to `granularity` there (a cache line, a page, what kernels read past the end), from an offset that is a
// multiple of the larger of the space's alignment and its own; the rounded end is at most `capacity`. The padding is
// taken as long as the last byte of the buffer is.
struct Space {
  std::string name = {};                      // unique; no blanks, commas, '|', '=', ':'
  std::optional<std::int64_t> capacity = {};  // bytes, >= 0; none: no limit
  std::int64_t alignment = 1;                 // bytes, a power of two; the space's base is aligned to it too
  std::int64_t granularity = 1;               // bytes, a power of two
  std::optional<std::int64_t> largest = {};   // bytes, >= 0: no larger buffer (not rounded) lies here; none: no limit
  std::int64_t cost = kByPosition;            // of reading or writing one byte, >= 0, in any unit
};

// Lives on several streams, where there is no one time. A clock is one number a stream: how many of its ops have
// happened. `begins` is the clock just before the first write of a buffer, `ends` the least clock at which all its
// accesses have happened. A is over before B iff A's end is at most B's begin on every stream; only then may the two
// share bytes. Where one is over before another, that is so whatever the order in which the streams advance.
struct Clocks {
  int streams = 0;                         // numbers in a clock, 2 to kMostStreams; 0: one stream, lives are steps
  std::vector<std::int64_t> begins, ends;  // of buffer i from i x streams on; end >= begin, not equal
  std::vector<std::int64_t> part_begins, part_ends;  // of Problem::parts; within those of their buffer
};

// Invariants, checked by CheckProblem: what the comments above say; every part lies inside its buffer's bounding
// rectangle [lower, upper) x [0, size); parts are sorted by buffer, then by lower, and those of one buffer do not
// overlap; steps lie within +-2^61; the sum of all sizes rounded up to their alignments fits in 63 bits. With spaces:
// that of the sizes as rounded in the coarsest of them, and that of size x uses x the highest cost, do too; a fixed
// offset suits the alignment of the space that it is in. With clocks, their lengths are what `streams` and the buffers
// make them, and steps are nobody's to check: only what knows no clocks looks at them (WidenLives).
struct Problem {
  std::vector<Buffer> buffers;
  std::vector<Part> parts;         // a buffer that has none is one rectangle: alive as a whole
  std::vector<std::string> ids;    // unique; empty: the decimal position is the id
  std::vector<std::string> names;  // for people; empty: none
  Clocks clocks;                   // of several streams; none on one
  // Pairs of buffers that must not share a byte whatever their lives are; either may stand first.
  std::vector<std::pair<int, int>> apart;

  std::vector<Space> spaces;  // empty: one without limits, and the next field is empty too
  // Per buffer the spaces it may live in, by index, the best first; none: all, in the table's order. Empty: all so.
  // With one space, or a fixed offset, it is pinned: it lies in the first of them, whatever else has to go.
  std::vector<std::vector<int>> allowed_spaces;
  std::vector<std::int64_t> uses;  // per buffer how often ops read or write it, >= 0; empty: once each
};

// Throws Error (kBadInput) naming the first buffer that breaks an invariant. O(n log n).
ORIONRT_API void CheckProblem(const Problem& problem);

// With clocks, fills in the steps of buffers and parts: positions in one order of all begins in which the streams may
// advance. Lives that are apart in steps are over before one another; those that meet need not conflict, so this is
// safe for whoever knows no clocks, and wasteful. Does nothing without clocks. REQUIRES: clocks that CheckProblem
// takes. O(n log n x streams) where the begins make as few chains as there are streams.
ORIONRT_API void WidenLives(Problem& problem);

// Raises every buffer's alignment to at least `alignment` (a power of two). O(n).
ORIONRT_API void RaiseAlignment(Problem& problem, std::int64_t alignment);

// The id of buffer `i` as files and messages show it; with its name, if it has one, from `BufferLabel`.
ORIONRT_API std::string BufferId(const Problem& problem, int i);
ORIONRT_API std::string BufferLabel(const Problem& problem, int i);

// Gives the problem a table of spaces. `names` has per buffer the names of those it may live in, the best first; none:
// all; empty: all so. Throws Error (kBadInput) naming the buffer and the spaces there are. O(n x spaces).
ORIONRT_API void SetSpaces(Problem& problem, std::vector<Space> spaces,
                           const std::vector<std::vector<std::string>>& names);

// The names of the spaces that buffer `i` may live in; none: all. The inverse of SetSpaces.
ORIONRT_API std::vector<std::string> SpacesOf(const Problem& problem, int i);

// What it costs that buffer `i` lies in `space`: size x uses x (cost of that space - cost of the first that it may live
// in), the difference being at least 1 to anywhere but that first, where it is 0.
ORIONRT_API std::int64_t SpillCost(const Problem& problem, int i, int space);

// Identifies what was planned: lifetimes (clocks, where there are some), sizes, alignments, fixed offsets, parts and
// pairs kept apart, in order; with spaces, their limits and costs, who may live where, and the uses; not ids or names.
// FNV-1a, 64 bits.
ORIONRT_API std::uint64_t HashProblem(const Problem& problem);

}  // namespace orionrt
