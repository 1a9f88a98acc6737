// Problems on several streams: what their parts are made of, each against a slow and obvious twin.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "base/index.hpp"
#include "clocked.hpp"
#include "orionrt/config.hpp"
#include "orionrt/plan.hpp"
#include "orionrt/planner.hpp"
#include "plan/clocks/antichain.hpp"
#include "plan/clocks/conflicts.hpp"
#include "plan/clocks/displacer.hpp"
#include "plan/clocks/precedence.hpp"
#include "plan/clocks/split.hpp"
#include "plan/clocks/stream_plan.hpp"
#include "plan/clocks/stream_search.hpp"

namespace orionrt::clocks_test {
namespace {

using namespace tests;

ClockedOptions Kind(int number, Random& random) {
  ClockedOptions options;
  options.streams = static_cast<int>(random.Between(2, 5));
  options.steps = static_cast<int>(random.Between(2, 8));
  options.wait_one_in = static_cast<int>(random.Between(1, 8));
  options.alignments = (number & 1) != 0;
  options.parts = (number & 2) != 0;
  options.apart = (number & 4) != 0;
  return options;
}

// Clocks of no program: any numbers.
Problem AnyClocks(int streams, int buffers, Random& random) {
  Problem problem;
  problem.clocks.streams = streams;
  for (int i = 0; i < buffers; ++i) {
    for (int s = 0; s < streams; ++s) {
      problem.clocks.begins.push_back(random.Below(6));
      problem.clocks.ends.push_back(problem.clocks.begins.back() + random.Below(3) + (s == 0 ? 1 : 0));
    }
    Buffer buffer;
    buffer.size = random.Between(1, 9);
    problem.buffers.push_back(buffer);
  }
  WidenLives(problem);
  return problem;
}

// The same relation by other numbers: so far apart that no table of them is made, or below zero.
void Stretch(Problem& problem, std::int64_t factor, std::int64_t summand) {
  Clocks& clocks = problem.clocks;
  for (std::vector<std::int64_t>* of : {&clocks.begins, &clocks.ends, &clocks.part_begins, &clocks.part_ends}) {
    for (std::int64_t& clock : *of) clock = clock * factor + summand;
  }
}

TEST(Precedence, IsThatOfTheClocks) {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    ClockedOptions options = Kind(static_cast<int>(seed), random);
    options.buffers = 25;
    Problem problem = seed % 3 == 0 ? AnyClocks(options.streams, 25, random) : RandomClocked(options, random);
    if (seed % 4 == 1) Stretch(problem, 1, -5);
    if (seed % 4 == 2) Stretch(problem, std::int64_t{1} << 50, -7);
    const Precedence order(problem);
    const auto rectangles = ClockedRectanglesOf(problem);
    ASSERT_EQ(order.count(), static_cast<int>(rectangles.size()));
    Conflicts conflicts(problem, order);
    for (int a = 0; a < order.count(); ++a) {
      const std::uint8_t* row = conflicts.Row(a);
      for (int b = 0; b < order.count(); ++b) {
        if (a == b) continue;
        EXPECT_EQ(order.IsBefore(a, b), IsOverBefore(problem, rectangles[At(a)], rectangles[At(b)]));
        const int x = rectangles[At(a)].buffer, y = rectangles[At(b)].buffer;
        const bool clash =
            x != y && (AreInConflict(problem, rectangles[At(a)], rectangles[At(b)]) || IsPair(problem, x, y));
        EXPECT_EQ(row[conflicts.slot(b)] != 0, clash);
        const auto wide_a = order.Widened(a), wide_b = order.Widened(b);
        if (wide_a.upper <= wide_b.lower) {
          EXPECT_TRUE(order.IsBefore(a, b));
        }
        const auto one_a = order.Serial(a), one_b = order.Serial(b);
        if (one_a.lower < one_b.upper && one_b.lower < one_a.upper) {
          EXPECT_TRUE(order.Conflict(a, b));
        }
      }
    }
  }
}

// A program's begins lie on as many chains as there are streams; that many are found, or hardly more.
TEST(Precedence, CoversProgramsByAboutAsManyChainsAsStreams) {
  int chains = 0, streams = 0;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Random random(seed);
    ClockedOptions options = Kind(0, random);
    options.steps = 60;
    options.buffers = 300;
    const Precedence order(RandomClocked(options, random));
    chains += order.chains();
    streams += options.streams;
  }
  EXPECT_LE(chains, streams * 3 / 2);
}

