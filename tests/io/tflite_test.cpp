#include <gtest/gtest.h>

#include "hostile.hpp"
#include "orionrt/import.hpp"
#include "orionrt/lowering.hpp"
#include "refuses.hpp"
#include "tflite_model.hpp"

namespace orionrt::tests::tflite_test {
namespace {

ImportedModel Import(const std::string& bytes, const ImportOptions& options = {}) {
  return ImportTflite(bytes, "m.tflite", options);
}
ImportedModel Import(const SubgraphSpec& graph, const ImportOptions& options = {}) {
  return Import(BuildModel(graph), options);
}

// "x[0,1)x32 ..." in the order of the graph's tensors.
std::string Lives(const Graph& graph) {
  const GraphLiveness liveness(graph);
  std::string text;
  for (std::size_t i = 0; i < graph.tensors().size(); ++i) {
    const Lifetime life = liveness.lifetimes()[i];
    text += (i > 0 ? " " : "") + graph.tensors()[i].name + "[" + std::to_string(life.start) + "," +
            std::to_string(life.end + 1) + ")x" + std::to_string(graph.tensors()[i].bytes);
  }
  return text;
}

TEST(Tflite, ReadsAChain) {
  const ImportedModel model = Import(Chain());
  EXPECT_EQ(Lives(model.graph), "x[0,1)x32 y[0,2)x32 z[1,2)x32");
  EXPECT_TRUE(model.warnings.empty());
  const OpNode& op = model.graph.ops()[1];
  EXPECT_EQ(op.type, "ADD");
  EXPECT_EQ(op.name, "z");
  EXPECT_EQ(op.inputs, std::vector<int>{2});  // the weight is no tensor of the plan
  const TensorDesc& z = model.graph.tensors()[2];
  EXPECT_EQ(z.id, 3);  // its index in the file
  EXPECT_EQ(z.dtype, "float32");
  EXPECT_EQ(z.shape, (std::vector<std::int64_t>{1, 8}));
  EXPECT_EQ(z.roles, TensorRole::kOutput);
}

TEST(Tflite, KeepsVariablesThroughoutEvenWhereAnOpWritesThem) {
  SubgraphSpec graph = Chain();
  graph.tensors.push_back({"state", {5}, kUint8, false, true});
  graph.ops[1].outputs.push_back(4);
  graph.ops.push_back({kAdd, {3}, {5}});
  graph.tensors.push_back({"end", {2}});
  const ImportedModel model = Import(graph);
  EXPECT_EQ(Lives(model.graph), "x[0,1)x32 y[0,2)x32 z[1,3)x32 state[0,3)x5 end[2,3)x8");
}

TEST(Tflite, LeavesOutWhatIsNeverAllocated) {
  SubgraphSpec graph = Chain();
  graph.tensors.push_back({"intermediate", {1000}});
  graph.tensors.push_back({"unused", {4}});
  graph.inputs.push_back(5);
  graph.ops[0].inputs.insert(graph.ops[0].inputs.begin(), -1);  // an optional input that is not given
  EXPECT_EQ(Lives(Import(graph).graph), "x[0,1)x32 y[0,2)x32 z[1,2)x32 unused[0,1)x16");
}

TEST(Tflite, PacksElementsBelowAByte) {
  SubgraphSpec graph = Chain();
  graph.tensors[0] = {"x", {7}, kInt4};
  graph.tensors[2] = {"y", {5}, kInt2};
  graph.tensors[3] = {"z", {}, kResource};
  EXPECT_EQ(Lives(Import(graph).graph), "x[0,1)x4 y[0,2)x2 z[1,2)x4");
}

TEST(Tflite, FoldsOpsOfConstants) {
  SubgraphSpec graph = Chain();
  graph.ops[0] = {kDequantize, {1}, {2}};
  graph.ops[1].inputs = {2, 0};
  EXPECT_EQ(Lives(Import(graph).graph), "x[0,2)x32 z[1,2)x32");
  EXPECT_EQ(Import(graph).graph.ops().size(), 2u);  // the folded one keeps its step
  ImportOptions raw;
  raw.fold_constants = false;
  EXPECT_EQ(Lives(Import(graph, raw).graph), "x[0,2)x32 y[0,2)x32 z[1,2)x32");
  for (int code : {+kRandomUniform, +kCustomOp, 9999}) {
    graph.ops[0].code = code;
    EXPECT_EQ(Lives(Import(graph).graph), "x[0,2)x32 y[0,2)x32 z[1,2)x32") << code;
  }
}

TEST(Tflite, FoldsShapesWhenAsked) {
  SubgraphSpec graph = Chain();
  graph.ops[0] = {kShapeOp, {0}, {2}};
  EXPECT_EQ(Lives(Import(graph).graph), "x[0,1)x32 y[0,2)x32 z[1,2)x32");
  ImportOptions shapes;
  shapes.fold_shapes = true;
  graph.ops.push_back({kGelu, {0}, {4}});
  graph.tensors.push_back({"end", {1}});
  EXPECT_EQ(Lives(Import(graph, shapes).graph), "x[0,3)x32 end[2,3)x4");
}

TEST(Tflite, SortsOpsThatAreOutOfOrder) {
  SubgraphSpec graph = Chain();
  std::swap(graph.ops[0], graph.ops[1]);
  const ImportedModel model = Import(graph);
  EXPECT_EQ(Lives(model.graph), "x[0,1)x32 y[0,2)x32 z[1,2)x32");
  EXPECT_EQ(model.graph.ops()[0].id, 1);
  ASSERT_EQ(model.warnings.size(), 1u);
  EXPECT_NE(model.warnings[0].find("order"), std::string::npos) << model.warnings[0];
}

TEST(Tflite, NamesOpsByTheirCode) {
  SubgraphSpec graph = Chain();
  graph.ops[0] = {kCustomOp, {0}, {2}, "Detect\nPostProcess"};
  graph.ops[1].code = kGelu;  // past 127: in the newer field
  EXPECT_EQ(Import(graph).graph.ops()[0].type, "Detect\nPostProcess");
  EXPECT_EQ(Import(graph).graph.ops()[1].type, "GELU");
}

// What a converter knows nothing of has the shape of a scalar.
TEST(Tflite, CustomOpsWithoutAShapeAreAskedFor) {
  SubgraphSpec graph = Chain();
  graph.ops[0] = {kCustomOp, {0}, {2}, "Detect"};
  graph.tensors[2].shape = {};
  EXPECT_TRUE(Refuses(ErrorCode::kUnsupported,
                      {"op 0 (Detect)", "no shape for tensor 2 \"y\"", "--shape y=AxBxC", "--dim '*=1'"},
                      [&] { Import(graph); }));
  ImportOptions options;
  options.default_dim = 2;
  EXPECT_TRUE(Refuses(ErrorCode::kUnsupported, {"no shape for tensor 2"}, [&] { Import(graph, options); }));
  options.default_dim = 1;
  const ImportedModel one = Import(graph, options);
  EXPECT_EQ(Lives(one.graph), "x[0,1)x32 y[0,2)x4 z[1,2)x32");
  ASSERT_EQ(one.warnings.size(), 1u);
  options.shapes["y"] = {1, 10, 4};
  EXPECT_EQ(Lives(Import(graph, options).graph), "x[0,1)x32 y[0,2)x160 z[1,2)x32");
  options.op_rules = {{}};
  EXPECT_EQ(Import(graph, options).warnings.at(0),
            "m.tflite: --op-rules: rules are for ONNX and do nothing here; --shape gives the shapes of custom ops");
}

TEST(Tflite, ImportsBodies) {
  SubgraphSpec main = Chain();
  main.ops[1] = {kWhileOp, {2, 0}, {3}, "", {1, 2}};
  SubgraphSpec body = Body(2, {2, 2});
  body.ops.push_back({kCaseOp, {0}, {3}, "", {3, 3}});
  body.tensors.push_back({"choice", {1}});
  const ImportedModel model = Import(BuildModel(ModelSpec{{main, Body(2, {1}), body, Body(1, {4}), Body(1, {5})}}));
  EXPECT_EQ(Lives(model.graph), "x[0,2)x32 y[0,2)x32 z[1,2)x32");
  ASSERT_EQ(model.bodies.size(), 2u);
  EXPECT_EQ(model.bodies[0].attribute, "cond_sub1");
  EXPECT_EQ(model.bodies[1].attribute, "body_sub2");
  EXPECT_EQ(model.bodies[1].op, 1);
  EXPECT_EQ(Lives(model.bodies[1].graph), "arg0[0,2)x16 arg1[0,1)x16 sum[0,2)x16 choice[1,2)x4");
  ASSERT_EQ(model.bodies[1].bodies.size(), 2u);
  EXPECT_EQ(model.bodies[1].bodies[1].attribute, "branch1_sub3");
  ASSERT_EQ(model.warnings.size(), 1u);
  EXPECT_NE(model.warnings[0].find("subgraph 4"), std::string::npos);
}

TEST(Tflite, RefusesSubgraphsThatRunThemselvesOrTooManyOthers) {
  SubgraphSpec main = Chain();
  main.ops[1] = {kIfOp, {2}, {3}, "", {1, 1}};
  SubgraphSpec again = Body(1, {1});
  again.ops[0] = {kIfOp, {0}, {1}, "", {1, 2}};
  EXPECT_TRUE(
      Refuses(ErrorCode::kBadInput, {"m.tflite: op 1 (IF): body \"then_sub1\": op 0 (IF): runs subgraph 1"}, [&] {
        Import(BuildModel(ModelSpec{{main, again, Body(1, {1})}}));
      }));
  main.ops[1].runs = {1, 7};
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"runs subgraph 7 of 2 as its else"}, [&] {
    Import(BuildModel(ModelSpec{{main, Body(1, {1})}}));
  }));
  main.ops[1].runs = {};
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"op 1 (IF): does not say"}, [&] { Import(main); }));
  ModelSpec doubling{{main}};
  doubling.subgraphs[0].ops[1].runs = {1, 1};
  for (int i = 2; i < 16; ++i) {  // each runs the next one four times
    doubling.subgraphs.push_back(Body(1, {1}));
    doubling.subgraphs.back().ops[0] = {kCaseOp, {0}, {1}, "", {i, i, i, i}};
  }
  doubling.subgraphs.push_back(Body(1, {1}));
  EXPECT_TRUE(Refuses(ErrorCode::kUnsupported, {"holds more than"}, [&] { Import(BuildModel(doubling)); }));
}

