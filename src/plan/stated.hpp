// A plan of which only the places are known.
#pragma once

#include <cstdint>
#include <vector>

#include "orionrt/config.hpp"
#include "orionrt/plan.hpp"
#include "orionrt/problem.hpp"

namespace orionrt {

// What these places make of the problem: peaks, and spills with their cost but for their reason; no bound is stated.
// `spaces`: per buffer the position of its space; empty, or without a table: all in the first. Places may be wrong,
// which Validate then says. One of each per buffer. O(n x spaces).
ORIONRT_API Plan StatedPlan(const Problem& problem, std::vector<std::int64_t> offsets, std::vector<int> spaces = {});

}  // namespace orionrt
