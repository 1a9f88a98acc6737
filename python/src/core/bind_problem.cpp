// Problem and Space.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <optional>

#include "base/text.hpp"
#include "core/core.hpp"
#include "core/numbers.hpp"

namespace orionrt::python {
namespace {

using Names = std::vector<std::string>;

void CheckRows(std::size_t rows, std::size_t wanted, const char* name) {
  if (rows == wanted) return;
  Refuse(ErrorCode::kBadInput, std::string(name) + " has " + std::to_string(rows) + " rows, and lower " +
                                   std::to_string(wanted) + "; give one a buffer");
}

// Lives in steps, or as clocks.
void SetLives(const Ints& lower, const Ints& upper, Problem& problem) {
  problem.buffers.resize(lower.rows);
  CheckRows(upper.rows, lower.rows, "upper");
  if (lower.columns != upper.columns) {
    Refuse(ErrorCode::kBadInput, "lower has clocks of " + std::to_string(lower.columns) + " streams, and upper of " +
                                     std::to_string(upper.columns));
  }
  if (lower.columns != 1) {
    problem.clocks = {
        static_cast<int>(std::min<std::size_t>(lower.columns, kMostStreams + 1)), lower.values, upper.values, {}, {}};
    return;
  }
  for (std::size_t i = 0; i < lower.rows; ++i) {
    problem.buffers[i].lower = lower.values[i];
    problem.buffers[i].upper = upper.values[i];
  }
}

void SetField(Problem& problem, std::int64_t Buffer::*field, const std::vector<std::int64_t>& values,
              const char* name) {
  CheckRows(values.size(), problem.buffers.size(), name);
  for (std::size_t i = 0; i < values.size(); ++i) problem.buffers[i].*field = values[i];
}

// One for all, or one each. The least of them is the problem's.
std::int64_t SetAlignments(Problem& problem, nb::handle alignment) {
  if (!IsList(alignment)) {
    const std::int64_t all = ReadInt(alignment, "alignment");
    for (Buffer& buffer : problem.buffers) buffer.alignment = all;
    if (all <= 0 || (all & (all - 1)) != 0) {
      Refuse(ErrorCode::kBadInput, "alignment " + std::to_string(all) + " is not a power of two");
    }
    return all;
  }
  const std::vector<std::int64_t> each = ReadRow(alignment, "alignment");
  SetField(problem, &Buffer::alignment, each, "alignment");
  return each.empty() ? 1 : *std::min_element(each.begin(), each.end());
}

void SetSpaces(Problem& problem, nb::handle spaces, const std::optional<std::vector<Names>>& allowed) {
  std::vector<Space> table = ReadSpaces(spaces);
  if (table.empty() && allowed)
    Refuse(ErrorCode::kBadInput, "allowed names spaces, and there is no table: give spaces");
  if (table.empty()) return;
  if (allowed) CheckRows(allowed->size(), problem.buffers.size(), "allowed");
  SetSpaces(problem, std::move(table), allowed.value_or(std::vector<Names>()));
}

void SetNames(Problem& problem, std::optional<Names> names, Names Problem::*field, const char* name) {
  if (!names) return;
  CheckRows(names->size(), problem.buffers.size(), name);
  problem.*field = std::move(*names);
}

void Make(ProblemFile* self, nb::object lower, nb::object upper, nb::object size, nb::object alignment,
          nb::object fixed, std::optional<Names> ids, std::optional<Names> names, nb::object spaces,
          std::optional<std::vector<Names>> allowed, nb::object uses, std::vector<std::pair<int, int>> apart) {
  ProblemFile file;
  Problem& problem = file.problem;
  SetLives(ReadInts(lower, "lower"), ReadInts(upper, "upper"), problem);
  SetField(problem, &Buffer::size, ReadRow(size, "size"), "size");
  file.alignment = SetAlignments(problem, alignment);
  if (!fixed.is_none()) SetField(problem, &Buffer::fixed_offset, ReadRow(fixed, "fixed", &kFree), "fixed");
  SetNames(problem, std::move(ids), &Problem::ids, "ids");
  SetNames(problem, std::move(names), &Problem::names, "names");
  SetSpaces(problem, spaces, allowed);
  if (!uses.is_none()) {
    problem.uses = ReadRow(uses, "uses");
    CheckRows(problem.uses.size(), problem.buffers.size(), "uses");
  }
  problem.apart = std::move(apart);
  if (problem.spaces.empty() && !problem.uses.empty()) Refuse(ErrorCode::kBadInput, "uses mean nothing without spaces");
  CheckProblem(problem);
  WidenLives(problem);
  new (self) ProblemFile(std::move(file));
}

nb::object Column(const ProblemFile& self, std::int64_t Buffer::*field) {
  std::vector<std::int64_t> values;
  values.reserve(self.problem.buffers.size());
  for (const Buffer& buffer : self.problem.buffers) values.push_back(buffer.*field);
  return ToArray(std::move(values));
}

nb::object Lives(const ProblemFile& self, std::int64_t Buffer::*field, std::vector<std::int64_t> Clocks::*clocks) {
  const Clocks& all = self.problem.clocks;
  if (all.streams == 0) return Column(self, field);
  return ToArray(all.*clocks, static_cast<std::size_t>(all.streams));
}

Names Ids(const ProblemFile& self) {
  Names ids;
  for (std::size_t i = 0; i < self.problem.buffers.size(); ++i)
    ids.push_back(BufferId(self.problem, static_cast<int>(i)));
  return ids;
}

PlanObject PlanProblem(const ProblemFile& self, nb::object policy, nb::object alignment, std::string effort,
                       nb::object capacity, nb::object time_limit, nb::object progress) {
  auto workload = std::make_shared<Workload>();
  workload->source = self.source;
  workload->problem = self.problem;
  workload->alignment = self.alignment;
  if (!alignment.is_none()) {
    workload->alignment = ReadInt(alignment, "alignment");
    if (workload->alignment <= 0 || (workload->alignment & (workload->alignment - 1)) != 0) {
      Refuse(ErrorCode::kBadInput, "alignment " + std::to_string(workload->alignment) + " is not a power of two");
    }
    RaiseAlignment(workload->problem, workload->alignment);
  }
  return PlanWith(std::move(workload), {policy, std::move(effort), capacity, time_limit, progress});
}

std::string Show(const ProblemFile& self) {
  const Certificate bound = LowerBound(self.problem);
  return "<orionrt.Problem: " + std::to_string(self.problem.buffers.size()) + " buffers, lower bound " +
         FormatThousands(bound.lower_bound_bytes) + " bytes>";
}

Space MakeSpace(const std::string& name, std::optional<std::int64_t> capacity, std::int64_t alignment,
                std::int64_t granularity, std::optional<std::int64_t> largest, std::optional<std::int64_t> cost) {
  return {name, capacity, alignment, granularity, largest, cost.value_or(kByPosition)};
}

void BindSpace(nb::module_& module) {
  nb::class_<Space>(module, "Space",
                    "A memory space with addresses of its own: SRAM, DRAM, the memory of another device.")
      .def(
          "__init__",
          [](Space* self, const std::string& name, std::optional<std::int64_t> capacity, std::int64_t alignment,
             std::int64_t granularity, std::optional<std::int64_t> largest, std::optional<std::int64_t> cost) {
            new (self) Space(MakeSpace(name, capacity, alignment, granularity, largest, cost));
          },
          nb::arg("name"), nb::arg("capacity").none() = nb::none(), nb::kw_only(), nb::arg("alignment") = 1,
          nb::arg("granularity") = 1, nb::arg("largest").none() = nb::none(), nb::arg("cost").none() = nb::none(),
          "``capacity``, ``alignment``, ``granularity`` and ``largest`` are bytes; None: without a limit. ``cost`` is\n"
          "that of reading or writing one byte, in any unit; None: the position in the table of spaces. What is\n"
          "wrong with them is said when a problem takes them.")
      .def_prop_ro("name", [](const Space& self) { return self.name; })
      .def_prop_ro(
          "capacity", [](const Space& self) { return self.capacity; }, nb::sig("def capacity(self) -> int | None"))
      .def_prop_ro("alignment", [](const Space& self) { return self.alignment; })
      .def_prop_ro("granularity", [](const Space& self) { return self.granularity; })
      .def_prop_ro(
          "largest", [](const Space& self) { return self.largest; }, nb::sig("def largest(self) -> int | None"))
      .def_prop_ro(
          "cost",
          [](const Space& self) { return self.cost == kByPosition ? std::optional<std::int64_t>() : self.cost; },
          nb::sig("def cost(self) -> int | None"))
      .def("__repr__", [](const Space& self) { return "<orionrt.Space: " + self.name + ">"; });
}

}  // namespace

std::vector<Space> ReadSpaces(nb::handle spaces) {
  std::vector<Space> table;
  if (spaces.is_none()) return table;
  if (nb::isinstance<nb::dict>(spaces)) {
    for (const auto& [name, capacity] : nb::borrow<nb::dict>(spaces)) {
      const std::string key = nb::cast<std::string>(nb::str(name));
      table.push_back(MakeSpace(key, std::nullopt, 1, 1, std::nullopt, std::nullopt));
      if (!capacity.is_none()) table.back().capacity = ReadInt(capacity, "spaces[\"" + key + "\"]");
    }
    return table;
  }
  for (nb::handle space : nb::iter(spaces)) {
    if (!nb::isinstance<Space>(space)) {
      Refuse(ErrorCode::kBadInput, "spaces[" + std::to_string(table.size()) + "]: an orionrt.Space is wanted, not " +
                                       nb::cast<std::string>(nb::repr(space)));
    }
    table.push_back(nb::cast<Space>(space));
  }
  return table;
}

void BindProblem(nb::module_& module) {
  BindSpace(module);
  nb::class_<ProblemFile>(
      module, "Problem",
      "What is to be placed: buffers, each alive during steps ``[lower, upper)`` with ``size`` bytes.\n\n"
      "Immutable. ``len()`` is the number of buffers.")
      .def(
          "__init__", Make, nb::arg("lower").none(), nb::arg("upper").none(), nb::arg("size").none(),
          nb::arg("alignment").none() = 64, nb::kw_only(), nb::arg("fixed").none() = nb::none(),
          nb::arg("ids").none() = nb::none(), nb::arg("names").none() = nb::none(),
          nb::arg("spaces").none() = nb::none(), nb::arg("allowed").none() = nb::none(),
          nb::arg("uses").none() = nb::none(), nb::arg("apart") = std::vector<std::pair<int, int>>(),
          nb::sig(
              "def __init__(self, lower: orionrt._types.Ints, upper: orionrt._types.Ints, size: orionrt._types.Ints, "
              "alignment: int | orionrt._types.Ints = 64, *, fixed: orionrt._types.Places | None = None, "
              "ids: collections.abc.Sequence[str] | None = None, names: collections.abc.Sequence[str] | None = None, "
              "spaces: orionrt._types.Spaces | None = None, "
              "allowed: collections.abc.Sequence[collections.abc.Sequence[str]] | None = None, "
              "uses: orionrt._types.Ints | None = None, "
              "apart: collections.abc.Sequence[tuple[int, int]] = []) -> None"),
          "Arguments have one row a buffer: lists, or arrays of any integer type.\n\n"
          "lower, upper: steps, half-open; or clocks, two-dimensional, one column a stream.\n"
          "size: bytes. alignment: bytes, powers of two; one for all, or one each.\n"
          "fixed: offsets in bytes that stand; -1, or None in a list, where the planner chooses.\n"
          "ids (unique), names: for files and messages.\n"
          "spaces: the table of memory spaces, a list of Space or a dict of capacities; allowed: per buffer the names\n"
          "of those it may live in, the best first (none: all); uses: how often ops read or write it.\n"
          "apart: pairs of buffers that share no byte whatever their lives are.\n\n"
          "Raises Error (\"bad_input\") that names the argument and the row, or the buffer.")
      .def("__len__", [](const ProblemFile& self) { return self.problem.buffers.size(); })
      .def_prop_ro(
          "lower", [](const ProblemFile& self) { return Lives(self, &Buffer::lower, &Clocks::begins); },
          nb::sig("def lower(self) -> orionrt._types.Array"),
          "First step at which each buffer is alive, int64; clocks: buffers x streams.")
      .def_prop_ro(
          "upper", [](const ProblemFile& self) { return Lives(self, &Buffer::upper, &Clocks::ends); },
          nb::sig("def upper(self) -> orionrt._types.Array"),
          "First step at which each no longer is, int64; clocks: buffers x streams.")
      .def_prop_ro(
          "size", [](const ProblemFile& self) { return Column(self, &Buffer::size); },
          nb::sig("def size(self) -> orionrt._types.Array"), "Bytes of each buffer, int64.")
      .def_prop_ro(
          "alignment", [](const ProblemFile& self) { return Column(self, &Buffer::alignment); },
          nb::sig("def alignment(self) -> orionrt._types.Array"), "Bytes, of each buffer, int64.")
      .def_prop_ro(
          "fixed", [](const ProblemFile& self) { return Column(self, &Buffer::fixed_offset); },
          nb::sig("def fixed(self) -> orionrt._types.Array"), "The offset of each in bytes, int64; -1: free.")
      .def_prop_ro("ids", Ids, "The id of each buffer, as files and messages have it.")
      .def_prop_ro(
          "names", [](const ProblemFile& self) { return self.problem.names; }, "Their names; empty: none.")
      .def_prop_ro(
          "spaces", [](const ProblemFile& self) { return self.problem.spaces; }, "The table of memory spaces.")
      .def_prop_ro(
          "source", [](const ProblemFile& self) { return self.source; }, "Where it comes from.")
      .def_prop_ro(
          "lower_bound_bytes", [](const ProblemFile& self) { return LowerBound(self.problem).lower_bound_bytes; },
          "Bytes that no plan goes below, without search.")
      .def("plan", PlanProblem, nb::arg("policy") = "auto", nb::kw_only(), nb::arg("alignment").none() = nb::none(),
           nb::arg("effort") = "balanced", nb::arg("capacity").none() = nb::none(),
           nb::arg("time_limit").none() = nb::none(), nb::arg("progress").none() = nb::none(),
           nb::sig("def plan(self, policy: orionrt._types.PolicyLike = 'auto', *, alignment: int | None = None, "
                   "effort: orionrt._types.Effort = 'balanced', capacity: int | None = None, time_limit: float | None "
                   "= None, progress: orionrt._types.Follower | None = None) -> Plan"),
           "Places every buffer; see orionrt.plan. ``alignment``: the least that any gets, in bytes; None: as it is.")
      .def("__getstate__", [](const ProblemFile& self) { return WriteProblemJson(self); })
      .def("__setstate__",
           [](ProblemFile& self, const std::string& text) { new (&self) ProblemFile(ReadProblemJson(text, "pickle")); })
      .def("__repr__", Show);
}

}  // namespace orionrt::python
