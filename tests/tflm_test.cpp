// Plans written into .tflite files.
#include <gtest/gtest.h>

#include <cstring>

#include "orionrt/tflite.hpp"
#include "refuses.hpp"
#include "tflite_model.hpp"

namespace orionrt::tests {
namespace {

using Offsets = std::vector<std::vector<std::int64_t>>;

constexpr const char* kPlanName = "OfflineMemoryAllocation";

std::string Write(const std::string& bytes, const Offsets& offsets) {
  return WriteTflmPlan(bytes, offsets, "m.tflite");
}
std::string Write(const SubgraphSpec& graph, const Offsets& offsets) { return Write(BuildModel(graph), offsets); }

// The plan as TFLM finds it: by name, through the number of a buffer.
std::vector<std::int32_t> PlanIn(const std::string& bytes) {
  flatbuffers::Verifier verifier(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  EXPECT_TRUE(fb::VerifyModelBuffer(verifier));
  const fb::Model& model = *fb::GetModel(bytes.data());
  std::vector<std::int32_t> plan;
  for (const fb::Metadata* entry : *model.metadata()) {
    if (entry->name()->str() != kPlanName) continue;
    EXPECT_TRUE(plan.empty()) << "two plans";
    const auto& data = *model.buffers()->Get(entry->buffer())->data();
    EXPECT_EQ((data.Data() - reinterpret_cast<const std::uint8_t*>(bytes.data())) % 16, 0);
    plan.resize(data.size() / 4);
    std::memcpy(plan.data(), data.Data(), data.size());
  }
  return plan;
}

std::vector<std::string> ContentsOf(const fb::Model& model) {
  std::vector<std::string> contents = {model.description()->str()};
  for (const fb::Buffer* buffer : *model.buffers()) {
    contents.emplace_back(buffer->data() ? std::string(buffer->data()->begin(), buffer->data()->end()) : "");
  }
  return contents;
}

TEST(Tflm, WritesThePlan) {
  EXPECT_EQ(PlanIn(Write(Chain(), {{0, -1, 32, 64}})), (std::vector<std::int32_t>{1, 1, 4, 0, -1, 32, 64}));
  EXPECT_EQ(PlanIn(Write(Chain(), {})), (std::vector<std::int32_t>{1, 1, 4, -1, -1, -1, -1}));
}

TEST(Tflm, ListsTheTensorsOfAllSubgraphs) {
  SubgraphSpec main = Chain();
  main.ops[1] = {kIfOp, {2, 0}, {3}, "", {1, 2}};
  const std::string bytes = BuildModel(ModelSpec{{main, Body(2, {1}), Body(2, {3})}});
  EXPECT_EQ(PlanIn(Write(bytes, {{0}, {}, {-1, 16}})),
            (std::vector<std::int32_t>{1, 3, 10, 0, -1, -1, -1, -1, -1, -1, -1, 16, -1}));
}

TEST(Tflm, KeepsTheRestOfTheFile) {
  const std::string bytes = BuildModel(ModelSpec{{Chain()}, 3, {{"min_runtime_version", "1.5.0"}, {"other", "xyz"}}});
  const std::string written = Write(bytes, {{0, -1, 32, 0}});
  EXPECT_EQ(written.substr(written.size() - bytes.size()), bytes);  // as it stands, behind what is new
  EXPECT_EQ((written.size() - bytes.size()) % 64, 0u);
  std::vector<std::string> before = ContentsOf(*fb::GetModel(bytes.data()));
  std::vector<std::string> after = ContentsOf(*fb::GetModel(written.data()));
  EXPECT_EQ(after.size(), before.size() + 1);
  after.pop_back();
  EXPECT_EQ(after, before);
  EXPECT_EQ(fb::GetModel(written.data())->metadata()->Get(1)->name()->str(), "other");
  const ImportedModel old_model = ImportTflite(bytes, "a", {}), new_model = ImportTflite(written, "b", {});
  EXPECT_EQ(HashGraph(new_model.graph), HashGraph(old_model.graph));
  EXPECT_EQ(new_model.graph.tensors()[1].name, "y");
}

TEST(Tflm, ReplacesAPlan) {
  const std::string once = Write(Chain(), {{0, -1, 32, 0}});
  const std::string twice = Write(once, {{16, -1, 48, 16}});
  EXPECT_EQ(PlanIn(twice), (std::vector<std::int32_t>{1, 1, 4, 16, -1, 48, 16}));
  EXPECT_EQ(twice.size(), once.size());
  EXPECT_EQ(Write(twice, {{0, -1, 32, 0}}), once);
  // One of another length, or several, make room for a new one.
  const std::string shorter =
      BuildModel(ModelSpec{{Chain()}, 3, {{kPlanName, "old"}, {"other", "xyz"}, {kPlanName, "b"}}});
  const std::string replaced = Write(shorter, {{0}});
  EXPECT_EQ(PlanIn(replaced), (std::vector<std::int32_t>{1, 1, 4, 0, -1, -1, -1}));
  EXPECT_EQ(fb::GetModel(replaced.data())->metadata()->size(), 2u);
}

TEST(Tflm, LeavesABufferAloneThatOthersUseToo) {
  SubgraphSpec graph = Chain();
  graph.tensors[1].data = false;
  graph.tensors[1].buffer = 1;  // the weight has its values where the plan is
  const std::string bytes = BuildModel(ModelSpec{{graph}, 3, {{kPlanName, std::string(28, 'w')}}});
  const std::string written = Write(bytes, {{0}});
  EXPECT_EQ(PlanIn(written).at(3), 0);
  EXPECT_EQ(ContentsOf(*fb::GetModel(written.data())).at(2), std::string(28, 'w'));
}

TEST(Tflm, LeavesVariablesToTflm) {
  SubgraphSpec graph = Chain();
  graph.tensors.push_back({"state", {5}, kUint8, false, true});
  graph.ops[1].inputs.push_back(4);
  EXPECT_EQ(PlanIn(Write(graph, {{0, -1, 32, 0, 64}})), (std::vector<std::int32_t>{1, 1, 5, 0, -1, 32, 0, -1}));
  // TFLM takes entry 1 of the whole list for variable 1 of any subgraph.
  SubgraphSpec main = Chain(), body = Body(2, {1});
  main.ops[1] = {kIfOp, {2, 0}, {3}, "", {1, 1}};
  body.tensors[0].variable = true;
  const std::string bytes = BuildModel(ModelSpec{{main, body}});
  EXPECT_EQ(PlanIn(Write(bytes, {{-1, -1, 32}})).at(5), 32);
  EXPECT_TRUE(
      Refuses(ErrorCode::kUnsupported, {"subgraph 1: tensor 0 \"arg0\" is a variable"}, [&] { Write(bytes, {{0}}); }));
}

TEST(Tflm, RefusesOffsetsThatTflmCannotTake) {
  auto refused = [](ErrorCode code, const std::vector<std::string>& words, const Offsets& offsets) {
    EXPECT_TRUE(Refuses(code, words, [&] { Write(Chain(), offsets); }));
  };
  refused(ErrorCode::kMisuse, {"subgraph 0: tensor 2 \"y\" at offset 40", "--alignment 16"}, {{0, -1, 40}});
  refused(ErrorCode::kMisuse, {"negative"}, {{-16}});
  refused(ErrorCode::kMisuse, {"tensor 1 \"w\"", "constant"}, {{0, 64}});
  refused(ErrorCode::kMisuse, {"5 tensors, the model 4"}, {{0, -1, -1, -1, -1}});
  refused(ErrorCode::kMisuse, {"2 subgraphs, the model 1"}, {{}, {}});
  refused(ErrorCode::kUnsupported, {"31 bits"}, {{std::int64_t{1} << 31}});
  refused(ErrorCode::kUnsupported, {"31 bits"}, {{(std::int64_t{1} << 31) - 16}});
  EXPECT_EQ(PlanIn(Write(Chain(), {{(std::int64_t{1} << 31) - 48}})).at(3), 0x7FFFFFD0);
}

TEST(Tflm, RefusesModelsThatTflmCannotRun) {
  SubgraphSpec graph = Chain();
  std::swap(graph.ops[0], graph.ops[1]);
  EXPECT_TRUE(Refuses(ErrorCode::kUnsupported, {"order"}, [&] { Write(graph, {}); }));
  ModelSpec outside{{Chain()}};
  outside.outside = {64, 16};
  EXPECT_TRUE(Refuses(ErrorCode::kUnsupported, {"outside"}, [&] { Write(BuildModel(outside), {}); }));
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"no TFLite model"}, [] { Write(std::string("0123456789"), {}); }));
}

}  // namespace
}  // namespace orionrt::tests
