// Sizes that depend on data: assumed, given, or planned at the most that they can be.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

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
    {"Squeeze", {{1, 8, 1}}, {{1}}, {}, {}, {8, 1}},
    {"Squeeze", {{1, 8, 1}}, {{2}}, {}, {8}, {8}},
    {"Unsqueeze", {{8, 3}}, {{1}}, {}, {}, {1, 8, 3}},
    {"Reshape", {{2, 8, 4}}, {{2}}, {}, {}, {3, 3}},
    {"Pad", {{2, 8, 4}}, {{6}}, {}, {}, {3, 3, 3}},
    {"CenterCropPad", {{2, 8, 4}}, {{1}}, {{"axes", {1}}}, {}, {2, 3, 4}},
    {"Expand", {{2, 1}}, {{2}}, {}, {}, {2, 3}},
    {"Tile", {{2, 4}}, {{2}}, {}, {}, {3, 3}},
    {"AffineGrid", {{1, 2, 3}}, {{4}}, {}, {}, {1, 3, 3, 2}},
    {"DFT", {{1, 100, 1}}, {{}}, {}, {}, {1, 3, 2}},
    {"MelWeightMatrix", {}, {{}, {}, {}, {}, {}}, {}, {}, {3, 3}},
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

// [2, 8, 4] through an op that exporters compute shapes by, as the shape of what is filled.
TEST(OnnxRunTime, ShapesAreComputedThroughClipsSumsAndScatters) {
  struct ShapeCase {
    const char* op;
    std::vector<Dims> numbers;  // inputs behind the first; an empty one is left out
    Dims made;
  };
  for (const ShapeCase& c : {ShapeCase{"Clip", {{3}, {5}}, {3, 5, 4}}, ShapeCase{"Clip", {{}, {5}}, {2, 5, 4}},
                             ShapeCase{"Sign", {}, {1, 1, 1}}, ShapeCase{"CumSum", {{0}}, {2, 10, 14}},
                             ShapeCase{"ScatterElements", {{-1, 0}, {7, 9}}, {9, 8, 7}}}) {
    SCOPED_TRACE(c.op);
    Model model(20);
    model.Input("x", {2, 8, 4});
    model.Node("Shape", {"x"}, {"s"});
    Names names = {"s"};
    for (const Dims& numbers : c.numbers) {
      names.push_back(numbers.empty() ? "" : "c" + std::to_string(names.size()));
      if (!numbers.empty()) AddInts(model.graph, names.back(), numbers, numbers.size() == 1);
    }
    model.Node(c.op, names, {"t"});
    model.Node("ConstantOfShape", {"t"}, {"y"});
    EXPECT_EQ(ShapeOf(model.Import(), "y"), c.made);
  }
}

// Of at most 64 that are found, 5 are taken.
TEST(OnnxRunTime, AClippedSizeIsAtMostItsBound) {
  Model model(20);
  model.Input("x", {2, 8, 4});
  model.Node("NonZero", {"x"}, {"found"});
  SetInt(model.Node("Shape", {"found"}, {"n"}), "start", 1);
  AddInts(model.graph, "five", {5}, true);
  model.Node("Clip", {"n", "", "five"}, {"t"});
  model.Node("ConstantOfShape", {"t"}, {"y"});
  EXPECT_EQ(ShapeOf(model.Import(), "y"), (Dims{5}));
}

// n found of `most`, through some ops into t; then the shape of what is filled, [64 - t].
Model Less(std::int64_t most, const std::function<void(Model&)>& through) {
  Model model(20);
  model.Input("x", {most});
  model.Node("NonZero", {"x"}, {"found"});
  SetInt(model.Node("Shape", {"found"}, {"n"}), "start", 1);
  AddInts(model.graph, "one", {1});
  AddInts(model.graph, "all", {64});
  through(model);
  model.Node("Sub", {"all", "t"}, {"rest"});
  model.Node("ConstantOfShape", {"rest"}, {"y"});
  return model;
}

