// What falls apart in time.
#pragma once

#include <vector>

#include "orionrt/problem.hpp"

namespace orionrt {

// The buffers between two moments that none lives through, the earliest first. What is empty is in none. Within a group
// they stand in an order that does not depend on how they are listed, but where there are parts. Without clocks. O(n
// log n).
std::vector<std::vector<int>> GroupsInTime(const Problem& problem);

}  // namespace orionrt
