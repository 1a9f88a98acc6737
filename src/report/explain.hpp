// The certificate of a plan in words.
#pragma once

#include <string>
#include <vector>

#include "orionrt/config.hpp"
#include "orionrt/formats.hpp"
#include "report/what_if.hpp"

namespace orionrt {

// What forces the peak, who is alive there and until when, and how much of that is proven. `step_names`: names of the
// steps, by number, where there are any. Several lines, UTF-8. An `explanation` of the same plan says why each is
// alive.
ORIONRT_API std::string ExplainPlan(const PlanFile& file, const std::vector<std::string>& step_names,
                                    const Explanation& explanation = {});

// The what-ifs, a line each, under a heading; or that nothing helps, or was not tried. UTF-8.
ORIONRT_API std::string DescribeWhatIfs(const PlanFile& file, const Explanation& explanation);

// Parts of these, each without a line break. Of the plan of one arena (a SpaceView is one): what forces its peak, and
// how much of that is proven. And what stands above the what-ifs, without a colon; empty where nothing needs any bytes.
ORIONRT_API std::string ExplainBound(const PlanFile& file, const std::vector<std::string>& step_names);
ORIONRT_API std::string WhatIfsHeading(const PlanFile& file, const Explanation& explanation);

// A plan in JSON, as WritePlanJson gives it, with one key more: "explanation" (docs/formats.md).
ORIONRT_API std::string AddExplanation(std::string plan_json, const PlanFile& file, const Explanation& explanation);

// Of a plan over spaces: why a buffer is not where it would best be, in one line. With `step_names` as above.
ORIONRT_API std::string ExplainSpill(const PlanFile& file, const Spill& spill,
                                     const std::vector<std::string>& step_names);

}  // namespace orionrt
