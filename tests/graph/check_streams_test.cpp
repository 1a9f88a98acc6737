// Assignments of graphs on several streams, judged; and where the bodies of ops that run at the same time lie.
#include "graph/check_streams.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "assigned.hpp"
#include "base/index.hpp"
#include "naive_streams.hpp"
#include "orionrt/assignment.hpp"
#include "orionrt/config.hpp"
#include "orionrt/streams.hpp"
#include "sanitized.hpp"

namespace orionrt::check_streams_test {
namespace {

using tests::NaiveOrder;
using tests::Random;

OpNode Op(int id, int stream, std::vector<int> inputs, std::vector<int> outputs, std::vector<int> waits = {}) {
  OpNode op{id, std::move(inputs), std::move(outputs)};
  op.name = "n" + std::to_string(id);
  op.stream = stream;
  op.waits = std::move(waits);
  return op;
}

// Every tensor behind the one before, in one arena that is larger than needed; workspaces behind them.
Assignment Apart(const Graph& graph) {
  Assignment made;
  made.graph_id = GraphId(graph);
  std::int64_t end = 0;
  for (const OpNode& op : graph.ops()) made.order_ids.push_back(op.id);
  for (const TensorDesc& tensor : graph.tensors()) {
    made.tensors.push_back({tensor.id, 0, end, static_cast<std::int64_t>(tensor.bytes)});
    end += static_cast<std::int64_t>(tensor.bytes);
  }
  for (const OpNode& op : graph.ops()) {
    if (op.workspace_bytes == 0) continue;
    made.workspaces.push_back({op.id, 0, end, static_cast<std::int64_t>(op.workspace_bytes)});
    end += static_cast<std::int64_t>(op.workspace_bytes);
  }
  made.spaces = {{"", end + 4096, 64}};
  return made;
}

testing::AssertionResult Says(const Graph& graph, const Assignment& assignment, const std::vector<std::string>& words) {
  const auto fault = CheckAssignment(graph, assignment);
  if (!fault) return testing::AssertionFailure() << "nothing is wrong";
  for (const std::string& word : words) {
    if (fault->message.find(word) != std::string::npos) continue;
    return testing::AssertionFailure() << "it does not say \"" << word << "\": " << fault->message;
  }
  return testing::AssertionSuccess();
}

//   stream 0   1 writes t1 ── 5 reads t1
//   stream 1   7 writes t7 ── 9 writes t8
Graph TwoStreams(std::vector<int> waits_of_9) {
  return Graph({Op(1, 0, {}, {1}), Op(5, 0, {1}, {}), Op(7, 1, {}, {7}), Op(9, 1, {7}, {8}, std::move(waits_of_9))},
               {{1, 100, 0, 0, "a"}, {7, 50, 0, 0, "b"}, {8, 40, 0, 0, "c"}});
}

TEST(CheckStreams, NamesBothOpsBothStreamsTheBytesAndTheWait) {
  const auto over = [](const Graph& graph) {
    Assignment assignment = Apart(graph);
    assignment.tensors[2].offset = 60;
    return assignment;
  };
  const Graph graph = TwoStreams({});
  EXPECT_TRUE(Says(graph, over(graph),
                   {"op 9 \"n9\" on stream 1 writes tensor 8 \"c\" over tensor 1 \"a\" at bytes [60, 100), which op 5 "
                    "\"n5\" on stream 0 may still read: nothing orders them; let op 9 wait for op 5"}));
  const auto fault = CheckAssignment(graph, over(graph));
  EXPECT_EQ(fault->op_id, 9);
  EXPECT_EQ(fault->other_op_id, 5);
  EXPECT_EQ(fault->tensor_id, 8);
  EXPECT_EQ(fault->other_id, 1);
  const Graph early = TwoStreams({1});
  EXPECT_TRUE(Says(early, over(early), {"let op 9 wait for op 5"})) << "behind the writer is not behind the reader";
  const Graph mended = TwoStreams({5});
  EXPECT_FALSE(CheckAssignment(mended, over(mended)));
  EXPECT_FALSE(CheckAssignment(graph, Apart(graph)));
}

TEST(CheckStreams, FindsWritesOverWritesAndScratch) {
  std::vector<OpNode> ops = {Op(1, 0, {}, {1}), Op(2, 1, {}, {2}), Op(3, 2, {}, {})};
  ops[1].workspace_bytes = ops[2].workspace_bytes = 32;
  const Graph graph(ops, {{1, 64}, {2, 64}});
  const Assignment apart = Apart(graph);
  ASSERT_FALSE(CheckAssignment(graph, apart));
  Assignment made = apart;
  made.tensors[1].offset = 8;  // whoever wrote last, nobody reads it
  EXPECT_TRUE(Says(graph, made, {"op 2", "writes tensor 2 over tensor 1", "[8, 64)", "op 1", "may still write"}));
  made = apart;
  made.workspaces[1].offset = made.workspaces[0].offset + 31;
  EXPECT_TRUE(
      Says(graph, made, {"op 3", "its scratch over the scratch", "op 2", "stream 1", "let op 3 wait for op 2"}));
  made = apart;
  made.workspaces[0].offset = 0;
  EXPECT_TRUE(Says(graph, made, {"op 2", "its scratch over tensor 1", "op 1"}));
}

// An input, read on stream 0, and the result of stream 1 in its place: the caller wrote it before all, but the reader
// is not behind. Kept to the end, nobody may write over it at all.
TEST(CheckStreams, TakesTheCallerForBeforeAndBehindAll) {
  const auto graph = [](unsigned roles, std::vector<int> waits) {
    return Graph({Op(1, 0, {0}, {1}), Op(2, 1, {}, {2}, std::move(waits))}, {{0, 64, 0, roles}, {1, 64}, {2, 64}});
  };
  const auto over = [](const Graph& of) {
    Assignment made = Apart(of);
    made.tensors[2].offset = 0;
    return made;
  };
  EXPECT_TRUE(Says(graph(TensorRole::kInput, {}), over(graph(TensorRole::kInput, {})), {"let op 2 wait for op 1"}));
  EXPECT_FALSE(CheckAssignment(graph(TensorRole::kInput, {1}), over(graph(TensorRole::kInput, {1}))));
  EXPECT_TRUE(Says(graph(TensorRole::kInput | TensorRole::kOutput, {1}),
                   over(graph(TensorRole::kInput | TensorRole::kOutput, {1})), {"should hold"}));
  EXPECT_FALSE(CheckAssignment(graph(TensorRole::kInput, {}), Apart(graph(TensorRole::kInput, {}))));
}

// Tensor 0 is read in place by op 2 and as it is by op 1; ordered by a wait it may be.
TEST(CheckStreams, WritesInPlaceBehindAllOtherReaders) {
  const auto graph = [](std::vector<int> waits) {
    std::vector<OpNode> ops = {Op(0, 0, {}, {0}), Op(1, 0, {0}, {}), Op(2, 1, {0}, {1}, std::move(waits))};
    ops[2].aliases.push_back({AliasKind::kSameIndex, 0, 0, 0});
    return Graph(ops, {{0, 64}, {1, 64}});
  };
  const auto in_place = [](const Graph& of) {
    Assignment made = Apart(of);
    made.tensors[1].offset = made.tensors[0].offset;
    made.in_place = {{2, 1, 0}};
    return made;
  };
  EXPECT_TRUE(Says(graph({0}), in_place(graph({0})), {"op 2", "tensor 1 over tensor 0", "op 1", "may still read"}));
  EXPECT_FALSE(CheckAssignment(graph({1}), in_place(graph({1}))));
}

// A view by an op that has vanished: who reads it reads the whole's bytes, in order by the waits of that op, which may
// be run all the same.
TEST(CheckStreams, KeepsTheWaitsOfVanishedOps) {
  const auto graph = [](std::vector<int> waits) {
    std::vector<OpNode> ops = {Op(0, 0, {}, {0}), Op(1, 1, {0}, {1}, {0}), Op(2, 2, {1}, {2}, {1}),
                               Op(3, 0, {}, {3}, std::move(waits))};
    ops[1].aliases.push_back({AliasKind::kView, 0, 0, 16});
    return Graph(ops, {{0, 64}, {1, 32}, {2, 8}, {3, 64}});
  };
  const auto shown = [](const Graph& of) {
    Assignment made = Apart(of);
    made.tensors[1].offset = made.tensors[0].offset + 16;
    made.tensors[3].offset = made.tensors[0].offset;
    made.vanished_ids = {1};
    return made;
  };
  EXPECT_TRUE(Says(graph({1}), shown(graph({1})), {"op 3", "over tensor 1", "[16, 48)", "op 2 \"n2\" on stream 2"}));
  EXPECT_TRUE(Says(graph({0}), shown(graph({0})), {"op 3", "op 1 \"n1\" on stream 1 may still read"}));
  EXPECT_FALSE(CheckAssignment(graph({2}), shown(graph({2}))));
}

TEST(CheckStreams, TakesOrdersOfLaunchingOnly) {
  const Graph graph = TwoStreams({5});
  const auto stated = [&](std::vector<int> order) {
    Assignment made = Apart(graph);
    made.order_ids = std::move(order);
    return made;
  };
  EXPECT_FALSE(CheckAssignment(graph, stated({7, 1, 5, 9})));
  EXPECT_TRUE(Says(graph, stated({1, 7, 9, 5}), {"stated order", "op 9", "op 5", "waits", "stream 1"}));
  const Graph effects({Op(1, 0, {}, {}), Op(2, 0, {}, {}), Op(3, 1, {}, {})}, {});
  Assignment made = Apart(effects);
  made.order_ids = {3, 1, 2};
  EXPECT_FALSE(CheckAssignment(effects, made)) << "of effects on two streams nothing orders";
  made.order_ids = {2, 1, 3};
  EXPECT_TRUE(Says(effects, made, {"stated order", "op 2", "op 1", "stream 0"}));
}

// A graph does not let data be read beside its writer, so no assignment shows that the judge would see it.
TEST(CheckStreams, FindsReadsBesideAWrite) {
  const Graph graph({Op(0, 0, {}, {0}), Op(1, 1, {}, {1})}, {{0, 8}, {1, 8}});
  RaceFinder finder(graph, 1);
  finder.Write(0, {0, 0, 16, 8}, 0);
  finder.Read(1, {1, 0, 20, 8}, 1);
  const auto fault = finder.Find();
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->message,
            "op 1 \"n1\" on stream 1 reads tensor 1 at bytes [20, 24), where op 0 \"n0\" on stream 0 may still write "
            "tensor 0: nothing orders them; let op 1 wait for op 0");
  RaceFinder clear(graph, 2);
  clear.Write(0, {0, 0, 16, 8}, 0);
  clear.Read(1, {1, 0, 24, 8}, 1);
  clear.Read(1, {1, 1, 16, 8}, 1);
  EXPECT_FALSE(clear.Find());
}

// ---- Many ops ----

// Every op writes a tensor of 8 bytes that nobody reads, so that order is all there is to judge.
struct ManyOps {
  ManyOps(Random& random, int n, int streams) {
    for (int i = 0; i < n; ++i) {
      ops.push_back(Op(i, static_cast<int>(random.Below(streams)), {}, {i}));
      if (i > 0) ops.back().waits.push_back(i - 1 - static_cast<int>(random.Below(std::min(i, 12))));
      tensors.push_back({i, 8});
    }
  }
  std::vector<OpNode> ops;
  std::vector<TensorDesc> tensors;
};

TEST(CheckStreams, SeesFarPairsAmongManyOps) {
  for (std::uint64_t seed = 0; seed < std::max<std::uint64_t>(1, tests::Seeds(12u)); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const int n = 1500;
    const ManyOps made(random, n, static_cast<int>(random.Between(2, 9)));
    const Graph graph(made.ops, made.tensors);
    const NaiveOrder naive(graph.ops());
    Assignment assignment = Apart(graph);
    std::vector<std::vector<int>> slots;  // ops in turn
    for (int op = 0; op < n; ++op) {
      std::size_t slot = slots.size();
      for (std::size_t s = 0; s < slots.size(); ++s) {  // one of another stream if there is one
        if (!naive.IsBefore(slots[s].back(), op)) continue;
        const bool crosses = graph.ops()[At(slots[s].back())].stream != graph.ops()[At(op)].stream;
        if (slot == slots.size() || (crosses && random.OneIn(2))) slot = s;
      }
      if (slot == slots.size()) slots.emplace_back();
      slots[slot].push_back(op);
      assignment.tensors[At(op)].offset = 8 * static_cast<std::int64_t>(slot);
    }
    ASSERT_FALSE(CheckAssignment(graph, assignment));
    for (int tries = 0; tries < 20; ++tries) {
      Assignment moved = assignment;
      const int op = static_cast<int>(random.Below(n)), onto = static_cast<int>(random.Below(n));
      const std::int64_t offset = moved.tensors[At(onto)].offset;
      moved.tensors[At(op)].offset = offset;
      bool race = false;
      for (const int other : slots[At(static_cast<int>(offset / 8))]) race |= !naive.AreOrdered(other, op);
      const auto fault = CheckAssignment(graph, moved);
      ASSERT_EQ(fault.has_value(), race);
      if (fault) {
        EXPECT_TRUE(!naive.AreOrdered(fault->op_id, fault->other_op_id)) << fault->message;
      }
    }
  }
}

// ---- Bodies of control-flow ops ----

Graph Branch(std::size_t bytes) {
  return Graph({{0, {}, {0}}, {1, {0}, {1}}}, {{0, bytes}, {1, 64, 0, TensorRole::kOutput}});
}

//   stream 0   op 10 (bodies of 512 and 256) ── op 12 (body of 1024)
//   stream 1   op 11 (body of 128), with op 13 (body of 64) behind, which waits for op 12
struct WithBodies {
  explicit WithBodies(bool streams) {
    const int other = streams ? 1 : 0;
    graph = Graph({Op(10, 0, {}, {0}), Op(11, other, {}, {1}), Op(12, 0, {0}, {2}), Op(13, other, {1}, {3}, {12})},
                  {{0, 100}, {1, 200}, {2, 50}, {3, 60}});
    bodies.push_back({0, "then_branch", Branch(512), {}});
    bodies.push_back({0, "else_branch", Branch(256), {}});
    bodies.push_back({1, "body", Branch(128), {}});
    bodies.push_back({2, "body", Branch(1024), {}});
    bodies.push_back({3, "body", Branch(64), {}});
  }
  Graph graph;
  std::vector<NestedGraph> bodies;
};

std::vector<std::int64_t> BeginsOf(const Assignment& assignment) {
  std::vector<std::int64_t> begins;
  for (const BodyAssignment& body : assignment.bodies) begins.push_back(body.assignment.tensors[0].offset);
  return begins;
}

TEST(Bodies, OfOpsAtTheSameTimeLieApart) {
  const ReusePlanner planner("no_reuse");
  const WithBodies one(false);
  const Workload in_turn = Lower(one.graph, one.bodies, {});
  const PlannedWorkload planned_in_turn = PlanWorkload(in_turn, planner);
  const Assignment over = Assign(in_turn, planned_in_turn);
  const std::int64_t own = over.bodies[0].assignment.tensors[0].offset;
  EXPECT_EQ(BeginsOf(over), std::vector<std::int64_t>(5, own)) << "on one stream over each other";
  EXPECT_EQ(planned_in_turn.peak_nested_bytes, 1024 + 64);

  const WithBodies two(true);
  const Workload workload = Lower(two.graph, two.bodies, {});
  const PlannedWorkload planned = PlanWorkload(workload, planner);
  const Assignment apart = Assign(workload, planned);
  // Op 11 runs beside ops 10 and 12; op 13 behind all.
  EXPECT_EQ(BeginsOf(apart), (std::vector<std::int64_t>{own, own, own + 576, own + 768, own}));
  EXPECT_EQ(planned.peak_nested_bytes, 768 + 1024 + 64);
  EXPECT_EQ(apart.spaces[0].required_bytes, own + planned.peak_nested_bytes);
  const auto none = CheckAssignment(two.graph, apart, two.bodies);
  EXPECT_FALSE(none) << none->message;

  Assignment wrong = over;
  wrong.graph_id = GraphId(two.graph);
  wrong.tensors = apart.tensors;
  const auto fault = CheckAssignment(two.graph, wrong, two.bodies);
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->op_id, 11) << fault->message;
  EXPECT_EQ(fault->other_op_id, 10) << fault->message;
}

