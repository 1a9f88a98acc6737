// The bill of weights.
#include <gtest/gtest.h>

#include "onnx_model.hpp"

namespace orionrt::tests::onnx_weights_test {
namespace {

std::string Bill(const ImportedModel& model) {
  const WeightBytes& weights = model.weights;
  return std::to_string(weights.stored_bytes) + " stored, " + std::to_string(weights.needed_bytes) + " needed by " +
         std::to_string(weights.count);
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

}  // namespace
}  // namespace orionrt::tests::onnx_weights_test
