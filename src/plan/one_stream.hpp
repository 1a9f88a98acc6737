// Plans in one line of execution, by all that `auto` has, with a budget that its caller may share out: a portfolio of
// packings, which reaches the lower bound on most graphs; where it does not, an exact search improves on it, or proves
// that nothing can; and where hundreds are alive at once, passes of first-fit whose order learns. What no buffer lives
// through cuts a problem into groups that are planned each by itself.
#pragma once

#include <cstddef>
#include <cstdint>

#include "orionrt/plan.hpp"
#include "orionrt/planner.hpp"
#include "orionrt/problem.hpp"
#include "plan/watch.hpp"

namespace orionrt {

// What may be spent, in entries looked at, about a nanosecond each. It falls by what is.
struct OneStreamBudget {
  std::int64_t passes = 0;  // of first-fit, whose order learns
  std::int64_t niches = 0;  // of the search that fills niches
  std::int64_t search = 0;  // of the exact search; 0: none

  std::int64_t total() const { return passes + niches + search; }
};

// That of a whole problem of so many buffers.
OneStreamBudget BudgetOf(std::size_t buffers, Effort effort);

// Fills in offsets, peak, and of the certificate what a search proved; and what was not run. Without clocks and pairs
// kept apart.
Plan PlanOneStream(const Problem& problem, const PlanOptions& options, OneStreamBudget& budget, Watch& watch);

}  // namespace orionrt
