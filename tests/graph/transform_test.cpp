#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <string>

#include "assigned.hpp"
#include "graph/colocation_order.hpp"
#include "graph/colocation_problem.hpp"
#include "graph/sharing.hpp"
#include "orionrt/lowering.hpp"
#include "orionrt/plan.hpp"
#include "random_graph.hpp"
#include "refuses.hpp"
#include "sharing_graph.hpp"

namespace orionrt::transform_test {
namespace {

using tests::Refuses;

constexpr Transforms kViews{true, false, false, false};
constexpr Transforms kColocate{false, true, false, false};
constexpr Transforms kInPlace{false, false, true, false};
constexpr Transforms kAll{true, true, true, false};

Alias View(int output, int input, std::size_t offset = 0) { return {AliasKind::kView, output, input, offset}; }
Alias PieceAt(std::size_t offset, int input) { return {AliasKind::kPiece, 0, input, offset}; }
Alias Same(int output = 0, int input = 0) { return {AliasKind::kSameIndex, output, input, 0}; }

OpNode Op(int id, std::vector<int> inputs, std::vector<int> outputs, std::vector<Alias> aliases = {}) {
  OpNode op;
  op.id = id;
  op.inputs = std::move(inputs);
  op.outputs = std::move(outputs);
  op.aliases = std::move(aliases);
  return op;
}

// Judged by all judges there are.
TransformedGraph Shared(const Graph& graph, const Transforms& transforms, std::int64_t alignment = 1) {
  const ReusePlanner planner;
  TransformedGraph made = Transform(graph, transforms, alignment, &planner);
  const auto fault = tests::CheckSharing(made);
  EXPECT_FALSE(fault) << fault->message;
  const auto overlap = Validate(made.lowered.problem, planner.Run(made.lowered.problem));
  EXPECT_FALSE(overlap) << overlap->message;
  return made;
}
std::int64_t BoundOf(const TransformedGraph& made) { return made.stages.back().bound_bytes; }
std::int64_t BoundOf(const Graph& graph, const Transforms& transforms, std::int64_t alignment = 1) {
  return BoundOf(Shared(graph, transforms, alignment));
}

// Op 0 makes tensor 0, the others follow; op 9 reads what is left.
Graph Net(std::vector<OpNode> ops, std::vector<std::size_t> bytes, std::vector<unsigned> roles = {}) {
  std::vector<TensorDesc> tensors;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    tensors.push_back({static_cast<int>(i), bytes[i], 0, i < roles.size() ? roles[i] : 0u});
  }
  return Graph(std::move(ops), std::move(tensors));
}

TEST(Transform, ChangesNothingUnlessAsked) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    tests::Random random(seed);
    auto made = tests::MakeRandomGraph(random, static_cast<int>(random.Below(40)), seed % 2 == 1);
    for (OpNode& op : made.ops) {
      op.workspace_bytes = static_cast<std::size_t>(random.Below(3)) * 100;
      if (!op.inputs.empty() && !op.outputs.empty()) op.aliases.push_back({AliasKind::kReadsFirst, 0, 0, 0});
    }
    const Graph graph(made.ops, made.tensors);
    const Lowered as_ever = MakeProblem(graph, GraphLiveness(graph), 64);
    const TransformedGraph transformed = Transform(graph, {}, 64);
    EXPECT_EQ(HashProblem(transformed.lowered.problem), HashProblem(as_ever.problem));
    EXPECT_EQ(transformed.lowered.problem.ids, as_ever.problem.ids);
    EXPECT_EQ(transformed.lowered.problem.names, as_ever.problem.names);
    EXPECT_EQ(transformed.lowered.problem.uses, as_ever.problem.uses);
    EXPECT_TRUE(transformed.lowered.problem.parts.empty());
    ASSERT_EQ(transformed.lowered.bindings.size(), as_ever.bindings.size());
    for (std::size_t i = 0; i < as_ever.bindings.size(); ++i) {
      EXPECT_EQ(transformed.lowered.bindings[i].buffer, as_ever.bindings[i].buffer);
      EXPECT_EQ(transformed.lowered.bindings[i].delta, as_ever.bindings[i].delta);
    }
    EXPECT_TRUE(transformed.vanished.empty() && transformed.in_place.empty());
    ASSERT_EQ(transformed.stages.size(), 1u);
    EXPECT_EQ(transformed.stages[0].bound_bytes, LowerBound(as_ever.problem).lower_bound_bytes);
  }
}

