// Under mixed alignments a stack needs padding, how much depends on its order, and of all orders of the buffers that
// need most bytes together few need least. Those are known (LeastPadding): the least of them is a bound, and what is
// drawn of them is put down first, and everything else around it (CliqueFirst).
#pragma once

#include <cstdint>
#include <vector>

#include "orionrt/problem.hpp"
#include "plan/watch.hpp"

namespace orionrt {

struct LeastStack {
  std::int64_t bound = 0;             // bytes that `buffers` need in any order
  std::vector<int> buffers;           // ascending; empty: there are too many, or none of the right kind
  std::vector<std::int64_t> offsets;  // of a plan that is lower than what was known; may be empty
  std::int64_t peak = 0;              // of that plan
};

// `witness`: buffers that a bound rests on; where they do not all conflict with each other, what is alive where most is
// takes their place. `bound`, `peak`: what is known. Spends no more than about `work`, and takes away what it spent.
// Nothing comes of problems with fixed offsets. Deterministic.
LeastStack PackOnLeastStack(const Problem& problem, const std::vector<int>& witness, std::int64_t bound,
                            std::int64_t peak, std::int64_t& work, Watch& watch);

}  // namespace orionrt
