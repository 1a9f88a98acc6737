// Plans for people (component orionrt::io): a page to explore, a drawing for papers, texts for terminals; what holds
// the peak and what would lower it; what moved it from one plan to another; a trace of a buddy, replayed.
// docs/report.md, docs/explain.md, docs/diff.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "orionrt/assignment.hpp"
#include "orionrt/buddy_adaptors.hpp"
#include "orionrt/config.hpp"
#include "orionrt/formats.hpp"
#include "orionrt/graph.hpp"
#include "orionrt/plan.hpp"
#include "orionrt/planner.hpp"

namespace orionrt {

// ---- What holds the peak, and what would lower it, computed: each change is made and the result planned again.

// Bytes alive where the most are.
struct PeakHolder {
  int buffer = 0;          // index into Problem::buffers
  std::int64_t bytes = 0;  // alive at that step: of a buffer with parts, those of the parts
  std::string why;         // `written by op 3 "Conv_2", read last by op 41 "Add_7"`; one line
};

// Steps that follow one another, as high as the peak, with the same bytes alive.
struct PeakSpan {
  std::int64_t first_step = 0;
  std::int64_t last_step = 0;       // inclusive
  std::vector<PeakHolder> holders;  // by bytes, the largest first
};

// One change that lowers the peak, and by how much.
struct WhatIf {
  // in_place, view, colocate, each with _all; assume_in_place, reorder, early_output, early_output_all, unread_output,
  // alignment, wait
  std::string kind;
  std::string sentence;  // `writing op 38 "Relu_7" in place of tensor 6 "conv_6"`; one line, no full stop
  std::string option;    // of orionrt, that asks for it, and maybe for more: "--in-place"; empty: there is none
  std::int64_t saving_bytes = 0;    // of the peak, > 0
  std::int64_t new_peak_bytes = 0;  // of the changed problem, planned
  std::int64_t next_peak_step = 0;  // where the most bytes are then alive: the step that this op has now
};

struct Explanation {
  std::int64_t peak_step = 0;          // the first step at which the most bytes are alive, padding counted
  std::vector<PeakHolder> holders;     // by bytes, the largest first; empty where nothing needs any
  std::int64_t peak_steps = 0;         // how many steps are as high, that one among them
  std::vector<PeakSpan> other_peaks;   // these, in their order, without that one; at most 64, and 10,000 holders
  std::vector<WhatIf> what_ifs;        // by saving, the largest first
  std::vector<std::string> op_labels;  // `op 38 "Relu_7"`, by step; empty where there is no graph
  // Of a graph on one stream that several would make shorter: "On 2 streams: +3,145,728 bytes, and the longest chain
  // falls from 214 to 131 ops"; one line, no full stop.
  std::string more_streams = {};
};

// `graph`: of which file.problem was made (MakeProblem, any alignment); null: not known, and no more is tried than
// another alignment. Throws Error (kMisuse) for a graph whose buffers are others. `planner`: what made the plan; it
// plans the changes too, with effort fast, so a saving is what this planner finds, and a slower one may find more.
// A plan that is not proven optimal is compared with what planning anew gives, where that is lower.
//
// On several streams there is no step of the peak: the holders are those of the bound, none of which is over before
// another, steps mean nothing, and no other order of the list is tried. The single wait that would save most is.
//
// Types of ops that nobody says may write in place are tried where they stand at the peak (`assume_in_place`): on top
// of all ops that may, as each step of the peak has to fall.
//
// Of a plan over a table of spaces only who is alive is said: what it would save depends on who then moves where.
//
// Deterministic. At most 13 plans; at most 64 changes of the order, fewer for graphs of more than 6,000 ops; at most 24
// waits, fewer for graphs of more than 2,000.
ORIONRT_API Explanation Explain(const PlanFile& file, const Graph* graph, const ReusePlanner& planner);

// The same of what was planned; null: not known. Where its tensors share bytes already, what is tried is more of that,
// and another alignment.
ORIONRT_API Explanation ExplainWorkload(const PlanFile& file, const Workload* workload, const ReusePlanner& planner);

// What forces the peak, who is alive there and until when, and how much of that is proven. `step_names`: names of the
// steps, by number, where there are any. Several lines, UTF-8. An `explanation` of the same plan says why each is
// alive.
ORIONRT_API std::string ExplainPlan(const PlanFile& file, const std::vector<std::string>& step_names,
                                    const Explanation& explanation = {});

// The what-ifs, a line each, under a heading; or that nothing helps, or was not tried. UTF-8.
ORIONRT_API std::string DescribeWhatIfs(const PlanFile& file, const Explanation& explanation);

// A plan in JSON, as WritePlanJson gives it, with one key more: "explanation" (docs/formats.md).
ORIONRT_API std::string AddExplanation(std::string plan_json, const PlanFile& file, const Explanation& explanation);

// Of a plan over spaces: why a buffer is not where it would best be, in one line. With `step_names` as above.
ORIONRT_API std::string ExplainSpill(const PlanFile& file, const Spill& spill,
                                     const std::vector<std::string>& step_names);

// ---- One plan as text; several as a page, a drawing or a text.

// The figures of a plan and its picture, UTF-8; ends with a line break. The picture is `width` columns wide, at least
// 40; the figures at most 80.
ORIONRT_API std::string DescribePlan(const PlanFile& file, int width = 80);

// A plan that is shown, and what explains it.
struct ShownPlan {
  PlanFile file;
  // Of the plan, then of its bodies, each before those within it; or none. For pages and texts: drawings have no place
  // for them.
  std::vector<Explanation> explanations = {};
};

// Plans of one workload, side by side.
struct Report {
  Workload workload;             // what was planned, as far as it is known
  std::vector<ShownPlan> plans;  // at least one; of the same buffers, with the same bodies
};

// One HTML file that needs nothing else, no network either. Names cannot leave their place in it. About 60 bytes a
// buffer and the names. Throws Error (kUnsupported) for steps and bytes above 2^53, which JavaScript cannot hold.
ORIONRT_API std::string WriteReportHtml(const Report& report);

// SVG 1.1, a panel a plan. The 3,000 largest rectangles of a panel are drawn as they are, all others as what they
// cover of a grid: at most some 600 kB a panel, however many buffers.
ORIONRT_API std::string WriteReportSvg(const Report& report);

// DescribePlan of every plan and its explanation, as `plan --explain` has it, and a table of the policies where there
// are several. `width`: columns, at least 40.
ORIONRT_API std::string WriteReportText(const Report& report, int width);

// ---- What moved the peak from one plan to another.

// One buffer's share in the change of the most bytes alive.
struct PeakCause {
  enum class Kind {
    kNew,          // the old plan has no such buffer
    kGone,         // the new one has none
    kResized,      // alive at both peaks, with another size, or other parts of it
    kLivesLonger,  // not alive at the old peak; its life has grown
    kLivesShorter,
    kPeakMoved,  // its life is as long as it was, but the peak is at another step
  };
  Kind kind = Kind::kNew;
  std::string label;           // the name, or the id of a buffer without
  std::int64_t bytes = 0;      // added to the peak, negative where taken off
  std::int64_t steps = 0;      // by how many steps its life has grown
  std::int64_t old_bytes = 0;  // its size; 0 where there is none
  std::int64_t new_bytes = 0;
};

struct PlanDiff {
  struct Side {
    std::string source;
    std::int64_t peak_bytes = 0;
    std::int64_t lower_bound_bytes = 0;
    bool proven_optimal = false;
    std::int64_t nested_bytes = 0;  // of control-flow bodies, on top of the peak
    std::int64_t live_bytes = 0;    // the most alive at once, without padding
    std::int64_t live_step = 0;     // the first step at which they are
    std::int64_t buffers = 0;
    int streams = 0;  // Clocks::streams; where there are some, steps are those of one execution
  };
  Side before;
  Side after;
  std::vector<PeakCause> causes;  // largest first; their bytes add up to the change of live_bytes