TEST(Tflite, RefusesSubgraphsTooDeepInEachOther) {
  ModelSpec deep{{Chain()}};
  deep.subgraphs[0].ops[1] = {kIfOp, {2}, {3}, "", {1, 1}};
  for (int i = 2; i < 1000; ++i) {
    deep.subgraphs.push_back(Body(1, {1}));
    deep.subgraphs.back().ops[0] = {kIfOp, {0}, {1}, "", {i, i}};
  }
  deep.subgraphs.push_back(Body(1, {1}));
  EXPECT_TRUE(Refuses(ErrorCode::kUnsupported, {"subgraphs deep"}, [&] { Import(BuildModel(deep)); }));
}

TEST(Tflite, RefusesListsThatAreSharedEndlessly) {
  // 64 Ki ops that all read the same 64 Ki tensors: 4 G uses in a file of half a megabyte.
  flatbuffers::FlatBufferBuilder builder;
  const std::vector<std::int32_t> many(1 << 16, 0);
  const auto inputs = builder.CreateVector(many);
  const std::vector<flatbuffers::Offset<fb::Operator>> ops(1 << 16, fb::CreateOperator(builder, 0, inputs));
  const std::vector<flatbuffers::Offset<fb::Tensor>> tensors = {fb::CreateTensorDirect(builder)};
  const std::vector<flatbuffers::Offset<fb::OperatorCode>> codes = {fb::CreateOperatorCode(builder)};
  const std::vector<std::int32_t> ends = {0};
  const std::vector<flatbuffers::Offset<fb::SubGraph>> graphs = {
      fb::CreateSubGraphDirect(builder, &tensors, &ends, nullptr, &ops)};
  fb::FinishModelBuffer(builder, fb::CreateModelDirect(builder, 3, &codes, &graphs));
  const std::string bytes(reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize());
  EXPECT_TRUE(Refuses(ErrorCode::kUnsupported, {"holds more than"}, [&] { Import(bytes); }));
}