TEST(Antichain, IsTheHeaviest) {
  for (std::uint64_t seed = 1; seed <= 1500; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    ClockedOptions options = Kind(static_cast<int>(seed) & 3, random);
    options.buffers = static_cast<int>(random.Between(1, 12));
    const Problem problem =
        seed % 4 == 0 ? AnyClocks(options.streams, options.buffers, random) : RandomClocked(options, random);
    const Precedence order(problem);
    std::vector<std::int64_t> sizes;
    for (const auto& r : order.rectangles()) sizes.push_back(r.end - r.begin);
    const Antichain found = HeaviestAntichain(order, sizes);
    EXPECT_TRUE(found.exact);
    EXPECT_EQ(found.weight, BruteAntichain(problem));
    std::int64_t sum = 0;
    for (const int a : found.rectangles) {
      sum += sizes[At(a)];
      for (const int b : found.rectangles) EXPECT_TRUE(a == b || order.Conflict(a, b));
    }
    EXPECT_EQ(sum, found.weight);
    const Antichain moment = HeaviestMoment(order, sizes);
    EXPECT_LE(moment.weight, found.weight);
    for (const int a : moment.rectangles) {
      for (const int b : moment.rectangles) EXPECT_TRUE(a == b || order.Conflict(a, b));
    }
    EXPECT_EQ(HeaviestAntichain(order, sizes, 0).weight, moment.weight) << "without the work that the exact one takes";
  }
}

TEST(AsIntervals, ExistWhereWhatComesBeforeMakesAChain) {
  int intervals = 0;
  for (std::uint64_t seed = 1; seed <= 800; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    ClockedOptions options = Kind(0, random);
    options.buffers = static_cast<int>(random.Between(1, 7));
    options.streams = static_cast<int>(random.Between(2, 3));
    const Problem problem = RandomClocked(options, random);
    const Precedence order(problem);
    std::vector<int> all(At(order.count()));
    std::iota(all.begin(), all.end(), 0);
    const auto spans = AsIntervals(order, all);
    // An order is one of intervals iff no a < b and c < d are such that a, d and c, b are unordered (Fishburn 1970).
    bool exists = true;
    for (const int a : all)
      for (const int b : all)
        for (const int c : all)
          for (const int d : all)
            exists &= !(order.IsBefore(a, b) && order.IsBefore(c, d) && !order.IsBefore(a, d) && !order.IsBefore(c, b));
    ASSERT_EQ(spans.empty(), all.empty() || !exists);
    intervals += spans.empty() ? 0 : 1;
    for (std::size_t a = 0; a < spans.size(); ++a) {
      for (std::size_t b = 0; b < spans.size(); ++b) {
        if (a == b) continue;
        EXPECT_EQ(spans[a].upper <= spans[b].lower, order.IsBefore(all[a], all[b]));
      }
    }
  }
  EXPECT_GT(intervals, 100);
}

// Components of the buffers, by a relation of all pairs.
template <typename Related>
std::set<std::set<int>> Components(const Problem& problem, const Precedence& order, Related related) {
  std::vector<int> name(problem.buffers.size());
  std::iota(name.begin(), name.end(), 0);
  const auto join = [&](int a, int b) {
    const int from = name[At(b)], to = name[At(a)];
    std::replace(name.begin(), name.end(), from, to);
  };
  std::set<int> present;
  for (int a = 0; a < order.count(); ++a) {
    present.insert(order.rectangles()[At(a)].buffer);
    for (int b = 0; b < order.count(); ++b) {
      const int x = order.rectangles()[At(a)].buffer, y = order.rectangles()[At(b)].buffer;
      if (x != y && related(a, b, x, y)) join(x, y);
    }
  }
  std::vector<std::set<int>> sets(problem.buffers.size());
  for (const int i : present) sets[At(name[At(i)])].insert(i);
  std::set<std::set<int>> parts(sets.begin(), sets.end());
  parts.erase(std::set<int>());
  return parts;
}

std::set<std::set<int>> AsSets(const std::vector<std::vector<int>>& parts) {
  std::set<std::set<int>> sets;
  for (const auto& part : parts) sets.insert(std::set<int>(part.begin(), part.end()));
  sets.erase(std::set<int>());
  return sets;
}

