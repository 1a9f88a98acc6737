// Buffers that the planner may not move.
#pragma once

#include <algorithm>

#include "orionrt/problem.hpp"

namespace orionrt {

inline bool HasFixed(const Problem& problem) {
  return std::any_of(problem.buffers.begin(), problem.buffers.end(),
                     [](const Buffer& buffer) { return buffer.fixed_offset != kFree; });
}

}  // namespace orionrt
