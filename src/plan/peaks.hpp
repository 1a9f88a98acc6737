// Where the most bytes are alive: every step of that height, not only the first.
#pragma once

#include <cstdint>
#include <vector>

#include "orionrt/problem.hpp"

namespace orionrt {

// Steps that follow one another with the same buffers alive; both ends belong to it.
struct StepSpan {
  std::int64_t first = 0;
  std::int64_t last = 0;
};

// All steps at which as many bytes are alive as at any, padding counted, in their order; wherever buffers are fixed and
// whichever spaces they are in. Empty where nothing needs any bytes. Not for several streams, which have no common
// steps. O(n log n).
ORIONRT_API std::vector<StepSpan> PeakSpans(Problem problem);

}  // namespace orionrt
