// The packing that always fits the budget: where tens of thousands are alive at once even one pass of first-fit looks
// at billions of entries. Buffers of about one size share columns, one after the other, and the columns are stacked;
// then everything drops as far as it can.
//
//   height of the  +---------+----+-------+     A class of sizes takes as many columns as its buffers are alive at
//   once, largest in it  |  a      |    |  c    |     the least there can be.
//                  +---------+----+-------+
#pragma once

#include <cstdint>
#include <vector>

#include "orionrt/problem.hpp"
#include "plan/placing/placer.hpp"

namespace orionrt {

// Offsets per buffer; buffers with parts are placed as wholes. Nothing may be fixed. O(n log n).
std::vector<std::int64_t> PackInColumns(const Problem& problem, const Shapes& shapes);

// About, in entries looked at.
std::int64_t WorkOfColumns(std::size_t buffers);

}  // namespace orionrt
