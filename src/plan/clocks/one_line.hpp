// A problem with clocks in one line of execution: streams advance one begin at a time, in the order that keeps least
// alive, and a rectangle lives from its begin to the last begin that it is not over before. Whoever conflicts meets
// there, so plans of that line hold; it is the nearer to the problem the more often streams wait for one another.
#pragma once

#include <cstdint>
#include <vector>

#include "orionrt/problem.hpp"
#include "plan/clocks/precedence.hpp"
#include "plan/watch.hpp"

namespace orionrt {

// The life of each rectangle, in steps of such a line, by a beam of `width` ways to advance; empty where none has less
// than `limit` bytes alive at once. A line that needs no more than `enough` is as good as any. O(n x width x chains^2).
std::vector<Precedence::Span> InOneLine(const Precedence& order, std::int64_t enough, std::int64_t limit, int width,
                                        Watch& watch);

// The problem on one stream with those lives, one per rectangle: buffers, parts and fixed offsets are as they were.
Problem OnOneStream(const Problem& problem, const std::vector<Precedence::Span>& spans);

}  // namespace orionrt