// The bounds in between were those of an order of decisions that was not taken: in-place before co-location.
TEST(Transform, ReportsStagesAsTheyWereDecided) {
  const ReusePlanner planner("first_fit");
  int all_three = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    tests::Random random(seed);
    const Graph graph = tests::SharingGraphMaker(random).Make(static_cast<int>(random.Between(1, 14)));
    const auto stages_of = [&](const Transforms& on) { return Transform(graph, on, 4, &planner).stages; };
    const auto all = stages_of(kAll);
    ASSERT_EQ(all.size(), 4u);
    EXPECT_EQ(all[1].name, "views");
    EXPECT_EQ(all[2].name, "colocate");
    EXPECT_EQ(all[3].name, "in_place");
    const auto fewer = stages_of({true, true, false, false});
    for (std::size_t i = 0; i < fewer.size(); ++i) EXPECT_EQ(all[i].bound_bytes, fewer[i].bound_bytes);
    all_three += all[3].bound_bytes < all[2].bound_bytes && all[2].bound_bytes < all[1].bound_bytes;
  }
  EXPECT_GT(all_three, 0);
}

// ---- At some ops alone ----

TEST(TransformAt, SharesAtTheseOpsAndNoOthers) {
  const Graph graph =
      Net({Op(10, {}, {0}), Op(11, {0}, {1}, {Same()}), Op(12, {1}, {2}, {Same()}), Op(13, {2}, {})}, {50, 50, 50});
  const TransformedGraph made = TransformAt(graph, kInPlace, {12});
  ASSERT_EQ(made.in_place.size(), 1u);
  EXPECT_EQ(made.in_place[0].op, 12);
  EXPECT_EQ(made.in_place[0].input, 1);
  EXPECT_TRUE(made.stages.empty());
  EXPECT_EQ(made.graph.ops().size(), 4u);
  EXPECT_EQ(made.lowered.problem.buffers.size(), 2u);
  EXPECT_EQ(TransformAt(graph, kInPlace, {12, 11, 12}).in_place.size(), 2u);
  EXPECT_TRUE(TransformAt(graph, kViews, {11, 12}).in_place.empty());
  EXPECT_TRUE(TransformAt(graph, kInPlace, {}).in_place.empty());
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"ids"}, [&] { TransformAt(graph, kInPlace, {1}); }));
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"order"}, [&] { TransformAt(graph, {false, false, false, true}, {}); }));
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"power of two"}, [&] { TransformAt(graph, kInPlace, {}, 3); }));
}

TEST(TransformAt, EveryOpAtOnceIsWhatTransformDoesWithoutAJudge) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    tests::Random random(seed);
    const Graph graph = tests::SharingGraphMaker(random).Make(static_cast<int>(random.Between(1, 14)));
    std::vector<int> ids;
    for (const OpNode& op : graph.ops()) ids.push_back(op.id);
    const TransformedGraph at = TransformAt(graph, kAll, ids);
    const TransformedGraph made = Transform(graph, kAll);
    EXPECT_EQ(HashProblem(at.lowered.problem), HashProblem(made.lowered.problem));
    EXPECT_EQ(at.vanished, made.vanished);
    EXPECT_EQ(at.in_place.size(), made.in_place.size());
  }
}

// ---- Views that must be ----

TEST(MakeProblem, BindsViewsToTheirRoots) {
  std::vector<TensorDesc> tensors = {{0, 100}, {1, 40}, {2, 20}};
  tensors[0].name = "whole";
  tensors[1].view_of = 0;
  tensors[1].view_offset = 60;
  tensors[1].alignment = 4;
  tensors[2].view_of = 1;
  tensors[2].view_offset = 8;
  const Graph graph({Op(0, {}, {0}), Op(1, {0}, {}), Op(2, {1}, {}), Op(3, {2}, {})}, tensors);
  const Lowered lowered = MakeProblem(graph, GraphLiveness(graph));
  ASSERT_EQ(lowered.problem.buffers.size(), 1u);
  EXPECT_EQ(lowered.problem.buffers[0].upper, 4);
  EXPECT_EQ(lowered.problem.buffers[0].alignment, 4) << "what the view asks for";
  EXPECT_EQ(lowered.problem.uses[0], 4);
  EXPECT_EQ(lowered.problem.names[0], "whole");
  EXPECT_TRUE(lowered.problem.parts.empty());
  EXPECT_EQ(lowered.bindings[1].delta, 60);
  EXPECT_EQ(lowered.bindings[2].delta, 68);
  EXPECT_NO_THROW(MakeProblem(graph, GraphLiveness(graph), 64)) << "what all get is not asked of views";

  tensors[2].alignment = 8;
  const Graph odd({Op(0, {}, {0}), Op(1, {2}, {})}, {tensors[0], tensors[1], tensors[2]});
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"tensor 2", "aligned to 8", "\"whole\"", "byte 68"},
                      [&] { MakeProblem(odd, GraphLiveness(odd)); }));
}

