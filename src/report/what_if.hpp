// What holds the peak, and what would lower it, computed: each change is made and the result planned again;
// docs/explain.md.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "orionrt/assignment.hpp"
#include "orionrt/config.hpp"
#include "orionrt/formats.hpp"
#include "orionrt/graph.hpp"
#include "orionrt/planner.hpp"

namespace orionrt {

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

}  // namespace orionrt
