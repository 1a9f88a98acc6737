// Models that no engine could run, and files that contradict themselves.
#include <gtest/gtest.h>

#include "onnx_model.hpp"

namespace orionrt::tests::onnx_runnable_test {
namespace {

constexpr std::int64_t kHuge = std::int64_t{1} << 61;

// One node on inputs of these shapes and constants of these numbers.
Model OneNode(const std::string& op, const std::vector<Dims>& inputs, const std::vector<Dims>& constants = {},
              int opset = 17) {
  Model model(opset);
  Names names;
  for (const Dims& dims : inputs) {
    names.push_back("x" + std::to_string(names.size()));
    model.Input(names.back(), dims);
  }
  for (const Dims& numbers : constants) {
    names.push_back("c" + std::to_string(names.size()));
    AddInts(model.graph, names.back(), numbers);
  }
  model.Node(op, names, {"y"});
  return model;
}

::testing::AssertionResult CannotRun(const Model& model, const std::string& words, const ImportOptions& options = {}) {
  const std::string message = MessageOf(model, options);
  const bool says = message.find("cannot run: ") != std::string::npos && message.find(words) != std::string::npos;
  return (says ? ::testing::AssertionSuccess() : ::testing::AssertionFailure()) << message;
}

TEST(OnnxRunnable, ShapesThatDoNotBroadcastAreNamedWithTheOptionsBehindThem) {
  Model model(20);
  for (const auto& [name, symbol] : {std::pair{"x", "b"}, {"y", "b2"}}) {
    model.Input(name, {-1, 4});
    auto* input = model.graph->mutable_input(model.graph->input_size() - 1);
    input->mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim(0)->set_dim_param(symbol);
  }
  model.Node("Neg", {"y"}, {"ny"});
  model.Node("Add", {"x", "ny"}, {"z"});
  model.Output("z", {2, 4});
  ImportOptions options;
  options.dims = {{"b", 2}, {"b2", 3}};
  EXPECT_EQ(
      MessageOf(model, options),
      "model.onnx: node 1 \"Add_1\" (Add): cannot run: its inputs do not broadcast: \"x\" [2,4] is a graph input; "
      "\"ny\" [3,4] is made by node 0 \"Neg_0\" (Neg); their dimensions follow from --dim b=2, --dim b2=3");
  options.dims = {{"b", 2}};
  options.inputs["y"] = {3, 4};
  EXPECT_TRUE(CannotRun(model, "--input y=3x4", options));
  options.trust_shapes = true;
  EXPECT_EQ(ShapeOf(model.Import(options), "z"), (Dims{2, 4})) << "as the file declares it";
  options = {};
  options.default_dim = 1;
  EXPECT_EQ(ShapeOf(model.Import(options), "z"), (Dims{1, 4}));
}

TEST(OnnxRunnable, WhatTheFileDeclaresIsHeldAgainstWhatTheOpMakes) {
  Model model(17);
  model.Input("x", {-1, 4});
  model.Node("Relu", {"x"}, {"y"});
  model.Node("Neg", {"y"}, {"z"});
  Declare(model.graph->add_value_info(), "y", {2, 8});
  ImportOptions options;
  options.default_dim = 2;
  const ImportedModel stale = model.Import(options);
  ASSERT_EQ(stale.warnings.size(), 1u) << "a user's value may explain it";
  EXPECT_NE(stale.warnings[0].find("\"y\" is declared as [2,8], and the op makes [2,4]; their dimensions follow from "
                                   "--dim '*=2'"),
            std::string::npos)
      << stale.warnings[0];
  EXPECT_EQ(ShapeOf(stale, "y"), (Dims{2, 4}));
  model.graph->mutable_input(0)->mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim(0)->set_dim_value(
      2);
  EXPECT_NE(
      MessageOf(model).find("node 0 \"Relu_0\" (Relu): output \"y\" is declared as [2,8], and the op makes [2,4]; "
                            "correct the file, or plan what it declares by --trust-shapes"),
      std::string::npos)
      << MessageOf(model);
  options = {};
  options.trust_shapes = true;
  EXPECT_EQ(ShapeOf(model.Import(options), "y"), (Dims{2, 8}));
}

// A dimension that the file declares as an expression has its value where its symbols have.
TEST(OnnxRunnable, DeclaredTypesAreHeldAgainstWhatTheOpMakes) {
  Model model(17);
  model.Input("x", {2, 4});
  model.Node("Relu", {"x"}, {"y"});
  Declare(model.graph->add_value_info(), "y", {2, 4}, onnx::TensorProto::FLOAT16);
  const ImportedModel made = model.Import();
  ASSERT_EQ(made.warnings.size(), 1u);
  EXPECT_EQ(made.warnings[0],
            "model.onnx: node 0 \"Relu_0\" (Relu): output \"y\" is declared as float16, and the op makes float32; the "
            "latter is planned, the former by --trust-shapes");
  EXPECT_EQ(made.graph.tensors().back().bytes, 32);
  ImportOptions options;
  options.trust_shapes = true;
  const ImportedModel trusted = model.Import(options);
  EXPECT_TRUE(trusted.warnings.empty());
  EXPECT_EQ(trusted.graph.tensors().back().bytes, 16) << "as the file declares it";
}

TEST(OnnxRunnable, DeclaredExpressionsAreHeldAgainstWhatTheOpMakes) {
  Model model(17);
  const auto set = [](onnx::ValueInfoProto* info, const char* first, const char* second) {
    auto* shape = info->mutable_type()->mutable_tensor_type()->mutable_shape();
    shape->mutable_dim(0)->set_dim_param(first);
    shape->mutable_dim(1)->set_dim_param(second);
  };
  model.Input("x", {-1, -1});
  set(model.graph->mutable_input(0), "a", "b");
  model.Node("Relu", {"x"}, {"y"});
  model.Node("Neg", {"y"}, {"z"});
  Declare(model.graph->add_value_info(), "y", {-1, -1});
  set(model.graph->mutable_value_info(0), "2*b - 1", "b");
  ImportOptions options;
  options.dims = {{"a", 3}, {"b", 2}};
  EXPECT_TRUE(model.Import(options).warnings.empty());
  options.dims["a"] = 4;
  const ImportedModel other = model.Import(options);
  ASSERT_EQ(other.warnings.size(), 1u);
  EXPECT_NE(other.warnings[0].find("\"y\" is declared as [3,2], and the op makes [4,2]; their dimensions follow from "
                                   "--dim b=2, --dim a=4"),
            std::string::npos)
      << other.warnings[0];
  options = {};
  options.default_dim = 5;
  EXPECT_EQ(model.Import(options).warnings.size(), 1u);
  set(model.graph->mutable_value_info(0), "2*c - 1", "b");
  EXPECT_TRUE(model.Import(options).warnings.empty()) << "c is 3, as inference finds";
}

// A detector for one pixel: a stride swallows it, and the value given is the cause.
TEST(OnnxRunnable, ImpossibleSizesAreTracedToTheOptions) {
  Model model(17);
  model.Input("x", {1, 1, -1, 8});
  model.Weights("w", {1, 1, 3, 3});
  model.Node("Conv", {"x", "w"}, {"y"});
  model.Node("Relu", {"y"}, {"z"});
  ImportOptions options;
  options.default_dim = 1;
  EXPECT_NE(MessageOf(model, options).find("their dimensions follow from --dim '*=1'"), std::string::npos)
      << MessageOf(model, options);
}

TEST(OnnxRunnable, OpsSayWhatTheyCannotDo) {
  EXPECT_TRUE(CannotRun(OneNode("MatMul", {{2, 3}, {4, 5}}), "the columns of its first matrix"));
  EXPECT_TRUE(CannotRun(OneNode("MatMul", {{2, 3, 4}, {5, 4, 6}}), "do not broadcast"));
  EXPECT_TRUE(CannotRun(OneNode("Gemm", {{2, 3}, {4, 5}}), "the columns of its first matrix"));
  EXPECT_TRUE(CannotRun(OneNode("Conv", {{1, 3, 8, 8}, {4, 2, 3, 3}}), "has 3 channels, its weights are for 2"));
  EXPECT_TRUE(CannotRun(OneNode("Reshape", {{2, 3}}, {{4}}), "6 elements, which do not make [4]"));
  EXPECT_TRUE(CannotRun(OneNode("Reshape", {{2, 3}}, {{-1, 4}}), "6 elements, which do not make [-1,4]"));
  EXPECT_TRUE(CannotRun(OneNode("Reshape", {{2, 3}}, {{kHuge, kHuge, -1}}), "beyond 2^60"));
  Model concat = OneNode("Concat", {{2, 3}, {3, 4}});
  SetInt(concat.graph->mutable_node(0), "axis", 1);
  EXPECT_TRUE(CannotRun(concat, "differ beside the axis"));
  EXPECT_TRUE(CannotRun(OneNode("Attention", {{1, 2, 3, 8}, {1, 2, 5, 8}, {1, 2, 5, 8}, {3, 4}}, {}, 23),
                        "mask is for 4 tokens, and past and new ones are 5"));
  EXPECT_EQ(MessageOf(OneNode("Attention", {{1, 2, 3, 8}, {1, 2, 5, 8}, {1, 2, 5, 8}, {3, 5}}, {}, 23)), "no error");
  EXPECT_EQ(MessageOf(OneNode("Add", {{2, 1, 4}, {3, 1}})), "no error");
  EXPECT_TRUE(CannotRun(OneNode("Gemm", {{2, 3}, {3, 5}, {6}}), "does not broadcast to its product, [2,5]"));
  EXPECT_TRUE(CannotRun(OneNode("Gemm", {{2, 3}, {3, 5}, {3, 2, 5}}), "does not broadcast"));
  EXPECT_EQ(MessageOf(OneNode("Gemm", {{2, 3}, {3, 5}, {2, 1}})), "no error");
  EXPECT_TRUE(CannotRun(OneNode("Expand", {{2, 4}}, {{3, 4}}), "does not broadcast to [3,4]: \"x0\" [2,4] is a graph"));
  EXPECT_EQ(MessageOf(OneNode("Expand", {{2, 1, 4}}, {{3, 1}})), "no error");
}

// The onnx library computes them modulo 2^64: 8 bytes for 2^64 + 2 floats.
TEST(OnnxRunnable, ExtentsBeyondSixtyThreeBitsAreImpossible) {
  EXPECT_TRUE(CannotRun(OneNode("Tile", {{3}}, {{6148914691236517206}}), "beyond 2^60"));
  EXPECT_TRUE(CannotRun(OneNode("Tile", {{8}}, {{kHuge}}), "beyond 2^60"));
  EXPECT_TRUE(CannotRun(OneNode("Pad", {{8}}, {{INT64_MAX, INT64_MAX}}), "beyond 2^60"));
  EXPECT_TRUE(CannotRun(OneNode("Pad", {{8}}, {{INT64_MAX, 1}}, 18), "beyond 2^60"));
  Model range = OneNode("Range", {}, {{INT64_MIN}, {INT64_MAX}, {1}});
  for (auto& scalar : *range.graph->mutable_initializer()) scalar.clear_dims();
  EXPECT_TRUE(CannotRun(range, "beyond 2^60"));
  for (const char* op : {"DepthToSpace", "SpaceToDepth"}) {
    Model blocks = OneNode(op, {{1, 4, std::int64_t{1} << 56, 2}});
    SetInt(blocks.graph->mutable_node(0), "blocksize", std::int64_t{1} << 40);
    EXPECT_TRUE(CannotRun(blocks, "beyond 2^60"));
  }
  Model transposed = OneNode("ConvTranspose", {{1, 1, std::int64_t{1} << 58}, {1, 1, 3}});
  SetInts(transposed.graph->mutable_node(0), "strides", {1 << 20});
  EXPECT_TRUE(CannotRun(transposed, "beyond 2^60"));
  EXPECT_NE(MessageOf(OneNode("Expand", {{1}}, {{INT64_MAX}})).find("impossible dimensions"), std::string::npos);
}

TEST(OnnxRunnable, NumbersThatMakeNoSizeAreNamed) {
  const auto scalars = [](Model model) {
    for (auto& scalar : *model.graph->mutable_initializer()) {
      if (scalar.int64_data_size() == 1) scalar.clear_dims();
    }
    return model;
  };
  EXPECT_TRUE(CannotRun(scalars(OneNode("Range", {}, {{0}, {5}, {0}})), "its step is 0"));
  EXPECT_TRUE(CannotRun(scalars(OneNode("HannWindow", {}, {{-4}})), "its window would have -4 numbers"));
  EXPECT_TRUE(CannotRun(scalars(OneNode("STFT", {{1, 80, 1}}, {{0}})), "its frames do not move on"));
  EXPECT_TRUE(CannotRun(scalars(OneNode("OneHot", {{8}}, {{INT64_MAX}, {0, 1}})), "beyond 2^60"));
  EXPECT_TRUE(CannotRun(scalars(OneNode("OneHot", {{8}}, {{-3}, {0, 1}})), "its depth is negative"));
  Model two = scalars(OneNode("Range", {}, {{2}, {7}}));
  two.graph->mutable_node(0)->set_domain("com.microsoft");
  ImportOptions options;
  options.fold_constants = false;
  EXPECT_EQ(ShapeOf(two.Import(options), "y"), (Dims{5})) << "by steps of 1";
  const Model filled = OneNode("ConstantOfShape", {}, {{1 << 30, 1 << 30, 1 << 30}});
  EXPECT_NE(MessageOf(filled).find("impossible dimensions"), std::string::npos) << "also where it is folded";
}

TEST(OnnxRunnable, RangeOfHalvesIsRoundedAsTheyAre) {
  for (const int dtype : {onnx::TensorProto::FLOAT16, onnx::TensorProto::BFLOAT16}) {
    Model range(27);
    // 0, 5, 0.5; and 0.1, whose nearest half is 0.09998, and nearest bfloat16 0.1001: 51 and 50 steps to 5.
    const bool is_half = dtype == onnx::TensorProto::FLOAT16;
    const std::pair<const char*, int> numbers[] = {{"from", 0},
                                                   {"to", is_half ? 0x4500 : 0x40a0},
                                                   {"half", is_half ? 0x3800 : 0x3f00},
                                                   {"tenth", is_half ? 0x2e66 : 0x3dcd}};
    for (const auto& [name, bits] : numbers) {
      auto* tensor = range.graph->add_initializer();
      tensor->set_name(name);
      tensor->set_data_type(dtype);
      tensor->add_int32_data(bits);
    }
    range.Node("Range", {"from", "to", "half"}, {"y"});
    range.Node("Range", {"from", "to", "tenth"}, {"z"});
    range.Node("Mul", {"half", "tenth"}, {"twentieth"});
    range.Node("Range", {"from", "to", "twentieth"}, {"folded"});
    ImportOptions options;
    options.fold_constants = false;
    const ImportedModel model = range.Import(options);
    EXPECT_EQ(ShapeOf(model, "y"), (Dims{10}));
    EXPECT_EQ(ShapeOf(model, "z"), (Dims{is_half ? 51 : 50}));
    EXPECT_EQ(ShapeOf(model, "folded"), (Dims{is_half ? 101 : 100}));
  }
}

TEST(OnnxRunnable, RangeCountsInMoreThanSixtyFourBits) {
  Model range = OneNode("Range", {}, {{INT64_MIN}, {std::int64_t{1} << 62}, {std::int64_t{1} << 40}});
  for (auto& scalar : *range.graph->mutable_initializer()) scalar.clear_dims();
  ImportOptions options;
  options.fold_constants = false;
  EXPECT_EQ(ShapeOf(range.Import(options), "y"), (Dims{(1 << 23) + (1 << 22)}));
}

// com.microsoft: past tokens and new ones against the mask of their keys.
TEST(OnnxRunnable, MasksAgainstPastAndNewTokens) {
  const auto attention = [](const Dims& mask, std::int64_t past) {
    Model model;
    model.Input("x", {2, 3, 16});
    model.Input("w", {16, 48});
    model.Input("b", {48});
    model.Input("mask", mask, onnx::TensorProto::INT32);
    model.Input("past", {2, 2, 4, past, 4});
    auto* node = model.Node("Attention", {"x", "w", "b", "mask", "past"}, {"y", "present"});
    node->set_domain("com.microsoft");
    SetInt(node, "num_heads", 4);
    return MessageOf(model);
  };
  for (const Dims& mask : {Dims{2, 8}, Dims{2}, Dims{4}, Dims{2, 3, 8}, Dims{2, 1, 20, 20}}) {
    EXPECT_EQ(attention(mask, 5), "no error") << mask.size();
  }
  const std::string said = attention({2, 9}, 5);
  EXPECT_NE(said.find("cannot run: its mask is for 9 tokens, and past and new ones are 8"), std::string::npos) << said;
  EXPECT_NE(said.find("\"mask\" [2,9] is a graph input"), std::string::npos) << said;
  EXPECT_NE(attention({2, 4, 8}, 5).find("for 4 new tokens, and its queries are 3"), std::string::npos);
  const auto multi_head = [](const Dims& mask, const Dims& bias) {
    Model model;
    for (const char* name : {"q", "k", "v"}) model.Input(name, {2, 3, 16});
    model.Input("mask", mask, onnx::TensorProto::INT32);
    model.Input("bias", bias);
    for (const char* name : {"past_k", "past_v"}) model.Input(name, {2, 4, 5, 4});
    auto* node = model.Node("MultiHeadAttention", {"q", "k", "v", "", "mask", "bias", "past_k", "past_v"}, {"y"});
    node->set_domain("com.microsoft");
    SetInt(node, "num_heads", 4);
    return MessageOf(model);
  };
  EXPECT_EQ(multi_head({2, 8}, {1, 4, 3, 8}), "no error");
  EXPECT_EQ(multi_head({2, 3}, {2, 1, 3, 8}), "no error") << "of the new keys alone";
  EXPECT_NE(multi_head({2, 7}, {1, 4, 3, 8}).find("its mask is for 7 tokens"), std::string::npos);
  EXPECT_NE(multi_head({2, 8}, {1, 4, 3, 9}).find("its mask is for 9 tokens"), std::string::npos);
}

}  // namespace
}  // namespace orionrt::tests::onnx_runnable_test