// ---- What is gained ----

TEST(Transform, AReshapeTakesNothing) {
  const Graph graph = Net({Op(0, {}, {0}), Op(1, {0}, {1}, {View(0, 0)}), Op(2, {1}, {})}, {100, 100});
  EXPECT_EQ(BoundOf(graph, {}), 200);
  const TransformedGraph made = Shared(graph, kViews);
  EXPECT_EQ(BoundOf(made), 100);
  EXPECT_EQ(made.vanished, std::vector<int>{1});
  EXPECT_EQ(made.stages[1].name, "views");
  EXPECT_EQ(made.lowered.problem.uses[0], 2) << "written once and read once";
}

TEST(Transform, SplitsAreViewsThatDieOneByOne) {
  const Graph graph =
      Net({Op(0, {}, {0}), Op(1, {0}, {1, 2}, {View(0, 0), View(1, 0, 60)}), Op(2, {1}, {3}), Op(3, {2, 3}, {})},
          {100, 60, 40, 60});
  EXPECT_EQ(BoundOf(graph, {}), 200);
  EXPECT_EQ(BoundOf(graph, kViews), 160);
  const TransformedGraph made = Shared(graph, kViews);
  EXPECT_EQ(made.lowered.problem.parts.size(), 2u);
  const ReusePlanner planner;
  EXPECT_EQ(planner.Run(made.lowered.problem).peak_bytes, 160);
}

TEST(Transform, WritesPartsWhereTheWholeWillLie) {
  const Graph graph =
      Net({Op(0, {}, {0}), Op(1, {}, {1}), Op(2, {0, 1}, {2}, {PieceAt(0, 0), PieceAt(64, 1)}), Op(3, {2}, {})},
          {64, 100, 164});
  EXPECT_EQ(BoundOf(graph, {}, 64), 164 + 64 + 100 + 28) << "with the padding of one";
  const TransformedGraph made = Shared(graph, kColocate, 64);
  EXPECT_EQ(BoundOf(made), 164);
  EXPECT_EQ(made.vanished, std::vector<int>{2});
  EXPECT_EQ(made.lowered.problem.ids, std::vector<std::string>{"2"}) << "named by the largest at the first byte";
}

TEST(Transform, GrowingPrefixesNest) {
  std::vector<OpNode> ops = {Op(0, {}, {0})};
  std::vector<std::size_t> bytes = {64};
  int whole = 0;
  for (int k = 1; k <= 5; ++k) {  // whole = [whole, f(whole)]
    const int part = static_cast<int>(bytes.size());
    const std::size_t before = bytes[static_cast<std::size_t>(whole)];
    ops.push_back(Op(2 * k, {whole}, {part}));
    ops.push_back(Op(2 * k + 1, {whole, part}, {part + 1}, {PieceAt(0, 0), PieceAt(before, 1)}));
    bytes.insert(bytes.end(), {64, before + 64});
    whole = part + 1;
  }
  ops.push_back(Op(99, {whole}, {}));
  const TransformedGraph made = Shared(Net(ops, bytes), kColocate, 64);
  EXPECT_EQ(BoundOf(made), 6 * 64);
  EXPECT_EQ(made.vanished.size(), 5u);
  EXPECT_EQ(made.lowered.problem.buffers.size(), 1u);
  EXPECT_EQ(made.lowered.problem.parts.size(), 6u) << "a staircase";
}

