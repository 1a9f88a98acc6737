// orionrt plan
#include <gtest/gtest.h>

#include "orionrt/planner.hpp"
#include "orionrt/tensor_pool.hpp"
#include "random.hpp"
#include "run_command.hpp"

namespace orionrt::cli_plan_test {
namespace {

using tests::Folder;
using tests::Orionrt;
using tests::Outcome;

const char kProblem[] = "id,lower,upper,size\na,0,3,4\nb,3,9,4\nc,0,9,4\nd,9,21,4\ne,0,21,4\n";

TEST(CliPlan, PrintsTextByDefault) {
  const Folder folder;
  const Outcome outcome = Orionrt({"plan", folder.Write("x.csv", kProblem)});
  EXPECT_EQ(outcome.code, 0) << outcome;
  EXPECT_EQ(outcome.err, "");
  for (const char* word : {"5 buffers", "peak", "12 bytes", "lower bound"})
    EXPECT_NE(outcome.out.find(word), std::string::npos) << outcome;
}

TEST(CliPlan, TellsTheFormatByOptionOrSuffix) {
  const Folder folder;
  const std::string problem = folder.Write("x.csv", kProblem);
  EXPECT_EQ(Orionrt({"plan", problem, "--format", "csv"}).out.substr(0, 27), "id,lower,upper,size,offset\n");
  for (const auto& [file, begin] : {std::pair{"p.json", "{"}, {"p.csv", "id,lower"}, {"p.txt", "/"}, {"p", "/"}}) {
    const Outcome outcome = Orionrt({"plan", problem, "-o", folder / file});
    EXPECT_EQ(outcome.code, 0) << outcome;
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(folder.Read(file).substr(0, std::string(begin).size()), begin) << file;
  }
  ASSERT_EQ(Orionrt({"plan", problem, "-o", folder / "p.json", "--format", "csv"}).code, 0);
  EXPECT_EQ(folder.Read("p.json").substr(0, 2), "id") << "the option goes before the suffix";
}

TEST(CliPlan, StatesThePoolsOwnMetadataApart) {
  const Folder folder;
  const std::string graph = folder.Write("g.json", R"({"schema":"orionrt.graph/1",
    "tensors":[{"id":0,"bytes":100},{"id":1,"bytes":50}],
    "ops":[{"outputs":[0]},{"inputs":[0],"outputs":[1]},{"inputs":[1]}]})");
  TensorPool pool(178);
  pool.RegisterGraph({{0, {}, {0}}, {1, {0}, {1}}, {2, {1}, {}}}, {{0, 100}, {1, 50}});
  pool.FinalizePlan();
  const std::string bytes = std::to_string(pool.metadata_bytes());
  EXPECT_NE(Orionrt({"plan", graph, "--format", "json"}).out.find("\"metadata_bytes\": " + bytes + ","),
            std::string::npos)
      << Orionrt({"plan", graph, "--format", "json"}) << bytes;
  const Outcome text = Orionrt({"plan", graph});
  EXPECT_NE(text.out.find("metadata"), std::string::npos) << text;
  EXPECT_EQ(Orionrt({"plan", folder.Write("x.csv", kProblem)}).out.find("metadata"), std::string::npos);
}

TEST(CliPlan, JsonPlanHasTheWordsOfTheContract) {
  const Folder folder;
  const std::string json = Orionrt({"plan", folder.Write("x.csv", kProblem), "--format", "json"}).out;
  for (const char* word : {"\"orionrt.plan/1\"", "\"source\"", "\"policy\"", "\"alignment\"", "\"peak_bytes\": 12",
                           "\"lower_bound_bytes\": 12", "\"proven_optimal\": true", "\"bound_kind\"", "\"witness\"",
                           "\"buffers\"", "\"space\""}) {
    EXPECT_NE(json.find(word), std::string::npos) << word << "\n" << json;
  }
}

TEST(CliPlan, RowsLessTheOffsetAreThoseOfConvert) {
  const Folder folder;
  for (const char* text : {kProblem, "size,colour,id,begin,end\r\n4,red,z,0,2\r\n0, blue ,y,1,1\r\n8,,x,-3,9\r\n",
                           "id,lower,upper,size,gaps,alignment\nb,0,9,8,3-5@2:4,4\na,0,9,8,,1\n"}) {
    const std::string problem = folder.Write("x.csv", text);
    for (const Policy& policy : Policies()) {
      const Outcome planned =
          Orionrt({"plan", problem, "--format", "csv", "--policy", policy.name, "--alignment", "8"});
      const Outcome converted = Orionrt({"convert", problem, "--alignment", "8"});
      EXPECT_EQ(planned.code, 0) << planned;
      EXPECT_EQ(converted.code, 0) << converted;
      EXPECT_EQ(tests::WithoutLastColumn(planned.out), converted.out) << policy.name;
    }
  }
}

TEST(CliPlan, KeepsZeroSizeRowsAtOffset0) {
  const Outcome outcome = Orionrt({"plan", "-", "--input-format", "csv", "--format", "csv"},
                                  "id,lower,upper,size\na,0,3,100\nb,0,3,0\nc,0,3,50\n");
  EXPECT_NE(outcome.out.find("\nb,0,3,0,0\n"), std::string::npos) << outcome;
}

TEST(CliPlan, HonoursOffsetsUnlessTheyAreToBeIgnored) {
  const Folder folder;
  const std::string problem = folder.Write("x.csv", "id,lower,offset,upper,size\na,0,1000,3,4\nb,0,,3,4\n");
  const Outcome honoured = Orionrt({"plan", problem, "--format", "csv"});
  EXPECT_NE(honoured.out.find("\na,0,3,4,1000\n"), std::string::npos) << honoured;
  EXPECT_NE(honoured.out.find("\nb,0,3,4,0\n"), std::string::npos) << honoured;
  const Outcome ignored = Orionrt({"plan", problem, "--format", "csv", "--ignore-offsets", "--policy", "no_reuse"});
  EXPECT_EQ(ignored.out, "id,lower,upper,size,offset\na,0,3,4,0\nb,0,3,4,4\n");
  EXPECT_EQ(Orionrt({"convert", problem}).out, "id,lower,upper,size,offset\na,0,3,4,1000\nb,0,3,4,\n");
  EXPECT_EQ(Orionrt({"convert", problem, "--ignore-offsets"}).out, "id,lower,upper,size\na,0,3,4\nb,0,3,4\n");
}

TEST(CliPlan, FixedOffsetsThatClashDoNotFitAndAreNoInternalError) {
  const Folder folder;
  const Outcome outcome =
      Orionrt({"plan", folder.Write("x.csv", "id,lower,upper,size,offset\na,0,3,4,0\nb,2,3,4,2\n")});
  EXPECT_TRUE(outcome.code == 4 || outcome.code == 3) << outcome;
  for (const char* word : {"a", "b", "step 2", "[2, 4)"})
    EXPECT_NE(outcome.err.find(word), std::string::npos) << outcome;
}

TEST(CliPlan, AFixedOffsetThatIsNoMultipleOfTheAlignmentIsBadInput) {
  const Folder folder;
  EXPECT_FAILS(3,
               Orionrt({"plan", folder.Write("x.csv", "id,lower,upper,size,offset\na,0,3,4,4\n"), "--alignment", "64"}),
               "a", "4", "64");
}

TEST(CliPlan, JoinsTheAlignmentWithARowsOwnByTheLarger) {
  const std::string text = "id,lower,upper,size,alignment\na,0,3,1,1\nb,0,3,1,256\nc,0,3,1,16\n";
  const std::string out =
      Orionrt({"plan", "-", "--input-format", "csv", "--format", "csv", "--alignment", "64", "--policy", "no_reuse"},
              text)
          .out;
  EXPECT_EQ(out, "id,lower,upper,size,alignment,offset\na,0,3,1,1,0\nb,0,3,1,256,256\nc,0,3,1,16,320\n");
}

TEST(CliPlan, CapacityDecides) {
  const Folder folder;
  const std::string problem = folder.Write("x.csv", kProblem);
  EXPECT_EQ(Orionrt({"plan", problem, "--capacity", "12"}).code, 0);
  EXPECT_EQ(Orionrt({"plan", problem, "--capacity", "1K"}).code, 0);
  EXPECT_FAILS(4, Orionrt({"plan", problem, "--capacity", "11"}), "x.csv", "11 bytes", "12", "1 short", "step",
               "c (4)");
  EXPECT_FAILS(5, Orionrt({"plan", problem, "--capacity", "13", "--policy", "no_reuse"}), "x.csv", "13", "20", "12");
}

// Both were undecided: gaps that leave nothing took the whole size out of the bound, and any gap kept the search out.
TEST(CliPlan, CapacityDecidesAboutGapsToo) {
  const Folder folder;
  const std::string never = folder.Write("never.csv", "id,lower,upper,size,gaps\na,0,10,10,0-10\n");
  EXPECT_FAILS(4, Orionrt({"plan", never, "--capacity", "5"}), "never.csv", "at least 10", "5 short",
               "whatever its gaps", "a (10)");
  EXPECT_EQ(Orionrt({"plan", never, "--capacity", "10"}).code, 0);
  const std::string half = folder.Write("half.csv", "id,lower,upper,size,gaps\na,0,10,10,0-10@0:4\nb,0,10,3,\n");
  EXPECT_FAILS(4, Orionrt({"plan", half, "--capacity", "9"}), "at least 10", "1 short", "a (10)");
  EXPECT_EQ(Orionrt({"plan", half, "--capacity", "10"}).code, 0) << "b is in the bytes that a never uses";
  const Outcome planned = Orionrt({"plan", never, "--format", "json"});
  EXPECT_NE(planned.out.find("\"bound_kind\": \"buffer_size\""), std::string::npos) << planned;
  EXPECT_EQ(Orionrt({"check", "-", "--input-format", "json"}, planned.out).code, 0) << "read back, and judged";
  EXPECT_FAILS(
      4,
      Orionrt({"plan", folder.Write("fixed.csv", "id,lower,upper,size,offset\na,0,3,4,1000\n"), "--capacity", "500"}),
      "1,004", "fixed offset of 1,000", "a (4)");
}

TEST(CliPlan, SeveralInputsComeOneAfterAnother) {
  const Folder folder;
  const std::string one = folder.Write("one.csv", kProblem);
  const std::string two = folder.Write("two.csv", "id,lower,upper,size\nz,0,1,77\n");
  const Outcome outcome = Orionrt({"plan", one, two});
  EXPECT_EQ(outcome.code, 0) << outcome;
  EXPECT_LT(outcome.out.find("one.csv"), outcome.out.find("two.csv"));
  EXPECT_NE(outcome.out.find("two.csv"), std::string::npos);

  EXPECT_FAILS(2, Orionrt({"plan", one, two, "-o", folder / "p.json"}), "directory");
  EXPECT_FALSE(folder.Has("p.json"));

  std::filesystem::create_directory(folder / "plans");
  EXPECT_EQ(Orionrt({"plan", one, two, "-o", folder / "plans", "--format", "json"}).code, 0);
  EXPECT_EQ(folder.Read("plans/one.plan.json").substr(0, 1), "{");
  EXPECT_NE(folder.Read("plans/two.plan.json").find("77"), std::string::npos);
}

TEST(CliPlan, TwoInputsOfOneNameDoNotOverwriteEachOtherSilently) {
  const Folder folder;
  for (const char* sub : {"a", "b", "plans"}) std::filesystem::create_directory(folder / sub);
  const std::string one = folder.Write("a/x.csv", "id,lower,upper,size\none,0,1,11\n");
  const std::string two = folder.Write("b/x.csv", "id,lower,upper,size\ntwo,0,1,22\n");
  const Outcome outcome = Orionrt({"plan", one, two, "-o", folder / "plans", "--format", "csv"});
  const auto files =
      std::distance(std::filesystem::directory_iterator(folder / "plans"), std::filesystem::directory_iterator());
  EXPECT_TRUE(outcome.code == 2 || files == 2) << "one plan of two is gone\n" << outcome;
}

TEST(CliPlan, LeavesTheTargetAloneWhenItFails) {
  const Folder folder;
  const std::string problem = folder.Write("x.csv", kProblem);
  const std::string bad = folder.Write("bad.csv", "id,lower,upper,size\na,0\n");
  const std::string target = folder.Write("p.json", "what was there");
  const int files = folder.Count();
  EXPECT_EQ(Orionrt({"plan", problem, "-o", target, "--capacity", "11"}).code, 4);
  EXPECT_EQ(Orionrt({"plan", bad, "-o", target}).code, 3);
  EXPECT_EQ(Orionrt({"plan", problem, "-o", target, "--policy", "none"}).code, 2);
  EXPECT_EQ(folder.Read("p.json"), "what was there");
  EXPECT_EQ(Orionrt({"plan", problem, "-o", folder / "new.json", "--capacity", "11"}).code, 4);
  EXPECT_EQ(folder.Count(), files) << "nothing half-written, no temporary file";
}

TEST(CliPlan, GivesTheSameBytesTwice) {
  const Folder folder;
  tests::Random random(9);
  std::string text = "id,lower,upper,size\n";
  for (int i = 0; i < 300; ++i) {
    const std::int64_t lower = random.Below(100);
    text += "t" + std::to_string(i) + "," + std::to_string(lower) + "," +
            std::to_string(lower + random.Between(1, 30)) + "," + std::to_string(random.Below(50)) + "\n";
  }
  const std::string problem = folder.Write("x.csv", text);
  for (const Policy& policy : Policies()) {
    const auto plan = [&] { return Orionrt({"plan", problem, "--format", "json", "--policy", policy.name}).out; };
    const std::string first = plan();
    EXPECT_EQ(plan(), first) << policy.name;
    EXPECT_GT(first.size(), 1000u);
  }
}

TEST(CliPlan, PlansAPlanAnew) {
  const Folder folder;
  const std::string problem = folder.Write("x.csv", kProblem);
  ASSERT_EQ(Orionrt({"plan", problem, "-o", folder / "p.json", "--policy", "no_reuse", "--alignment", "64"}).code, 0);
  const Outcome again = Orionrt({"plan", folder / "p.json", "--format", "json", "--policy", "first_fit"});
  EXPECT_EQ(again.code, 0) << again;
  EXPECT_NE(again.out.find("\"peak_bytes\": 132"), std::string::npos) << "two lines of 64 and four bytes\n" << again;
}

TEST(CliPlan, PlansAStaircaseInEveryFormat) {
  const Folder folder;
  const std::string plan = folder.Write(
      "s.json",
      R"({"schema":"orionrt.plan/1","peak_bytes":8,"buffers":[{"id":"s","size":8,"lower":0,"upper":4,"offset":0,
    "parts":[{"lower":0,"upper":3,"begin":0,"end":4},{"lower":2,"upper":4,"begin":4,"end":8}]}]})");
  EXPECT_EQ(Orionrt({"plan", plan, "--format", "json"}).code, 0) << Orionrt({"plan", plan, "--format", "json"});
  EXPECT_EQ(Orionrt({"plan", plan}).code, 0);
  EXPECT_EQ(Orionrt({"check", plan}).code, 0) << Orionrt({"check", plan});
  const Outcome csv = Orionrt({"plan", plan, "--format", "csv"});
  EXPECT_EQ(csv.out, "id,lower,upper,size,gaps,offset\ns,0,4,8,0-2@0:4 2-3@0:4+4:8 3-4@4:8,0\n") << csv;
  EXPECT_EQ(Orionrt({"plan", "-", "--input-format", "csv", "--format", "csv"}, csv.out).out, csv.out);
}