// Where nothing is found there are 64: what is a line from 1 on bends there.
TEST(OnnxRunTime, NothingFoundIsOneOfTheSizes) {
  const auto cast = [](Model& model) {
    SetInt(model.Node("Cast", {"n"}, {"any"}), "to", onnx::TensorProto::BOOL);
    SetInt(model.Node("Cast", {"any"}, {"t"}), "to", onnx::TensorProto::INT64);
  };
  const std::function<void(Model&)> ways[] = {[](Model& model) {
                                                model.Node("Min", {"n", "one"}, {"t"});
                                              },
                                              [](Model& model) { model.Node("Sign", {"n"}, {"t"}); }, cast};
  for (const auto& through : ways) EXPECT_EQ(ShapeOf(Less(64, through).Import(), "y"), (Dims{64}));
  const auto greater = [](Model& model) { model.Node("Max", {"n", "one"}, {"t"}); };
  EXPECT_EQ(ShapeOf(Less(64, greater).Import(), "y"), (Dims{63}));
}

TEST(OnnxRunTime, WhatIsLookedUpOrWrapsIsAskedFor) {
  const auto look_up = [](Model& model) {
    Dims numbers(65, 1);
    numbers[7] = 0;
    AddInts(model.graph, "table", numbers);
    model.Node("Gather", {"table", "n"}, {"t"});
  };
  EXPECT_NE(MessageOf(Less(64, look_up)).find("is known only at run time"), std::string::npos);
  const auto narrow = [](Model& model) {
    SetInt(model.Node("Cast", {"n"}, {"few"}), "to", onnx::TensorProto::INT8);
    SetInt(model.Node("Cast", {"few"}, {"t"}), "to", onnx::TensorProto::INT64);
  };
  EXPECT_NE(MessageOf(Less(300, narrow)).find("is known only at run time"), std::string::npos);
  EXPECT_EQ(ShapeOf(Less(60, narrow).Import(), "y"), (Dims{64}));
}

// The sum a + b is given, and b is what the Relu makes.
TEST(OnnxRunTime, ANameIsSolvedFromASumAndWhatInferenceFinds) {
  Model model(20);
  const auto name = [](onnx::ValueInfoProto* info, int dim, const char* text) {
    info->mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim(dim)->set_dim_param(text);
  };
  model.Input("x", {4, 8});
  model.Input("sum", {-1});
  name(model.graph->mutable_input(1), 0, "a + b");
  model.Node("Relu", {"x"}, {"y"});
  model.Node("NonZero", {"y"}, {"found"});
  Declare(model.graph->add_value_info(), "y", {-1, 8});
  name(model.graph->mutable_value_info(0), 0, "b");
  Declare(model.graph->add_value_info(), "found", {2, -1}, onnx::TensorProto::INT64);
  name(model.graph->mutable_value_info(1), 1, "a");
  ImportOptions options;
  options.dims["a + b"] = 10;
  EXPECT_EQ(ShapeOf(model.Import(options), "found"), (Dims{2, 6}));
  options.dims["a + b"] = 3;
  EXPECT_EQ(MessageOf(model, options),
            "model.onnx: node 0 \"Relu_0\" (Relu): tensor \"y\": dimension \"a + b\" cannot be 3: \"a\" would be -1, "
            "asked for by --dim 'a + b=3' (\"b\" is 4); give other values");
}

// found [1, n of 8], and n as a list of one number; `more` finds [1, m of 3] and m.
Model FoundModel() {
  Model model(20);
  model.Input("x", {8});
  model.Input("more_x", {3});
  for (const auto& [name, value] :
       {std::pair("zero", 0), std::pair("one", 1), std::pair("two", 2), std::pair("most", 8), std::pair("five", 5)}) {
    AddInts(model.graph, name, {value});
  }
  AddInts(model.graph, "scalar_zero", {0}, true);
  AddInts(model.graph, "scalar_two", {2}, true);
  model.Node("NonZero", {"x"}, {"found"});
  SetInt(model.Node("Shape", {"found"}, {"n"}), "start", 1);
  model.Node("NonZero", {"more_x"}, {"more"});
  SetInt(model.Node("Shape", {"more"}, {"m"}), "start", 1);
  return model;
}

