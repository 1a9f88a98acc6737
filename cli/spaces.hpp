// --space, and what more of the first space would buy.
#pragma once

#include <string>
#include <vector>

#include "orionrt/formats.hpp"

namespace orionrt::cli {

// The table of spaces. Throws Error (kMisuse) for what is not NAME[=BYTES][:KEY=VALUE]...
std::vector<Space> ParseSpaces(const std::vector<std::string>& texts);

// A size of the first space, and what a plan with it is.
struct Rung {
  std::int64_t capacity = 0;  // bytes, of the first space
  std::string refusal;        // why there is no plan; empty where there is one
  Plan plan;
  std::int64_t spilled_buffers = 0;
  std::int64_t spilled_bytes = 0;
  std::int64_t spilled_traffic = 0;  // bytes x uses
};

// `file`: the source and the problem that was asked about.
std::string DescribeLadder(const PlanFile& file, const std::vector<Rung>& rungs);
std::string LadderToJson(const PlanFile& file, const std::vector<Rung>& rungs);

}  // namespace orionrt::cli