TEST(Transform, ChainsOfElementwiseOpsTakeOneTensor) {
  std::vector<OpNode> ops = {Op(0, {}, {0})};
  for (int i = 1; i < 100; ++i) ops.push_back(Op(i, {i - 1}, {i}, {Same()}));
  const TransformedGraph made = Shared(Net(ops, std::vector<std::size_t>(100, 50)), kInPlace);
  EXPECT_EQ(BoundOf(made), 50);
  EXPECT_EQ(made.in_place.size(), 99u);
  EXPECT_EQ(made.in_place[4].op, 5);
  EXPECT_EQ(made.in_place[4].output, 5);
  EXPECT_EQ(made.in_place[4].input, 4);
  EXPECT_TRUE(made.lowered.problem.parts.empty());
}

TEST(Transform, StreamingKeepsItsDistance) {
  const Graph graph =
      Net({Op(0, {}, {0}), Op(1, {0}, {1}, {{AliasKind::kStreaming, 0, 0, 20}}), Op(2, {1}, {})}, {100, 90});
  const TransformedGraph made = Shared(graph, kInPlace);
  EXPECT_EQ(BoundOf(made), 120);
  EXPECT_EQ(made.lowered.bindings[0].delta - made.lowered.bindings[1].delta, 20);
  EXPECT_EQ(BoundOf(graph, kInPlace, 64), 164) << "the distance is rounded up to the alignment";
}

TEST(Transform, ReadsFirstMayTakeMoreOrLess) {
  const auto net = [](std::size_t out) {
    return Net({Op(0, {}, {0}), Op(1, {0}, {1}, {{AliasKind::kReadsFirst, 0, 0, 0}}), Op(2, {1}, {})}, {100, out});
  };
  EXPECT_EQ(BoundOf(net(30), kInPlace), 100);
  EXPECT_EQ(BoundOf(net(130), kInPlace), 130);
}

TEST(Transform, PicksTheClaimsThatSaveMost) {
  // Output 0 may lie on either input, output 1 on the second only.
  const Graph graph =
      Net({Op(0, {}, {0, 1}), Op(1, {0, 1}, {2, 3}, {Same(0, 1), Same(0, 0), Same(1, 1)}), Op(2, {2, 3}, {})},
          {50, 50, 50, 50});
  const TransformedGraph made = Shared(graph, kInPlace);
  EXPECT_EQ(BoundOf(made), 100);
  EXPECT_EQ(made.in_place.size(), 2u);
}

// ---- The traps ----

TEST(SharingTraps, ASmallerOutputIsNotSameIndex) {  // 1
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"alias"}, [] {
    Net({Op(0, {}, {0}), Op(1, {0}, {1}, {Same()}), Op(2, {1}, {})}, {100, 50});
  }));
}

TEST(SharingTraps, EverySlotOfAnOperandMustAllowIt) {  // 2
  const auto net = [](std::vector<Alias> aliases) {
    return Net({Op(0, {}, {0}), Op(1, {0, 0}, {1}, std::move(aliases)), Op(2, {1}, {})}, {50, 50});
  };
  EXPECT_EQ(BoundOf(net({Same(0, 0), Same(0, 1)}), kInPlace), 50) << "x + x";
  EXPECT_EQ(BoundOf(net({Same(0, 0)}), kInPlace), 100) << "matmul(x, x), or one broadcast";
}

TEST(SharingTraps, AViewOfTheOperandIsAnOperandToo) {  // 2
  const auto net = [](std::vector<Alias> aliases, std::size_t begin) {
    return Net(
        {Op(0, {}, {0}), Op(1, {0}, {1}, {View(0, 0, begin)}), Op(2, {0, 1}, {2}, std::move(aliases)), Op(3, {2}, {})},
        {50, 50 - begin, 50});
  };
  EXPECT_EQ(BoundOf(net({Same(0, 0)}, 10), kAll), 100);
  EXPECT_EQ(BoundOf(net({Same(0, 0), {AliasKind::kStreaming, 0, 1, 20}}, 10), kAll), 100) << "10 behind, not 20";
  EXPECT_EQ(BoundOf(net({Same(0, 0), {AliasKind::kStreaming, 0, 1, 5}}, 10), kAll), 50);
  EXPECT_EQ(BoundOf(net({Same(0, 0), Same(0, 1)}, 0), kAll), 50);
}

TEST(SharingTraps, AReaderThroughAnotherViewKeepsTheRoot) {  // 3
  // 1 and 2 are views of 0; the op in place on 1 would clobber 2, which is read later.
  const Graph graph = Net({Op(0, {}, {0}), Op(1, {0}, {1}, {View(0, 0)}), Op(2, {0}, {2}, {View(0, 0, 10)}),
                           Op(3, {1}, {3}, {Same()}), Op(4, {2, 3}, {})},
                          {50, 50, 40, 50});
  const TransformedGraph made = Shared(graph, kAll);
  EXPECT_TRUE(made.in_place.empty());
  EXPECT_EQ(BoundOf(made), 100);
}

