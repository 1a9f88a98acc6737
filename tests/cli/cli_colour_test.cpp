// Colours of the command: on a terminal, unless NO_COLOR is set; never in what a program reads.
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <utility>

#include "run_command.hpp"

namespace orionrt::cli_colour_test {
namespace {

using tests::Folder;
using tests::Orionrt;

const char kRows[] = "id,lower,upper,size\na,0,2,65\nb,1,3,64\n";
const char kWrongPlan[] = "id,lower,upper,size,offset\na,0,2,65,0\nb,1,3,64,64\n";
const char kEscape[] = "\x1b[";

bool Has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// What a command says on a terminal, both streams in one.
std::string OnTerminal(const std::vector<std::string>& arguments,
                       const std::vector<std::pair<const char*, const char*>>& environment) {
  const int terminal = posix_openpt(O_RDWR | O_NOCTTY);
  if (terminal < 0 || grantpt(terminal) != 0 || unlockpt(terminal) != 0) return "";
  const int inside = open(ptsname(terminal), O_RDWR | O_NOCTTY);
  const pid_t child = fork();
  if (child == 0) {
    dup2(inside, 1);
    dup2(inside, 2);
    unsetenv("NO_COLOR");
    setenv("TERM", "xterm", 1);
    for (const auto& [name, value] : environment) setenv(name, value, 1);
    std::vector<char*> argv = {const_cast<char*>(ORIONRT_COMMAND)};
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    execv(argv[0], argv.data());
    _exit(127);
  }
  close(inside);
  std::string text;
  std::array<char, 4096> part;
  for (ssize_t got = 0; (got = read(terminal, part.data(), part.size())) > 0;)
    text.append(part.data(), std::size_t(got));
  close(terminal);
  int status = 0;
  waitpid(child, &status, 0);
  return text;
}

TEST(CliColour, IsOnATerminalAloneAndGivesWayToNoColor) {
  const Folder folder;
  const std::string rows = folder.Write("p.csv", kRows);
  const std::string coloured = OnTerminal({"plan", rows}, {});
  if (coloured.empty()) GTEST_SKIP() << "no terminals here";
  EXPECT_TRUE(Has(coloured, "\x1b[32mproven optimal\x1b[0m")) << coloured;
  EXPECT_TRUE(Has(OnTerminal({"plan", folder / "none.csv"}, {}), "\x1b[31morionrt:\x1b[0m "));
  EXPECT_TRUE(Has(OnTerminal({"plan", rows}, {{"NO_COLOR", ""}}), kEscape)) << "an empty one is none";
  EXPECT_FALSE(Has(OnTerminal({"plan", rows}, {{"NO_COLOR", "1"}}), "\x1b[3"));
  EXPECT_FALSE(Has(OnTerminal({"plan", rows}, {{"TERM", "dumb"}}), "\x1b[3"));
  EXPECT_FALSE(Has(OnTerminal({"plan", rows, "--color", "never"}, {}), "\x1b[3"));
  EXPECT_TRUE(Has(OnTerminal({"plan", rows, "--color", "always"}, {{"NO_COLOR", "1"}}), "\x1b[32m")) << "was asked for";
  EXPECT_FALSE(Has(Orionrt({"plan", rows}).out, kEscape));
}

TEST(CliColour, TellsVerdictsApart) {
  const Folder folder;
  const std::string rows = folder.Write("p.csv", kRows), wrong = folder.Write("w.csv", kWrongPlan);
  EXPECT_TRUE(Has(Orionrt({"check", wrong, "--color", "always"}).out, ": \x1b[31mwrong:\x1b[0m "));
  const std::string made = folder / "plan.json";
  ASSERT_EQ(Orionrt({"plan", rows, "-o", made, "--color", "always"}).code, 0);
  EXPECT_FALSE(Has(folder.Read("plan.json"), kEscape));
  EXPECT_TRUE(Has(Orionrt({"check", made, "--color=always"}).out, ": \x1b[32mright:\x1b[0m "));
  const std::string small = folder.Write("s.csv", "id,lower,upper,size\na,0,2,1\n");
  EXPECT_TRUE(Has(Orionrt({"diff", small, rows, "--max-growth", "0", "--color", "always"}).out,
                  "\n\x1b[31mOver the budget:\x1b[0m "));
  EXPECT_TRUE(Has(Orionrt({"plan", rows, "--dim", "n=1", "--color", "always"}).err, " \x1b[33mwarning:\x1b[0m "));
}

TEST(CliColour, IsNotInWhatProgramsRead) {
  const Folder folder;
  const std::string rows = folder.Write("p.csv", kRows);
  for (const char* format : {"json", "csv", "trace", "c-header"}) {
    EXPECT_EQ(Orionrt({"plan", rows, "--format", format, "--color", "always"}).out,
              Orionrt({"plan", rows, "--format", format}).out);
  }
  EXPECT_EQ(Orionrt({"report", rows, "--format", "html", "-o", "-", "--color", "always"}).out,
            Orionrt({"report", rows, "--format", "html", "-o", "-"}).out);
  EXPECT_FAILS(2, Orionrt({"plan", rows, "--color", "red"}), "--color \"red\"", "auto, always, never");
}

}  // namespace
}  // namespace orionrt::cli_colour_test
