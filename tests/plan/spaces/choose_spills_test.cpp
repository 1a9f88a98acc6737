// Which buffers spill from a space that is too small, against every choice that there is.
#include "plan/spaces/choose_spills.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "sanitized.hpp"
#include "seeded_problem.hpp"

namespace orionrt::choose_spills_test {
namespace {

using tests::Random;

struct Question {
  Problem problem;
  std::vector<Resident> residents;
  std::int64_t capacity = 0;
};

// Bytes alive at every step, each size rounded up to a unit.
class Loads {
 public:
  Loads(const Question& question, std::int64_t unit) : question_(question), unit_(unit) {
    std::int64_t steps = 0;
    for (const Buffer& b : question.problem.buffers) steps = std::max(steps, b.upper);
    loads_.assign(static_cast<std::size_t>(steps), 0);
    for (int j = 0; j < static_cast<int>(question.problem.buffers.size()); ++j) {
      rectangles_.push_back(tests::RectanglesOf(question.problem, j));
      Add(j, 1);
    }
  }

  // Buffer j comes back (1) or spills (-1).
  void Add(int j, int sign) {
    for (const Part& part : rectangles_[static_cast<std::size_t>(j)]) {
      const std::int64_t bytes = (part.end - part.begin + unit_ - 1) / unit_ * unit_;
      for (std::int64_t s = part.lower; s < part.upper; ++s) loads_[static_cast<std::size_t>(s)] += sign * bytes;
    }
  }

  bool Fit() const {
    return std::all_of(loads_.begin(), loads_.end(), [&](std::int64_t load) { return load <= question_.capacity; });
  }

  // Whether they fit without those that spill, and with any of these do not.
  bool AreLeft(const std::vector<bool>& spilled) {
    bool right = true;
    for (int j = 0; j < static_cast<int>(spilled.size()); ++j) {
      if (spilled[static_cast<std::size_t>(j)]) Add(j, -1);
    }
    right &= Fit();
    for (int j = 0; j < static_cast<int>(spilled.size()); ++j) {
      if (!spilled[static_cast<std::size_t>(j)]) continue;
      Add(j, 1);
      right &= !Fit();
      Add(j, -1);
    }
    for (int j = 0; j < static_cast<int>(spilled.size()); ++j) {
      if (spilled[static_cast<std::size_t>(j)]) Add(j, 1);
    }
    return right;
  }

  // The cheapest of all choices among the buffers from j on; -1: even spilling all that can is not enough.
  std::int64_t LeastCost(int j = 0) {
    if (Fit()) return 0;
    if (j == static_cast<int>(rectangles_.size())) return -1;
    std::int64_t best = LeastCost(j + 1);
    const Resident& resident = question_.residents[static_cast<std::size_t>(j)];
    if (resident.pinned) return best;
    Add(j, -1);
    const std::int64_t without = LeastCost(j + 1);
    Add(j, 1);
    if (without >= 0 && (best < 0 || resident.cost + without < best)) best = resident.cost + without;
    return best;
  }

