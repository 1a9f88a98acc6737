// What holds the peak and what would lower it: graphs of which every answer is known.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "orionrt/assignment.hpp"
#include "orionrt/lowering.hpp"
#include "orionrt/report.hpp"
#include "random.hpp"
#include "refuses.hpp"
#include "sanitized.hpp"

namespace orionrt::what_if_test {
namespace {

using tests::Refuses;

TensorDesc Tensor(int id, const char* name, std::size_t bytes, unsigned roles = 0) {
  TensorDesc desc;
  desc.id = id;
  desc.bytes = bytes;
  desc.roles = roles;
  desc.name = name;
  desc.dtype = "float32";
  return desc;
}

Alias Same(int input = 0, int output = 0) { return {AliasKind::kSameIndex, output, input, 0}; }

OpNode Op(int id, const char* type, std::vector<int> inputs, std::vector<int> outputs,
          std::vector<Alias> aliases = {}) {
  OpNode op;
  op.id = id;
  op.inputs = std::move(inputs);
  op.outputs = std::move(outputs);
  op.name = std::string(type) + "_" + std::to_string(id);
  op.type = type;
  op.aliases = std::move(aliases);
  return op;
}

PlanFile Planned(const Graph& graph, std::int64_t alignment = 1, const char* policy = "auto") {
  PlanFile file;
  file.problem = MakeProblem(graph, GraphLiveness(graph), alignment).problem;
  file.alignment = alignment;
  file.plan = ReusePlanner(policy).Run(file.problem);
  return file;
}

Explanation Explained(const Graph& graph, std::int64_t alignment = 1) {
  return Explain(Planned(graph, alignment), &graph, ReusePlanner());
}

// One line each: kind, saving, new peak, next step, sentence.
std::vector<std::string> Lines(const Explanation& explanation) {
  std::vector<std::string> lines;
  for (const WhatIf& w : explanation.what_ifs) {
    lines.push_back(w.kind + " " + std::to_string(w.saving_bytes) + " " + std::to_string(w.new_peak_bytes) + " @" +
                    std::to_string(w.next_peak_step) + " " + w.sentence);
  }
  return lines;
}

using Strings = std::vector<std::string>;

// in 50 -> a 100 -> b 100 -> c 10: 150, 200, 110 bytes.
struct Chain {
  std::vector<OpNode> ops = {Op(0, "Conv", {0}, {1}), Op(1, "Relu", {1}, {2}, {Same()}), Op(2, "Conv", {2}, {3})};
  std::vector<TensorDesc> tensors = {Tensor(0, "in", 50), Tensor(1, "a", 100), Tensor(2, "b", 100),
                                     Tensor(3, "c", 10, TensorRole::kOutput)};
  Graph Make() const { return Graph(ops, tensors); }
};

TEST(WhatIf, SaysWhoHoldsThePeakAndWhy) {
  Chain chain;
  chain.ops[1].workspace_bytes = 7;
  chain.tensors.push_back(Tensor(4, "cache", 3, TensorRole::kState));
  chain.ops[0].inputs.push_back(4);
  chain.tensors.push_back(Tensor(5, "side", 2, TensorRole::kOutput));
  chain.ops[0].outputs.push_back(5);
  chain.ops[2].inputs.push_back(0);
  const Explanation explanation = Explained(chain.Make());
  EXPECT_EQ(explanation.peak_step, 1);
  Strings holders;
  for (const PeakHolder& holder : explanation.holders)
    holders.push_back(std::to_string(holder.bytes) + " " + holder.why);
  EXPECT_EQ(holders, (Strings{"100 written by op 0 \"Conv_0\", read last by op 1 \"Relu_1\"",
                              "100 written by op 1 \"Relu_1\", read last by op 2 \"Conv_2\"",
                              "50 a graph input, read last by op 2 \"Conv_2\"", "7 scratch of op 1 \"Relu_1\"",
                              "3 is state", "2 written by op 0 \"Conv_0\", is a graph output"}));
}

TEST(WhatIf, WritesAnOpInPlaceAsTheGraphAllows) {
  EXPECT_EQ(Lines(Explained(Chain().Make())),
            (Strings{"in_place 50 150 @0 writing op 1 \"Relu_1\" in place of tensor 1 \"a\""}));
  for (const Alias& alias : {Alias{AliasKind::kReadsFirst, 0, 0, 0}, Alias{AliasKind::kStreaming, 0, 0, 0}}) {
    Chain chain;
    chain.ops[1].aliases = {alias};
    EXPECT_EQ(Lines(Explained(chain.Make())).size(), 1u) << static_cast<int>(alias.kind);
  }
  Chain ahead;  // begins ten bytes before the input
  ahead.ops[1].aliases = {{AliasKind::kStreaming, 0, 0, 10}};
  const Explanation explanation = Explained(ahead.Make());
  ASSERT_EQ(explanation.what_ifs.size(), 1u);
  EXPECT_GE(explanation.what_ifs[0].saving_bytes, 40);
}

TEST(WhatIf, WritesInPlaceOnlyWhereThatIsLegal) {
  struct Case {
    const char* why;
    void (*change)(Chain& chain);
  };
  const Case cases[] = {
      {"read later", [](Chain& c) { c.ops[2].inputs.push_back(1); }},
      {"a graph output", [](Chain& c) { c.tensors[1].roles = TensorRole::kOutput; }},
      {"a graph input", [](Chain& c) { c.ops[0].outputs.clear(); }},
      {"state", [](Chain& c) { c.ops[0].outputs.clear(), c.tensors[1].roles = TensorRole::kState; }},
      {"read through a view later",
       [](Chain& c) {
         TensorDesc view = Tensor(9, "v", 50);
         view.view_of = 1;
         c.tensors.push_back(view);
         c.ops[2].inputs.push_back(9);
       }},
      {"in another space", [](Chain& c) { c.tensors[1].spaces = {"sram"}; }},
      // It went by the type where the op said nothing: a kernel that may not run in place was told to.
      {"not allowed", [](Chain& c) { c.ops[1].aliases.clear(); }},
      {"allowed in one slot of two", [](Chain& c) { c.ops[1].inputs.push_back(1); }}};
  for (const Case& c : cases) {
    Chain chain;
    c.change(chain);
    for (const std::string& line : Lines(Explained(chain.Make()))) {
      EXPECT_NE(line.find("in_place"), 0u) << c.why << ": " << line;
    }
  }
}

// Any input of the output's size was proposed, whichever the op allowed.
TEST(WhatIf, NamesTheInputThatIsReallyWrittenOver) {
  const Graph graph(
      {Op(0, "Conv", {0}, {1}), Op(1, "Conv", {0}, {2}), Op(2, "Sub", {1, 2}, {3}, {Same(1)}), Op(3, "Conv", {3}, {4})},
      {Tensor(0, "in", 50), Tensor(1, "a", 100), Tensor(2, "b", 100), Tensor(3, "c", 100),
       Tensor(4, "d", 10, TensorRole::kOutput)});
  EXPECT_EQ(Lines(Explained(graph)), (Strings{"in_place 50 250 @1 writing op 2 \"Sub_2\" in place of tensor 2 \"b\""}));
  const Graph two({Op(0, "Conv", {0}, {1, 2}), Op(1, "Rotate", {1, 2}, {3, 4}, {Same(0, 1), Same(1, 0)}),
                   Op(2, "Conv", {3, 4}, {5})},
                  {Tensor(0, "in", 10), Tensor(1, "a", 100), Tensor(2, "b", 100), Tensor(3, "c", 100),
                   Tensor(4, "d", 100), Tensor(5, "e", 10, TensorRole::kOutput)});
  EXPECT_EQ(Lines(Explained(two)),
            (Strings{"in_place 190 210 @0 writing op 1 \"Rotate_1\" in place of tensor 1 \"a\" and tensor 2 \"b\""}));
}

TEST(WhatIf, TakesEitherOperandOfABinaryOp) {
  Chain chain;
  chain.ops[1] = Op(1, "ADD", {0, 1}, {2}, {Same(1)});  // in: a graph input, and smaller
  EXPECT_EQ(Lines(Explained(chain.Make())),
            (Strings{"in_place 100 150 @0 writing op 1 \"ADD_1\" in place of tensor 1 \"a\""}));
}

TEST(WhatIf, LetsAResultBeAView) {
  Chain chain;
  chain.ops[1] = Op(1, "Reshape", {1}, {2}, {{AliasKind::kView, 0, 0, 0}});
  EXPECT_EQ(Lines(Explained(chain.Make())),
            (Strings{"view 50 150 @0 letting the result of op 1 \"Reshape_1\" be a view of tensor 1 \"a\""}));
}

TEST(WhatIf, WritesPartsWhereTheWholeWillLie) {
  const Graph graph({Op(0, "Conv", {0}, {1}), Op(1, "Conv", {0}, {2}),
                     Op(2, "Concat", {1, 2}, {3}, {{AliasKind::kPiece, 0, 0, 0}, {AliasKind::kPiece, 0, 1, 64}}),
                     Op(3, "Conv", {3}, {4})},
                    {Tensor(0, "in", 10), Tensor(1, "a", 64), Tensor(2, "b", 64), Tensor(3, "whole", 128),
                     Tensor(4, "d", 10, TensorRole::kOutput)});
  EXPECT_EQ(Lines(Explained(graph)),
            (Strings{"colocate 118 138 @1 writing what op 2 \"Concat_2\" joins where its result lies"}));
}

TEST(WhatIf, WritesAllInPlaceWhereOneAloneDoesNotHelp) {
  const Graph graph(
      {Op(0, "Conv", {0}, {1}), Op(1, "Relu", {1}, {2}, {Same()}), Op(2, "Conv", {2}, {3}), Op(3, "Conv", {3}, {4}),
       Op(4, "Relu", {4}, {5}, {Same()}), Op(5, "Sigmoid", {5}, {6}, {Same()}), Op(6, "Conv", {6}, {7})},
      {Tensor(0, "in", 50), Tensor(1, "a", 100), Tensor(2, "b", 100), Tensor(3, "c", 50), Tensor(4, "d", 100),
       Tensor(5, "e", 100), Tensor(6, "f", 100), Tensor(7, "g", 40, TensorRole::kOutput)});
  EXPECT_EQ(Lines(Explained(graph)), (Strings{"in_place_all 50 150 @0 writing all 3 ops in place that can be"}));
}

// A Softmax that the graph says nothing of holds the peak alone once the Relu before it is written in place.
TEST(WhatIf, AssumesThatATypeOfOpsAtThePeakCanWriteInPlace) {
  const std::vector<OpNode> ops = {Op(0, "Conv", {0}, {1}), Op(1, "Relu", {1}, {2}, {Same()}),
                                   Op(2, "Softmax", {2}, {3}), Op(3, "Conv", {3}, {4})};
  const std::vector<TensorDesc> tensors = {Tensor(0, "in", 50), Tensor(1, "a", 100), Tensor(2, "b", 100),
                                           Tensor(3, "c", 100), Tensor(4, "d", 10, TensorRole::kOutput)};
  const Explanation explanation = Explained(Graph(ops, tensors));
  EXPECT_EQ(Lines(explanation),
            (Strings{"assume_in_place 50 150 @0 writing Softmax (1 op) in place, if your kernels can, and the 1 known "
                     "to work so"}));
  EXPECT_EQ(explanation.what_ifs.at(0).option, "--in-place --assume-in-place Softmax");
  // Both types have to: one alone leaves the other as high.
  std::vector<OpNode> unknown = ops;
  unknown[1].aliases.clear();
  EXPECT_EQ(Lines(Explained(Graph(unknown, tensors))),
            (Strings{"assume_in_place 50 150 @0 writing Relu and Softmax (2 ops) in place, if your kernels can"}));
}

TEST(WhatIf, AssumesNothingThatCannotBe) {
  const auto lines = [](const char* type, std::size_t bytes, std::vector<std::int64_t> shape) {
    Chain chain;
    chain.ops[1] = Op(1, type, {1}, {2});
    chain.tensors[1].shape = {10, 10};
    chain.tensors[2].shape = std::move(shape);
    chain.tensors[2].bytes = bytes;
    return Lines(Explained(chain.Make()));
  };
  EXPECT_EQ(lines("Softmax", 100, {10, 10}).size(), 1u);
  EXPECT_EQ(lines("MatMul", 100, {10, 10}), Strings()) << "no kernel can";
  EXPECT_EQ(lines("", 100, {10, 10}), Strings()) << "no option could name it";
  EXPECT_EQ(lines("Softmax", 100, {5, 20}), Strings()) << "other elements";
  EXPECT_EQ(lines("Softmax", 99, {10, 10}), Strings()) << "other bytes";
}

TEST(WhatIf, AssumesOnTopOfWhatAPlanDoesAlready) {
  Chain chain;
  chain.ops[2] = Op(2, "Softmax", {2}, {3});
  chain.tensors[3].bytes = 100;
  LowerOptions options;
  options.transforms.in_place = true;
  options.alignment = 1;
  const Workload workload = Lower(chain.Make(), {}, options);
  PlanFile file;
  file.problem = workload.problem;
  file.plan = ReusePlanner().Run(file.problem);
  const Explanation explanation = ExplainWorkload(file, &workload, ReusePlanner());
  EXPECT_EQ(Lines(explanation), (Strings{"assume_in_place 50 150 @0 writing Softmax (1 op) in place, if your kernels "
                                         "can, and the 1 known to work so"}));
  EXPECT_EQ(explanation.what_ifs.at(0).option, "--assume-in-place Softmax");
  EXPECT_EQ(explanation.holders.at(0).why, "alive from op 0 \"Conv_0\" to op 2 \"Softmax_2\"");
}

TEST(WhatIf, NamesEveryStepOfThePeak) {
  // 150, 200, 200, 110: two steps are as high, the second with other holders.
  Chain chain;
  chain.ops.insert(chain.ops.begin() + 2, Op(7, "Conv", {2}, {7}));
  chain.ops[3].inputs = {7};
  chain.tensors.push_back(Tensor(7, "again", 100));
  const Graph graph = chain.Make();
  const PlanFile file = Planned(graph);
  const Explanation explanation = Explain(file, &graph, ReusePlanner());
  EXPECT_EQ(explanation.peak_step, 1);
  EXPECT_EQ(explanation.peak_steps, 2);
  ASSERT_EQ(explanation.other_peaks.size(), 1u);
  EXPECT_EQ(explanation.other_peaks[0].first_step, 2);
  EXPECT_EQ(explanation.other_peaks[0].last_step, 2);
  ASSERT_EQ(explanation.other_peaks[0].holders.size(), 2u);
  EXPECT_EQ(explanation.other_peaks[0].holders[1].why, "written by op 7 \"Conv_7\", read last by op 2 \"Conv_2\"");
  EXPECT_NE(ExplainPlan(file, {"a", "b", "c", "d"}, explanation)
                .find("1 other step is as high as step 1 (b), and all would have to fall:\n"
                      "    step 2 (c): 100 2 \"b\", 100 7 \"again\"\n"),
            std::string::npos);
  const auto json = nlohmann::json::parse(AddExplanation(WritePlanJson(file), file, explanation))["explanation"];
  EXPECT_EQ(json["peak_steps"], 2);
  EXPECT_EQ(json["other_peaks"][0]["first_step"], 2);
  EXPECT_EQ(json["other_peaks"][0]["holders"][1]["id"], "7");
  EXPECT_EQ(json["what_ifs"].size(), explanation.what_ifs.size());
}

// Against every step counted anew, without padding.
TEST(WhatIf, FindsTheStepsOfThePeakOfAnyProblem) {
  for (std::uint64_t seed = 0; seed < tests::Seeds(2000u) && !HasFailure(); ++seed) {
    tests::Random random(seed);
    PlanFile file;
    for (std::int64_t n = random.Between(1, 12); n > 0; --n) {
      const std::int64_t lower = random.Below(8);
      file.problem.buffers.push_back({lower, lower + random.Between(1, 4), random.Between(0, 3), 1, kFree});
    }
    file.plan = ReusePlanner("no_reuse").Run(file.problem);
    std::map<std::int64_t, std::int64_t> live;
    std::int64_t most = 0;
    for (std::int64_t step = 0; step < 12; ++step) {
      for (const Buffer& b : file.problem.buffers) live[step] += b.lower <= step && step < b.upper ? b.size : 0;
      most = std::max(most, live[step]);
    }
    std::vector<std::int64_t> expected, found;
    for (const auto& [step, bytes] : live) {
      if (bytes == most && most > 0) expected.push_back(step);
    }
    const Explanation explanation = Explain(file, nullptr, ReusePlanner("no_reuse"));
    if (most > 0) found.push_back(explanation.peak_step);
    for (const PeakSpan& span : explanation.other_peaks) {
      for (std::int64_t step = span.first_step; step <= span.last_step; ++step) {
        std::int64_t bytes = 0;
        for (const PeakHolder& holder : span.holders) bytes += holder.bytes;
        EXPECT_EQ(bytes, most) << "seed " << seed;
        found.push_back(step);
      }
    }
    EXPECT_EQ(found, expected) << "seed " << seed;
    EXPECT_EQ(explanation.peak_steps, static_cast<std::int64_t>(expected.size())) << "seed " << seed;
  }
}

TEST(WhatIf, FreesATensorSoonerByMovingItsReaderAndWhatThatNeeds) {
  const Graph graph({Op(0, "Conv", {0}, {1}), Op(1, "Conv", {0}, {2}), Op(2, "Conv", {2}, {3}), Op(3, "Conv", {0}, {4}),
                     Op(4, "Mean", {1, 4}, {5}), Op(5, "Concat", {3, 5}, {6})},
                    {Tensor(0, "in", 1), Tensor(1, "skip", 100), Tensor(2, "x", 10), Tensor(3, "y", 150),
                     Tensor(4, "k", 2), Tensor(5, "s", 5), Tensor(6, "out", 20, TensorRole::kOutput)});
  // 101, 111, 261, 253, 257, 175 -> 101, 111, 113, 117, 165, 175
  EXPECT_EQ(Lines(Explained(graph)), (Strings{"reorder 86 175 @5 freeing tensor 1 \"skip\" sooner needs op 3 "
                                              "\"Conv_3\", op 4 \"Mean_4\" moved before op 2 \"Conv_2\""}));
}

TEST(WhatIf, WritesATensorLater) {
  const Graph graph(
      {Op(0, "Conv", {0}, {1}), Op(1, "Conv", {0}, {2}), Op(2, "Conv", {2}, {3}), Op(3, "Concat", {1, 3}, {4})},
      {Tensor(0, "in", 1), Tensor(1, "late", 100), Tensor(2, "x", 150), Tensor(3, "y", 10),
       Tensor(4, "out", 5, TensorRole::kOutput)});
  // 101, 251, 260, 115 -> 151, 161, 111, 115
  EXPECT_EQ(
      Lines(Explained(graph)),
      (Strings{
          "reorder 99 161 @2 writing tensor 1 \"late\" later needs op 0 \"Conv_0\" moved before op 3 \"Concat_3\""}));
}

// a is written late by moving op 0 behind op 2, unless something must stay between: 101, 251, 260, 115.
struct Late {
  std::vector<OpNode> ops = {Op(0, "Conv", {0}, {1}), Op(1, "Conv", {0}, {2}), Op(2, "Conv", {2}, {3}),
                             Op(3, "Concat", {1, 3}, {4})};
  std::vector<TensorDesc> tensors = {Tensor(0, "in", 1), Tensor(1, "late", 100), Tensor(2, "x", 150),
                                     Tensor(3, "y", 10), Tensor(4, "out", 5, TensorRole::kOutput)};
  Graph Make() const { return Graph(ops, tensors); }
};

TEST(WhatIf, KeepsTheOrderOfOpsWithEffectsAlone) {
  Late one;
  one.ops[0].has_effects = true;
  EXPECT_EQ(Lines(Explained(one.Make())).size(), 1u) << "nobody waits for it but who reads it";
  Late both;
  both.ops[0].has_effects = both.ops[2].has_effects = true;
  EXPECT_EQ(Lines(Explained(both.Make())), Strings());
  Late stateful;
  stateful.tensors[0].roles = TensorRole::kState;  // ops 0 and 1 may both change it
  EXPECT_EQ(Lines(Explained(stateful.Make())), Strings());
  Late untyped;  // it went by the name of the type
  untyped.ops[0].type = untyped.ops[2].type = "Loop";
  EXPECT_EQ(Lines(Explained(untyped.Make())).size(), 1u);
}

// `after` was not looked at: an order was proposed that the graph forbids.
TEST(WhatIf, KeepsWhatOpsAreSaidToWaitFor) {
  Late late;
  late.ops[2].after = {0};
  EXPECT_EQ(Lines(Explained(late.Make())), Strings());
}

// Who reads a view reads its root: a root was freed with its own last reader.
TEST(WhatIf, MovesReadersOfViewsWithThoseOfTheirRoot) {
  Late late;  // op 0 writes the root of a view, which is all that is read of it
  TensorDesc view = Tensor(5, "view", 40);
  view.view_of = 1;
  late.tensors.push_back(view);
  late.ops[3].inputs = {5, 3};
  EXPECT_EQ(Lines(Explained(late.Make())),
            (Strings{"reorder 99 161 @2 writing tensor 1 \"late\" later needs op 0 \"Conv_0\" moved before op 3 "
                     "\"Concat_3\""}));
  const Explanation explanation = Explained(late.Make());
  EXPECT_EQ(explanation.holders[1].why, "written by op 0 \"Conv_0\", read last by op 3 \"Concat_3\"");
  // Read through the view at the peak itself, it can neither be freed before nor written behind.
  late.ops[2].inputs.push_back(5);
  EXPECT_EQ(Lines(Explained(late.Make())), Strings());
}

TEST(WhatIf, TakesAnOutputThatIsAViewAsLongAsItsRootIsRead) {
  TensorDesc view = Tensor(4, "v", 60, TensorRole::kOutput);
  view.view_of = 1;
  view.view_offset = 40;
  const Graph graph(
      {Op(0, "Conv", {0}, {1}), Op(1, "Conv", {1}, {2}), Op(2, "Conv", {2}, {3}), Op(3, "Conv", {3}, {5})},
      {Tensor(0, "in", 10), Tensor(1, "root", 100), Tensor(2, "x", 50), Tensor(3, "y", 100), view,
       Tensor(5, "z", 10, TensorRole::kOutput)});
  // 110, 150, 250, 210: the root lives as long as its view does
  const Strings lines = Lines(Explained(graph));
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0],
            "early_output 100 150 @1 taking output tensor 4 \"v\" right after op 1 \"Conv_1\", not at the end");
}

