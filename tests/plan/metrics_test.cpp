#include <gtest/gtest.h>

#include <algorithm>

#include "generators.hpp"
#include "orionrt/plan.hpp"
#include "orionrt/planner.hpp"

namespace orionrt::metrics_test {
namespace {

Plan At(const Problem& problem, std::vector<std::int64_t> offsets) {
  Plan plan;
  plan.offsets = std::move(offsets);
  plan.peak_bytes = PeakOf(problem, plan.offsets);
  return plan;
}

//  96        +---+
//  64    +---+ c |      a [0, 4) x [0, 40), b [1, 2) x [64, 94), c [2, 3) x [64, 96)
//  40  +-+ b +-+-+-+    holes: 0, 24, 24, 0
//      |     a     |
//   0  +---+---+---+
TEST(Metrics, AreWhatTheDefinitionsSay) {
  Problem problem;
  problem.buffers = {{0, 4, 40}, {1, 2, 30, 64}, {2, 3, 32, 64}};
  const Metrics m = MeasurePlan(problem, At(problem, {0, 64, 64}));
  EXPECT_EQ(m.peak_bytes, 96);
  EXPECT_EQ(m.no_reuse_bytes, 160) << "40, then 64 + 30, then 128 + 32";
  EXPECT_EQ(m.peak_step, 2);
  EXPECT_EQ(m.live_at_peak_bytes, 72);
  EXPECT_EQ(m.max_live_bytes, 72);
  EXPECT_EQ(m.padding_at_peak_bytes, 24);
  EXPECT_EQ(m.fragmentation_at_peak_bytes, 0);
  EXPECT_EQ(m.max_holes_bytes, 24);
  EXPECT_EQ(m.max_holes_step, 1);
  EXPECT_EQ(m.mean_holes_bytes, 48 / 4);
  EXPECT_EQ(m.utilisation_ppm, (4 * 40 + 30 + 32) * 1000000LL / (96 * 4));
}

TEST(Metrics, TellHolesFromPadding) {
  Problem problem;
  problem.buffers = {{0, 2, 10, 16}, {0, 2, 10, 16}};
  const Metrics m = MeasurePlan(problem, At(problem, {0, 64}));
  EXPECT_EQ(m.padding_at_peak_bytes, 6) << "10 to 16; what is above it nothing forces";
  EXPECT_EQ(m.fragmentation_at_peak_bytes, 48);
}

TEST(Metrics, AddUpByClass) {
  Problem problem;
  problem.buffers = {{0, 2, 10}, {1, 3, 20}, {1, 2, 30}, {5, 6, 0}};
  const std::vector<BufferClass> classes = {BufferClass::kInput, BufferClass::kActivation, BufferClass::kActivation,
                                            BufferClass::kOutput};
  const Metrics m = MeasurePlan(problem, At(problem, {0, 10, 30, 0}), classes);
  const auto of = [&](BufferClass kind) { return m.classes[static_cast<int>(kind)]; };
  EXPECT_EQ(of(BufferClass::kInput).bytes, 10);
  EXPECT_EQ(of(BufferClass::kActivation).bytes, 50);
  EXPECT_EQ(of(BufferClass::kActivation).count, 2);
  EXPECT_EQ(of(BufferClass::kActivation).bytes_at_peak, 50);
  EXPECT_EQ(of(BufferClass::kOutput).count, 1);
  EXPECT_EQ(of(BufferClass::kOther).count, 0);
  EXPECT_STREQ(BufferClassName(BufferClass::kWorkspace), "workspace");
}

TEST(Metrics, SpeakOfOnePoolOfSeveral) {
  Problem problem;
  problem.buffers = {{0, 2, 100}, {0, 4, 100}};
  problem.spaces = {{"sram", 128}, {"dram"}};
  problem.spaces[1].granularity = 64;
  const Plan plan = ReusePlanner("first_fit").Run(problem);
  const std::vector<BufferClass> classes = {BufferClass::kInput, BufferClass::kActivation};
  const Metrics sram = MeasurePlan(problem, plan, classes, SpaceOf(plan, 0));
  const Metrics dram = MeasurePlan(problem, plan, classes, SpaceOf(plan, 1));
  ASSERT_NE(SpaceOf(plan, 0), SpaceOf(plan, 1));
  EXPECT_EQ(sram.peak_bytes + dram.peak_bytes, 100 + 128) << "one is rounded up to 64";
  EXPECT_EQ(sram.classes[static_cast<int>(BufferClass::kInput)].count, 1);
  EXPECT_EQ(sram.classes[static_cast<int>(BufferClass::kActivation)].count, 0);
  EXPECT_EQ(sram.utilisation_ppm, 500000) << "two of the four steps of the whole problem";
  EXPECT_EQ(dram.utilisation_ppm, 1000000);
}

TEST(Metrics, TakeNothingAndExtremes) {
  const Metrics none = MeasurePlan({}, {});
  EXPECT_EQ(none.peak_bytes, 0);
  EXPECT_EQ(none.utilisation_ppm, 0);
  Problem huge;
  huge.buffers = {{-(std::int64_t{1} << 61), std::int64_t{1} << 61, INT64_MAX / 2}, {0, 1, INT64_MAX / 4}};
  const Metrics m = MeasurePlan(huge, At(huge, {0, INT64_MAX / 2}));
  EXPECT_GE(m.utilisation_ppm, 666666 - 1);
  EXPECT_LE(m.utilisation_ppm, 666667 + 1);
  EXPECT_EQ(m.max_holes_bytes, 0);
}

// The same by looking at every step, and every byte that is alive, on its own.
Metrics StepByStep(const Problem& problem, const Plan& plan) {
  Metrics m;
  m.peak_bytes = plan.peak_bytes;
  std::int64_t first = INT64_MAX, last = INT64_MIN, holes = 0, area = 0, highest = 0;
  for (const Buffer& b : problem.buffers) {
    first = std::min(first, b.lower);
    last = std::max(last, b.upper);
  }
  for (std::int64_t step = first; step < last; ++step) {
    std::int64_t live = 0, top = 0;
    for (int i = 0; i < static_cast<int>(problem.buffers.size()); ++i) {
      std::vector<Part> parts;
      for (const Part& p : problem.parts) {
        if (p.buffer == i) parts.push_back(p);
      }
      const Buffer& b = problem.buffers[i];
      if (parts.empty()) parts = {{i, b.lower, b.upper, 0, b.size}};
      for (const Part& p : parts) {
        if (p.lower > step || step >= p.upper || p.begin == p.end) continue;
        live += p.end - p.begin;
        top = std::max(top, plan.offsets[i] + p.end);
      }
    }
    holes += top - live;
    area += live;
    m.max_live_bytes = std::max(m.max_live_bytes, live);
    if (top - live > m.max_holes_bytes) {
      m.max_holes_bytes = top - live;
      m.max_holes_step = step;
    }
    if (top > highest || (top == highest && live > m.live_at_peak_bytes)) {
      highest = top;
      m.peak_step = step;
      m.live_at_peak_bytes = live;
    }
  }
  m.mean_holes_bytes = holes / (last - first);
  m.utilisation_ppm = m.peak_bytes == 0 ? 0 : area * 1000000 / (m.peak_bytes * (last - first));
  return m;
}

TEST(Metrics, EqualWhatEveryStepAddsUpTo) {
  tests::Menu menu;
  menu.alignment_bits = 6;
  menu.zero_sizes = true;
  menu.parts = true;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(seed);
    tests::Random random(seed);
    const Problem problem = tests::SeededProblem(random, 1 + static_cast<int>(random.Below(40)), menu);
    const Plan plan = ReusePlanner(seed % 2 == 0 ? "linear_scan" : "first_fit").Run(problem);
    const Metrics got = MeasurePlan(problem, plan);
    const Metrics expected = StepByStep(problem, plan);
    EXPECT_EQ(got.peak_bytes, expected.peak_bytes);
    EXPECT_EQ(got.max_live_bytes, expected.max_live_bytes);
    EXPECT_EQ(got.live_at_peak_bytes, expected.live_at_peak_bytes);
    if (expected.live_at_peak_bytes > 0) {
      EXPECT_EQ(got.peak_step, expected.peak_step);
    }
    EXPECT_EQ(got.max_holes_bytes, expected.max_holes_bytes);
    if (expected.max_holes_bytes > 0) {
      EXPECT_EQ(got.max_holes_step, expected.max_holes_step);
    }
    EXPECT_EQ(got.mean_holes_bytes, expected.mean_holes_bytes);
    EXPECT_EQ(got.utilisation_ppm, expected.utilisation_ppm);
    EXPECT_EQ(got.live_at_peak_bytes + got.padding_at_peak_bytes + got.fragmentation_at_peak_bytes, got.peak_bytes);
    EXPECT_GE(got.fragmentation_at_peak_bytes, 0);
  }
}

}  // namespace
}  // namespace orionrt::metrics_test
