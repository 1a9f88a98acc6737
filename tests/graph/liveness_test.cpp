#include <gtest/gtest.h>

#include <algorithm>

#include "orionrt/lowering.hpp"
#include "random_graph.hpp"
#include "refuses.hpp"

namespace orionrt::liveness_test {
namespace {

// "0-2 1-1": one word a tensor, both ends inclusive.
std::string Lives(const std::vector<OpNode>& ops, const std::vector<TensorDesc>& tensors) {
  std::string text;
  const Graph graph(ops, tensors);
  const GraphLiveness liveness(graph);
  for (const Lifetime& life : liveness.lifetimes()) {
    text += (text.empty() ? "" : " ") + std::to_string(life.start) + "-" + std::to_string(life.end);
  }
  return text;
}

TEST(Liveness, RunsFromTheProducerToTheLastReader) {
  EXPECT_EQ(Lives({{0, {}, {0}}, {1, {0}, {1}}, {2, {1}, {2}}, {3, {2}, {}}}, {{0, 8}, {1, 8}, {2, 8}}), "0-1 1-2 2-3");
  EXPECT_EQ(Lives({{0, {}, {0}}, {1, {0}, {}}, {2, {}, {}}, {3, {0}, {}}}, {{0, 8}}), "0-3");
}

TEST(Liveness, OfWhatNobodyReadsIsItsProducerOnly) {
  EXPECT_EQ(Lives({{0, {}, {}}, {1, {}, {0}}, {2, {}, {}}}, {{0, 8}}), "1-1");
}

TEST(Liveness, OfAnInputStartsWithTheFirstStep) {
  EXPECT_EQ(Lives({{0, {}, {}}, {1, {0}, {}}, {2, {}, {}}}, {{0, 8, 0, TensorRole::kInput}}), "0-1");
  EXPECT_EQ(Lives({{0, {}, {}}, {1, {0}, {}}, {2, {}, {}}}, {{0, 8}}), "0-1") << "implied when no op produces it";
  EXPECT_EQ(Lives({{0, {}, {}}, {1, {}, {}}}, {{0, 8, 0, TensorRole::kInput}}), "0-0") << "read by nobody";
}

TEST(Liveness, OfAnOutputGoesOnToTheLastStep) {
  EXPECT_EQ(Lives({{0, {}, {}}, {1, {}, {0}}, {2, {0}, {}}, {3, {}, {}}}, {{0, 8, 0, TensorRole::kOutput}}), "1-3");
  EXPECT_EQ(Lives({{0, {0}, {}}, {1, {}, {}}}, {{0, 8, 0, TensorRole::kInput | TensorRole::kOutput}}), "0-1");
  EXPECT_EQ(Lives({{0, {}, {}}, {1, {}, {}}}, {{0, 8, 0, TensorRole::kOutput}}), "0-1");
}

TEST(Liveness, OfAStateIsThroughout) {
  EXPECT_EQ(Lives({{0, {}, {}}, {1, {0}, {}}, {2, {}, {}}}, {{0, 8, 0, TensorRole::kState}}), "0-2");
}

TEST(Liveness, CountsAnOperandGivenTwiceOnce) {
  EXPECT_EQ(Lives({{0, {}, {0}}, {1, {0, 0}, {}}, {2, {}, {}}}, {{0, 8}}), "0-1");
}

TEST(Liveness, WithoutOpsIsOneStep) {
  EXPECT_EQ(Lives({}, {{0, 8, 0, TensorRole::kInput}, {1, 8, 0, TensorRole::kOutput}, {2, 8, 0, TensorRole::kState}}),
            "0-0 0-0 0-0");
  EXPECT_EQ(Lives({}, {}), "");
}

TEST(Liveness, GoesByPositionAndNotById) {
  EXPECT_EQ(Lives({{900, {}, {7000000}}, {5, {7000000}, {3}}, {77, {3}, {}}}, {{3, 8}, {7000000, 8}}), "1-2 0-1");
}

TEST(Liveness, OfRandomGraphsIsWhatALookAtEveryOpSays) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    tests::Random random(seed);
    const auto made = tests::MakeRandomGraph(random, static_cast<int>(random.Below(40)), seed % 2 == 1);
    const Graph graph(made.ops, made.tensors);
    const GraphLiveness liveness(graph);
    const int last = std::max(0, static_cast<int>(made.ops.size()) - 1);
    for (std::size_t i = 0; i < made.tensors.size(); ++i) {
      const TensorDesc& tensor = made.tensors[i];
      int producer = -1, reader = -1;
      for (int step = 0; step < static_cast<int>(made.ops.size()); ++step) {
        const auto has = [&](const std::vector<int>& ids) { return std::count(ids.begin(), ids.end(), tensor.id) > 0; };
        if (has(made.ops[step].outputs)) producer = step;
        if (has(made.ops[step].inputs)) reader = step;
      }
      const int start = producer < 0 ? 0 : producer;
      const int end = (tensor.roles & (TensorRole::kOutput | TensorRole::kState)) != 0 ? last : std::max(start, reader);
      EXPECT_EQ(liveness.lifetimes()[i].start, start) << "seed " << seed << " tensor " << tensor.id;
      EXPECT_EQ(liveness.lifetimes()[i].end, end) << "seed " << seed << " tensor " << tensor.id;
    }
  }
}