TEST(WhatIf, TakesAnOutputEarlyOrWritesItAtTheEnd) {
  const Graph graph({Op(0, "Conv", {0}, {1}), Op(1, "Conv", {0}, {2}), Op(2, "Conv", {2}, {3})},
                    {Tensor(0, "in", 10), Tensor(1, "o", 100, TensorRole::kOutput), Tensor(2, "x", 50),
                     Tensor(3, "y", 10, TensorRole::kOutput)});
  // 110, 160, 160 -> 110, 60, 60; or 60, 70, 120
  EXPECT_EQ(Lines(Explained(graph)),
            (Strings{"early_output 50 110 @0 taking output tensor 1 \"o\" right after op 0 \"Conv_0\", not at the end",
                     "reorder 40 120 @0 writing tensor 1 \"o\" later needs op 0 \"Conv_0\" moved to the end"}));
}

TEST(WhatIf, TakesAllOutputsEarlyWhereOneAloneIsNotEnough) {
  const Graph graph({Op(0, "If", {0}, {1}), Op(1, "If", {0}, {2}), Op(2, "If", {0}, {3})},
                    {Tensor(0, "in", 10), Tensor(1, "o", 100, TensorRole::kOutput),
                     Tensor(2, "p", 100, TensorRole::kOutput), Tensor(3, "q", 100, TensorRole::kOutput)});
  // 110, 210, 310 -> 110 each; q ends with the last op anyway
  const Strings lines = Lines(Explained(graph));
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0], "early_output_all 200 110 @0 taking all 2 outputs as soon as they are done");
  EXPECT_EQ(lines[1], "early_output 100 210 @2 taking output tensor 1 \"o\" right after op 0 \"If_0\", not at the end");
}

