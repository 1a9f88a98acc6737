// orionrt diff
#include <gtest/gtest.h>

#include "run_command.hpp"

namespace orionrt::cli_diff_test {
namespace {

using tests::Folder;
using tests::Orionrt;
using tests::Outcome;

const char kOld[] = "id,lower,upper,size\na,0,3,1000\nb,1,2,1000\n";
const char kNew[] = "id,lower,upper,size\na,0,3,1000\nb,1,2,1040\n";

TEST(CliDiff, SaysWhatGrew) {
  const Folder folder;
  const Outcome outcome = Orionrt({"diff", folder.Write("o.csv", kOld), folder.Write("n.csv", kNew)});
  EXPECT_EQ(outcome.code, 0) << outcome;
  for (const char* word : {"peak", "+40 bytes", "+2.0 %", "#b grew from 1000 B to 1.02 KiB"})
    EXPECT_NE(outcome.out.find(word), std::string::npos) << word << "\n" << outcome;
}

TEST(CliDiff, IsAGateWithABudget) {
  const Folder folder;
  const std::string before = folder.Write("o.csv", kOld);
  const std::string after = folder.Write("n.csv", kNew);
  for (const auto& [budget, code] :
       {std::pair{"0", 6}, {"39", 6}, {"40", 0}, {"1K", 0}, {"1.999%", 6}, {"2%", 0}, {"100%", 0}, {"0%", 6}}) {
    const Outcome outcome = Orionrt({"diff", before, after, "--max-growth", budget});
    EXPECT_EQ(outcome.code, code) << budget << "\n" << outcome;
    EXPECT_EQ(outcome.out.find("Over the budget") != std::string::npos, code == 6) << outcome;
  }
  EXPECT_EQ(Orionrt({"diff", after, before, "--max-growth", "0"}).code, 0) << "it shrank";
  for (const char* budget : {"x", "-1", "%", "1.%", "1.2345%", "-1%", "1e3%", "9999999999%"})
    EXPECT_FAILS(2, Orionrt({"diff", before, after, "--max-growth", budget}), "--max-growth", "2%");
}

TEST(CliDiff, TakesPlansAsTheyStand) {
  const Folder folder;
  const std::string before = folder.Write("o.csv", kOld);
  ASSERT_EQ(Orionrt({"plan", before, "--policy", "no_reuse", "-o", folder / "o.json"}).code, 0);
  ASSERT_EQ(Orionrt({"plan", folder.Write("n.csv", kNew), "-o", folder / "n.json"}).code, 0);
  const Outcome outcome = Orionrt({"diff", folder / "o.json", folder / "n.json", "--format", "json"});
  EXPECT_EQ(outcome.code, 0) << outcome;
  for (const char* word : {"\"growth_bytes\": 40", "\"why\": \"#b grew", "\"within_budget\": true"})
    EXPECT_NE(outcome.out.find(word), std::string::npos) << word << "\n" << outcome;
}

TEST(CliDiff, RefusesAPlanWithAFault) {
  const Folder folder;
  const std::string after = folder.Write("n.csv", kNew);
  ASSERT_EQ(Orionrt({"plan", after, "-o", folder / "p.json"}).code, 0);
  std::string plan = folder.Read("p.json");
  const std::string peak = "\"peak_bytes\": 2040";
  ASSERT_NE(plan.find(peak), std::string::npos) << plan;
  plan.replace(plan.find(peak), peak.size(), "\"peak_bytes\": 1000");
  EXPECT_FAILS(3, Orionrt({"diff", after, folder.Write("q.json", plan), "--max-growth", "0"}), "q.json",
               "peak of 1000 bytes", "orionrt check");
}

TEST(CliDiff, WritesMarkdownBySuffix) {
  const Folder folder;
  const Outcome outcome = Orionrt(
      {"diff", folder.Write("o.csv", kOld), folder.Write("n.csv", kNew), "-o", folder / "d.md", "--max-growth", "0"});
  EXPECT_EQ(outcome.code, 6) << outcome;
  const std::string text = folder.Read("d.md");
  EXPECT_EQ(text.rfind("### Memory: +40 B", 0), 0u) << text;
  EXPECT_NE(text.find("**Over the budget"), std::string::npos) << text;
}

}  // namespace
}  // namespace orionrt::cli_diff_test