  // What an arena needs: peak and bodies.
  std::int64_t Growth() const {
    return after.peak_bytes + after.nested_bytes - before.peak_bytes - before.nested_bytes;
  }
  // The change that live bytes do not tell: gaps, padding, bodies.
  std::int64_t Packing() const { return Growth() - (after.live_bytes - before.live_bytes); }
};

// Buffers are matched by name; by id where a name is missing or stands twice. O(n log n).
ORIONRT_API PlanDiff DiffPlans(const PlanFile& before, const PlanFile& after);

// "t44 now lives 4 steps longer", without the bytes.
ORIONRT_API std::string DescribeCause(const PeakCause& cause);

// For a terminal, and for a pull request (GitHub-flavoured Markdown). Names cannot break either. End with a line break.
ORIONRT_API std::string DescribeDiff(const PlanDiff& diff);
ORIONRT_API std::string DiffToMarkdown(const PlanDiff& diff);

// ---- The requests of a trace put to a buddy anew: how full and how broken up its arena was, over time.

// The arena after an event.
struct ReplayMoment {
  std::int64_t seq = 0;                 // of the event
  std::int64_t used_bytes = 0;          // in whole blocks
  std::int64_t requested_bytes = 0;     // of these, what was asked for
  std::int64_t largest_free_bytes = 0;  // the largest power-of-two block that could be had
  std::int64_t allocations = 0;         // alive
  std::int64_t WasteBytes() const { return used_bytes - requested_bytes; }
};

struct Replay {
  std::int64_t capacity = 0;  // bytes, like the block: the trace's, or others
  std::int64_t block_bytes = 1;
  std::vector<ReplayMoment> moments;  // one per event
  std::int64_t requests = 0;
  std::int64_t refused = 0;        // requests that found no place
  std::int64_t refused_bytes = 0;  // of the smallest of them
  std::int64_t moved = 0;          // served elsewhere than when recorded
  std::int64_t unknown_frees = 0;  // of what was allocated before the trace begins; left out
  // Moments of note: indices, the first among equals; 0 where there are none. Broken: of those with something
  // allocated.
  std::size_t most_used = 0, most_wasted = 0, most_broken = 0;

  std::int64_t FreeBytes(const ReplayMoment& m) const { return capacity - m.used_bytes; }
  // Of what is free, the share outside the largest block, in thousandths; 0 when nothing is free.
  int BrokenPermille(const ReplayMoment& m) const;
};

// The same requests, in the same order, to a buddy of that capacity and block; on the trace's own, and if it was
// recorded from the start of a buddy with default options, every offset is the same. A request that was refused when
// recorded is made, and given back at once: nobody freed it. Throws Error: kMisuse for a capacity or block that no
// buddy takes, kUnsupported for more than 2^28 blocks.
ORIONRT_API Replay ReplayTrace(const BuddyTrace& trace, std::int64_t capacity, std::int64_t block_bytes);

// The figures side by side, and a picture of the last, UTF-8, at most 80 columns but for `source`; at least one replay.
ORIONRT_API std::string DescribeReplays(const std::string& source, const BuddyTrace& trace,
                                        const std::vector<Replay>& replays);

// The same as data (docs/formats.md). CSV has a row per event of each replay.
ORIONRT_API std::string ReplaysToJson(const std::string& source, const BuddyTrace& trace,
                                      const std::vector<Replay>& replays);
ORIONRT_API std::string ReplaysToCsv(const std::vector<Replay>& replays);

}  // namespace orionrt
