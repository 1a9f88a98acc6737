// The exact search on a plan at hand: what it finds is taken over.
#pragma once

#include <cstdint>

#include "orionrt/plan.hpp"
#include "orionrt/planner.hpp"
#include "orionrt/problem.hpp"
#include "plan/watch.hpp"

namespace orionrt {

// Whether buffers differ in their alignment: what lies between a bound and a plan may be padding then.
bool HasMixedAlignments(const Problem& problem);

// Whether the question is answered without search: the best there can be, or, with a capacity, whether it fits.
bool IsAnswered(const Plan& plan, std::int64_t bound, const PlanOptions& options);

// Searches for a better plan, a higher bound, or, with a capacity, any plan that fits, in at most so much work, and as
// long as the watch lets it. The peak of the plan at hand is filled in, but does not guide the search, which finds what
// it finds without one. True if the plan is a new one. Does nothing where the search cannot take the problem
// (ExactCarries).
bool ImproveBySearch(const Problem& problem, std::int64_t bound, const PlanOptions& options, std::int64_t work,
                     Watch& watch, Plan& plan);

}  // namespace orionrt