struct SizeCase {
  const char* what;
  std::vector<std::pair<const char*, Names>> nodes;  // op and inputs; each makes the name of its position, the last "y"
  Dims bound;                                        // empty: asked for
};

// A pad up to the most shrinks as the size grows; the two make up the most together.
const SizeCase kSizeCases[] = {
    {"most - n elements behind n",
     {{"Sub", {"most", "n"}}, {"Concat", {"zero", "zero", "zero", "0"}}, {"Pad", {"found", "1"}}},
     {1, 8}},
    {"n", {{"ConstantOfShape", {"n"}}}, {8}},
    {"8 - n", {{"Sub", {"most", "n"}}, {"ConstantOfShape", {"0"}}}, {8}},
    {"n / 2", {{"Div", {"n", "two"}}, {"ConstantOfShape", {"0"}}}, {4}},
    {"2 * n + 1", {{"Mul", {"two", "n"}}, {"Add", {"0", "one"}}, {"ConstantOfShape", {"1"}}}, {17}},
    {"min(n, 5)", {{"Min", {"n", "five"}}, {"ConstantOfShape", {"0"}}}, {5}},
    {"n + m", {{"Add", {"n", "m"}}, {"ConstantOfShape", {"0"}}}, {11}},
    {"n * m", {{"Mul", {"n", "m"}}, {"ConstantOfShape", {"0"}}}, {24}},
    {"n * n", {{"Mul", {"n", "n"}}, {"ConstantOfShape", {"0"}}}, {64}},
    {"n - n", {{"Sub", {"n", "n"}}, {"Add", {"0", "two"}}, {"ConstantOfShape", {"1"}}}, {2}},
    {"[n, m]", {{"Concat", {"n", "m"}}, {"ConstantOfShape", {"0"}}}, {8, 3}},
    {"[n, 8 - n]", {{"Sub", {"most", "n"}}, {"Concat", {"n", "0"}}, {"ConstantOfShape", {"1"}}}, {8, 8}},
    {"up to n", {{"Squeeze", {"n"}}, {"Range", {"scalar_zero", "0", "scalar_two"}}}, {4}},
    {"n times", {{"Concat", {"one", "n"}}, {"Tile", {"found", "0"}}}, {1, 64}},
    {"a row of n", {{"Concat", {"one", "n"}}, {"Reshape", {"found", "0"}}}, {1, 8}},
    {"[n, m] of one", {{"Concat", {"n", "m"}}, {"Expand", {"one", "0"}}}, {8, 3}},
    {"found and more", {{"Concat", {"found", "more"}}}, {1, 11}},
    {"n % 2", {{"Mod", {"n", "two"}}, {"ConstantOfShape", {"0"}}}, {1}},
    {"m % 5", {{"Mod", {"m", "five"}}, {"ConstantOfShape", {"0"}}}, {3}},
    {"8 - n % 5", {{"Mod", {"n", "five"}}, {"Sub", {"most", "0"}}, {"ConstantOfShape", {"1"}}}, {8}},
    {"8 / n", {{"Div", {"most", "n"}}, {"ConstantOfShape", {"0"}}}, {}},
};

Model ModelOf(const SizeCase& c) {
  Model model = FoundModel();
  for (std::size_t i = 0; i < c.nodes.size(); ++i) {
    const auto& [op, inputs] = c.nodes[i];
    auto* node = model.Node(op, inputs, {i + 1 == c.nodes.size() ? "y" : std::to_string(i)});
    if (op == std::string("Concat")) SetInt(node, "axis", inputs[0] == "found" ? 1 : 0);
  }
  return model;
}

TEST(OnnxRunTime, WhatFollowsFromABoundIsPlannedAtItsUpperEnd) {
  for (const SizeCase& c : kSizeCases) {
    const Model model = ModelOf(c);
    if (c.bound.empty()) {
      EXPECT_NE(MessageOf(model).find("known only at run time"), std::string::npos) << c.what << MessageOf(model);
      continue;
    }
    EXPECT_EQ(ShapeOf(model.Import(), "y"), c.bound) << c.what;
  }
}