TEST(WhatIf, DropsAResultThatNobodyReads) {
  const Graph graph(
      {Op(0, "Dropout", {0}, {1, 2}), Op(1, "Conv", {1}, {3})},
      {Tensor(0, "in", 10), Tensor(1, "d", 50), Tensor(2, "mask", 50), Tensor(3, "e", 20, TensorRole::kOutput)});
  EXPECT_EQ(
      Lines(Explained(graph)),
      (Strings{"unread_output 40 70 @1 not writing tensor 2 \"mask\" of op 0 \"Dropout_0\", which nobody reads"}));
}

TEST(WhatIf, LowersTheAlignmentButNotBelowATensorsOwn) {
  std::vector<TensorDesc> tensors = {Tensor(0, "in", 65), Tensor(1, "out", 65, TensorRole::kOutput)};
  EXPECT_EQ(Lines(Explained(Graph({Op(0, "Conv", {0}, {1})}, tensors), 64)),
            (Strings{"alignment 63 130 @0 alignment 64 -> 1", "alignment 48 145 @0 alignment 64 -> 16"}));
  tensors[0].alignment = tensors[1].alignment = 64;
  EXPECT_EQ(Lines(Explained(Graph({Op(0, "Conv", {0}, {1})}, tensors), 64)), Strings());
}

