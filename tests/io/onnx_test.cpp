#include <gtest/gtest.h>

#include <algorithm>

#include "base/text.hpp"
#include "folder.hpp"
#include "onnx_model.hpp"
#include "orionrt/import.hpp"

namespace orionrt::tests::onnx_test {
namespace {

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
  EXPECT_EQ(imported.graph.tensors()[0].roles, TensorRole::kInput);
  EXPECT_EQ(imported.graph.tensors()[3].roles, TensorRole::kOutput);
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
  EXPECT_EQ(imported.graph.tensors()[0].roles, TensorRole::kInput | TensorRole::kOutput);
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

// The file's number was all that was said of a node that the graph knows by another.
TEST(OnnxTest, SaysBothNumbersOfANodeThatTheFileListsElsewhere) {
  Model model;
  model.Input("x", {4});
  model.Node("Mystery", {"b"}, {"d"})->set_domain("acme");
  model.Node("Neg", {"x"}, {"b"});
  EXPECT_NE(MessageOf(model).find("node 0 \"Mystery_0\" (Mystery, op 1)"), std::string::npos) << MessageOf(model);
  Model sorted;
  sorted.Input("x", {4});
  sorted.Node("Neg", {"x"}, {"b"});
  sorted.Node("Mystery", {"b"}, {"d"})->set_domain("acme");
  EXPECT_NE(MessageOf(sorted).find("node 1 \"Mystery_1\" (Mystery)"), std::string::npos) << MessageOf(sorted);
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

// An input whose dimensions are texts, or numbers as text.
void InputOfTexts(Model& model, const std::string& name, const std::vector<std::string>& dims) {
  model.Input(name, Dims(dims.size(), -1));
  auto* input = model.graph->mutable_input(model.graph->input_size() - 1);
  for (std::size_t i = 0; i < dims.size(); ++i) {
    auto* dim = input->mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim(static_cast<int>(i));
    const auto number = ParseInt(dims[i]);
    number ? dim->set_dim_value(*number) : dim->set_dim_param(dims[i]);
  }
}

// What is open is told as options that set all of it, named or not.
TEST(OnnxTest, MissingSizesComeWithOptionsForAllOfThem) {
  Model model;
  InputOfTexts(model, "x", {"batch", "seq", "64"});
  InputOfTexts(model, "state of it", {"2", "", "8"});
  InputOfTexts(model, "mask", {"batch", "past + seq"});
  model.Node("Relu", {"mask"}, {"y"});
  const auto options_for = [&](const ImportOptions& options) {
    try {
      model.Import(options);
    } catch (const MissingSizes& missing) {
      EXPECT_EQ(missing.code(), ErrorCode::kUnsupported);
      return missing.options();
    }
    return std::string("nothing");
  };
  EXPECT_EQ(options_for({}), "--dim batch=1 --dim seq=1 --dim past=1 --input 'state of it=2x1x8'");
  ImportOptions some;
  some.dims = {{"batch", 4}};
  some.inputs["state of it"] = {2, 3, 8};
  EXPECT_EQ(options_for(some), "--dim seq=1 --dim past=1");
  some.default_dim = 2;
  EXPECT_EQ(options_for(some), "nothing");
}

TEST(OnnxTest, DimensionsThatAreExpressionsFollowFromTheirSymbols) {
  Model model;
  InputOfTexts(model, "x", {"batch", "seq", "64"});
  InputOfTexts(model, "past", {"batch", "past - 1", "64"});
  InputOfTexts(model, "mask", {"batch", "past + seq", "64"});
  model.Node("Relu", {"mask"}, {"y"});
  EXPECT_EQ(MessageOf(model),
            "model.onnx: input \"x\" has an unset dimension \"batch\"; give --dim batch=N --dim seq=N --dim past=N, or "
            "--dim '*=1' for all");
  ImportOptions options;
  options.dims = {{"past", 127}, {"seq", 1}};
  options.default_dim = 2;
  EXPECT_EQ(ShapeOf(model.Import(options), "y"), (Dims{2, 128, 64}));
  options.dims = {{"past + seq", 12}};
  EXPECT_EQ(ShapeOf(model.Import(options), "past"), (Dims{2, 9, 64})) << "seq is 2, so past is 10";
  options.dims = {};
  options.inputs["mask"] = {3, 40, 64};
  EXPECT_EQ(ShapeOf(model.Import(options), "past"), (Dims{3, 37, 64}));
  options.inputs["past"] = {3, 50, 64};
  EXPECT_EQ(MessageOf(model, options),
            "model.onnx: dimension \"past + seq\" cannot be 40: \"seq\" would be -11, asked for by --input "
            "mask=3x40x64 (\"past\" is 51 by --input past=3x50x64); give other values");
  options.inputs.clear();
  options.dims = {{"past", 0}};
  EXPECT_EQ(MessageOf(model, options),
            "model.onnx: tensor \"past\": dimension \"past - 1\" is -1, which is no size (\"past\" is 0 by --dim "
            "past=0); give other values");
}

TEST(OnnxTest, NamesInTheFileAreWorthWhatInferenceFinds) {
  Model model;
  model.Input("x", {2, 7});
  model.Node("Relu", {"x"}, {"y"});
  model.Node("CompanysOwn", {"y"}, {"z"});
  model.Node("Relu", {"z"}, {"last"});
  for (const auto& [name, text] : {std::pair("y", "u0"), std::pair("z", "2*u0")}) {
    auto* info = model.graph->add_value_info();
    Declare(info, name, {2, -1});
    info->mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim(1)->set_dim_param(text);
  }
  ImportOptions options;
  options.default_dim = 100;
  EXPECT_EQ(ShapeOf(model.Import(options), "z"), (Dims{2, 14}));
}

// "x" of dimension `x` becomes "y", which the file declares as `y`.
Model Renamed(const std::string& x, const std::string& y) {
  Model model;
  model.Input("x", {-1});
  model.Node("Relu", {"x"}, {"y"});
  Declare(model.graph->add_value_info(), "y", {-1});
  const auto name = [](onnx::ValueInfoProto& info, const std::string& text) {
    info.mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim(0)->set_dim_param(text);
  };
  name(*model.graph->mutable_input(0), x);
  name(*model.graph->mutable_value_info(0), y);
  return model;
}

// No value of n is n + 1: the file contradicts itself whatever is given for n.
TEST(OnnxTest, ANameDeclaredByItselfIsRefused) {
  const Model circle = Renamed("n", "n + 1");
  EXPECT_EQ(MessageOf(circle),
            "model.onnx: input \"x\" has an unset dimension \"n\"; give --dim n=N, or --dim '*=1' for all");
  ImportOptions options;
  options.dims["n"] = 4;
  EXPECT_EQ(
      MessageOf(circle, options),
      "model.onnx: node 0 \"Relu_0\" (Relu): output \"y\" has the dimension \"n\" of a graph input, and is "
      "declared as \"n + 1\", which is another one whatever is given; correct the file, or plan what it declares by "
      "--trust-shapes");
  for (const char* text : {"2*n + 3", "(n + n)/2 + 1", "3*n - 2*n + 7"}) {
    EXPECT_NE(MessageOf(Renamed("n", text), options), "") << text;
  }
  options.trust_shapes = true;
  EXPECT_EQ(ShapeOf(circle.Import(options), "y"), Dims{5});
}

// Some value makes these true: what the op makes is planned, with a warning where the options gave another.
TEST(OnnxTest, ANameDeclaredByWhatItMayBeIsReported) {
  ImportOptions options;
  options.dims["n"] = 4;
  const ImportedModel imported = Renamed("n", "2*n").Import(options);
  ASSERT_EQ(imported.warnings.size(), 1u);
  EXPECT_EQ(imported.warnings[0],
            "model.onnx: node 0 \"Relu_0\" (Relu): output \"y\" is declared as [8], and the op makes [4]; their "
            "dimensions follow from --dim n=4; the latter is planned, the former by --trust-shapes");
  EXPECT_EQ(ShapeOf(imported, "y"), Dims{4});
  EXPECT_EQ(Renamed("n", "2*n - 3").Import(options).warnings.size(), 1u);
  EXPECT_EQ(Renamed("n", "(n + n)/2").Import(options).warnings.size(), 0u);
  options.dims["n"] = 0;
  EXPECT_EQ(Renamed("n", "2*n").Import(options).warnings.size(), 0u);
}

TEST(OnnxTest, DimensionsThatHaveNoValueAreRefusedWithWhatToDo) {
  ImportOptions options;
  options.dims["n"] = 4;
  EXPECT_EQ(MessageOf(Renamed("n//(n - 4)", "n"), options),
            "model.onnx: tensor \"x\": dimension \"n//(n - 4)\" divides by zero (\"n\" is 4 by --dim n=4); give other "
            "values");
  const std::string message = MessageOf(Renamed("n + " + std::string(1'000'000, '('), "n"), options);
  EXPECT_LT(message.size(), 400u) << "cut short";
  EXPECT_NE(
      message.find("of tensor \"x\" has 1000004 characters; an expression has at most 4,096; give the dimension a "
                   "shorter name in the file"),
      std::string::npos)
      << message;
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
  EXPECT_EQ(MessageOf(model, options),
            "model.onnx: --dim btch: the model has no such dimension; did you mean batch?; it has: \"batch\"");
  options = {};
  options.inputs["y"] = {1};
  EXPECT_EQ(MessageOf(model, options), "model.onnx: --input y: the model has no such input; it has: \"x\"");
  Model unnamed;
  unnamed.Input("x", {-1});
  unnamed.Node("Relu", {"x"}, {"y"});
  EXPECT_NE(MessageOf(unnamed).find("give --input x=N (its shape)"), std::string::npos) << MessageOf(unnamed);
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
  EXPECT_NE(MessageOf(model).find("node 0 \"Mystery_0\" (Mystery): shape of \"y\" unknown: its op is not known; give "
                                  "--shape y=AxBxC, its dimensions, or for all ops of a kind a rule by --op-rules"),
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

TEST(OnnxTest, SmallConstantsAreReadFromFilesBesideTheModel) {
  const Folder folder;
  std::string data(8, '\xFF');  // the constant starts behind them
  for (const char dim : {2, 3}) data += std::string(1, dim) + std::string(7, '\0');
  std::filesystem::create_directory(folder / "model");
  folder.Write("model/data.bin", data);
  folder.Write("outside.bin", data);
  Model model;
  model.Input("x", {6});
  auto* target = AddInts(model.graph, "target", {2, 3});
  target->clear_int64_data();
  target->set_data_location(onnx::TensorProto::EXTERNAL);
  for (const auto& [key, value] : {std::pair{"location", "data.bin"}, {"offset", "8"}, {"length", "16"}}) {
    auto* entry = target->add_external_data();
    entry->set_key(key);
    entry->set_value(value);
  }
  model.Node("Reshape", {"x", "target"}, {"y"});
  ImportOptions options;
  options.data_folder = folder / "model";
  EXPECT_EQ(ShapeOf(model.Import(options), "y"), (Dims{2, 3}));
  const std::string missing = "depends on the values of \"target\", which are in external data ";
  EXPECT_NE(MessageOf(model).find(missing), std::string::npos) << MessageOf(model) << ": no folder was given";
  for (const char* location : {"../outside.bin", "/etc/passwd", "none.bin", ".", ""}) {
    target->mutable_external_data(0)->set_value(location);
    EXPECT_NE(MessageOf(model, options).find(missing), std::string::npos) << location;
  }
  target->mutable_external_data(0)->set_value("data.bin");
  for (const char* offset : {"9", "-1", "9223372036854775807", "x"}) {
    target->mutable_external_data(1)->set_value(offset);
    EXPECT_NE(MessageOf(model, options).find("initializer \"target\": "), std::string::npos) << offset;
  }
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
  model.Input("shape", {2}, onnx::TensorProto::INT64);
  model.Node("Reshape", {"x", "shape"}, {"z"});
  EXPECT_NE(MessageOf(model).find("known only at run time"), std::string::npos) << MessageOf(model);
  model.graph->clear_node();
  model.Node("NonZero", {"x"}, {"y"});
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

}  // namespace
}  // namespace orionrt::tests::onnx_test
