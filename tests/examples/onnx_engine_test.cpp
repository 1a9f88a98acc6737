// The engine of examples/onnx_engine: right to the last bit whatever a plan makes of its tensors, and wrong as soon as
// a plan is. Models are those of the shared folder (ORIONRT_SHARED; otherwise ../shared beside the source), and the
// examples'; what is planned and run is the engine's own graph, over arenas of NaNs.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "folder.hpp"
#include "kernels.hpp"
#include "model.hpp"
#include "onnx_model.hpp"
#include "orionrt/orionrt.hpp"
#include "planning.hpp"
#include "program.hpp"
#include "refuses.hpp"
#include "session.hpp"

namespace orionrt::tests::onnx_engine_test {
namespace {

using onnx_engine::PlannedProgram;
using onnx_engine::PlanningOptions;
using onnx_engine::Program;
using Floats = std::vector<float>;

constexpr int kThreads = 2;

struct Row {
  const char* name;
  const char* path;  // behind the shared folder, or, from "examples" on, behind the source
  bool is_stored;    // its output, computed by another engine
  double tolerance = 1e-3;
};

std::ostream& operator<<(std::ostream& out, const Row& row) { return out << row.name; }

constexpr Row kRows[] = {
    {"squeezenet", "onnx/light_squeezenet.onnx", true}, {"bvlc_alexnet", "onnx/light_bvlc_alexnet.onnx", true},
    {"zfnet512", "onnx/light_zfnet512.onnx", true},     {"inception_v1", "onnx/light_inception_v1.onnx", true},
    {"resnet50", "onnx/light_resnet50.onnx", true},     {"densenet121", "onnx/light_densenet121.onnx", true, 2e-3},
    {"encoder", "examples/models/encoder.onnx", false}, {"mobilenet_v2", "examples/models/mobilenet_v2.onnx", false},
};

std::filesystem::path Source() { return std::filesystem::path(ORIONRT_TESTS_DIR) / ".."; }

std::filesystem::path Models() {
  const char* asked = std::getenv("ORIONRT_SHARED");
  return (asked != nullptr ? std::filesystem::path(asked) : Source() / ".." / "shared") / "models";
}

std::filesystem::path PathOf(const Row& row) {
  const std::string path = row.path;
  return path.compare(0, 8, "examples") == 0 ? Source() / path : Models() / path;
}

Floats StoredOutput(const Row& row, const char* weights) {
  return onnx_engine::ReadTensor(Models() / "light_expected" /
                                 ("light_" + std::string(row.name) + "." + weights + ".output_0.pb"))
      .floats;
}

Program ProgramOf(const Row& row, const onnx_engine::ReadOptions& options,
                  onnx_engine::Layouts layouts = onnx_engine::Layouts::kAny) {
  return onnx_engine::MakeProgram(onnx_engine::ReadModel(PathOf(row), options, onnx_engine::KernelTypes()), layouts);
}

onnx_engine::ReadOptions HashedWeights() {
  onnx_engine::ReadOptions options;
  options.hash_weights = true;
  options.import.default_dim = 16;
  return options;
}

// Bytes of which any float is a NaN.
void Poison(void* memory, std::size_t bytes) { std::memset(memory, 0xFF, bytes); }

Floats OutputOf(const Program& program, const Assignment& assignment, onnx_engine::Addresses addresses) {
  onnx_engine::Session session(program, assignment, std::move(addresses), kThreads);
  for (std::size_t i = 0; i < program.inputs.size(); ++i) {
    const auto count = program.inputs[i].count;
    Floats ramp(static_cast<std::size_t>(count));
    for (std::size_t k = 0; k < ramp.size(); ++k) {
      ramp[k] = static_cast<float>(static_cast<double>(k) / static_cast<double>(count));
    }
    session.SetInput(i, ramp);
  }
  session.Run();
  const float* const output = session.Output(0);
  return {output, output + program.outputs[0].count};
}

// As an engine does it: a pool judges the assignment and says where tensors are.
Floats OutputOf(const Program& program, const PlannedProgram& planned) {
  const TensorPool pool = onnx_engine::MakePool(planned);
  for (const Place& place : planned.assignment.tensors) {
    Poison(pool.GetPtr(place.id), static_cast<std::size_t>(place.bytes));
  }
  return OutputOf(program, planned.assignment, onnx_engine::AddressesOf(program.graph, pool));
}

// An assignment over one arena that nobody has judged.
Floats OutputUnjudged(const Program& program, const Assignment& assignment) {
  std::size_t end = 0;
  for (const std::vector<Place>* places : {&assignment.tensors, &assignment.workspaces}) {
    for (const Place& place : *places) end = std::max(end, static_cast<std::size_t>(place.offset + place.bytes));
  }
  const Arena arena = Arena::Host(end);
  Poison(arena.base(), end);
  onnx_engine::Addresses addresses;
  addresses.tensors.resize(program.graph.tensors().size());
  addresses.workspaces.resize(program.graph.ops().size());
  for (const Place& p : assignment.tensors) addresses.tensors[static_cast<std::size_t>(p.id)] = arena.base() + p.offset;
  for (const Place& p : assignment.workspaces) {
    addresses.workspaces[static_cast<std::size_t>(p.id)] = arena.base() + p.offset;
  }
  return OutputOf(program, assignment, std::move(addresses));
}

bool SameBits(const Floats& a, const Floats& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

bool IsClose(const Floats& output, const Floats& expected, double tolerance) {
  if (output.size() != expected.size()) return false;
  for (std::size_t i = 0; i < output.size(); ++i) {
    const auto a = static_cast<double>(output[i]), b = static_cast<double>(expected[i]);
    if (!(std::fabs(a - b) <= 1e-7 + tolerance * std::fabs(b))) return false;
  }
  return true;
}

class OnnxEngine : public testing::TestWithParam<Row> {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(PathOf(GetParam()))) GTEST_SKIP() << PathOf(GetParam()) << " is not here";
    Use(onnx_engine::Layouts::kAny);
  }

