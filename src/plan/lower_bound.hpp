// What no plan can beat, without search. `LowerBound` itself is public: orionrt/plan.hpp.
#pragma once

#include <cstdint>
#include <vector>

#include "orionrt/problem.hpp"
#include "plan/placing/placer.hpp"

namespace orionrt {

// Per section of `shapes`: bytes that any plan needs for what is alive there. O(n log n).
std::vector<std::int64_t> SectionBounds(const Problem& problem, const Shapes& shapes);

}  // namespace orionrt
