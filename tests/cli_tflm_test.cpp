// orionrt plan --format tflm
#include <gtest/gtest.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "command.hpp"
#include "tflite_model.hpp"

namespace orionrt::tests {
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
  EXPECT_FAILS(2, Orionrt({"plan", model, "-o", out, "--pool", "sram=64K"}), "one arena", "--pool");
  EXPECT_FAILS(3, Orionrt({"plan", folder.Write("b.tflite", "x"), "-o", out}), "no TFLite model");
  EXPECT_FALSE(folder.Has("p.tflite"));
}

}  // namespace
}  // namespace orionrt::tests