TEST(CliPlan, PlansAnEmptyProblem) {
  const Outcome outcome = Orionrt({"plan", "-", "--input-format", "csv", "--format", "csv"}, "id,lower,upper,size\n");
  EXPECT_EQ(outcome.code, 0) << outcome;
  EXPECT_EQ(outcome.out, "id,lower,upper,size,offset\n");
  EXPECT_EQ(Orionrt({"plan", "-", "--input-format", "csv"}, "id,lower,upper,size\n").code, 0);
}

TEST(CliPlan, AStandardOutputThatIsFullIsNoSuccess) {
  const Folder folder;
  const std::string problem = folder.Write("x.csv", kProblem);
  const Outcome outcome = tests::Run("sh", {"-c", "exec \"$0\" plan \"$1\" > /dev/full", ORIONRT_COMMAND, problem});
  EXPECT_NE(outcome.code, 0) << outcome;
  EXPECT_NE(outcome.err, "");
}

// Without a suffix, and on standard input, what is inside decides; an unknown suffix is a mistake.
TEST(CliPlan, LooksInsideOfWhatHasNoSuffix) {
  const Folder folder;
  const std::string csv = "id,lower,upper,size\na,0,2,65\n";
  EXPECT_EQ(Orionrt({"plan", folder.Write("rows", csv), "--format", "csv"}).out,
            "id,lower,upper,size,offset\na,0,2,65,0\n");
  EXPECT_EQ(Orionrt({"plan", "-", "--format", "csv"}, csv).out, "id,lower,upper,size,offset\na,0,2,65,0\n");
  const std::string json =
      " {\"schema\":\"orionrt.problem/1\",\"buffers\":[{\"id\":\"a\",\"size\":7,\"lower\":0,\"upper\":1}]}";
  EXPECT_EQ(Orionrt({"plan", folder.Write("p", json), "--format", "csv"}).out,
            "id,lower,upper,size,offset\na,0,1,7,0\n");
  EXPECT_FAILS(2, Orionrt({"plan", folder.Write("noise", "\x89PNG, no size")}), "noise", "no suffix", "--input-format");
  EXPECT_FAILS(2, Orionrt({"plan", folder.Write("empty", "")}), "empty", "--input-format");
  EXPECT_FAILS(2, Orionrt({"plan", folder.Write("rows.txt", csv)}), "rows.txt", "no known suffix");
  EXPECT_FAILS(3, Orionrt({"plan", folder.Write("cut", "id,lower,upper,size\na,0,2\n")}), "cut");
}

TEST(CliPlan, SeveralInputsEndWithATable) {
  const Folder folder;
  const std::string a = folder.Write("a.csv", "id,lower,upper,size\na,0,2,2000\nb,2,3,2000\n");
  const std::string b = folder.Write("b.csv", "id,lower,upper,size\na,0,2,65\n");
  const Outcome both = Orionrt({"plan", a, b});
  const std::string table = both.out.substr(both.out.rfind("\n\n"));
  EXPECT_NE(table.find("peak_bytes"), std::string::npos) << both;
  EXPECT_NE(table.find("a.csv            2,000            2,000            4,000     2.0  proven optimal\n"),
            std::string::npos)
      << table;
  EXPECT_NE(table.find("b.csv               65"), std::string::npos) << table;
  EXPECT_EQ(Orionrt({"plan", a}).out.find("peak_bytes"), std::string::npos) << "one needs none";
  EXPECT_EQ(Orionrt({"plan", a, b, "--format", "csv"}).out.find("peak_bytes"), std::string::npos) << "nor do programs";
}

}  // namespace
}  // namespace orionrt::cli_plan_test
