// Plans over several spaces: judged, compared with every assignment tried by force, and monotone in what is given.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <numeric>

#include "base/checked.hpp"
#include "generators.hpp"
#include "orionrt/lowering.hpp"
#include "orionrt/plan.hpp"
#include "orionrt/planner.hpp"
#include "refuses.hpp"

namespace orionrt::plan_spaces_test {
namespace {

using tests::Refuses;

Space MakePool(const std::string& name, std::optional<std::int64_t> capacity, std::int64_t alignment = 1,
               std::int64_t granularity = 1, std::optional<std::int64_t> largest = {},
               std::int64_t cost = kByPosition) {
  Space space;
  space.name = name;
  space.capacity = capacity;
  space.alignment = alignment;
  space.granularity = granularity;
  space.largest = largest;
  space.cost = cost;
  return space;
}

// A problem of its own per space, written without the library's help: sizes rounded, alignments raised.
Problem AsIn(const Problem& problem, const Space& space, const std::vector<int>& buffers) {
  Problem part;
  for (const int i : buffers) {
    Buffer b = problem.buffers[i];
    b.alignment = std::max(b.alignment, space.alignment);
    b.size = (b.size + space.granularity - 1) / space.granularity * space.granularity;
    part.buffers.push_back(b);
  }
  return part;
}

std::vector<int> AllowedOf(const Problem& problem, int i) {
  std::vector<int> all(problem.spaces.size());
  std::iota(all.begin(), all.end(), 0);
  const bool named = !problem.allowed_spaces.empty() && !problem.allowed_spaces[i].empty();
  if (named) all = problem.allowed_spaces[i];
  if (problem.buffers[i].fixed_offset != kFree) all.resize(1);
  return all;
}

// The least cost over all assignments, each with every packing tried; nothing when there is no plan at all.
std::optional<std::int64_t> CheapestByForce(const Problem& problem) {
  const int n = static_cast<int>(problem.buffers.size());
  std::optional<std::int64_t> best;
  std::vector<int> choice(n, 0);
  while (true) {
    std::int64_t cost = 0;
    std::vector<std::vector<int>> held(problem.spaces.size());
    bool fits = true;
    for (int i = 0; i < n; ++i) {
      const int p = AllowedOf(problem, i)[choice[i]];
      held[p].push_back(i);
      cost += SpillCost(problem, i, p);
      fits = fits && problem.buffers[i].size <= LimitOf(problem.spaces[p].largest);
    }
    if (fits && (!best || cost < *best)) {
      for (std::size_t p = 0; p < held.size() && fits; ++p) {
        if (!problem.spaces[p].capacity) continue;
        const auto peak = tests::OptimalPeak(AsIn(problem, problem.spaces[p], held[p])).Find();
        fits = peak && *peak <= problem.spaces[p].capacity;
      }
      if (fits) best = cost;
    }
    int i = 0;
    while (i < n && ++choice[i] == static_cast<int>(AllowedOf(problem, i).size())) choice[i++] = 0;
    if (i == n) return best;
  }
}

// Small enough for force: sizes to 12 bytes, a space or two of tens of bytes, one without limits behind them or not.
Problem Tiny(tests::Random& random) {
  tests::Menu menu;
  menu.steps = 6;
  menu.largest = 12;
  menu.alignment_bits = 2;
  menu.zero_sizes = true;
  Problem problem = tests::SeededProblem(random, 2 + static_cast<int>(random.Below(5)), menu);
  const auto any = [&](int below) { return static_cast<std::int64_t>(random.Below(below)); };
  std::vector<Space> spaces = {MakePool("fast", 4 + any(28), std::int64_t{1} << any(3), std::int64_t{1} << any(3))};
  if (any(2) == 0) spaces.push_back(MakePool("near", 8 + any(30), 1, std::int64_t{1} << any(2), 4 + any(10), any(4)));
  spaces.push_back(
      MakePool("far", any(3) == 0 ? 10 + any(40) : std::optional<std::int64_t>(), std::int64_t{1} << any(4)));
  std::vector<std::vector<std::string>> allowed(problem.buffers.size());
  for (auto& names : allowed) {
    if (any(4) == 0) names = {spaces[any(static_cast<int>(spaces.size()))].name};
    if (any(6) == 0) names = {"far", "fast"};
  }
  for (std::size_t i = 0; i < problem.buffers.size(); ++i) problem.uses.push_back(any(5));
  SetSpaces(problem, spaces, allowed);
  return problem;
}

struct Tally {
  int plans = 0, cheapest = 0, proven = 0, none = 0, missed = 0;
};

TEST(Spaces, TinyProblemsAgainstEveryAssignmentAndPacking) {
  tests::Random random(20261123);
  Tally tally;
  for (int round = 0; round < 1500; ++round) {
    const Problem problem = Tiny(random);
    const std::optional<std::int64_t> least = CheapestByForce(problem);
    try {
      const Plan plan = ReusePlanner().Run(problem);
      ASSERT_TRUE(least) << "a plan where force found none" << tests::Describe(problem);
      ASSERT_GE(plan.spaces.spill_cost, *least) << tests::Describe(problem);
      ASSERT_LE(plan.spaces.spill_cost_bound, *least) << "no bound" << tests::Describe(problem);
      ++tally.plans;
      tally.cheapest += plan.spaces.spill_cost == *least;
      tally.proven += plan.spaces.spill_cost == plan.spaces.spill_cost_bound;
    } catch (const Error& error) {
      ASSERT_TRUE(error.code() == ErrorCode::kInfeasible || error.code() == ErrorCode::kLimit) << error.what();
      const bool wrong = error.code() == ErrorCode::kInfeasible && least.has_value();
      ASSERT_FALSE(wrong) << error.what() << tests::Describe(problem);
      ++(least ? tally.missed : tally.none);
    }
  }
  // What this seed gives, less a little: a heuristic that gets worse is noticed.
  EXPECT_GE(tally.cheapest * 100, tally.plans * 97) << tally.plans << " plans, " << tally.cheapest << " cheapest";
  EXPECT_GE(tally.proven * 100, tally.plans * 95) << tally.plans << " plans, " << tally.proven << " proven";
  EXPECT_LE(tally.missed, 3) << "problems with a plan that was not found";
}

// Two spaces whose limits bind, one without, and preferences here and there.
Problem Pooled(Problem problem, tests::Random& random) {
  std::int64_t most = 1;
  for (const Buffer& b : problem.buffers) most = std::max(most, b.size);
  const std::int64_t peak = LowerBound(problem).lower_bound_bytes;
  const auto part = [&] { return random.Between(0, std::max<std::int64_t>(1, peak)); };
  const std::vector<Space> spaces = {
      MakePool("a", part(), std::int64_t{1} << random.Below(6)),
      MakePool("b", part(), 1, std::int64_t{1} << random.Below(6), random.Between(1, most)),
      MakePool("c", {}, std::int64_t{1} << random.Below(8), 1, {}, 7)};
  std::vector<std::vector<std::string>> allowed(problem.buffers.size());
  for (std::vector<std::string>& names : allowed) {
    problem.uses.push_back(random.Below(6));
    if (random.OneIn(5)) names = {"b", "c"};
    if (random.OneIn(9)) names = {"c", "a"};
  }
  SetSpaces(problem, spaces, allowed);
  return problem;
}

RC_GTEST_PROP(PoolsProperty, PlansOfAnyProblemPassTheJudge, ()) {
  tests::Menu menu;
  menu.zero_sizes = menu.parts = true;
  menu.alignment_bits = 4;
  Problem problem = *tests::AnyProblem(menu);
  PlanOptions fast;
  fast.effort = Effort::kFast;
  tests::Random random(*rc::gen::arbitrary<std::uint32_t>());
  problem = Pooled(std::move(problem), random);
  for (const char* policy : {"auto", "first_fit", "linear_scan"}) {
    const Plan plan = ReusePlanner(policy).Run(problem, fast);  // the third space takes all that it is asked to
    const auto fault = Validate(problem, plan);
    RC_ASSERT(!fault);
    for (int p = 0; p < 3; ++p) {  // and by pairs, space by space
      const SpaceView view = ViewSpace(problem, plan, p);
      RC_ASSERT(!tests::FindClash(view.problem, view.plan.offsets));
      RC_ASSERT(view.plan.peak_bytes == static_cast<std::int64_t>(RequiredBytes(plan, p)));
      RC_ASSERT(PeakOf(problem, plan, p) <= LimitOf(problem.spaces[p].capacity));
    }
    RC_ASSERT(plan.spaces.spill_cost_bound <= plan.spaces.spill_cost);
  }
}

TEST(Spaces, OnePoolWithoutLimitsIsTheOldArena) {
  tests::Random random(7);
  tests::Menu menu;
  menu.alignment_bits = 3;
  PlanOptions fast;
  fast.effort = Effort::kFast;
  for (int round = 0; round < 10; ++round) {
    Problem problem = tests::SeededProblem(random, 30, menu);
    const Plan plain = ReusePlanner().Run(problem, fast);
    const std::uint64_t hash = HashProblem(problem);
    problem.uses.assign(problem.buffers.size(), 3);
    EXPECT_EQ(HashProblem(problem), hash) << "uses matter with spaces alone";
    SetSpaces(problem, {MakePool("only", {})}, {});
    EXPECT_NE(HashProblem(problem), hash);
    const Plan in_spaces = ReusePlanner().Run(problem, fast);
    EXPECT_EQ(in_spaces.offsets, plain.offsets);
    EXPECT_EQ(in_spaces.peak_bytes, plain.peak_bytes);
    EXPECT_EQ(in_spaces.certificate.proven_optimal, plain.certificate.proven_optimal);
    EXPECT_EQ(RequiredBytes(in_spaces, 0), static_cast<std::size_t>(plain.peak_bytes));
    EXPECT_EQ(RequiredBytes(in_spaces, 1), 0u);
    EXPECT_TRUE(in_spaces.spaces.spills.empty());
  }
}

// All alive together.
Problem Together(const std::vector<std::int64_t>& sizes, const std::vector<Space>& spaces,
                 const std::vector<std::vector<std::string>>& allowed = {}) {
  Problem problem;
  for (const std::int64_t size : sizes) problem.buffers.push_back({0, 2, size, 1, kFree});
  SetSpaces(problem, spaces, allowed);
  return problem;
}

TEST(Spaces, TheCheapestByBytesUsesAndCostGoes) {
  Problem problem = Together({40, 40, 20}, {MakePool("fast", 64), MakePool("slow", {}, 1, 1, {}, 5)});
  problem.uses = {9, 1, 9};
  const Plan plan = ReusePlanner().Run(problem);
  EXPECT_EQ(plan.spaces.space_of, (std::vector<int>{0, 1, 0}));
  ASSERT_EQ(plan.spaces.spills.size(), 1u);
  const Spill& spill = plan.spaces.spills[0];
  EXPECT_EQ(spill.buffer, 1);
  EXPECT_EQ(spill.cost, 40 * 1 * 5);
  EXPECT_EQ(spill.reason, SpillReason::kNoRoom);
  EXPECT_EQ(spill.room_bytes, 4);
  EXPECT_EQ(plan.spaces.spill_cost_bound, 200);
  EXPECT_EQ(plan.peak_bytes, 100) << "of all spaces together";
}

TEST(Spaces, GranularityAndAlignmentAreThePools) {
  const Plan plan = ReusePlanner().Run(Together({5, 5, 5}, {MakePool("cache", 24, 4, 8)}));
  EXPECT_EQ(plan.spaces.figures[0].peak_bytes, 24) << "three lines of 8";
  EXPECT_TRUE(plan.spaces.figures[0].certificate.proven_optimal);
  EXPECT_TRUE(Refuses(ErrorCode::kInfeasible, {"space cache", "23 bytes given", "at least 24 needed", "1 short"}, [] {
    ReusePlanner().Run(Together({5, 5, 5}, {MakePool("cache", 23, 4, 8)}));
  }));
}

TEST(Spaces, ALargestBufferIsNotRoundedAndSpillsTheRest) {
  const Plan plan = ReusePlanner().Run(Together({9, 10, 11}, {MakePool("small", 100, 1, 16, 10), MakePool("big", {})}));
  EXPECT_EQ(plan.spaces.space_of, (std::vector<int>{0, 0, 1}));
  EXPECT_EQ(plan.spaces.spills[0].reason, SpillReason::kTooLarge);
  EXPECT_EQ(plan.spaces.spill_cost, plan.spaces.spill_cost_bound);
}

TEST(Spaces, PinnedOnesStayWhateverTheyCost) {
  Problem problem = Together({40, 40, 20}, {MakePool("fast", 64), MakePool("slow", {})}, {{"fast"}, {}, {"slow"}});
  problem.uses = {0, 100, 100};
  problem.buffers[0].fixed_offset = 24;
  const Plan plan = ReusePlanner().Run(problem);
  EXPECT_EQ(plan.spaces.space_of, (std::vector<int>{0, 1, 1}));
  EXPECT_EQ(plan.offsets[0], 24);
  problem.buffers[0].fixed_offset = 25;
  EXPECT_TRUE(Refuses(ErrorCode::kInfeasible, {"space fast", "64 bytes given", "65 needed"},
                      [&] { ReusePlanner().Run(problem); }));
  problem.spaces[0].alignment = 8;
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"buffer 0", "fixed offset 25", "alignment 8", "fast"},
                      [&] { CheckProblem(problem); }));
}