TEST(Tflite, RefusesSizesThatOnlyShowAtRunTime) {
  for (int type : {+kString, +kVariant, 99, -5}) {
    SubgraphSpec graph = Chain();
    graph.tensors[2].type = type;
    EXPECT_TRUE(Refuses(ErrorCode::kUnsupported, {"m.tflite: op 0 (ADD): tensor 2 \"y\" is of type", "cut the op off"},
                        [&] { Import(graph); }));
    graph.tensors[2].type = kFloat32;
    graph.tensors[1].type = type;  // of a constant it does not matter
    EXPECT_EQ(Import(graph).graph.tensors().size(), 3u);
  }
}

TEST(Tflite, TakesOpenDimensionsAsTheFileHasThem) {
  SubgraphSpec graph = Chain();
  graph.tensors[0].signature = {-1, 8};
  const ImportedModel model = Import(graph);
  ASSERT_EQ(model.warnings.size(), 1u);
  EXPECT_NE(model.warnings[0].find("\"x\" has open dimensions, ?x8; planned as 1x8"), std::string::npos);
  ImportOptions options;
  options.default_dim = 1;
  EXPECT_TRUE(Import(graph, options).warnings.empty());
  options.default_dim = 4;
  EXPECT_TRUE(Refuses(ErrorCode::kUnsupported, {"--dim '*=4'", "\"x\"", "convert"}, [&] { Import(graph, options); }));
  graph.tensors[2].shape = {-1, 8};  // as old files write it
  EXPECT_TRUE(Refuses(ErrorCode::kUnsupported, {"op 0 (ADD): tensor 2 \"y\"", "--dim '*=1'"}, [&] { Import(graph); }));
  options.default_dim = 1;
  EXPECT_EQ(Lives(Import(graph, options).graph), "x[0,1)x32 y[0,2)x32 z[1,2)x32");
}

