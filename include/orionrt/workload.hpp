// Workload: what is planned, with the graph that it was made of. The way from a model to an Assignment:
//
//   Graph, bodies -> Lower -> Workload -> PlanWorkload -> PlannedWorkload -> Assign -> Assignment
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "orionrt/assignment.hpp"
#include "orionrt/export.hpp"
#include "orionrt/import.hpp"
#include "orionrt/plan.hpp"
#include "orionrt/planner.hpp"
#include "orionrt/problem.hpp"
#include "orionrt/transform.hpp"

namespace orionrt {

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
