// Ctrl-C: the best plan so far is written, and marked; a second one ends the command.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "generators.hpp"
#include "orionrt/formats.hpp"
#include "orionrt/plan.hpp"
#include "run_command.hpp"

namespace orionrt::cli_interrupt_test {
namespace {

using tests::Folder;
using tests::Outcome;

// A problem that takes minutes.
std::string Endless(const Folder& folder, const std::string& name = "endless.csv") {
  Problem problem = tests::LongLives(1, 1500, 3);
  std::string csv = "id,lower,upper,size\n";
  for (std::size_t i = 0; i < problem.buffers.size(); ++i) {
    const Buffer& b = problem.buffers[i];
    csv += std::to_string(i) + "," + std::to_string(b.lower) + "," + std::to_string(b.upper) + "," +
           std::to_string(b.size) + "\n";
  }
  return folder.Write(name, csv);
}

// The command, with a terminal as its standard error.
class Running {
 public:
  Running(const Folder& folder, std::vector<std::string> arguments) : out_(folder / "stdout") {
    terminal_ = posix_openpt(O_RDWR | O_NOCTTY);
    if (terminal_ < 0 || grantpt(terminal_) != 0 || unlockpt(terminal_) != 0) return;
    const std::string end = ptsname(terminal_);
    arguments.insert(arguments.begin(), ORIONRT_COMMAND);
    child_ = fork();
    if (child_ != 0) return;
    dup2(open("/dev/null", O_RDONLY), 0);
    dup2(open(out_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), 1);
    dup2(open(end.c_str(), O_RDWR | O_NOCTTY), 2);
    alarm(300);
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    execv(ORIONRT_COMMAND, argv.data());
    _exit(127);
  }
  ~Running() {
    if (child_ > 0) kill(child_, SIGKILL);
    if (child_ > 0) waitpid(child_, nullptr, 0);
    if (terminal_ >= 0) close(terminal_);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  // Reads what it says until it has said `words`, or is over.
  bool Says(const std::string& words) {
    while (said_.find(words) == std::string::npos) {
      if (!Read()) return false;
    }
    return true;
  }
  void Send(int signal) const { kill(child_, signal); }
  // Its exit code, or 1000 + N when signal N ended it.
  int Wait() {
    while (Read()) {
    }
    int status = 0;
    waitpid(child_, &status, 0);
    child_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  }
  const std::string& said() const { return said_; }

 private:
  bool Read() {
    char chunk[4096];
    const ssize_t got = read(terminal_, chunk, sizeof chunk);  // an error once nobody writes
    if (got <= 0) return false;
    said_.append(chunk, static_cast<std::size_t>(got));
    return true;
  }

  std::string out_, said_;
  int terminal_ = -1;
  pid_t child_ = -1;
};

// What is read as a plan, has no fault, and says that it was interrupted.
void ExpectInterrupted(const std::string& json) {
  const PlanFile file = ReadPlanJson(json, "plan.json");
  EXPECT_TRUE(file.plan.interrupted);
  EXPECT_FALSE(file.plan.certificate.proven_optimal);
  EXPECT_EQ(file.plan.offsets.size(), file.problem.buffers.size());
  const auto fault = Validate(file.problem, file.plan);
  EXPECT_FALSE(fault.has_value()) << fault->message;
}

TEST(CliInterrupt, ShowsPeakBoundAndGapAndKeepsTheBestPlan) {
  for (const int signal : {SIGINT, SIGTERM}) {
    const Folder folder;
    Running command(folder, {"plan", Endless(folder), "--effort", "thorough", "-o", folder / "plan.json"});
    ASSERT_TRUE(command.Says("gap ")) << command.said();
    EXPECT_NE(command.said().find(", peak "), std::string::npos) << command.said();
    EXPECT_NE(command.said().find(", bound "), std::string::npos) << command.said();
    EXPECT_FALSE(folder.Has("plan.json"));
    command.Send(signal);
    EXPECT_EQ(command.Wait(), 0) << command.said();
    EXPECT_NE(command.said().find("interrupted; this is the best plan until then"), std::string::npos);
    ExpectInterrupted(folder.Read("plan.json"));
    EXPECT_EQ(folder.Count(), 3) << "the problem, what was printed, the plan";
  }
}

TEST(CliInterrupt, TextSaysSoAndLaterInputsArePlannedTheShortestWay) {
  const Folder folder;
  const std::string first = Endless(folder), second = Endless(folder, "second.csv");
  Running command(folder, {"plan", first, second, "--effort", "thorough"});
  ASSERT_TRUE(command.Says("gap ")) << command.said();
  command.Send(SIGINT);
  EXPECT_EQ(command.Wait(), 0) << command.said();
  const std::string text = folder.Read("stdout");
  const std::size_t once = text.find(", interrupted\n");
  ASSERT_NE(once, std::string::npos) << text;
  EXPECT_NE(text.find(", interrupted\n", once + 1), std::string::npos) << text;
  EXPECT_NE(text.find("not tried"), std::string::npos) << text;
}

TEST(CliInterrupt, ASecondOneEndsTheCommandAndLeavesNoFile) {
  const Folder folder;
  const std::string pipe = folder / "plan.json";  // writing waits for a reader, and there is none
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  Running command(folder, {"plan", Endless(folder), "--effort", "thorough", "-o", pipe});
  ASSERT_TRUE(command.Says("gap ")) << command.said();
  command.Send(SIGINT);
  ASSERT_TRUE(command.Says("interrupted; this is")) << command.said();
  command.Send(SIGINT);
  EXPECT_EQ(command.Wait(), 1000 + SIGINT) << command.said();
  EXPECT_EQ(folder.Count(), 3) << "the problem, what was printed, the pipe";
}

TEST(CliInterrupt, AQuestionIsLeftUndecided) {
  const Folder folder;
  const std::string problem = Endless(folder);
  const Outcome bound = tests::Orionrt({"plan", problem, "--policy", "first_fit", "--format", "json"});
  const std::int64_t least = ReadPlanJson(bound.out, "").plan.certificate.lower_bound_bytes;
  Running command(folder, {"plan", problem, "--effort", "thorough", "--capacity", std::to_string(least), "-o",
                           folder / "plan.json"});
  ASSERT_TRUE(command.Says("gap ")) << command.said();
  command.Send(SIGINT);
  EXPECT_EQ(command.Wait(), 5) << command.said();
  EXPECT_NE(command.said().find("interrupted: no plan within"), std::string::npos) << command.said();
  EXPECT_FALSE(folder.Has("plan.json"));
}

TEST(CliInterrupt, ComparesAndReportsWithWhatThereIs) {
  {
    const Folder folder;
    Running command(folder, {"compare", Endless(folder), "--effort", "thorough", "--format", "json"});
    ASSERT_TRUE(command.Says("gap ")) << command.said();
    command.Send(SIGINT);
    EXPECT_EQ(command.Wait(), 0) << command.said();
    const std::string table = folder.Read("stdout");
    EXPECT_NE(table.find("\"interrupted\": true"), std::string::npos) << table;
    for (const char* policy : {"auto:", "exact", "linear_scan", "no_reuse"}) {
      EXPECT_NE(table.find(policy), std::string::npos) << table;
    }
  }
  const Folder folder;
  Running command(folder, {"report", Endless(folder), "--effort", "thorough", "-o", folder / "report.txt"});
  ASSERT_TRUE(command.Says("gap ")) << command.said();
  command.Send(SIGINT);
  EXPECT_EQ(command.Wait(), 0) << command.said();
  EXPECT_NE(folder.Read("report.txt").find("interrupted"), std::string::npos) << folder.Read("report.txt");
}

TEST(CliInterrupt, AGateThatIsInterruptedIsUndecided) {
  const Folder folder;
  const std::string problem = Endless(folder);
  ASSERT_EQ(tests::Orionrt({"plan", problem, "--policy", "first_fit", "-o", folder / "old.json"}).code, 0);
  Running command(folder, {"diff", folder / "old.json", problem, "--effort", "thorough", "--max-growth", "0"});
  ASSERT_TRUE(command.Says("gap ")) << command.said();
  command.Send(SIGINT);
  EXPECT_EQ(command.Wait(), 5) << command.said();
}

}  // namespace
}  // namespace orionrt::cli_interrupt_test