TEST(WhatIf, KnowsOfAProblemWhoIsAliveAndWhatAlignmentCosts) {
  PlanFile file;
  file.alignment = 64;
  file.problem.buffers = {{0, 2, 65, 64, kFree}, {0, 3, 65, 64, kFree}, {0, 2, 1, 256, kFree}, {2, 3, 0, 64, kFree}};
  file.plan = ReusePlanner().Run(file.problem);
  const Explanation explanation = Explain(file, nullptr, ReusePlanner());
  ASSERT_EQ(explanation.holders.size(), 3u);
  EXPECT_EQ(explanation.holders[1].why, "alive from step 0 to step 2");
  EXPECT_EQ(Lines(explanation).size(), 2u);
  EXPECT_EQ(explanation.what_ifs[0].new_peak_bytes, 131) << "the one aligned to 256 lies at 0";
  EXPECT_EQ(explanation.what_ifs[0].sentence, "alignment 64 -> 1");
}

TEST(WhatIf, OverPoolsSaysWhoIsAliveAndTriesNothing) {
  const Graph graph = Chain().Make();
  PlanFile file = Planned(graph);
  std::vector<Space> spaces(2);
  spaces[0].name = "sram";
  spaces[0].capacity = 150;
  spaces[1].name = "dram";
  SetSpaces(file.problem, spaces, {});
  file.plan = ReusePlanner().Run(file.problem);
  const Explanation explanation = Explain(file, &graph, ReusePlanner());
  EXPECT_EQ(explanation.peak_step, 1);
  EXPECT_EQ(explanation.holders.size(), 2u);
  EXPECT_TRUE(explanation.what_ifs.empty());
  EXPECT_NE(DescribeWhatIfs(file, explanation).find("one arena"), std::string::npos);
}

