// When each tensor of a graph is alive.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "orionrt/export.hpp"
#include "orionrt/graph.hpp"
#include "orionrt/problem.hpp"

namespace orionrt {

// First and last use, as positions of ops; BOTH INCLUSIVE. Problem and files are half-open: upper = end + 1.
struct Lifetime {
  int start = 0;
  int end = 0;
};

// One pass over the ops, O(ops + uses). A tensor is alive from the op that produces it (from step 0 when none does) to
// its last reader; a tensor that nobody reads, at its producer only; an output, to the last step; a state, throughout.
// What has views lives until the last of them has gone.
//
// On several streams (Graph::streams()) lives are clocks too, O(ops + uses x lanes): a tensor begins with the clock
// just before the op that produces it, all zero where none does, and ends with the least clock at which all its
// accesses have happened; outputs and states, with every stream's end. The lifetimes are then those of one execution,
// in the order of ops(): two that are apart there may still meet in another.
class ORIONRT_API GraphLiveness {
 public:
  explicit GraphLiveness(const Graph& graph);

  // One per tensor, in the graph's order of tensors.
  const std::vector<Lifetime>& lifetimes() const noexcept { return lifetimes_; }

  // Numbers in a clock, one a lane; 0 on one stream, and the clocks are then empty.
  int lanes() const noexcept { return lanes_; }
  const std::int64_t* BeginOf(int tensor) const noexcept { return begins_.data() + Offset(tensor); }
  const std::int64_t* EndOf(int tensor) const noexcept { return ends_.data() + Offset(tensor); }

 private:
  void LiveWithViews(const Graph& graph);
  void FindClocks(const Graph& graph);
  std::size_t Offset(int tensor) const noexcept {
    return static_cast<std::size_t>(tensor) * static_cast<std::size_t>(lanes_);
  }
  std::vector<Lifetime> lifetimes_;
  int lanes_ = 0;
  std::vector<std::int64_t> begins_, ends_;  // tensors x lanes
};

// Where a tensor lies: at `delta` bytes into a buffer.
struct Binding {
  int buffer = -1;  // index into Problem::buffers; -1: an empty tensor, which needs no buffer
  std::int64_t delta = 0;
};

// A graph brought to what a policy understands.
struct Lowered {
  Problem problem;
  std::vector<Binding> bindings;    // one per tensor of the graph
  std::vector<Binding> workspaces;  // one per op; empty when no op has any
};

// `alignment` (a power of two) is the least that any tensor gets. Ids of the buffers are those of the tensors;
// workspaces come behind the tensors, with "w" and the id of the op: "w17". Views lie in their roots' buffers,
// and may ask for an alignment of their own; throws Error (kBadInput) where their offsets deny it. `spaces`: what the
// names in TensorDesc::spaces mean; throws Error (kBadInput) for a name that is none of them. Without spaces there is
// one arena, and the names have no meaning. A workspace may live in any space, and has two uses: it is written and
// read.
ORIONRT_API Lowered MakeProblem(const Graph& graph, const GraphLiveness& liveness, std::int64_t alignment = 1,
                                const std::vector<Space>& spaces = {});

}  // namespace orionrt
