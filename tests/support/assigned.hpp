// Assignments for tests: of plans of one's own, and of what Transform makes, wherever its buffers lie.
#pragma once

#include <optional>

#include "orionrt/assignment.hpp"

namespace orionrt::tests {

// A graph as it is, each tensor in a buffer of its own.
inline TransformedGraph AsGiven(const Graph& graph, std::int64_t alignment = 64) {
  LowerOptions options;
  options.alignment = alignment;
  return *Lower(graph, {}, options).transformed;
}

inline Assignment AssignmentOf(const Graph& graph, const Plan& plan, std::int64_t alignment = 64) {
  return Assign(AsGiven(graph, alignment), plan);
}

// Every buffer behind the one before.
inline Assignment LaidOut(const TransformedGraph& made) {
  return Assign(made, ReusePlanner("no_reuse").Run(made.lowered.problem));
}

// Whether what shares bytes may, judged with all else apart.
inline std::optional<AssignmentFault> CheckSharing(const TransformedGraph& made) {
  return CheckAssignment(made.graph, LaidOut(made));
}

}  // namespace orionrt::tests
