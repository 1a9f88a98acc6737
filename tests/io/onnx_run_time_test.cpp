// Sizes that depend on data: assumed, given, or planned at the most that they can be.
#include <gtest/gtest.h>

#include "onnx_model.hpp"

namespace orionrt::tests::onnx_run_time_test {
namespace {

struct RunTimeCase {
  std::string op;
  std::vector<Dims> inputs;         // of float
  std::vector<Dims> number_inputs;  // of int64, behind them
  std::vector<std::pair<std::string, Dims>> attributes;
  Dims bound;    // without options; empty: refused, and asked for
  Dims assumed;  // with --dim '*=3'
};

Model ModelOf(const RunTimeCase& c) {
  Model model(20);
  Names names;
  for (const Dims& dims : c.inputs) {
    names.push_back("x" + std::to_string(names.size()));
    model.Input(names.back(), dims,
                c.op == "Compress" && names.size() == 2 ? onnx::TensorProto::BOOL : onnx::TensorProto::FLOAT);
  }
  for (const Dims& dims : c.number_inputs) {
    names.push_back("n" + std::to_string(names.size()));
    model.Input(names.back(), dims, onnx::TensorProto::INT64);
  }
  auto* node = model.Node(c.op, names, c.op == "TopK" ? Names{"y", ""} : Names{"y"});
  for (const auto& [name, values] : c.attributes) {
    if (name == "axes") {
      SetInts(node, name, values);
    } else {
      SetInt(node, name, values[0]);
    }
  }
  return model;
}

// The float of a Resize's scales is an input too, so that it stands behind an absent one.
const RunTimeCase kCases[] = {
    {"Slice", {{2, 8, 4}}, {{1}, {1}}, {}, {2, 8, 4}, {2, 3, 3}},
    {"Compress", {{2, 8, 4}, {5}}, {}, {{"axis", {1}}}, {2, 5, 4}, {2, 3, 4}},
    {"Compress", {{2, 8, 4}, {70}}, {}, {}, {64}, {3}},
    {"NonZero", {{2, 3}}, {}, {}, {2, 6}, {2, 3}},
    {"Unique", {{2, 3}}, {}, {}, {6}, {3}},
    {"NonMaxSuppression", {{1, 20, 4}, {1, 2, 20}}, {}, {}, {40, 3}, {3, 3}},
    {"TopK", {{2, 8}}, {{1}}, {}, {2, 8}, {2, 3}},
    {"ReduceSum", {{2, 8, 4}}, {{1}}, {}, {2, 8, 4}, {2, 3, 3}},
    {"ReduceSum", {{2, 8, 4}}, {{1}}, {{"keepdims", {0}}}, {8, 8}, {3, 3}},
    {"ReduceMax", {{2, 8, 4}}, {{1}}, {{"keepdims", {0}}}, {8, 8}, {3, 3}},
    {"Squeeze", {{1, 8, 1}}, {{1}}, {}, {8, 1}, {8, 1}},
    {"Reshape", {{2, 8, 4}}, {{2}}, {}, {}, {3, 3}},
    {"Pad", {{2, 8, 4}}, {{6}}, {}, {}, {3, 3, 3}},
    {"CenterCropPad", {{2, 8, 4}}, {{1}}, {{"axes", {1}}}, {}, {2, 3, 4}},
    {"Expand", {{2, 1}}, {{2}}, {}, {}, {2, 3}},
    {"Tile", {{2, 4}}, {{2}}, {}, {}, {3, 3}},
    {"AffineGrid", {{1, 2, 3}}, {{4}}, {}, {}, {1, 3, 3, 2}},
    {"DFT", {{1, 100, 1}}, {{}}, {}, {}, {1, 3, 2}},
};

TEST(OnnxRunTime, EachOpHasABoundOrAsks) {
  for (const RunTimeCase& c : kCases) {
    const Model model = ModelOf(c);
    ImportOptions options;
    if (c.bound.empty()) {
      EXPECT_NE(MessageOf(model).find("known only at run time"), std::string::npos) << c.op << MessageOf(model);
    } else {
      const ImportedModel bounded = model.Import();
      EXPECT_EQ(ShapeOf(bounded, "y"), c.bound) << c.op;
      const bool is_exact = c.bound == c.assumed;
      ASSERT_EQ(bounded.warnings.size(), is_exact ? 0u : 1u) << c.op;
      const std::string warning = is_exact ? "upper bound" : bounded.warnings[0];
      EXPECT_NE(warning.find("upper bound"), std::string::npos) << warning;
    }
    options.default_dim = 3;
    EXPECT_EQ(ShapeOf(model.Import(options), "y"), c.assumed) << c.op;
    options.shapes["y"] = {7, 5};
    EXPECT_EQ(ShapeOf(model.Import(options), "y"), (Dims{7, 5})) << c.op << ": said by --shape";
  }
}

TEST(OnnxRunTime, NamesThatNothingElseDeterminesAreWarnedOf) {
  Model model(17);
  model.Input("x", {8, 8});
  model.Node("NonZero", {"x"}, {"i"});
  auto* info = model.graph->add_value_info();
  Declare(info, "i", {2, -1}, onnx::TensorProto::INT64);
  info->mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim(1)->set_dim_param("nnz");
  ImportOptions options;
  options.default_dim = 1;
  const ImportedModel assumed = model.Import(options);
  ASSERT_EQ(assumed.warnings.size(), 1u);
  EXPECT_NE(assumed.warnings[0].find("\"i\" has dimensions known only at run time; taken as 1"), std::string::npos)
      << assumed.warnings[0];
  options.dims["nnz"] = 9;
  const ImportedModel given = model.Import(options);
  EXPECT_EQ(ShapeOf(given, "i"), (Dims{2, 9}));
  EXPECT_TRUE(given.warnings.empty());
}

// A pad up to the most shrinks as the size grows: from an upper bound nothing is computed.
TEST(OnnxRunTime, WhatFollowsFromTheValueOfABoundIsAskedFor) {
  Model model(20);
  model.Input("x", {8});
  AddInts(model.graph, "most", {8});
  AddInts(model.graph, "zero", {0});
  model.Node("NonZero", {"x"}, {"found"});
  auto* size = model.Node("Shape", {"found"}, {"n"});
  SetInt(size, "start", 1);
  model.Node("Sub", {"most", "n"}, {"left"});
  SetInt(model.Node("Concat", {"zero", "zero", "zero", "left"}, {"pads"}), "axis", 0);
  model.Node("Pad", {"found", "pads"}, {"y"});
  EXPECT_NE(MessageOf(model).find("node 4 \"Pad_4\" (Pad): shape of \"y\" is known only at run time"),
            std::string::npos)
      << MessageOf(model);
  ImportOptions options;
  options.shapes["y"] = {1, 8};
  EXPECT_EQ(ShapeOf(model.Import(options), "y"), (Dims{1, 8}));
}

// A slice of one element at a place that is computed, as a loop over the rows of a tensor has it.
TEST(OnnxRunTime, AFileMayDeclareLessThanTheBound) {
  const auto declared = [](std::int64_t size) {
    Model model(20);
    model.Input("x", {5});
    model.Input("one", {1});
    model.Input("from", {1}, onnx::TensorProto::INT64);
    model.Input("to", {1}, onnx::TensorProto::INT64);
    model.Node("Slice", {"x", "from", "to"}, {"piece"});
    model.Node("Add", {"one", "piece"}, {"y"});
    model.Output("y", {size});
    return model;
  };
  const ImportedModel imported = declared(1).Import();
  EXPECT_EQ(ShapeOf(imported, "y"), (Dims{5})) << "at its bound all the same";
  ASSERT_EQ(imported.warnings.size(), 1u);
  EXPECT_NE(imported.warnings[0].find("\"piece\" has a run-time size"), std::string::npos) << imported.warnings[0];
  EXPECT_NE(MessageOf(declared(6)).find("\"y\" is declared as [6], and the op makes [5]"), std::string::npos)
      << MessageOf(declared(6));
}

TEST(OnnxRunTime, NoViewRestsOnASizeOfRunTime) {
  Model model(20);
  model.Input("x", {4});
  AddInts(model.graph, "from", {1});
  AddInts(model.graph, "to", {3});
  model.Node("NonZero", {"x"}, {"found"});
  model.Node("Squeeze", {"found"}, {"flat"});
  model.Node("Slice", {"flat", "from", "to"}, {"piece"});
  ImportOptions options;
  options.default_dim = 4;
  const ImportedModel imported = model.Import(options);
  EXPECT_EQ(imported.graph.ops()[1].aliases.size(), 1u) << "what is renamed begins where it did";
  EXPECT_TRUE(imported.graph.ops()[2].aliases.empty());
  options.shapes["found"] = {1, 4};
  EXPECT_EQ(model.Import(options).graph.ops()[2].aliases.size(), 1u) << "where the size is said, it is known";
}

}  // namespace
}  // namespace orionrt::tests::onnx_run_time_test
