// Several streams: which ops happen before which, and so which tensors are over before others are written.
//
//   stream 0   a ──▶ b ──────────▶ c        a happens before b, c (program order), d and e (the wait);
//                \                           b and d run at the same time, whatever the order of the list says.
//   stream 1      ╰─ wait ─▶ d ──▶ e
//
// Two tensors may share bytes iff every access of one, its writes included, happens before the first write of the
// other. docs/streams.md has the rules and where they come from.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "orionrt/assignment.hpp"
#include "orionrt/config.hpp"
#include "orionrt/graph.hpp"
#include "orionrt/problem.hpp"

namespace orionrt {

// Program order on every stream and waits, closed; nothing else. Ops are positions in a list in which every op stands
// behind what happens before it.
//
// A lane is a stream, or several that waits order totally: their ops are one sequence, and count as one stream.
class ORIONRT_API StreamOrder {
 public:
  static constexpr int kMostLanes = kMostStreams;

  // `ops` as Graph::ops() has them. Throws Error (kBadInput) where more than kMostLanes lanes remain. O(ops x lanes +
  // waits x lanes).
  explicit StreamOrder(const std::vector<OpNode>& ops);

  int lanes() const noexcept { return lanes_; }
  int LaneOf(int op) const noexcept { return lane_of_[static_cast<std::size_t>(op)]; }
  int PositionOf(int op) const noexcept { return position_of_[static_cast<std::size_t>(op)]; }  // on its lane, from 0
  int LengthOf(int lane) const noexcept { return lengths_[static_cast<std::size_t>(lane)]; }    // ops

  // Per lane how many of its ops happen before the op or are it: `lanes()` numbers.
  const int* ClockOf(int op) const noexcept {
    return clocks_.data() + static_cast<std::size_t>(op) * static_cast<std::size_t>(lanes_);
  }

  // Whether `a` has ended before `b` begins, in any execution. O(1).
  bool IsBefore(int a, int b) const noexcept { return a != b && ClockOf(b)[LaneOf(a)] > PositionOf(a); }

 private:
  void Fill(const std::vector<OpNode>& ops);
  bool MergeLanes();
  void CoverByChains(const std::vector<OpNode>& ops);

  int lanes_ = 0;
  std::vector<int> lane_of_, position_of_;  // per op
  std::vector<int> lengths_;                // per lane
  std::vector<int> clocks_;                 // ops x lanes
  std::vector<std::vector<int>> before_;    // per op what it follows directly; empty once the clocks are known
};

// Whether the ops name more than one stream, or wait for others.
ORIONRT_API bool HasStreams(const std::vector<OpNode>& ops);

// The ops in an order in which each stands behind what happens before it: as they are listed, but for those that wait
// for later ones. Throws Error (kBadInput) for a negative stream, a wait for an op that there is not or for itself, and
// waits that make a circle, naming the ops on it. O((ops + waits) log ops).
ORIONRT_API std::vector<OpNode> InRunningOrder(std::vector<OpNode> ops);

// A wait that a graph lacked.
struct ImpliedWait {
  int op_id = 0;      // that waits now,
  int waits_for = 0;  // for this one: the id of an op on another stream
  int tensor_id = 0;  // because that one wrote this tensor or what it is a view of, or may have updated this state
};

// Adds the waits that data needs and nothing implies: an op waits for whoever wrote what it uses on another stream, and
// for whoever used a state before it, in running order. The latest first, so that what they imply is not added: no wait
// that is added could be left out. Throws as InRunningOrder and StreamOrder do. O((ops + uses) x lanes).
ORIONRT_API std::vector<ImpliedWait> ImplyWaits(std::vector<OpNode>& ops, const std::vector<TensorDesc>& tensors);

// A graph whose branches run at the same time. Chains count ops, as nobody knows here how long one takes; one with
// nothing to do (a folded one) takes no time and does not count.
struct StreamedGraph {
  Graph graph;            // the given ops, in the given order, with streams and waits
  int streams = 1;        // that have ops
  int waits = 0;          // of all ops
  int paths = 0;          // the fewest paths along direct dependencies that cover all ops: more streams do not help
  int longest_chain = 0;  // LongestChain of `graph`
  int least_chain = 0;    // the longest chain of dependencies, which no number of streams makes shorter
};

// Puts the branches of a graph on at most `streams` streams, with the waits that its dependencies need and no other
// implies. Dependencies are those of data, `after`, and the order of ops with effects, which stay on one stream; the
// order of the list on each stream is the given one. A graph that gains nothing, and any on one stream, stays as it is.
// Deterministic. Throws Error (kMisuse) for a number of streams below 1 or above StreamOrder::kMostLanes, and for a
// graph that has streams of its own. O(dependencies x sqrt(ops) + ops x streams), mostly linear; docs/streams.md.
ORIONRT_API StreamedGraph OnStreams(const Graph& graph, int streams);

// Ops on the longest chain of which each happens before the next: how many steps a run takes if every op takes one. On
// one stream all that have something to do. O(ops + waits).
ORIONRT_API int LongestChain(const Graph& graph);

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
