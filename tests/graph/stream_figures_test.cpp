#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "orionrt/config.hpp"
#include "orionrt/plan.hpp"
#include "orionrt/planner.hpp"
#include "orionrt/streams.hpp"
#include "random_graph.hpp"

namespace orionrt::stream_figures_test {
namespace {

const PlanOptions kFast = {Effort::kFast};

// Sizes up to `largest`, ops on up to `streams` streams, with the waits that data needs and a few more.
Graph RandomStreamGraph(tests::Random& random, int ops, int streams, int largest) {
  tests::RandomGraph raw = tests::MakeRandomGraph(random, ops, false);
  for (TensorDesc& tensor : raw.tensors) {
    tensor.bytes = std::min<std::size_t>(tensor.bytes, static_cast<std::size_t>(random.Between(1, largest)));
    tensor.alignment = 0;
    if ((tensor.roles & TensorRole::kState) != 0) tensor.roles = TensorRole::kInput;
  }
  for (std::size_t i = 0; i < raw.ops.size(); ++i) {
    OpNode& op = raw.ops[i];
    op.stream = static_cast<int>(random.Below(streams));
    if (random.OneIn(6)) op.workspace_bytes = static_cast<std::size_t>(random.Between(1, largest));
    if (i > 0 && random.OneIn(3)) op.waits.push_back(raw.ops[static_cast<std::size_t>(random.Below(i))].id);
    op.waits.erase(std::remove(op.waits.begin(), op.waits.end(), op.id), op.waits.end());
  }
  ImplyWaits(raw.ops, raw.tensors);
  return Graph(InRunningOrder(raw.ops), raw.tensors);
}

// Which ops happen before which, from program order and waits, found anew.
std::vector<std::vector<bool>> Reach(const Graph& graph) {
  const auto& ops = graph.ops();
  std::vector<std::vector<bool>> before(ops.size(), std::vector<bool>(ops.size(), false));
  for (std::size_t i = 0; i < ops.size(); ++i) {
    const auto follows = [&](std::size_t other) {
      for (std::size_t k = 0; k < ops.size(); ++k) before[i][k] = before[i][k] || before[other][k];
      before[i][other] = true;
    };
    for (std::size_t k = 0; k < i; ++k) {
      const bool waits = std::find(ops[i].waits.begin(), ops[i].waits.end(), ops[k].id) != ops[i].waits.end();
      if (waits || ops[k].stream == ops[i].stream) follows(k);
    }
  }
  return before;
}

// One that takes bytes: a tensor by its id, or the workspace of an op as -1 - its position.
struct Taker {
  int key = 0;
  int writer = -1;
  bool kept = false;
  std::set<int> uses;
  Place place;
};

std::vector<Taker> TakersOf(const Graph& graph, const Assignment& assignment) {
  std::vector<Taker> takers;
  for (const TensorDesc& tensor : graph.tensors()) {
    Taker taker;
    taker.key = tensor.id;
    taker.kept = (tensor.roles & (TensorRole::kOutput | TensorRole::kState)) != 0;
    for (int i = 0; i < static_cast<int>(graph.ops().size()); ++i) {
      const OpNode& op = graph.ops()[static_cast<std::size_t>(i)];
      const bool writes = std::count(op.outputs.begin(), op.outputs.end(), tensor.id) > 0;
      if (writes) taker.writer = i;
      if (writes || std::count(op.inputs.begin(), op.inputs.end(), tensor.id) > 0) taker.uses.insert(i);
    }
    taker.place = *FindPlace(assignment.tensors, tensor.id);
    takers.push_back(taker);
  }
  for (int i = 0; i < static_cast<int>(graph.ops().size()); ++i) {
    const OpNode& op = graph.ops()[static_cast<std::size_t>(i)];
    if (op.workspace_bytes > 0) {
      takers.push_back({-1 - i, i, false, {i}, *FindPlace(assignment.workspaces, op.id)});
    }
  }
  return takers;
}

using Pairs = std::map<std::pair<int, int>, std::int64_t>;  // keys -> bytes

// Byte by byte, and pair by pair.
Pairs SlowHandOvers(const Graph& graph, const Assignment& assignment) {
  const std::vector<std::vector<bool>> before = Reach(graph);
  const std::vector<Taker> takers = TakersOf(graph, assignment);
  const auto is_over = [&](const Taker& a, const Taker& b) {
    return !a.kept && b.writer >= 0 &&
           std::all_of(a.uses.begin(), a.uses.end(), [&](int use) { return before[b.writer][use]; });
  };
  const auto across = [&](const Taker& a, const Taker& b) {
    return std::any_of(a.uses.begin(), a.uses.end(), [&](int use) {
      const bool last = std::none_of(a.uses.begin(), a.uses.end(), [&](int other) { return before[other][use]; });
      return last && graph.ops()[use].stream != graph.ops()[b.writer].stream;
    });
  };
  Pairs pairs;
  for (std::int64_t byte = 0; byte < assignment.spaces[0].required_bytes; ++byte) {
    std::vector<const Taker*> here;
    for (const Taker& taker : takers) {
      if (taker.place.offset <= byte && byte < taker.place.offset + taker.place.bytes) here.push_back(&taker);
    }
    for (const Taker* a : here) {
      for (const Taker* b : here) {
        if (a == b || !is_over(*a, *b) || !across(*a, *b)) continue;
        const bool between = std::any_of(here.begin(), here.end(), [&](const Taker* c) {
          return c != a && c != b && is_over(*a, *c) && is_over(*c, *b);
        });
        if (!between) ++pairs[{a->key, b->key}];
      }
    }
  }
  return pairs;
}

int PositionOf(const Graph& graph, int op_id) {
  for (int i = 0; i < static_cast<int>(graph.ops().size()); ++i) {
    if (graph.ops()[static_cast<std::size_t>(i)].id == op_id) return i;
  }
  return -1;
}

// The pairs that were found; each wait is one of the graph, and does order its hand-over.
Pairs PairsOf(const Graph& graph, const std::vector<HandOver>& found) {
  const std::vector<std::vector<bool>> before = Reach(graph);
  Pairs pairs;
  for (const HandOver& it : found) {
    const int writer = PositionOf(graph, it.op);
    EXPECT_FALSE(it.waits.empty());
    EXPECT_EQ(graph.ops()[writer].stream, it.stream);
    for (const HandOverWait& wait : it.waits) {
      const int waits = PositionOf(graph, wait.op), other = PositionOf(graph, wait.waits_for);
      const int use = PositionOf(graph, wait.last_use);
      const auto& list = graph.ops()[waits].waits;
      EXPECT_EQ(std::count(list.begin(), list.end(), wait.waits_for) > 0, true);
      EXPECT_TRUE(waits == writer || before[writer][waits]);
      EXPECT_TRUE(use == other || before[other][use]);
      EXPECT_EQ(graph.ops()[use].stream, wait.stream);
      EXPECT_NE(wait.stream, it.stream);
      EXPECT_EQ(graph.ops()[waits].stream, it.stream);
    }
    const int from = it.from != kNoTensor ? it.from : -1 - PositionOf(graph, it.waits[0].last_use);
    pairs[{from, it.to != kNoTensor ? it.to : -1 - writer}] += it.bytes;
  }
  return pairs;
}

TEST(HandOvers, AreWhatLiesDirectlyOverAnother) {
  tests::Random random(7);
  int some = 0;
  for (int run = 0; run < 120; ++run) {
    const Graph graph = RandomStreamGraph(random, 4 + static_cast<int>(random.Below(24)), 2 + run % 3, 30);
    if (graph.streams() == nullptr) continue;
    const Workload workload = Lower(graph, {}, {});
    const ReusePlanner planner(run % 2 == 0 ? "auto" : "first_fit");
    const Assignment made = Assign(workload, PlanWorkload(workload, planner, kFast));
    const std::vector<HandOver> found = FindHandOvers(graph, made);
    EXPECT_EQ(PairsOf(graph, found), SlowHandOvers(graph, made)) << "run " << run;
    some += !found.empty();
  }
  EXPECT_GT(some, 40);
}

TEST(HandOvers, AreNoneWhereStreamsKeepTheirBytes) {
  tests::Random random(8);
  for (int run = 0; run < 60; ++run) {
    const Graph graph = RandomStreamGraph(random, 4 + static_cast<int>(random.Below(40)), 2 + run % 3, 300);
    if (graph.streams() == nullptr) continue;
    const Workload workload = Lower(graph, {}, {});
    const PlannedWorkload planned = PlanWithoutHandOvers(workload, ReusePlanner(), kFast);
    const auto fault = Validate(workload.problem, planned.plan);
    EXPECT_FALSE(fault.has_value()) << fault->message;
    EXPECT_TRUE(FindHandOvers(graph, Assign(workload, planned)).empty());
    EXPECT_EQ(planned.plan.certificate.lower_bound_bytes, LowerBound(workload.problem).lower_bound_bytes);
    EXPECT_FALSE(CheckAssignment(graph, Assign(workload, planned)).has_value());
  }
  Workload lifetimes;
  lifetimes.problem.buffers = {{0, 1, 8}, {0, 1, 8}};
  lifetimes.problem.clocks = {2, {0, 0, 0, 0}, {1, 0, 0, 1}, {}, {}};
  EXPECT_THROW(PlanWithoutHandOvers(lifetimes, ReusePlanner()), Error);
}

TEST(StreamFigures, AreThoseOfOneExecution) {
  tests::Random random(9);
  for (int run = 0; run < 20; ++run) {
    const Graph graph = RandomStreamGraph(random, 4 + static_cast<int>(random.Below(60)), 2 + run % 3, 3000);
    if (graph.streams() == nullptr) continue;
    const Workload workload = Lower(graph, {}, {});
    const Plan plan = ReusePlanner().Run(workload.problem, kFast);
    const Metrics m = MeasurePlan(workload.problem, plan);
    for (const std::int64_t figure : {m.padding_at_peak_bytes, m.fragmentation_at_peak_bytes, m.mean_holes_bytes,
                                      m.max_holes_bytes, m.live_at_peak_bytes}) {
      EXPECT_GE(figure, 0);
    }
    EXPECT_LE(m.max_live_bytes, plan.peak_bytes);
    EXPECT_LE(m.utilisation_ppm, 1'000'000);
    const auto figures = MeasureStreams(workload);
    ASSERT_TRUE(figures.has_value());
    EXPECT_EQ(static_cast<int>(figures->lanes.size()), workload.problem.clocks.streams);
    EXPECT_LE(figures->live_bytes, plan.certificate.lower_bound_bytes);
    EXPECT_GE(figures->live_bytes, m.max_live_bytes);
    EXPECT_GT(figures->serial_bytes, 0);
  }
}

// a writes 10; 11 and 12 on stream 0, 21 and 22 on stream 1, side by side; f reads 12 and 22.
TEST(StreamFigures, SayWhatStreamsCost) {
  const std::vector<OpNode> ops = {{10, {0}, {10}},  {11, {10}, {11}}, {12, {11}, {12}},
                                   {21, {10}, {21}}, {22, {21}, {22}}, {30, {12, 22}, {30}}};
  std::vector<OpNode> streamed = ops;
  streamed[3].stream = streamed[4].stream = 1;
  streamed[3].waits = {10};
  streamed[5].waits = {22};
  std::vector<TensorDesc> tensors = {{0, 64, 0, TensorRole::kInput}};
  for (const int id : {10, 11, 12, 21, 22, 30}) tensors.push_back({id, 640, 0, id == 30 ? TensorRole::kOutput : 0u});
  const Workload workload = Lower(Graph(streamed, tensors), {}, {});
  const auto figures = MeasureStreams(workload);
  ASSERT_TRUE(figures.has_value());
  EXPECT_EQ(figures->lanes, (std::vector<std::vector<int>>{{0}, {1}}));
  EXPECT_EQ(figures->serial_bytes, 3 * 640) << "10, 11, 12, then 10, 12, 21";
  const Workload serial = Lower(Graph(ops, tensors), {}, {});
  EXPECT_EQ(figures->serial_bytes, ReusePlanner().Run(serial.problem).peak_bytes);
  EXPECT_FALSE(MeasureStreams(serial).has_value());
  EXPECT_GE(figures->lanes_bytes, ReusePlanner().Run(workload.problem).certificate.lower_bound_bytes);
}

}  // namespace
}  // namespace orionrt::stream_figures_test
