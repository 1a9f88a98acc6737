// What every command that plans takes.
#pragma once

#include <optional>
#include <string>

#include "input.hpp"
#include "orionrt/planner.hpp"
#include "orionrt/report.hpp"

namespace orionrt::cli {

struct PlanningOptions {
  std::string policy = "auto";      // --policy
  std::string effort = "balanced";  // --effort
  std::string capacity;             // --capacity; empty: none
  double time_limit = 0;            // --time-limit, seconds; 0: none
  bool no_hand_overs = false;       // --no-cross-stream-reuse
};

// `policy_help`: what a command says of --policy beyond what all do.
void AddPlanningOptions(OptionTable& table, PlanningOptions& options, const char* policy_help = "");
PlanOptions MakePlanOptions(const PlanningOptions& options);

// PlanWorkload, or PlanWithoutHandOvers, with progress; the source is put before what it refuses.
PlannedWorkload PlanInput(const ReusePlanner& planner, const Workload& workload, const PlanOptions& options,
                          bool no_hand_overs = false);

// The policy of that name. Throws Error (kMisuse), and says which one may have been meant.
ReusePlanner PlannerNamed(const std::string& name);

// Throws Error (kBadInput) where the plan that was read has a fault: what it says of itself would be wrong.
void RefuseFaults(const Input& input);

// Explain, with progress; once interrupted it plans no changes but by the shortest way. `workload` may be null.
Explanation ExplainPlanned(const PlanFile& file, const Workload* workload, const ReusePlanner& planner);

// The plan of an input with its whole bill; of a plan that was read, Replanned. Warns of bodies that pass a capacity.
PlanFile PlanToFile(const ReusePlanner& planner, const Input& input, const PlanOptions& plan_options,
                    bool no_hand_overs = false);

}  // namespace orionrt::cli
