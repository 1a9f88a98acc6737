// Parts that say no more than when a buffer is alive.
#pragma once

#include <optional>

#include "orionrt/problem.hpp"

namespace orionrt {

// The problem with none: a buffer lives from the first to the last step at which it holds a byte, and is empty where it
// never does. Its plans are those of `problem`, empty buffers at any offset. Nothing where a buffer has a gap between
// two steps, or a step at which it holds some of its bytes only. O(n).
std::optional<Problem> WithoutParts(const Problem& problem);

}  // namespace orionrt