TEST(Bodies, LieOverNothingThatRunsBesideThem) {
  const WithBodies made(true);
  const Workload workload = Lower(made.graph, made.bodies, {});
  const Assignment apart = Assign(workload, PlanWorkload(workload, ReusePlanner("no_reuse")));
  Assignment over = apart;
  over.bodies[3].assignment.tensors[0].offset = over.tensors[1].offset & -64;  // of op 12, over what op 11 writes
  const auto fault = CheckAssignment(made.graph, over, made.bodies);
  ASSERT_TRUE(fault) << "tensor 1 is read later, or written at the same time";
  Assignment behind = apart;
  behind.bodies[4].assignment.tensors[0].offset = behind.tensors[0].offset & -64;  // of op 13, over what is over
  const auto none = CheckAssignment(made.graph, behind, made.bodies);
  EXPECT_FALSE(none) << none->message;
}

// A limited pool keeps room for bodies side by side.
TEST(Bodies, AtTheSameTimeFitTheirPoolTogether) {
  const WithBodies made(true);
  LowerOptions options;
  Space pool;
  pool.name = "sram";
  pool.capacity = 640 + 1856;  // what the graph takes apart, and the bodies
  options.spaces = {pool};
  Workload workload = Lower(made.graph, made.bodies, options);
  const Assignment fits = Assign(workload, PlanWorkload(workload, ReusePlanner("no_reuse")));
  EXPECT_LE(fits.spaces[0].required_bytes, pool.capacity);
  EXPECT_FALSE(CheckAssignment(made.graph, fits, made.bodies));
  options.spaces[0].capacity = 1855;
  workload = Lower(made.graph, made.bodies, options);
  EXPECT_THROW(PlanWorkload(workload, ReusePlanner("no_reuse")), Error);
}

// Bodies of its own streams: judged like any graph.
TEST(Bodies, AreJudgedOnTheirStreams) {
  const Graph inner = TwoStreams({});
  const Graph outer({Op(1, 0, {}, {0})}, {{0, 8}});
  Assignment assignment = Apart(outer);
  Assignment body = Apart(inner);
  for (Place& place : body.tensors) place.offset += 64;
  body.spaces.clear();
  assignment.bodies.push_back({1, "body", body});
  const std::vector<NestedGraph> bodies = {{0, "body", inner, {}}};
  EXPECT_FALSE(CheckAssignment(outer, assignment, bodies));
  assignment.bodies[0].assignment.tensors[2].offset = 64;
  const auto fault = CheckAssignment(outer, assignment, bodies);
  ASSERT_TRUE(fault);
  EXPECT_NE(fault->message.find("body body of op 1: op 9"), std::string::npos) << fault->message;
}

}  // namespace
}  // namespace orionrt::check_streams_test
