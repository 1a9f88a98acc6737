// What could be otherwise in a graph, and stay right. Internal to the report. It knows no rule of its own: what must
// run before what, and what may share bytes, is asked of src/graph.
#pragma once

#include <cstddef>
#include <vector>

#include "orionrt/graph.hpp"
#include "orionrt/lowering.hpp"

namespace orionrt {

// A buffer of a graph as given, that is a tensor and its views, and who uses it. Steps are positions of ops.
struct BufferUse {
  int tensor = -1;           // whose bytes it is, an index; -1: a workspace
  int writer = -1;           // -1: given from outside
  std::vector<int> readers;  // all others that use the tensor or a view of it; ascending, each once
  unsigned roles = 0;        // of the tensor and of its views
  int output = -1;           // one of them that is an output
};

// By buffer. `lowered`: MakeProblem of the graph.
std::vector<BufferUse> UsesOf(const Graph& graph, const Lowered& lowered);

// The graph without its names, types and shapes, which changes would copy again and again.
Graph WithoutWords(const Graph& graph);

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

// Which moves keep what every order must.
class Mover {
 public:
  explicit Mover(const Graph& graph);  // O((ops + uses) log ops)

  // What would end the life of a buffer before `step`, at which it is alive (all its later readers move, and what they
  // wait for), or begin it after (its writer moves, and who waits for it); each at its nearest place, and at the
  // farthest. No more than `most` ops move, and never op `step`. O(uses of what moves).
  std::vector<Move> MovesAround(const BufferUse& use, int step, std::size_t most) const;

 private:
  std::vector<std::vector<int>> before_;  // per op those that it waits for
  std::vector<std::vector<int>> behind_;  // per op those that wait for it
};

}  // namespace orionrt
