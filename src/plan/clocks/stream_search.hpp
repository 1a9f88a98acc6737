// The exact search on several streams, for few buffers: proves the least peak, or finds a lower one, or gives up.
#pragma once

#include <cstdint>
#include <vector>

#include "orionrt/problem.hpp"
#include "plan/clocks/precedence.hpp"

namespace orionrt {

struct SearchResult {
  std::vector<std::int64_t> offsets;  // per buffer; empty: none below `peak` was found
  std::int64_t peak = 0;
  std::int64_t proven_bound = 0;  // no plan is lower; 0: nothing was proven
  std::int64_t nodes = 0;
};

// Buffers as wholes, none fixed. Depth first over canonical plans, as MiniMalloc does for one stream (Moffitt,
// ASPLOS'23): in the order of their offsets, each on top of what it conflicts with among those before it. Ends at
// `lower_bound`, which is proven elsewhere, or after about `most_nodes` nodes of O(n) each.
SearchResult SearchStreams(const Problem& problem, const Precedence& order, std::int64_t lower_bound, std::int64_t peak,
                           std::int64_t most_nodes);

}  // namespace orionrt
