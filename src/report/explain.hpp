// The certificate of a plan in words.
#pragma once

#include <string>
#include <vector>

#include "orionrt/export.hpp"
#include "orionrt/io.hpp"

namespace orionrt {

// What forces the peak, who is alive there and until when, and how much of that is proven. `step_names`: names of the
// steps, by number, where there are any. Several lines, UTF-8.
ORIONRT_API std::string ExplainPlan(const PlanFile& file, const std::vector<std::string>& step_names);

// Of a plan over pools: why a buffer is not where it would best be, in one line. With `step_names` as above.
ORIONRT_API std::string ExplainSpill(const PlanFile& file, const Spill& spill,
                                     const std::vector<std::string>& step_names);

}  // namespace orionrt
