// First inputs for the fuzz target onnx.
#include <onnx/onnx_pb.h>

#include <initializer_list>
#include <utility>

#include "seeds.hpp"

namespace orionrt::fuzz {
namespace {

using Dims = std::initializer_list<std::int64_t>;

void Declare(onnx::ValueInfoProto* info, const std::string& name, Dims dims) {
  info->set_name(name);
  auto* type = info->mutable_type()->mutable_tensor_type();
  type->set_elem_type(onnx::TensorProto::FLOAT);
  for (const std::int64_t dim : dims) {
    auto* d = type->mutable_shape()->add_dim();
    if (dim >= 0) d->set_dim_value(dim);
    if (dim == -1) d->set_dim_param("batch");
  }
}

void AddInts(onnx::GraphProto* graph, const std::string& name, Dims values) {
  onnx::TensorProto* tensor = graph->add_initializer();
  tensor->set_name(name);
  tensor->set_data_type(onnx::TensorProto::INT64);
  tensor->add_dims(static_cast<std::int64_t>(values.size()));
  for (const std::int64_t value : values) tensor->add_int64_data(value);
}

void AddWeights(onnx::GraphProto* graph, const std::string& name, Dims dims) {
  onnx::TensorProto* tensor = graph->add_initializer();
  tensor->set_name(name);
  tensor->set_data_type(onnx::TensorProto::FLOAT);
  tensor->set_data_location(onnx::TensorProto::EXTERNAL);
  for (const std::int64_t dim : dims) tensor->add_dims(dim);
}

onnx::NodeProto* AddNode(onnx::GraphProto* graph, const std::string& op, std::initializer_list<const char*> inputs,
                         const std::string& output) {
  onnx::NodeProto* node = graph->add_node();
  node->set_op_type(op);
  for (const char* input : inputs) node->add_input(input);
  node->add_output(output);
  return node;
}

onnx::AttributeProto* AddAttribute(onnx::NodeProto* node, const char* name, onnx::AttributeProto::AttributeType type) {
  onnx::AttributeProto* attribute = node->add_attribute();
  attribute->set_name(name);
  attribute->set_type(type);
  return attribute;
}

onnx::ModelProto Model(int opset = 17) {
  onnx::ModelProto model;
  model.set_ir_version(8);
  model.add_opset_import()->set_version(opset);
  onnx::GraphProto* graph = model.mutable_graph();
  Declare(graph->add_input(), "x", {-1, 4, 8, 8});
  Declare(graph->add_output(), "y", {});
  AddInts(graph, "ints", {0, -1, 8});
  AddWeights(graph, "w", {4, 4, 3, 3});
  return model;
}

// x -> op -> y, alone: what its rules and the library's inference make of strange attributes and ranks.
std::string OneOp(const char* op, std::initializer_list<const char*> inputs, int opset = 17) {
  onnx::ModelProto model = Model(opset);
  onnx::NodeProto* node = AddNode(model.mutable_graph(), op, inputs, "y");
  AddAttribute(node, "axis", onnx::AttributeProto::INT)->set_i(1);
  onnx::AttributeProto* shape = AddAttribute(node, "kernel_shape", onnx::AttributeProto::INTS);
  shape->add_ints(3);
  shape->add_ints(3);
  return model.SerializeAsString();
}

// x -> Shape -> Gather -> Concat -> Reshape: shapes computed by the model.
std::string ComputedShape() {
  onnx::ModelProto model = Model();
  onnx::GraphProto* graph = model.mutable_graph();
  AddInts(graph, "zero", {0});
  AddInts(graph, "rest", {-1, 64});
  AddNode(graph, "Shape", {"x"}, "shape");
  AddNode(graph, "Gather", {"shape", "zero"}, "first");
  AddAttribute(AddNode(graph, "Concat", {"first", "rest"}, "joined"), "axis", onnx::AttributeProto::INT)->set_i(0);
  AddNode(graph, "Reshape", {"x", "joined"}, "y");
  return model.SerializeAsString();
}

// Rules, then the model whose ops they are for.
std::string OwnOps() {
  onnx::ModelProto model = Model();
  AddNode(model.mutable_graph(), "NonZero", {"x"}, "found");
  AddNode(model.mutable_graph(), "Own", {"x", "found"}, "own")->set_domain("own");
  AddNode(model.mutable_graph(), "Own", {"own", "w"}, "y")->set_domain("own");
  const std::string rules = R"rules({"schema": "orionrt.op_rules/1", "rules": [{"domain": "own", "op": "Own",
   "inputs": ["a", "b"], "attributes": {"stride": 2, "pads": [0, -1]},
   "outputs": [{"shape": ["a[:-1]", "max(b[0], 3) // stride + pads[1]", 4, "rank(b)", "elements(a) % 7"], "dtype": "a"
},
               {"shape": "broadcast(a, b)", "dtype": "int8"}],
   "aliases": [{"kind": "same_index"}, {"kind": "view", "input": 1, "offset": 64}],
   "workspace_bytes": "4*b[-1]", "workspace_alignment": 16
}]
})rules";
  return rules + '\0' + model.SerializeAsString();
}