TEST(Split, FindsTheComponents) {
  int series_parts = 0, parallel_parts = 0;
  for (std::uint64_t seed = 1; seed <= 600; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    ClockedOptions options = Kind(static_cast<int>(seed) & 7, random);
    options.buffers = static_cast<int>(random.Between(1, 9));
    options.steps = static_cast<int>(random.Between(2, 12));
    const Problem problem = RandomClocked(options, random);
    const Precedence order(problem);
    const auto ordered = [&](int a, int b, int, int) { return order.IsBefore(a, b) || order.IsBefore(b, a); };
    const auto clash = [&](int a, int b, int x, int y) { return order.Conflict(a, b) || IsPair(problem, x, y); };
    const auto parallel = SplitInParallel(problem, order);
    EXPECT_EQ(AsSets(parallel), Components(problem, order, ordered));
    const auto series = SplitInSeries(problem, order);
    if (problem.apart.empty()) {
      EXPECT_EQ(AsSets(series), Components(problem, order, clash));
    } else {  // what lies between a pair is held with it
      for (const std::set<int>& component : Components(problem, order, clash)) {
        EXPECT_EQ(std::count_if(series.begin(), series.end(),
                                [&](const std::vector<int>& part) {
                                  return std::includes(part.begin(), part.end(), component.begin(), component.end());
                                }),
                  1);
      }
    }
    series_parts += series.size() > 1 ? 1 : 0;
    parallel_parts += parallel.size() > 1 ? 1 : 0;
    for (std::size_t p = 0; p + 1 < series.size(); ++p) {  // in their order
      for (int a = 0; a < order.count(); ++a) {
        for (int b = 0; b < order.count(); ++b) {
          const auto in = [&](std::size_t part, int r) {
            return std::count(series[part].begin(), series[part].end(), order.rectangles()[At(r)].buffer) > 0;
          };
          if (in(p, a) && in(p + 1, b)) {
            EXPECT_TRUE(order.IsBefore(a, b));
          }
        }
      }
    }
  }
  EXPECT_GT(series_parts, 20);
  EXPECT_GT(parallel_parts, 20);
}

TEST(Validate, JudgesClocksAsAllPairsDo) {
  int wrong = 0;
  for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    ClockedOptions options = Kind(static_cast<int>(seed) & 6, random);
    options.buffers = static_cast<int>(random.Between(2, 9));
    const Problem problem = RandomClocked(options, random);
    Plan plan;
    for (const Buffer& buffer : problem.buffers) plan.offsets.push_back(random.Below(4 * buffer.size + 20));
    if (seed % 2 == 0) {  // right, but for one that moved
      plan = ReusePlanner("first_fit").Run(problem);
      plan.offsets[At(static_cast<int>(random.Below(options.buffers)))] += random.Between(-3, 3);
      for (std::int64_t& offset : plan.offsets) offset = std::max<std::int64_t>(0, offset);
    }
    plan.certificate = {};
    plan.peak_bytes = PeakOf(problem, plan.offsets);
    const bool right = IsRightInClocks(problem, plan.offsets);
    wrong += right ? 0 : 1;
    EXPECT_EQ(Validate(problem, plan).has_value(), !right);
  }
  EXPECT_GT(wrong, 500);
}

TEST(Policies, PlanClocksPartsAndPairsRightly) {
  for (std::uint64_t seed = 1; seed <= 160; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    ClockedOptions options = Kind(static_cast<int>(seed) & 7, random);
    options.buffers = static_cast<int>(random.Between(1, 24));
    options.steps = static_cast<int>(random.Between(2, 20));
    options.fixed = seed % 5 == 0;
    Problem problem = RandomClocked(options, random);
    if (seed % 6 == 0) {  // pairs alone, on one stream
      problem.clocks = {};
      problem.parts.clear();
    }
    for (const Policy& policy : Policies()) {
      SCOPED_TRACE(policy.name);
      PlanOptions quick;
      quick.effort = Effort::kFast;
      const Plan plan = ReusePlanner(policy).Run(problem, quick);
      if (problem.clocks.streams > 0) {
        EXPECT_TRUE(IsRightInClocks(problem, plan.offsets));
      }
      EXPECT_FALSE(Validate(problem, plan).has_value());
      const Plan again = ReusePlanner(policy).Run(problem, quick);
      EXPECT_EQ(plan.offsets, again.offsets);
    }
  }
}

