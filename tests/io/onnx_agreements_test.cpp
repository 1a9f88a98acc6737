// Inputs that do not fit each other, of ops whose outputs follow from other dimensions: refused, as no engine runs
// them.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "onnx_model.hpp"

namespace orionrt::tests::onnx_agreements_test {
namespace {

struct Input {
  Dims dims;
  char type = 'f';  // i: int64, u: uint8
};

struct Attribute {
  const char* name;
  std::int64_t value;
};

// Fits, and no longer once this axis of this input is `value` long.
struct AgreementCase {
  const char* domain;
  const char* op;
  int opset;
  std::vector<Input> inputs;
  std::vector<Attribute> attributes;
  std::size_t input, axis;
  std::int64_t value;
  const char* words;
};

constexpr const char* kMs = "com.microsoft";
const Input kOne = {{}};
const Input kZero = {{}, 'u'};

const AgreementCase kCases[] = {
    {"", "PRelu", 9, {{{2, 3, 4}}, {{3, 1}}}, {}, 1, 0, 2, "its slope does not broadcast"},
    {"", "PRelu", 9, {{{2, 3, 4}}, {{3}}}, {}, 1, 0, 2, "its slope does not broadcast"},
    {"", "LayerNormalization", 17, {{{2, 3, 4}}, {{4}}, {{4}}}, {}, 1, 0, 5, "its scale does not fit"},
    {"", "LayerNormalization", 17, {{{2, 3, 4}}, {{12}}, {{4}}}, {{"axis", 1}}, 2, 0, 5, "its bias does not fit"},
    {"", "RMSNormalization", 23, {{{2, 3, 4}}, {{4}}}, {}, 1, 0, 3, "its scale does not fit"},
    {"",
     "InstanceNormalization",
     6,
     {{{2, 3, 4}}, {{3}}, {{3}}},
     {},
     2,
     0,
     4,
     "axis 1 of input 0 and axis 0 of input 2"},
    {"", "GroupNormalization", 21, {{{2, 4, 3}}, {{4}}, {{4}}}, {{"num_groups", 2}}, 1, 0, 2, "axis 0 of input 1"},
    {"", "DequantizeLinear", 13, {{{5, 3}, 'u'}, {{3}}, {{3}, 'u'}}, {}, 1, 0, 5, "axis 1 of input 0"},
    {"", "QuantizeLinear", 13, {{{5, 3}}, {{5}}, {{5}, 'u'}}, {{"axis", -2}}, 1, 0, 3, "axis 0 of input 0"},
    {"",
     "QLinearConv",
     10,
     {{{1, 3, 8}, 'u'}, kOne, kZero, {{4, 3, 3}, 'u'}, kOne, kZero, kOne, kZero},
     {},
     3,
     1,
     2,
     "its input has 3 channels, its weights are for 2"},
    {"", "ConvInteger", 10, {{{1, 3, 8}, 'u'}, {{4, 3, 3}, 'u'}}, {}, 1, 1, 2, "its weights are for 2"},
    {"", "LSTM", 14, {{{7, 2, 3}}, {{1, 20, 3}}, {{1, 20, 5}}}, {{"hidden_size", 5}}, 0, 2, 4, "axis 2 of input 0"},
    {"", "GRU", 14, {{{7, 2, 3}}, {{1, 15, 3}}, {{1, 15, 5}}}, {{"hidden_size", 5}}, 2, 2, 6, "are for 6 numbers"},
    {"", "RNN", 14, {{{7, 2, 3}}, {{1, 5, 3}}, {{1, 5, 5}}}, {{"hidden_size", 5}}, 1, 1, 6, "axis 1 of input 1"},
    {"", "GatherElements", 13, {{{3, 4}}, {{9, 4}, 'i'}}, {}, 1, 1, 5, "reach beyond axis 1"},
    {"", "ScatterElements", 16, {{{3, 4}}, {{9, 2}, 'i'}, {{9, 2}}}, {}, 2, 1, 1, "its updates are not as its indices"},
    {"", "ScatterND", 16, {{{4, 5}}, {{3, 1}, 'i'}, {{3, 5}}}, {}, 2, 0, 4, "its updates must be [3,5]"},
    {"", "ScatterND", 16, {{{4, 5}}, {{3, 2}, 'i'}, {{3}}}, {}, 1, 1, 3, "more numbers than its input has axes"},
    {"", "GatherND", 13, {{{3, 4, 5}}, {{3, 2}, 'i'}}, {{"batch_dims", 1}}, 1, 0, 2, "axis 0 of input 0"},
    {"", "ReverseSequence", 10, {{{7, 2}}, {{2}, 'i'}}, {}, 1, 0, 7, "axis 1 of input 0"},
    {"",
     "LSTM",
     14,
     {{{7, 2, 3}}, {{1, 20, 3}}, {{1, 20, 5}}, {{1, 40}}},
     {{"hidden_size", 5}},
     3,
     1,
     20,
     "its biases are not two for each row"},
    {"", "GRU", 14, {{{7, 2, 3}}, {{1, 15, 3}}, {{1, 15, 5}}}, {{"hidden_size", 5}}, 1, 0, 2, "are for 2 directions"},
    {"",
     "Conv",
     11,
     {{{1, 4, 8}}, {{8, 1, 3}}, {{8}}},
     {{"group", 4}},
     1,
     0,
     6,
     "its 6 kernels do not make up 4 groups"},
    {"", "Conv", 11, {{{1, 4, 8}}, {{8, 4, 3}}, {{8}}}, {}, 2, 0, 7, "axis 0 of input 1 and axis 0 of input 2"},
    {"", "GroupNormalization", 21, {{{2, 4, 3}}, {{4}}, {{4}}}, {{"num_groups", 2}}, 0, 1, 5, "make up 2 groups"},
    {"", "MaxUnpool", 11, {{{1, 1, 2, 2}}, {{1, 1, 2, 2}, 'i'}}, {}, 1, 3, 3, "its indices are not as its input"},
    {"", "TensorScatter", 24, {{{2, 4, 9, 8}}, {{2, 4, 1, 8}}}, {}, 1, 2, 10, "does not fit in axis 2"},
    {"", "NonMaxSuppression", 11, {{{2, 9, 4}}, {{2, 3, 9}}}, {}, 1, 2, 8, "axis 1 of input 0 and axis 2 of input 1"},
    {"", "RoiAlign", 16, {{{1, 3, 8, 8}}, {{6, 4}}, {{6}, 'i'}}, {}, 2, 0, 5, "axis 0 of input 1"},
    {"", "GridSample", 16, {{{2, 3, 4, 4}}, {{2, 5, 5, 2}}}, {}, 1, 0, 3, "axis 0 of input 0"},
    {"",
     "DepthToSpace",
     13,
     {{{1, 8, 2, 2}}},
     {{"blocksize", 2}},
     0,
     1,
     6,
     "its channels do not make up blocks of 2 by 2"},
    {"",
     "SpaceToDepth",
     13,
     {{{1, 3, 4, 6}}},
     {{"blocksize", 2}},
     0,
     3,
     5,
     "rows and columns do not make up blocks of 2 by 2"},
    {"", "Attention", 23, {{{1, 4, 3, 8}}, {{1, 2, 5, 8}}, {{1, 2, 5, 6}}}, {}, 2, 2, 4, "axis 2 of input 1"},
    {"", "Attention", 23, {{{1, 4, 3, 8}}, {{1, 2, 5, 8}}, {{1, 2, 5, 6}}}, {}, 0, 1, 3, "no multiple of its heads"},
    {"", "RotaryEmbedding", 23, {{{1, 2, 3, 8}}, {{1, 3, 4}}, {{1, 3, 4}}}, {}, 1, 1, 5, "axis 2 of input 0"},
    {"", "RotaryEmbedding", 23, {{{1, 2, 3, 8}}, {{1, 3, 4}}, {{1, 3, 4}}}, {}, 0, 3, 6, "not half as wide"},
    {"", "STFT", 17, {{{1, 80, 1}}, {{}, 'i'}, {{16}}}, {}, 2, 0, 81, "frames of 81 numbers do not fit"},
    {kMs,
     "MatMulNBits",
     1,
     {{{2, 32}}, {{8, 2, 8}, 'u'}, {{16}}},
     {{"K", 32}, {"N", 8}, {"bits", 4}, {"block_size", 16}},
     0,
     1,
     16,
     "its weights have 32 rows"},
    {kMs, "SkipLayerNormalization", 1, {{{2, 3, 8}}, {{2, 3, 8}}, {{8}}}, {}, 2, 0, 4, "the last axis of input 0"},
    {kMs, "SkipLayerNormalization", 1, {{{2, 3, 8}}, {{3, 8}}, {{8}}}, {}, 1, 0, 2, "axis -2 of input 0"},
    {kMs, "FusedMatMul", 1, {{{2, 3}}, {{5, 3}}}, {{"transB", 1}}, 1, 1, 4, "the columns of its first matrix"},
    {kMs,
     "QGemm",
     1,
     {{{2, 3}, 'u'}, kOne, kZero, {{3, 5}, 'u'}, kOne, kZero},
     {},
     3,
     0,
     4,
     "the columns of its first"},
    {kMs,
     "MultiHeadAttention",
     1,
     {{{2, 3, 16}}, {{2, 5, 16}}, {{2, 5, 16}}},
     {{"num_heads", 4}},
     1,
     2,
     12,
     "axis 2 of input 0 and axis 2 of input 1"},
    {kMs, "RotaryEmbedding", 1, {{{1, 2, 3, 8}}, {{1, 3}, 'i'}, {{9, 4}}, {{9, 4}}}, {}, 2, 1, 3, "not half as wide"},
    {kMs, "BiasGelu", 1, {{{2, 3, 8}}, {{8}}}, {}, 1, 0, 4, "the last axis of input 0"},
};

Model ModelOf(const AgreementCase& c) {
  Model model(c.domain[0] ? 17 : c.opset);
  if (c.domain[0]) {
    auto* import = model.proto.add_opset_import();
    import->set_domain(c.domain);
    import->set_version(c.opset);
  }
  Names names;
  for (const Input& input : c.inputs) {
    names.push_back("x" + std::to_string(names.size()));
    model.Input(names.back(), input.dims,
                input.type == 'i'   ? onnx::TensorProto::INT64
                : input.type == 'u' ? onnx::TensorProto::UINT8
                                    : onnx::TensorProto::FLOAT);
  }
  onnx::NodeProto* node = model.Node(c.op, names, {"y"});
  node->set_domain(c.domain);
  for (const Attribute& attribute : c.attributes) SetInt(node, attribute.name, attribute.value);
  return model;
}

TEST(OnnxAgreements, WhatDoesNotFitIsRefused) {
  for (const AgreementCase& c : kCases) {
    SCOPED_TRACE(c.op);
    Model model = ModelOf(c);
    ImportOptions options;
    options.default_dim = 3;  // for sizes of run time
    EXPECT_EQ(MessageOf(model, options), "no error");
    auto* shape = model.graph->mutable_input(static_cast<int>(c.input))->mutable_type()->mutable_tensor_type();
    shape->mutable_shape()->mutable_dim(static_cast<int>(c.axis))->set_dim_value(c.value);
    const std::string message = MessageOf(model, options);
    EXPECT_NE(message.find("cannot run: "), std::string::npos) << message;
    EXPECT_NE(message.find(c.words), std::string::npos) << message;
    EXPECT_NE(message.find("is a graph input"), std::string::npos) << message;
  }
}

// What is gone through is equally long.
TEST(OnnxAgreements, SequencesOfAScanAreEquallyLong) {
  for (const std::int64_t length : {7, 6}) {
    Model model(21);
    model.Input("a", {7, 3});
    model.Input("b", {length, 3});
    auto* scan = model.Node("Scan", {"a", "b"}, {"y"});
    SetInt(scan, "num_scan_inputs", 2);
    auto* body = SetGraph(scan, "body");
    Declare(body->add_input(), "p", {3});
    Declare(body->add_input(), "q", {3});
    AddNode(body, "Add", {"p", "q"}, {"o"});
    Declare(body->add_output(), "o", {3});
    const bool says = MessageOf(model).find("axis 0 of input 0 and axis 0 of input 1 must be") != std::string::npos;
    EXPECT_EQ(says, length == 6) << MessageOf(model);
    OpRule own;
    own.op = "Scan";
    own.inputs = {"a", "b"};
    own.outputs = {{{"b[:]"}, ""}};
    ImportOptions options;
    options.op_rules = {own};
    EXPECT_EQ(ShapeOf(model.Import(options), "y"), (Dims{length, 3})) << "a rule of the user's own goes before";
  }
}

TEST(OnnxAgreements, OldMeaningsAndShapesThatAreNotKnownStandBack) {
  AgreementCase slope = kCases[1];
  slope.inputs[1].dims = {2};
  slope.opset = 6;  // a slope for each channel then, of whatever shape
  EXPECT_EQ(MessageOf(ModelOf(slope)), "no error");
  AgreementCase scale = kCases[7];
  scale.inputs[1].dims = scale.inputs[2].dims = {1};
  EXPECT_EQ(MessageOf(ModelOf(scale)), "no error") << "one scale for all";
}

}  // namespace
}  // namespace orionrt::tests::onnx_agreements_test
