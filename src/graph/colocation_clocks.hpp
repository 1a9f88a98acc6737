// The lives of groups on several streams: windows of bytes, each with two clocks.
#pragma once

#include <cstdint>
#include <vector>

#include "orionrt/problem.hpp"

namespace orionrt {

// A member of a group: bytes [begin, end) of it, and its life, clocks of as many streams as the problem has.
struct ClockedWindow {
  std::int64_t begin = 0, end = 0;
  const std::int64_t *from = nullptr, *to = nullptr;
};

// Gives the last buffer of the problem its life: that of all its windows, from the least of their begins to the latest
// of their ends, stream by stream. Between two ends of windows the life is that of the windows there; neighbours with
// the same life are one part, and no parts are written where there is one for the whole. O(k^2) for k windows.
void AppendClocks(Problem& problem, const std::vector<ClockedWindow>& windows);

}  // namespace orionrt