// Without alignments the search is exact, and every tiny problem is solved and proven.
TEST(Auto, SolvesTinyProblemsOnSeveralStreams) {
  int above_bound = 0;
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    ClockedOptions options = Kind(static_cast<int>(seed) & 5, random);  // alignments, pairs; no parts
    options.buffers = static_cast<int>(random.Between(2, 6));
    options.largest = 7;
    const Problem problem = RandomClocked(options, random);
    const Plan plan = ReusePlanner("auto").Run(problem);
    const std::int64_t optimum = BrutePeak(problem, plan.peak_bytes);
    EXPECT_EQ(plan.peak_bytes, optimum);
    EXPECT_LE(plan.certificate.lower_bound_bytes, optimum);
    above_bound += LowerBound(problem).lower_bound_bytes < optimum ? 1 : 0;
    EXPECT_TRUE(plan.certificate.proven_optimal) << plan.policy;
  }
  EXPECT_GT(above_bound, 0);
}

TEST(Displacer, LowersToWhatIsRight) {
  int transformed = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    ClockedOptions options = Kind(static_cast<int>(seed) & 5, random);
    options.buffers = 60;
    options.steps = 20;
    options.largest = 1000;
    const Problem problem = RandomClocked(options, random);
    const Precedence order(problem);
    Conflicts conflicts(problem, order);
    Displacer displacer(problem, order, conflicts);
    Plan plan = PlaceOnStreams(problem, StreamOrderKey::kBegin, false);
    std::vector<std::int64_t> offsets = plan.offsets;
    const std::int64_t peak = PeakOf(problem, offsets), target = peak - peak / 20;
    std::int64_t work = 2'000'000;
    if (!displacer.Lower(offsets, target, {}, work)) {
      EXPECT_EQ(offsets, plan.offsets);
      continue;
    }
    ++transformed;
    EXPECT_LE(PeakOf(problem, offsets), target);
    EXPECT_TRUE(IsRightInClocks(problem, offsets));
  }
  EXPECT_GT(transformed, 10);
}

// Who lies where is decided by the loads of one execution, and judged by clocks: no choice is cheaper than the bound.
TEST(Spaces, HoldBuffersOfSeveralStreams) {
  int spilled = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    ClockedOptions options = Kind(static_cast<int>(seed) & 4, random);
    options.buffers = static_cast<int>(random.Between(2, 6));
    options.largest = 9;
    Problem problem = RandomClocked(options, random);
    Space fast, slow;
    fast.name = "fast";
    fast.capacity = random.Between(9, 24);
    slow.name = "slow";
    SetSpaces(problem, {fast, slow}, {});
    const Plan plan = ReusePlanner().Run(problem);
    EXPECT_FALSE(Validate(problem, plan).has_value());
    std::int64_t cheapest = INT64_MAX;
    for (unsigned out = 0; out < 1u << options.buffers; ++out) {
      Problem inside = problem;
      inside.spaces.clear();
      std::int64_t cost = 0;
      for (int i = 0; i < options.buffers; ++i) {
        if ((out >> i & 1) == 0) continue;
        cost += SpillCost(problem, i, 1);
        inside.buffers[At(i)].size = 0;
      }
      if (cost < cheapest && BrutePeak(inside, *fast.capacity + 1) <= fast.capacity) cheapest = cost;
    }
    EXPECT_LE(plan.spaces.spill_cost_bound, cheapest);
    EXPECT_GE(plan.spaces.spill_cost, cheapest);
    spilled += plan.spaces.spills.empty() ? 0 : 1;
  }
  EXPECT_GT(spilled, 50);
}

// A second stream on which nothing ever happens changes nothing.
TEST(Auto, PlansAnIdleStreamAsNone) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    Problem plain;
    for (int i = 0; i < 40; ++i) {
      Buffer buffer;
      buffer.lower = random.Below(30);
      buffer.upper = buffer.lower + random.Between(1, 9);
      buffer.size = random.Between(1, 100);
      plain.buffers.push_back(buffer);
    }
    Problem clocked = plain;
    clocked.clocks.streams = 2;
    for (const Buffer& buffer : plain.buffers) {
      for (const std::int64_t value : {buffer.lower, std::int64_t{0}}) clocked.clocks.begins.push_back(value);
      for (const std::int64_t value : {buffer.upper, std::int64_t{0}}) clocked.clocks.ends.push_back(value);
    }
    WidenLives(clocked);
    const Plan one = ReusePlanner().Run(plain), two = ReusePlanner().Run(clocked);
    EXPECT_EQ(one.peak_bytes, two.peak_bytes);
    EXPECT_EQ(one.certificate.lower_bound_bytes, two.certificate.lower_bound_bytes);
    EXPECT_EQ(one.certificate.proven_optimal, two.certificate.proven_optimal);
  }
}

