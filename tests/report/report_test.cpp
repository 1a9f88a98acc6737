#include "orionrt/report.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "orionrt/planner.hpp"
#include "report/plan_words.hpp"

namespace orionrt::report_test {
namespace {

PlanFile Planned(std::vector<Buffer> buffers) {
  PlanFile file;
  file.problem.buffers = std::move(buffers);
  file.plan = ReusePlanner("first_fit").Run(file.problem);
  file.source = "x.csv";
  return file;
}

// Columns that a terminal shows: characters, not bytes.
std::size_t Width(const std::string& line) {
  std::size_t width = 0;
  for (const char c : line) width += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
  return width;
}

TEST(DescribePlan, SaysTheFiguresWithin80Columns) {
  const std::string text = DescribePlan(Planned({{0, 3, 1 << 20}, {2, 5, 1 << 20}, {5, 9, 1 << 20}}));
  for (const char* word :
       {"x.csv", "3 buffers", "9 steps", "2,097,152", "proven optimal", "lower bound", "no reuse", "3,145,728"}) {
    EXPECT_NE(text.find(word), std::string::npos) << word << "\n" << text;
  }
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(Width(line), 80u) << line;
  EXPECT_EQ(text.back(), '\n');
}

TEST(DescribePlan, SaysTheGapWhenThereIsOne) {
  PlanFile file = Planned({{0, 1, 100}, {5, 6, 100}});
  file.plan = ReusePlanner("no_reuse").Run(file.problem);
  const std::string text = DescribePlan(file);
  EXPECT_NE(text.find("gap"), std::string::npos) << text;
  EXPECT_NE(text.find("100.0 %"), std::string::npos) << text;
}

TEST(DescribePlan, AddsTheWeightsToTheBill) {
  PlanFile file = Planned({{0, 1, 100}});
  EXPECT_EQ(DescribePlan(file).find("total"), std::string::npos) << "a problem has no weights";
  file.peak_nested_bytes = 30;
  file.weights = WeightBytes{2000, 4000, 17};
  const std::string text = DescribePlan(file);
  EXPECT_NE(text.find("(4,000 bytes in 17 tensors, 1.95 KiB stored)\n  total"), std::string::npos) << text;
  EXPECT_NE(text.find("(4,130 bytes, peak, nested and weights)"), std::string::npos) << text;
}

TEST(DescribePlan, TakesNothingAndExtremes) {
  EXPECT_NE(DescribePlan(Planned({})).find("0 buffers over 0 steps"), std::string::npos);
  EXPECT_NE(DescribePlan(Planned({{0, 1, 0}})).find("1 buffer over"), std::string::npos);
  const std::string text = DescribePlan(Planned({{-(std::int64_t{1} << 61), std::int64_t{1} << 61, 8}, {-1, 1, 8}}));
  EXPECT_EQ(text.find("over -"), std::string::npos) << "steps past 63 bits\n" << text;
  EXPECT_NO_THROW(DescribePlan(Planned({{0, 1, INT64_MAX - 64}})));
}

TEST(DrawArena, DrawsEveryPlaceWhereItIs) {
  const PlanFile file = Planned({{0, 2, 10}, {1, 2, 10}});
  const std::string picture = DrawArena(file.problem, file.plan, 4, 2);
  std::istringstream lines(picture);
  std::string upper, lower;
  std::getline(lines, upper);
  std::getline(lines, lower);
  EXPECT_EQ(Width(lower), Width(upper)) << picture;
  EXPECT_EQ(upper.substr(0, 5), "  |  ") << "nothing up there in the first half\n" << picture;
}

}  // namespace
}  // namespace orionrt::report_test
