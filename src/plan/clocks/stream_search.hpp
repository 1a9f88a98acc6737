// The exact search on several streams, for few buffers: proves the least peak, or finds a lower one, or gives up.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "orionrt/problem.hpp"
#include "plan/clocks/precedence.hpp"
#include "plan/watch.hpp"

namespace orionrt {

struct SearchResult {
  std::vector<std::int64_t> offsets;  // per buffer; empty: none below `peak` was found
  std::int64_t peak = 0;
  std::int64_t proven_bound = 0;  // no plan is lower; at least what was proven elsewhere
  std::int64_t nodes = 0;
  std::int64_t work = 0;  // as Run counts it
};

// Buffers as wholes, none fixed. Depth first over canonical plans, as MiniMalloc does for one stream (Moffitt,
// ASPLOS'23): in the order of their offsets, each on top of what it conflicts with among those before it. What is left
// of the heaviest antichain through each buffer must stack up below the peak that is looked for.
class StreamSearch {
 public:
  // Finds the antichains: n flows for n buffers. Keeps no references.
  StreamSearch(const Problem& problem, const Precedence& order);
  ~StreamSearch();
  StreamSearch(const StreamSearch&) = delete;
  StreamSearch& operator=(const StreamSearch&) = delete;

  // Looks for peaks below `peak`, that of a plan at hand, down to `lower_bound`, which is proven elsewhere; first for
  // the bound itself. Ends after about `most_work` members of antichains and buffers looked at, or where the watch is
  // over.
  SearchResult Run(std::int64_t lower_bound, std::int64_t peak, std::int64_t most_work, Watch& watch) const;

 private:
  struct Model;
  class Search;
  std::unique_ptr<const Model> model_;
};

}  // namespace orionrt