TEST(SharingTraps, AnotherOutputMayStillReadTheOperand) {  // 4
  // Both results could lie on the operand by themselves; only one does.
  const Graph graph =
      Net({Op(0, {}, {0}), Op(1, {0}, {1, 2}, {Same(0, 0), Same(1, 0)}), Op(2, {1, 2}, {})}, {50, 50, 50});
  const TransformedGraph made = Shared(graph, kInPlace);
  EXPECT_EQ(made.in_place.size(), 1u);
  EXPECT_EQ(BoundOf(made), 100);
}

TEST(SharingTraps, WhatTheGraphDoesNotDeclareIsNotDone) {  // 5
  OpNode softmax = Op(1, {0}, {1});
  softmax.type = "Softmax";
  OpNode reshape = Op(2, {1}, {2});
  reshape.type = "Reshape";
  const Graph graph = Net({Op(0, {}, {0}), softmax, reshape, Op(3, {2}, {})}, {50, 50, 50});
  EXPECT_EQ(BoundOf(graph, kAll), 100);
}

TEST(SharingTraps, InputsStatesAndOutputsKeepTheirBytes) {  // 6
  for (const unsigned role : {TensorRole::kInput, TensorRole::kState}) {
    const Graph graph = Net({Op(1, {0}, {1}, {Same()}), Op(2, {1}, {})}, {50, 50}, {role});
    EXPECT_EQ(BoundOf(graph, kAll), 100);
    const Graph through =
        Net({Op(0, {0}, {1}, {View(0, 0)}), Op(1, {1}, {2}, {Same()}), Op(2, {2}, {})}, {50, 50, 50}, {role});
    const TransformedGraph made = Shared(through, kAll);
    EXPECT_NE(made.lowered.bindings[2].buffer, made.lowered.bindings[0].buffer) << "through a view neither";
  }
  // Read by the last op, and by the caller after it.
  const Graph kept =
      Net({Op(0, {}, {0}), Op(1, {0}, {1}, {Same()})}, {50, 50}, {TensorRole::kOutput, TensorRole::kOutput});
  EXPECT_EQ(BoundOf(kept, kAll), 100);
}

TEST(SharingTraps, AViewOfAStateIsACopyAsStatesChange) {  // 6
  const Graph graph =
      Net({Op(0, {0}, {1}, {View(0, 0)}), Op(1, {0}, {}), Op(2, {1}, {})}, {50, 50}, {TensorRole::kState});
  const TransformedGraph made = Shared(graph, kViews);
  EXPECT_TRUE(made.vanished.empty());
  EXPECT_EQ(BoundOf(made), 100);
}

TEST(SharingTraps, AMisalignedPartKeepsTheCopy) {  // 8
  const Graph graph =
      Net({Op(0, {}, {0}), Op(1, {}, {1}), Op(2, {0, 1}, {2}, {PieceAt(0, 0), PieceAt(50, 1)}), Op(3, {2}, {})},
          {50, 50, 100});
  EXPECT_EQ(Shared(graph, kColocate, 1).vanished.size(), 1u);
  EXPECT_EQ(Shared(graph, kColocate, 64).vanished.size(), 0u);
  const Graph view = Net({Op(0, {}, {0}), Op(1, {0}, {1}, {View(0, 0, 50)}), Op(2, {1}, {})}, {100, 50});
  EXPECT_EQ(Shared(view, kViews, 2).vanished.size(), 1u);
  EXPECT_EQ(Shared(view, kViews, 4).vanished.size(), 0u);
}

TEST(SharingTraps, ATensorIsPartOfOneWholeOnly) {  // 8
  const Graph graph = Net({Op(0, {}, {0}), Op(1, {}, {1}), Op(2, {0, 1}, {2}, {PieceAt(0, 0), PieceAt(50, 1)}),
                           Op(3, {1, 0}, {3}, {PieceAt(0, 0), PieceAt(50, 1)}), Op(4, {2, 3}, {})},
                          {50, 50, 100, 100});
  EXPECT_EQ(Shared(graph, kColocate).vanished, std::vector<int>{2});
  const Graph twice =
      Net({Op(0, {}, {0}), Op(2, {0, 0}, {1}, {PieceAt(0, 0), PieceAt(50, 1)}), Op(4, {1}, {})}, {50, 100});
  EXPECT_TRUE(Shared(twice, kColocate).vanished.empty());
}

