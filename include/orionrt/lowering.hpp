// From a graph to a problem: when each tensor is alive, and what may share bytes or run in another order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "orionrt/config.hpp"
#include "orionrt/graph.hpp"
#include "orionrt/planner.hpp"
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

// All are off unless asked for. Each does only what OpNode::aliases allows.
struct Transforms {
  bool views = false;     // kView: an output that is a piece of an input has no bytes of its own
  bool colocate = false;  // kPiece: what is concatenated is written where the whole will lie
  bool in_place = false;  // kSameIndex, kStreaming, kReadsFirst: an output lies on an input that dies
  bool reorder = false;   // ops in an order of lower peak
};

// Whether anything is asked for.
inline bool Any(const Transforms& t) { return t.views || t.colocate || t.in_place || t.reorder; }

// An output that begins in the bytes of an input. Ids: of the op, and of tensors.
struct InPlaceUse {
  int op = 0;
  int output = 0;
  int input = 0;
};

struct TransformStage {
  std::string name;              // "given", "views", "colocate", "in_place", "reorder"
  std::int64_t bound_bytes = 0;  // LowerBound of the problem once this and the stages before are done
};

// What is planned, and what that means for whoever runs it.
struct TransformedGraph {
  Graph graph;  // ops in the order that the plan holds for: the given one unless reordered
  Lowered lowered;
  Transforms transforms;             // that were asked for
  std::vector<int> vanished;         // ids of ops left with nothing to do: their outputs lie in place already. In order
  std::vector<InPlaceUse> in_place;  // in the order of the ops
  // "given", then those asked for as they were decided; in the order of the graph up to "reorder".
  std::vector<TransformStage> stages;
  // Of `reorder`: no order of the ops has a peak of live bytes below this; proven when the one found has that peak.
  std::int64_t order_bound_bytes = 0;
  bool order_proven = false;
};

// Does as much of what is asked for as is legal, and as lowers the peak: `planner` judges every stage, at effort fast,
// and at balanced what it would refuse;
// without one LowerBound does. A stage that raises the peak is done in part or not at all. With no transform the
// problem is that of MakeProblem. `alignment` and `spaces` as there; an alignment that an offset would break keeps a
// tensor in bytes of its own. Deterministic. Throws Error like MakeProblem, and what the planner throws but
// kInfeasible and kLimit, which count as the highest peak. O(n log n) without the judge, where few windows of
// a group overlap.
ORIONRT_API TransformedGraph Transform(const Graph& graph, const Transforms& transforms, std::int64_t alignment = 1,
                                       const ReusePlanner* planner = nullptr, const std::vector<Space>& spaces = {});

// The same at these ops alone, and not judged: all that is legal there is done, at all other ops nothing. It answers
// what a transform would do at one op; `vanished` and `in_place` say whether it does anything. No stages. Throws Error
// (kMisuse) for `reorder`, which is about all ops, and for an id that no op has. O(n log n).
ORIONRT_API TransformedGraph TransformAt(const Graph& graph, const Transforms& transforms,
                                         const std::vector<int>& op_ids, std::int64_t alignment = 1);

}  // namespace orionrt
