// Rules for ops of one's own: what they compute, allow and refuse, and that plan files keep them.
#include <gtest/gtest.h>

#include "onnx_model.hpp"
#include "orionrt/assignment.hpp"
#include "orionrt/formats.hpp"
#include "orionrt/planner.hpp"

namespace orionrt::tests::op_rules_test {
namespace {

std::string File(const std::string& rules) { return R"J({"schema": "orionrt.op_rules/1", "rules": [)J" + rules + "]}"; }

ImportOptions WithRules(const std::string& rules) {
  ImportOptions options;
  options.op_rules = ReadOpRules(File(rules), "rules.json");
  return options;
}

// x [2,8,6], w [6,5] -> Own -> y.
Model OwnModel() {
  Model model;
  model.Input("x", {2, 8, 6});
  model.Input("w", {6, 5});
  model.Node("Own", {"x", "w"}, {"y"})->set_domain("com.acme");
  model.proto.add_opset_import()->set_domain("com.acme");
  return model;
}

std::string Rule(const std::string& shape, const std::string& more = "") {
  return R"J({"domain": "com.acme", "op": "Own", "inputs": ["x", "w"], "outputs": [{"shape": )J" + shape + "}]" + more +
         "}";
}

TEST(OpRules, ShapesAreExpressionsOfInputsAndAttributes) {
  const std::pair<const char*, Dims> kCases[] = {
      {R"J("x[:]")J", {2, 8, 6}},
      {R"J(["x[:-1]", "w[1]"])J", {2, 8, 5}},
      {R"J([1, "x[1] // stride", "x[-1]*pads[1] + rank(w)"])J", {1, 4, 20}},
      {R"J(["x[1:2]", "elements(w)", "min(x[0], 9)", "x[2]/4*2"])J", {8, 30, 2, 3}},
      {R"J("broadcast(w, w)")J", {6, 5}},
      {R"J(["max(ceil(x[1]/3), 1)", "2**x[0] - w[0] % 4"])J", {3, 2}},
      {R"J([])J", {}},
      {R"J(["w[-9:1]", "x[5:]"])J", {6}},
      {R"J("7")J", {7}},
      {R"J(["stride"])J", {2}},
  };
  for (const auto& [shape, expected] : kCases) {
    Model model = OwnModel();
    SetInts(model.graph->mutable_node(0), "pads", {1, 3});
    const ImportOptions options = WithRules(Rule(shape, R"J(, "attributes": {"stride": 2})J"));
    EXPECT_EQ(ShapeOf(model.Import(options), "y"), expected) << shape;
  }
  Model model = OwnModel();
  SetInt(model.graph->mutable_node(0), "stride", 4);
  const ImportOptions options = WithRules(Rule(R"J(["x[1] // stride"])J", R"J(, "attributes": {"stride": 2})J"));
  EXPECT_EQ(ShapeOf(model.Import(options), "y"), (Dims{2})) << "the node's own goes before the rule's";
}

TEST(OpRules, TypesAreNamedOrThoseOfInputs) {
  const std::pair<const char*, const char*> kCases[] = {
      {R"J("x[:]")J", "float32"}, {R"J("x[:]", "dtype": "int8")J", "int8"}, {R"J("x[:]", "dtype": "to")J", "float16"}};
  for (const auto& [output, dtype] : kCases) {
    Model model = OwnModel();
    SetInt(model.graph->mutable_node(0), "to", onnx::TensorProto::FLOAT16);
    const ImportedModel imported = model.Import(WithRules(Rule(output)));
    EXPECT_EQ(imported.graph.tensors().back().dtype, dtype) << output;
  }
  EXPECT_NE(MessageOf(OwnModel(), WithRules(Rule(R"J("x[:]", "dtype": "float23")J"))).find("\"float23\" is no type"),
            std::string::npos);
}

TEST(OpRules, SayWhatMayBeSharedAndWhatScratchIsTaken) {
  const std::string more = R"J(, "aliases": [{"kind": "same_index"}, {"kind": "same_index", "input": 1},
      {"kind": "view", "offset": 9}], "workspace_bytes": "4*x[0] + 1", "workspace_alignment": 32)J";
  const OpNode op = OwnModel().Import(WithRules(Rule(R"J("x[:]")J", more))).graph.ops()[0];
  ASSERT_EQ(op.aliases.size(), 1u) << "w is smaller, and a view at 9 would end behind x";
  EXPECT_EQ(op.aliases[0].kind, AliasKind::kSameIndex);
  EXPECT_EQ(op.workspace_bytes, 9u);
  EXPECT_EQ(op.workspace_alignment, 32u);
  EXPECT_FALSE(op.has_effects);
  const std::string effects = R"J(, "has_effects": true)J";
  EXPECT_TRUE(OwnModel().Import(WithRules(Rule(R"J("x[:]")J", effects))).graph.ops()[0].has_effects);
}

TEST(OpRules, GoBeforeWhatIsKnownAndBehindWhatTheUserSaysOfATensor) {
  Model model;
  model.Input("x", {2, 8});
  model.Node("Relu", {"x"}, {"y"});
  ImportOptions options = WithRules(R"J({"op": "Relu", "inputs": ["x"], "outputs": [{"shape": ["x[1]", 3]}]})J");
  EXPECT_EQ(ShapeOf(model.Import(options), "y"), (Dims{8, 3}));
  options.shapes["y"] = {4};
  EXPECT_EQ(ShapeOf(model.Import(options), "y"), (Dims{4}));
}

TEST(OpRules, TextsThatDoNotParseAreRefusedWithTheirPlace) {
  const std::string deep = "[\"" + std::string(200, '(') + "x[0]" + std::string(200, ')') + "\"]";
  const std::string nested = "[\"" + std::string(1500, '(') + "x[0]" + std::string(1500, ')') + "\"]";
  const std::string longest = "[\"x[0]" + std::string(1000000, '+') + "\"]";
  const std::pair<std::string, const char*> kCases[] = {
      {R"J(["x[0] +"])J", "rules.json: rules[0]: outputs[0]: \"x[0] +\" is no expression"},
      {R"J(["x"])J", "\"x\" reads the input \"x\"; a dimension is x[0], all of them x[:]"},
      {R"J(["v[0:2]"])J", "names the input \"v\", which is not among the rule's \"inputs\""},
      {R"J(["x[0"])J", "lacks a ]"},
      {R"J(["x[a]"])J", "has an index of \"x\" that is no whole number"},
      {R"J(["x[0:b]"])J", "is no slice; write x[1:3]"},
      {R"J(["rank(q)"])J", "names the input \"q\""},
      {R"J(["broadcast(x, q)"])J", "names the input \"q\""},
      {R"J(["1.5"])J", "is no expression"},
      {R"J([""])J", "is no expression"},
      {R"J(["sin(x[0])"])J", "is no expression"},
      {deep, "has more than 100 parentheses within each other"},
      {nested, "has more than 100 parentheses within each other"},
      {longest, "has more than 4096 characters"},
  };
  for (const auto& [shape, message] : kCases) {
    EXPECT_NE(MessageOf(OwnModel(), WithRules(Rule(shape))).find(message), std::string::npos)
        << message << " in " << MessageOf(OwnModel(), WithRules(Rule(shape)));
  }
  const std::pair<const char*, const char*> kInputs[] = {
      {R"J(["x", "x"])J", "rules.json: rules[0]: inputs[1]: \"x\" stands there twice"},
      {R"J(["x-y"])J", "rules.json: rules[0]: inputs[0]: \"x-y\" is no name"},
      {R"J([""])J", "inputs[0]: \"\" is no name"},
  };
  for (const auto& [inputs, message] : kInputs) {
    const std::string said = MessageOf(
        OwnModel(),
        WithRules(R"J({"op": "Own", "domain": "com.acme", "outputs": [], "inputs": )J" + std::string(inputs) + "}"));
    EXPECT_NE(said.find(message), std::string::npos) << said;
  }
  const std::string rule = Rule(R"J("x[:]")J");
  const std::string twice = MessageOf(OwnModel(), WithRules(rule + "," + rule));
  EXPECT_NE(twice.find("rules.json: rules[1]: \"Own\" of domain \"com.acme\" has a rule already, rules.json: rules[0]"),
            std::string::npos)
      << twice;
}

TEST(OpRules, WhatContradictsANodeNamesNodeAndRule) {
  const std::pair<const char*, const char*> kCases[] = {
      {R"J(["x[3]"])J",
       "model.onnx: node 0 \"Own_0\" (Own): rules.json: rules[0]: \"x[3]\" reads a dimension of \"x\" "
       "that it lacks; its shape is [2,8,6]"},
      {R"J(["x[0] // (w[0] - 6)"])J", "divides by zero"},
      {R"J(["x[0] - 9"])J", "is -7"},
      {R"J(["x[0] / 4"])J", "is no whole number"},
      {R"J(["x[0] * 2**62"])J", "leaves the range of 64 bits"},
      {R"J(["2**(x[0] - 3)"])J", "has a power that is no whole number from 0 on"},
      {R"J(["7 % (x[0] - 2)"])J", "divides by zero"},
      {R"J(["stride"])J", "reads the attribute \"stride\", which the node lacks"},
      {R"J("broadcast(x, w)")J", "its inputs do not broadcast: \"x\" is [2,8,6], \"w\" is [6,5]"},
  };
  for (const auto& [shape, message] : kCases) {
    const std::string said = MessageOf(OwnModel(), WithRules(Rule(shape)));
    EXPECT_NE(said.find(message), std::string::npos) << message << " in " << said;
  }
}

TEST(OpRules, FilesThatAreNoneAreRefused) {
  const std::pair<std::string, const char*> kCases[] = {
      {"", "rules.json"},
      {R"J({"schema": "orionrt.graph/1", "rules": []})J", "orionrt.op_rules/1"},
      {R"J({"schema": "orionrt.op_rules/1"})J", "\"rules\""},
      {File("7"), "rules.json: rules[0]"},
      {File(R"J({"op": "", "outputs": []})J"), "empty \"op\""},
      {File(R"J({"op": "A"})J"), "has no \"outputs\"; give one an output"},
      {File(R"J({"op": "A", "outputs": [{}]})J"), "rules[0]: outputs[0] has no \"shape\""},
      {File(R"J({"op": "A", "outputs": [{"shape": [-1]}]})J"), "neither a text nor a whole number"},
      {File(R"J({"op": "A", "outputs": [], "attributes": {"a": 0.5}})J"), "\"a\" that is no whole number"},
      {File(R"J({"op": "A", "outputs": [], "workspace_alignment": 3})J"), "no power of two"},
      {File(R"J({"op": "A", "outputs": [], "aliases": [{"kind": "twin"}]})J"), "rules[0]: aliases[0]"},
  };
  for (const auto& [text, message] : kCases) {
    try {
      ReadOpRules(text, "rules.json");
      FAIL() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBadInput) << text;
      EXPECT_NE(std::string(error.what()).find(message), std::string::npos) << error.what();
    }
  }
}

TEST(OpRules, PlanFilesKeepTheRulesTheyWereMadeWith) {
  const ImportOptions options =
      WithRules(Rule(R"J(["x[:-1]", "w[1] - pads[0]"])J", R"J(, "attributes": {"pads": [-2, 1]},
      "aliases": [{"kind": "reads_first", "input": 1}], "has_effects": true, "workspace_bytes": 16)J"));
  ImportedModel model = OwnModel().Import(options);
  LowerOptions lower;
  Workload workload = Lower(std::move(model.graph), {}, lower);
  workload.import = options;
  const PlannedWorkload planned = PlanWorkload(workload, ReusePlanner("first_fit"));
  const PlanFile file = MakePlanFile(workload, planned);
  const std::string json = WritePlanJson(file);
  const PlanFile read = ReadPlanJson(json, "plan.json");
  ASSERT_TRUE(read.assignment);
  const auto same = [&](const ImportOptions& made) {
    return ShapeOf(OwnModel().Import(made), "y") == Dims{2, 8, 7} && made.op_rules.size() == 1 &&
           made.op_rules[0].has_effects && made.op_rules[0].aliases.size() == 1 &&
           made.op_rules[0].workspace_bytes == "16";
  };
  EXPECT_TRUE(same(read.assignment->made_with.import)) << json;
  EXPECT_EQ(WritePlanJson(read), json);
  const std::string binary = WriteAssignmentBinary(Assign(workload, planned));
  const Assignment from_binary = ReadAssignmentBinary(binary, "plan.bin");
  EXPECT_TRUE(same(from_binary.made_with.import));
  EXPECT_EQ(WriteAssignmentBinary(from_binary), binary);
}

}  // namespace
}  // namespace orionrt::tests::op_rules_test
