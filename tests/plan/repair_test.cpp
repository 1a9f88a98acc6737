// Repair against the same search told with scans over all that is placed, and against plans that are the best there
// are.
#include "plan/repair.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "orionrt/plan.hpp"
#include "plan/placing/address_list.hpp"
#include "sanitized.hpp"
#include "seeded_problem.hpp"

namespace orionrt::repair_test {
namespace {

using tests::Random;

constexpr std::int64_t kOut = -1;

// One item a buffer that may move, in the order of ties, which decides between equals.
class Twin {
 public:
  Twin(const Problem& problem, const Shapes& shapes, const SortKeys& sort_keys) : problem_(problem), shapes_(shapes) {
    items_ = sort_keys.movable();
  }

  bool Lower(std::vector<std::int64_t>& offsets, std::int64_t target, std::int64_t placements) {
    offsets_ = offsets;
    weights_.clear();
    times_.assign(items_.size(), 0);
    for (std::size_t k = 0; k < items_.size(); ++k) {
      const std::int64_t size = 1 + At(k).size / (target / 1023 + 1);
      weights_.push_back(std::min(size * size * SpanOf(k).length(), std::int64_t{1} << 48));
      if (Offset(k) + At(k).size > target) Offset(k) = kOut;
    }
    for (std::size_t hardest = Hardest(); hardest < items_.size(); hardest = Hardest()) {
      if (placements-- == 0) return false;
      PutWhereItDisplacesLeast(hardest, target);
    }
    offsets = offsets_;
    return true;
  }

 private:
  const Buffer& At(std::size_t k) const { return problem_.buffers[static_cast<std::size_t>(items_[k])]; }
  Span SpanOf(std::size_t k) const { return shapes_.extents[static_cast<std::size_t>(items_[k])]; }
  std::int64_t& Offset(std::size_t k) { return offsets_[static_cast<std::size_t>(items_[k])]; }

  // The heaviest that is out, the first of these.
  std::size_t Hardest() {
    std::size_t hardest = items_.size();
    for (std::size_t k = 0; k < items_.size(); ++k) {
      if (Offset(k) != kOut) continue;
      if (hardest == items_.size() || weights_[k] > weights_[hardest]) hardest = k;
    }
    return hardest;
  }

  // All that is placed and alive with item k.
  std::vector<std::size_t> AliveWith(std::size_t k) {
    std::vector<std::size_t> alive;
    for (std::size_t other = 0; other < items_.size(); ++other) {
      const Span a = SpanOf(k), b = SpanOf(other);
      if (Offset(other) != kOut && b.first < a.last && a.first < b.last) alive.push_back(other);
    }
    return alive;
  }

  // The least weight is met at 0 or right behind another.
  void PutWhereItDisplacesLeast(std::size_t k, std::int64_t target) {
    const std::vector<std::size_t> alive = AliveWith(k);
    const std::int64_t size = At(k).size, alignment = At(k).alignment;
    const auto meets = [&](std::size_t other, std::int64_t offset) {
      return Offset(other) < offset + size && offset < Offset(other) + At(other).size;
    };
    std::vector<std::int64_t> candidates = {0};
    for (const std::size_t other : alive) {
      candidates.push_back((Offset(other) + At(other).size + alignment - 1) / alignment * alignment);
    }
    std::sort(candidates.begin(), candidates.end());
    std::int64_t best = 0, least = INT64_MAX;
    for (const std::int64_t offset : candidates) {
      if (offset + size > target) break;
      std::int64_t weight = 0;
      for (const std::size_t other : alive) weight += meets(other, offset) ? weights_[other] : 0;
      if (weight >= least) continue;
      least = weight;
      best = offset;
    }
    for (const std::size_t other : alive) {
      if (meets(other, best)) Displace(other);
    }
    Offset(k) = best;
  }

  void Displace(std::size_t k) {
    Offset(k) = kOut;
    if (weights_[k] >= std::int64_t{1} << 48) return;
    weights_[k] += weights_[k] / (times_[k] + 1) * (1 + times_[k] / 4);
    ++times_[k];
  }

