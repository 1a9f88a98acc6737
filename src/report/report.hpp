// Plans as pictures: a page to explore, a drawing for papers, a text for terminals; docs/report.md.
#pragma once

#include <string>
#include <vector>

#include "orionrt/assignment.hpp"
#include "orionrt/config.hpp"
#include "orionrt/formats.hpp"
#include "report/what_if.hpp"

namespace orionrt {

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

}  // namespace orionrt