TEST(WhatIf, AddsUpThePartsThatAreAliveTogether) {
  PlanFile file;
  file.problem.buffers = {{0, 4, 80}, {1, 2, 20}};
  file.problem.parts = {{0, 0, 3, 0, 30}, {0, 1, 3, 30, 60}, {0, 3, 4, 60, 80}};
  file.plan = ReusePlanner().Run(file.problem);
  const Explanation explanation = Explain(file, nullptr, ReusePlanner());
  EXPECT_EQ(explanation.peak_step, 1);
  ASSERT_EQ(explanation.holders.size(), 2u);
  EXPECT_EQ(explanation.holders[0].bytes, 60);
  EXPECT_EQ(explanation.holders[1].bytes, 20);
}

TEST(WhatIf, CountsOfAPartOnlyWhatIsAlive) {
  PlanFile file;
  file.problem.buffers = {{0, 4, 100, 1, kFree}, {2, 4, 70, 1, kFree}};
  file.problem.parts = {{0, 0, 2, 0, 100}, {0, 2, 4, 0, 40}};
  file.plan = ReusePlanner().Run(file.problem);
  const Explanation explanation = Explain(file, nullptr, ReusePlanner());
  EXPECT_EQ(explanation.peak_step, 2);
  ASSERT_EQ(explanation.holders.size(), 2u);
  EXPECT_EQ(explanation.holders[0].bytes, 70);
  EXPECT_EQ(explanation.holders[1].bytes, 40);
}

