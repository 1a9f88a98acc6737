#include "placed_model.hpp"

#include <algorithm>

#include "base/index.hpp"
#include "base/text.hpp"
#include "orionrt/config.hpp"
#include "orionrt/formats.hpp"
#ifdef ORIONRT_HAS_TFLITE
#include "orionrt/import.hpp"
#include "tflm.hpp"
#endif

namespace orionrt::cli {
namespace {

#ifdef ORIONRT_HAS_TFLITE
using SubgraphOffsets = std::vector<std::vector<std::int64_t>>;

// The number of the subgraph that a body is: "cond_sub1" is number 1.
std::size_t SubgraphOf(const std::string& attribute) {
  const std::size_t at = attribute.rfind("sub");
  const auto number = at == std::string::npos ? std::nullopt : ParseInt(attribute.substr(at + 3));
  return number && *number >= 0 ? static_cast<std::size_t>(*number) : SIZE_MAX;
}

// TFLM runs the ops in the order of the file, which is that of the graph, and writes nothing in place.
Assignment PlacesIn(const Graph& graph, const std::vector<NestedGraph>& bodies, const SubgraphOffsets& offsets,
                    std::size_t subgraph, AssignedSpace& arena, std::string& fault) {
  Assignment assignment;
  assignment.graph_id = GraphId(graph);
  for (const OpNode& op : graph.ops()) assignment.order_ids.push_back(op.id);
  for (const TensorDesc& tensor : graph.tensors()) {
    const auto id = static_cast<std::size_t>(tensor.id);
    const bool stated = subgraph < offsets.size() && id < offsets[subgraph].size() && offsets[subgraph][id] >= 0;
    Place place{tensor.id, kExternal, 0, static_cast<std::int64_t>(tensor.bytes)};
    if (place.bytes == 0) place.space = 0;
    if (stated && place.bytes > 0) {
      place.space = 0;
      place.offset = offsets[subgraph][id];
      if (place.offset % kTflmAlignment != 0 && fault.empty()) {
        fault = "tensor " + std::to_string(tensor.id) + " of subgraph " + std::to_string(subgraph) + " lies at " +
                std::to_string(place.offset) + ", which is no multiple of 16";
      }
      arena.required_bytes = std::max(arena.required_bytes, place.offset + place.bytes);
    }
    assignment.tensors.push_back(place);
  }
  std::sort(assignment.tensors.begin(), assignment.tensors.end(),
            [](const Place& a, const Place& b) { return a.id < b.id; });
  for (const NestedGraph& body : bodies) {
    const int op_id = graph.ops()[At(body.op)].id;
    assignment.bodies.push_back(
        {op_id, body.attribute, PlacesIn(body.graph, body.bodies, offsets, SubgraphOf(body.attribute), arena, fault)});
  }
  return assignment;
}
#endif

void RefuseWithoutModel(const std::string& path, const std::string& model, const std::string& what) {
  if (!model.empty()) return;
  throw Error(ErrorCode::kMisuse, Printable(path, 1000) + ": a " + what +
                                      " says nothing of lifetimes; name the model too: orionrt check PLAN MODEL");
}

// A model as a plan was made of it, unless options say otherwise.
PlacedModel LoadModelOf(const std::string& model, const ImportOptions& import, const InputOptions& options) {
  InputOptions as_input = options;
  as_input.import = import;
  as_input.model.clear();
  as_input.transforms = {};  // what they made of the graph is in the plan
  as_input.all_transforms = false;
  Input input = LoadInput(model, as_input);
  if (input.workload.transformed == nullptr) {
    throw Error(ErrorCode::kUnsupported,
                Printable(model, 1000) + ": holds lifetimes, and the plan is judged by its graph; give the model");
  }
  PlacedModel placed;
  placed.graph = input.workload.transformed->graph;
  placed.bodies = std::move(input.nested);
  return placed;
}

}  // namespace

#ifdef ORIONRT_HAS_TFLITE
PlacedModel LoadTflmPlan(const std::string& path, const InputOptions& options) {
  const std::string bytes = ReadFile(path);
  const auto offsets = ReadTflmPlan(bytes, path);
  if (!offsets) {
    throw Error(ErrorCode::kBadInput,
                Printable(path, 1000) +
                    ": carries no plan for TFLM; orionrt plan model.tflite -o planned.tflite makes "
                    "one");
  }
  InputOptions as_tflm = options;
  if (as_tflm.dims.empty()) as_tflm.dims.push_back("*=1");
  as_tflm.no_fold = true;
  ImportedModel model = ImportTflite(bytes, path, MakeImportOptions(path, as_tflm));
  PlacedModel placed;
  AssignedSpace arena{"", 0, kTflmAlignment};
  placed.assignment = PlacesIn(model.graph, model.bodies, *offsets, 0, arena, placed.fault);
  placed.assignment.spaces.push_back(arena);
  placed.graph = std::move(model.graph);
  placed.bodies = std::move(model.bodies);
  return placed;
}
#else
PlacedModel LoadTflmPlan(const std::string& path, const InputOptions&) {
  throw Error(ErrorCode::kUnsupported, Printable(path, 1000) + ": this orionrt was built without FlatBuffers");
}
#endif

PlacedModel LoadHeaderPlan(const std::string& path, const std::string& model, const InputOptions& options) {
  RefuseWithoutModel(path, model, "header");
  const std::string text = ReadFile(path);
  PlacedModel placed = LoadModelOf(model, ReadCHeaderMadeWith(text, path).import, options);
  placed.bodies.clear();  // of which a header says nothing
  placed.assignment = ReadCHeader(text, path, placed.graph);
  return placed;
}

PlacedModel LoadBinaryPlan(const std::string& bytes, const std::string& source, const std::string& model,
                           const InputOptions& options) {
  RefuseWithoutModel(source, model, "binary plan");
  Assignment assignment = ReadAssignmentBinary(bytes, source);
  PlacedModel placed = LoadModelOf(model, assignment.made_with.import, options);
  placed.assignment = std::move(assignment);
  return placed;
}

}  // namespace orionrt::cli