// Whatever is found, no dimension passes its bound, and some count meets each.
TEST(OnnxRunTime, NoSizeThatIsFoundPassesTheBound) {
  for (const SizeCase& c : kSizeCases) {
    if (c.bound.empty()) continue;
    const Model model = ModelOf(c);
    Dims most(c.bound.size(), 0);
    for (std::int64_t n = 0; n <= 8; ++n) {
      for (std::int64_t m = 0; m <= 3; ++m) {
        ImportOptions options;
        options.shapes = {{"found", {1, n}}, {"more", {1, m}}};
        const Dims made = ShapeOf(model.Import(options), "y");
        ASSERT_EQ(made.size(), most.size()) << c.what << ' ' << n << ' ' << m;
        for (std::size_t d = 0; d < most.size(); ++d) most[d] = std::max(most[d], made[d]);
      }
    }
    EXPECT_EQ(most, c.bound) << c.what;
  }
}

TEST(OnnxRunTime, ASizeThatCancelsIsNoneOfRunTime) {
  const ImportedModel padded = ModelOf(kSizeCases[0]).Import();
  ASSERT_EQ(padded.warnings.size(), 2u) << "of what is found alone";
  const ImportedModel bounded = ModelOf(kSizeCases[1]).Import();
  ASSERT_EQ(bounded.warnings.size(), 3u);
  const auto says = [&](const std::string& warning) {
    return warning.find("output \"y\" has a run-time size; planned at its upper bound, [8]") != std::string::npos;
  };
  EXPECT_TRUE(std::any_of(bounded.warnings.begin(), bounded.warnings.end(), says)) << bounded.warnings[2];
}

// Of [1,3,1,5] one axis may go, the first or the third; both are as many bytes, and whoever reads it sees another
// shape.
TEST(OnnxRunTime, AxesThatMayBeAnyAreAskedFor) {
  const auto squeezed = [](const Dims& dims, std::int64_t count) {
    Model model(20);
    model.Input("x", dims);
    model.Input("axes", {count}, onnx::TensorProto::INT64);
    model.Node("Squeeze", {"x", "axes"}, {"y"});
    return model;
  };
  EXPECT_EQ(ShapeOf(squeezed({3, 1, 1, 5}, 1).Import(), "y"), (Dims{3, 1, 5})) << "whichever goes";
  EXPECT_EQ(ShapeOf(squeezed({1, 3, 1, 5}, 2).Import(), "y"), (Dims{3, 5})) << "both go";
  const Model open = squeezed({1, 3, 1, 5}, 1);
  EXPECT_NE(MessageOf(open).find("shape of \"y\" is known only at run time"), std::string::npos) << MessageOf(open);
  ImportOptions options;
  options.default_dim = 7;
  const ImportedModel assumed = open.Import(options);
  EXPECT_EQ(ShapeOf(assumed, "y"), (Dims{3, 1, 5}));
  ASSERT_EQ(assumed.warnings.size(), 1u);
  EXPECT_NE(assumed.warnings[0].find("taken as [3,1,5]"), std::string::npos) << assumed.warnings[0];
  options.shapes["y"] = {1, 3, 5};
  EXPECT_EQ(ShapeOf(open.Import(options), "y"), (Dims{1, 3, 5}));
}

