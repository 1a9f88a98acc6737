// The exact planner: finds a plan of least peak and proves that it is, or says how far it got.
#pragma once

#include <cstdint>
#include <vector>

#include "orionrt/plan.hpp"
#include "orionrt/problem.hpp"
#include "plan/watch.hpp"

namespace orionrt {

struct ExactLimits {
  // The result depends on these two; whichever is spent first ends the search.
  std::int64_t max_nodes = 0;  // of the search tree, about
  std::int64_t max_work = 0;   // units, about a nanosecond each; counts all that is done, on any machine the same
  Watch* watch = nullptr;      // null: none. Told of work, plans and bounds, and may end the search
};

struct ExactResult {
  std::vector<std::int64_t> offsets;  // bytes, one per buffer; empty: none better than the incumbent, or none that fits
  std::int64_t peak = 0;              // bytes, of `offsets`
  std::int64_t proven_bound = 0;      // bytes: no plan is lower
  bool complete = false;              // the question is answered: peak == proven_bound, or fits / does not fit
  std::int64_t nodes = 0;
  // if the search raised the bound: buffers that cannot be placed below it, ascending
  std::vector<int> witness;
};

// Can the search take `problem`? Not above a few thousand buffers and parts.
bool ExactCarries(const Problem& problem);

// Whether plans at the bound (bytes) leave hardly any room, and there are many buffers, as where a rectangle is cut
// into pieces. Then a search aims at the bound: without room nearly all follows from a few choices, and a little more
// room makes it no easier. REQUIRES: ExactCarries(problem).
bool IsFull(const Problem& problem, std::int64_t bound);

// Looks for the lowest plan below that of `incumbent` (may be null). `lower_bound`: bytes, proven elsewhere; 0 will do.
// Deterministic unless a time limit strikes. REQUIRES: a checked problem, ExactCarries(problem).
ExactResult SolveExact(const Problem& problem, std::int64_t lower_bound, const Plan* incumbent,
                       const ExactLimits& limits);

// Looks for any plan with peak <= capacity (bytes). If `complete` and `offsets` is empty, there is none.
ExactResult FitExact(const Problem& problem, std::int64_t capacity, const ExactLimits& limits);

}  // namespace orionrt
