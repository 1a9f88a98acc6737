// An explanation as data (docs/formats.md), for plans in JSON and for the page. Internal to the report.
#pragma once

#include "io/json.hpp"
#include "orionrt/formats.hpp"
#include "orionrt/report.hpp"

namespace orionrt {

// The value of the key "explanation" of a plan.
Json ExplanationJson(const PlanFile& file, const Explanation& explanation);

}  // namespace orionrt
