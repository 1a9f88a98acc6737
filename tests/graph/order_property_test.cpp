// The search for an order against plain optima, on random graphs.
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "graph/order/find_order.hpp"
#include "graph/order/order_search.hpp"
#include "graph/order/order_subproblems.hpp"
#include "order_models.hpp"

namespace orionrt::tests::order_property_test {
namespace {

constexpr std::int64_t kNoEnd = std::numeric_limits<std::int64_t>::max() / 2;

std::vector<int> Given(const OrderModel& model) {
  std::vector<int> order(model.before.size());
  std::iota(order.begin(), order.end(), 0);
  return order;
}

void CheckResult(const OrderModel& model, const OrderResult& result) {
  ASSERT_TRUE(IsOrder(model, result.order));
  EXPECT_EQ(result.peak_bytes, PeakOf(model, result.order));
  EXPECT_LE(result.peak_bytes, PeakOf(model, Given(model)));
  EXPECT_LE(result.lower_bound_bytes, result.peak_bytes);
  EXPECT_EQ(result.proven_optimal, result.lower_bound_bytes == result.peak_bytes);
}

// Forms that differ in what may go wrong: without extras or claims the peaks are those of textbooks.
const RandomModel kForms[] = {
    {9, 4, 0, false, false, 20}, {9, 4, 0, false, true, 20}, {9, 0, 0, true, true, 20},
    {9, 0, 0, true, true, 4},    {12, 6, 0, true, true, 20}, {12, 3, 0, true, false, 4},
};

TEST(OrderProperty, FindsTheOptimumOfSmallGraphs) {
  for (const RandomModel& form : kForms) {
    for (int seed = 1; seed <= 400; ++seed) {
      SCOPED_TRACE("form of " + std::to_string(form.ops) + " ops, seed " + std::to_string(seed));
      Random random(static_cast<std::uint64_t>(seed));
      RandomModel smaller = form;
      smaller.ops = static_cast<int>(random.Between(1, form.ops));
      const OrderModel model = MakeRandomModel(smaller, random);
      const OrderResult result = FindOrder(model);
      CheckResult(model, result);
      EXPECT_EQ(result.peak_bytes, PlainOptimum(model).Find());
      EXPECT_TRUE(result.proven_optimal);
      std::int64_t steps = kNoEnd;
      const std::vector<std::int64_t> most(model.before.size(), kNoEnd);
      EXPECT_LE(UnavoidableBytes(model, most, &steps), result.peak_bytes);
    }
  }
}

// The search alone, from either end and from no bound at all.
TEST(OrderProperty, SearchesFromEitherEnd) {
  for (const RandomModel& form : kForms) {
    for (int seed = 1; seed <= 400; ++seed) {
      SCOPED_TRACE("form of " + std::to_string(form.ops) + " ops, seed " + std::to_string(seed));
      Random random(static_cast<std::uint64_t>(1000 + seed));
      RandomModel smaller = form;
      smaller.ops = static_cast<int>(random.Between(1, form.ops));
      OrderModel model = MakeRandomModel(smaller, random);
      for (OrderBuffer& buffer : model.buffers) buffer.kept |= buffer.producer < 0 && buffer.users.empty();
      const std::int64_t optimum = PlainOptimum(model).Find();
      for (const bool backwards : {false, true}) {
        const OrderSpace space(model, backwards);
        OrderSearch search(space, 0);
        ASSERT_EQ(search.Run(0, kNoEnd, kNoEnd), OrderSearch::State::kDone);
        std::vector<int> order = search.first_ops();
        if (backwards) {
          std::reverse(order.begin(), order.end());
          for (int& op : order) op = smaller.ops - 1 - op;
        }
        EXPECT_TRUE(IsOrder(model, order));
        EXPECT_EQ(search.budget(), optimum);
        EXPECT_EQ(PeakOf(model, order), optimum);
      }
    }
  }
}

// Graphs of width 8 at most with edges of some length, of several hundred ops.
TEST(OrderProperty, ProvesGraphsOfSmallWidth) {
  for (int seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(static_cast<std::uint64_t>(seed));
    const OrderModel model = MakeRandomModel({300, 16, 8, true, true, 100000}, random);
    const int width = Width(model).Find();
    EXPECT_TRUE(width >= 5 && width <= 8) << width;
    const OrderResult result = FindOrder(model);
    CheckResult(model, result);
    EXPECT_TRUE(result.proven_optimal) << result.lower_bound_bytes << " of " << result.peak_bytes;
  }
}

TEST(OrderProperty, SolvesNarrowGraphsLikePlainDynamicProgramming) {
  for (int seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(static_cast<std::uint64_t>(seed));
    const OrderModel model = MakeRandomModel({24, 6, 4, true, true, 1000}, random);
    const OrderResult result = FindOrder(model);
    CheckResult(model, result);
    EXPECT_EQ(result.peak_bytes, PlainOptimum(model).Find());
  }
}

// Trees of a thousand ops, from narrow to bushy.
TEST(OrderProperty, FindsLiusOptimumOfTrees) {
  for (const int reach : {10, 100, 1000}) {
    for (int seed = 1; seed <= 4; ++seed) {
      SCOPED_TRACE("reach " + std::to_string(reach) + ", seed " + std::to_string(seed));
      Random random(static_cast<std::uint64_t>(seed));
      const int ops = 1000;
      OrderModel model;
      model.before.resize(ops);
      model.workspace.assign(ops, 0);
      model.claims.resize(ops);
      std::vector<std::int64_t> bytes;
      for (int op = 0; op < ops; ++op) {
        bytes.push_back(random.Between(1, 1000));
        model.buffers.push_back({bytes[op], op, {}, false});
        if (op + 1 == ops) continue;
        const int reader = static_cast<int>(random.Between(op + 1, std::min(ops - 1, op + reach)));
        model.buffers[op].users = {reader};
        model.before[reader].push_back(op);
      }
      const OrderResult result = FindOrder(model);
      CheckResult(model, result);
      EXPECT_EQ(result.peak_bytes, TreeOptimum::Find(model.before, bytes));
    }
  }
}

// Same graph under other numbers: same proven peak. Twice the same: same order.
TEST(OrderProperty, DoesNotDependOnNumbering) {
  for (int seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(static_cast<std::uint64_t>(seed));
    const OrderModel model = MakeRandomModel({60, 8, 5, true, true, 1000}, random);
    const OrderResult result = FindOrder(model);
    EXPECT_EQ(result.order, FindOrder(model).order);
    std::vector<int> order;
    std::vector<char> ran(60, 0);
    while (order.size() < 60) {
      const int op = static_cast<int>(random.Below(60));
      if (!MayRun(model, ran, op)) continue;
      ran[op] = 1;
      order.push_back(op);
    }
    const OrderResult shuffled = FindOrder(SubproblemOf(model, order, 0, 60));
    EXPECT_TRUE(result.proven_optimal && shuffled.proven_optimal);
    EXPECT_EQ(result.peak_bytes, shuffled.peak_bytes);
  }
}

// A subproblem counts the bytes that its steps have in the whole.
TEST(OrderProperty, CutsSubproblemsThatCostWhatTheyDo) {
  for (int seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(static_cast<std::uint64_t>(seed));
    const OrderModel model = MakeRandomModel({20, 0, 0, true, true, 50}, random);
    const std::vector<int> order = FindOrder(model).order;
    const int first = static_cast<int>(random.Below(20));
    const int last = static_cast<int>(random.Between(first, 20));
    const OrderModel subproblem = SubproblemOf(model, order, first, last);
    std::vector<char> ran(20, 0);
    std::vector<char> ran_within(last - first, 0);
    for (int i = 0; i < last; ++i) {
      if (i >= first) {
        EXPECT_EQ(BytesAt(subproblem, ran_within, i - first), BytesAt(model, ran, order[i]));
        ran_within[i - first] = 1;
      }
      ran[order[i]] = 1;
    }
  }
}

// What is left when the steps run out is still an order, and the bound a bound.
TEST(OrderProperty, StopsWhenTheStepsRunOut) {
  for (const std::int64_t steps : {0, 1, 100, 10000}) {
    Random random(7);
    const OrderModel model = MakeRandomModel({200, 0, 0, true, true, 1000}, random);
    OrderOptions options;
    options.steps = steps;
    CheckResult(model, FindOrder(model, options));
  }
}

}  // namespace
}  // namespace orionrt::tests::order_property_test
