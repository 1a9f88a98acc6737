// Which buffers spill in fractions: the flow against trying every amount of every buffer, and against LEMON's network
// simplex where that is installed.
#include "plan/spaces/min_cost_flow.hpp"

#include <gtest/gtest.h>

#include "base/index.hpp"
#ifdef ORIONRT_TESTS_LEMON
#include <lemon/list_graph.h>
#include <lemon/network_simplex.h>
#endif

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "sanitized.hpp"
#include "seeded_problem.hpp"

namespace orionrt::min_cost_flow_test {
namespace {

using tests::Random;

#ifdef ORIONRT_TESTS_LEMON
constexpr bool kLemon = true;
#else
constexpr bool kLemon = false;
#endif

// The program of the header, in rows (overloaded sections) and columns (buffers that may spill).
struct Program {
  struct Column {
    int buffer;
    int from, to;        // rows [from, to)
    std::int64_t bytes;  // that count
    std::int64_t cost;   // per byte
  };
  std::vector<int> sections;
  std::vector<std::int64_t> excess;  // per row
  std::vector<Column> columns;
};

// The sections that are over the limit; of more than that many, the worst of each of as many stretches of them.
void FindRows(const std::vector<std::int64_t>& loads, std::int64_t limit, Program& program) {
  std::vector<int> over;
  for (int s = 0; s < static_cast<int>(loads.size()); ++s) {
    if (loads[At(s)] > limit) over.push_back(s);
  }
  const std::size_t rows = std::min(over.size(), std::size_t{ExcessFlow::kMostRows});
  for (std::size_t k = 0; k < rows; ++k) {
    int worst = over[k * over.size() / rows];
    for (std::size_t i = k * over.size() / rows; i < (k + 1) * over.size() / rows; ++i) {
      if (loads[At(over[i])] > loads[At(worst)]) worst = over[i];
    }
    program.sections.push_back(worst);
    program.excess.push_back(loads[At(worst)] - limit);
  }
}

// The least sum of some of `sizes` that is not less; of all sums.
std::int64_t LeastSumFrom(const std::vector<std::int64_t>& sizes, std::int64_t least) {
  std::int64_t best = INT64_MAX;
  for (std::uint64_t some = 0; some < std::uint64_t{1} << sizes.size(); ++some) {
    std::int64_t sum = 0;
    for (std::size_t k = 0; k < sizes.size(); ++k) sum += (some >> k & 1) != 0 ? sizes[k] : 0;
    if (sum >= least) best = std::min(best, sum);
  }
  return best == INT64_MAX ? least : best;
}

Program ProgramOf(const Loads& loads, const std::vector<Resident>& residents, const std::vector<Fate>& fates,
                  bool raise) {
  Program program;
  std::vector<std::int64_t> sums(At(loads.shapes.sections()), 0);
  for (int j = 0; j < static_cast<int>(fates.size()); ++j) {
    for (const Rectangle* r = loads.shapes.begin(j); r != loads.shapes.end(j) && fates[At(j)] != Fate::kSpills; ++r) {
      for (int s = r->span.first; s < r->span.last; ++s) sums[At(s)] += r->end - r->begin;
    }
  }
  FindRows(sums, loads.limit, program);
  for (int j = 0; j < static_cast<int>(fates.size()); ++j) {
    Program::Column column = {j, 0, 0, loads.bytes[At(j)], 0};
    for (const int s : program.sections) {
      column.from += s < loads.shapes.extents[At(j)].first ? 1 : 0;
      column.to += s < loads.shapes.extents[At(j)].last ? 1 : 0;
    }
    if (fates[At(j)] == Fate::kOpen && column.bytes > 0 && column.from < column.to) program.columns.push_back(column);
  }
  for (std::size_t k = 0; k < program.excess.size() && raise; ++k) {
    std::vector<std::int64_t> sizes;
    for (const Program::Column& c : program.columns) {
      if (At(c.from) <= k && k < At(c.to)) sizes.push_back(c.bytes);
    }
    program.excess[k] = LeastSumFrom(sizes, program.excess[k]);
  }
  for (Program::Column& c : program.columns) {
    c.bytes = std::min(c.bytes, *std::max_element(program.excess.begin() + c.from, program.excess.begin() + c.to));
    c.cost = residents[At(c.buffer)].cost * ExcessFlow::kScale / c.bytes;
  }
  return program;
}

// All amounts of all columns; -1 where even all bytes are not enough.
std::int64_t LeastCost(const Program& program) {
  std::int64_t best = -1;
  std::vector<std::int64_t> left = program.excess;
  std::function<void(std::size_t, std::int64_t)> visit = [&](std::size_t k, std::int64_t cost) {
    if (best >= 0 && cost >= best) return;
    if (k == program.columns.size()) {
      if (std::all_of(left.begin(), left.end(), [](std::int64_t bytes) { return bytes <= 0; })) best = cost;
      return;
    }
    const Program::Column& c = program.columns[k];
    for (std::int64_t bytes = 0; bytes <= c.bytes; ++bytes) {
      visit(k + 1, cost + bytes * c.cost);
      for (int row = c.from; row < c.to; ++row) left[At(row)] -= 1;
    }
    for (int row = c.from; row < c.to; ++row) left[At(row)] += c.bytes + 1;
  };
  visit(0, 0);
  return best;
}

// What prices of rows prove: by weak duality no solution costs less, so equality makes both the best.
std::int64_t ProvenBy(const ExcessFlow& flow, const Program& program) {
  std::int64_t proven = 0;
  for (int k = 0; k < static_cast<int>(program.excess.size()); ++k) {
    EXPECT_GE(flow.Price({k, k + 1}), 0);
    proven += program.excess[At(k)] * flow.Price({k, k + 1});
  }
  for (const Program::Column& c : program.columns) {
    proven -= c.bytes * std::max<std::int64_t>(0, flow.Price({c.from, c.to}) - c.cost);
  }
  return proven;
}

// What spills as a whole, and what is torn, is as the prices say; if nobody is torn, they are a solution.
void ExpectSplit(const ExcessFlow& flow, const Program& program, const std::vector<Resident>& residents,
                 std::int64_t least) {
  std::vector<int> spilled;
  const int torn = flow.Split(residents, &spilled);
  std::vector<std::int64_t> left = program.excess;
  std::int64_t cost = 0;
  for (const Program::Column& c : program.columns) {
    const auto named = std::count(spilled.begin(), spilled.end(), c.buffer);
    ASSERT_LE(named, 1);
    const std::int64_t price = flow.Price({c.from, c.to});
    ASSERT_TRUE(named == 1 || price <= c.cost) << "it would pay to take all of it";
    ASSERT_TRUE(c.buffer != torn || price == c.cost);
    if (named == 0) continue;
    ASSERT_NE(c.buffer, torn);
    ASSERT_GE(price, c.cost);
    cost += c.bytes * c.cost;
    for (int row = c.from; row < c.to; ++row) left[At(row)] -= c.bytes;
  }
  if (torn >= 0) return;
  ASSERT_EQ(cost, least);
  for (const std::int64_t bytes : left) ASSERT_LE(bytes, 0);
}

struct Question {
  Problem problem;
  std::vector<Resident> residents;
  std::vector<Fate> fates;
};

Question SomeQuestion(int count, const tests::Menu& menu, std::int64_t dearest, Random& random) {
  Question question;
  question.problem = tests::SeededProblem(random, count, menu);
  for (std::size_t j = 0; j < question.problem.buffers.size(); ++j) {
    question.residents.push_back({random.Below(dearest + 1), random.OneIn(6)});
    question.fates.push_back(question.residents[j].pinned ? Fate::kStays
                             : random.OneIn(8)            ? Fate::kSpills
                                                          : Fate::kOpen);
  }
  return question;
}

TEST(Loads, AreInUnitsOfTheCommonAlignment) {
  for (int seed = 0; seed < tests::Seeds(400); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(static_cast<std::uint64_t>(seed));
    tests::Menu menu;
    menu.steps = 6;
    menu.largest = 20;
    menu.zero_sizes = menu.parts = random.OneIn(3);
    Question question = SomeQuestion(static_cast<int>(random.Below(7)), menu, 5, random);
    Problem& problem = question.problem;
    const std::int64_t common = std::int64_t{1} << random.Below(4);
    for (Buffer& b : problem.buffers) b.alignment = common << random.Below(2);
    std::int64_t unit = INT64_MAX;
    for (const Buffer& b : problem.buffers) unit = b.size > 0 ? std::min(unit, b.alignment) : unit;
    if (!problem.parts.empty() || unit == INT64_MAX) unit = 1;
    const std::int64_t capacity = random.OneIn(5) ? INT64_MAX : random.Below(60);
    const Loads loads(problem, capacity);
    const std::int64_t last = capacity == INT64_MAX ? 0 : capacity % unit;  // bytes of the last, broken unit
    const bool is_used = std::any_of(problem.buffers.begin(), problem.buffers.end(),
                                     [&](const Buffer& b) { return b.size % unit != 0 && b.size % unit <= last; });
    ASSERT_EQ(loads.limit, is_used ? capacity - last + unit : capacity - last);
    ASSERT_EQ(loads.whole, problem.parts.empty());
    if (capacity == INT64_MAX) unit = 1;
    std::vector<std::int64_t> sums(At(loads.shapes.sections()), 0);
    for (int j = 0; j < static_cast<int>(problem.buffers.size()); ++j) {
      const std::int64_t size = problem.buffers[At(j)].size;
      ASSERT_EQ(loads.bytes[At(j)], (size + unit - 1) / unit * unit);
      if (question.fates[At(j)] == Fate::kSpills) continue;
      for (const Part& part : tests::RectanglesOf(problem, j)) {
        for (int s = 0; s < loads.shapes.sections(); ++s) {
          const std::int64_t step = loads.shapes.steps[At(s)];
          if (part.lower > step || step >= part.upper) continue;
          sums[At(s)] += (part.end - part.begin + unit - 1) / unit * unit;
        }
      }
    }
    ASSERT_EQ(loads.PerSection(question.fates), sums) << tests::Describe(problem);
  }
}

TEST(ExcessFlow, CostsTheLeastOfAllAmounts) {
  int possible = 0, impossible = 0;
  for (int seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(static_cast<std::uint64_t>(seed));
    tests::Menu menu;
    menu.steps = static_cast<int>(random.Between(2, 10));
    menu.largest = 5;
    menu.zero_sizes = random.OneIn(3);
    menu.parts = random.OneIn(4);
    const Question question =
        SomeQuestion(static_cast<int>(random.Between(1, 7)), menu, random.OneIn(2) ? 3 : 100, random);
    const Loads loads(question.problem, random.Between(1, 12));
    const Program program = ProgramOf(loads, question.residents, question.fates, loads.whole);
    ExcessFlow flow(loads, question.residents, question.fates);
    ASSERT_EQ(flow.empty(), program.sections.empty());
    ASSERT_TRUE(flow.has_all_rows());
    for (const Span& span : loads.shapes.extents) {
      const auto before = [&](int section) {
        return std::count_if(program.sections.begin(), program.sections.end(), [&](int s) { return s < section; });
      };
      ASSERT_EQ(flow.RowsOf(span).first, before(span.first));
      ASSERT_EQ(flow.RowsOf(span).last, before(span.last));
    }
    const std::int64_t least = LeastCost(program);
    ASSERT_EQ(flow.Run(), least >= 0) << tests::Describe(question.problem);
    ++(least >= 0 ? possible : impossible);
    if (least < 0) continue;
    ASSERT_EQ(flow.Cost(), (least + ExcessFlow::kScale - 1) / ExcessFlow::kScale) << tests::Describe(question.problem);
    ASSERT_EQ(ProvenBy(flow, program), least);
    ExpectSplit(flow, program, question.residents, least);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(possible, 100);
  EXPECT_GE(impossible, 20);
}

TEST(ExcessFlow, HoldsTheHighestCosts) {
  EXPECT_EQ(ExcessFlow::CostPerByte(3, 2), ExcessFlow::kScale + ExcessFlow::kScale / 2);
  EXPECT_EQ(ExcessFlow::CostPerByte(1, 3), ExcessFlow::kScale / 3) << "rounded down: a bound stays one";
  EXPECT_EQ(ExcessFlow::CostPerByte(INT64_MAX, 1), std::int64_t{1} << 44);
  Problem problem;
  problem.buffers = {{0, 2, 1}, {0, 2, 1}, {1, 3, 1}};
  const Loads loads(problem, 1);
  ExcessFlow flow(loads, {{INT64_MAX, false}, {INT64_MAX, false}, {INT64_MAX, false}},
                  std::vector<Fate>(3, Fate::kOpen));
  ASSERT_TRUE(flow.Run());
  EXPECT_EQ(flow.Cost(), std::int64_t{2} << 20) << "two spill, and no cost per byte counts for more than 2^44";
}

#ifdef ORIONRT_TESTS_LEMON
std::int64_t LeastCostByLemon(const Program& program) {
  using Graph = lemon::ListDigraph;
  Graph graph;
  std::vector<Graph::Node> nodes;
  for (std::size_t k = 0; k <= program.excess.size(); ++k) nodes.push_back(graph.addNode());
  Graph::ArcMap<std::int64_t> capacity(graph), cost(graph);
  Graph::NodeMap<std::int64_t> supply(graph, 0);
  for (std::size_t k = 0; k < program.excess.size(); ++k) {
    supply[nodes[k]] += program.excess[k];
    supply[nodes[k + 1]] -= program.excess[k];
    const Graph::Arc back = graph.addArc(nodes[k + 1], nodes[k]);
    capacity[back] = std::int64_t{1} << 50;
    cost[back] = 0;
  }
  for (const Program::Column& c : program.columns) {
    const Graph::Arc arc = graph.addArc(nodes[At(c.from)], nodes[At(c.to)]);
    capacity[arc] = c.bytes;
    cost[arc] = c.cost;
  }
  lemon::NetworkSimplex<Graph, std::int64_t, std::int64_t> simplex(graph);
  simplex.upperMap(capacity).costMap(cost).supplyMap(supply);
  return simplex.run() == simplex.OPTIMAL ? simplex.totalCost() : -1;
}
#else
std::int64_t LeastCostByLemon(const Program&) { return -1; }
#endif

// Many sections, and in some of the problems more than have a row each. A part keeps excesses from being raised.
TEST(ExcessFlow, CostsWhatANetworkSimplexSays) {
  if (!kLemon) GTEST_SKIP() << "LEMON is not installed (Debian: liblemon-dev)";
  int in_stretches = 0;
  for (int seed = 0; seed < tests::Seeds(40); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(static_cast<std::uint64_t>(seed));
    const bool many = seed % 5 == 0;
    tests::Menu menu;
    menu.steps = many ? 2000 : static_cast<int>(random.Between(20, 200));
    menu.largest = 1000;
    Question question = SomeQuestion(many ? 1500 : static_cast<int>(random.Between(10, 200)), menu, 100'000, random);
    Problem& problem = question.problem;
    problem.parts = {{0, problem.buffers[0].lower, problem.buffers[0].upper, 0, problem.buffers[0].size}};
    std::fill(question.fates.begin(), question.fates.end(), Fate::kOpen);
    std::int64_t sum = 0;
    for (const Buffer& b : problem.buffers) sum += b.size;
    const Loads loads(problem, many ? sum / 40 : sum / random.Between(3, 12));
    const Program program = ProgramOf(loads, question.residents, question.fates, false);
    ExcessFlow flow(loads, question.residents, question.fates);
    in_stretches += flow.has_all_rows() ? 0 : 1;
    ASSERT_TRUE(flow.Run());
    const std::int64_t least = LeastCostByLemon(program);
    ASSERT_EQ(flow.Cost(), (least + ExcessFlow::kScale - 1) / ExcessFlow::kScale);
    ASSERT_EQ(ProvenBy(flow, program), least);
    ExpectSplit(flow, program, question.residents, least);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(in_stretches, tests::Seeds(4));
}

}  // namespace
}  // namespace orionrt::min_cost_flow_test