// Two one-byte tensors that are aligned to 64 alone take 65; with 63 others of one byte, each alone, all take 65 too:
// the sum of parts is no bound where there is no unit.
TEST(Auto, DoesNotAddBoundsWithoutAUnit) {
  Problem problem;
  problem.clocks.streams = 3;
  const auto add = [&](int stream, std::int64_t begin, std::int64_t alignment) {
    for (int s = 0; s < 3; ++s) problem.clocks.begins.push_back(s == stream ? begin : 0);
    for (int s = 0; s < 3; ++s) problem.clocks.ends.push_back(s == stream ? begin + 1 : 0);
    Buffer buffer;
    buffer.size = 1;
    buffer.alignment = alignment;
    problem.buffers.push_back(buffer);
  };
  add(0, 0, 64);
  add(1, 0, 64);
  for (int i = 0; i < 63; ++i) {
    problem.buffers.push_back(problem.buffers.back());
    problem.buffers.back().alignment = 1;
    for (int s = 0; s < 3; ++s) problem.clocks.begins.push_back(0);
    for (int s = 0; s < 3; ++s) problem.clocks.ends.push_back(s == 2 ? 1 : 0);
  }
  WidenLives(problem);
  const Plan plan = ReusePlanner().Run(problem);
  EXPECT_EQ(plan.peak_bytes, 65);
  EXPECT_TRUE(plan.certificate.proven_optimal);
}

TEST(CheckProblem, RefusesClocksThatAreNone) {
  const auto refused = [](auto spoil, const char* word) {
    Problem problem;
    problem.clocks.streams = 2;
    problem.buffers.resize(2);
    problem.buffers[0].size = problem.buffers[1].size = 4;
    problem.clocks.begins = {0, 0, 1, 0};
    problem.clocks.ends = {1, 0, 2, 1};
    spoil(problem);
    try {
      CheckProblem(problem);
      ADD_FAILURE() << word;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBadInput);
      EXPECT_NE(std::string(error.what()).find(word), std::string::npos) << error.what();
    }
  };
  refused([](Problem& p) { p.clocks.begins.pop_back(); }, "unequal length");
  refused([](Problem& p) { p.clocks.ends[3] = -1; }, "ends before it begins, on stream 1");
  refused([](Problem& p) { p.clocks.ends[0] = 0; }, "is empty");
  refused([](Problem& p) { p.clocks.ends[0] = (std::int64_t{1} << 61) + 1; }, "past 2^61");
  refused([](Problem& p) { p.clocks.begins[0] = -(std::int64_t{1} << 61) - 1; }, "past 2^61");
  refused([](Problem& p) { p.clocks.streams = 65; }, "65 streams");
  refused([](Problem& p) { p.clocks.streams = 1; }, "1 streams");
  refused([](Problem& p) { p.apart.emplace_back(0, 2); }, "kept apart");
  refused([](Problem& p) { p.apart.emplace_back(1, 1); }, "kept apart");
  refused([](Problem& p) { p.parts.push_back({0, 0, 1, 0, 2}); }, "unequal length");
  refused(
      [](Problem& p) {
        p.parts.push_back({0, 0, 1, 0, 2});
        p.clocks.part_begins = {0, 0};
        p.clocks.part_ends = {1, 1};
      },
      "outside its life");
}

TEST(HashProblem, KnowsClocksAndPairs) {
  Random random(7);
  ClockedOptions options;
  options.parts = true;
  const Problem problem = RandomClocked(options, random);
  std::set<std::uint64_t> hashes{HashProblem(problem)};
  for (auto Clocks::*clocks : {&Clocks::begins, &Clocks::ends}) {
    Problem other = problem;
    ++(other.clocks.*clocks)[1];
    hashes.insert(HashProblem(other));
  }
  Problem other = problem;
  other.apart.emplace_back(0, 1);
  hashes.insert(HashProblem(other));
  other.apart = {{1, 0}};
  hashes.insert(HashProblem(other));  // the same pair
  EXPECT_EQ(hashes.size(), 4u);
  other = problem;
  other.buffers[0].lower += 5;  // what steps are made of clocks is no part of the problem
  EXPECT_EQ(HashProblem(other), HashProblem(problem));
}

}  // namespace
}  // namespace orionrt::clocks_test