TEST(WhatIf, NeverCountsWhatPlanningAnewSaves) {
  const Graph graph = Chain().Make();
  PlanFile file = Planned(graph, 1, "no_reuse");
  const Strings lines = Lines(Explain(file, &graph, ReusePlanner()));
  EXPECT_EQ(lines, (Strings{"in_place 50 150 @0 writing op 1 \"Relu_1\" in place of tensor 1 \"a\""}));
}

TEST(WhatIf, RefusesAnotherGraph) {
  const Graph graph = Chain().Make();
  Chain other;
  other.tensors[0].bytes = 99;
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"graph"}, [&] { Explain(Planned(other.Make()), &graph, ReusePlanner()); }));
}

TEST(WhatIf, TakesGraphsWithNothingInThem) {
  EXPECT_TRUE(Explained(Graph()).holders.empty());
  EXPECT_TRUE(Explained(Graph({Op(0, "Relu", {0}, {1})}, {Tensor(0, "a", 0), Tensor(1, "b", 0)}), 64).what_ifs.empty());
  const Explanation kept = Explained(
      Graph({}, {Tensor(0, "a", 65, TensorRole::kState), Tensor(1, "b", 65, TensorRole::kInput | TensorRole::kOutput)}),
      64);
  EXPECT_EQ(kept.holders.size(), 2u);
  EXPECT_EQ(kept.what_ifs.size(), 2u) << "two alignments";
}

