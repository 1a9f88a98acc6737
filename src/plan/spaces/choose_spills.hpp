// Which buffers spill from a space that cannot hold all that would best be in it.
#pragma once

#include <cstdint>
#include <vector>

#include "orionrt/planner.hpp"
#include "orionrt/problem.hpp"

namespace orionrt {

// What one space knows of a buffer when it asks which have to spill.
struct Resident {
  std::int64_t cost = 0;  // of spilling it
  bool pinned = false;    // it cannot
};

struct SpillChoice {
  std::vector<bool> spilled;  // per buffer of the problem
  bool covers = true;         // false: with all spilled that can, still more is alive at some step than the space holds
  std::int64_t cost = 0;      // of the spilled buffers
  std::int64_t bound = 0;     // no choice costs less, whatever the packing
};

// Chooses which buffers spill from a space so that at no step more than `capacity` bytes are alive in it, at little
// cost. `problem` is one of ProblemIn, with a resident per buffer. O(n log n) and a flow over at most some hundred
// sections; up to 4,096 buffers, as many times that as the effort says.
SpillChoice ChooseSpills(const Problem& problem, const std::vector<Resident>& residents, std::int64_t capacity,
                         Effort effort);

}  // namespace orionrt
