// Buffers that pairwise conflict without all being alive at one moment: gaps and steps make such.
#pragma once

#include <cstdint>
#include <vector>

#include "plan/exact/model.hpp"
#include "plan/exact/work.hpp"

namespace orionrt {

struct Stacks {
  std::int64_t height = 0;           // units: no plan is lower
  std::vector<int> buffers;          // rows of Problem::buffers that need it, ascending; empty: no more than was known
  std::vector<StackedRows> cliques;  // heavy ones that are not alive at one moment
};

// What buffers that pairwise conflict take, on top of each other: those of a section, and, where there are bundles, any
// others. `known`: a bound, in units. In at most so much work.
Stacks FindStacks(const ExactModel& model, std::int64_t known, std::int64_t most_work, WorkMeter& work);

}  // namespace orionrt
