// Graph -> assignment: graphs built by calls.
#include <utility>

#include "capi/handles.hpp"
#include "orionrt/graph.hpp"
#include "orionrt/planner.hpp"
#include "orionrt/streams.hpp"

namespace orionrt::capi {
namespace {

constexpr const char* kGraph = "the graph";

std::size_t ReadSize(std::uint64_t bytes, const char* what) {
  if (bytes <= static_cast<std::uint64_t>(SIZE_MAX)) return static_cast<std::size_t>(bytes);
  throw Error(ErrorCode::kBadInput, std::string(what) + " is more than this machine can address");
}

TensorDesc ReadTensor(const orionrt_tensor* given) {
  RefuseNull(given, "the tensor");
  const orionrt_tensor options = ReadOptions(given, "orionrt_tensor");
  constexpr std::uint32_t kAllRoles = 2 * ORIONRT_ROLE_EXTERNAL - 1;
  if ((options.roles & ~kAllRoles) != 0) Misuse("orionrt_tensor.roles has odd bits");
  TensorDesc tensor;
  tensor.id = options.id;
  tensor.roles = options.roles;
  tensor.bytes = ReadSize(options.bytes, "orionrt_tensor.bytes");
  tensor.alignment = ReadSize(options.alignment, "orionrt_tensor.alignment");
  tensor.name = TextOf(options.name);
  tensor.dtype = TextOf(options.dtype);
  for (const char* const name : ReadArray(options.spaces, options.space_count, "orionrt_tensor.spaces")) {
    RefuseNull(name, "a name in orionrt_tensor.spaces");
    tensor.spaces.emplace_back(name);
  }
  if (options.is_view == 0) return tensor;
  tensor.view_of = options.view_of;
  tensor.view_offset = ReadSize(options.view_offset, "orionrt_tensor.view_offset");
  if (tensor.view_of < 0) Misuse("orionrt_tensor.view_of is negative");
  return tensor;
}
static_assert(ORIONRT_ROLE_INPUT == TensorRole::kInput && ORIONRT_ROLE_OUTPUT == TensorRole::kOutput &&
              ORIONRT_ROLE_STATE == TensorRole::kState && ORIONRT_ROLE_EXTERNAL == TensorRole::kHeld);

constexpr AliasKind kAliasKinds[] = {AliasKind::kView, AliasKind::kPiece, AliasKind::kSameIndex, AliasKind::kStreaming,
                                     AliasKind::kReadsFirst};
static_assert(ORIONRT_ALIAS_VIEW == 0 && ORIONRT_ALIAS_PART == 1 && ORIONRT_ALIAS_SAME_INDEX == 2 &&
              ORIONRT_ALIAS_STREAMING == 3 && ORIONRT_ALIAS_READS_FIRST == 4);

Alias ReadAlias(const orionrt_alias& given) {
  const auto kind = static_cast<std::size_t>(given.kind);
  if (kind >= std::size(kAliasKinds)) Misuse("orionrt_alias.kind is none of orionrt_alias_kind");
  return {kAliasKinds[kind], given.output, given.input, ReadSize(given.offset, "orionrt_alias.offset")};
}

OpNode ReadOp(const orionrt_op* given) {
  RefuseNull(given, "the op");
  const orionrt_op options = ReadOptions(given, "orionrt_op");
  OpNode op;
  op.id = options.id;
  op.inputs = ReadArray(options.inputs, options.input_count, "orionrt_op.inputs");
  op.outputs = ReadArray(options.outputs, options.output_count, "orionrt_op.outputs");
  op.name = TextOf(options.name);
  op.type = TextOf(options.type);
  op.workspace_bytes = ReadSize(options.workspace_bytes, "orionrt_op.workspace_bytes");
  op.workspace_alignment = ReadSize(options.workspace_alignment, "orionrt_op.workspace_alignment");
  for (const orionrt_alias& alias : ReadArray(options.aliases, options.alias_count, "orionrt_op.aliases")) {
    op.aliases.push_back(ReadAlias(alias));
  }
  op.has_effects = options.has_effects != 0;
  op.after = ReadArray(options.after, options.after_count, "orionrt_op.after");
  op.stream = options.stream;
  op.waits = ReadArray(options.waits, options.wait_count, "orionrt_op.waits");
  return op;
}

}  // namespace

Graph GraphOf(const orionrt_graph* graph) {
  RefuseNull(graph, kGraph);
  return Graph(graph->ops, graph->tensors);
}

ImportedModel ModelOf(const orionrt_graph* graph) {
  ImportedModel model;
  model.graph = GraphOf(graph);
  model.bodies = graph->bodies;
  model.weights = graph->weights.value_or(WeightBytes());
  return model;
}

}  // namespace orionrt::capi

