// What to say when a plan does not fit.
#pragma once

#include <cstdint>

#include "orionrt/plan.hpp"
#include "orionrt/problem.hpp"

namespace orionrt {

// Throws Error for a plan above `capacity`: kInfeasible when its certificate proves that none fits, with a small set of
// buffers that do not fit together; kLimit otherwise, with how far it got.
[[noreturn]] void RefuseCapacity(const Problem& problem, const Plan& plan, std::int64_t capacity);

}  // namespace orionrt