TEST(Spaces, FixedOnesThatClashAreNamed) {
  Problem problem =
      Together({40, 8, 20, 30}, {MakePool("fast", 64), MakePool("slow", 100)}, {{}, {}, {"slow"}, {"slow"}});
  problem.ids = {"a", "b", "c", "d"};
  problem.buffers[2].fixed_offset = problem.buffers[3].fixed_offset = 10;
  EXPECT_TRUE(Refuses(ErrorCode::kInfeasible, {"fixed offsets clash", "c and d", "step 0"},
                      [&] { ReusePlanner().Run(problem); }));
  problem.buffers[3].fixed_offset = 30;
  problem.buffers[0].fixed_offset = 10;
  EXPECT_EQ(ReusePlanner().Run(problem).spaces.space_of, (std::vector<int>{0, 0, 1, 1})) << "spaces do not clash";
}

TEST(Spaces, TheJudgeFindsEveryFault) {
  const Problem problem =
      Together({40, 40, 20}, {MakePool("fast", 64, 4), MakePool("slow", 100, 1, 16, 50)}, {{"fast"}, {}, {}});
  const Plan good = ReusePlanner().Run(problem);
  ASSERT_FALSE(Validate(problem, good));
  using Kind = Violation::Kind;
  const auto finds = [&](Kind kind, const std::string& word, auto spoil) {
    Plan plan = good;
    spoil(plan);
    const auto fault = Validate(problem, plan);
    ASSERT_TRUE(fault) << word;
    EXPECT_EQ(fault->kind, kind) << fault->message;
    EXPECT_NE(fault->message.find(word), std::string::npos) << fault->message;
  };
  ASSERT_EQ(good.spaces.spills.size(), 1u);
  const int spilled = good.spaces.spills[0].buffer;
  finds(Kind::kCount, "spaces", [](Plan& plan) { plan.spaces.space_of.pop_back(); });
  finds(Kind::kSpace, "space 2", [](Plan& plan) { plan.spaces.space_of[1] = 2; });
  finds(Kind::kSpace, "may not live there", [](Plan& plan) { plan.spaces.space_of[0] = 1; });
  finds(Kind::kSpace, "past the capacity of 100", [&](Plan& plan) { plan.offsets[spilled] = 64; });
  finds(Kind::kOffset, "alignment 4", [](Plan& plan) { plan.offsets[0] += 2; });
  finds(Kind::kOverlap, "of space fast", [&](Plan& plan) { plan.spaces.space_of[spilled] = 0; });
  finds(Kind::kPeak, "space slow", [](Plan& plan) { plan.spaces.figures[1].peak_bytes -= 1; });
  finds(Kind::kPeak, "peak", [](Plan& plan) { plan.peak_bytes += 1; });
  finds(Kind::kPeak, "1 spaces", [](Plan& plan) { plan.spaces.figures.pop_back(); });
  finds(Kind::kCertificate, "space slow",
        [](Plan& plan) { plan.spaces.figures[1].certificate.lower_bound_bytes = 99; });
  finds(Kind::kSpill, "cost", [](Plan& plan) { plan.spaces.spill_cost += 1; });
  finds(Kind::kSpill, "0 spills", [](Plan& plan) { plan.spaces.spills.clear(); });
  finds(Kind::kSpill, "at least", [](Plan& plan) { plan.spaces.spill_cost_bound = 1000; });
  Problem plain = problem;
  plain.spaces.clear();
  plain.allowed_spaces.clear();
  EXPECT_EQ(Validate(plain, good)->kind, Kind::kCount) << "spaces where there are none";
}