  const Problem& problem_;
  const Shapes& shapes_;
  std::vector<int> items_;
  std::vector<std::int64_t> offsets_, weights_, times_;
};

// No target is lower.
std::int64_t Largest(const Problem& problem) {
  std::int64_t largest = 0;
  for (const Buffer& b : problem.buffers) largest = std::max(largest, b.size);
  return largest;
}

std::vector<std::int64_t> FirstFit(const Problem& problem, const Shapes& shapes) {
  Placer placer(problem, shapes);
  const SortKeys sort_keys(problem, shapes, {});
  return PlaceInOrder(problem, placer, sort_keys.movable());
}

// Fewer than 32 buffers: then a step is one placement.
TEST(Repair, DoesWhatScansOverAllThatIsPlacedWould) {
  int transformed = 0, given_up = 0;
  for (int seed = 0; seed < tests::Seeds(200); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(static_cast<std::uint64_t>(seed));
    tests::Menu menu;
    menu.steps = static_cast<int>(random.Between(2, 40));
    menu.largest = random.OneIn(2) ? 12 : 5000;
    menu.alignment_bits = random.OneIn(2) ? 3 : 0;
    const Problem problem = tests::SeededProblem(random, static_cast<int>(random.Between(1, 31)), menu);
    ASSERT_TRUE(Repair::CanRepair(problem));
    const Shapes shapes(problem);
    const SortKeys sort_keys(problem, shapes, {});
    Repair repair(problem, shapes, sort_keys);
    const PlanOptions options;
    Watch watch(options);
    Twin twin(problem, shapes, sort_keys);
    std::vector<std::int64_t> offsets = FirstFit(problem, shapes), expected = offsets;
    for (int round = 0; round < 4; ++round) {  // once used, it starts anew
      const std::vector<std::int64_t> before = offsets;
      const std::int64_t peak = PeakOf(problem, offsets);
      const std::int64_t target = std::max(Largest(problem), peak - random.Below(peak / 8 + 2));
      std::int64_t steps = 60;
      const bool found = repair.Lower(offsets, target, steps, watch);
      ASSERT_EQ(found, twin.Lower(expected, target, 60)) << target << tests::Describe(problem);
      ASSERT_EQ(offsets, expected) << target << tests::Describe(problem);
      if (!found) {
        ASSERT_EQ(offsets, before);
        ++given_up;
        continue;
      }
      ASSERT_LE(PeakOf(problem, offsets), target);
      ASSERT_FALSE(tests::FindClash(problem, offsets).has_value());
      transformed += offsets != before ? 1 : 0;
    }
  }
  EXPECT_GT(transformed, tests::Seeds(40));
  EXPECT_GT(given_up, tests::Seeds(40));
}

// So many that the short ones are found by their births.
TEST(Repair, FindsWhoIsAliveAmongThousandsAsAScanDoes) {
  for (int seed = 0; seed < 2; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(static_cast<std::uint64_t>(seed));
    Problem problem;
    for (int i = 0; i < 6000; ++i) {
      Buffer b;
      b.lower = random.Below(2000);
      b.upper = b.lower + (random.OneIn(30) ? random.Between(1, 1500) : random.Between(1, 9));
      b.size = random.Between(1, 100);
      b.alignment = std::int64_t{1} << random.Below(3);
      problem.buffers.push_back(b);
    }
    const Shapes shapes(problem);
    const SortKeys sort_keys(problem, shapes, {});
    Repair repair(problem, shapes, sort_keys);
    const PlanOptions options;
    Watch watch(options);
    Twin twin(problem, shapes, sort_keys);
    std::vector<std::int64_t> offsets = FirstFit(problem, shapes), expected = offsets;
    const std::int64_t peak = PeakOf(problem, offsets);
    std::int64_t steps = 100'000;
    ASSERT_TRUE(repair.Lower(offsets, peak - peak / 100, steps, watch));
    ASSERT_TRUE(twin.Lower(expected, peak - peak / 100, 10'000));
    EXPECT_EQ(offsets, expected);
  }
}

}  // namespace
}  // namespace orionrt::repair_test
