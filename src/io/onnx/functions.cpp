#include "io/onnx/functions.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "base/index.hpp"

namespace orionrt::onnx_import {
namespace {

// The attributes of one call: those that it gives, and what the function says of the others.
struct Binding {
  const Node& call;
  const std::vector<onnx::AttributeProto>& defaults;

  const onnx::AttributeProto* Find(const std::string& name) const {
    if (const auto* given = call.Attribute(name.c_str())) return given;
    const auto found =
        std::find_if(defaults.begin(), defaults.end(), [&](const auto& it) { return it.name() == name; });
    return found == defaults.end() ? nullptr : &*found;
  }
};

void BindAttributes(onnx::NodeProto& inner, const Binding& binding);

void BindGraph(onnx::GraphProto& graph, const Binding& binding) {
  for (auto& inner : *graph.mutable_node()) BindAttributes(inner, binding);
}

// Attributes that refer to one of the call get its value; those that have none are left out.
void BindAttributes(onnx::NodeProto& inner, const Binding& binding) {
  google::protobuf::RepeatedPtrField<onnx::AttributeProto> attributes;
  for (auto& attribute : *inner.mutable_attribute()) {
    if (attribute.ref_attr_name().empty()) {
      if (attribute.has_g()) BindGraph(*attribute.mutable_g(), binding);
      *attributes.Add() = std::move(attribute);
    } else if (const auto* given = binding.Find(attribute.ref_attr_name())) {
      onnx::AttributeProto* copy = attributes.Add();
      *copy = *given;
      copy->set_name(attribute.name());
    }
  }
  inner.mutable_attribute()->Swap(&attributes);
}

// The function as a graph, for this call. Inputs that the call leaves out disappear from the nodes that read them.
onnx::GraphProto Instantiate(const onnx::FunctionProto& function, const Binding& binding) {
  onnx::GraphProto graph;
  std::set<std::string> absent;
  for (int i = 0; i < function.input_size(); ++i) {
    if (binding.call.Has(static_cast<std::size_t>(i))) {
      graph.add_input()->set_name(function.input(i));
    } else {
      absent.insert(function.input(i));
    }
  }
  for (const std::string& name : function.output()) graph.add_output()->set_name(name);
  for (const auto& node : function.node()) {
    onnx::NodeProto* inner = graph.add_node();
    *inner = node;
    BindAttributes(*inner, binding);
    for (std::string& name : *inner->mutable_input()) {
      if (absent.count(name)) name.clear();
    }
  }
  return graph;
}

Tensor Argument(Tensor& from) {
  Tensor tensor;
  tensor.SetType(from.Type());
  tensor.constant = from.constant;
  tensor.is_default = from.is_default;
  tensor.origin = &from;
  tensor.run_time = from.run_time;
  tensor.bounded = from.bounded;
  tensor.range = from.range;
  tensor.extent = from.extent;
  if (from.KnownValue()) tensor.value = from.value;
  return tensor;
}

}  // namespace

void RunFunction(GraphBuilder& graph, Node& node, const onnx::FunctionProto& function, int position, Types& types) {
  constexpr int kMostDepth = 16;
  if (graph.depth() >= kMostDepth) {
    graph.session().Fail(ErrorCode::kUnsupported, graph.Place(node), "functions call each other too deeply");
  }
  node.expanded = true;
  const onnx::GraphProto proto = Instantiate(function, {node, graph.session().DefaultsOf(function)});
  Opsets opsets;
  AddOpsets(function.opset_import(), opsets);
  GraphBuilder body(graph, proto, graph.Place(node) + ": function: ", opsets);
  std::vector<Tensor> arguments;
  for (int i = 0; i < function.input_size(); ++i) {
    if (node.Has(static_cast<std::size_t>(i))) arguments.push_back(Argument(*node.inputs[At(i)]));
  }
  body.Run(arguments);
  for (std::size_t i = 0; i < types.size() && i < body.outputs().size(); ++i) {
    types[i] = body.outputs()[i]->Type();
    if (!node.outputs[i]) continue;
    if (body.outputs()[i]->KnownValue()) node.outputs[i]->value = body.outputs()[i]->value;
    node.outputs[i]->run_time |= body.outputs()[i]->run_time;
    node.outputs[i]->bounded |= body.outputs()[i]->bounded;
  }
  graph.AddBody(body.MakeNested(position, "function"));
}

}  // namespace orionrt::onnx_import
