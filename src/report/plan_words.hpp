// Sentences about a plan that pages and texts share. Internal to the report.
#pragma once

#include <string>
#include <vector>

#include "orionrt/report.hpp"

namespace orionrt {

// Without a line break. Of the plan of one arena (a SpaceView is one): what forces its peak, and how much of that is
// proven. And what stands above the what-ifs, without a colon; empty where nothing needs any bytes.
std::string ExplainBound(const PlanFile& file, const std::vector<std::string>& step_names);
std::string WhatIfsHeading(const PlanFile& file, const Explanation& explanation);

// "4.88 MiB as given, 3.38 MiB in place": the bounds of a plan with transforms; empty without.
std::string SayStages(const PlanFile& file);

// The arena over time: `height` rows of addresses, the highest first, by `width` columns of steps. A cell shows the
// buffer that holds its middle, in one of four shades, neighbours in different ones; blank where nothing is alive. Of a
// problem without clocks.
ORIONRT_API std::string DrawArena(const Problem& problem, const Plan& plan, int width, int height);

}  // namespace orionrt
