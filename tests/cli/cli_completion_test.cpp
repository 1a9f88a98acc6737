// orionrt completion
#include <gtest/gtest.h>

#include <sstream>

#include "run_command.hpp"

namespace orionrt::cli_completion_test {
namespace {

using tests::Folder;
using tests::Orionrt;
using tests::Outcome;

bool Has(const std::string& program) { return tests::Run("sh", {"-c", "command -v " + program}).code == 0; }

// What bash offers for the last of `words`, each with a blank behind.
std::string Offered(const std::string& script, const std::string& words, int last) {
  return tests::Run("bash", {"--norc", "-c",
                             "source " + script + "; COMP_WORDS=(" + words + "); COMP_CWORD=" + std::to_string(last) +
                                 "; _orionrt; printf '%s ' \"${COMPREPLY[@]}\""})
      .out;
}

TEST(Completion, CompletesInBash) {
  if (!Has("bash")) GTEST_SKIP() << "no bash here";
  const Folder folder;
  const std::string script = folder.Write("orionrt.bash", Orionrt({"completion", "bash"}).out);
  const Outcome checked = tests::Run("bash", {"-n", script});
  EXPECT_EQ(checked.code, 0) << checked;
  EXPECT_EQ(Offered(script, "orionrt pl", 1), "plan ");
  EXPECT_EQ(Offered(script, "orionrt plan --ali", 2), "--alignment ");
  EXPECT_EQ(Offered(script, "orionrt plan x.onnx --effort ba", 4), "balanced ");
  EXPECT_EQ(Offered(script, "orionrt plan --format c-", 3), "c-header ");
  EXPECT_EQ(Offered(script, "orionrt plan --policy linear_s", 3), "linear_scan ");
  EXPECT_EQ(Offered(script, "orionrt completion z", 2), "zsh ");
  EXPECT_EQ(Offered(script, "orionrt plan -o x", 3), " ") << "files are left to bash";
  EXPECT_EQ(Offered(script, "orionrt plan x", 2), " ");
  EXPECT_EQ(Offered(script, "orionrt --vers", 1), "--version ");
}

// Every option that --help shows.
TEST(Completion, KnowsEveryOptionOfTheHelp) {
  const std::string script = Orionrt({"completion", "bash"}).out;
  for (const char* command : {"plan", "compare", "check", "convert", "report"}) {
    std::istringstream words(Orionrt({command, "--help"}).out);
    for (std::string word; words >> word;) {
      if (word.substr(0, 2) != "--") continue;
      EXPECT_NE(script.find(word), std::string::npos) << command << " " << word;
    }
  }
}

TEST(Completion, IsSoundForZshAndFish) {
  const Folder folder;
  for (const std::string shell : {"zsh", "fish"}) {
    const Outcome made = Orionrt({"completion", shell});
    EXPECT_EQ(made.code, 0) << made;
    EXPECT_NE(made.out.find("alignment"), std::string::npos);
    if (!Has(shell)) continue;
    const Outcome checked = tests::Run(shell, {"-n", folder.Write("orionrt." + shell, made.out)});
    EXPECT_EQ(checked.code, 0) << checked;
    EXPECT_EQ(checked.err, "");
  }
  if (!Has("fish")) return;
  const auto offered = [&](const std::string& line) {
    return tests::Run("fish", {"-N", "-c", "source " + (folder / "orionrt.fish") + "; complete -C '" + line + "'"}).out;
  };
  EXPECT_EQ(offered("orionrt pl").substr(0, 5), "plan\t");
  EXPECT_EQ(offered("orionrt plan --al").substr(0, 12), "--alignment\t");
  EXPECT_EQ(offered("orionrt plan --effort ba").substr(0, 9), "balanced\t");
}

TEST(Completion, RefusesOtherShells) {
  EXPECT_FAILS(2, Orionrt({"completion", "csh"}), "csh", "bash, zsh, fish");
  EXPECT_FAILS(2, Orionrt({"completion"}), "SHELL");
}

}  // namespace
}  // namespace orionrt::cli_completion_test
