// Several ways to pack one problem, tried in a fixed schedule until one meets the lower bound or the effort is spent.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "orionrt/planner.hpp"
#include "orionrt/problem.hpp"
#include "plan/watch.hpp"

namespace orionrt {

struct PortfolioResult {
  std::vector<std::int64_t> offsets;
  std::int64_t peak = 0;
  std::string winner;      // what made it, for people: "clique_first:late" or "first_fit"
  std::int64_t steps = 0;  // buffers placed in all tries
};

// `lower_bound`: LowerBound's, where a plan that meets it ends the search. Deterministic. Time is about
// (buffers + steps) log(buffers), memory linear; the number of steps depends on the effort (portfolio.cpp).
// `cost_of_step`, in nanoseconds: where it is high there are fewer; 0: not known. Where the watch is over before there
// is a plan, one is completed.
PortfolioResult RunPortfolio(const Problem& problem, std::int64_t lower_bound, Effort effort, Watch& watch,
                             std::int64_t cost_of_step = 0);

// Only aims at the bound, in at most so many steps, and takes any plan where that fails: for problems that others can
// take over.
PortfolioResult RunPortfolioBriefly(const Problem& problem, std::int64_t lower_bound, std::int64_t most_steps,
                                    Watch& watch);

// The same, but where that fails there is no plan: offsets are empty.
PortfolioResult AimAtBound(const Problem& problem, std::int64_t lower_bound, std::int64_t most_steps, Watch& watch);

}  // namespace orionrt
