// Proofs that no plan fits, from a short stretch of time alone.
#pragma once

#include <cstdint>
#include <vector>

#include "plan/exact/model.hpp"
#include "plan/exact/work.hpp"

namespace orionrt {

// Rows of Problem::buffers, ascending.
std::vector<int> BuffersOf(const ExactModel& model);

// Looks for a run of sections whose buffers, clipped to it, already cannot be placed within `capacity` (units); then
// nothing can. Short ones first, each for a few nodes, `budget` in all. Returns the rows of Problem::buffers it holds,
// ascending; empty: none found, which says nothing.
std::vector<int> RefuteByWindow(const ExactModel& model, std::int64_t capacity, const ExactQuota& budget,
                                WorkMeter& work);

}  // namespace orionrt
