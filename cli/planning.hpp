// What every command that plans takes.
#pragma once

#include <CLI/CLI.hpp>
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

// Runs the planner; the source is put before what it refuses.
Plan PlanInput(const ReusePlanner& planner, const Input& input, const PlanOptions& options);

}  // namespace orionrt::cli
