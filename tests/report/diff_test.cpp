#include <gtest/gtest.h>

#include "orionrt/planner.hpp"
#include "orionrt/report.hpp"
#include "random.hpp"

namespace orionrt::tests::diff_test {
namespace {

PlanFile Planned(std::vector<Buffer> buffers, std::vector<std::string> names) {
  PlanFile file;
  file.source = "m.onnx";
  file.problem.buffers = std::move(buffers);
  file.problem.names = std::move(names);
  file.plan = ReusePlanner().Run(file.problem);
  return file;
}

std::vector<std::string> CausesOf(const PlanDiff& diff) {
  std::vector<std::string> lines;
  for (const PeakCause& cause : diff.causes) lines.push_back(std::to_string(cause.bytes) + " " + DescribeCause(cause));
  return lines;
}

TEST(DiffPlans, NamesTheTensorThatLivesLonger) {
  const PlanFile before = Planned({{0, 3, 100}, {2, 4, 100}, {0, 2, 40}}, {"a", "b", "t44"});
  const PlanFile after = Planned({{0, 3, 100}, {2, 4, 100}, {0, 6, 40}}, {"a", "b", "t44"});
  const PlanDiff diff = DiffPlans(before, after);
  EXPECT_EQ(diff.Growth(), 40);
  EXPECT_EQ(CausesOf(diff), std::vector<std::string>{"40 t44 now lives 4 steps longer"});
}

TEST(DiffPlans, SaysWhenThePeakMoved) {
  const PlanFile before = Planned({{0, 2, 100}, {4, 6, 40}}, {"a", "b"});
  const PlanFile after = Planned({{0, 2, 10}, {4, 6, 40}}, {"a", "b"});
  EXPECT_EQ(CausesOf(DiffPlans(before, after)), (std::vector<std::string>{"-100 a is not alive where the peak is now",
                                                                          "40 b is alive where the peak is now"}));
}

TEST(DiffPlans, TellsEveryKindOfCause) {
  const PlanFile before =
      Planned({{0, 2, 100}, {0, 2, 50}, {0, 1, 8}, {3, 4, 16}, {1, 2, 4}}, {"same", "size", "gone", "life", "moved"});
  const PlanFile after =
      Planned({{0, 2, 100}, {0, 2, 70}, {0, 1, 32}, {0, 4, 16}, {1, 2, 4}}, {"same", "size", "new", "life", "moved"});
  const PlanDiff diff = DiffPlans(before, after);
  EXPECT_EQ(CausesOf(diff), (std::vector<std::string>{"32 new is new", "20 size grew from 50 B to 70 B",
                                                      "16 life now lives 3 steps longer", "-8 gone is gone"}));
  EXPECT_EQ(diff.before.live_bytes, 158);
  EXPECT_EQ(diff.after.live_bytes, 218);
}

TEST(DiffPlans, MatchesById) {
  PlanFile before = Planned({{0, 1, 8}, {0, 1, 16}}, {"twice", "twice"});
  before.problem.ids = {"x", "y"};
  PlanFile after = Planned({{0, 1, 16}, {0, 1, 24}}, {"twice", "twice"});
  after.problem.ids = {"y", "x"};
  EXPECT_EQ(CausesOf(DiffPlans(before, after)), (std::vector<std::string>{"16 #x grew from 8 B to 24 B"}));
}

TEST(DiffPlans, TakesNoNameForAnId) {
  const PlanFile before = Planned({{0, 3, 100}, {0, 3, 30}}, {"#1", ""});
  const PlanFile after = Planned({{0, 3, 110}, {0, 3, 50}}, {"#1", ""});
  EXPECT_EQ(CausesOf(DiffPlans(before, after)),
            (std::vector<std::string>{"20 #1 grew from 30 B to 50 B", "10 #1 grew from 100 B to 110 B"}));
}

TEST(DiffPlans, KnowsPartsOfABuffer) {
  PlanFile before = Planned({{0, 4, 100}}, {"a"}), after = before;
  before.problem.parts = {{0, 0, 4, 0, 60}};
  after.problem.parts = {{0, 0, 2, 0, 60}, {0, 2, 4, 0, 100}};
  EXPECT_EQ(CausesOf(DiffPlans(before, after)), (std::vector<std::string>{"40 a holds more there"}));
}

TEST(DiffPlans, GrowsFromNothing) {
  const PlanDiff diff = DiffPlans(Planned({}, {}), Planned({{0, 1, 40}}, {"a"}));
  EXPECT_EQ(DiffToMarkdown(diff).find("()"), std::string::npos) << DiffToMarkdown(diff);
  EXPECT_EQ(DescribeDiff(diff).find("()"), std::string::npos) << DescribeDiff(diff);
}

TEST(DiffPlans, SaysWhenNothingChanged) {
  const PlanFile file = Planned({{0, 2, 100}}, {"a"});
  const PlanDiff diff = DiffPlans(file, file);
  EXPECT_TRUE(diff.causes.empty());
  EXPECT_EQ(diff.Growth(), 0);
  EXPECT_NE(DescribeDiff(diff).find("unchanged"), std::string::npos);
  EXPECT_NE(DiffToMarkdown(diff).find("unchanged"), std::string::npos);
  EXPECT_NO_THROW(DescribeDiff(DiffPlans(PlanFile(), file)));
  EXPECT_NO_THROW(DiffToMarkdown(DiffPlans(file, PlanFile())));
}

TEST(DiffPlans, NamesBreakNoTable) {
  const PlanFile before = Planned({{0, 1, 8}}, {"a"});
  const PlanFile after = Planned({{0, 1, 9}, {0, 1, 9}}, {"x|y\n`z`<script>", std::string(10000, 'n')});
  const std::string text = DiffToMarkdown(DiffPlans(before, after));
  EXPECT_NE(text.find("`x\\|y?'z'<script>`"), std::string::npos) << text;
  for (std::size_t at = 0, end = 0; at < text.size(); at = end + 1) {
    end = text.find('\n', at);
    EXPECT_LT(end - at, 300u);
  }
}

TEST(DiffPlans, CausesAndPackingAddUpToTheGrowth) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Random random(seed);
    const auto side = [&random] {
      std::vector<Buffer> buffers;
      std::vector<std::string> names;
      for (std::int64_t i = random.Between(0, 30); i > 0; --i) {
        if (random.OneIn(4)) continue;
        const std::int64_t lower = random.Below(20);
        buffers.push_back({lower, lower + random.Between(1, 9), random.Below(1000)});
        names.push_back("t" + std::to_string(i));
      }
      return Planned(std::move(buffers), std::move(names));
    };
    const PlanFile before = side();
    const PlanDiff diff = DiffPlans(before, side());
    std::int64_t sum = diff.Packing();
    for (const PeakCause& cause : diff.causes) sum += cause.bytes;
    EXPECT_EQ(sum, diff.Growth()) << "seed " << seed;
    EXPECT_EQ(diff.Growth(), diff.after.peak_bytes - diff.before.peak_bytes) << "seed " << seed;
  }
}

}  // namespace
}  // namespace orionrt::tests::diff_test