// Each iteration joins one more row to what is carried.
TEST(OnnxRunTime, WhatALoopCarriesGrowsWithItsTrips) {
  const auto growing = [](bool knows_trips) {
    Model model(17);
    model.Input("x", {2, 4});
    if (knows_trips) AddInts(model.graph, "trips", {5}, true);
    if (!knows_trips) model.Input("trips", {}, onnx::TensorProto::INT64);
    auto* loop = model.Node("Loop", {"trips", "", "x"}, {"all", "rows"});
    auto* body = SetGraph(loop, "body");
    Declare(body->add_input(), "i", {}, onnx::TensorProto::INT64);
    Declare(body->add_input(), "go", {}, onnx::TensorProto::BOOL);
    body->add_input()->set_name("carried");
    AddNode(body, "Identity", {"go"}, {"goes"});
    AddInts(body, "axis", {0});
    AddNode(body, "ReduceSum", {"carried", "axis"}, {"row"});
    SetInt(AddNode(body, "Concat", {"carried", "row"}, {"joined"}), "axis", 0);
    for (const char* name : {"goes", "joined", "row"}) body->add_output()->set_name(name);
    return model;
  };
  const ImportedModel known = growing(true).Import();
  EXPECT_EQ(ShapeOf(known, "all"), (Dims{7, 4}));
  EXPECT_EQ(ShapeOf(known, "rows"), (Dims{5, 1, 4}));
  ASSERT_EQ(known.bodies.size(), 1u);
  const ImportedModel body{known.bodies[0].graph, {}, {}, {}};
  EXPECT_EQ(ShapeOf(body, "carried"), (Dims{6, 4})) << "as the last iteration has it";
  EXPECT_EQ(ShapeOf(body, "joined"), (Dims{7, 4}));
  EXPECT_NE(MessageOf(growing(false)).find("give --dim trip=N"), std::string::npos) << MessageOf(growing(false));
  ImportOptions options;
  options.dims["trip"] = 3;
  EXPECT_EQ(ShapeOf(growing(false).Import(options), "all"), (Dims{5, 4}));
}

// A slice of one element at a place that is computed, as a loop over the rows of a tensor has it.
// Rows of a Loop that data may end, or whose count is at most so much.
TEST(OnnxRunTime, ALoopThatMayEndEarlyMakesAtMostItsCountOfRows) {
  const auto loop = [](const char* count, const char* goes_on) {
    Model model = FoundModel();
    AddInts(model.graph, "scalar_five", {5}, true);
    AddInts(model.graph, "last", {-1});
    AddInts(model.graph, "end", {1000});
    model.Input("v", {4});
    model.Node("Squeeze", {"n"}, {"scalar_n"});
    auto* node = model.Node("Loop", {count, "", "v"}, {"final", "rows"});
    auto* body = SetGraph(node, "body");
    Declare(body->add_input(), "i", {}, onnx::TensorProto::INT64);
    Declare(body->add_input(), "go", {}, onnx::TensorProto::BOOL);
    Declare(body->add_input(), "a", {4});
    AddNode(body, goes_on, goes_on == std::string("Identity") ? Names{"go"} : Names{"i", "scalar_two"}, {"on"});
    AddNode(body, "Neg", {"a"}, {"b"});
    AddNode(body, "Relu", {"a"}, {"row"});
    for (const char* output : {"on", "b", "row"}) body->add_output()->set_name(output);
    model.Node("Slice", {"rows", "last", "end", "zero"}, {"y"});
    model.Output("y");
    return model;
  };
  const auto views = [](const ImportedModel& model) { return model.graph.ops().back().aliases.size(); };
  const ImportedModel whole = loop("scalar_five", "Identity").Import();
  EXPECT_EQ(ShapeOf(whole, "rows"), (Dims{5, 4}));
  EXPECT_EQ(views(whole), 1u) << "the last row is the fifth";
  const ImportedModel ended = loop("scalar_five", "Less").Import();
  EXPECT_EQ(ShapeOf(ended, "rows"), (Dims{5, 4}));
  EXPECT_EQ(views(ended), 0u) << "whichever is the last";
  EXPECT_EQ(ShapeOf(ended, "y"), (Dims{1, 4}));
  const ImportedModel found = loop("scalar_n", "Identity").Import();
  EXPECT_EQ(ShapeOf(found, "rows"), (Dims{8, 4}));
  EXPECT_EQ(views(found), 0u);
  for (const ImportedModel* model : {&ended, &found}) {
    const auto says = [](const std::string& w) {
      return w.find("output \"rows\" has a run-time size; planned at its upper bound") != std::string::npos;
    };
    EXPECT_TRUE(std::any_of(model->warnings.begin(), model->warnings.end(), says));
  }
  ImportOptions options;
  options.dims["trip"] = 3;
  EXPECT_EQ(ShapeOf(loop("scalar_n", "Identity").Import(options), "rows"), (Dims{3, 4}));
}

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
