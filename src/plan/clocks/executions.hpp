// Moments of a few executions: the streams of a problem with clocks advance in one way or another, and where something
// is over next after something has begun, what is alive pairwise conflicts and needs bytes of its own.
#pragma once

#include <cstdint>
#include <vector>

#include "plan/clocks/precedence.hpp"
#include "plan/placing/sections.hpp"

namespace orionrt {

struct Execution {
  std::vector<Span> spans;           // per rectangle: the moments at which it is alive
  std::vector<std::int64_t> loads;   // per moment: bytes alive
  std::vector<std::uint64_t> marks;  // per moment: equal where the streams stand at the same ops
};

// Per begin, by its number, and chain: how many begins of that chain come before it. O(begins x chains).
std::vector<int> BeginsNeeded(const Precedence& order);

// `count` ways to advance, the same ones for the same problem: by whatever makes most alive, at random, one stream
// ahead of the others, and mixtures. Each comes by the moment at which all of `heaviest`, an antichain, is alive: they
// are rectangles. O(count x n x chains).
std::vector<Execution> SampleExecutions(const Precedence& order, const std::vector<int>& heaviest, int count);

}  // namespace orionrt
