// What no plan can beat, without search. `LowerBound` itself is public: orionrt/plan.hpp.
#pragma once

#include <cstdint>
#include <vector>

#include "orionrt/plan.hpp"
#include "orionrt/problem.hpp"
#include "plan/clocks/precedence.hpp"
#include "plan/placing/placer.hpp"

namespace orionrt {

// Per section of `shapes`: bytes that any plan needs for what is alive there. O(n log n).
std::vector<std::int64_t> SectionBounds(const Problem& problem, const Shapes& shapes);

// LowerBound of a problem with clocks; `order` is its own.
Certificate LowerBound(const Problem& problem, const Precedence& order);

}  // namespace orionrt
