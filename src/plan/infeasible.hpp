// What to say when a plan does not fit.
#pragma once

#include <cstdint>
#include <string>

#include "orionrt/plan.hpp"
#include "orionrt/problem.hpp"

namespace orionrt {

// Throws Error for a plan above `capacity`: kInfeasible when its certificate proves that none fits, kLimit otherwise.
[[noreturn]] void RefuseCapacity(const Problem& problem, const Plan& plan, std::int64_t capacity);

// "step 17, where the largest alive are 4 "conv1" (2.0 MiB), 9 "x" (1.0 MiB)": the witness of the bound, at most
// `most`.
std::string DescribeWitness(const Problem& problem, const Certificate& certificate, int most = 5);

}  // namespace orionrt
