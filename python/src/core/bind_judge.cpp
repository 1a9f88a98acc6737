// check and diff.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "base/text.hpp"
#include "core/core.hpp"
#include "core/numbers.hpp"
#include "orionrt/plan.hpp"
#include "orionrt/report.hpp"

namespace orionrt::python {
namespace {

// What is wrong with a plan; ids and indices are -1 where there is none.
struct Fault {
  std::string message;
  int first = -1, second = -1;
  std::int64_t step = -1;
  int op_id = -1, tensor_id = -1, other_id = -1;
};
using MaybeFault = std::optional<Fault>;

MaybeFault OfPlan(const Problem& problem, const Plan& plan) {
  const auto found = Validate(problem, plan);
  if (!found) return std::nullopt;
  return Fault{found->message, found->first, found->second, found->step};
}

// A bound that no search is said to have proven must be one that can be computed.
MaybeFault OfBound(const Problem& problem, const Certificate& stated) {
  const std::int64_t known = LowerBound(problem).lower_bound_bytes;
  if (stated.bound_kind == BoundKind::kRefutation || stated.lower_bound_bytes <= known) return std::nullopt;
  return Fault{"it states a lower bound of " + FormatThousands(stated.lower_bound_bytes) + " bytes, but only " +
               FormatThousands(known) + " follow from what is alive"};
}

MaybeFault CheckPlan(const PlanObject& self) {
  const nb::gil_scoped_release unlocked;
  const PlanFile& file = *self.file;
  if (file.plan.problem_hash != HashProblem(file.problem)) return Fault{"problem_hash does not match the buffers"};
  if (MaybeFault fault = OfPlan(file.problem, file.plan)) return fault;
  return OfBound(file.problem, file.plan.certificate);
}

MaybeFault CheckWithProblem(const PlanObject& self, const ProblemFile& given) {
  if (self.file->plan.problem_hash != HashProblem(given.problem)) return Fault{"the plan was made for another problem"};
  return CheckPlan(self);
}

MaybeFault CheckPlaces(const AssignmentObject& self, const GraphObject& given) {
  const Graph graph = FrozenGraph(given);
  const nb::gil_scoped_release unlocked;
  const auto found = CheckAssignment(graph, *self, given.bodies);
  if (!found) return std::nullopt;
  return Fault{found->message, -1, -1, -1, found->op_id, found->tensor_id, found->other_id};
}

MaybeFault CheckWithGraph(const PlanObject& self, const GraphObject& given) {
  if (!self.file->assignment) Refuse(ErrorCode::kMisuse, "a plan of lifetimes alone has no graph to be judged with");
  if (MaybeFault fault = CheckPlan(self)) return fault;
  return CheckPlaces(AssignmentOf(self.file, "the plan"), given);
}

MaybeFault CheckOffsets(const ProblemFile& self, nb::object offsets) {
  Plan plan;
  plan.offsets = ReadRow(offsets, "offsets");
  if (plan.offsets.size() != self.problem.buffers.size()) {
    Refuse(ErrorCode::kBadInput, "offsets has " + std::to_string(plan.offsets.size()) + " rows, and the problem " +
                                     std::to_string(self.problem.buffers.size()) + "; give one a buffer");
  }
  if (!self.problem.spaces.empty())
    Refuse(ErrorCode::kUnsupported, "offsets alone do not say in which space a buffer lies");
  const nb::gil_scoped_release unlocked;
  plan.peak_bytes = PeakOf(self.problem, plan.offsets);
  return OfPlan(self.problem, plan);
}

nb::list CausesOf(const PlanDiff& diff) {
  nb::list causes;
  for (const PeakCause& cause : diff.causes) {
    causes.append(nb::make_tuple(cause.label, cause.bytes, DescribeCause(cause)));
  }
  return causes;
}

}  // namespace

void BindJudge(nb::module_& module) {
  nb::class_<Fault>(module, "Fault", "What is wrong with a plan.")
      .def_ro("message", &Fault::message, "All of it in words.")
      .def_ro("first", &Fault::first, "Index of the buffer at fault, or -1.")
      .def_ro("second", &Fault::second, "Of an overlap the other buffer, or -1.")
      .def_ro("step", &Fault::step, "Of an overlap: a step at which both are alive; -1: of no step.")
      .def_ro("op_id", &Fault::op_id, "Of an assignment: the op that would read or hold wrong bytes, or -1.")
      .def_ro("tensor_id", &Fault::tensor_id, "Of an assignment: the tensor at fault, or -1.")
      .def_ro("other_id", &Fault::other_id, "Of an assignment: the tensor whose bytes those are, or -1.")
      .def("__str__", [](const Fault& self) { return self.message; })
      .def("__repr__", [](const Fault& self) { return "<orionrt.Fault: " + self.message + ">"; });
  module.def("check", CheckPlan, nb::arg("plan"));
  module.def("check", CheckWithProblem, nb::arg("plan"), nb::arg("given"));
  module.def("check", CheckWithGraph, nb::arg("plan"), nb::arg("given"));
  module.def("check", CheckPlaces, nb::arg("plan"), nb::arg("given"));
  module.def("check_offsets", CheckOffsets, nb::arg("problem"), nb::arg("offsets"));
  nb::class_<PlanDiff>(module, "Diff", "What moved the peak from one plan to another. ``str()`` describes it.")
      .def_prop_ro("growth_bytes", &PlanDiff::Growth, "What an arena needs more, bodies included.")
      .def_prop_ro("packing_bytes", &PlanDiff::Packing, "Of these what live bytes do not tell: gaps, padding, bodies.")
      .def_prop_ro("causes", CausesOf, nb::sig("def causes(self) -> list[tuple[str, int, str]]"),
                   "(label, bytes added to the peak, words) of each buffer, largest first.")
      .def("markdown", DiffToMarkdown, "For a pull request.")
      .def("_repr_markdown_", DiffToMarkdown)
      .def("__str__", DescribeDiff);
  module.def(
      "diff",
      [](const PlanObject& old_plan, const PlanObject& new_plan) {
        const nb::gil_scoped_release unlocked;
        return DiffPlans(*old_plan.file, *new_plan.file);
      },
      nb::arg("old"), nb::arg("new"),
      "What moved the peak from one plan to another; buffers are matched by name, or by id.");
}

}  // namespace orionrt::python
