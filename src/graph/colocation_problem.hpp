// From tensors that lie in groups to a Problem.
#pragma once

#include <cstdint>
#include <vector>

#include "orionrt/lowering.hpp"

namespace orionrt {

// Per tensor the alignment that its address must have: its own, and `alignment` unless it is a view that must be one,
// whose address is not the planner's to choose. Throws Error (kBadInput) where a view's offset denies what it asks.
// Per tensor, whether whoever runs the graph holds it (TensorRole::kHeld): its root is, or another view of that.
std::vector<char> HeldTensors(const Graph& graph);

std::vector<std::int64_t> AlignmentNeeds(const Graph& graph, std::int64_t alignment);

// `places`: per tensor the member that names its group, which lies at the group's first byte, and its own bytes from
// there; index -1: it is held elsewhere, and has no buffer. `vanished`: per op whether it has nothing left to do, and
// so touches nothing; empty: none. A group occupies at each step the windows of the members alive then. O(n log n +
// members of each segment between two windows' ends).
Lowered MakeColocatedProblem(const Graph& graph, const GraphLiveness& liveness, std::int64_t alignment,
                             const std::vector<TensorRoot>& places, const std::vector<char>& vanished,
                             const std::vector<Space>& spaces);

}  // namespace orionrt
