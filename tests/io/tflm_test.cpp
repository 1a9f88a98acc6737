// Plans written into .tflite files.
#include <gtest/gtest.h>

#include <cstring>
#include <optional>

#include "hostile.hpp"
#include "orionrt/import.hpp"
#include "refuses.hpp"
#include "tflite_model.hpp"

namespace orionrt::tests::tflm_test {
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

std::string WordsOf(const std::vector<std::int64_t>& words) {
  std::string bytes;
  for (const std::int64_t word : words) {
    for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(word >> shift & 0xFF);
  }
  return bytes;
}

std::string Planned(const std::string& content) { return BuildModel(ModelSpec{{Chain()}, 3, {{kPlanName, content}}}); }

std::optional<Offsets> Read(const std::string& bytes) { return ReadTflmPlan(bytes, "m.tflite"); }

TEST(TflmRead, GivesBackWhatWasWritten) {
  EXPECT_EQ(Read(Write(Chain(), {{0, -1, 32, 64}})), (Offsets{{0, -1, 32, 64}}));
  EXPECT_EQ(Read(Write(Chain(), {{16}})), (Offsets{{16, -1, -1, -1}}));
  EXPECT_EQ(Read(Write(Chain(), {{(std::int64_t{1} << 31) - 48}})), (Offsets{{0x7FFFFFD0, -1, -1, -1}}));
  SubgraphSpec main = Chain();
  main.ops[1] = {kIfOp, {2, 0}, {3}, "", {1, 2}};
  const std::string bytes = BuildModel(ModelSpec{{main, Body(2, {1}), Body(2, {3})}});
  EXPECT_EQ(Read(Write(bytes, {{0}, {}, {-1, 16}})), (Offsets{{0, -1, -1, -1}, {-1, -1, -1}, {-1, 16, -1}}));
  SubgraphSpec state = Chain();
  state.tensors.push_back({"state", {5}, kUint8, false, true});
  state.ops[1].inputs.push_back(4);
  EXPECT_EQ(Read(Write(state, {{0, -1, 32, 0, 64}})), (Offsets{{0, -1, 32, 0, -1}})) << "a variable is TFLM's";
  EXPECT_EQ(Read(Write(Write(Chain(), {{0, -1, 32, 0}}), {{16, -1, 48, 16}})), (Offsets{{16, -1, 48, 16}}));
}

TEST(TflmRead, FindsNoneWhereThereIsNone) {
  EXPECT_EQ(Read(BuildModel(Chain())), std::nullopt);
  const std::string longer = std::string(kPlanName) + "s", shorter = std::string(kPlanName).substr(0, 7);
  EXPECT_EQ(Read(BuildModel(ModelSpec{{Chain()}, 3, {{longer, "x"}, {shorter, "x"}, {"", "x"}}})), std::nullopt);
}

TEST(TflmRead, TakesListsOfOtherWriters) {
  const Offsets offsets = {{0, -1, 40, 0}};  // no multiple of 16, which TFLM does not look at
  EXPECT_EQ(Read(Planned(WordsOf({0, 1, 4, 0, -1, 40, 0}))), offsets) << "Vela's version";
  EXPECT_EQ(Read(Planned(WordsOf({1, 0, 4, 0, -1, 40, 0}))), offsets) << "an index, as older writers have it";
}

TEST(TflmRead, RefusesListsThatAreNone) {
  const auto refused = [](const std::string& content, const std::vector<std::string>& words) {
    std::vector<std::string> all = words;
    all.insert(all.end(), {"m.tflite", kPlanName});
    EXPECT_TRUE(Refuses(ErrorCode::kBadInput, all, [&] { Read(Planned(content)); }));
  };
  refused("", {"0 bytes"});
  refused(WordsOf({1, 1}), {"8 bytes"});
  refused(WordsOf({2, 1, 4, 0, -1, 32, 0}), {"version 2"});
  refused(WordsOf({-1, 1, 4, 0, -1, 32, 0}), {"version -1"});
  refused(WordsOf({1, 2, 4, 0, -1, 32, 0}), {"2 subgraphs, the model has 1"});
  refused(WordsOf({1, -1, 4, 0, -1, 32, 0}), {"-1 subgraphs"});
  refused(WordsOf({1, 1, 5, 0, -1, 32, 0, 0}), {"5 tensors, the model has 4"});
  refused(WordsOf({1, 1, 0x7FFFFFFF, 0, -1, 32, 0}), {"2147483647 tensors"});
  refused(WordsOf({1, 1, -1, 0, -1, 32, 0}), {"-1 tensors"});
  refused(WordsOf({1, 1, 4, 0, -1, 32}), {"24 bytes", "take 28"});
  refused(WordsOf({1, 1, 4, 0, -1, 32, 0}) + "x", {"29 bytes", "take 28"});
  refused(WordsOf({1, 1, 4, 0, -1, -2, 0}), {"subgraph 0: tensor 2", "-2"});
  refused(WordsOf({1, 1, 4, 0, -1, 32, INT32_MIN}), {"tensor 3", "-2147483648"});
  const std::string good = WordsOf({1, 1, 4, 0, -1, 32, 0});
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"m.tflite", "twice"}, [&] {
    Read(BuildModel(ModelSpec{{Chain()}, 3, {{kPlanName, good}, {kPlanName, good}}}));
  }));
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"no TFLite model"}, [] { Read("0123456789"); }));
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"empty"}, [] { Read(""); }));
}

// Buffers that are not there, or keep their data elsewhere: the entry is found by its name and sent astray.
TEST(TflmRead, RefusesListsThatLieElsewhere) {
  ModelSpec spec{{Chain()}, 3, {{kPlanName, "last"}}};
  spec.outside = {64, 28};
  std::string bytes = BuildModel(spec);
  const fb::Metadata& entry = *fb::GetModel(bytes.data())->metadata()->Get(0);
  const std::uint32_t last = entry.buffer();
  const auto send = [&](std::uint32_t to) {
    flatbuffers::WriteScalar(const_cast<std::uint8_t*>(reinterpret_cast<const flatbuffers::Table&>(entry).GetAddressOf(
                                 fb::Metadata::VT_BUFFER)),
                             to);
  };
  const auto refused = [&](const std::vector<std::string>& words) {
    EXPECT_TRUE(Refuses(ErrorCode::kBadInput, words, [&] { Read(bytes); }));
  };
  refused({"4 bytes"});
  send(last + 1);
  refused({"outside"});
  send(last + 2);
  refused({"buffer " + std::to_string(last + 2), "of which there are"});
  send(0xFFFFFFFF);
  refused({"buffer 4294967295"});
  send(0);
  refused({"buffer 0", "0 bytes"});
}

TEST(TflmRead, ServesOrRefusesDamagedFiles) {
  const std::string good = Write(Chain(), {{0, -1, 32, 0}});
  ASSERT_TRUE(Read(good));
  const auto read = [](const std::string& bytes) {
    const auto offsets = Read(bytes);
    for (const auto& of_subgraph : offsets.value_or(Offsets())) {
      for (const std::int64_t offset : of_subgraph) EXPECT_TRUE(offset >= -1 && offset <= INT32_MAX) << offset;
    }
  };
  TryEveryPrefix(good, read);
  TryByteChanges(good, 4000, read);
  for (std::size_t at = 0; at < good.size() && !HasFailure(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ 1 << bit);
      ExpectServedOrRefused(bad, read);
    }
  }
}

}  // namespace
}  // namespace orionrt::tests::tflm_test
