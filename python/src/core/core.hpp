// What the parts of the Python module share.
#pragma once

#include <nanobind/nanobind.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "orionrt/assignment.hpp"
#include "orionrt/config.hpp"
#include "orionrt/formats.hpp"
#include "orionrt/planner.hpp"

namespace orionrt::python {

namespace nb = nanobind;

// Python's Plan: immutable, shared with its Assignment.
struct PlanObject {
  std::shared_ptr<const PlanFile> file;
  std::shared_ptr<const Workload> workload;  // what was planned; null for a plan that was read
};

// Python's Assignment: that of a plan file, which has one; or one read from a binary plan.
struct AssignmentObject {
  std::shared_ptr<const Assignment> assignment;
  std::shared_ptr<const PlanFile> file;  // null: there is none
  const Assignment& operator*() const { return *assignment; }
};

// Python's Graph: read from a model, or built by calls.
struct GraphObject {
  std::vector<OpNode> ops;
  std::vector<TensorDesc> tensors;
  std::vector<NestedGraph> bodies;
  std::optional<WeightBytes> weights;
  std::vector<std::string> warnings;
  std::string source;
  ImportOptions import;
  Transforms transforms;
  std::int64_t alignment = 64;
};

// Throws Error (kMisuse) for a plan of lifetimes; `what` is what messages call the file.
AssignmentObject AssignmentOf(const std::shared_ptr<const PlanFile>& file, const std::string& what);

// How to plan, as keyword arguments say it.
struct PlanArguments {
  nb::object policy;
  std::string effort;
  nb::object capacity, time_limit, progress;
};

// Plans without the GIL; a policy of Python's own, and who follows the progress, are called on this thread with it.
// Ctrl-C throws Python's KeyboardInterrupt, whose attribute `plan` is the best plan until then, or None.
PlanObject PlanWith(std::shared_ptr<const Workload> workload, const PlanArguments& arguments);

// A table of spaces: Space objects, or names and capacities. None: there is none.
std::vector<Space> ReadSpaces(nb::handle spaces);

Graph FrozenGraph(const GraphObject& graph);

// Throws Error.
[[noreturn]] void Refuse(ErrorCode code, const std::string& message);

void BindProblem(nb::module_& module);
void BindPlan(nb::module_& module);
void BindGraph(nb::module_& module);
void BindLoad(nb::module_& module);
void BindJudge(nb::module_& module);
void BindPool(nb::module_& module);

}  // namespace orionrt::python
