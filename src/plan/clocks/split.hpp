// Where a problem on several streams falls apart.
#pragma once

#include <vector>

#include "orionrt/problem.hpp"
#include "plan/clocks/precedence.hpp"

namespace orionrt {

// Parts, of buffers, of which every buffer of one is over before every one of the next; in that order. One part where
// there are none, or where pairs kept apart hold them together. Buffers without bytes are in none. O(n x chains).
std::vector<std::vector<int>> SplitInSeries(const Problem& problem, const Precedence& order);

// Parts of which every buffer of one conflicts with every one of another: the connected components of what is over
// before what. O(n x chains), nearly.
std::vector<std::vector<int>> SplitInParallel(const Problem& problem, const Precedence& order);

}  // namespace orionrt
