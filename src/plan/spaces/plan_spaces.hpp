// Several spaces: which buffer lies where. docs/spaces.md has the definitions and the formulas.
#pragma once

#include <functional>

#include "orionrt/plan.hpp"
#include "orionrt/planner.hpp"
#include "orionrt/problem.hpp"

namespace orionrt {

// Places one problem without spaces and fills in peak and certificate; options.capacity says what it should fit, if it
// can, but a plan above it is returned, too.
using PackOne = std::function<Plan(const Problem&, const PlanOptions&)>;

// A checked problem with spaces. Throws Error (kInfeasible, kLimit) when something has no place. The caller fills in
// policy and hash.
Plan PlanSpaces(const Problem& problem, const PlanOptions& options, const PackOne& pack);

}  // namespace orionrt
