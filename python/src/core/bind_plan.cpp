// Plan and Assignment, and how plans are made.
#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <tuple>

#include "base/text.hpp"
#include "core/core.hpp"
#include "core/numbers.hpp"
#include "io/words.hpp"
#include "orionrt/formats.hpp"
#include "orionrt/plan.hpp"
#include "orionrt/report.hpp"

namespace orionrt::python {
namespace {

constexpr std::pair<const char*, Effort> kEfforts[] = {
    {"fast", Effort::kFast}, {"balanced", Effort::kBalanced}, {"thorough", Effort::kThorough}};

PlanOptions OptionsOf(const PlanArguments& arguments) {
  PlanOptions options;
  const auto* row = std::find_if(std::begin(kEfforts), std::end(kEfforts),
                                 [&](const auto& effort) { return arguments.effort == effort.first; });
  if (row == std::end(kEfforts)) {
    Refuse(ErrorCode::kMisuse,
           "effort \"" + Printable(arguments.effort) + "\" is unknown; there are: fast, balanced, thorough");
  }
  options.effort = row->second;
  if (!arguments.capacity.is_none()) {
    options.capacity = ReadInt(arguments.capacity, "capacity");
    if (*options.capacity <= 0) Refuse(ErrorCode::kMisuse, "capacity is a number of bytes above 0; None: no limit");
  }
  if (!arguments.time_limit.is_none()) {
    double seconds = 0;
    if (!nb::try_cast(arguments.time_limit, seconds) || !(seconds >= 0 && seconds < 1e9)) {
      Refuse(ErrorCode::kMisuse, "time_limit is a number of seconds from 0 to 1e9");
    }
    if (seconds > 0) options.time_limit_seconds = seconds;
  }
  return options;
}

// A policy written in Python. Whoever plans holds a reference to `function` until the plan is made; the handle is
// copied without the GIL, and counts nothing.
Plan CallPolicy(nb::handle function, const std::string& name, const Problem& problem) {
  const nb::gil_scoped_acquire gil;
  ProblemFile file;
  file.problem = problem;
  Plan plan;
  plan.offsets = ReadRow(function(std::move(file)), "offsets of policy \"" + name + "\"");
  if (plan.offsets.size() != problem.buffers.size()) {
    Refuse(ErrorCode::kBadInput, "policy \"" + name + "\" gives " + std::to_string(plan.offsets.size()) +
                                     " offsets for " + std::to_string(problem.buffers.size()) + " buffers");
  }
  plan.policy = name;
  if (problem.spaces.empty()) {
    plan.peak_bytes = PeakOf(problem, plan.offsets);
    if (const auto fault = Validate(problem, plan)) {
      Refuse(ErrorCode::kBadInput, "policy \"" + name + "\": " + fault->message);
    }
  }
  return plan;
}

ReusePlanner PlannerOf(nb::handle policy) {
  if (nb::isinstance<nb::str>(policy)) return ReusePlanner(nb::cast<std::string>(policy));
  if (PyCallable_Check(policy.ptr()) == 0) {
    Refuse(ErrorCode::kMisuse,
           "policy: a name or an @orionrt.policy is wanted, not " + nb::cast<std::string>(nb::repr(policy)));
  }
  const std::string name = nb::cast<std::string>(nb::str(nb::getattr(policy, "__name__", nb::str("custom"))));
  return ReusePlanner(Policy{name, "", [policy, name](const Problem& problem, const PlanOptions&) {
                               return CallPolicy(policy, name, problem);
                             }});
}

// What made a plan, to plan changes of it with; `auto` where it was none of ours.
ReusePlanner PlannerThatMade(const Plan& plan) {
  const std::string name = plan.policy.substr(0, plan.policy.find(':'));
  for (const Policy& policy : Policies()) {
    if (policy.name == name) return ReusePlanner(policy);
  }
  return ReusePlanner();
}

std::vector<std::string> StepNames(const PlanObject& self) {
  std::vector<std::string> names;
  if (self.workload == nullptr || self.workload->transformed == nullptr) return names;
  for (const OpNode& op : self.workload->transformed->graph.ops()) names.push_back(op.name.empty() ? op.type : op.name);
  return names;
}

std::string ExplainText(const PlanObject& self) {
  const nb::gil_scoped_release unlocked;
  const Explanation explanation = ExplainWorkload(*self.file, self.workload.get(), PlannerThatMade(self.file->plan));
  return DescribePlan(*self.file) + ExplainPlan(*self.file, StepNames(self), explanation) +
         DescribeWhatIfs(*self.file, explanation);
}

Report ReportOf(const PlanObject& self) {
  Report report;
  if (self.workload != nullptr) report.workload = *self.workload;
  report.plans.push_back({*self.file, {}});
  return report;
}

std::string ToCsv(const PlanObject& self) {
  const Problem& problem = self.file->problem;
  std::vector<std::string> spaces;
  for (std::size_t i = 0; i < problem.buffers.size() && !problem.spaces.empty(); ++i) {
    spaces.push_back(problem.spaces[static_cast<std::size_t>(SpaceOf(self.file->plan, static_cast<int>(i)))].name);
  }
  return WriteCsv(MakeCsv(problem), &self.file->plan.offsets, spaces.empty() ? nullptr : &spaces);
}

struct Format {
  const char* name;
  const char* suffix;
  std::string (*write)(const PlanObject& plan);
};
// By suffix, the first that fits: ".trace.json" stands before ".json".
constexpr Format kFormats[] = {
    {"text", ".txt", [](const PlanObject& self) { return DescribePlan(*self.file); }},
    {"trace", ".trace.json", [](const PlanObject& self) { return WriteTrace(*self.file); }},
    {"json", ".json", [](const PlanObject& self) { return WritePlanJson(*self.file); }},
    {"csv", ".csv", ToCsv},
    {"c-header", ".h", [](const PlanObject& self) { return WriteCHeader(*self.file); }},
    {"c-header", ".hpp", [](const PlanObject& self) { return WriteCHeader(*self.file); }},
    {"bin", ".bin", [](const PlanObject& self) { return WritePlanBinary(*self.file); }},
    {"snapshot", ".pickle", [](const PlanObject& self) { return WriteMemorySnapshot(*self.file); }},
    {"html", ".html", [](const PlanObject& self) { return WriteReportHtml(ReportOf(self)); }},
    {"svg", ".svg", [](const PlanObject& self) { return WriteReportSvg(ReportOf(self)); }},
};

bool EndsWith(const std::string& path, const std::string& suffix) {
  return path.size() >= suffix.size() && path.compare(path.size() - suffix.size(), suffix.size(), suffix) == 0;
}

const Format& FormatOf(const std::string& path, const std::optional<std::string>& name) {
  std::string known;
  for (const Format& format : kFormats) {
    if (name ? *name == format.name : EndsWith(path, format.suffix)) return format;
    known += (known.empty() ? "" : ", ") + std::string(name ? format.name : format.suffix);
  }
  if (name) Refuse(ErrorCode::kMisuse, "format \"" + Printable(*name) + "\" is unknown; there are: " + known);
  Refuse(ErrorCode::kMisuse, Printable(path, 300) + ": no format has that suffix (" + known + "); give format");
}

nb::bytes Write(const PlanObject& self, const std::string& format) {
  const std::string text = [&] {
    const nb::gil_scoped_release unlocked;
    return FormatOf("", format).write(self);
  }();
  return nb::bytes(text.data(), text.size());
}

void Save(const PlanObject& self, const std::filesystem::path& path, const std::optional<std::string>& format) {
  const nb::gil_scoped_release unlocked;
  WriteFile(path.string(), FormatOf(path.string(), format).write(self));
}

std::string ReprHtml(const PlanObject& self) {
  const Plan& plan = self.file->plan;
  std::string html = "<div><b>" + FormatBytes(plan.peak_bytes) + "</b> (" + FormatThousands(plan.peak_bytes) +
                     " bytes) for " + FormatThousands(static_cast<std::int64_t>(plan.offsets.size())) +
                     " buffers, lower bound " + FormatThousands(plan.certificate.lower_bound_bytes) + " bytes" +
                     (plan.certificate.proven_optimal ? ": proven optimal" : "") + "</div>";
  const nb::gil_scoped_release unlocked;
  return html + WriteReportSvg(ReportOf(self));
}

std::string Show(const PlanObject& self) {
  const Plan& plan = self.file->plan;
  return "<orionrt.Plan: " + std::to_string(plan.offsets.size()) + " buffers, peak " +
         FormatThousands(plan.peak_bytes) + " bytes, lower bound " +
         FormatThousands(plan.certificate.lower_bound_bytes) +
         (plan.certificate.proven_optimal ? ", proven optimal" : "") + ", policy " + plan.policy + ">";
}

nb::object SpaceOf(const PlanObject& self) {
  const Plan& plan = self.file->plan;
  std::vector<std::int64_t> spaces(plan.offsets.size(), 0);
  for (std::size_t i = 0; i < spaces.size(); ++i) spaces[i] = SpaceOf(plan, static_cast<int>(i));
  return ToArray(std::move(spaces));
}

using Dict = std::map<std::string, std::int64_t>;

Dict MetricsOf(const PlanObject& self, int space) {
  const Problem& problem = self.file->problem;
  if (space < 0 || space >= std::max(1, static_cast<int>(problem.spaces.size()))) {
    Refuse(ErrorCode::kMisuse, "there is no space " + std::to_string(space));
  }
  const Metrics m = MeasurePlan(problem, self.file->plan, self.file->classes, space);
  Dict dict = {{"peak_bytes", m.peak_bytes}};
  for (const auto& [word, figure] : kMetricWords) dict[word] = m.*figure;
  return dict;
}

PlanObject ReadPlan(const std::string& text, const std::string& source) {
  return {std::make_shared<const PlanFile>(ReadPlanJson(text, source)), nullptr};
}

std::string ReadText(const std::filesystem::path& path) {
  const nb::gil_scoped_release unlocked;
  return ReadFile(path.string());
}

AssignmentObject ReadBinary(const std::string& bytes, const std::string& source) {
  return {std::make_shared<const Assignment>(ReadAssignmentBinary(bytes, source)), nullptr};
}

std::string WriteBinary(const AssignmentObject& self) {
  return self.file != nullptr ? WritePlanBinary(*self.file) : WriteAssignmentBinary(*self);
}

std::string ToJson(const PlanFile& file) {
  const nb::gil_scoped_release unlocked;
  return WritePlanJson(file);
}

AssignmentObject ReadAssignment(const std::filesystem::path& path) {
  const std::string text = ReadText(path), source = path.string();
  return EndsWith(source, ".bin") ? ReadBinary(text, source) : AssignmentOf(ReadPlan(text, source).file, source);
}

void SaveAssignment(const AssignmentObject& self, const std::filesystem::path& path) {
  const bool binary = EndsWith(path.string(), ".bin");
  if (!binary && self.file == nullptr) {
    Refuse(ErrorCode::kUnsupported,
           "an assignment that was read from a binary plan knows no lifetimes; save it as .bin");
  }
  WriteFile(path.string(), binary ? WriteBinary(self) : ToJson(*self.file));
}

nb::object StateOf(const AssignmentObject& self) {
  if (self.file != nullptr) return nb::cast(ToJson(*self.file));
  const std::string bytes = WriteBinary(self);
  return nb::bytes(bytes.data(), bytes.size());
}

AssignmentObject FromState(nb::handle state) {
  if (nb::isinstance<nb::str>(state)) {
    return AssignmentOf(ReadPlan(nb::cast<std::string>(state), "pickle").file, "pickle");
  }
  const auto bytes = nb::cast<nb::bytes>(state);
  return ReadBinary({bytes.c_str(), bytes.size()}, "pickle");
}

using PlaceTuple = std::tuple<int, std::int64_t, std::int64_t>;

std::map<int, PlaceTuple> PlacesById(const std::vector<Place>& places) {
  std::map<int, PlaceTuple> map;
  for (const Place& place : places) map[place.id] = {place.space, place.offset, place.bytes};
  return map;
}

std::vector<std::int64_t> RequiredBytesOf(const AssignmentObject& self) {
  std::vector<std::int64_t> bytes;
  for (const AssignedSpace& space : (*self).spaces) bytes.push_back(space.required_bytes);
  return bytes;
}

std::vector<std::int64_t> BaseAlignments(const AssignmentObject& self) {
  std::vector<std::int64_t> alignments;
  for (const AssignedSpace& space : (*self).spaces) alignments.push_back(space.base_alignment);
  return alignments;
}

std::vector<std::tuple<int, int, int>> InPlaceUses(const AssignmentObject& self) {
  std::vector<std::tuple<int, int, int>> uses;
  for (const InPlaceUse& use : (*self).in_place) uses.emplace_back(use.op, use.output, use.input);
  return uses;
}

PlanObject PlanOfAssignment(const AssignmentObject& self, const GraphObject& given) {
  const Graph graph = FrozenGraph(given);
  const nb::gil_scoped_release unlocked;
  return {std::make_shared<const PlanFile>(RecoverPlanFile(graph, given.bodies, *self, given.source)), nullptr};
}

void BindAssignment(nb::module_& module) {
  nb::class_<AssignmentObject>(
      module, "Assignment",
      "Which bytes each tensor of one graph has, and in which order its ops run: all that a run needs. Immutable.")
      .def_static("read", ReadAssignment, nb::arg("path"),
                  nb::sig("def read(path: str | os.PathLike[str]) -> Assignment"),
                  "From a plan of a graph, in JSON or, by the suffix .bin, in binary. Raises Error (\"bad_input\") "
                  "with the place in\n"
                  "the file.")
      .def("save", SaveAssignment, nb::arg("path"), nb::sig("def save(self, path: str | os.PathLike[str]) -> None"),
           "As a plan in JSON or, by the suffix .bin, in binary; whole: the old file stands, or the new one.")
      .def("plan", PlanOfAssignment, nb::arg("graph"),
           "The plan that it amounts to, for one that was read from a binary file: with lifetimes, the bound that is "
           "known\n"
           "without search, reports and differences. Raises Error (\"bad_input\") for an assignment of another graph, "
           "or "
           "for a\n"
           "wrong one.")
      .def_prop_ro(
          "graph_id", [](const AssignmentObject& self) { return (*self).graph_id; },
          "Identifies the graph, whatever order its tensors and ops are listed in.")
      .def_prop_ro(
          "order", [](const AssignmentObject& self) { return (*self).order_ids; }, "Ids of all ops, as they run.")
      .def_prop_ro(
          "vanished", [](const AssignmentObject& self) { return (*self).vanished_ids; },
          "Ids of ops with nothing left to do: they may be left out.")
      .def_prop_ro("in_place", InPlaceUses, "(op, output, input), ids: outputs that begin in the bytes of an input.")
      .def_prop_ro(
          "tensors", [](const AssignmentObject& self) { return PlacesById((*self).tensors); },
          "By id of the tensor (space, offset, bytes). Space -1: bytes that whoever runs the graph holds.")
      .def_prop_ro(
          "workspaces", [](const AssignmentObject& self) { return PlacesById((*self).workspaces); },
          "By id of the op (space, offset, bytes) of its scratch.")
      .def_prop_ro("required_bytes", RequiredBytesOf, "Per space what its arena needs, in bytes, exactly.")
      .def_prop_ro("base_alignment", BaseAlignments, "Per space the alignment of its arena's first byte, in bytes.")
      .def_prop_ro("policy", [](const AssignmentObject& self) { return (*self).made_with.policy; })
      .def("__getstate__", StateOf, nb::sig("def __getstate__(self) -> str | bytes"))
      .def(
          "__setstate__",
          [](AssignmentObject& self, nb::handle state) { new (&self) AssignmentObject(FromState(state)); },
          nb::sig("def __setstate__(self, state: str | bytes, /) -> None"))
      .def("__repr__", [](const AssignmentObject& self) {
        return "<orionrt.Assignment: " + std::to_string((*self).tensors.size()) + " tensors, " +
               std::to_string((*self).order_ids.size()) + " ops>";
      });
}

// Python's Progress, which may be kept: the stage is its own.
struct ProgressObject {
  PlanProgress told;
  std::string stage;
};

// Follows planning for Python: tells a function of the caller's, and sees Ctrl-C, which asks planning to stop.
class Follower {
 public:
  explicit Follower(nb::handle function) : function_(function) {
    if (function_.is_none() || PyCallable_Check(function_.ptr()) != 0) return;
    Refuse(ErrorCode::kMisuse, "progress: a function is wanted, not " + nb::cast<std::string>(nb::repr(function_)));
  }

