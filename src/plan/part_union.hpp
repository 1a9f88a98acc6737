// Makes parts of rectangles that overlap.
#pragma once

#include <vector>

#include "orionrt/problem.hpp"

namespace orionrt {

// What any of the rectangles covers, all of one buffer and none of them empty: parts that do not overlap, sorted by
// lower, then by begin, as a Problem wants them. Independent of the order of `rectangles`. O(n log n), and for each of
// the 2n windows that their ends cut the bytes into, the lives in it.
std::vector<Part> UnionOf(const std::vector<Part>& rectangles);

}  // namespace orionrt
