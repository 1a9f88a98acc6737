// What could be otherwise in a graph, and stay right. Internal to the report.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "orionrt/graph.hpp"
#include "orionrt/liveness.hpp"

namespace orionrt {

// Who writes and reads each tensor; by its index in graph.tensors(). Steps are positions of ops.
struct GraphUses {
  std::vector<int> producer;              // a step, or -1: given from outside
  std::vector<std::vector<int>> readers;  // steps, ascending, each once
  std::vector<Lifetime> lives;
};
GraphUses UsesOf(const Graph& graph);

// "op 41 Add_7": the position, and the name or else the type; one line whatever they hold.
std::string OpLabel(const Graph& graph, int step);

// Its name, or "tensor 7" by its id; one line.
std::string TensorLabel(const Graph& graph, int tensor);

// The tensor whose bytes the only output of the op may be written over, as an index; or -1. The op is of a type that
// computes every element from those at the same place; the tensor was written by another op, is no output or state, is
// read here for the last time, and has the output's bytes and element type. O(inputs).
int InPlaceInput(const Graph& graph, const GraphUses& uses, int step);

// Some ops that run sooner or later than they do: `ops`, in their order, directly before op `before`, of which there
// may be one more than there are ops: the end.
struct Move {
  std::vector<int> ops;  // steps, ascending
  int before = 0;
  bool operator==(const Move& other) const { return ops == other.ops && before == other.before; }
};

// The steps in their new order.
std::vector<int> OrderAfter(int ops, const Move& move);

// The graph with its ops in that order. Throws Error (kBadInput) where an op would read what is not written yet.
Graph Reordered(const Graph& graph, const std::vector<int>& order);

// What would end the life of a tensor before `step`, at which it is alive (all its later readers move, and what they
// need), or begin it after (its producer moves, and who reads what it writes); each at its nearest place, and at the
// farthest. No more than `most` ops move, none that may do more than write its outputs, and never op `step`.
// O(uses of what moves).
std::vector<Move> MovesAround(const Graph& graph, const GraphUses& uses, int tensor, int step, std::size_t most);

}  // namespace orionrt
