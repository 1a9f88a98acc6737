// A plan on several streams as pictures have it: a lane of time per stream. In a lane a buffer is there while it is in
// the eyes of that stream: from the op of it that the first write comes behind, to the op that comes behind all uses.
// Buffers that share bytes are apart in every lane. Internal to the report.
#pragma once

#include <string>
#include <vector>

#include "orionrt/problem.hpp"
#include "orionrt/streams.hpp"
#include "plan/rectangles.hpp"

namespace orionrt {

struct Lane {
  std::string name;  // "stream 0", "streams 0 and 2"
  // The buffers of the whole, in its order, with steps that are ops of the lane; empty where they are never there.
  Problem problem;
};

struct Lanes {
  Steps steps;  // of the longest: all have one scale
  std::vector<Lane> lanes;
};

// None for what runs on one stream. `figures` may be null: lanes are then called by their numbers. O(n x lanes).
Lanes LanesOf(const Problem& problem, const StreamFigures* figures);

}  // namespace orionrt
