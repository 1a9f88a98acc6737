// Where tensors lie in a guarded pool: canaries, quarantine and pages take room that the plan does not know of.
#pragma once

#include <cstdint>
#include <vector>

#include "orionrt/lowering.hpp"
#include "orionrt/plan.hpp"
#include "orionrt/tensor_pool.hpp"

namespace orionrt {

// One tensor: [begin, begin + bytes) within what is reserved for it. Offsets in the region.
struct GuardPlace {
  std::int64_t begin = 0;
  std::int64_t bytes = 0;
  std::int64_t reserved_begin = 0;
  std::int64_t reserved_end = 0;  // without a guard page
  std::int64_t end() const { return begin + bytes; }
};

struct GuardLayout {
  std::vector<GuardPlace> places;  // one per tensor of the graph; then one per op, its workspace, where any has one
  std::int64_t region_bytes = 0;
  std::int64_t alignment = 1;  // of the region's base
};

// Deterministic but for the size of pages; in the time of a few greedy passes, without search. Throws Error:
// kUnsupported where pages cannot be protected, or ops overlap that they would be closed to; kMisuse for options out of
// range.
GuardLayout LayOutGuarded(const Lowered& lowered, const Graph& graph, const Plan& plan, const GuardOptions& options);

}  // namespace orionrt
