// Plans for people to read in a terminal.
#pragma once

#include <string>

#include "orionrt/config.hpp"
#include "orionrt/formats.hpp"

namespace orionrt {

// The figures of a plan and its picture, UTF-8; ends with a line break. The picture is `width` columns wide, at least
// 40; the figures at most 80.
ORIONRT_API std::string DescribePlan(const PlanFile& file, int width = 80);

// "4.88 MiB as given, 3.38 MiB in place": the bounds of a plan with transforms; empty without.
std::string SayStages(const PlanFile& file);

// The arena over time: `height` rows of addresses, the highest first, by `width` columns of steps. A cell shows the
// buffer that holds its middle, in one of four shades, neighbours in different ones; blank where nothing is alive. Of a
// problem without clocks.
ORIONRT_API std::string DrawArena(const Problem& problem, const Plan& plan, int width, int height);

}  // namespace orionrt