TEST(Tflite, RefusesOptionsThatWouldChangeShapes) {
  ImportOptions options;
  options.inputs["x"] = {1, 8};  // as it is
  EXPECT_EQ(Import(Chain(), options).graph.tensors().size(), 3u);
  options.inputs["x"] = {2, 8};
  EXPECT_TRUE(Refuses(ErrorCode::kUnsupported, {"--input x=2x8", "1x8", "convert"}, [&] { Import(Chain(), options); }));
  options.inputs = {{"q", {1}}};
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"no such input", "\"x\""}, [&] { Import(Chain(), options); }));
  options.inputs.clear();
  options.dims["batch"] = 1;
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"--dim batch", "no such dimension"}, [&] { Import(Chain(), options); }));
}

TEST(Tflite, RefusesWhatBreaksTheRules) {
  auto refused = [](const std::vector<std::string>& words, void (*spoil)(SubgraphSpec&)) {
    SubgraphSpec graph = Chain();
    spoil(graph);
    EXPECT_TRUE(Refuses(ErrorCode::kBadInput, words, [&] { Import(graph); }));
  };
  refused({"op 0 (ADD): reads tensor 9 of 4"}, [](SubgraphSpec& g) { g.ops[0].inputs = {9}; });
  refused({"op 0 (ADD): writes tensor -2"}, [](SubgraphSpec& g) { g.ops[0].outputs = {-2}; });
  refused({"graph input 0 is tensor 4"}, [](SubgraphSpec& g) { g.inputs = {4}; });
  refused({"graph output 0 is tensor -1"}, [](SubgraphSpec& g) { g.outputs = {-1}; });
  refused({"tensor 1 \"w\" has its data in buffer 77"},
          [](SubgraphSpec& g) { g.tensors[1] = {"w", {8}, 0, false, false, {}, 77}; });
  refused({"op 0 (ADD): needs tensor 1 \"w\"", "weights stripped"}, [](SubgraphSpec& g) { g.tensors[1].data = false; });
  refused({"op 1 (ADD): writes tensor 2 \"y\"", "the result of op 0"}, [](SubgraphSpec& g) { g.ops[1].outputs = {2}; });
  refused({"op 1 (ADD): writes tensor 1 \"w\"", "a constant"}, [](SubgraphSpec& g) { g.ops[1].outputs = {1}; });
  refused({"op 1 (ADD): writes tensor 0 \"x\"", "a graph input"}, [](SubgraphSpec& g) { g.ops[1].outputs = {0}; });
  refused({"is part of a cycle"}, [](SubgraphSpec& g) { g.ops[0].inputs = {3}; });
  refused({"is part of a cycle"}, [](SubgraphSpec& g) { g.ops[0].inputs = {2}; });
  refused({"tensor 2 \"y\" has the dimension -7"}, [](SubgraphSpec& g) { g.tensors[2].shape = {-7}; });
  refused({"tensor 2 \"y\" has a size past"}, [](SubgraphSpec& g) { g.tensors[2].shape = {1 << 30, 1 << 30, 64}; });
  refused({"the sizes of all tensors overflow"}, [](SubgraphSpec& g) {
    g.tensors.resize(40, {"huge", {1 << 30, 1 << 27}});
    for (int i = 4; i < 40; ++i) g.ops.push_back({kAdd, {0}, {i}});
  });
  refused({"both a variable and a constant"}, [](SubgraphSpec& g) { g.tensors[1].variable = true; });
  refused({"its graph has no ops"}, [](SubgraphSpec& g) { g.ops.clear(); });
}

