// orionrt plan --format tflm
#include <gtest/gtest.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "orionrt/import.hpp"
#include "run_command.hpp"
#include "tflite_model.hpp"

namespace orionrt::tests::cli_tflm_test {
namespace {

// Version, subgraphs, count, offsets.
std::vector<std::int32_t> PlanIn(const std::string& bytes) {
  std::vector<std::int32_t> plan;
  const fb::Model& model = *fb::GetModel(bytes.data());
  for (const fb::Metadata* entry : *model.metadata()) {
    if (entry->name()->str() != "OfflineMemoryAllocation") continue;
    const auto& data = *model.buffers()->Get(entry->buffer())->data();
    plan.resize(data.size() / 4);
    std::memcpy(plan.data(), data.Data(), data.size());
  }
  return plan;
}

TEST(CliTflm, ReadsAModelWithoutASuffix) {
  const Folder folder;
  const std::string bytes = BuildModel(Chain());
  const Outcome named = Orionrt({"plan", folder.Write("m.tflite", bytes), "--format", "csv"});
  ASSERT_EQ(named.code, 0) << named;
  EXPECT_EQ(Orionrt({"plan", folder.Write("m", bytes), "--format", "csv"}).out, named.out);
  EXPECT_EQ(Orionrt({"plan", "-", "--format", "csv"}, bytes).out, named.out);
  EXPECT_FAILS(3, Orionrt({"plan", folder.Write("cut", bytes.substr(0, bytes.size() / 2))}), "cut");
}

TEST(CliTflm, WritesThePlanIntoACopy) {
  const Folder folder;
  SubgraphSpec graph = Chain();  // x, w, y, z; w is a constant
  graph.tensors.push_back({"state", {1000}, kUint8, false, true});
  graph.ops[1].inputs.push_back(4);
  const std::string model = folder.Write("m.tflite", BuildModel(graph));
  for (const auto& more : {std::vector<std::string>{"-o", folder / "p.tflite"},
                           {"--format", "tflm", "-o", folder / "p.tflite"},
                           {"--alignment", "64", "-o", folder / "p.tflite"}}) {
    std::vector<std::string> arguments = {"plan", model};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Outcome outcome = Orionrt(arguments);
    ASSERT_EQ(outcome.code, 0) << outcome;
    const std::vector<std::int32_t> plan = PlanIn(folder.Read("p.tflite"));
    ASSERT_EQ(plan.size(), 8u);
    EXPECT_EQ(plan[2], 5);
    EXPECT_EQ(plan[4], -1) << "a constant stays in the file";
    EXPECT_EQ(plan[7], -1) << "a variable is TFLM's";
    const std::int32_t step = more[0] == "--alignment" ? 64 : 32;
    EXPECT_EQ(plan[3] + plan[5], step) << "x and y side by side";
    EXPECT_EQ(plan[5] + plan[6], step) << "z where x was";
  }
  EXPECT_EQ(folder.Read("m.tflite"), BuildModel(graph)) << "the model itself stays";
}

TEST(CliTflm, PlansOpsOfConstantsToo) {
  const Folder folder;
  SubgraphSpec graph = Chain();
  graph.ops[0] = {kDequantize, {1}, {2}};
  graph.ops[1].inputs = {2, 0};
  const std::string model = folder.Write("m.tflite", BuildModel(graph));
  ASSERT_EQ(Orionrt({"plan", model, "-o", folder / "p.tflite"}).code, 0);
  EXPECT_GE(PlanIn(folder.Read("p.tflite"))[5], 0) << "TFLM runs the DEQUANTIZE that planning would fold";
}

TEST(CliTflm, GoesIntoADirectory) {
  const Folder folder;
  const std::string model = folder.Write("m.tflite", BuildModel(Chain()));
  ASSERT_EQ(Orionrt({"plan", model, "--format", "tflm", "-o", folder.path()}).code, 0);
  EXPECT_EQ(PlanIn(folder.Read("m.plan.tflite")).size(), 7u);
}

TEST(CliTflm, RefusesWhatItCannotWriteInto) {
  const Folder folder;
  const std::string out = folder / "p.tflite";
  const std::string problem = folder.Write("x.csv", "id,lower,upper,size\na,0,3,4\n");
  EXPECT_FAILS(2, Orionrt({"plan", problem, "-o", out}), "x.csv", "no .tflite model");
  EXPECT_FAILS(2, Orionrt({"plan", folder.Write("m.onnx", "x"), "--format", "tflm"}), "m.onnx", "no .tflite model");
  const std::string model = folder.Write("m.tflite", BuildModel(Chain()));
  EXPECT_FAILS(2, Orionrt({"plan", model, "-o", out, "--alignment", "8"}), "16");
  EXPECT_FAILS(2, Orionrt({"plan", model, "-o", out, "--fold-shapes"}), "--fold-shapes");
  EXPECT_FAILS(2, Orionrt({"plan", model, "-o", out, "--space", "sram=64K"}), "one arena", "--space");
  EXPECT_FAILS(3, Orionrt({"plan", folder.Write("b.tflite", "x"), "-o", out}), "no TFLite model");
  EXPECT_FALSE(folder.Has("p.tflite"));
}

// A chain of tensors with these bytes.
std::string ChainOf(const std::vector<std::int32_t>& bytes) {
  SubgraphSpec graph;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto id = static_cast<std::int32_t>(i);
    graph.tensors.push_back({"t" + std::to_string(i), {bytes[i]}, kUint8});
    if (i > 0) graph.ops.push_back({kCustomOp, {id - 1}, {id}, "Step"});
  }
  graph.inputs = {0};
  graph.outputs = {static_cast<std::int32_t>(bytes.size()) - 1};
  return BuildModel(graph);
}

TEST(CliTflm, SaysWhatTflmItselfTakesAndWhatScratchMayChange) {
  const Folder folder;
  const auto told = [&](const std::vector<std::int32_t>& bytes) {
    const Outcome outcome = Orionrt({"plan", folder.Write("m.tflite", ChainOf(bytes)), "-o", folder / "p.tflite"});
    EXPECT_EQ(outcome.code, 0) << outcome;
    return outcome.err;
  };
  // The first and the last at 0, the second above the first, the third above that.
  const std::string better = told({41, 32, 17, 48});
  EXPECT_NE(better.find("take 80 bytes, and 112 where TFLM places them itself"), std::string::npos) << better;
  EXPECT_NE(better.find("more than 32 bytes"), std::string::npos) << better;
  EXPECT_EQ(better.find("warning"), std::string::npos) << better;
  const std::string equal = told({41, 32, 17});
  EXPECT_NE(equal.find("warning: "), std::string::npos) << equal;
  EXPECT_NE(equal.find("in 80 bytes, this plan in 80; "), std::string::npos) << equal;
  EXPECT_NE(equal.find("leave the plan out"), std::string::npos) << equal;
}

TEST(CliTflm, ChecksThePlanInsideAFileByItsOwnGraph) {
  const Folder folder;
  const std::string model = folder.Write("m.tflite", BuildModel(Chain()));
  ASSERT_EQ(Orionrt({"plan", model, "-o", folder / "p.tflite"}).code, 0);
  const Outcome right = Orionrt({"check", folder / "p.tflite"});
  EXPECT_EQ(right.code, 0) << right;
  EXPECT_FAILS(3, Orionrt({"check", model}), "carries no plan for TFLM");
  // x, y and z at one place: y is written over x, which its op may still read.
  const std::string wrong = WriteTflmPlan(BuildModel(Chain()), {{0, kTflmPlansIt, 0, 0}}, "m.tflite");
  const Outcome outcome = Orionrt({"check", folder.Write("wrong.tflite", wrong)});
  EXPECT_EQ(outcome.code, 6) << outcome;
  EXPECT_NE(outcome.out.find("tensor 0"), std::string::npos) << outcome;
  std::string crooked = folder.Read("p.tflite");
  const std::vector<std::int32_t> plan = PlanIn(crooked);
  const std::string words(reinterpret_cast<const char*>(plan.data()), plan.size() * 4);
  const std::size_t at = crooked.find(words);
  ASSERT_NE(at, std::string::npos);
  crooked[at + 12] = static_cast<char>(crooked[at + 12] + 8);
  EXPECT_EQ(Orionrt({"check", folder.Write("crooked.tflite", crooked)}).code, 6) << "no multiple of 16";
}

}  // namespace
}  // namespace orionrt::tests::cli_tflm_test
