// What ops of model files allow their tensors to share.
#include "graph/op_table.hpp"

#include <gtest/gtest.h>

#include <string>

#include "onnx_model.hpp"
#include "orionrt/import.hpp"
#include "tflite_model.hpp"

namespace orionrt::tests::op_table_test {
namespace {

Operand Floats(int position, Dims dims) {
  std::int64_t bytes = 4;
  for (const std::int64_t dim : dims) bytes *= dim;
  return {position, std::move(dims), bytes};
}

// "view 0<0@16 ..." by positions: output, input, offset.
std::string Words(const std::vector<Alias>& aliases) {
  static const char* const kNames[] = {"view", "piece", "same", "streaming", "reads_first"};
  std::string text;
  for (const Alias& alias : aliases) {
    text += (text.empty() ? "" : " ") + std::string(kNames[static_cast<int>(alias.kind)]) + " " +
            std::to_string(alias.output) + "<" + std::to_string(alias.input) + "@" + std::to_string(alias.offset);
  }
  return text;
}

TEST(OpTable, ElementwiseOpsMayWriteOverWhatHasTheirShape) {
  EXPECT_EQ(Words(AliasesOf({"Relu", {Floats(0, {2, 3})}, {Floats(0, {2, 3})}})), "same 0<0@0");
  EXPECT_EQ(Words(AliasesOf({"Add", {Floats(0, {1, 3}), Floats(1, {2, 3})}, {Floats(0, {2, 3})}})), "same 0<1@0")
      << "a broadcast operand is read again and again";
  EXPECT_EQ(Words(AliasesOf({"Mul", {Floats(0, {2, 3}), Floats(0, {2, 3})}, {Floats(0, {2, 3})}})),
            "same 0<0@0 same 0<0@0");
  EXPECT_EQ(Words(AliasesOf({"Clip", {Floats(0, {4}), Floats(-1, {}), Floats(-1, {})}, {Floats(0, {4})}})),
            "same 0<0@0")
      << "constants do not count";
  const Operand bools = {0, {8}, 8};
  EXPECT_EQ(Words(AliasesOf({"Not", {Floats(0, {2})}, {bools}})), "") << "as many bytes, but of another shape";
  EXPECT_EQ(Words(AliasesOf({"Softmax", {Floats(0, {4})}, {Floats(0, {4})}})), "");
  EXPECT_EQ(Words(AliasesOf({"Cast", {Floats(0, {4})}, {{0, {4}, 8}}})), "") << "wider than what it is made of";
}

TEST(OpTable, RenamesAreViews) {
  EXPECT_EQ(Words(AliasesOf({"Reshape", {Floats(0, {2, 3}), Floats(-1, {1})}, {Floats(0, {6})}})), "view 0<0@0");
  EXPECT_EQ(Words(AliasesOf({"RESHAPE", {Floats(-1, {6})}, {Floats(0, {6})}})), "") << "of a constant";
  // It was to be written over the tensor that only says its shape.
  EXPECT_EQ(Words(AliasesOf({"Reshape", {Floats(-1, {1}), Floats(0, {1})}, {Floats(0, {1})}})), "") << "of a constant";
  EXPECT_EQ(Words(AliasesOf({"Dropout", {Floats(0, {6})}, {Floats(0, {6}), {1, {6}, 6}}})), "")
      << "one that somebody trains";
}

TEST(OpTable, SlicesAreViewsWhereTheirBytesLieSideBySide) {
  const auto slice = [](Dims dims, Dims begin, Dims extent) {
    OpOperands op{"Slice", {Floats(0, dims)}, {Floats(0, extent)}};
    op.begin = begin;
    op.extent = extent;
    return Words(AliasesOf(op));
  };
  EXPECT_EQ(slice({4, 6}, {1, 0}, {2, 6}), "view 0<0@24");
  EXPECT_EQ(slice({1, 4, 6}, {0, 3, 0}, {1, 1, 6}), "view 0<0@72");
  EXPECT_EQ(slice({4, 6}, {2, 1}, {1, 3}), "view 0<0@52") << "part of one row";
  EXPECT_EQ(slice({4, 6}, {0, 0}, {4, 6}), "view 0<0@0");
  EXPECT_EQ(slice({4, 6}, {0, 0}, {2, 3}), "") << "as many elements as one row";
  EXPECT_EQ(slice({4, 6}, {0, 5}, {4, 1}), "");
  EXPECT_EQ(slice({4, 6}, {3, 0}, {2, 6}), "") << "past the end";
  EXPECT_EQ(Words(AliasesOf({"Slice", {Floats(0, {4})}, {Floats(0, {2})}})), "") << "begin is not known";
  OpOperands nibbles{"Slice", {{0, {8}, 4}}, {{0, {4}, 2}}};
  nibbles.begin = {3};
  nibbles.extent = {4};
  EXPECT_EQ(Words(AliasesOf(nibbles)), "") << "elements of half a byte";
}

TEST(OpTable, SplitsAndConcatenationsAlongTheOutermostAxis) {
  EXPECT_EQ(Words(AliasesOf({"Split", {Floats(0, {6, 2})}, {Floats(0, {2, 2}), Floats(1, {4, 2})}})),
            "view 0<0@0 view 1<0@16");
  EXPECT_EQ(Words(AliasesOf({"SPLIT", {Floats(-1, {}), Floats(0, {6, 2})}, {Floats(0, {3, 2}), Floats(1, {3, 2})}})),
            "view 0<0@0 view 1<0@24");
  EXPECT_EQ(Words(AliasesOf({"Split", {Floats(0, {2, 6})}, {Floats(0, {2, 3}), Floats(1, {2, 3})}})), "");
  EXPECT_EQ(Words(AliasesOf({"Concat", {Floats(0, {1, 2, 5}), Floats(1, {1, 3, 5})}, {Floats(0, {1, 5, 5})}})),
            "piece 0<0@0 piece 0<1@40");
  EXPECT_EQ(Words(AliasesOf({"Concat", {Floats(0, {2, 2}), Floats(1, {2, 3})}, {Floats(0, {2, 5})}})), "");
  EXPECT_EQ(Words(AliasesOf({"Concat", {Floats(0, {2}), Floats(-1, {3})}, {Floats(0, {5})}})), "")
      << "a constant has to be copied";
}

TEST(OpTable, ReadsSlicesOfOnnx) {
  Model model;
  model.Input("x", {4, 6});
  AddInts(model.graph, "starts", {-2});
  AddInts(model.graph, "ends", {INT64_MAX});
  AddInts(model.graph, "axes", {0});
  AddInts(model.graph, "two", {2});
  model.Node("Slice", {"x", "starts", "ends", "axes"}, {"y"});
  model.Node("Slice", {"x", "starts", "ends", "axes", "two"}, {"z"});
  model.Output("y");
  model.Output("z");
  const Graph graph = model.Import().graph;
  EXPECT_EQ(Words(graph.ops()[0].aliases), "view 0<0@48");
  EXPECT_EQ(Words(graph.ops()[1].aliases), "") << "every other row";
}

// Kernels read their input again when a part of the result is stored, or the engine takes the op apart.
TEST(OpTable, ActivationsOfSeveralPassesAreNotInPlaceUnlessTheEngineSaysSo) {
  for (const char* op : {"Gelu", "FastGelu", "QuickGelu", "Swish", "Mish", "HardSwish", "Celu"}) {
    EXPECT_EQ(Words(AliasesOf({op, {Floats(0, {4})}, {Floats(0, {4})}})), "") << op;
  }
  Model model(20);
  model.Input("x", {4});
  model.Node("Relu", {"x"}, {"a"});
  model.Node("Gelu", {"a"}, {"y"});
  model.Output("y");
  EXPECT_EQ(Words(model.Import().graph.ops()[1].aliases), "");
  ImportOptions options;
  options.in_place_types = {"Gelu"};
  EXPECT_EQ(Words(model.Import(options).graph.ops()[1].aliases), "same 0<0@0");
  options.in_place_types = {"Gelv"};
  EXPECT_NE(MessageOf(model, options).find("--assume-in-place Gelv: no op is of this type"), std::string::npos);
}

TEST(OpTable, ElementsOfLessThanAByteAreNotWrittenInPlace) {
  EXPECT_EQ(Words(AliasesOf({"Cast", {{0, {7}, 4}}, {{0, {7}, 4}}})), "") << "two share a byte";
  EXPECT_EQ(Words(AliasesOf({"Cast", {{0, {7}, 7}}, {{0, {7}, 7}}})), "same 0<0@0");
}

TEST(OpTable, DropoutThatMayDropIsNoView) {
  // `mode` of training: 0 not said, 1 false, 2 true, 3 known at run time, 4 false by default.
  const auto words = [](int opset, int mode) {
    Model model(opset);
    model.Input("x", {4});
    if (mode >= 3) model.Input("t", {}, onnx::TensorProto::BOOL);
    if (mode == 1 || mode == 2 || mode == 4) {
      AddInts(model.graph, "t", {mode == 2}, true)->set_data_type(onnx::TensorProto::BOOL);
      model.graph->mutable_initializer(0)->clear_int64_data();
      model.graph->mutable_initializer(0)->add_int32_data(mode == 2);
    }
    model.Node("Dropout", mode == 0 ? Names{"x"} : Names{"x", "", "t"}, {"y"});
    model.Output("y");
    const ImportedModel imported = model.Import();
    return Words(imported.graph.ops()[0].aliases) + (imported.graph.ops()[0].has_effects ? " effects" : "");
  };
  EXPECT_EQ(words(17, 0), "view 0<0@0");
  EXPECT_EQ(words(17, 1), "view 0<0@0");
  EXPECT_EQ(words(17, 2), " effects");
  EXPECT_EQ(words(17, 3), " effects");
  EXPECT_EQ(words(17, 4), " effects") << "a run may give another value than the default";
  EXPECT_EQ(words(9, 0), "view 0<0@0") << "of inference alone";
}

// The mode is known, by constants that are folded; whoever runs the model may give another.
TEST(OpTable, DropoutWhoseModeIsMadeFromADefaultIsNoView) {
  const auto words = [](const std::string& way, bool is_default) {
    Model model(17);
    model.Input("x", {4});
    if (is_default) model.Input("t", {}, onnx::TensorProto::BOOL);
    onnx::TensorProto* mode = AddInts(model.graph, "t", {}, true);
    mode->set_data_type(onnx::TensorProto::BOOL);
    mode->clear_int64_data();
    mode->add_int32_data(0);
    if (way == "Identity") model.Node("Identity", {"t"}, {"u"});
    if (way == "Cast") {
      SetInt(model.Node("Cast", {"t"}, {"i"}), "to", onnx::TensorProto::INT64);
      SetInt(model.Node("Cast", {"i"}, {"u"}), "to", onnx::TensorProto::BOOL);
    }
    if (way == "function") {
      auto* function = model.proto.add_functions();
      function->set_name("Mode");
      function->set_domain("house");
      function->add_input("a");
      function->add_output("b");
      function->add_opset_import()->set_version(17);
      auto* node = function->add_node();
      node->set_op_type("Identity");
      node->add_input("a");
      node->add_output("b");
      model.Node("Mode", {"t"}, {"u"})->set_domain("house");
      auto* opset = model.proto.add_opset_import();
      opset->set_domain("house");
      opset->set_version(1);
    }
    model.Node("Dropout", {"x", "", "u"}, {"y"});
    model.Output("y");
    const ImportedModel imported = model.Import();
    const OpNode& dropout = imported.graph.ops().back();
    return Words(dropout.aliases) + (dropout.has_effects ? " effects" : "");
  };
  for (const char* way : {"Identity", "Cast", "function"}) {
    EXPECT_EQ(words(way, false), "view 0<0@0") << way;
    EXPECT_EQ(words(way, true), " effects") << way;
  }
}

TEST(OpTable, FunctionsOfTheModelAreNotWhatTheirNamesSay) {
  for (const char* domain : {"com.microsoft", "", "ai.onnx"}) {
    Model model(17);
    model.Input("x", {8, 8});
    auto* function = model.proto.add_functions();
    function->set_name("Identity");
    function->set_domain(domain);
    function->add_input("a");
    function->add_output("b");
    function->add_opset_import()->set_version(17);
    auto* node = function->add_node();
    node->set_op_type("Transpose");
    node->add_input("a");
    node->add_output("b");
    // The standard domain has two names.
    model.Node("Identity", {"x"}, {"y"})->set_domain(domain == std::string("ai.onnx") ? "" : domain);
    model.Output("y");
    EXPECT_EQ(Words(model.Import().graph.ops()[0].aliases), "") << domain;
  }
}

// Format 10: functions of one name, told apart by their overload, which older libraries of onnx do not know.
TEST(OpTable, FunctionsOfOneNameAreToldApartByTheirOverload) {
  Model model(17);
  model.Input("x", {2, 8});
  constexpr int kOfFunction = 13, kOfNode = 8;
  const auto set = [](google::protobuf::Message& message, int field, const std::string& overload) {
    const auto* known = message.GetDescriptor()->FindFieldByNumber(field);
    if (known) message.GetReflection()->SetString(&message, known, overload);
    if (!known) message.GetReflection()->MutableUnknownFields(&message)->AddLengthDelimited(field, overload);
  };
  for (const auto& [overload, op] : {std::pair("turned", "Transpose"), {"", "Relu"}, {"halved", "MaxPool"}}) {
    auto* function = model.proto.add_functions();
    function->set_name("Own");
    function->set_domain("acme");
    set(*function, kOfFunction, overload);
    function->add_input("a");
    function->add_output("b");
    function->add_opset_import()->set_version(17);
    auto* node = function->add_node();
    node->set_op_type(op);
    node->add_input("a");
    node->add_output("b");
  }
  for (const char* overload : {"", "turned"}) {
    auto* node = model.Node("Own", {"x"}, {std::string("y") + overload});
    node->set_domain("acme");
    set(*node, kOfNode, overload);
  }
  const ImportedModel imported = model.Import();
  EXPECT_EQ(ShapeOf(imported, "y"), (Dims{2, 8}));
  EXPECT_EQ(ShapeOf(imported, "yturned"), (Dims{8, 2}));
}

TEST(OpTable, KnowsWhatMayNotBeMoved) {
  Model model;
  model.Input("x", {4});
  model.Node("RandomNormalLike", {"x"}, {"y"});
  model.Node("Relu", {"y"}, {"z"});
  model.Output("z");
  const Graph graph = model.Import().graph;
  EXPECT_TRUE(graph.ops()[0].has_effects);
  EXPECT_FALSE(graph.ops()[1].has_effects);
}

SubgraphSpec Concatenation(float scale_of_second, int activation) {
  const TensorSpec first{"a", {1, 4}, kUint8, false, false, {}, -1, {}, 0.5f};
  TensorSpec second = first, whole = first;
  second.name = "b";
  second.scale = scale_of_second;
  whole.name = "c";
  whole.shape = {2, 4};
  OpSpec op{kConcatenation, {0, 1}, {2}};
  op.activation = activation;
  return {{first, second, whole}, {op}, {0, 1}, {2}};
}

TEST(OpTable, ConcatenationsOfTfliteMayHaveToCompute) {
  const auto words = [](float scale, int activation) {
    const std::string bytes = BuildModel({{Concatenation(scale, activation)}});
    return Words(ImportTflite(bytes, "m.tflite", {}).graph.ops()[0].aliases);
  };
  EXPECT_EQ(words(0.5f, 0), "piece 0<0@0 piece 0<1@4");
  EXPECT_EQ(words(0.25f, 0), "") << "of another scale";
  EXPECT_EQ(words(0.5f, 1), "") << "an activation";
}

TEST(OpTable, ReadsStridedSlicesOfTflite) {
  const auto words = [](std::vector<std::int32_t> begin, std::vector<std::int32_t> end, std::vector<std::int32_t> out,
                        const OpSpec& masks) {
    const auto ints = [](const char* name, std::vector<std::int32_t> values) {
      return TensorSpec{name, {2}, kInt32, false, false, {}, -1, std::move(values)};
    };
    OpSpec op = masks;
    op.code = kStridedSlice;
    op.inputs = {0, 1, 2, 3};
    op.outputs = {4};
    const SubgraphSpec graph{
        {{"x", {4, 6}}, ints("begin", begin), ints("end", end), ints("steps", {1, 1}), {"y", out}}, {op}, {0}, {4}};
    return Words(ImportTflite(BuildModel({{graph}}), "m.tflite", {}).graph.ops()[0].aliases);
  };
  EXPECT_EQ(words({1, 0}, {3, 6}, {2, 6}, {}), "view 0<0@24");
  EXPECT_EQ(words({-1, 0}, {4, 6}, {1, 6}, {}), "view 0<0@72");
  OpSpec shrink;
  shrink.shrink_axis_mask = 1;
  shrink.begin_mask = 2;
  shrink.end_mask = 2;
  EXPECT_EQ(words({2, 5}, {3, 1}, {6}, shrink), "view 0<0@48") << "one row, without its axis";
  EXPECT_EQ(words({0, 1}, {4, 3}, {4, 2}, {}), "") << "two columns";
}

}  // namespace
}  // namespace orionrt::tests::op_table_test
