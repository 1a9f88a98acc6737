// Assignment: which bytes each tensor of one graph has, and in which order its ops run. All that a run needs, and what
// a plan file holds. Plain data: nothing is searched when one is made, written, read, judged or loaded.
//
//   Graph -> Transform -> ReusePlanner -> Assign -> Assignment -> CheckAssignment -> TensorPool
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orionrt/config.hpp"
#include "orionrt/graph.hpp"
#include "orionrt/import.hpp"
#include "orionrt/lowering.hpp"
#include "orionrt/plan.hpp"
#include "orionrt/planner.hpp"
#include "orionrt/problem.hpp"

namespace orionrt {

inline constexpr int kExternal = -1;  // Place::space of bytes that whoever runs the graph holds; no arena has them

// Where the bytes of a tensor, or of an op's workspace, lie.
struct Place {
  int id = 0;               // of the tensor, or of the op
  int space = 0;            // index into Assignment::spaces, or kExternal
  std::int64_t offset = 0;  // bytes from the first of the space
  std::int64_t bytes = 0;   // 0: it needs none, and lies nowhere
};

// One arena, as the assignment needs it.
struct AssignedSpace {
  std::string name;                 // as in the table of spaces; empty where there is one arena and no table
  std::int64_t required_bytes = 0;  // exactly; bodies of control-flow ops included
  std::int64_t base_alignment = 1;  // bytes, a power of two: of the arena's first byte
};

// What an assignment was made with: for people, and so that a model is read again as it was read then.
struct MadeWith {
  std::string version;         // of OrionRT; empty: not known
  std::string policy;          // Plan::policy
  std::int64_t alignment = 1;  // bytes: the least that any tensor got
  ImportOptions import;        // dims, input shapes and folding; data_folder is left empty
  Transforms transforms;       // that were asked for
};

// On several streams: where an op runs, and ids of the ops that have ended before it begins.
struct Launch {
  int stream = 0;
  std::vector<int> waits;
};

struct BodyAssignment;

struct Assignment {
  std::uint64_t graph_id = 0;          // GraphId; 0: read from a file of before, see CompleteAssignment
  std::uint64_t graph_hash = 0;        // HashGraph of the graph in this order
  std::vector<int> order_ids;          // ids of all ops, as they run
  std::vector<int> vanished_ids;       // ids of ops with nothing left to do, in that order; they may be left out
  std::vector<Launch> launches;        // one per op of order_ids; empty where they run one after another
  std::vector<InPlaceUse> in_place;    // who writes over what it reads, in that order
  std::vector<Place> tensors;          // one per tensor, ascending by id
  std::vector<Place> workspaces;       // one per op that asks for one, ascending by id
  std::vector<AssignedSpace> spaces;   // one at least; empty in bodies, whose places are in the spaces of the whole
  std::vector<BodyAssignment> bodies;  // of control-flow ops, by op in the order of the graph as listed
  MadeWith made_with;
};

// The body of a control-flow op: its ops run while that op does. Its places are those of the arenas that the graph
// around it lies in, clear of what is alive there; bodies of one graph lie over each other, but for those of ops that
// nothing orders.
struct BodyAssignment {
  int op_id = 0;
  std::string attribute;  // NestedGraph::attribute
  Assignment assignment;
};

// Identifies a graph whatever order its tensors and ops are listed in: sizes, alignments, roles, spaces and views of
// the tensors by id, uses and workspaces of the ops by id, and the sequence of the ops with effects; on several
// streams, instead, the sequence of each stream and the waits, whatever the order of launching. Not what is only
// allowed (aliases, `after`), and no names but those of spaces. FNV-1a, 64 bits, never 0. O(n log n).
ORIONRT_API std::uint64_t GraphId(const Graph& graph);

// The graph with its ops in that order, given by ids, all of them. Throws Error (kBadInput) where that is no order of
// the graph: an op missing, repeated or unknown, or before what it needs or waits for; on several streams, too, before
// another of its stream that the graph lists first.
ORIONRT_API Graph InOrder(const Graph& graph, const std::vector<int>& order_ids);

// The places that a plan of `lowered` gives; without bodies. `plan` is one that Validate takes. O(n log n).
ORIONRT_API Assignment Assign(const TransformedGraph& transformed, const Plan& plan);

// Whether two bodies, by their positions in a list, may be at work at the same time: their ops are two, and nothing
// orders them. Empty: no two may, as on one stream.
using KeptApart = std::function<bool(std::size_t, std::size_t)>;

// Adds the bodies of the graph's control-flow ops, each made as if alone in one arena: they move behind all of the
// graph's bytes in its last space, over each other unless they are kept apart, aligned. Once. O(places + bodies^2).
ORIONRT_API void AddBodies(Assignment& whole, std::vector<BodyAssignment> bodies, const KeptApart& apart = {});

// What a file of before leaves out: with `graph_id` 0 an assignment states no order unless it was changed, and calls
// tensors and ops by their positions in the graph. Completed from the graph that it is to be judged with; nothing
// happens to one that has a graph_id. Throws Error (kBadInput) where it is of another graph: its graph_hash differs.
ORIONRT_API void CompleteAssignment(const Graph& graph, Assignment& assignment);

// The same of an assignment, bodies of control-flow ops included; 0 for a space that there is not.
ORIONRT_API std::size_t RequiredBytes(const Assignment& assignment, int space = 0);

// The place with that id in a list of an assignment; null when there is none. O(log n).
ORIONRT_API const Place* FindPlace(const std::vector<Place>& places, int id);

struct AssignmentFault {
  int op_id = -1;  // the op that would read or hold wrong bytes; -1: none, or the caller in the end
  int tensor_id = -1;
  int other_id = -1;     // the tensor whose bytes those are, or are taken for
  std::string message;   // in words: which op and step, which tensors, which bytes
  int other_op_id = -1;  // on several streams: the op that nothing orders with that one, though both use some bytes
};

// Judges an assignment: is it one of this graph; does the stated order respect data, `after` and effects; are places
// within their arenas, and aligned; and, run in that order over arenas whose bytes know their writer: does every op
// find in its inputs what they should hold, and write over nothing that it may still read? So it covers overlap of
// every kind, wherever tensors share bytes. On several streams the stated order is one of launching, and every two
// accesses to a byte, one of them a write, must be ordered by program order or waits: then every interleaving does what
// that order does. External places are nobody's to judge. `bodies`: those of the graph's
// control-flow ops; each must have its own assignment, and none more. The first fault; nothing when there is none.
// Shares no code with Transform, the planners and StreamOrder. O(n log n + uses x pieces that their bytes are in); on
// several streams, besides, O(pairs of ops with bytes in common / 256 x ops between them).
[[nodiscard]] ORIONRT_API std::optional<AssignmentFault> CheckAssignment(const Graph& graph,
                                                                         const Assignment& assignment,
                                                                         const std::vector<NestedGraph>& bodies = {});

// The whole of an assignment in bytes, for what has no room for JSON: docs/binary.md has the format, orionrt_plan.h
// reads it without C++. Throws Error (kBadInput) for what a reader would refuse, so also for one read from a file of
// before and not completed, and for one that does not fit 32-bit counts. O(n).
ORIONRT_API std::string WriteAssignmentBinary(const Assignment& assignment);

// The inverse; `source` is what messages call the bytes. Throws Error (kBadInput) that says what is wrong with them;
// kUnsupported for another major version. Whether it suits a graph is for CheckAssignment. O(bytes).
ORIONRT_API Assignment ReadAssignmentBinary(std::string_view bytes, const std::string& source);

// Workload: what is planned, with the graph that it was made of. The way from a model to an Assignment:
//
//   Graph, bodies -> Lower -> Workload -> PlanWorkload -> PlannedWorkload -> Assign -> Assignment

struct LowerOptions {
  Transforms transforms = {};      // none unless asked for
  std::int64_t alignment = 64;     // bytes, a power of two: the least that any tensor gets
  std::vector<Space> spaces = {};  // empty: one arena without limits
};

struct Workload {
  std::string source = {};     // where it comes from: "model.onnx"; of a body which one: "2.else_branch"
  Problem problem;             // of a graph, transformed->lowered.problem
  std::int64_t alignment = 1;  // bytes: the least of every buffer
  // The graph in the order that is planned, and its tensors' buffers; null where only lifetimes are known.
  std::shared_ptr<const TransformedGraph> transformed = {};
  int moved_ops = 0;  // by Transforms::reorder: how many were moved past others
  int op_id = -1;     // of the body of a control-flow op: whose, and which (NestedGraph::attribute)
  std::string attribute = {};
  std::vector<Workload> bodies = {};
  ImportOptions import = {};                // of a model: how it was read
  std::optional<WeightBytes> weights = {};  // of a model; they come on top of any plan
};

// Brings a graph, and the bodies of its control-flow ops, to what policies understand. Bodies take the same transforms
// and are planned in one piece, without spaces (docs/spaces.md). Transforms are judged by policy "auto". Throws Error
// as MakeProblem and Transform do.
ORIONRT_API Workload Lower(const Graph& graph, const std::vector<NestedGraph>& bodies, const LowerOptions& options);

// The same of a model, as it was read from `source` with `import`.
ORIONRT_API Workload Lower(const ImportedModel& model, std::string source, const ImportOptions& import,
                           const LowerOptions& options);

// The graph whose tensors are the workload's buffers, one each; null where some share one, or only lifetimes are known.
ORIONRT_API const Graph* GraphOf(const Workload& workload);

struct PlannedWorkload {
  Plan plan;
  // What the bodies need on top of the plan's peak while their op runs: the most that any does, those within it too. On
  // several streams what all need that may run at the same time, with the padding between them.
  std::int64_t peak_nested_bytes = 0;
  std::vector<PlannedWorkload> bodies = {};
};

// Plans the workload, and each body by itself. Of the last space, if it has a limit, what the bodies need is kept free;
// PlanOptions::capacity is asked of the graph alone. Throws Error as ReusePlanner::Run does.
ORIONRT_API PlannedWorkload PlanWorkload(const Workload& workload, const ReusePlanner& planner,
                                         const PlanOptions& options = {});

// What a run of the workload needs, bodies included. Throws Error (kMisuse) for one that has no graph. O(n log n).
ORIONRT_API Assignment Assign(const Workload& workload, const PlannedWorkload& planned);

// Per buffer the alignment that its tensors ask for themselves, without the least of the workload. O(n).
ORIONRT_API std::vector<std::int64_t> OwnAlignments(const TransformedGraph& transformed);

}  // namespace orionrt