TEST(Tflite, RefusesOtherFiles) {
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"m.tflite: is empty"}, [] { Import(std::string()); }));
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"no TFLite model"}, [] { Import(std::string("\x08\x07onnx", 6)); }));
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"web page"}, [] { Import(std::string("\n<!DOCTYPE html><html>")); }));
  EXPECT_TRUE(Refuses(ErrorCode::kUnsupported, {"version 2"}, [] { Import(BuildModel(ModelSpec{{Chain()}, 2})); }));
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"holds no subgraph"}, [] { Import(BuildModel(ModelSpec{})); }));
  ModelSpec outside{{Chain()}};
  outside.outside = {4096, ~std::uint64_t{0}};
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"past the end of the file"}, [&] { Import(BuildModel(outside)); }));
}

std::string Bill(const ImportedModel& model) {
  const WeightBytes& weights = model.weights;
  return std::to_string(weights.stored_bytes) + " stored, " + std::to_string(weights.needed_bytes) + " needed by " +
         std::to_string(weights.count);
}

TEST(TfliteWeights, CountWhatRunningOpsRead) {
  EXPECT_EQ(Bill(Import(Chain())), "6 stored, 6 needed by 1");  // the buffer says how many bytes it has
  SubgraphSpec graph = Chain();
  graph.tensors.push_back({"nobody_reads_it", {8}, kFloat32, true});
  graph.ops[0] = {kDequantize, {1}, {2}};
  graph.ops[1].inputs = {2, 0};
  EXPECT_EQ(Bill(Import(graph)), "12 stored, 32 needed by 1");
  ImportOptions raw;
  raw.fold_constants = false;
  EXPECT_EQ(Bill(Import(graph, raw)), "12 stored, 6 needed by 1");
}

TEST(TfliteWeights, CountSharedBuffersAndSubgraphsOnce) {
  SubgraphSpec main = Chain();
  main.tensors.push_back({"same data", {8}, kFloat32, false, false, {}, 1});
  main.ops[0].inputs.push_back(4);
  main.ops[1] = {kIfOp, {2}, {3}, "", {1, 1}};
  SubgraphSpec body = Body(1, {1, 8});
  body.tensors.push_back({"own", {8}, kFloat32, true});
  body.tensors.push_back({"dense", {8}});
  body.ops.insert(body.ops.begin(), {kDequantize, {2}, {3}});
  body.ops[1].inputs.push_back(3);
  SubgraphSpec uncalled = Chain();
  EXPECT_EQ(Bill(Import(BuildModel(ModelSpec{{main, body, uncalled}}))), "18 stored, 38 needed by 2");
}

TEST(Tflite, SurvivesDamage) {
  SubgraphSpec main = Chain();
  main.ops[1] = {kIfOp, {2, 0}, {3}, "", {1, 2}};
  const std::string good = BuildModel(ModelSpec{{main, Body(2, {1}), Body(2, {3})}});
  const auto read = [](const std::string& bytes) { Import(bytes); };
  TryEveryPrefix(good, read);
  TryByteChanges(good, 5000, read);
}

}  // namespace
}  // namespace orionrt::tests::tflite_test
