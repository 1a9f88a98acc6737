// A command is a row of a table in main.cpp and a file cmd_NAME.cpp.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace orionrt::cli {

enum ExitCode {
  kDone = 0,
  kInternalError = 1,
  kWrongUsage = 2,
  kInvalidInput = 3,
  kDoesNotFit = 4,
  kUndecided = 5,
  kAnswerIsNo = 6,
};

// Adds the command's options to `app`; what it returns runs once they are parsed, and gives the exit code.
using SetUp = std::function<int()> (*)(CLI::App& app);

std::function<int()> SetUpPlan(CLI::App& app);
std::function<int()> SetUpCompare(CLI::App& app);
std::function<int()> SetUpCheck(CLI::App& app);
std::function<int()> SetUpDiff(CLI::App& app);
std::function<int()> SetUpReplay(CLI::App& app);
std::function<int()> SetUpConvert(CLI::App& app);
std::function<int()> SetUpReport(CLI::App& app);
std::function<int()> SetUpCompletion(CLI::App& app);

}  // namespace orionrt::cli