 private:
  const Question& question_;
  std::int64_t unit_;
  std::vector<std::int64_t> loads_;
  std::vector<std::vector<Part>> rectangles_;
};

std::int64_t CostOf(const Question& question, const SpillChoice& choice) {
  std::int64_t cost = 0;
  for (std::size_t j = 0; j < question.residents.size(); ++j) {
    EXPECT_FALSE(choice.spilled[j] && question.residents[j].pinned) << j;
    cost += choice.spilled[j] ? question.residents[j].cost : 0;
  }
  return cost;
}

// Sizes, the capacity and offsets in units of one alignment; or bytes, and parts.
Question SomeQuestion(std::int64_t unit, Random& random) {
  Question question;
  tests::Menu menu;
  menu.steps = static_cast<int>(random.Between(2, 8));
  menu.largest = static_cast<int>((random.OneIn(2) ? 90 : 5) * unit);
  menu.zero_sizes = random.OneIn(3);
  menu.parts = unit == 1 && random.OneIn(3);
  question.problem = tests::SeededProblem(random, static_cast<int>(random.Between(1, 13)), menu);
  for (Buffer& b : question.problem.buffers) b.alignment = unit;
  // By how often it is used, as spills cost; or anything.
  const bool is_by_size = random.OneIn(2);
  for (const Buffer& b : question.problem.buffers) {
    const std::int64_t cost = is_by_size ? b.size * random.Between(1, 3) : random.Below(random.OneIn(2) ? 3 : 1000);
    question.residents.push_back({cost, random.OneIn(12)});
  }
  question.capacity = random.Between(1, 3 * menu.largest / unit) * unit;
  return question;
}

TEST(ChooseSpills, CostsTheLeastOfAllChoices) {
  int chosen = 0, uncovered = 0;
  for (int seed = 0; seed < tests::Seeds(300); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(static_cast<std::uint64_t>(seed));
    const std::int64_t unit = random.OneIn(3) ? 8 : 1;
    const Question question = SomeQuestion(unit, random);
    Loads loads(question, unit);
    const std::int64_t least = loads.LeastCost();
    for (const Effort effort : {Effort::kFast, Effort::kBalanced, Effort::kThorough}) {
      const SpillChoice choice = ChooseSpills(question.problem, question.residents, question.capacity, effort);
      ASSERT_EQ(choice.covers, least >= 0) << tests::Describe(question.problem);
      ASSERT_EQ(choice.spilled.size(), question.residents.size());
      ASSERT_EQ(choice.cost, CostOf(question, choice));
      if (least < 0) continue;
      ASSERT_TRUE(loads.AreLeft(choice.spilled)) << tests::Describe(question.problem);
      ASSERT_LE(choice.bound, least) << tests::Describe(question.problem);
      ASSERT_GE(choice.cost, least);
      // Of buffers of several parts the flow knows only the most that they take, so that its bound is open.
      if (effort != Effort::kThorough || !question.problem.parts.empty()) continue;
      ASSERT_EQ(choice.cost, least) << tests::Describe(question.problem);
      ASSERT_EQ(choice.bound, least) << tests::Describe(question.problem);
    }
    ++(least < 0 ? uncovered : chosen);
  }
  EXPECT_GT(chosen, tests::Seeds(100));
  EXPECT_GE(uncovered, tests::Seeds(10));
}

// More than the branch and bound takes: the flow's prices decide alone.
TEST(ChooseSpills, SpillsNoneOfThousandsWithoutNeed) {
  Random random(3);
  Question question;
  tests::Menu menu;
  menu.steps = 3000;
  menu.largest = 50;
  question.problem = tests::SeededProblem(random, 4200, menu);
  std::int64_t bytes = 0;
  for (Buffer& b : question.problem.buffers) {
    b.upper = std::min(b.upper, b.lower + random.Between(1, 60));
    bytes += b.size * (b.upper - b.lower);
    question.residents.push_back({random.Between(1, 1000), random.OneIn(20)});
  }
  question.capacity = bytes / menu.steps * 2 / 3;
  Loads loads(question, 1);
  const SpillChoice choice = ChooseSpills(question.problem, question.residents, question.capacity, Effort::kFast);
  ASSERT_TRUE(choice.covers);
  EXPECT_EQ(choice.cost, CostOf(question, choice));
  EXPECT_TRUE(loads.AreLeft(choice.spilled));
  EXPECT_GT(choice.bound, choice.cost / 2);
  EXPECT_LE(choice.bound, choice.cost);
}

// Costs per byte above what the flow tells apart: it takes the dearer one, and must not claim that none is cheaper.
TEST(ChooseSpills, ClaimsNoMoreThanItCanTellApart) {
  Problem problem;
  problem.buffers = {{0, 2, 1}, {0, 2, 1}};
  const std::int64_t high = std::int64_t{1} << 22, low = high / 2;
  const SpillChoice choice = ChooseSpills(problem, {{high, false}, {low, false}}, 1, Effort::kThorough);
  ASSERT_TRUE(choice.covers);
  EXPECT_GT(choice.bound, 0);
  EXPECT_LE(choice.bound, low);
}

TEST(ChooseSpills, OfNobodyWhereAllFit) {
  Problem problem;
  const SpillChoice of_none = ChooseSpills(problem, {}, 0, Effort::kFast);
  EXPECT_TRUE(of_none.covers && of_none.spilled.empty());
  problem.buffers = {{0, 2, 3}, {2, 4, 3}, {0, 4, 2}};
  const std::vector<Resident> residents = {{5, false}, {4, false}, {3, true}};
  const SpillChoice all_fit = ChooseSpills(problem, residents, 5, Effort::kFast);
  EXPECT_TRUE(all_fit.covers);
  EXPECT_EQ(all_fit.spilled, (std::vector<bool>{false, false, false}));
  EXPECT_EQ(all_fit.cost, 0);
  const SpillChoice one_less = ChooseSpills(problem, residents, 4, Effort::kFast);
  EXPECT_EQ(one_less.spilled, (std::vector<bool>{true, true, false})) << "the third is pinned";
  EXPECT_EQ(one_less.cost, 9);
}

}  // namespace
}  // namespace orionrt::choose_spills_test
