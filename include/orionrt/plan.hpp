// Where everything goes, and how good that is.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "orionrt/export.hpp"
#include "orionrt/problem.hpp"

namespace orionrt {

// Why no plan of the problem can have a lower peak than the bound.
enum class BoundKind {
  kLiveBytes,    // the buffers alive at one step need that many bytes, alignment padding included
  kFixedOffset,  // a buffer with a fixed offset ends there
  kRefutation,   // a search over every placement of the witness buffers found none below
};

struct Certificate {
  std::int64_t lower_bound_bytes = 0;
  BoundKind bound_kind = BoundKind::kLiveBytes;
  bool proven_optimal = false;    // peak_bytes == lower_bound_bytes
  std::int64_t witness_step = 0;  // a step at which the bound is reached
  std::vector<int> witness;       // indices of the buffers that force the bound, ascending
  std::int64_t search_nodes = 0;  // of a refutation: the nodes of the search
};

struct Plan {
  std::vector<std::int64_t> offsets;  // bytes, one per buffer of the problem
  std::int64_t peak_bytes = 0;        // max over buffers of offset + size; not rounded
  Certificate certificate;
  std::string policy;              // the policy that made it; for `auto`, `auto` and its winner: "auto:first_fit"
  std::uint64_t problem_hash = 0;  // HashProblem of the problem that it holds for
  bool time_limited = false;       // a wall-clock limit shaped the result: it may differ on another machine
};

// Max over buffers that are not empty of offset + size; 2^63 - 1 where that overflows. O(n).
ORIONRT_API std::int64_t PeakOf(const Problem& problem, const std::vector<std::int64_t>& offsets);

// The strongest bound known without search: live bytes, with the padding that alignment forces, and fixed offsets.
// Rounding all sizes up to the alignment would be no bound: the topmost buffer needs no padding. O(n log n).
ORIONRT_API Certificate LowerBound(const Problem& problem);

// "live_bytes", "fixed_offset", "refutation".
ORIONRT_API const char* BoundKindName(BoundKind kind);

}  // namespace orionrt
