#include "io/onnx/control.hpp"

#include <algorithm>

namespace orionrt::onnx_import {
namespace {

// A body that has been gone through, until its graph is handed on.
class Body {
 public:
  Body(GraphBuilder& graph, const Node& node, const onnx::AttributeProto& attribute, bool lenient)
      : builder_(graph.session(), attribute.g(), &graph,
                 graph.Place(node) + ": body " + Quoted(attribute.name()) + ": ", lenient || graph.lenient()),
        attribute_(attribute) {}

  void Run(const std::vector<Tensor>& inputs) { builder_.Run(inputs); }

  Tensor* Output(std::size_t i) const { return i < builder_.outputs().size() ? builder_.outputs()[i] : nullptr; }

  void HandOn(GraphBuilder& graph, int position) { graph.AddBody(builder_.MakeNested(position, attribute_.name())); }

 private:
  GraphBuilder builder_;
  const onnx::AttributeProto& attribute_;
};

// What a body may assume of an input that changes from run to run: its type alone.
Tensor TypeAlone(onnx::TypeProto type) {
  Tensor tensor;
  tensor.SetType(std::move(type));
  return tensor;
}

const onnx::AttributeProto& BodyNamed(GraphBuilder& graph, const Node& node, const char* name) {
  const onnx::AttributeProto* attribute = node.Attribute(name);
  if (!attribute || !attribute->has_g()) {
    graph.session().Fail(ErrorCode::kBadInput, graph.Place(node), "has no body " + Quoted(name));
  }
  return *attribute;
}

std::int64_t BytesOf(const Tensor& tensor) {
  return tensor.dims ? ByteCount(tensor.dtype, *tensor.dims).value_or(-1) : -1;
}

// Takes over the type of a body's output; of two that differ, the larger one.
void OfferType(GraphBuilder& graph, const Node& node, const Tensor* offered, onnx::TypeProto& type) {
  if (!offered || !offered->HasType()) return;
  const Tensor have = TypeAlone(type);
  if (have.dims && offered->dims && *have.dims != *offered->dims) {
    graph.session().Warn(graph.Place(node),
                         "its bodies give " + Quoted(*offered->name) + " different shapes; the larger one is taken");
  }
  if (BytesOf(*offered) > BytesOf(have) || !have.HasType()) type = offered->Type();
}

void RunIf(GraphBuilder& graph, Node& node, int position, Types& types) {
  const Value* condition = node.Known(0);
  const bool known = condition && condition->ints.size() == 1;
  for (const char* name : {"else_branch", "then_branch"}) {
    const onnx::AttributeProto& attribute = BodyNamed(graph, node, name);
    if (known && (condition->ints[0] != 0) != (name == std::string("then_branch"))) continue;
    Body body(graph, node, attribute, !known);
    body.Run({});
    for (std::size_t i = 0; i < types.size(); ++i) {
      Tensor* output = body.Output(i);
      OfferType(graph, node, output, types[i]);
      if (!known || !output || !node.outputs[i] || !output->KnownValue()) continue;
      node.outputs[i]->value = output->value;
    }
    body.HandOn(graph, position);
  }
}

onnx::TypeProto InsertDim(const onnx::TypeProto& type, std::int64_t axis, std::int64_t extent) {
  Tensor tensor = TypeAlone(type);
  if (!tensor.dims || !NormalizeAxis(axis, tensor.dims->size() + 1)) return {};
  tensor.dims->insert(tensor.dims->begin() + axis, extent);
  return MakeType(tensor.dtype, tensor.dims);
}

// One row per iteration; how many those are is a dimension like any other if the file does not say.
onnx::TypeProto StackRows(const Session& session, const Tensor& row, const Value* limit) {
  if (limit && limit->ints.size() == 1) return InsertDim(row.Type(), 0, std::max<std::int64_t>(limit->ints[0], 0));
  onnx::TypeProto type = InsertDim(row.Type(), 0, 0);
  if (!type.has_tensor_type()) return type;
  auto* rows = type.mutable_tensor_type()->mutable_shape()->mutable_dim(0);
  rows->set_dim_param(kTripName);
  const auto given = session.options().dims.find(kTripName);
  if (given != session.options().dims.end()) rows->set_dim_value(given->second);
  return type;
}

onnx::TypeProto RemoveDims(const Tensor& tensor, std::size_t axis, std::size_t count) {
  if (!tensor.dims || tensor.dims->size() < axis + count) return {};
  Dims dims = *tensor.dims;
  dims.erase(dims.begin() + axis, dims.begin() + axis + count);
  return MakeType(tensor.dtype, dims);
}

// Loop: (count, condition, carried...) -> (carried..., one row per iteration...).
void RunLoop(GraphBuilder& graph, Node& node, int position, Types& types) {
  std::vector<Tensor> inputs = {TypeAlone(MakeType(onnx::TensorProto::INT64, Dims())),
                                TypeAlone(MakeType(onnx::TensorProto::BOOL, Dims()))};
  for (std::size_t i = 2; i < node.inputs.size(); ++i) {
    inputs.push_back(node.Has(i) ? TypeAlone(node.inputs[i]->Type()) : Tensor());
  }
  const std::size_t carried = inputs.size() - 2;
  Body body(graph, node, BodyNamed(graph, node, "body"), false);
  body.Run(inputs);
  const Value* limit = node.Known(0);
  for (std::size_t i = 0; i < types.size(); ++i) {
    const Tensor* output = body.Output(i + 1);  // the first one is the condition
    if (!output || !output->HasType()) continue;
    if (i < carried) {
      if (node.Has(i + 2)) types[i] = node.inputs[i + 2]->Type();
      OfferType(graph, node, output, types[i]);
    } else {
      types[i] = StackRows(graph.session(), *output, limit);
    }
  }
  body.HandOn(graph, position);
}

// Scan: (states..., sequences...) -> (states..., sequences...). Opset 8 also has lengths in front, and a batch axis.
void RunScan(GraphBuilder& graph, Node& node, int position, Types& types) {
  const bool batched = node.opset < 9;
  const std::size_t first = batched ? 1 : 0, lead = batched ? 1 : 0;
  const std::int64_t sequences = node.Int("num_scan_inputs", 0);
  if (sequences < 1 || static_cast<std::size_t>(sequences) + first > node.inputs.size()) {
    graph.session().Fail(ErrorCode::kBadInput, graph.Place(node), "has no num_scan_inputs that fits its inputs");
  }
  const std::size_t states = node.inputs.size() - first - static_cast<std::size_t>(sequences);
  const Dims in_axes = node.Ints("scan_input_axes"), out_axes = node.Ints("scan_output_axes");
  std::vector<Tensor> inputs;
  std::int64_t length = -1, batch = 1;
  for (std::size_t i = 0; first + i < node.inputs.size(); ++i) {
    const Tensor* input = node.inputs[first + i];
    inputs.emplace_back();
    if (!input || !input->dims || input->dims->size() < lead) continue;
    if (batched) batch = (*input->dims)[0];
    if (i < states) {
      inputs.back().SetType(RemoveDims(*input, 0, lead));
      continue;
    }
    std::int64_t axis = i - states < in_axes.size() ? in_axes[i - states] : 0;
    if (batched) axis = 1;
    if (!NormalizeAxis(axis, input->dims->size())) continue;
    length = (*input->dims)[axis];
    inputs.back().SetType(batched ? RemoveDims(*input, 0, 2) : RemoveDims(*input, static_cast<std::size_t>(axis), 1));
  }
  Body body(graph, node, BodyNamed(graph, node, "body"), false);
  body.Run(inputs);
  for (std::size_t i = 0; i < types.size(); ++i) {
    const Tensor* output = body.Output(i);
    if (!output || !output->HasType()) continue;
    if (i < states) {
      types[i] = batched ? InsertDim(output->Type(), 0, batch) : output->Type();
    } else if (length >= 0) {
      const std::int64_t axis = !batched && i - states < out_axes.size() ? out_axes[i - states] : 0;
      types[i] = InsertDim(output->Type(), axis, length);
      if (batched) types[i] = InsertDim(types[i], 0, batch);
    }
  }
  body.HandOn(graph, position);
}

}  // namespace

void RunBodies(GraphBuilder& graph, Node& node, int position, Types& types) {
  if (node.Domain().empty() && node.Op() == "If") return RunIf(graph, node, position, types);
  if (node.Domain().empty() && node.Op() == "Loop") return RunLoop(graph, node, position, types);
  if (node.Domain().empty() && node.Op() == "Scan") return RunScan(graph, node, position, types);
  for (const auto* attribute : node.bodies) {  // BeamSearch and its like say nothing about how they call their bodies
    Body body(graph, node, *attribute, false);
    body.Run({});
    body.HandOn(graph, position);
  }
}

}  // namespace orionrt::onnx_import
