// Problems, graphs and plans as files, and plans in the formats of other tools (component orionrt::io). Readers take
// the whole text, and `source`, what messages call it. They throw Error (kBadInput) that names source, line or place,
// and remedy. Nothing in a file is trusted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orionrt/assignment.hpp"
#include "orionrt/buddy_adaptors.hpp"
#include "orionrt/config.hpp"
#include "orionrt/graph.hpp"
#include "orionrt/import.hpp"
#include "orionrt/lowering.hpp"
#include "orionrt/plan.hpp"
#include "orionrt/problem.hpp"
#include "orionrt/streams.hpp"

namespace orionrt {

// CSV as MiniMalloc reads it: a header row, then a row a buffer. Columns, in any order: id (or buffer, buffer_id),
// lower (or begin, start), upper, size; optional alignment, offset (see CsvFile::offsets), gaps, and hint, which is
// ignored with a warning; spaces, uses and space, see below. A column `end` in place of `upper` is inclusive. CRLF and
// a byte order mark are read; no quoting. A gap is `lo-hi`, steps at which the buffer holds no byte, or
// `lo-hi@a:b+c:d`, at which it holds its bytes [a, b) and [c, d) only.
struct CsvFile {
  Problem problem;                    // no fixed offsets or spaces: the caller says what the columns mean
  std::vector<std::int64_t> offsets;  // of the column `offset`, kFree where a field is empty; empty without the column
  std::vector<std::vector<std::string>> spaces;  // of the column `spaces`, "sram|dram": where it may live; may be empty
  std::vector<std::string> space_of;             // of the column `space`: where it lies; empty without the column
  std::vector<std::string> warnings;             // one line each
  std::string header;  // as it stands, without the columns `space` and `offset`; the same for the rows
  std::vector<std::string> rows;
};
ORIONRT_API CsvFile ReadCsv(std::string_view text, const std::string& source);

// The rows of a problem that did not come from CSV. Throws Error (kUnsupported) for ids that CSV cannot hold. Columns
// `spaces` and `uses` where a buffer names its spaces; the table of spaces itself has no place in CSV.
ORIONRT_API CsvFile MakeCsv(const Problem& problem);

// The rows as they were read; with `offsets` (one per buffer), these as their last column, empty where kFree; with
// `space_of`, the names of the spaces they are in, as the column before.
ORIONRT_API std::string WriteCsv(const CsvFile& file, const std::vector<std::int64_t>* offsets,
                                 const std::vector<std::string>* space_of = nullptr);

// A problem of its own: schema orionrt.problem/1.
struct ProblemFile {
  Problem problem;
  std::string source;          // where it comes from: "model.onnx"
  std::int64_t alignment = 1;  // bytes: the least of every buffer
};
ORIONRT_API std::string WriteProblemJson(const ProblemFile& file);
ORIONRT_API ProblemFile ReadProblemJson(std::string_view text, const std::string& source);

// A graph, from any engine: schema orionrt.graph/1. Given a place to list them, the reader adds the waits that the
// graph's data needs and the file lacks (ImplyWaits).
ORIONRT_API std::string WriteGraphJson(const Graph& graph);
ORIONRT_API Graph ReadGraphJson(std::string_view text, const std::string& source,
                                std::vector<ImpliedWait>* implied = nullptr);

// Rules for ops of one's own, schema orionrt.op_rules/1. What they say of shapes is checked when a model is imported.
// Throws Error (kBadInput) naming the rule; `source` is what messages call the file: "rules.json".
ORIONRT_API std::vector<OpRule> ReadOpRules(std::string_view text, const std::string& source);

// The value of "schema", by which JSON files are told apart. Throws Error (kBadInput) where there is none. Reads no
// further: what comes after is unchecked.
ORIONRT_API std::string SchemaOf(std::string_view text, const std::string& source);

// The scratch of a graph's ops, planned like any buffer.
struct WorkspaceBytes {
  std::int64_t largest_bytes = 0;  // of any one op
  std::int64_t count = 0;          // ops that need some
};

// What a plan file says of a tensor beyond its place.
struct TensorInBuffer {
  std::string name = {};  // for people
  int buffer = -1;        // index into Problem::buffers of the one that it lies in; -1: empty, or held elsewhere
};
using BoundTensor = TensorInBuffer;  // the name of before

// A plan with the problem that it holds for, as files carry them: schema orionrt.plan/1.
struct PlanFile {
  Problem problem;
  Plan plan;
  std::string source;          // what was planned: "model.onnx"
  std::int64_t alignment = 1;  // bytes: the least of every buffer
  // What the bodies of control-flow ops need on top of peak_bytes, while their op runs: the most that any of them does.
  std::int64_t peak_nested_bytes = 0;
  std::optional<WeightBytes> weights = {};  // of models; they come on top of both
  // What a TensorPool of this graph takes outside the arena: its tables, and the books of what it gives out.
  std::optional<std::int64_t> metadata_bytes = {};
  std::optional<WorkspaceBytes> workspaces = {};  // of graphs whose ops need scratch; it is within peak_bytes
  std::vector<BufferClass> classes = {};          // one per buffer; empty where it is not known
  std::optional<Assignment> assignment = {};      // of graphs: what a run needs; that of its bodies is within it
  std::vector<TensorInBuffer> tensors = {};       // one per assignment->tensors, in that order
  std::vector<PlanFile> bodies = {};              // of assignment->bodies, one each; `source`: "2.else_branch"
  // What transforms did: lower bounds as given and after each; with "reorder" the least bytes alive at the peak of any
  // order, whether this one has no more, and how many ops were moved past others.
  std::vector<TransformStage> stages = {};
  std::int64_t order_bound_bytes = 0;
  bool order_proven = false;
  int moved_ops = 0;
  std::optional<StreamFigures> streams = {};  // of what runs on several
  // Without transforms: what all of them would make of the lower bound. Not in files.
  std::optional<std::int64_t> bound_with_all = {};
};

// The plan of a workload with its whole bill: all that a plan file holds. Linear but for sorting.
ORIONRT_API PlanFile MakePlanFile(const Workload& workload, const PlannedWorkload& planned);

// The plan that an assignment amounts to, for one that was read from a binary file: its buffers are recovered from who
// shares bytes, and stated with the bound that is known without search. Of bodies only what they need is known.
// `source` is what the file calls the plan. Throws Error (kBadInput) for an assignment that CheckAssignment refuses.
// O(n log n).
ORIONRT_API PlanFile RecoverPlanFile(const Graph& graph, const std::vector<NestedGraph>& bodies, Assignment assignment,
                                     const std::string& source);

// A plan that was read, with another plan of its buffers: each tensor stays where it is within its buffer. `problem`:
// that of `before`, but for its alignments and its table of spaces. Bodies keep their plans. O(n log n).
ORIONRT_API PlanFile Replanned(const PlanFile& before, const Problem& problem, const Plan& plan);

// What each buffer of a graph is to it. O(n + uses).
ORIONRT_API std::vector<BufferClass> ClassesOf(const TransformedGraph& transformed);

// What an assignment was made with as options of the command, quoted for a shell: "--dim batch=2 --views"; empty: none.
ORIONRT_API std::string OptionsOf(const MadeWith& made_with);

// peak_bytes, peak_nested_bytes and weights.needed_bytes: what it takes to run. 2^63 - 1 where that overflows.
ORIONRT_API std::int64_t TotalBytes(const PlanFile& file);

// With its Metrics: the plan must be one that Validate takes, or they mean nothing.
ORIONRT_API std::string WritePlanJson(const PlanFile& file);
ORIONRT_API PlanFile ReadPlanJson(std::string_view text, const std::string& source);

// Its assignment alone, in binary (WriteAssignmentBinary). Throws Error (kUnsupported) for a plan of lifetimes, which
// has none, and for one on several streams from a file of before, which does not say what runs where.
ORIONRT_API std::string WritePlanBinary(const PlanFile& file);

// What a buddy was asked for, in CSV. A trace that was read could have happened: numbers without a gap, allocations
// within the capacity that do not overlap, and frees of what is allocated, or, where it begins late, may be.
ORIONRT_API std::string WriteBuddyTrace(const BuddyTrace& trace);
ORIONRT_API BuddyTrace ReadBuddyTrace(std::string_view text, const std::string& source);

// Whole files. ReadFile throws kBadInput for what it cannot read; "-" is standard input. WriteFile writes beside the
// target and renames, so that a reader sees the old file or the whole new one, and throws kMisuse; "-" is standard
// output.
ORIONRT_API std::string ReadFile(const std::string& path);
ORIONRT_API void WriteFile(const std::string& path, std::string_view text);

// Plans in the formats of other tools (component orionrt::io). WritePlanJson keeps a plan; of these a header alone is
// read again, to be judged.
//
// Every writer first has the plan judged (Validate), and throws Error (kBadInput) for one with a fault: what leaves
// this house is linked into firmware. Same plan, same bytes, on every machine. O(n log n), and a text of some hundred
// bytes a buffer. Names go out as far as the format can carry them, and never break it, whatever they hold.

struct CHeaderOptions {
  std::string name_prefix;  // of every macro, an identifier; empty: from the source ("net.onnx": NET_, else ORIONRT_)
  std::string section;      // of the linker, where the arena goes (".dram", "__DATA,__arena"); empty: none
};

// A header for C99, C11, C23 and C++11 on, which needs nothing else: the offset and size of each buffer by its name,
// the arena's bytes and alignment, and a macro that defines an arena of these. All are macros, said why in the header.
// Names become identifiers: what C does not allow turns into `_`; where two would then be the same, all of these get
// their id appended. Throws Error: kMisuse for options that are no identifier or no section name, kUnsupported for an
// alignment above 2^28 bytes, where object formats end.
ORIONRT_API std::string WriteCHeader(const PlanFile& file, const CHeaderOptions& options = {});

// What a header that WriteCHeader made says, to be judged: what it was made with, before its graph is read; then the
// places that its macros give the graph's tensors, by the names that WriteCHeader gives them. A macro that is missing
// leaves its tensor without a place, one too many adds a place that no tensor has: CheckAssignment sees both. Bodies of
// control-flow ops have no place in a header. Throws Error (kBadInput) for what is no such header.
ORIONRT_API MadeWith ReadCHeaderMadeWith(std::string_view text, const std::string& source);
ORIONRT_API Assignment ReadCHeader(std::string_view text, const std::string& source, const Graph& graph);

// The same of a problem without a graph: per buffer its offset, or kFree where there is no macro for it.
ORIONRT_API std::vector<std::int64_t> ReadCHeaderOffsets(std::string_view text, const std::string& source,
                                                         const Problem& problem);

// A trace for ui.perfetto.dev and chrome://tracing (JSON): a slice for each buffer's life, with offset and size, and a
// counter of the bytes alive. One microsecond is one step; if there are steps below 0, all are moved up by the lowest,
// as Perfetto drops what is before 0 (`otherData` says by how much). A buffer with parts gets a slice for each. Throws
// Error (kUnsupported) for steps and bytes above 2^53, which JavaScript cannot hold.
ORIONRT_API std::string WriteTrace(const PlanFile& file);

// A snapshot for PyTorch's memory viewer (docs.pytorch.org/memory_viz, torch/cuda/_memory_viz.py), a pickle: one
// segment, the arena, with addresses that are the offsets, and each buffer allocated and freed at its steps
// (`time_us`). It shows the last step: what is alive then is allocated, all else is free. A buffer with parts is
// allocated part by part; empty ones are left out. Throws Error (kUnsupported) for steps and bytes above 2^53, which
// JavaScript cannot hold.
ORIONRT_API std::string WriteMemorySnapshot(const PlanFile& file);

}  // namespace orionrt
