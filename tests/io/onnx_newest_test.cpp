// Ops of the newest opsets, and of graphs that onnxruntime has optimised.
#include <gtest/gtest.h>

#include "onnx_model.hpp"

namespace orionrt::tests::onnx_newest_test {
namespace {

Model WithOp(const std::string& domain, const std::string& op, const std::vector<std::pair<Dims, int>>& inputs,
             const Dims& ints = {}, const std::vector<std::string>& names = {}) {
  Model model(28);
  Names values;
  for (const auto& [dims, dtype] : inputs) {
    values.push_back(dtype == 0 ? "" : "x" + std::to_string(values.size()));
    if (dtype != 0) model.Input(values.back(), dims, dtype);
  }
  auto* node = model.Node(op, values, {"y", "second"});
  if (domain == "com.microsoft" || op == "BitCast" || op == "SwiGLU" || op == "DFT" || op == "TreeEnsemble" ||
      op == "FlexAttention") {
    node->mutable_output()->RemoveLast();
  }
  node->set_domain(domain);
  for (std::size_t i = 0; i < names.size(); ++i) SetInt(node, names[i], ints[i]);
  return model;
}

constexpr int kFloat = onnx::TensorProto::FLOAT, kByte = onnx::TensorProto::UINT8, kDouble = onnx::TensorProto::DOUBLE,
              kBool = onnx::TensorProto::BOOL;

TEST(OnnxNewest, ShapesOfOpsThatTheLibraryDoesNotKnow) {
  EXPECT_EQ(ShapeOf(WithOp("", "BitCast", {{{3}, kFloat}}, {onnx::TensorProto::INT32}, {"to"}).Import(), "y"),
            (Dims{3}));
  EXPECT_EQ(ShapeOf(WithOp("", "SwiGLU", {{{2, 4}, kFloat}, {{2, 4}, kFloat}}).Import(), "y"), (Dims{2, 4}));
  const Model flex = WithOp("ai.onnx.preview", "FlexAttention",
                            {{{2, 8, 4, 16}, kFloat}, {{2, 2, 6, 16}, kFloat}, {{2, 2, 6, 24}, kFloat}});
  EXPECT_EQ(ShapeOf(flex.Import(), "y"), (Dims{2, 8, 4, 24}));
  const ImportedModel linear =
      WithOp("", "LinearAttention", {{{2, 5, 32}, kFloat}, {{2, 5, 16}, kFloat}, {{2, 5, 24}, kFloat}}, {4, 2},
             {"q_num_heads", "kv_num_heads"})
          .Import();
  EXPECT_EQ(ShapeOf(linear, "y"), (Dims{2, 5, 48}));
  EXPECT_EQ(ShapeOf(linear, "second"), (Dims{2, 2, 8, 12}));
  const ImportedModel causal = WithOp("", "CausalConvWithState", {{{2, 6, 10}, kFloat}, {{6, 1, 4}, kFloat}}).Import();
  EXPECT_EQ(ShapeOf(causal, "y"), (Dims{2, 6, 10}));
  EXPECT_EQ(ShapeOf(causal, "second"), (Dims{2, 6, 3}));
  const Model back = [] {
    Model model(19);
    model.Input("x", {1, 6, 10, 2});
    auto* node = model.Node("DFT", {"x"}, {"y"});
    for (const char* flag : {"axis", "inverse", "onesided"}) SetInt(node, flag, 1);
    return model;
  }();
  EXPECT_EQ(ShapeOf(back.Import(), "y"), (Dims{1, 10, 10, 1}));
}

// A body of FlexAttention changes the scores of all pairs of tokens; its own declaration says names alone.
TEST(OnnxNewest, BodiesOfFlexAttentionSeeTheScores) {
  Model model = WithOp("ai.onnx.preview", "FlexAttention",
                       {{{2, 8, 4, 16}, kFloat}, {{2, 2, 6, 16}, kFloat}, {{2, 2, 6, 24}, kFloat}});
  auto* body = SetGraph(model.graph->mutable_node(0), "score_mod");
  Declare(body->add_input(), "scores", {-1, -1, -1, -1});
  for (const char* name : {"B", "H", "L", "S"}) {
    auto* shape = body->mutable_input(0)->mutable_type()->mutable_tensor_type()->mutable_shape();
    shape->mutable_dim(name[0] == 'B' ? 0 : name[0] == 'H' ? 1 : name[0] == 'L' ? 2 : 3)->set_dim_param(name);
  }
  AddNode(body, "Tanh", {"scores"}, {"capped"});
  body->add_output()->set_name("capped");
  const ImportedModel imported = model.Import();
  EXPECT_EQ(ShapeOf(imported, "y"), (Dims{2, 8, 4, 24}));
  ASSERT_EQ(imported.bodies.size(), 1u);
  EXPECT_EQ(ShapeOf({imported.bodies[0].graph, {}, {}, {}}, "capped"), (Dims{2, 8, 4, 6}));
}

// Blocks of 16 channels, as ONNX Runtime writes graphs on a machine with AVX-512.
TEST(OnnxNewest, GraphsInBlocksOfChannels) {
  constexpr const char* kDomain = "com.microsoft.nchwc";
  const auto make = [&](const std::string& op, const Dims& dims, const Dims& ints,
                        const std::vector<std::string>& names) {
    Model model = WithOp(kDomain, op, {{dims, kFloat}}, ints, names);
    model.graph->mutable_node(0)->mutable_output()->RemoveLast();
    return ShapeOf(model.Import(), "y");
  };
  EXPECT_EQ(make("ReorderInput", {1, 24, 7, 9}, {}, {}), (Dims{1, 32, 7, 9}));
  EXPECT_EQ(make("ReorderInput", {1, 7, 9, 24}, {1}, {"channels_last"}), (Dims{1, 32, 7, 9}));
  EXPECT_EQ(make("ReorderOutput", {1, 32, 7, 9}, {24}, {"channels"}), (Dims{1, 24, 7, 9}));
  EXPECT_EQ(make("ReorderOutput", {1, 32, 7, 9}, {24, 1}, {"channels", "channels_last"}), (Dims{1, 7, 9, 24}));
  EXPECT_EQ(make("GlobalAveragePool", {1, 32, 7, 9}, {}, {}), (Dims{1, 32, 1, 1}));
  Model pool = WithOp(kDomain, "MaxPool", {{{1, 32, 8, 8}, kFloat}});
  pool.graph->mutable_node(0)->mutable_output()->RemoveLast();
  SetInts(pool.graph->mutable_node(0), "kernel_shape", {2, 2});
  SetInts(pool.graph->mutable_node(0), "strides", {2, 2});
  EXPECT_EQ(ShapeOf(pool.Import(), "y"), (Dims{1, 32, 4, 4}));
  Model conv = WithOp(kDomain, "Conv", {{{1, 32, 8, 8}, kFloat}, {{48, 32, 3, 3}, kFloat}, {{48}, kFloat}});
  conv.graph->mutable_node(0)->mutable_output()->RemoveLast();
  SetInts(conv.graph->mutable_node(0), "pads", {1, 1, 1, 1});
  EXPECT_EQ(ShapeOf(conv.Import(), "y"), (Dims{1, 48, 8, 8}));
  Model larger = WithOp(kDomain, "Upsample", {{{1, 32, 8, 8}, kFloat}});
  larger.graph->mutable_node(0)->mutable_output()->RemoveLast();
  SetInts(larger.graph->mutable_node(0), "scales", {1, 1, 2, 3});
  EXPECT_EQ(ShapeOf(larger.Import(), "y"), (Dims{1, 32, 16, 24}));
}

TEST(OnnxNewest, TreesGiveOneRowPerRowOfTheInput) {
  Model model = WithOp("ai.onnx.ml", "TreeEnsemble", {{{3, 2}, kDouble}}, {2}, {"n_targets"});
  auto* opset = model.proto.add_opset_import();
  opset->set_domain("ai.onnx.ml");
  opset->set_version(5);
  const ImportedModel imported = model.Import();
  EXPECT_EQ(ShapeOf(imported, "y"), (Dims{3, 2}));
  EXPECT_EQ(imported.graph.tensors()[1].dtype, "float64");
}

TEST(OnnxNewest, GraphsThatOnnxruntimeHasOptimised) {
  const auto quantized = [](bool with_scale) {
    std::vector<std::pair<Dims, int>> inputs = {{{2, 3}, kByte}, {{}, kFloat}, {{}, kByte},
                                                {{4, 3}, kByte}, {{}, kFloat}, {{}, kByte}};
    if (with_scale) inputs.insert(inputs.end(), {{{}, 0}, {{}, kFloat}, {{}, kByte}});
    return WithOp("com.microsoft", "QGemm", inputs, {1}, {"transB"}).Import();
  };
  EXPECT_EQ(ShapeOf(quantized(true), "y"), (Dims{2, 4}));
  EXPECT_EQ(quantized(true).graph.tensors().back().bytes, 8u);
  EXPECT_EQ(quantized(false).graph.tensors().back().bytes, 32u) << "floats";
  const std::vector<std::pair<Dims, int>> convolution = {{{1, 9, 8, 3}, kByte}, {{}, kFloat}, {{}, kByte},
                                                         {{5, 3, 3, 3}, kByte}, {{}, kFloat}, {{}, kByte},
                                                         {{}, kFloat},          {{}, kByte}};
  EXPECT_EQ(ShapeOf(WithOp("com.microsoft", "QLinearConv", convolution, {1}, {"channels_last"}).Import(), "y"),
            (Dims{1, 7, 6, 5}));
  const auto shape = [](const std::string& op, const std::vector<std::pair<Dims, int>>& inputs, const Dims& ints = {},
                        const std::vector<std::string>& names = {}) {
    return ShapeOf(WithOp("com.microsoft", op, inputs, ints, names).Import(), "y");
  };
  EXPECT_EQ(shape("QLinearWhere", {{{4, 1}, kBool}, {{3}, kByte}, {{}, kFloat}, {{}, kByte}, {{1}, kByte}}),
            (Dims{4, 3}));
  const std::pair<Dims, int> indices = {{2, 5}, onnx::TensorProto::INT64};
  EXPECT_EQ(shape("GatherBlockQuantized", {{{100, 16}, kByte}, indices, {{100, 1}, kFloat}}), (Dims{2, 5, 32}));
  EXPECT_EQ(shape("GatherBlockQuantized", {{{100, 16}, kByte}, indices, {{100, 1}, kFloat}}, {8}, {"bits"}),
            (Dims{2, 5, 16}));
  EXPECT_EQ(shape("DynamicQuantizeLSTM", {{{7, 2, 3}, kFloat}, {{1, 3, 20}, kByte}, {{1, 5, 20}, kByte}}, {5},
                  {"hidden_size"}),
            (Dims{7, 1, 2, 5}));
  EXPECT_EQ(shape("MoE", {{{2, 3, 8}, kFloat}, {{6, 4}, kFloat}}), (Dims{2, 3, 8}));
  Model dropout = WithOp("com.microsoft", "BitmaskDropout", {{{5, 13}, kFloat}});
  dropout.graph->mutable_node(0)->add_output("mask");
  EXPECT_EQ(ShapeOf(dropout.Import(), "mask"), (Dims{3}));
  Model pad = WithOp("com.microsoft", "Pad", {{{2, 3}, kFloat}});
  AddInts(pad.graph, "pads", {0, 1, 0, 2});
  pad.graph->mutable_node(0)->add_input("pads");
  EXPECT_EQ(ShapeOf(pad.Import(), "y"), (Dims{2, 6}));
  EXPECT_EQ(
      ShapeOf(WithOp("com.microsoft", "NhwcConv", {{{1, 9, 8, 3}, kFloat}, {{5, 3, 3, 3}, kFloat}}).Import(), "y"),
      (Dims{1, 7, 6, 5}));
}

// Format 9: a function says what its attributes are where a call leaves them out. Older libraries keep that unread, and
// so does this test write it.
TEST(OnnxNewest, FunctionsGiveAttributesThatACallLeavesOut) {
  Model model(20);
  model.proto.add_opset_import()->set_domain("own");
  auto* function = model.proto.add_functions();
  function->set_name("Shaped");
  function->set_domain("own");
  function->add_opset_import()->set_version(20);
  function->add_input("a");
  function->add_output("c");
  onnx::GraphProto body;
  auto* shape = AddNode(&body, "Constant", {}, {"s"})->add_attribute();
  shape->set_name("value_ints");
  shape->set_type(onnx::AttributeProto::INTS);
  shape->set_ref_attr_name("shape");
  AddNode(&body, "Reshape", {"a", "s"}, {"c"});
  *function->mutable_node() = body.node();
  onnx::AttributeProto usual;
  usual.set_name("shape");
  usual.set_type(onnx::AttributeProto::INTS);
  for (const std::int64_t dim : {8, -1}) usual.add_ints(dim);
  constexpr int kDefaults = 11;
  function->GetReflection()->MutableUnknownFields(function)->AddLengthDelimited(kDefaults, usual.SerializeAsString());
  model.Input("x", {2, 8, 4});
  model.Node("Shaped", {"x"}, {"y"})->set_domain("own");
  auto* call = model.Node("Shaped", {"x"}, {"z"});
  call->set_domain("own");
  SetInts(call, "shape", {4, 16});
  const ImportedModel imported = model.Import();
  EXPECT_EQ(ShapeOf(imported, "y"), (Dims{8, 8}));
  EXPECT_EQ(ShapeOf(imported, "z"), (Dims{4, 16}));
}

}  // namespace
}  // namespace orionrt::tests::onnx_newest_test
