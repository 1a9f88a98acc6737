// Schemas orionrt.problem/1 and orionrt.graph/1: what is written is read back.
#include <gtest/gtest.h>

#include "orionrt/formats.hpp"
#include "refuses.hpp"

namespace orionrt::problem_json_test {
namespace {

using tests::Refuses;

TEST(ProblemJson, ReadsBackWhatItWrote) {
  ProblemFile file;
  file.problem.buffers = {{0, 3, 100, 64, kFree}, {1, 4, 50, 16, 128}, {2, 9, 0, 16, kFree}};
  file.problem.parts = {{0, 0, 1, 0, 100}, {0, 2, 3, 40, 60}};
  file.problem.ids = {"a", "b \"quoted\"\n", "c"};
  file.problem.names = {"first", "", "third"};
  file.source = "made here";
  file.alignment = 16;
  const ProblemFile read = ReadProblemJson(WriteProblemJson(file), "p.json");
  EXPECT_EQ(HashProblem(read.problem), HashProblem(file.problem));
  EXPECT_EQ(read.problem.ids, file.problem.ids);
  EXPECT_EQ(read.problem.names, file.problem.names);
  EXPECT_EQ(read.source, file.source);
  EXPECT_EQ(read.alignment, 16);
}

TEST(ProblemJson, KeepsPools) {
  ProblemFile file;
  file.problem.buffers = {{0, 3, 100, 16, kFree}, {1, 4, 50, 16, kFree}};
  file.problem.uses = {3, 1};
  Space small, large;
  small.name = "small";
  small.capacity = 64;
  small.alignment = 8;
  small.granularity = 32;
  small.largest = 60;
  large.name = "large";
  large.cost = 9;
  SetSpaces(file.problem, {small, large}, {{"large", "small"}, {}});
  const ProblemFile read = ReadProblemJson(WriteProblemJson(file), "p.json");
  EXPECT_EQ(HashProblem(read.problem), HashProblem(file.problem));
  EXPECT_EQ(read.problem.spaces[0].name, "small");
  EXPECT_EQ(read.problem.spaces[0].largest, 60);
  EXPECT_EQ(read.problem.spaces[1].capacity, std::nullopt);
  EXPECT_EQ(read.problem.allowed_spaces, file.problem.allowed_spaces);
  EXPECT_EQ(read.problem.uses, file.problem.uses);
  const auto refuses = [&](const std::string& spaces, const std::string& buffer, const std::string& said) {
    const std::string text = R"({"schema":"orionrt.problem/1",)" + spaces +
                             R"("buffers":[{"id":"a","size":1,"lower":0,"upper":1)" + buffer + "}]}";
    EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"p.json", said}, [&] { ReadProblemJson(text, "p.json"); }));
  };
  refuses(R"("spaces":[{"name":"x"},{"name":"x"}],)", "", "twice");
  refuses(R"("spaces":[{"capacity":4}],)", "", "spaces[0]");
  refuses(R"("spaces":[{"name":"x","cost":-1}],)", "", "cost");
  refuses(R"("spaces":[{"name":"x"}],)", R"(,"spaces":[1])", "buffer a");
  refuses(R"("spaces":[{"name":"x"}],)", R"(,"spaces":["x"])", "position");
  refuses("", R"(,"spaces":[0])", "no table");
}

TEST(GraphJson, ReadsBackWhatItWrote) {
  TensorDesc input{0, 24, 64, TensorRole::kInput | TensorRole::kOutput, "x", "float32", {2, 3}};
  TensorDesc inner{7, 100};
  TensorDesc state{3, 8, 0, TensorRole::kState};
  state.spaces = {"sram", "dram"};
  OpNode conv{5, {0, 3}, {7}, "conv", "Conv"};
  conv.workspace_bytes = 48;
  conv.workspace_alignment = 16;
  conv.aliases = {{AliasKind::kReadsFirst, 0, 1, 0}, {AliasKind::kStreaming, 0, 0, 12}};
  conv.has_effects = true;
  TensorDesc view{8, 20};
  view.view_of = 7;
  view.view_offset = 80;
  OpNode last{6, {7, 8}, {}};
  last.after = {5};
  const Graph graph({conv, last}, {input, inner, state, view});
  const Graph read = ReadGraphJson(WriteGraphJson(graph), "g.json");
  EXPECT_EQ(HashGraph(read), HashGraph(graph));
  EXPECT_EQ(read.tensors()[0].name, "x");
  EXPECT_EQ(read.tensors()[0].dtype, "float32");
  EXPECT_EQ(read.tensors()[0].shape, input.shape);
  EXPECT_EQ(read.tensors()[2].spaces, state.spaces);
  EXPECT_EQ(read.ops()[0].name, "conv");
  EXPECT_EQ(read.ops()[0].type, "Conv");
  ASSERT_EQ(read.ops()[0].aliases.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(read.ops()[0].aliases[i].kind, conv.aliases[i].kind);
    EXPECT_EQ(read.ops()[0].aliases[i].input, conv.aliases[i].input);
    EXPECT_EQ(read.ops()[0].aliases[i].offset, conv.aliases[i].offset);
  }
  EXPECT_TRUE(read.ops()[0].has_effects);
  EXPECT_FALSE(read.ops()[1].has_effects);
  EXPECT_EQ(read.ops()[1].after, last.after);
  EXPECT_EQ(read.tensors()[3].view_of, 7);
  EXPECT_EQ(read.tensors()[3].view_offset, 80u);
  EXPECT_EQ(read.tensors()[0].view_of, kNoTensor);
}

TEST(GraphJson, TakesBytesFromShapeAndType) {
  const auto bytes = [](const std::string& tensor) {
    return ReadGraphJson(
               R"({"schema":"orionrt.graph/1","ops":[],"tensors":[{"id":0,"roles":["input"],)" + tensor + "}]}",
               "g.json")
        .tensors()[0]
        .bytes;
  };
  EXPECT_EQ(bytes(R"("dtype":"float32","shape":[2,3])"), 24u);
  EXPECT_EQ(bytes(R"("dtype":"int4","shape":[3])"), 2u);
  EXPECT_EQ(bytes(R"("dtype":"int64","shape":[])"), 8u);
  EXPECT_EQ(bytes(R"("dtype":"float32","shape":[5,0])"), 0u);
  EXPECT_EQ(bytes(R"("bytes":10,"dtype":"odd","shape":[5])"), 10u);
}

TEST(GraphJson, NamesTheTensorThatItRefuses) {
  const auto refuses = [](const std::string& tensor, const std::string& said) {
    const std::string text = R"({"schema":"orionrt.graph/1","ops":[],"tensors":[)" + tensor + "]}";
    return Refuses(ErrorCode::kBadInput, {"g.json", "tensors[0]", said}, [&] { ReadGraphJson(text, "g.json"); });
  };
  EXPECT_TRUE(refuses(R"({"id":0})", "bytes"));
  EXPECT_TRUE(refuses(R"({"id":-1,"bytes":1})", "id"));
  EXPECT_TRUE(refuses(R"({"id":0,"dtype":"what","shape":[1]})", "what"));
  EXPECT_TRUE(refuses(R"({"id":0,"dtype":"int8","shape":[4611686018427387904,4]})", "63 bits"));
  EXPECT_TRUE(refuses(R"({"id":0,"bytes":1,"roles":["king"]})", "role"));
}

}  // namespace
}  // namespace orionrt::problem_json_test