  bool GoesOn(const PlanProgress& progress) {
    const nb::gil_scoped_acquire gil;
    if (PyErr_CheckSignals() != 0) {
      signal_.emplace();
      return false;
    }
    if (function_.is_none()) return true;
    try {
      const nb::object answer = function_(ProgressObject{progress, progress.stage});
      return answer.is_none() || nb::cast<bool>(nb::bool_(answer));
    } catch (nb::python_error& error) {  // Ctrl-C may come while the function runs, too
      if (!error.matches(PyExc_KeyboardInterrupt)) throw;
      signal_.emplace(std::move(error));
      return false;
    }
  }

  // What a signal has raised, with the best plan until then.
  void RaiseSignal(nb::handle plan) {
    if (!signal_) return;
    nb::setattr(signal_->value(), "plan", plan);
    throw nb::python_error(std::move(*signal_));
  }

 private:
  nb::handle function_;
  std::optional<nb::python_error> signal_;
};

std::shared_ptr<const PlanFile> PlanUnlocked(const Workload& workload, const ReusePlanner& planner,
                                             const PlanOptions& options) {
  const nb::gil_scoped_release unlocked;
  return std::make_shared<const PlanFile>(MakePlanFile(workload, PlanWorkload(workload, planner, options)));
}

void BindProgress(nb::module_& module) {
  const auto field = [](std::int64_t PlanProgress::*member) {
    return [member](const ProgressObject& self) -> std::int64_t { return self.told.*member; };
  };
  nb::class_<ProgressObject>(module, "Progress", "How far planning is.")
      .def_prop_ro("peak_bytes", field(&PlanProgress::peak_bytes), "Of the best plan so far; 0: there is none yet.")
      .def_prop_ro("lower_bound_bytes", field(&PlanProgress::lower_bound_bytes), "No plan is lower; 0: not known yet.")
      .def_ro("stage", &ProgressObject::stage, "What is being tried: a policy.")
      .def_prop_ro("work", field(&PlanProgress::work), "Done so far: entries looked at, about a nanosecond each.")
      .def_prop_ro("work_budget", field(&PlanProgress::work_budget), "What may be done in all, about; 0: not known.");
}

}  // namespace

AssignmentObject AssignmentOf(const std::shared_ptr<const PlanFile>& file, const std::string& what) {
  if (!file->assignment) Refuse(ErrorCode::kMisuse, what + " is a plan of lifetimes alone; plan a Graph");
  return {std::shared_ptr<const Assignment>(file, &*file->assignment), file};
}

PlanObject PlanWith(std::shared_ptr<const Workload> workload, const PlanArguments& arguments) {
  PlanOptions options = OptionsOf(arguments);
  const ReusePlanner planner = PlannerOf(arguments.policy);
  Follower follower(arguments.progress);
  options.observer = [&follower](const PlanProgress& progress) { return follower.GoesOn(progress); };
  PlanObject plan;
  try {
    plan.file = PlanUnlocked(*workload, planner, options);
  } catch (const Error&) {
    follower.RaiseSignal(nb::none());
    throw;
  }
  plan.workload = std::move(workload);
  follower.RaiseSignal(nb::cast(plan));
  return plan;
}

void BindPlan(nb::module_& module) {
  nb::class_<PlanObject>(module, "Plan",
                         "Where every buffer goes, and how good that is. Immutable; pickles and copies.")
      .def_prop_ro(
          "offsets",
          [](nb::handle self) {
            const auto& offsets = nb::cast<const PlanObject&>(self).file->plan.offsets;
            return ShowInts(offsets.data(), offsets.size(), 0, self);
          },
          nb::sig("def offsets(self) -> orionrt._types.Array"),
          "Bytes from the first of its space, one a buffer: int64, read-only, not copied; the array keeps the\n"
          "plan alive.")
      .def_prop_ro("space_of", SpaceOf, nb::sig("def space_of(self) -> orionrt._types.Array"),
                   "The index of the space that each buffer lies in, int64; all 0 without a table of spaces.")
      .def_prop_ro(
          "peak_bytes", [](const PlanObject& self) { return self.file->plan.peak_bytes; },
          "The most of offset + size; of several spaces, the sum of their peaks.")
      .def_prop_ro(
          "peak_nested_bytes", [](const PlanObject& self) { return self.file->peak_nested_bytes; },
          "What the bodies of control-flow ops need on top of it, in bytes.")
      .def_prop_ro(
          "lower_bound_bytes", [](const PlanObject& self) { return self.file->plan.certificate.lower_bound_bytes; },
          "Bytes that no plan of this problem goes below.")
      .def_prop_ro(
          "proven_optimal", [](const PlanObject& self) { return self.file->plan.certificate.proven_optimal; },
          "Whether the peak is the lower bound.")
      .def_prop_ro(
          "bound_kind", [](const PlanObject& self) { return BoundKindName(self.file->plan.certificate.bound_kind); },
          "Why: \"live_bytes\", \"fixed_offset\", \"refutation\" or \"buffer_size\".")
      .def_prop_ro(
          "witness", [](const PlanObject& self) { return self.file->plan.certificate.witness; },
          "Indices of the buffers that force the bound, ascending.")
      .def_prop_ro(
          "interrupted", [](const PlanObject& self) { return self.file->plan.interrupted; },
          "Whether progress, or Ctrl-C, stopped planning before it was done.")
      .def_prop_ro(
          "policy", [](const PlanObject& self) { return self.file->plan.policy; }, "\"auto:first_fit\".")
      .def_prop_ro(
          "alignment", [](const PlanObject& self) { return self.file->alignment; }, "Bytes: the least of any buffer.")
      .def_prop_ro(
          "problem",
          [](const PlanObject& self) {
            return ProblemFile{self.file->problem, self.file->source, self.file->alignment};
          },
          "What was planned.")
      .def_prop_ro(
          "assignment", [](const PlanObject& self) { return AssignmentOf(self.file, "this"); },
          "Of the plan of a Graph: all that a run needs. Raises Error (\"misuse\") for lifetimes alone.")
      .def("metrics", MetricsOf, nb::arg("space") = 0,
           "Figures of one space: padding, fragmentation, utilisation, in bytes.")
      .def("explain", ExplainText,
           "In words: what forces the peak, who is alive there, what is proven, and what would lower it. Each change "
           "is\n"
           "made and the result planned, so this takes longer than the plan.")
      .def("write", Write, nb::arg("format") = "json",
           "As bytes: json, csv, text, html, svg, c-header, bin, trace (Perfetto), snapshot (PyTorch).")
      .def("save", Save, nb::arg("path"), nb::arg("format").none() = nb::none(),
           nb::sig("def save(self, path: str | os.PathLike[str], format: str | None = None) -> None"),
           "Into a file, by its suffix (.json .csv .txt .html .svg .h .bin .trace.json .pickle) unless a format is "
           "given.\n"
           "Raises Error (\"misuse\") where it cannot be written.")
      .def("__len__", [](const PlanObject& self) { return self.file->plan.offsets.size(); })
      .def("__getstate__", [](const PlanObject& self) { return ToJson(*self.file); })
      .def("__setstate__",
           [](PlanObject& self, const std::string& text) { new (&self) PlanObject(ReadPlan(text, "pickle")); })
      .def("_repr_html_", ReprHtml)
      .def("__repr__", Show)
      .def("__str__", [](const PlanObject& self) { return DescribePlan(*self.file); });
  BindAssignment(module);
  BindProgress(module);
  module.def(
      "policies",
      [] {
        std::map<std::string, std::string> rows;
        for (const Policy& policy : Policies()) rows[policy.name] = policy.help;
        return rows;
      },
      "The policies there are, by name, with one line of help each.");
}

}  // namespace orionrt::python
