// Plans in one line of execution: what `auto` does, with a budget that its caller may share out.
#pragma once

#include <cstddef>
#include <cstdint>

#include "orionrt/plan.hpp"
#include "orionrt/planner.hpp"
#include "orionrt/problem.hpp"

namespace orionrt {

// The budget of passes over a whole problem, in entries looked at, about a nanosecond each.
std::int64_t PassesOf(std::size_t buffers, Effort effort);

// Fills in offsets, peak, and of the certificate what a search proved. `work` falls by what passes took. Without clocks
// and pairs kept apart.
Plan PlanOneStream(const Problem& problem, const PlanOptions& options, std::int64_t& work);

}  // namespace orionrt