TEST(Spaces, BrokenTablesAreRefused) {
  const auto refuses = [](const std::vector<std::string>& words, auto spoil) {
    Problem problem = Together({4, 4, 4}, {MakePool("a", 8), MakePool("b", {})}, {{"a"}, {}, {}});
    spoil(problem);
    EXPECT_TRUE(Refuses(ErrorCode::kBadInput, words, [&] { CheckProblem(problem); }));
  };
  refuses({"\"a\"", "twice"}, [](Problem& p) { p.spaces[1].name = "a"; });
  refuses({"name"}, [](Problem& p) { p.spaces[1].name = ""; });
  refuses({"\"x|y\"", "name"}, [](Problem& p) { p.spaces[1].name = "x|y"; });
  refuses({"\"b\"", "granularity 3"}, [](Problem& p) { p.spaces[1].granularity = 3; });
  refuses({"\"b\"", "alignment 0"}, [](Problem& p) { p.spaces[1].alignment = 0; });
  refuses({"\"a\"", "negative"}, [](Problem& p) { p.spaces[0].capacity = -1; });
  refuses({"\"a\"", "cost -2"}, [](Problem& p) { p.spaces[0].cost = -2; });
  refuses({"buffer 1", "spaces"}, [](Problem& p) { p.allowed_spaces[1] = {2}; });
  refuses({"buffer 1", "twice"}, [](Problem& p) { p.allowed_spaces[1] = {1, 1}; });
  refuses({"no table"}, [](Problem& p) { p.spaces.clear(); });
  refuses({"buffer 2", "uses"}, [](Problem& p) { p.uses = {1, 1, -1}; });
  refuses({"63 bits"}, [](Problem& p) { p.uses = {1, 1, INT64_MAX / 2}; });
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"buffer 0", "\"z\"", "there are: a"}, [] {
    Problem problem;
    problem.buffers.resize(1);
    SetSpaces(problem, {MakePool("a", 1)}, {{"z"}});
  }));
}

