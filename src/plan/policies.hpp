// Every built-in policy's function. To add one: write it in a file of its own, declare it here, add its row in
// policies.cpp.
#pragma once

#include "orionrt/plan.hpp"
#include "orionrt/planner.hpp"
#include "orionrt/problem.hpp"

namespace orionrt {

Plan PlanAuto(const Problem& problem, const PlanOptions& options);
Plan PlanExact(const Problem& problem, const PlanOptions& options);
Plan PlanLinearScan(const Problem& problem, const PlanOptions& options);
Plan PlanFirstFit(const Problem& problem, const PlanOptions& options);
Plan PlanGreedyBySize(const Problem& problem, const PlanOptions& options);
Plan PlanBestFit(const Problem& problem, const PlanOptions& options);
Plan PlanNoReuse(const Problem& problem, const PlanOptions& options);

}  // namespace orionrt