TEST(MakeProblem, IsHalfOpenWhereLivenessIsInclusive) {
  const Graph graph({{0, {}, {0}}, {1, {0}, {}}}, {{0, 8}});
  const Lowered lowered = MakeProblem(graph, GraphLiveness(graph));
  ASSERT_EQ(lowered.problem.buffers.size(), 1u);
  EXPECT_EQ(lowered.problem.buffers[0].lower, 0);
  EXPECT_EQ(lowered.problem.buffers[0].upper, 2);
  EXPECT_EQ(lowered.problem.buffers[0].size, 8);
  EXPECT_EQ(lowered.problem.buffers[0].alignment, 1);
  EXPECT_EQ(lowered.problem.buffers[0].fixed_offset, kFree);
}

TEST(MakeProblem, LeavesEmptyTensorsUnboundAndKeepsTheirIds) {
  const Graph graph({{0, {}, {10, 11, 12}}}, {{10, 8, 0, 0, "a"}, {11, 0, 0, 0, "none"}, {12, 9, 0, 0, "c"}});
  const Lowered lowered = MakeProblem(graph, GraphLiveness(graph));
  ASSERT_EQ(lowered.bindings.size(), 3u);
  EXPECT_EQ(lowered.bindings[0].buffer, 0);
  EXPECT_EQ(lowered.bindings[1].buffer, -1);
  EXPECT_EQ(lowered.bindings[2].buffer, 1);
  EXPECT_EQ(lowered.problem.ids, (std::vector<std::string>{"10", "12"}));
  EXPECT_EQ(lowered.problem.names, (std::vector<std::string>{"a", "c"}));
}

TEST(MakeProblem, PlansWorkspacesWithTheirOps) {
  OpNode first{0, {}, {0}};
  OpNode second{1, {0}, {1}, "conv"};
  second.workspace_bytes = 100;
  second.workspace_alignment = 32;
  const Graph graph({first, second}, {{0, 8}, {1, 8}});
  const Lowered lowered = MakeProblem(graph, GraphLiveness(graph), 16);
  ASSERT_EQ(lowered.workspaces.size(), 2u);
  EXPECT_EQ(lowered.workspaces[0].buffer, -1);
  ASSERT_EQ(lowered.workspaces[1].buffer, 2);
  const Buffer& scratch = lowered.problem.buffers[2];
  EXPECT_EQ(scratch.lower, 1);
  EXPECT_EQ(scratch.upper, 2);
  EXPECT_EQ(scratch.size, 100);
  EXPECT_EQ(scratch.alignment, 32);
  EXPECT_EQ(lowered.problem.ids[2], "w1");
  EXPECT_EQ(lowered.problem.names[2], "workspace of conv");

  second.workspace_bytes = 0;
  const Graph none({first, second}, {{0, 8}, {1, 8}});
  EXPECT_TRUE(MakeProblem(none, GraphLiveness(none)).workspaces.empty());
  EXPECT_NE(HashGraph(none), HashGraph(graph));
}

TEST(MakeProblem, TakesTheLargerAlignment) {
  const Graph graph({{0, {}, {0, 1, 2}}}, {{0, 8, 0}, {1, 8, 16}, {2, 8, 256}});
  const Lowered lowered = MakeProblem(graph, GraphLiveness(graph), 64);
  EXPECT_EQ(lowered.problem.buffers[0].alignment, 64);
  EXPECT_EQ(lowered.problem.buffers[1].alignment, 64);
  EXPECT_EQ(lowered.problem.buffers[2].alignment, 256);
  for (const std::int64_t bad : {0, -1, 3, 48}) {
    EXPECT_TRUE(tests::Refuses(ErrorCode::kMisuse, {std::to_string(bad)},
                               [&] { MakeProblem(graph, GraphLiveness(graph), bad); }));
  }
}

TEST(GraphLiveness, KeepsWhatHasViewsUntilTheyHaveGone) {
  TensorDesc view{1, 4};
  view.view_of = 0;
  TensorDesc kept = view;
  kept.id = 2;
  kept.view_offset = 4;
  const std::vector<OpNode> ops = {{0, {}, {0}}, {1, {0}, {1}}, {2, {2}, {}}, {3, {1}, {}}, {4, {}, {}}};
  EXPECT_EQ(GraphLiveness(Graph(ops, {{0, 8}, view, kept})).lifetimes()[0].end, 3);
  kept.roles = TensorRole::kOutput;
  const auto lives = GraphLiveness(Graph(ops, {{0, 8}, view, kept})).lifetimes();
  EXPECT_EQ(lives[0].end, 4);
  EXPECT_EQ(lives[1].start, 1);
  EXPECT_EQ(lives[1].end, 3);
  EXPECT_EQ(lives[2].start, 0) << "no op makes it: it is there with its root";
}

}  // namespace
}  // namespace orionrt::liveness_test