TEST(Spaces, GraphsSayWhereAndHowOftenTensorsAreUsed) {
  TensorDesc a, b;
  a.bytes = 8;
  a.spaces = {"slow", "fast"};
  b.id = 1;
  b.bytes = 4;
  const Graph graph({{0, {0, 0}, {1}}, {1, {0, 1}, {}}}, {a, b});
  const Lowered lowered = MakeProblem(graph, GraphLiveness(graph), 1, {MakePool("fast", 64), MakePool("slow", 64)});
  EXPECT_EQ(lowered.problem.uses, (std::vector<std::int64_t>{3, 2}));
  EXPECT_EQ(lowered.problem.allowed_spaces[0], (std::vector<int>{1, 0}));
  EXPECT_TRUE(lowered.problem.allowed_spaces[1].empty());
  EXPECT_TRUE(MakeProblem(graph, GraphLiveness(graph)).problem.spaces.empty()) << "names without a table mean nothing";
}

TEST(Spaces, ManyBuffersSpillCloseToTheBound) {
  tests::Random random(5);
  tests::Menu menu;
  menu.steps = 6000;
  menu.largest = 1 << 16;
  Problem problem = tests::SeededProblem(random, 6000, menu);
  const std::int64_t peak = LowerBound(problem).lower_bound_bytes;
  SetSpaces(problem, {MakePool("fast", peak / 2), MakePool("slow", {})}, {});
  PlanOptions fast;
  fast.effort = Effort::kFast;
  const Plan plan = ReusePlanner().Run(problem, fast);
  EXPECT_LE(plan.spaces.spill_cost, plan.spaces.spill_cost_bound / 10 * 11);
}

}  // namespace
}  // namespace orionrt::plan_spaces_test
