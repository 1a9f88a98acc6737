// The command as a whole: help, usage, input and output, convert and compare.
#include <gtest/gtest.h>

#include <sstream>

#include "orionrt/config.hpp"
#include "orionrt/planner.hpp"
#include "run_command.hpp"

namespace orionrt::cli_test {
namespace {

using tests::Folder;
using tests::Orionrt;
using tests::Outcome;

const char kProblem[] = "id,lower,upper,size\na,0,3,4\nb,3,9,4\nc,0,9,4\nd,9,21,4\ne,0,21,4\n";
const char* const kCommands[] = {"plan", "compare", "check", "convert"};

TEST(Cli, HelpAndVersionWorkEverywhere) {
  for (const std::string flag : {"--help", "--version"}) {
    for (const std::string command : {"", "plan", "compare", "check", "convert"}) {
      const Outcome outcome = command.empty() ? Orionrt({flag}) : Orionrt({command, flag});
      EXPECT_EQ(outcome.code, 0) << command << " " << flag << "\n" << outcome;
      EXPECT_NE(outcome.out, "") << command << " " << flag;
      EXPECT_EQ(outcome.err, "") << command << " " << flag;
    }
  }
  EXPECT_EQ(Orionrt({"--version"}).out, "orionrt " ORIONRT_VERSION "\n");
  const std::string help = Orionrt({"--help"}).out;
  for (const char* command : kCommands) EXPECT_NE(help.find(command), std::string::npos) << command;
}

TEST(Cli, HelpOfPlanListsEveryPolicy) {
  const std::string help = Orionrt({"plan", "--help"}).out;
  for (const Policy& policy : Policies()) EXPECT_NE(help.find(policy.name), std::string::npos) << policy.name;
}

TEST(Cli, HelpIsACommandTooAndFitsTheTerminal) {
  EXPECT_EQ(Orionrt({"help"}).out, Orionrt({"--help"}).out);
  const Outcome plan = Orionrt({"help", "plan"});
  EXPECT_EQ(plan.code, 0);
  EXPECT_EQ(plan.out, Orionrt({"plan", "--help"}).out);
  EXPECT_NE(plan.out.find("Examples:"), std::string::npos);
  std::istringstream lines(plan.out.substr(plan.out.find("Options:")));
  for (std::string line; std::getline(lines, line) && line != "Examples:";) EXPECT_LE(line.size(), 80u) << line;
}

TEST(Cli, SaysWhatMayHaveBeenMeant) {
  const Folder folder;
  const std::string problem = folder.Write("x.csv", kProblem);
  EXPECT_FAILS(2, Orionrt({"plna", problem}), "\"plna\"; did you mean plan?", "convert");
  EXPECT_FAILS(2, Orionrt({"help", "reprot"}), "did you mean report?");
  EXPECT_FAILS(2, Orionrt({"plan", problem, "--polcy", "auto"}), "did you mean --policy?", "orionrt plan --help");
  EXPECT_FAILS(2, Orionrt({"plan", problem, "--time-limit", "soon"}), "--time-limit = soon", "write a number");
  EXPECT_FAILS(2, Orionrt({"plan", problem, "--forma=json"}), "did you mean --format?");
  EXPECT_EQ(Orionrt({"quux"}).err.find("did you mean"), std::string::npos);
  const std::string graph = folder.Write("g.json", R"({"schema":"orionrt.graph/1","tensors":[],"ops":[]})");
  EXPECT_FAILS(2, Orionrt({"plan", graph, "--input", "x=1,3"}), "\"x=1,3\"", "as in 1x3x224x224");
  EXPECT_FAILS(2, Orionrt({}), "no command given; there are: plan, info", "See orionrt --help.");
  EXPECT_EQ(Orionrt({"plan", problem, "--zzzzzz"}).err.find("did you mean"), std::string::npos);
}

TEST(Cli, RefusesASuffixThatIsNoFormat) {
  const Folder folder;
  const std::string problem = folder.Write("x.csv", kProblem);
  EXPECT_FAILS(2, Orionrt({"plan", problem, "-o", folder / "plan.yaml"}), "plan.yaml", ".json", "--format");
  EXPECT_FAILS(2, Orionrt({"convert", problem, "-o", folder / "rows.xls"}), "rows.xls", ".csv");
  EXPECT_EQ(Orionrt({"plan", problem, "-o", folder / "plan"}).code, 0) << "no suffix: text";
  EXPECT_EQ(Orionrt({"plan", problem, "-o", folder / "plan.yaml", "--format", "text"}).code, 0);
}

TEST(Cli, WrongUsageIsExitCode2) {
  const Folder folder;
  const std::string problem = folder.Write("x.csv", kProblem);
  EXPECT_FAILS(2, Orionrt({}), "--help");
  EXPECT_FAILS(2, Orionrt({"dance"}), "dance");
  EXPECT_FAILS(2, Orionrt({"plan"}), "INPUT");
  EXPECT_FAILS(2, Orionrt({"plan", problem, "--no-such-option"}), "--no-such-option");
  EXPECT_FAILS(2, Orionrt({"plan", problem, "--policy", "best"}), "best", "best_fit", "linear_scan");
  EXPECT_FAILS(2, Orionrt({"plan", problem, "--effort", "heroic"}), "heroic", "balanced");
  EXPECT_FAILS(2, Orionrt({"plan", problem, "--format", "yaml"}), "yaml", "json");
  EXPECT_FAILS(2, Orionrt({"plan", problem, "--alignment", "48"}), "48", "power of two");
  EXPECT_FAILS(2, Orionrt({"plan", problem, "--alignment", "0"}), "power of two");
  EXPECT_FAILS(2, Orionrt({"plan", problem, "--alignment=-64"}), "-64");
  EXPECT_FAILS(2, Orionrt({"plan", problem, "--capacity", "0"}), "--capacity");
  EXPECT_FAILS(2, Orionrt({"plan", problem, "--capacity=-1"}), "--capacity");
  EXPECT_FAILS(2, Orionrt({"plan", problem, "--capacity", "9E"}), "--capacity");
  EXPECT_FAILS(2, Orionrt({"plan", problem, "--time-limit=-1"}), "--time-limit");
  EXPECT_FAILS(2, Orionrt({"plan", folder.Write("x.dat", kProblem)}), "x.dat", "--input-format", ".csv");
  EXPECT_FAILS(2, Orionrt({"plan", problem, "--input-format", "xml"}), "xml", "csv");
  EXPECT_FAILS(2, Orionrt({"plan", "-"}, "noise"), "--input-format");
  EXPECT_FAILS(2, Orionrt({"compare", problem, "--format", "csv"}), "csv", "json");
  EXPECT_FAILS(2, Orionrt({"convert", problem, problem}));
  EXPECT_FAILS(2, Orionrt({"plan", problem, "-o", folder / "none/x.json"}), "none/x.json");
}

TEST(Cli, InputThatCannotBeReadOrIsInvalidIsExitCode3) {
  const Folder folder;
  for (const char* command : kCommands) {
    EXPECT_FAILS(3, Orionrt({command, folder / "none.csv"}), "none.csv");
    EXPECT_FAILS(3, Orionrt({command, folder.Write("empty.csv", "")}), "empty.csv", "header");
    EXPECT_FAILS(3, Orionrt({command, folder.Write("bad.csv", "id,lower,upper,size,offset\na,0,3,4,0\nb,7,3,4,0\n")}),
                 "bad.csv:3", "\"b\"");
    EXPECT_FAILS(3, Orionrt({command, folder.Write("twice.csv", "id,lower,upper,size,offset\na,0,3,4,0\na,4,5,4,0\n")}),
                 "twice.csv", "a", "twice");
    EXPECT_FAILS(
        3,
        Orionrt(
            {command, folder.Write("big.csv", "id,lower,upper,size,offset\na,0,3,9223372036854775807,0\na,4,5,4,0\n")}),
        "big.csv");
    EXPECT_FAILS(3, Orionrt({command, folder.Write("bad.json", "{}")}), "bad.json", "schema");
    EXPECT_FAILS(3, Orionrt({command, folder.path(), "--input-format", "csv"}), folder.path());
  }
}

TEST(Cli, WarningsGoToStderrAndResultsToStdout) {
  const Folder folder;
  const std::string problem = folder.Write("x.csv", "id,lower,upper,size,hint\na,0,3,4,1\n");
  const Outcome outcome = Orionrt({"convert", problem});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out, "id,lower,upper,size,hint\na,0,3,4,1\n");
  EXPECT_NE(outcome.err.find("warning"), std::string::npos);
  EXPECT_NE(outcome.err.find("hint"), std::string::npos);
  const Outcome quiet = Orionrt({"convert", folder.Write("y.csv", kProblem)});
  EXPECT_EQ(quiet.err, "");
  EXPECT_EQ(quiet.out, kProblem);
}

TEST(Cli, ReadsStandardInputAndWritesStandardOutput) {
  EXPECT_EQ(Orionrt({"convert", "-", "--input-format", "csv"}, kProblem).out, kProblem);
  EXPECT_EQ(Orionrt({"convert", "-", "--input-format", "csv", "-o", "-"}, kProblem).out, kProblem);
  const Outcome outcome = Orionrt({"plan", "-", "--input-format", "csv", "-o", "-", "--format", "json"}, kProblem);
  EXPECT_EQ(outcome.code, 0) << outcome;
  EXPECT_EQ(outcome.out.substr(0, 1), "{");
  EXPECT_EQ(outcome.err, "");
}

TEST(Cli, ConvertReadsPlansToo) {
  const Folder folder;
  const std::string problem = folder.Write("x.csv", kProblem);
  ASSERT_EQ(Orionrt({"plan", problem, "-o", folder / "x.json"}).code, 0);
  EXPECT_EQ(Orionrt({"convert", folder / "x.json"}).out, kProblem);
}

TEST(Cli, CompareHasARowAPolicy) {
  const Folder folder;
  const std::string problem = folder.Write("x.csv", kProblem);
  const Outcome text = Orionrt({"compare", problem});
  EXPECT_EQ(text.code, 0) << text;
  const Outcome json = Orionrt({"compare", problem, "--format", "json"});
  EXPECT_EQ(json.code, 0) << json;
  for (const Policy& policy : Policies()) {
    EXPECT_NE(text.out.find(policy.name), std::string::npos) << policy.name;
    EXPECT_NE(json.out.find("\"" + policy.name), std::string::npos) << policy.name;
  }
  for (const char* key : {"peak_bytes", "lower_bound_bytes", "ratio"}) {
    EXPECT_NE(text.out.find(key), std::string::npos) << key;
    EXPECT_NE(json.out.find(std::string("\"") + key + "\""), std::string::npos) << key;
  }
}

TEST(Cli, CompareWritesJsonBySuffix) {
  const Folder folder;
  const std::string problem = folder.Write("x.csv", "id,lower,upper,size\na,0,1,4\n");
  for (const auto& [file, begin] : {std::pair{"r.json", '{'}, {"r.txt", '/'}}) {
    ASSERT_EQ(Orionrt({"compare", problem, "-o", folder / file}).code, 0);
    EXPECT_EQ(folder.Read(file)[0], begin) << file;
  }
  EXPECT_FAILS(2, Orionrt({"compare", problem, "--format", "html"}), "html", "text, json");
}

TEST(Cli, CompareGoesOnWhenOnePolicyCannot) {
  const Folder folder;
  // Powers of two pass 63 bits; the plain sum does not.
  const std::string problem = folder.Write("x.csv", "id,lower,upper,size\na,0,2,4611686018427387905\nb,0,2,5\n");
  const Outcome outcome = Orionrt({"compare", problem});
  EXPECT_EQ(outcome.code, 0) << outcome;
  EXPECT_NE(outcome.out.find("first_fit"), std::string::npos);
}

TEST(Cli, ControlCharactersOfAFileDoNotReachTheTerminal) {
  const Folder folder;
  const std::string problem = folder.Write("x.csv", "id,lower,upper,size\n\x1B[31ma,3,3,4\n");
  const Outcome outcome = Orionrt({"plan", problem});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_EQ(outcome.err.find('\x1B'), std::string::npos) << outcome;
}

TEST(Cli, SaysWhatToDoNext) {
  const Folder folder;
  const std::string problem = folder.Write("x.csv", "id,lower,upper,size\na,0,1,4\n");
  EXPECT_FAILS(3, Orionrt({"plan", folder.Write("s.csv", "id;lower;upper;size\na;0;1;2\n")}), "commas, not semicolons");
  EXPECT_FAILS(3, Orionrt({"plan", folder.Write("j.json", "{\"a\": 1}")}), "schema", "orionrt.graph/1");
  EXPECT_FAILS(3, Orionrt({"check", problem}), "no plan", "orionrt plan INPUT -o plan.json");
  EXPECT_FAILS(2, Orionrt({"plan", problem, "--alignment", "3"}), "write 16, 64 or 4K");
  EXPECT_FAILS(4, Orionrt({"plan", folder.Write("f.csv", "id,lower,upper,size,offset\na,0,3,10,0\nb,1,2,10,5\n")}),
               "fixed offsets clash", "--ignore-offsets");
}

TEST(Cli, TakesSuffixesInUpperCaseAndFractionsOfSizes) {
  const Folder folder;
  const std::string problem = folder.Write("X.CSV", "id,lower,upper,size\na,0,1,4\n");
  const Outcome outcome = Orionrt({"plan", problem, "--capacity", "9.2M"});
  EXPECT_EQ(outcome.code, 0) << outcome;
  EXPECT_NE(outcome.out.find("1 buffer over 1 step,"), std::string::npos) << outcome;
}

TEST(Cli, WarnsOfModelOptionsForOtherInput) {
  const Folder folder;
  const std::string problem = folder.Write("x.csv", "id,lower,upper,size\na,0,1,4\n");
  const Outcome outcome = Orionrt({"plan", problem, "--dim", "batch=2"});
  EXPECT_EQ(outcome.code, 0) << outcome;
  EXPECT_NE(outcome.err.find("do nothing for csv input"), std::string::npos) << outcome;
}

TEST(Cli, CompareKeepsTheTablesBeforeAFaultyInput) {
  const Folder folder;
  const std::string problem = folder.Write("x.csv", "id,lower,upper,size\na,0,1,4\n");
  const Outcome outcome = Orionrt({"compare", problem, folder / "none.csv"});
  EXPECT_EQ(outcome.code, 3) << outcome;
  EXPECT_NE(outcome.out.find("first_fit"), std::string::npos) << outcome;
}

}  // namespace
}  // namespace orionrt::cli_test