  void Use(onnx_engine::Layouts layouts) {
    program_ = ProgramOf(GetParam(), HashedWeights(), layouts);
    PlanningOptions apart;
    apart.policy = "no_reuse";
    right_ = OutputOf(program_, onnx_engine::MakePlan(program_.graph, apart));
  }

  // By what tells a wrong engine from one that sums in another order; that of the models without stored outputs is the
  // output with all tensors apart.
  bool IsRight(const Floats& output) const { return IsClose(output, right_, GetParam().tolerance); }

  void ExpectSameBits(const PlanningOptions& options, const std::string& what) const {
    EXPECT_TRUE(SameBits(OutputOf(program_, onnx_engine::MakePlan(program_.graph, options)), right_)) << what;
  }

  Program program_;
  Floats right_;  // every tensor in bytes of its own
};

TEST_P(OnnxEngine, ComputesWhatIsStored) {
  const Row& row = GetParam();
  if (!row.is_stored) GTEST_SKIP() << "no stored output";
  const Floats hashed = StoredOutput(row, "hash");
  EXPECT_TRUE(IsClose(right_, hashed, row.tolerance));
  const Program plain = ProgramOf(row, HashedWeights(), onnx_engine::Layouts::kPlain);
  EXPECT_TRUE(IsClose(OutputOf(plain, onnx_engine::MakePlan(plain.graph, {})), hashed, row.tolerance));
  const Program stock = ProgramOf(row, {});
  EXPECT_TRUE(
      IsClose(OutputOf(stock, onnx_engine::MakePlan(stock.graph, {})), StoredOutput(row, "stock"), row.tolerance));
}

TEST_P(OnnxEngine, ComputesTheSameBitsByEveryPolicy) {
  for (const Policy& policy : Policies()) {
    PlanningOptions options;
    options.policy = policy.name;
    ExpectSameBits(options, policy.name);
  }
}

TEST_P(OnnxEngine, ComputesTheSameBitsWithEveryTransform) {
  const Transforms all[] = {{true, false, false, false},
                            {false, true, false, false},
                            {false, false, true, false},
                            {false, false, false, true},
                            {true, true, true, true}};
  for (const Transforms& transforms : all) {
    PlanningOptions options;
    options.transforms = transforms;
    ExpectSameBits(options, "transform " + std::to_string(&transforms - all));
  }
}

TEST_P(OnnxEngine, ComputesTheSameBitsInTwoSpacesAndOnTwoStreams) {
  PlanningOptions options;
  options.spaces = 2;
  ExpectSameBits(options, "two spaces");
  options.transforms = {true, true, true, false};
  options.streams = 2;
  for (int run = 0; run < 5; ++run) ExpectSameBits(options, "two spaces and two streams, run " + std::to_string(run));
  options.spaces = 1;
  for (int run = 0; run < 5; ++run) ExpectSameBits(options, "two streams, run " + std::to_string(run));
}

// What a planted fault makes of a plan. Where the judge finds nothing, the output must be right all the same.
struct Verdict {
  bool refused;
  bool right;
};

class PlantedFaults : public OnnxEngine {
 protected:
  Verdict VerdictOf(const Assignment& planted) const {
    const bool refused = CheckAssignment(program_.graph, planted).has_value();
    const Floats output = OutputUnjudged(program_, planted);
    EXPECT_TRUE(refused || SameBits(output, right_)) << "not refused, and wrong";
    return {refused, IsRight(output)};
  }
  bool IsReadByWhatRuns(int tensor, const std::vector<int>& vanished) const {
    const auto holds = [](const std::vector<int>& ids, int id) { return std::count(ids.begin(), ids.end(), id) > 0; };
    const TensorDesc& desc = program_.graph.tensors()[static_cast<std::size_t>(tensor)];
    return (desc.roles & TensorRole::kOutput) != 0 ||
           std::any_of(program_.graph.ops().begin(), program_.graph.ops().end(),
                       [&](const OpNode& op) { return holds(op.inputs, tensor) && !holds(vanished, op.id); });
  }
  static Assignment PlanOf(const TransformedGraph& made, const Problem& problem) {
    return Assign(made, ReusePlanner("greedy_by_size").Run(problem));
  }
};

// Lives end a step too early: the last reader of a tensor may write over what it reads.
TEST_P(PlantedFaults, LivesThatEndAStepEarlyAreRefusedAndWrong) {
  const TransformedGraph made = Transform(program_.graph, {}, 64);
  const auto shorten = [](Buffer& buffer) {
    if (buffer.upper - buffer.lower > 1) --buffer.upper;
  };
  Problem all = made.lowered.problem;
  for (Buffer& buffer : all.buffers) shorten(buffer);
  const Verdict verdict = VerdictOf(PlanOf(made, all));
  EXPECT_TRUE(verdict.refused);
  EXPECT_FALSE(verdict.right);

  const std::size_t count = all.buffers.size(), step = count / 24 + 1;
  for (std::size_t i = 0; i < count; i += step) {
    Problem one = made.lowered.problem;
    shorten(one.buffers[i]);
    VerdictOf(PlanOf(made, one));
  }
}

// Ops that say falsely that they read everything before they write.
TEST_P(PlantedFaults, FalseAliasesAreRefusedAndWrong) {
  std::vector<OpNode> ops = program_.graph.ops();
  int planted = 0;
  for (OpNode& op : ops) {
    if (!op.aliases.empty() || op.type == "Reorder") continue;
    op.aliases = {{AliasKind::kReadsFirst, 0, 0, 0}};
    ++planted;
  }
  ASSERT_GT(planted, 0);
  const Graph lying(ops, program_.graph.tensors());
  const TransformedGraph made = Transform(lying, {false, false, true, false}, 64);
  const Verdict verdict = VerdictOf(PlanOf(made, made.lowered.problem));
  EXPECT_TRUE(verdict.refused);
  EXPECT_FALSE(verdict.right);
}

// An op left out that has something to do: its output lies elsewhere than in what it shows. Each must be noticed.
TEST_P(PlantedFaults, DroppedViewsAreRefusedAndWrong) {
  const auto plan = [this] {
    const TransformedGraph made = Transform(program_.graph, {true, true, false, false}, 64);
    return PlanOf(made, made.lowered.problem);
  };
  Assignment right = plan();
  if (right.vanished_ids.empty()) {  // some processors' kernels choose layouts in which no part lies as one run
    Use(onnx_engine::Layouts::kPlain);
    right = plan();
  }
  ASSERT_FALSE(right.vanished_ids.empty());
  ASSERT_TRUE(SameBits(OutputUnjudged(program_, right), right_));
  int noticed = 0;
  for (const int op_id : right.vanished_ids) {
    Assignment planted = right;
    const int output = program_.graph.ops()[static_cast<std::size_t>(op_id)].outputs[0];
    if (!IsReadByWhatRuns(output, right.vanished_ids)) continue;
    ++noticed;
    Place& place = planted.tensors[static_cast<std::size_t>(output)];
    AssignedSpace& space = planted.spaces[0];
    place.offset = (space.required_bytes + 63) / 64 * 64;
    space.required_bytes = place.offset + place.bytes;
    const Verdict verdict = VerdictOf(planted);
    EXPECT_TRUE(verdict.refused) << "op " << op_id;
    EXPECT_FALSE(verdict.right) << "op " << op_id;
  }
  EXPECT_GT(noticed, 0);
}

std::string NameOf(const testing::TestParamInfo<Row>& row) { return row.param.name; }
INSTANTIATE_TEST_SUITE_P(Models, OnnxEngine, testing::ValuesIn(kRows), NameOf);
INSTANTIATE_TEST_SUITE_P(Models, PlantedFaults, testing::ValuesIn(kRows), NameOf);

Program ProgramOf(const Model& model, const onnx_engine::ReadOptions& options = {}) {
  const Folder folder;
  const std::string path = folder.Write("model.onnx", model.proto.SerializeAsString());
  return onnx_engine::MakeProgram(onnx_engine::ReadModel(path, options, onnx_engine::KernelTypes()));
}

void SetText(onnx::NodeProto* node, const std::string& name, const std::string& text) {
  auto* const attribute = node->add_attribute();
  attribute->set_name(name);
  attribute->set_type(onnx::AttributeProto::STRING);
  attribute->set_s(text);
}

void SetFloat(onnx::NodeProto* node, const std::string& name, float value) {
  auto* const attribute = node->add_attribute();
  attribute->set_name(name);
  attribute->set_type(onnx::AttributeProto::FLOAT);
  attribute->set_f(value);
}

void SetFloats(onnx::GraphProto* graph, const std::string& name, const Dims& dims, const Floats& floats) {
  onnx::TensorProto* const tensor = graph->add_initializer();
  tensor->set_name(name);
  tensor->set_data_type(onnx::TensorProto::FLOAT);
  for (const std::int64_t dim : dims) tensor->add_dims(dim);
  for (const float value : floats) tensor->add_float_data(value);
}

Floats OutputOf(const Model& model) {
  const Program program = ProgramOf(model, HashedWeights());
  return OutputOf(program, onnx_engine::MakePlan(program.graph, {}));
}

// The output of one node with a window over an image of 7 x 8, padded as the attributes say.
Floats OutputOfWindow(const std::string& type, const std::function<void(onnx::NodeProto*)>& pad) {
  Model model;
  model.Input("x", {1, 4, 7, 8});
  if (type == "Conv") model.Weights("w", {4, 4, 3, 2});
  onnx::NodeProto* const node = model.Node(type, type == "Conv" ? Names{"x", "w"} : Names{"x"}, {"y"});
  SetInts(node, "kernel_shape", {3, 2});
  SetInts(node, "strides", {2, 3});
  pad(node);
  model.Output("y");
  return OutputOf(model);
}

// 7 rows by windows of 3, two apart: 4 windows over 9 rows, one before and one behind. 8 columns by windows of 2, three
// apart: 3 windows over 8, nothing to pad.
TEST(OnnxEngineComputes, PadsThatAreLeftOpenAsThoseThatAreWritten) {
  for (const char* type : {"Conv", "MaxPool", "AveragePool"}) {
    const auto with = [&](const Dims& strides, const Dims& pads) {
      return OutputOfWindow(type, [&](onnx::NodeProto* node) {
        node->mutable_attribute(1)->clear_ints();
        for (const std::int64_t stride : strides) node->mutable_attribute(1)->add_ints(stride);
        if (pads.size() == 4) SetInts(node, "pads", pads);
        if (pads.size() == 1) SetText(node, "auto_pad", pads[0] == 0 ? "VALID" : "SAME_UPPER");
        if (pads.size() == 2) SetText(node, "auto_pad", "SAME_LOWER");
      });
    };
    const Floats valid = with({2, 3}, {0});
    EXPECT_EQ(valid.size(), 4U * 3 * 3) << type;
    EXPECT_TRUE(SameBits(valid, with({2, 3}, {0, 0, 0, 0}))) << type;
    EXPECT_TRUE(SameBits(with({2, 3}, {1}), with({2, 3}, {1, 0, 1, 0}))) << type;
    // Columns one apart need one column more, which only LOWER has before.
    EXPECT_TRUE(SameBits(with({2, 1}, {1}), with({2, 1}, {1, 0, 1, 1}))) << type;
    EXPECT_TRUE(SameBits(with({2, 1}, {1, 1}), with({2, 1}, {1, 1, 1, 0}))) << type;
    EXPECT_FALSE(SameBits(with({2, 1}, {1, 1}), with({2, 1}, {1}))) << type;
  }
}

// Windows of 3 rows, three apart, end at row 6 of 7; ceil_mode adds those that begin there and hang over by two.
TEST(OnnxEngineComputes, WindowsThatHangOver) {
  for (const char* type : {"MaxPool", "AveragePool"}) {
    const auto with = [&](bool ceil, const Dims& pads) {
      return OutputOfWindow(type, [&](onnx::NodeProto* node) {
        node->mutable_attribute(1)->set_ints(0, 3);
        SetInt(node, "ceil_mode", ceil ? 1 : 0);
        SetInts(node, "pads", pads);
      });
    };
    const Floats hanging = with(true, {0, 0, 0, 0});
    EXPECT_EQ(hanging.size(), 4U * 3 * 3) << type;
    EXPECT_TRUE(SameBits(hanging, with(false, {0, 0, 2, 0}))) << type;
    EXPECT_EQ(with(false, {0, 0, 0, 0}).size(), 4U * 2 * 3) << type;
  }
  EXPECT_TRUE(Refuses(ErrorCode::kUnsupported, {"AveragePool_0", "ceil_mode with count_include_pad"}, [] {
    OutputOfWindow("AveragePool", [](onnx::NodeProto* node) {
      node->mutable_attribute(1)->set_ints(0, 3);
      SetInt(node, "ceil_mode", 1);
      SetInt(node, "count_include_pad", 1);
    });
  }));
}

TEST(OnnxEngineComputes, GemmWithFactorsAndTransposes) {
  constexpr std::int64_t kM = 3, kN = 4, kK = 5;
  for (const bool a_transposed : {false, true}) {
    for (const bool b_transposed : {false, true}) {
      Floats b(kK * kN), c(kN);
      for (std::size_t i = 0; i < b.size(); ++i) b[i] = static_cast<float>(i % 7) - 3;
      for (std::size_t i = 0; i < c.size(); ++i) c[i] = static_cast<float>(i) + 1;
      Model model;
      model.Input("a", a_transposed ? Dims{kK, kM} : Dims{kM, kK});
      SetFloats(model.graph, "b", b_transposed ? Dims{kN, kK} : Dims{kK, kN}, b);
      SetFloats(model.graph, "c", {kN}, c);
      onnx::NodeProto* const node = model.Node("Gemm", {"a", "b", "c"}, {"y"});
      SetFloat(node, "alpha", 0.5F);
      SetFloat(node, "beta", -2.0F);
      SetInt(node, "transA", a_transposed ? 1 : 0);
      SetInt(node, "transB", b_transposed ? 1 : 0);
      model.Output("y");
      Floats expected;
      for (std::int64_t m = 0; m < kM; ++m) {
        for (std::int64_t n = 0; n < kN; ++n) {
          double sum = 0;
          for (std::int64_t k = 0; k < kK; ++k) {
            const double left = static_cast<double>(a_transposed ? k * kM + m : m * kK + k) / (kM * kK);
            sum += left * static_cast<double>(b[static_cast<std::size_t>(b_transposed ? n * kK + k : k * kN + n)]);
          }
          expected.push_back(static_cast<float>(0.5 * sum - 2.0 * static_cast<double>(n + 1)));
        }
      }
      EXPECT_TRUE(IsClose(OutputOf(model), expected, 1e-5)) << a_transposed << b_transposed;
    }
  }
}

void Read(const Model& model, const onnx_engine::ReadOptions& options = {}) { ProgramOf(model, options); }

// One node behind its input "x" of 1x4x8x8.
Model OneNode(const std::string& type) {
  Model model;
  model.Input("x", {1, 4, 8, 8});
  model.Node(type, {"x"}, {"y"});
  model.Output("y");
  return model;
}

TEST(OnnxEngineRefuses, OpsThatItDoesNotHaveByName) {
  EXPECT_TRUE(Refuses(ErrorCode::kUnsupported, {"no kernel for Softplus (node \"Softplus_0\")", "it has Abs, Add, "},
                      [] { Read(OneNode("Softplus")); }));
  EXPECT_TRUE(Refuses(ErrorCode::kUnsupported, {"LayerNormalization_0", "an axis that is not the last"}, [] {
    Model model(17);
    model.Input("x", {1, 4, 8, 8});
    model.Weights("scale", {8, 8});
    SetInt(model.Node("LayerNormalization", {"x", "scale"}, {"y"}), "axis", 2);
    model.Output("y");
    Read(model, HashedWeights());
  }));
}

TEST(OnnxEngineRefuses, ShapesThatDoNotFit) {
  Model conv;
  conv.Input("x", {1, 4, 8, 8});
  conv.Weights("w", {4, 4, 3, 3});
  conv.Node("Conv", {"x", "w"}, {"y"});
  conv.Output("y");
  onnx_engine::ReadOptions options = HashedWeights();
  options.import.inputs["x"] = {1, 5, 8, 8};
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"Conv_0", "\"x\""}, [&] { Read(conv, options); }));

  const Program program = ProgramOf(OneNode("Relu"));
  const PlannedProgram planned = onnx_engine::MakePlan(program.graph, {});
  const TensorPool pool = onnx_engine::MakePool(planned);
  onnx_engine::Session session(program, planned.assignment, onnx_engine::AddressesOf(program.graph, pool));
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"\"x\"", "256", "255"}, [&] { session.SetInput(0, Floats(255)); }));
}