// Dimensions that follow from each other, of inputs and within.
std::string Expressions() {
  onnx::ModelProto model = Model();
  onnx::GraphProto* graph = model.mutable_graph();
  const auto declare = [](onnx::ValueInfoProto* info, const char* name, const char* dim) {
    Declare(info, name, {-1, 4});
    info->mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim(1)->set_dim_param(dim);
  };
  declare(graph->add_input(), "past", "past-seq");
  declare(graph->add_input(), "mask", "(8*past + seq)//2 % 64");
  declare(graph->add_value_info(), "own", "floor(seq/2 - 1/2) + max(past, 3)**2");
  AddNode(graph, "CompanysOwn", {"past", "mask"}, "own");
  AddNode(graph, "Relu", {"own"}, "y");
  return model.SerializeAsString();
}

// Sums that are given, of names that inputs and what inference finds have.
std::string Sums() {
  onnx::ModelProto model = Model();
  onnx::GraphProto* graph = model.mutable_graph();
  const char* texts[] = {"a + b", "b - a", "2*a + 3*c", "d"};
  for (const char* text : texts) {
    onnx::ValueInfoProto* info = std::string(text) == "d" ? graph->add_value_info() : graph->add_input();
    Declare(info, std::string("in ") + text, {-1, 4});
    info->mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim(1)->set_dim_param(text);
  }
  AddNode(graph, "Relu", {"in a + b"}, "in d");
  AddNode(graph, "Relu", {"in d"}, "y");
  return std::string("=a + b=5\nb - a=1\n2*a + 3*c=13") + '\0' + model.SerializeAsString();
}

std::string Control(const char* op, std::initializer_list<const char*> inputs,
                    std::initializer_list<const char*> bodies) {
  onnx::ModelProto model = Model();
  AddInts(model.mutable_graph(), "count", {2});
  onnx::NodeProto* node = AddNode(model.mutable_graph(), op, inputs, "y");
  for (const char* name : bodies) {
    onnx::GraphProto* body = AddAttribute(node, name, onnx::AttributeProto::GRAPH)->mutable_g();
    AddNode(body, "Relu", {"x"}, std::string(name) + "_y");
    Declare(body->add_output(), std::string(name) + "_y", {-1, 4, 8, 8});
  }
  return model.SerializeAsString();
}

// A function of the model, called twice.
std::string Function() {
  onnx::ModelProto model = Model();
  model.add_opset_import()->set_domain("own");
  model.mutable_opset_import(1)->set_version(1);
  onnx::FunctionProto* function = model.add_functions();
  function->set_name("Twice");
  function->set_domain("own");
  function->add_input("a");
  function->add_output("b");
  function->add_opset_import()->set_version(17);
  for (const auto& [from, to] : {std::pair{"a", "m"}, std::pair{"m", "b"}}) {
    onnx::NodeProto* node = function->add_node();
    node->set_op_type("Relu");
    node->add_input(from);
    node->add_output(to);
  }
  AddNode(model.mutable_graph(), "Twice", {"x"}, "z")->set_domain("own");
  AddNode(model.mutable_graph(), "Twice", {"z"}, "y")->set_domain("own");
  return model.SerializeAsString();
}

}  // namespace

void AddOnnxSeeds(Seeds& seeds) {
  for (const char* op : {"Conv", "ConvTranspose", "MatMul", "Gemm", "Add", "Concat", "Where", "Einsum", "LSTM", "GRU",
                         "Attention", "QLinearConv", "LayerNormalization", "BatchNormalization"}) {
    seeds[std::string("onnx/") + op] = OneOp(op, {"x", "w", "x"});
  }
  for (const char* op :
       {"MaxPool", "AveragePool", "Softmax", "Flatten", "Shape", "Split", "GlobalAveragePool", "LRN", "ArgMax",
        "Transpose", "SpaceToDepth", "DepthToSpace", "Dropout", "NonZero", "Constant", "Unique", "BitCast", "SwiGLU"}) {
    seeds[std::string("onnx/") + op] = OneOp(op, {"x"});
  }
  for (const char* op : {"Reshape",    "Squeeze",       "Unsqueeze",       "Expand", "Tile",
                         "Pad",        "Gather",        "ReduceSum",       "TopK",   "OneHot",
                         "Slice",      "Resize",        "ConstantOfShape", "Range",  "ScatterND",
                         "Upsample",   "CenterCropPad", "Col2Im",          "DFT",    "MaxUnpool",
                         "AffineGrid", "Compress"}) {
    seeds[std::string("onnx/") + op] = OneOp(op, {"x", "ints", "ints", "ints"});
    seeds[std::string("onnx/old_") + op] = OneOp(op, {"x", "ints"}, 9);
    seeds[std::string("onnx/new_") + op] = OneOp(op, {"x", "ints"}, 19);
  }
  seeds["onnx/computed_shape"] = ComputedShape();
  seeds["onnx/op_rules"] = OwnOps();
  seeds["onnx/expressions"] = Expressions();
  seeds["onnx/sums"] = Sums();
  seeds["onnx/if"] = Control("If", {"condition"}, {"then_branch", "else_branch"});
  seeds["onnx/loop"] = Control("Loop", {"count", "", "x"}, {"body"});
  seeds["onnx/scan"] = Control("Scan", {"x"}, {"body"});
  seeds["onnx/function"] = Function();
}

}  // namespace orionrt::fuzz