TEST(WhatIf, NamesCannotBreakALine) {
  const std::string evil = "a\n\x1B[31mb\xFF\"c";
  Chain chain;
  for (OpNode& op : chain.ops) op.name = evil;
  for (TensorDesc& tensor : chain.tensors) tensor.name = evil;
  const Graph graph = chain.Make();
  const PlanFile file = Planned(graph);
  const Explanation explanation = Explain(file, &graph, ReusePlanner());
  ASSERT_EQ(explanation.what_ifs.size(), 1u);
  const std::string text = ExplainPlan(file, {evil, evil, evil}, explanation) + DescribeWhatIfs(file, explanation);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 6) << text;
  for (const char c : text) EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20) << text;
  const auto json = nlohmann::json::parse(AddExplanation(WritePlanJson(file), file, explanation));
  EXPECT_EQ(json["explanation"]["what_ifs"][0]["saving_bytes"], 50);
  EXPECT_EQ(json["explanation"]["holders"].size(), 2u);
  EXPECT_EQ(json["peak_bytes"], 200);
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"WritePlanJson"}, [&] { AddExplanation("{}", file, explanation); }));
}

TEST(WhatIf, IsSaidInWords) {
  const Graph graph = Chain().Make();
  const PlanFile file = Planned(graph);
  const Explanation explanation = Explain(file, &graph, ReusePlanner());
  const std::string text = ExplainPlan(file, {}, explanation);
  EXPECT_NE(text.find(" 100  1 \"a\", written by op 0 \"Conv_0\", read last by op 1 \"Relu_1\"\n"), std::string::npos)
      << text;
  EXPECT_EQ(DescribeWhatIfs(file, explanation),
            "What would lower the peak; each change was made, and the result planned:\n"
            "               -50  writing op 1 \"Relu_1\" in place of tensor 1 \"a\" (--in-place); then 150, held at op "
            "0 \"Conv_0\"\n");
  EXPECT_NE(ExplainPlan(file, {"x", "y", "z"}).find("\"a\", alive from step 0 (x) to step 1 (y)"), std::string::npos);
}

}  // namespace
}  // namespace orionrt::what_if_test
