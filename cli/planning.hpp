// What every command that plans takes.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "input.hpp"
#include "orionrt/planner.hpp"

namespace orionrt::cli {

struct PlanningOptions {
  std::string policy = "auto";      // --policy
  std::string effort = "balanced";  // --effort
  std::string capacity;             // --capacity; empty: none
  double time_limit = 0;            // --time-limit, seconds; 0: none
};

void AddPlanningOptions(CLI::App& app, PlanningOptions& options);
PlanOptions MakePlanOptions(const PlanningOptions& options);

// Runs the planner; the source is put before what it refuses. Of the last pool, if there are any, `nested_bytes` are
// kept free: bodies of control-flow ops, which are planned in one piece, have them while their op runs.
Plan PlanInput(const ReusePlanner& planner, const Input& input, const PlanOptions& options,
               std::int64_t nested_bytes = 0);

// The most that a body needs, those within it included: what comes on top of the peak while its op runs.
std::int64_t NestedPeak(const ReusePlanner& planner, const std::vector<Body>& bodies, PlanOptions options);

// Throws Error (kBadInput) where the plan that was read has a fault: what it says of itself would be wrong.
void RefuseFaults(const Input& input);

// Explain, with progress. `graph` may be null.
Explanation ExplainPlanned(const PlanFile& file, const Graph* graph, const ReusePlanner& planner);

// What a plan of the input holds for; nothing where there is no graph.
std::optional<PlanDomain> DomainOf(const Input& input);

// The plan of an input with its whole bill. Warns of bodies that pass a capacity.
PlanFile MakePlanFile(const ReusePlanner& planner, const Input& input, const PlanOptions& plan_options);

}  // namespace orionrt::cli
