// The heaviest set of rectangles of which any two conflict: no plan on several streams has a lower peak, and, with one
// unit of alignment, it is what the best plan of most problems has.
#pragma once

#include <cstdint>
#include <vector>

#include "plan/clocks/precedence.hpp"

namespace orionrt {

struct Antichain {
  std::int64_t weight = 0;
  std::vector<int> rectangles;  // pairwise in conflict, ascending
  bool exact = false;           // no other is heavier; else the search ended before it knew
};

// `weights`: per rectangle, >= 0, their sum within 63 bits. `most_work`: arcs looked at before the exact answer is
// given up for the heaviest set alive at one moment of one execution, which is an antichain too.
//
// The dual of the least flow through all rectangles (Dilworth 1950, weighted): as many bytes as may be are handed over
// from what is over to what begins, and what is written into bytes that no one had is the antichain's weight. A maximum
// flow by blocking flows (Dinic 1970) from deaths to begins, over the chains of the begins, with few arcs each: O(n x
// chains) arcs, near linear in practice.
Antichain HeaviestAntichain(const Precedence& order, const std::vector<std::int64_t>& weights,
                            std::int64_t most_work = std::int64_t{1} << 33);

// The heaviest set alive at one moment of the execution that Precedence::Serial describes. O(n).
Antichain HeaviestMoment(const Precedence& order, const std::vector<std::int64_t>& weights);

}  // namespace orionrt
