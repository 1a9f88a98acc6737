// Changes of the waits of a graph: one more of them, and streams where there is but one. Internal to the report.
#pragma once

#include <string>
#include <vector>

#include "orionrt/graph.hpp"
#include "orionrt/planner.hpp"
#include "report/changes.hpp"

namespace orionrt {

// One more wait: position `op` for position `waits_for`.
struct WaitChange {
  int op = 0, waits_for = 0;
  std::int64_t promise = 0;  // bytes of the pairs that it orders, the smaller of each
};

// The most promising waits that order a pair of the heaviest antichain, of which nothing else keeps them apart; at most
// `most`, the best first. `heaviest`: the buffers that the bound rests on. No wait makes a circle. O(k^2 x uses) for
// the 48 largest of them.
std::vector<WaitChange> WaitsBetween(const Graph& graph, const std::vector<BufferUse>& uses, const Problem& problem,
                                     std::vector<int> heaviest, std::size_t most);

// The graph with that wait.
Graph WithWait(const Graph& graph, const WaitChange& change);

// `letting op 21 "Relu_7" on stream 1 wait for op 13 "Add" on stream 0, which leaves the longest chain at 5 ops`.
std::string SentenceOf(const Graph& graph, const WaitChange& change, int chain_before, int chain_after);

// What two streams would cost and bring, for Explanation::more_streams; empty where they bring nothing, and for graphs
// of more than 4,000 ops. `peak`: of the plan on one.
std::string SayTwoStreams(const Graph& graph, std::int64_t alignment, std::int64_t peak, const ReusePlanner& planner);

}  // namespace orionrt