TEST(SharingTraps, InputsAndConstantsAreNoParts) {  // 8
  const Graph given = Net({Op(0, {}, {0}), Op(1, {0, 1}, {2}, {PieceAt(0, 0), PieceAt(50, 1)}), Op(2, {2}, {})},
                          {50, 50, 100}, {0, TensorRole::kInput});
  EXPECT_TRUE(Shared(given, kColocate).vanished.empty());
  const Graph constant = Net({Op(0, {}, {0}), Op(1, {0}, {1}, {PieceAt(0, 0)}), Op(2, {1}, {})}, {50, 100});
  EXPECT_TRUE(Shared(constant, kColocate).vanished.empty()) << "the other 50 bytes are nobody's";
}

TEST(SharingTraps, APartIsNotOverwrittenWhileTheWholeLives) {  // 8
  const Graph graph = Net({Op(0, {}, {0}), Op(1, {}, {1}), Op(2, {0, 1}, {2}, {PieceAt(0, 0), PieceAt(50, 1)}),
                           Op(3, {0}, {3}, {Same()}), Op(4, {2, 3}, {})},
                          {50, 50, 100, 50});
  const TransformedGraph made = Shared(graph, kAll);
  EXPECT_EQ(made.vanished, std::vector<int>{2});
  EXPECT_TRUE(made.in_place.empty());
}

TEST(SharingTraps, AWholeIsAStaircaseAndNotItsBoundingBox) {  // 9
  // Where the second part will be, op 1 has its workspace.
  OpNode scratchy = Op(1, {}, {1});
  scratchy.workspace_bytes = 100;
  const Graph graph = Net(
      {Op(0, {}, {0}), scratchy, Op(2, {1}, {2}), Op(3, {0, 2}, {3}, {PieceAt(0, 0), PieceAt(50, 1)}), Op(4, {3}, {})},
      {50, 100, 100, 150});
  const TransformedGraph made = Shared(graph, kColocate);
  EXPECT_EQ(made.vanished.size(), 1u);
  EXPECT_EQ(BoundOf(made), 250) << "a box would make it 350 at op 1";
  ASSERT_EQ(made.lowered.problem.parts.size(), 2u);
  EXPECT_EQ(made.lowered.problem.parts[1].lower, 2) << "the second part from its own birth";
  EXPECT_EQ(ReusePlanner().Run(made.lowered.problem).peak_bytes, 250);
}

TEST(SharingTraps, WhatVanishedIsRecorded) {  // 10
  OpNode effects = Op(1, {0}, {1}, {View(0, 0)});
  effects.has_effects = true;
  const Graph graph = Net({Op(0, {}, {0}), effects, Op(2, {1}, {2}, {View(0, 0)}), Op(3, {2}, {})}, {50, 50, 50});
  const TransformedGraph made = Shared(graph, kViews);
  EXPECT_EQ(made.vanished, std::vector<int>{2}) << "op 1 has something else to do";
  EXPECT_EQ(made.graph.ops().size(), 4u) << "it keeps its step";
  EXPECT_EQ(BoundOf(made), 50);
}

// ---- The order ----

std::int64_t LiveBytes(Problem problem) {
  for (Buffer& buffer : problem.buffers) buffer.alignment = 1;
  return LowerBound(problem).lower_bound_bytes;
}

// Of the given order, without claims: at each op what is there before, what it makes, and its workspace.
std::int64_t PeakOf(const OrderModel& model) {
  std::int64_t peak = 0;
  for (int op = 0; op < static_cast<int>(model.before.size()); ++op) {
    std::int64_t live = model.workspace[static_cast<std::size_t>(op)];
    for (const OrderBuffer& buffer : model.buffers) {
      const int last =
          buffer.users.empty() ? std::max(buffer.producer, 0) : std::max(buffer.users.back(), buffer.producer);
      if (buffer.producer <= op && (buffer.kept || op <= last)) live += buffer.bytes;
    }
    peak = std::max(peak, live);
  }
  return peak;
}

