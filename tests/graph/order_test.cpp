// Orders of lower peak, on graphs small enough to check by hand.
#include <gtest/gtest.h>

#include <vector>

#include "graph/colocation_order.hpp"
#include "graph/order/find_order.hpp"
#include "graph/order/order_subproblems.hpp"
#include "order_models.hpp"

namespace orionrt::tests::order_test {
namespace {

OrderModel ModelOf(std::vector<OpNode> ops, std::vector<TensorDesc> tensors, bool in_place = false) {
  const Graph graph(std::move(ops), std::move(tensors));
  return MakeOrderModel(graph, Colocations(graph, 1), in_place);
}

// The counterexample to list scheduling in xla/service/hlo_memory_scheduler.cc: A feeds B, D and E; B feeds C; D and E
// feed F; C and F feed G. B and F write 2 bytes, the others 1. The sequence named there takes 6.
TEST(Order, SolvesTheGraphThatListSchedulingDoesNot) {
  const OrderModel model = ModelOf(
      {{0, {}, {0}}, {1, {0}, {3}}, {2, {0}, {4}}, {3, {3, 4}, {5}}, {4, {0}, {1}}, {5, {1}, {2}}, {6, {2, 5}, {6}}},
      {{0, 1}, {1, 2}, {2, 1}, {3, 1}, {4, 1}, {5, 2}, {6, 0}});
  EXPECT_EQ(PeakOf(model, {0, 1, 2, 4, 3, 5, 6}), 6);
  const OrderResult result = FindOrder(model);
  EXPECT_TRUE(IsOrder(model, result.order));
  EXPECT_EQ(result.peak_bytes, 5);
  EXPECT_TRUE(result.proven_optimal);
  EXPECT_EQ(PeakOf(model, result.order), 5);
}

TEST(Order, TakesEmptyAndSingleGraphs) {
  const OrderResult none = FindOrder(OrderModel{});
  EXPECT_TRUE(none.order.empty());
  EXPECT_EQ(none.peak_bytes, 0);
  EXPECT_TRUE(none.proven_optimal);
  const OrderResult one = FindOrder(ModelOf({{0, {}, {0}}}, {{0, 7}}));
  EXPECT_EQ(one.order, std::vector<int>{0});
  EXPECT_EQ(one.peak_bytes, 7);
}

TEST(Order, KeepsEffectsAndAfterInTheirPlaces) {
  std::vector<OpNode> ops = {{0, {0}, {1}}, {1, {0}, {2}}, {2, {0}, {3}}, {3, {0}, {}}, {4, {1, 2, 3}, {4}}};
  ops[0].has_effects = true;
  ops[2].after = {1};
  const std::vector<TensorDesc> tensors = {{0, 1}, {1, 9}, {2, 1}, {3, 1}, {4, 1}};
  const OrderModel model = ModelOf(ops, tensors);
  EXPECT_EQ(model.before[2], std::vector<int>{1});
  EXPECT_EQ(model.before[3], std::vector<int>{0});  // no outputs: it has effects
  EXPECT_TRUE(model.before[1].empty());
  EXPECT_TRUE(IsOrder(model, FindOrder(model).order));
}

TEST(Order, KeepsWhatUsesAStateInItsPlace) {
  std::vector<TensorDesc> tensors = {{0, 4}, {1, 1}, {2, 1}, {3, 1}};
  tensors[0].roles = TensorRole::kState;
  const OrderModel model = ModelOf({{0, {0}, {1}}, {1, {}, {2}}, {2, {0, 2}, {3}}}, tensors);
  EXPECT_EQ(model.before[2], (std::vector<int>{0, 1}));
  EXPECT_TRUE(model.buffers[0].kept);
}

// Whether the last reader runs in place depends on the order: with B last, A and B together need 8 bytes, not 12.
TEST(Order, ClaimsAnInputThatDies) {
  std::vector<OpNode> ops = {{0, {}, {0}}, {1, {0}, {1}}, {2, {0}, {2}}, {3, {1, 2}, {3}}};
  ops[1].aliases = {{AliasKind::kSameIndex, 0, 0, 0}};
  const std::vector<TensorDesc> tensors = {{0, 4}, {1, 4}, {2, 2}, {3, 0}};
  const OrderModel model = ModelOf(ops, tensors, true);
  ASSERT_EQ(model.claims[1].size(), 1u);
  EXPECT_EQ(PeakOf(model, {0, 1, 2, 3}), 10);
  const OrderResult result = FindOrder(model);
  EXPECT_EQ(result.order, (std::vector<int>{0, 2, 1, 3}));
  EXPECT_EQ(result.peak_bytes, 6);
  EXPECT_EQ(FindOrder(ModelOf(ops, tensors, false)).peak_bytes, 10);
}

TEST(Order, ClaimsOnlyWhatAnOpProducedForNobodyElse) {
  std::vector<OpNode> ops = {{0, {0}, {1}}, {1, {1}, {2}}};
  for (OpNode& op : ops) op.aliases = {{AliasKind::kReadsFirst, 0, 0, 0}};
  std::vector<TensorDesc> tensors = {{0, 4}, {1, 4}, {2, 3}};
  const OrderModel free = ModelOf(ops, tensors, true);
  EXPECT_TRUE(free.claims[0].empty());  // given from outside
  ASSERT_EQ(free.claims[1].size(), 1u);
  EXPECT_EQ(free.claims[1][0].saved_bytes, 3);
  tensors[1].roles = TensorRole::kOutput;
  EXPECT_TRUE(ModelOf(ops, tensors, true).claims[1].empty());
}

// The input lies 3 bytes behind the output: of 10 and 8 bytes, 7 fall together.
TEST(Order, CountsWhatAStreamingOpOverlaps) {
  std::vector<OpNode> ops = {{0, {}, {0}}, {1, {0}, {1}}};
  ops[1].aliases = {{AliasKind::kStreaming, 0, 0, 3}};
  const OrderModel model = ModelOf(ops, {{0, 8}, {1, 10}}, true);
  ASSERT_EQ(model.claims[1].size(), 1u);
  EXPECT_EQ(model.claims[1][0].saved_bytes, 7);
  EXPECT_EQ(FindOrder(model).peak_bytes, 11);
}

TEST(Order, CountsViewsAsTheirRoots) {
  std::vector<TensorDesc> tensors = {{0, 8}, {1, 4}, {2, 1}, {3, 1}};
  tensors[1].view_of = 0;
  const OrderModel model = ModelOf({{0, {}, {0}}, {1, {0}, {1}}, {2, {}, {2}}, {3, {1, 2}, {3}}}, tensors);
  std::int64_t bytes = 0;  // of the root's buffers, two as the view ends in its middle: the view adds none
  for (const OrderBuffer& buffer : model.buffers) {
    if (buffer.producer != 0) continue;
    bytes += buffer.bytes;
    EXPECT_EQ(buffer.users, (std::vector<int>{1, 3}));
  }
  EXPECT_EQ(bytes, 8);
  for (const OrderBuffer& buffer : model.buffers) EXPECT_NE(buffer.producer, 1) << "what makes a view writes nothing";
  EXPECT_EQ(model.before[3], (std::vector<int>{0, 1, 2}));
}

TEST(Order, FindsPlacesThatAllOrdersPass) {
  const OrderModel model = ModelOf({{0, {}, {0}}, {1, {0}, {1}}, {2, {0}, {2}}, {3, {1, 2}, {3}}, {4, {3}, {4}}},
                                   {{0, 1}, {1, 1}, {2, 1}, {3, 1}, {4, 1}});
  EXPECT_EQ(PlacesThatAllOrdersPass(OrderSpace(model, false)), (std::vector<int>{0, 1, 3, 4, 5}));
}

// Thirty branches of two ops each that join: 3^30 sets of ops that may have run.
TEST(Order, SolvesManyBranchesThatJoin) {
  std::vector<OpNode> ops = {{0, {}, {0}}};
  std::vector<TensorDesc> tensors = {{0, 5}};
  std::vector<int> ends;
  for (int i = 0; i < 60; i += 2) {
    ops.push_back({1 + i, {0}, {1 + i}});
    ops.push_back({2 + i, {1 + i}, {2 + i}});
    tensors.push_back({1 + i, static_cast<std::size_t>(100 + i)});
    tensors.push_back({2 + i, static_cast<std::size_t>(1 + i % 3)});
    ends.push_back(2 + i);
  }
  ops.push_back({61, ends, {61}});
  tensors.push_back({61, 1});
  const OrderModel model = ModelOf(ops, tensors);
  const OrderResult result = FindOrder(model);
  EXPECT_TRUE(result.proven_optimal);
  // The largest first: 5 bytes, 158 and what it leaves.
  EXPECT_LE(result.peak_bytes, 5 + 158 + 60);
  EXPECT_EQ(PeakOf(model, result.order), result.peak_bytes);
}

TEST(Order, GivesOtherOrdersToo) {
  Random random(5);
  const OrderModel model = MakeRandomModel({40, 12, 0, true, true, 100}, random);
  OrderOptions options;
  options.runners_up = 2;
  const OrderResult result = FindOrder(model, options);
  ASSERT_EQ(result.runners_up.size(), 2u);
  for (const std::vector<int>& order : result.runners_up) {
    EXPECT_TRUE(IsOrder(model, order));
    EXPECT_NE(order, result.order);
  }
  EXPECT_LE(PeakOf(model, result.runners_up[0]), PeakOf(model, result.runners_up[1]));
}

}  // namespace
}  // namespace orionrt::tests::order_test
