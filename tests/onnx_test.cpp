#include "orionrt/onnx.hpp"

#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <tuple>

#include "orionrt/error.hpp"
#include "orionrt/liveness.hpp"

namespace orionrt {
namespace {

using Dims = std::vector<std::int64_t>;
using Names = std::vector<std::string>;

void Declare(onnx::ValueInfoProto* info, const std::string& name, const Dims& dims,
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

onnx::NodeProto* AddNode(onnx::GraphProto* graph, const std::string& op, const Names& inputs, const Names& outputs) {
  onnx::NodeProto* node = graph->add_node();
  node->set_op_type(op);
  node->set_name(op + "_" + std::to_string(graph->node_size() - 1));
  for (const auto& name : inputs) node->add_input(name);
  for (const auto& name : outputs) node->add_output(name);
  return node;
}

void SetInt(onnx::NodeProto* node, const std::string& name, std::int64_t value) {
  auto* attribute = node->add_attribute();
  attribute->set_name(name);
  attribute->set_type(onnx::AttributeProto::INT);
  attribute->set_i(value);
}

void SetInts(onnx::NodeProto* node, const std::string& name, const Dims& values) {
  auto* attribute = node->add_attribute();
  attribute->set_name(name);
  attribute->set_type(onnx::AttributeProto::INTS);
  for (std::int64_t value : values) attribute->add_ints(value);
}

onnx::GraphProto* SetGraph(onnx::NodeProto* node, const std::string& name) {
  auto* attribute = node->add_attribute();
  attribute->set_name(name);
  attribute->set_type(onnx::AttributeProto::GRAPH);
  return attribute->mutable_g();
}

onnx::TensorProto* AddInts(onnx::GraphProto* graph, const std::string& name, const Dims& values, bool scalar = false) {
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

std::string MessageOf(const Model& model, const ImportOptions& options = {}) {
  try {
    model.Import(options);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

// "name lower upper bytes" for each tensor, in the order of the graph.
std::string Lives(const Graph& graph) {
  const GraphLiveness liveness(graph);
  std::ostringstream text;
  for (std::size_t i = 0; i < graph.tensors().size(); ++i) {
    const TensorDesc& tensor = graph.tensors()[i];
    text << tensor.name << ' ' << liveness.lifetimes()[i].start << ' ' << liveness.lifetimes()[i].end + 1 << ' '
         << tensor.bytes << '\n';
  }
  return text.str();
}

Dims ShapeOf(const ImportedModel& model, const std::string& name) {
  for (const TensorDesc& tensor : model.graph.tensors()) {
    if (tensor.name == name) return tensor.shape;
  }
  return {-1};
}

TEST(OnnxTest, LifetimesOfAChain) {
  Model model;
  model.Input("x", {1, 4});
  model.Input("unused", {2});
  model.Output("z", {1, 4});
  model.Node("Relu", {"x"}, {"y"});
  model.Node("Add", {"x", "y"}, {"z"});
  model.Node("Neg", {"y"}, {"nobody"});
  const ImportedModel imported = model.Import();
  EXPECT_EQ(Lives(imported.graph), "x 0 2 16\nunused 0 1 8\ny 0 3 16\nz 1 3 16\nnobody 2 3 16\n");
  EXPECT_EQ(imported.graph.ops()[1].name, "Add_1");
  EXPECT_EQ(imported.graph.tensors()[0].roles, unsigned{kInput});
  EXPECT_EQ(imported.graph.tensors()[3].roles, unsigned{kOutput});
}

TEST(OnnxTest, InputGivenOutAndConstantOutput) {
  Model model;
  model.Input("x", {4});
  AddInts(model.graph, "c", {1, 2});
  model.Output("x", {4});
  model.Output("c", {2});
  model.Node("Relu", {"x"}, {"y"});
  const ImportedModel imported = model.Import();
  ASSERT_EQ(imported.graph.tensors().size(), 2u);
  EXPECT_EQ(imported.graph.tensors()[0].roles, unsigned{kInput} | unsigned{kOutput});
}

TEST(OnnxTest, SortsStablyWhenTheFileIsNotInOrder) {
  Model model;
  model.Input("x", {1});
  model.Output("d", {1});
  model.Node("Add", {"b", "c"}, {"d"});
  model.Node("Neg", {"x"}, {"b"});
  model.Node("Abs", {"x"}, {"c"});
  const ImportedModel imported = model.Import();
  ASSERT_EQ(imported.graph.ops().size(), 3u);
  EXPECT_EQ(imported.graph.ops()[0].type, "Neg");
  EXPECT_EQ(imported.graph.ops()[1].type, "Abs");
  EXPECT_EQ(imported.graph.ops()[2].type, "Add");
}

TEST(OnnxTest, NamesWhatBreaksTheGraph) {
  Model cycle;
  cycle.Input("x", {1});
  cycle.Node("Add", {"x", "b"}, {"a"});
  cycle.Node("Relu", {"a"}, {"b"});
  EXPECT_NE(MessageOf(cycle).find("node 0 \"Add_0\" (Add): is part of a cycle: it reads \"b\""), std::string::npos)
      << MessageOf(cycle);
  Model missing;
  missing.Node("Relu", {"nowhere"}, {"b"});
  EXPECT_EQ(MessageOf(missing), "model.onnx: node 0 \"Relu_0\" (Relu): reads \"nowhere\", which nothing defines");
  Model twice;
  twice.Input("x", {1});
  twice.Node("Relu", {"x"}, {"y"});
  twice.Node("Neg", {"x"}, {"y"});
  EXPECT_NE(MessageOf(twice).find("tensor \"y\" is defined twice"), std::string::npos) << MessageOf(twice);
  Model output;
  output.Input("x", {1});
  output.Node("Relu", {"x"}, {"z"});
  output.Output("y", {1});
  EXPECT_EQ(MessageOf(output), "model.onnx: graph output \"y\" is made by no node");
}

TEST(OnnxTest, UnsetDimensionsNameTheOptionThatHelps) {
  Model model;
  model.Input("x", {-1, 3});
  model.graph->mutable_input(0)->mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim(0)->set_dim_param(
      "batch");
  model.Node("Relu", {"x"}, {"y"});
  EXPECT_EQ(MessageOf(model),
            "model.onnx: input \"x\" has an unset dimension \"batch\"; give --dim batch=N, or --dim '*=1' for all");
  ImportOptions options;
  options.dims["batch"] = 5;
  EXPECT_EQ(ShapeOf(model.Import(options), "y"), (Dims{5, 3}));
  options = {};
  options.inputs["x"] = {7, 3};
  EXPECT_EQ(ShapeOf(model.Import(options), "y"), (Dims{7, 3}));
  options = {};
  options.default_dim = 2;
  EXPECT_EQ(ShapeOf(model.Import(options), "y"), (Dims{2, 3}));
  options.dims["btch"] = 1;
  EXPECT_EQ(MessageOf(model, options), "model.onnx: --dim btch: the model has no such dimension; it has: \"batch\"");
  options = {};
  options.inputs["y"] = {1};
  EXPECT_EQ(MessageOf(model, options), "model.onnx: --input y: the model has no such input; it has: \"x\"");
  Model unnamed;
  unnamed.Input("x", {-1});
  unnamed.Node("Relu", {"x"}, {"y"});
  EXPECT_NE(MessageOf(unnamed).find("give --input x=1x3x224x224"), std::string::npos) << MessageOf(unnamed);
}

TEST(OnnxTest, TheShapeOfOneInputTellsTheDimensionsOfOthers) {
  Model model;
  for (int i = 0; i < 2; ++i) {
    model.Input(i == 0 ? "x" : "mask", {-1, 3});
    auto* shape = model.graph->mutable_input(i)->mutable_type()->mutable_tensor_type()->mutable_shape();
    shape->mutable_dim(0)->set_dim_param("batch");
  }
  model.Node("Relu", {"x"}, {"y"});
  model.Node("Neg", {"mask"}, {"z"});
  ImportOptions options;
  options.inputs["x"] = {7, 3};
  EXPECT_EQ(ShapeOf(model.Import(options), "z"), (Dims{7, 3}));
  options.inputs["mask"] = {5, 3};
  EXPECT_EQ(ShapeOf(model.Import(options), "z"), (Dims{5, 3})) << "its own shape comes first";
}

// A weight made by an op, and a Reshape whose target is computed from a shape.
Model FoldingModel() {
  Model model;
  model.Input("x", {2, 6});
  AddInts(model.graph, "six", {6});
  AddInts(model.graph, "zero", {0});
  AddInts(model.graph, "minus", {-1});
  model.Output("z", {2, 6});
  model.Node("ConstantOfShape", {"six"}, {"w"});
  model.Node("Add", {"x", "w"}, {"y"});
  model.Node("Shape", {"y"}, {"s"});
  model.Node("Gather", {"s", "zero"}, {"n"});
  SetInt(model.Node("Concat", {"n", "minus"}, {"t"}), "axis", 0);
  model.Node("Reshape", {"y", "t"}, {"z"});
  return model;
}

TEST(OnnxTest, FoldsConstantsByDefault) {
  const ImportedModel imported = FoldingModel().Import();
  EXPECT_EQ(Lives(imported.graph), "x 0 2 48\ny 1 6 48\ns 2 4 16\nn 3 5 8\nt 4 6 16\nz 5 6 48\n");
  EXPECT_EQ(imported.graph.ops().size(), 6u);  // the folded op keeps its step
  EXPECT_TRUE(imported.graph.ops()[0].outputs.empty());
}

TEST(OnnxTest, FoldsNothingOrShapesTooOnRequest) {
  ImportOptions raw;
  raw.fold_constants = false;
  EXPECT_EQ(Lives(FoldingModel().Import(raw).graph),
            "x 0 2 48\nw 0 2 24\ny 1 6 48\ns 2 4 16\nn 3 5 8\nt 4 6 16\nz 5 6 48\n");
  ImportOptions shapes;
  shapes.fold_shapes = true;
  EXPECT_EQ(Lives(FoldingModel().Import(shapes).graph), "x 0 2 48\ny 1 6 48\nz 5 6 48\n");
}

TEST(OnnxTest, UnreadDropoutMaskIsNotAllocated) {
  Model model(10);
  model.Input("x", {4});
  model.Output("y", {4});
  model.Node("Dropout", {"x"}, {"y", "mask"});
  EXPECT_EQ(model.Import().graph.tensors().size(), 2u);
  model.Output("mask", {4});
  EXPECT_EQ(model.Import().graph.tensors().size(), 3u);
}

TEST(OnnxTest, HalfBytesAreRoundedUpPerTensor) {
  Model model(21);
  model.Input("x", {3}, 22);
  model.Node("Identity", {"x"}, {"y"});
  EXPECT_EQ(model.Import().graph.tensors()[0].bytes, 2u);
  EXPECT_EQ(model.Import().graph.tensors()[0].dtype, "int4");
}

// An If inside an If that reads "x" of the outermost graph.
Model NestedIf(bool known) {
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

TEST(OnnxTest, BodiesHoldTheTensorsTheyRead) {
  const ImportedModel imported = NestedIf(false).Import();
  EXPECT_EQ(Lives(imported.graph), "x 0 1 16\nc 0 1 1\ny 0 2 16\nz 1 2 16\n");
  ASSERT_EQ(imported.bodies.size(), 2u);
  EXPECT_EQ(imported.bodies[0].attribute, "else_branch");
  EXPECT_EQ(Lives(imported.bodies[0].graph), "r 0 1 16\n");
  ASSERT_EQ(imported.bodies[1].bodies.size(), 2u);
  EXPECT_EQ(imported.bodies[1].bodies[0].op, 0);
}

TEST(OnnxTest, OnlyTheBranchTakenIsImported) {
  const ImportedModel imported = NestedIf(true).Import();
  ASSERT_EQ(imported.bodies.size(), 1u);
  EXPECT_EQ(imported.bodies[0].attribute, "then_branch");
}

TEST(OnnxTest, LoopStacksItsRows) {
  Model model;
  model.Input("x", {3});
  model.Input("n", {}, onnx::TensorProto::INT64);
  model.Output("rows");
  model.graph->mutable_output(0)->clear_type();
  auto* loop = model.Node("Loop", {"n", "", "x"}, {"last", "rows"});
  auto* body = SetGraph(loop, "body");
  Declare(body->add_input(), "i", {}, onnx::TensorProto::INT64);
  Declare(body->add_input(), "go", {}, onnx::TensorProto::BOOL);
  Declare(body->add_input(), "v", {3});
  AddNode(body, "Identity", {"go"}, {"on"});
  AddNode(body, "Relu", {"v"}, {"w"});
  AddNode(body, "Neg", {"w"}, {"row"});
  for (const char* name : {"on", "w", "row"}) Declare(body->add_output(), name, {});
  EXPECT_NE(MessageOf(model).find("output \"rows\" has an unset dimension \"trip\"; give --dim trip=N"),
            std::string::npos)
      << MessageOf(model);
  ImportOptions options;
  options.dims["trip"] = 16;
  const ImportedModel imported = model.Import(options);
  EXPECT_EQ(ShapeOf(imported, "rows"), (Dims{16, 3}));
  EXPECT_EQ(ShapeOf(imported, "last"), (Dims{3}));
  EXPECT_EQ(Lives(imported.bodies.at(0).graph), "i 0 1 8\ngo 0 1 1\nv 0 2 12\non 0 3 1\nw 1 3 12\nrow 2 3 12\n");
}

TEST(OnnxTest, FunctionsOfTheModelAreFollowed) {
  Model model;
  model.proto.add_opset_import()->set_domain("own");
  auto* function = model.proto.add_functions();
  function->set_name("Twice");
  function->set_domain("own");
  function->add_opset_import()->set_version(13);
  function->add_input("a");
  function->add_input("shape");
  function->add_output("c");
  *function->add_node() = *[] {
    static onnx::GraphProto graph;
    return AddNode(&graph, "Reshape", {"a", "shape"}, {"c"});
  }();
  model.Input("x", {6});
  AddInts(model.graph, "target", {2, 3});
  model.Node("Twice", {"x", "target"}, {"y"})->set_domain("own");
  const ImportedModel imported = model.Import();
  EXPECT_EQ(ShapeOf(imported, "y"), (Dims{2, 3}));
  EXPECT_EQ(Lives(imported.bodies.at(0).graph), "a 0 1 24\nc 0 1 24\n");
}

TEST(OnnxTest, UnknownOpsTakeTheirShapeFromTheFile) {
  Model model;
  model.Input("x", {4});
  model.Node("Mystery", {"x"}, {"y"})->set_domain("acme");
  EXPECT_NE(MessageOf(model).find("node 0 \"Mystery_0\" (Mystery): shape of \"y\" unknown: its op is not known; add it "
                                  "to the file's value_info"),
            std::string::npos)
      << MessageOf(model);
  Declare(model.graph->add_value_info(), "y", {9});
  EXPECT_EQ(ShapeOf(model.Import(), "y"), (Dims{9}));
}

TEST(OnnxTest, ShapesInExternalDataAreNamed) {
  Model model;
  model.Input("x", {4});
  AddInts(model.graph, "target", {2, 2})->clear_int64_data();
  model.graph->mutable_initializer(0)->set_data_location(onnx::TensorProto::EXTERNAL);
  model.Node("Reshape", {"x", "target"}, {"y"});
  EXPECT_NE(MessageOf(model).find("depends on the values of \"target\", which are in external data"), std::string::npos)
      << MessageOf(model);
}

TEST(OnnxTest, OpsChangedAfterOpset17HaveRulesOfTheirOwn) {
  Model model(20);
  model.Input("x", {1, 2, 9, 9});
  AddInts(model.graph, "axes", {2, 3});
  AddInts(model.graph, "sizes", {18, 5});
  model.Node("ReduceMean", {"x", "axes"}, {"mean"});
  SetInts(model.Node("Resize", {"x", "", "", "sizes"}, {"resized"}), "axes", {2, 3});
  auto* split = model.Node("Split", {"x"}, {"s0", "s1", "s2", "s3"});
  SetInt(split, "num_outputs", 4);
  SetInt(split, "axis", 3);
  auto* pool = model.Node("AveragePool", {"x"}, {"pooled"});
  SetInts(pool, "kernel_shape", {3, 3});
  SetInts(pool, "dilations", {2, 2});
  const ImportedModel imported = model.Import();
  EXPECT_EQ(ShapeOf(imported, "mean"), (Dims{1, 2, 1, 1}));
  EXPECT_EQ(ShapeOf(imported, "resized"), (Dims{1, 2, 18, 5}));
  EXPECT_EQ(ShapeOf(imported, "s0"), (Dims{1, 2, 9, 3}));
  EXPECT_EQ(ShapeOf(imported, "s3"), (Dims{1, 2, 9, 0}));
  EXPECT_EQ(ShapeOf(imported, "pooled"), (Dims{1, 2, 5, 5}));
}

TEST(OnnxTest, EinsumIsComputedNotAssumed) {
  Model model;
  model.Input("x", {2, 3, 4});
  model.Input("y", {5, 4});
  auto* equation = model.Node("Einsum", {"x", "y"}, {"z"})->add_attribute();
  equation->set_name("equation");
  equation->set_type(onnx::AttributeProto::STRING);
  equation->set_s("...j, kj -> ...k");
  EXPECT_EQ(ShapeOf(model.Import(), "z"), (Dims{2, 3, 5}));
}

TEST(OnnxTest, AssumedDimensionsAreWarnedAbout) {
  Model model;
  model.Input("x", {2, 3});
  model.Node("NonZero", {"x"}, {"y"});
  EXPECT_NE(MessageOf(model).find("known only at run time"), std::string::npos) << MessageOf(model);
  ImportOptions options;
  options.default_dim = 1;
  const ImportedModel imported = model.Import(options);
  EXPECT_EQ(ShapeOf(imported, "y"), (Dims{2, 1}));
  ASSERT_EQ(imported.warnings.size(), 1u);
  EXPECT_NE(imported.warnings[0].find("\"y\""), std::string::npos);
}

TEST(OnnxTest, ChannelsThatDoNotFitAreRefused) {
  Model model;
  model.Input("x", {1, 4, 8, 8});
  model.Weights("w", {16, 3, 3, 3});
  model.Node("Conv", {"x", "w"}, {"y"});
  EXPECT_NE(MessageOf(model).find("its input has 4 channels, its weights are for 3"), std::string::npos)
      << MessageOf(model);
}

TEST(OnnxTest, RefusesWhatIsNoModel) {
  for (const std::string& bytes :
       {std::string(), std::string("<html>"), std::string(1000, '\xff'), std::string(1000, '\0')}) {
    EXPECT_THROW(ImportOnnx(bytes, "model.onnx", {}), Error);
  }
  Model model;
  model.Input("x", {1});
  model.Node("Relu", {"x"}, {"y"});
  const std::string bytes = model.proto.SerializeAsString();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    try {
      ImportOnnx(bytes.substr(0, size), "model.onnx", {});
    } catch (const Error& error) {
      EXPECT_EQ(std::string(error.what()).find("model.onnx: "), 0u);
    }
  }
  EXPECT_EQ(MessageOf(Model()), "model.onnx: its graph has no nodes");
}

TEST(OnnxTest, RefusesImpossibleDimensions) {
  Model negative;
  negative.Input("x", {-7});
  negative.Node("Relu", {"x"}, {"y"});
  EXPECT_NE(MessageOf(negative).find("tensor \"x\" has the dimension -7"), std::string::npos) << MessageOf(negative);
  Model huge;
  huge.Input("x", {std::int64_t{1} << 40, std::int64_t{1} << 40});
  huge.Node("Relu", {"x"}, {"y"});
  EXPECT_NE(MessageOf(huge).find("input \"x\" has impossible dimensions"), std::string::npos) << MessageOf(huge);
  Model sum;
  sum.Node("Relu", {"x0"}, {"y"});
  for (int i = 0; i < 8; ++i) sum.Input("x" + std::to_string(i), {std::int64_t{1} << 59});
  EXPECT_NE(MessageOf(sum).find("overflow"), std::string::npos) << MessageOf(sum);
}

TEST(OnnxTest, FunctionBombIsRefused) {
  Model model;
  for (int i = 0; i < 40; ++i) {
    auto* function = model.proto.add_functions();
    function->set_name("F" + std::to_string(i));
    function->set_domain("own");
    function->add_input("a");
    function->add_output("c");
    for (int k = 0; k < 2; ++k) {
      auto* node = function->add_node();
      node->set_op_type("F" + std::to_string(i + 1));
      node->set_domain("own");
      node->add_input(k ? "b" : "a");
      node->add_output(k ? "c" : "b");
    }
  }
  model.Input("x", {1});
  model.Node("F0", {"x"}, {"y"})->set_domain("own");
  EXPECT_THROW(model.Import(), Error);
}

// The models and references that the project shares; not part of the repository.

struct Overrides {
  const char* model;
  std::map<std::string, std::int64_t> dims;
  std::map<std::string, Dims> inputs;
};

const std::vector<Overrides>& SharedOverrides() {  // of shared/models/overrides.json
  static const std::vector<Overrides> all = {
      {"bert_toy_optimized", {{"batch", 1}, {"max_seq_len_in_batch", 128}}, {}},
      {"tiny_random_gpt2", {{"batch_size", 1}, {"seq_len", 1}, {"past_seq_len", 127}, {"total_seq_len", 128}}, {}},
      {"tiny_gpt2_beamsearch",
       {{"batch_size", 1},
        {"sequence_length", 8},
        {"max_length", 32},
        {"num_return_sequences", 1},
        {"seq_len", 1},
        {"past_seq_len", 31},
        {"total_seq_len", 32}},
       {}},
      {"fns_candy_freedim", {}, {{"inputImage", {1, 3, 720, 720}}}},
      {"yunet_n_dynamic", {{"batch", 1}, {"height", 320}, {"width", 320}}, {}},
      {"silero_vad", {}, {{"input", {1, 576}}}},
      {"scan_1", {{"Sequence", 8}}, {}},
      {"bert5_base_width", {{"batch", 1}, {"max_seq_len_in_batch", 384}}, {}},
  };
  return all;
}

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

using Rows = std::multiset<std::tuple<std::int64_t, std::int64_t, std::int64_t>>;

Rows ReferenceRows(const std::filesystem::path& path) {
  std::istringstream in(ReadFile(path));
  std::string line;
  std::getline(in, line);
  Rows rows;
  while (std::getline(in, line)) {
    std::int64_t id = 0, lower = 0, upper = 0, size = 0;
    if (std::sscanf(line.c_str(), "%ld,%ld,%ld,%ld", &id, &lower, &upper, &size) == 4) rows.emplace(lower, upper, size);
  }
  return rows;
}

Rows RowsOf(const Graph& graph) {
  const GraphLiveness liveness(graph);
  Rows rows;
  for (std::size_t i = 0; i < graph.tensors().size(); ++i) {
    const auto& life = liveness.lifetimes()[i];
    if (graph.tensors()[i].bytes > 0) rows.emplace(life.start, life.end + 1, graph.tensors()[i].bytes);
  }
  return rows;
}

std::string Bill(const ImportedModel& model) {
  const WeightBytes& weights = model.weights;
  return std::to_string(weights.stored_bytes) + " stored, " + std::to_string(weights.needed_bytes) + " needed by " +
         std::to_string(weights.count);
}

onnx::TensorProto* AddConstant(onnx::GraphProto* graph, const std::string& name, int dtype, const Dims& dims) {
  onnx::TensorProto* tensor = graph->add_initializer();
  tensor->set_name(name);
  tensor->set_data_type(dtype);
  tensor->set_data_location(onnx::TensorProto::EXTERNAL);
  for (std::int64_t dim : dims) tensor->add_dims(dim);
  return tensor;
}

TEST(OnnxWeights, CountWhatRunningOpsRead) {
  Model model;
  model.Input("x", {1, 10});
  AddConstant(model.graph, "w", onnx::TensorProto::INT8, {10, 10});
  AddConstant(model.graph, "scale", onnx::TensorProto::FLOAT, {});
  AddConstant(model.graph, "zero", onnx::TensorProto::INT8, {});
  AddConstant(model.graph, "nobody_reads_it", onnx::TensorProto::FLOAT16, {7});
  model.Node("DequantizeLinear", {"w", "scale", "zero"}, {"dense"});
  model.Node("MatMul", {"x", "dense"}, {"y"});
  model.Node("MatMul", {"y", "dense"}, {"z"});
  model.Output("z");
  EXPECT_EQ(Bill(model.Import()), "119 stored, 400 needed by 1");
  ImportOptions raw;
  raw.fold_constants = false;
  EXPECT_EQ(Bill(model.Import(raw)), "119 stored, 105 needed by 3");
}

TEST(OnnxWeights, KnowSparseConstantsStringsAndConstantNodes) {
  Model model;
  model.Input("x", {100});
  auto* sparse = model.graph->add_sparse_initializer();
  sparse->add_dims(100);
  sparse->mutable_values()->set_name("s");
  sparse->mutable_values()->set_data_type(onnx::TensorProto::FLOAT);
  sparse->mutable_values()->add_dims(3);
  sparse->mutable_indices()->set_data_type(onnx::TensorProto::INT64);
  sparse->mutable_indices()->add_dims(3);
  SetInts(model.Node("Constant", {}, {"axes"}), "value_ints", {0, 0, 0});
  model.Node("Add", {"x", "s"}, {"y"});
  model.Node("Squeeze", {"y", "axes"}, {"z"});
  constexpr int kInt4 = 22;  // which the library may not know yet
  AddConstant(model.graph, "packed", kInt4, {5});
  auto* text = AddConstant(model.graph, "text", onnx::TensorProto::STRING, {2});
  text->add_string_data("four");
  text->add_string_data("three");
  Declare(model.graph->add_value_info(), "z", {100});
  EXPECT_EQ(Bill(model.Import()), "72 stored, 424 needed by 2");  // 12 + 24 sparse, 24 axes, 3 packed, 9 text
}

TEST(OnnxWeights, CountOneCopyOfSharedExternalData) {
  Model model;
  model.Input("x", {4});
  for (const char* name : {"a", "b"}) {
    auto* tensor = AddConstant(model.graph, name, onnx::TensorProto::FLOAT, {4});
    for (const auto& [key, value] : {std::pair{"location", "w.bin"}, {"offset", "64"}, {"length", "16"}}) {
      tensor->add_external_data()->set_key(key);
      tensor->mutable_external_data(tensor->external_data_size() - 1)->set_value(value);
    }
    model.Node("Add", {"x", name}, {std::string("y") + name});
  }
  EXPECT_EQ(Bill(model.Import()), "16 stored, 32 needed by 2");
}

TEST(OnnxWeights, CountTheBodiesThatRun) {
  for (const bool known : {false, true}) {
    Model model = NestedIf(known);
    AddConstant(model.graph, "outer", onnx::TensorProto::FLOAT, {4});
    auto* yes = model.graph->mutable_node(0)->mutable_attribute(0)->mutable_g();
    auto* no = model.graph->mutable_node(0)->mutable_attribute(1)->mutable_g();
    AddConstant(yes, "inner", onnx::TensorProto::FLOAT, {2, 4});
    AddNode(yes, "Add", {"outer", "x"}, {"yes_1"});
    AddNode(yes, "Add", {"inner", "x"}, {"yes_2"});
    AddConstant(no, "not_taken", onnx::TensorProto::FLOAT, {100});
    AddNode(no, "Add", {"not_taken", "outer"}, {"folded"});
    AddNode(no, "Neg", {"folded"}, {"no_1"});
    // A folded op's result counts only where an op that runs reads it, which Neg, folded too, does not.
    EXPECT_EQ(Bill(model.Import()), known ? "449 stored, 49 needed by 3" : "448 stored, 48 needed by 2");
  }
}

TEST(OnnxWeights, CountWhatFunctionsReadOnce) {
  Model model;
  model.proto.add_opset_import()->set_domain("own");
  auto* function = model.proto.add_functions();
  function->set_name("Scale");
  function->set_domain("own");
  function->add_opset_import()->set_version(13);
  for (const char* name : {"a", "w", "unread"}) function->add_input(name);
  function->add_output("c");
  onnx::GraphProto nodes;
  *function->add_node() = *AddNode(&nodes, "Mul", {"a", "w"}, {"c"});
  model.Input("x", {6});
  AddConstant(model.graph, "w", onnx::TensorProto::FLOAT, {6});
  AddConstant(model.graph, "u", onnx::TensorProto::FLOAT, {5});
  model.Node("Scale", {"x", "w", "u"}, {"y"})->set_domain("own");
  model.Node("Scale", {"y", "w", "u"}, {"z"})->set_domain("own");
  EXPECT_EQ(Bill(model.Import()), "44 stored, 24 needed by 1");
}

TEST(OnnxWeights, RefuseSumsPast63Bits) {
  Model model;
  model.Input("x", {6});
  model.Node("Relu", {"x"}, {"y"});
  for (const char* name : {"a", "b", "c"}) {
    AddConstant(model.graph, name, onnx::TensorProto::FLOAT, {std::int64_t{1} << 60});
  }
  EXPECT_NE(MessageOf(model).find("the sizes of all constants overflow"), std::string::npos) << MessageOf(model);
}

TEST(OnnxReferenceTest, LifetimesOfRealModels) {
  const char* set = std::getenv("ORIONRT_SHARED");
  const std::filesystem::path shared = set ? set : std::filesystem::path(ORIONRT_TESTS_DIR) / ".." / ".." / "shared";
  const std::filesystem::path models = shared / "models";
  if (!std::filesystem::exists(models / "reference"))
    GTEST_SKIP() << "no reference models at " << models << "; set ORIONRT_SHARED";
  int compared = 0;
  for (const char* folder : {"onnx", "onnx_scaled"}) {
    for (const auto& file : std::filesystem::directory_iterator(models / folder)) {
      const std::string name = file.path().stem().string();
      const std::string bytes = ReadFile(file.path());
      for (const char* mode : {"fold", "raw", "static"}) {
        const auto reference = models / "reference" / mode / (name + ".csv");
        if (!std::filesystem::exists(reference)) continue;
        ImportOptions options;
        options.default_dim = 1;
        options.fold_constants = mode != std::string("raw");
        options.fold_shapes = mode == std::string("static");
        for (const Overrides& overrides : SharedOverrides()) {
          if (overrides.model != name) continue;
          options.dims = overrides.dims;
          options.inputs = overrides.inputs;
        }
        EXPECT_TRUE(RowsOf(ImportOnnx(bytes, name, options).graph) == ReferenceRows(reference)) << name << " " << mode;
        ++compared;
      }
    }
  }
  EXPECT_GT(compared, 0);
}

}  // namespace
}  // namespace orionrt
