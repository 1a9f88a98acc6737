// Graph: built by calls, or read from a model.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <tuple>

#include "base/text.hpp"
#include "core/core.hpp"
#include "core/dtypes.hpp"
#include "core/numbers.hpp"
#include "graph/labels.hpp"
#include "io/words.hpp"
#include "orionrt/streams.hpp"

namespace orionrt::python {
namespace {

// The value of a row of a table of names.
template <typename Row, std::size_t kRows>
auto Named(const Row (&rows)[kRows], const std::string& name, const std::string& place) {
  std::string known;
  for (const Row& row : rows) {
    if (name == row.first) return row.second;
    known += (known.empty() ? "" : ", ") + std::string(row.first);
  }
  Refuse(ErrorCode::kBadInput, place + " \"" + Printable(name) + "\" is unknown; there are: " + known);
}

std::size_t Size(std::int64_t value, const std::string& place) {
  if (value < 0) Refuse(ErrorCode::kBadInput, place + " " + std::to_string(value) + " is negative");
  return static_cast<std::size_t>(value);
}

template <typename T>
int NextId(const std::vector<T>& rows) {
  int id = 0;
  for (const T& row : rows) id = std::max(id, row.id + 1);  // of a model ids need not be positions
  return id;
}

unsigned RolesOf(const std::vector<std::string>& names) {
  unsigned roles = 0;
  for (const std::string& name : names) roles |= Named(kRoleWords, name, "role");
  return roles;
}

int AddTensor(GraphObject& self, nb::object bytes, const std::string& name,
              std::optional<std::vector<std::int64_t>> shape, const std::string& dtype,
              const std::vector<std::string>& roles, std::int64_t alignment, std::optional<int> view_of,
              std::int64_t view_offset, std::vector<std::string> spaces) {
  TensorDesc tensor;
  tensor.id = NextId(self.tensors);
  tensor.name = name;
  const std::string label = TensorLabel(tensor);
  if (bytes.is_none() && !shape) Refuse(ErrorCode::kBadInput, label + ": give its bytes, or its shape and dtype");
  tensor.bytes =
      Size(bytes.is_none() ? BytesOf(dtype, *shape, label) : ReadInt(bytes, label + ": bytes"), label + ": bytes");
  tensor.alignment = Size(alignment, label + ": alignment");
  tensor.roles = RolesOf(roles);
  tensor.dtype = dtype;
  if (shape) tensor.shape = std::move(*shape);
  tensor.spaces = std::move(spaces);
  tensor.view_of = view_of.value_or(kNoTensor);
  tensor.view_offset = Size(view_offset, label + ": view_offset");
  self.tensors.push_back(std::move(tensor));
  return self.tensors.back().id;
}

using AliasTuple = std::tuple<std::string, int, int, std::int64_t>;

int AddOp(GraphObject& self, const std::string& type, std::vector<int> inputs, std::vector<int> outputs,
          const std::string& name, std::int64_t workspace, std::int64_t workspace_alignment, int stream,
          std::vector<int> waits, std::vector<int> after, bool has_effects, const std::vector<AliasTuple>& aliases) {
  OpNode op;
  op.id = NextId(self.ops);
  op.name = name;
  const std::string label = OpLabel(op);
  op.inputs = std::move(inputs);
  op.outputs = std::move(outputs);
  op.type = type;
  op.workspace_bytes = Size(workspace, label + ": workspace");
  op.workspace_alignment = Size(workspace_alignment, label + ": workspace_alignment");
  op.stream = stream;
  op.waits = std::move(waits);
  op.after = std::move(after);
  op.has_effects = has_effects;
  for (const auto& [kind, output, input, offset] : aliases) {
    op.aliases.push_back(
        {Named(kAliasWords, kind, label + ": alias"), output, input, Size(offset, label + ": alias offset")});
  }
  self.ops.push_back(std::move(op));
  return self.ops.back().id;
}

// None: as the graph was loaded.
Transforms Chosen(const Transforms& mine, std::optional<bool> views, std::optional<bool> colocate,
                  std::optional<bool> in_place, std::optional<bool> reorder) {
  return {views.value_or(mine.views), colocate.value_or(mine.colocate), in_place.value_or(mine.in_place),
          reorder.value_or(mine.reorder)};
}

// Lowered without the GIL.
std::shared_ptr<const Workload> LowerGraph(const GraphObject& self, const Transforms& transforms, nb::handle alignment,
                                           nb::handle spaces) {
  const LowerOptions options{transforms, alignment.is_none() ? self.alignment : ReadInt(alignment, "alignment"),
                             ReadSpaces(spaces)};
  if (options.alignment <= 0 || (options.alignment & (options.alignment - 1)) != 0) {
    Refuse(ErrorCode::kBadInput, "alignment " + std::to_string(options.alignment) + " is not a power of two");
  }
  const ImportedModel model{FrozenGraph(self), self.bodies, {}, self.weights.value_or(WeightBytes())};
  const nb::gil_scoped_release unlocked;
  auto workload = std::make_shared<Workload>(Lower(model, self.source, self.import, options));
  if (!self.weights) workload->weights.reset();
  return workload;
}

PlanObject PlanGraph(const GraphObject& self, nb::object policy, nb::object alignment, nb::object spaces,
                     std::optional<bool> views, std::optional<bool> colocate, std::optional<bool> in_place,
                     std::optional<bool> reorder, std::string effort, nb::object capacity, nb::object time_limit,
                     nb::object progress) {
  const Transforms transforms = Chosen(self.transforms, views, colocate, in_place, reorder);
  return PlanWith(LowerGraph(self, transforms, alignment, spaces),
                  {policy, std::move(effort), capacity, time_limit, progress});
}

ProblemFile ProblemOf(const GraphObject& self, nb::object alignment, nb::object spaces, std::optional<bool> views,
                      std::optional<bool> colocate, std::optional<bool> in_place, std::optional<bool> reorder) {
  const Transforms transforms = Chosen(self.transforms, views, colocate, in_place, reorder);
  const auto workload = LowerGraph(self, transforms, alignment, spaces);
  return {workload->problem, workload->source, workload->alignment};
}

GraphObject PutOnStreams(const GraphObject& self, int streams) {
  GraphObject made = self;
  made.ops = OnStreams(FrozenGraph(self), streams).graph.ops();
  made.import.streams = streams;
  return made;
}

std::string ToJson(const GraphObject& self) {
  if (!self.bodies.empty()) {
    Refuse(ErrorCode::kUnsupported, "graph JSON has no place for bodies of control-flow ops; keep the model itself");
  }
  return WriteGraphJson(FrozenGraph(self));
}

void SetState(GraphObject& self, const std::tuple<std::string, std::string, std::int64_t>& state) {
  const Graph graph = ReadGraphJson(std::get<0>(state), "pickle");
  GraphObject made;
  made.ops = graph.ops();
  made.tensors = graph.tensors();
  made.source = std::get<1>(state);
  made.alignment = std::get<2>(state);
  new (&self) GraphObject(std::move(made));
}

constexpr const char* kTransformSig =
    "views: bool | None = None, colocate: bool | None = None, in_place: bool | None = None, "
    "reorder: bool | None = None";

void BindRows(nb::module_& module) {
  nb::class_<OpNode>(module, "Op", "An op of a Graph, as it is.")
      .def_ro("id", &OpNode::id)
      .def_ro("type", &OpNode::type)
      .def_ro("name", &OpNode::name)
      .def_ro("inputs", &OpNode::inputs, "Ids of tensors.")
      .def_ro("outputs", &OpNode::outputs, "Ids of tensors.")
      .def_ro("workspace", &OpNode::workspace_bytes, "Bytes of scratch.")
      .def_ro("stream", &OpNode::stream)
      .def_ro("waits", &OpNode::waits, "Ids of ops of other streams that have ended before.")
      .def("__repr__", [](const OpNode& op) { return "<orionrt.Op: " + OpLabel(op) + ">"; });
  nb::class_<TensorDesc>(module, "Tensor", "A tensor of a Graph, as it is.")
      .def_ro("id", &TensorDesc::id)
      .def_ro("name", &TensorDesc::name)
      .def_ro("bytes", &TensorDesc::bytes)
      .def_ro("shape", &TensorDesc::shape)
      .def_ro("dtype", &TensorDesc::dtype)
      .def("__repr__", [](const TensorDesc& tensor) { return "<orionrt.Tensor: " + TensorLabel(tensor) + ">"; });
}

}  // namespace

Graph FrozenGraph(const GraphObject& graph) { return Graph(graph.ops, graph.tensors); }

void BindGraph(nb::module_& module) {
  static const std::string plan_sig =
      "def plan(self, policy: orionrt._types.PolicyLike = 'auto', *, alignment: int | None = None, "
      "spaces: orionrt._types.Spaces | None = None, " +
      std::string(kTransformSig) +
      ", effort: orionrt._types.Effort = 'balanced', capacity: int | None = None, time_limit: float | None = None, "
      "progress: orionrt._types.Follower | None = None) -> Plan";
  static const std::string problem_sig =
      "def problem(self, *, alignment: int | None = None, spaces: orionrt._types.Spaces | None = None, " +
      std::string(kTransformSig) + ") -> Problem";
  BindRows(module);
  nb::class_<GraphObject>(
      module, "Graph",
      "Ops in execution order and the tensors they read and write. Built by calls, which give the ids:\n\n"
      "    graph = orionrt.Graph()\n"
      "    x = graph.tensor(shape=(1, 64), dtype=\"float32\", name=\"x\", roles=[\"input\"])\n"
      "    y = graph.tensor(1024, name=\"y\", roles=[\"output\"])\n"
      "    graph.op(\"MatMul\", [x], [y])\n\n"
      "It is judged when it is planned: Error (\"bad_input\") names the op and the tensor.")
      .def(nb::init<>())
      .def("tensor", AddTensor, nb::arg("bytes").none() = nb::none(), nb::kw_only(), nb::arg("name") = "",
           nb::arg("shape").none() = nb::none(), nb::arg("dtype") = "", nb::arg("roles") = std::vector<std::string>(),
           nb::arg("alignment") = 0, nb::arg("view_of").none() = nb::none(), nb::arg("view_offset") = 0,
           nb::arg("spaces") = std::vector<std::string>(),
           nb::sig("def tensor(self, bytes: int | None = None, *, name: str = '', "
                   "shape: collections.abc.Sequence[int] | None = None, dtype: str = '', "
                   "roles: collections.abc.Sequence[str] = [], alignment: int = 0, view_of: int | None = None, "
                   "view_offset: int = 0, spaces: collections.abc.Sequence[str] = []) -> int"),
           "Adds a tensor and gives its id. Its bytes, or its shape and dtype (\"float32\").\n\n"
           "roles: \"input\" (given from outside: alive from the first step), \"output\" (read from outside: to the "
           "last),\n"
           "\"state\" (kept from run to run). alignment: bytes; 0: that of whoever plans. view_of: it is the bytes of "
           "that\n"
           "tensor from view_offset on. spaces: names of those it may live in, the best first.")
      .def("op", AddOp, nb::arg("type"), nb::arg("inputs"), nb::arg("outputs"), nb::kw_only(), nb::arg("name") = "",
           nb::arg("workspace") = 0, nb::arg("workspace_alignment") = 0, nb::arg("stream") = 0,
           nb::arg("waits") = std::vector<int>(), nb::arg("after") = std::vector<int>(), nb::arg("has_effects") = false,
           nb::arg("aliases") = std::vector<AliasTuple>(),
           "Adds an op behind those before, and gives its id. inputs, outputs: ids of tensors.\n\n"
           "workspace: bytes of scratch while it runs. stream, waits: where it runs, and ids of ops of other streams "
           "that\n"
           "have ended before. after: ids of ops that run earlier in any order. aliases: what may share bytes, as\n"
           "(kind, position in outputs, position in inputs, offset in bytes); kinds: view, piece, same_index, "
           "streaming,\n"
           "reads_first.")
      .def("plan", PlanGraph, nb::arg("policy") = "auto", nb::kw_only(), nb::arg("alignment").none() = nb::none(),
           nb::arg("spaces").none() = nb::none(), nb::arg("views").none() = nb::none(),
           nb::arg("colocate").none() = nb::none(), nb::arg("in_place").none() = nb::none(),
           nb::arg("reorder").none() = nb::none(), nb::arg("effort") = "balanced",
           nb::arg("capacity").none() = nb::none(), nb::arg("time_limit").none() = nb::none(),
           nb::arg("progress").none() = nb::none(), nb::sig(plan_sig.c_str()),
           "Places every tensor; see orionrt.plan. ``views``, ``colocate``, ``in_place``, ``reorder``: what tensors "
           "may\n"
           "share, and the ops' order (None: as loaded, else off).")
      .def("problem", ProblemOf, nb::kw_only(), nb::arg("alignment").none() = nb::none(),
           nb::arg("spaces").none() = nb::none(), nb::arg("views").none() = nb::none(),
           nb::arg("colocate").none() = nb::none(), nb::arg("in_place").none() = nb::none(),
           nb::arg("reorder").none() = nb::none(), nb::sig(problem_sig.c_str()), "The lifetimes, unplanned.")
      .def_prop_ro(
          "graph_id", [](const GraphObject& self) { return GraphId(FrozenGraph(self)); },
          "Identifies it, whatever order tensors and ops are listed in.")
      .def("on_streams", PutOnStreams, nb::arg("streams"),
           "The same ops with their branches on at most so many streams (1 to 64), and the waits that they then need.\n"
           "Raises Error (\"misuse\") for a graph that has streams of its own.")
      .def_prop_ro(
          "ops", [](const GraphObject& self) { return self.ops; }, "The ops, in execution order.")
      .def_prop_ro(
          "tensors", [](const GraphObject& self) { return self.tensors; }, "The tensors, as they were added or read.")
      .def_prop_ro(
          "weight_bytes",
          [](const GraphObject& self) {
            return self.weights ? std::optional(self.weights->needed_bytes) : std::nullopt;
          },
          "Of a model: the bytes of its constants at run time, which no plan places.")
      .def_prop_ro(
          "warnings", [](const GraphObject& self) { return self.warnings; }, "Of reading a model; one line each.")
      .def_prop_ro(
          "source", [](const GraphObject& self) { return self.source; }, "Where it comes from.")
      .def("to_json", ToJson, "As orionrt.graph/1.")
      .def("__getstate__",
           [](const GraphObject& self) { return std::make_tuple(ToJson(self), self.source, self.alignment); })
      .def("__setstate__", SetState)
      .def("__len__", [](const GraphObject& self) { return self.ops.size(); })
      .def("__repr__", [](const GraphObject& self) {
        return "<orionrt.Graph: " + std::to_string(self.ops.size()) + " ops, " + std::to_string(self.tensors.size()) +
               " tensors>";
      });
}

}  // namespace orionrt::python
