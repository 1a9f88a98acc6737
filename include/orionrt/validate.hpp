// The judge of plans. Shares no code with the planners.
#pragma once

#include <optional>
#include <string>

#include "orionrt/export.hpp"
#include "orionrt/plan.hpp"
#include "orionrt/problem.hpp"

namespace orionrt {

struct Violation {
  enum class Kind {
    kCount,        // the plan places another number of buffers than there are
    kOffset,       // an offset is negative, misaligned, not the fixed one, or ends past 63 bits
    kSpace,        // a buffer is in a space that there is not, that it may not live in, or that is too small for it
    kOverlap,      // two buffers alive together share bytes of one space
    kPeak,         // the stated peak, of a space or the whole, is not the highest end of a buffer
    kSpill,        // the stated cost of spills is not what the buffers' spaces make it, or is below its bound
    kCertificate,  // the stated bound is above the peak, or "proven optimal" does not follow from it
  };
  Kind kind = Kind::kCount;
  int first = -1;  // buffers at fault, or -1
  int second = -1;
  std::int64_t step = 0;  // of an overlap: a step at which both are alive, and the bytes [begin, end) that they share
  std::int64_t begin = 0;
  std::int64_t end = 0;
  std::string message;  // all of this in words
};

// The first fault found, in order of kind and then of steps; nothing when the plan is good. Sweeps the steps and keeps
// the live rectangles in a tree ordered by address: O(n log n) for n parts.
ORIONRT_API std::optional<Violation> Validate(const Problem& problem, const Plan& plan);

}  // namespace orionrt
