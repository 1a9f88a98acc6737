// Plans as pictures: a page to explore, a drawing for papers, a text for terminals; docs/report.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "orionrt/export.hpp"
#include "orionrt/import.hpp"
#include "orionrt/io.hpp"
#include "orionrt/metrics.hpp"
#include "report/what_if.hpp"

namespace orionrt {

// What a graph knows of a buffer beyond its lifetime and size.
struct BufferInfo {
  BufferClass kind = BufferClass::kOther;
  int producer = -1;         // the step that writes it; -1: none does, or it is not known
  std::vector<int> readers;  // steps, ascending
  std::string type;          // "float32[1,3,224,224]"; empty: not known
  std::string also = {};     // names of other tensors that lie in it, ", " between; empty: none
};

// A plan of a graph, one of several that are shown side by side.
struct ReportPlan {
  Plan plan;
  std::int64_t peak_nested_bytes = 0;           // as in PlanFile
  std::optional<Explanation> explanation = {};  // for pages and texts; drawings have no place for it
};

struct ReportGraph {
  std::string name;  // empty: what was planned; otherwise a body: "2.else_branch"
  Problem problem;
  std::vector<BufferInfo> infos;        // one per buffer, or none
  std::vector<std::string> step_names;  // by step, or none
  std::vector<ReportPlan> plans;        // at least one; as many in every graph
  std::optional<PlanDomain> domain;     // of graphs, where it is known
};

struct Report {
  std::string source;
  std::int64_t alignment = 1;
  std::optional<WeightBytes> weights;
  std::vector<ReportGraph> graphs;  // what was planned, then its bodies
};

// The classes alone, as Metrics wants them.
ORIONRT_API std::vector<BufferClass> ClassesOf(const std::vector<BufferInfo>& infos);

// A plan as its own file would have it, but for what only its input knows.
ORIONRT_API PlanFile PlanFileOf(const Report& report, const ReportGraph& graph, const ReportPlan& shown);

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
