// ONNX models made by hand, and what their import gives in words.
#pragma once

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#include "orionrt/config.hpp"
#include "orionrt/import.hpp"
#include "orionrt/lowering.hpp"

namespace orionrt::tests {

using Dims = std::vector<std::int64_t>;
using Names = std::vector<std::string>;

inline void Declare(onnx::ValueInfoProto* info, const std::string& name, const Dims& dims,
                    int dtype = onnx::TensorProto::FLOAT) {
  info->set_name(name);
  auto* type = info->mutable_type()->mutable_tensor_type();
  type->set_elem_type(dtype);
  type->mutable_shape();
  for (std::int64_t dim : dims) {
    auto* d = type->mutable_shape()->add_dim();
    if (dim != -1) d->set_dim_value(dim);
  }
}

inline onnx::NodeProto* AddNode(onnx::GraphProto* graph, const std::string& op, const Names& inputs,
                                const Names& outputs) {
  onnx::NodeProto* node = graph->add_node();
  node->set_op_type(op);
  node->set_name(op + "_" + std::to_string(graph->node_size() - 1));
  for (const auto& name : inputs) node->add_input(name);
  for (const auto& name : outputs) node->add_output(name);
  return node;
}

inline void SetInt(onnx::NodeProto* node, const std::string& name, std::int64_t value) {
  auto* attribute = node->add_attribute();
  attribute->set_name(name);
  attribute->set_type(onnx::AttributeProto::INT);
  attribute->set_i(value);
}

inline void SetInts(onnx::NodeProto* node, const std::string& name, const Dims& values) {
  auto* attribute = node->add_attribute();
  attribute->set_name(name);
  attribute->set_type(onnx::AttributeProto::INTS);
  for (std::int64_t value : values) attribute->add_ints(value);
}

inline onnx::GraphProto* SetGraph(onnx::NodeProto* node, const std::string& name) {
  auto* attribute = node->add_attribute();
  attribute->set_name(name);
  attribute->set_type(onnx::AttributeProto::GRAPH);
  return attribute->mutable_g();
}

inline onnx::TensorProto* AddInts(onnx::GraphProto* graph, const std::string& name, const Dims& values,
                                  bool scalar = false) {
  onnx::TensorProto* tensor = graph->add_initializer();
  tensor->set_name(name);
  tensor->set_data_type(onnx::TensorProto::INT64);
  if (!scalar) tensor->add_dims(static_cast<std::int64_t>(values.size()));
  for (std::int64_t value : values) tensor->add_int64_data(value);
  return tensor;
}

struct Model {
  explicit Model(int opset = 13) {
    proto.set_ir_version(8);
    proto.add_opset_import()->set_version(opset);
    graph = proto.mutable_graph();
  }
  void Input(const std::string& name, const Dims& dims, int dtype = onnx::TensorProto::FLOAT) {
    Declare(graph->add_input(), name, dims, dtype);
  }
  void Output(const std::string& name, const Dims& dims = {}) { Declare(graph->add_output(), name, dims); }
  void Weights(const std::string& name, const Dims& dims) {
    onnx::TensorProto* tensor = graph->add_initializer();
    tensor->set_name(name);
    tensor->set_data_type(onnx::TensorProto::FLOAT);
    tensor->set_data_location(onnx::TensorProto::EXTERNAL);
    for (std::int64_t dim : dims) tensor->add_dims(dim);
  }
  onnx::NodeProto* Node(const std::string& op, const Names& inputs, const Names& outputs) {
    return AddNode(graph, op, inputs, outputs);
  }
  ImportedModel Import(const ImportOptions& options = {}) const {
    return ImportOnnx(proto.SerializeAsString(), "model.onnx", options);
  }

  onnx::ModelProto proto;
  onnx::GraphProto* graph = nullptr;
};

inline std::string MessageOf(const Model& model, const ImportOptions& options = {}) {
  try {
    model.Import(options);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

// "name lower upper bytes" for each tensor, in the order of the graph.
inline std::string Lives(const Graph& graph) {
  const GraphLiveness liveness(graph);
  std::ostringstream text;
  for (std::size_t i = 0; i < graph.tensors().size(); ++i) {
    const TensorDesc& tensor = graph.tensors()[i];
    text << tensor.name << ' ' << liveness.lifetimes()[i].start << ' ' << liveness.lifetimes()[i].end + 1 << ' '
         << tensor.bytes << '\n';
  }
  return text.str();
}

inline Dims ShapeOf(const ImportedModel& model, const std::string& name) {
  for (const TensorDesc& tensor : model.graph.tensors()) {
    if (tensor.name == name) return tensor.shape;
  }
  return {-1};
}

inline onnx::TensorProto* AddConstant(onnx::GraphProto* graph, const std::string& name, int dtype, const Dims& dims) {
  onnx::TensorProto* tensor = graph->add_initializer();
  tensor->set_name(name);
  tensor->set_data_type(dtype);
  tensor->set_data_location(onnx::TensorProto::EXTERNAL);
  for (std::int64_t dim : dims) tensor->add_dims(dim);
  return tensor;
}

// An If inside an If that reads "x" of the outermost graph.
inline Model NestedIf(bool known) {
  Model model;
  model.Input("x", {4});
  if (known) {
    auto* condition = model.graph->add_initializer();
    condition->set_name("c");
    condition->set_data_type(onnx::TensorProto::BOOL);
    condition->add_int32_data(1);
  } else {
    model.Input("c", {}, onnx::TensorProto::BOOL);
  }
  model.Output("z", {4});
  auto* outer = model.Node("If", {"c"}, {"y"});
  auto* yes = SetGraph(outer, "then_branch");
  auto* inner = AddNode(yes, "If", {"c"}, {"p"});
  Declare(yes->add_output(), "p", {4});
  for (const char* name : {"then_branch", "else_branch"}) {
    auto* body = SetGraph(inner, name);
    AddNode(body, "Relu", {"x"}, {std::string("q_") + name});
    Declare(body->add_output(), std::string("q_") + name, {4});
  }
  auto* no = SetGraph(outer, "else_branch");
  AddNode(no, "Neg", {"x"}, {"r"});
  Declare(no->add_output(), "r", {4});
  model.Node("Relu", {"y"}, {"z"});
  return model;
}

}  // namespace orionrt::tests