TEST(Transform, TheSearchForAnOrderSeesTheBytesOfThePlan) {
  int lower = 0, proven = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    tests::Random random(seed);
    const Graph graph = tests::SharingGraphMaker(random).Make(static_cast<int>(random.Between(1, 14)));
    std::vector<int> walk(graph.ops().size());
    std::iota(walk.begin(), walk.end(), 0);
    Colocations bodies(graph, 1);
    const std::vector<char> all(graph.ops().size(), 0);
    BindViews(graph, walk, all, bodies);
    BindPieces(graph, walk, all, bodies);
    const Lowered lowered = MakeColocatedProblem(graph, GraphLiveness(graph), 1, bodies.Places(), {}, {});
    EXPECT_EQ(PeakOf(MakeOrderModel(graph, bodies, false)), LiveBytes(lowered.problem));

    for (const bool in_place : {false, true}) {
      Transforms on{true, true, in_place, false};
      const TransformedGraph given = Transform(graph, on);
      on.reorder = true;
      const TransformedGraph moved = Transform(graph, on);
      const auto fault = tests::CheckSharing(moved);
      EXPECT_FALSE(fault) << fault->message;
      EXPECT_LE(BoundOf(moved), BoundOf(given));
      EXPECT_LE(moved.order_bound_bytes, LiveBytes(moved.lowered.problem));
      EXPECT_EQ(moved.order_proven, moved.order_bound_bytes == LiveBytes(moved.lowered.problem));
      lower += BoundOf(moved) < BoundOf(given) ? 1 : 0;
      proven += moved.order_proven ? 1 : 0;
    }
  }
  EXPECT_GT(lower, 100);
  EXPECT_GT(proven, 500);
}

TEST(Transform, RunsTheBranchThatShrinksFirst) {
  // Two branches that grow and shrink again, interleaved as given.
  const Graph graph =
      Net({Op(0, {}, {0}), Op(1, {0}, {1}), Op(2, {0}, {2}), Op(3, {1}, {3}), Op(4, {2}, {4}), Op(5, {3, 4}, {})},
          {10, 100, 100, 10, 10});
  const TransformedGraph made = Shared(graph, {false, false, false, true});
  EXPECT_EQ(made.stages[0].bound_bytes, 210);
  EXPECT_EQ(BoundOf(made), 120);
  EXPECT_EQ(made.stages[1].name, "reorder");
  EXPECT_EQ(made.order_bound_bytes, 120);
  EXPECT_TRUE(made.order_proven);
}

TEST(Transform, SharesOnlyWithinTheSamePools) {
  std::vector<TensorDesc> tensors = {{0, 50}, {1, 50}};
  tensors[0].spaces = {"fast"};
  const Graph graph({Op(0, {}, {0}), Op(1, {0}, {1}, {View(0, 0), Same()}), Op(2, {1}, {})}, tensors);
  const TransformedGraph made = Transform(graph, kAll, 1, nullptr, {{"fast"}, {"slow"}});
  EXPECT_TRUE(made.vanished.empty() && made.in_place.empty());
}

TEST(Transform, LongChainsAndManyPartsAreNoTrouble) {
  constexpr int kCount = 30000;
  std::vector<OpNode> ops = {Op(0, {}, {0})};
  for (int i = 1; i < kCount; ++i) ops.push_back(Op(i, {i - 1}, {i}, {i % 2 == 0 ? Same() : View(0, 0)}));
  const TransformedGraph made = Transform(Net(ops, std::vector<std::size_t>(kCount, 50)), kAll);
  EXPECT_EQ(BoundOf(made), 50);
  EXPECT_EQ(made.lowered.problem.buffers.size(), 1u);
  EXPECT_EQ(made.vanished.size(), kCount / 2);

  OpNode concat = Op(kCount, {}, {kCount});
  ops.clear();
  std::vector<std::size_t> bytes(kCount, 8);
  for (int i = 0; i < kCount; ++i) {
    ops.push_back(Op(i, {}, {i}));
    concat.inputs.push_back(i);
    concat.aliases.push_back(PieceAt(static_cast<std::size_t>(i) * 8, i));
  }
  ops.push_back(concat);
  bytes.push_back(std::size_t{kCount} * 8);
  const TransformedGraph whole = Transform(Net(ops, bytes), kAll);
  EXPECT_EQ(BoundOf(whole), kCount * 8);
  EXPECT_EQ(whole.lowered.problem.parts.size(), std::size_t{kCount});
}

}  // namespace
}  // namespace orionrt::transform_test
