// What a graph becomes when its tensors may share bytes, or its ops another order: plans below the bound of the graph
// as given. docs/sharing.md has the rules.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "orionrt/export.hpp"
#include "orionrt/graph.hpp"
#include "orionrt/liveness.hpp"
#include "orionrt/planner.hpp"

namespace orionrt {

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
// kInfeasible and kLimit, which count as the highest peak. O(n log n) without the judge, where bodies overlap little.
ORIONRT_API TransformedGraph Transform(const Graph& graph, const Transforms& transforms, std::int64_t alignment = 1,
                                       const ReusePlanner* planner = nullptr, const std::vector<Space>& spaces = {});

// The same at these ops alone, and not judged: all that is legal there is done, at all other ops nothing. It answers
// what a transform would do at one op; `vanished` and `in_place` say whether it does anything. No stages. Throws Error
// (kMisuse) for `reorder`, which is about all ops, and for an id that no op has. O(n log n).
ORIONRT_API TransformedGraph TransformAt(const Graph& graph, const Transforms& transforms,
                                         const std::vector<int>& op_ids, std::int64_t alignment = 1);

}  // namespace orionrt