TEST(OnnxEngineRefuses, FilesThatAreCutOff) {
  const Folder folder;
  const std::string whole = OneNode("Relu").proto.SerializeAsString();
  const std::string path = folder.Write("model.onnx", whole.substr(0, whole.size() - 5));
  try {
    onnx_engine::ReadModel(path, {}, onnx_engine::KernelTypes());
    ADD_FAILURE() << "was read";
  } catch (const Error& error) {
    const std::string told = error.what();
    EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    EXPECT_NE(told.find("model.onnx: is no ONNX model, or is cut off"), std::string::npos) << told;
    EXPECT_EQ(told.find("--"), std::string::npos) << "names no option that only the command has: " << told;
  }
}

TEST(OnnxEngineRefuses, WeightsThatAreNotThereAndTypesThatItDoesNotCompute) {
  Model model;
  model.Input("x", {1, 4, 8, 8});
  model.Weights("w", {4, 4, 3, 3});
  model.Node("Conv", {"x", "w"}, {"y"});
  model.Output("y");
  EXPECT_TRUE(Refuses(ErrorCode::kUnsupported, {"\"w\"", "--weights hash"}, [&] { Read(model); }));
  Model whole;
  whole.Input("x", {1, 4}, onnx::TensorProto::DOUBLE);
  whole.Node("Relu", {"x"}, {"y"});
  whole.Output("y");
  EXPECT_TRUE(Refuses(ErrorCode::kUnsupported, {"\"x\"", "float64", "float32"}, [&] { Read(whole); }));
}

}  // namespace
}  // namespace orionrt::tests::onnx_engine_test