using namespace orionrt;
using namespace orionrt::capi;

orionrt_status orionrt_graph_create(orionrt_graph** graph) {
  return Create(graph, [] { return std::make_unique<orionrt_graph>(); });
}

orionrt_status orionrt_graph_add_tensor(orionrt_graph* graph, const orionrt_tensor* tensor) {
  return Try([&] {
    RefuseNull(graph, kGraph);
    graph->tensors.push_back(ReadTensor(tensor));
  });
}

orionrt_status orionrt_graph_add_op(orionrt_graph* graph, const orionrt_op* op) {
  return Try([&] {
    RefuseNull(graph, kGraph);
    graph->ops.push_back(ReadOp(op));
  });
}

orionrt_status orionrt_graph_add_space(orionrt_graph* graph, const orionrt_space* space) {
  return Try([&] {
    RefuseNull(graph, kGraph);
    graph->spaces.push_back(ReadSpace(space));
  });
}

orionrt_status orionrt_graph_check(const orionrt_graph* graph) {
  return Try([&] { (void)capi::GraphOf(graph); });
}

orionrt_status orionrt_graph_id(const orionrt_graph* graph, uint64_t* id) {
  return Try([&] {
    RefuseNull(id, "the place for the id");
    *id = GraphId(capi::GraphOf(graph));
  });
}

void orionrt_graph_destroy(orionrt_graph* graph) { delete graph; }

orionrt_status orionrt_graph_on_streams(const orionrt_graph* graph, int32_t streams, orionrt_graph** streamed,
                                        orionrt_stream_figures* figures) {
  return Create(streamed, [&] {
    const StreamedGraph put = OnStreams(capi::GraphOf(graph), streams);
    auto made = std::make_unique<orionrt_graph>(*graph);
    made->ops = put.graph.ops();
    made->import.streams = streams;
    const orionrt_stream_figures told = {0, put.streams, put.waits, put.paths, put.longest_chain, put.least_chain};
    if (figures != nullptr) WriteFigures(figures, told, "orionrt_stream_figures");
    return made;
  });
}

orionrt_status orionrt_graph_imply_waits(orionrt_graph* graph, size_t* added) {
  return Try([&] {
    RefuseNull(graph, kGraph);
    std::vector<OpNode> ops = graph->ops;
    const std::size_t count = ImplyWaits(ops, graph->tensors).size();
    graph->ops = std::move(ops);
    graph->import.imply_waits = true;
    if (added != nullptr) *added = count;
  });
}

orionrt_status orionrt_graph_assign(const orionrt_graph* graph, const orionrt_plan_options* options,
                                    orionrt_assignment** assignment, orionrt_plan** plan) {
  if (plan != nullptr) *plan = nullptr;
  return Create(assignment, [&] {
    const ImportedModel model = ModelOf(graph);
    const PlanningOptions read = ReadPlanningOptions(options);
    const LowerOptions lowering = {read.transforms, read.alignment, graph->spaces};
    Workload workload = Lower(model, graph->source, graph->import, lowering);
    workload.weights = graph->weights;
    PlannedWorkload planned = PlanWorkload(workload, read.planner, read.plan);
    auto made = std::make_unique<orionrt_assignment>(orionrt_assignment{Assign(workload, planned)});
    if (plan != nullptr) *plan = new orionrt_plan{std::move(workload), std::move(planned)};
    return made;
  });
}
