// What several streams cost and save: figures beside a plan, and who takes whose bytes across streams.
//
//   stream 0   a ──▶ b                  b reads t1 for the last time; d, on stream 1, writes t2 over its bytes: a
//                     \                 hand-over, which is right only because c waits for b. It costs time where c
//   stream 1           ╰─ wait ─▶ c ──▶ d         would not have waited otherwise.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "orionrt/assignment.hpp"
#include "orionrt/export.hpp"
#include "orionrt/graph.hpp"
#include "orionrt/workload.hpp"

namespace orionrt {

// A wait that orders a hand-over. Ids of ops.
struct HandOverWait {
  int op = 0;         // that waits, on the stream of the new tensor
  int waits_for = 0;  // for this one,
  int last_use = 0;   // which is, or comes behind, the last use of the old tensor on
  int stream = 0;     // this stream
};

// A tensor over the bytes of another that was used last on another stream, no third between them at these bytes.
struct HandOver {
  int from = 0;  // ids of tensors; kNoTensor: the workspace of an op, which is waits[0].last_use or `op`
  int to = 0;
  int op = 0;                       // the id of the op that writes first what lies there now
  int stream = 0;                   // on which it runs
  std::int64_t bytes = 0;           // that change hands
  std::vector<HandOverWait> waits;  // one at least; several where it was used last on several streams
};

// What is laid over what across streams, by bytes, the most first. A tensor whose last use is on the stream of the new
// one needs no wait, and is none of them; nor is who shares bytes while they hold the same (views, in place). `graph`:
// the one that was planned; on one stream there are none. O(n log n + uses x streams), unless many share bytes.
ORIONRT_API std::vector<HandOver> FindHandOvers(const Graph& graph, const Assignment& assignment);

// Beside the peak and the bound of a plan on several streams. Bytes.
struct StreamFigures {
  // Per number of a clock the streams whose ops it counts, ascending: waits may order several totally.
  std::vector<std::vector<int>> lanes;
  std::int64_t serial_bytes = 0;  // a plan for one op after another, as listed; of lifetimes alone, in one execution
  std::int64_t lanes_bytes = 0;   // a plan in which every stream has bytes of its own
  // The most alive at one moment of an execution that was found. It bounds what a run-time allocator needs, and no
  // plan: one with fixed addresses may need more, another execution too.
  std::int64_t live_bytes = 0;
  std::optional<std::vector<HandOver>> hand_overs;  // of graphs; none: not known
};

// None for what runs on one stream, for what is planned over a table of spaces, and for more than 8,192 buffers, whose
// other plans would take longer than the plan itself. The other plans are those of policy `auto` with effort fast,
// beyond 600 buffers of its packings alone, nothing fixed; bodies of control-flow ops are left out. With the assignment
// that was made, hand-overs too.
ORIONRT_API std::optional<StreamFigures> MeasureStreams(const Workload& workload,
                                                        const Assignment* assignment = nullptr);

// As PlanWorkload, but tensors take bytes only from tensors that were used on the stream that writes them and nowhere
// else, so that the plan has no hand-overs and relies on no wait beyond those of its data. The bound stays that of all
// plans. Throws Error (kMisuse) where no graph is known, kBadInput for more than 64 streams; on one stream it is
// PlanWorkload.
ORIONRT_API PlannedWorkload PlanWithoutHandOvers(const Workload& workload, const ReusePlanner& planner,
                                                 const PlanOptions& options = {});

}  // namespace orionrt
