// A command is a row of a table in main.cpp and a file cmd_NAME.cpp with a namespace of its own.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "options.hpp"

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

// Adds the command's options to `table`; what it returns runs once they are parsed, and gives the exit code.
using SetUp = std::function<int()> (*)(OptionTable& table);

namespace plan_command {
std::function<int()> SetUp(OptionTable& table);
}
namespace compare_command {
std::function<int()> SetUp(OptionTable& table);
}
namespace check_command {
std::function<int()> SetUp(OptionTable& table);
}
namespace diff_command {
std::function<int()> SetUp(OptionTable& table);
}
namespace info_command {
std::function<int()> SetUp(OptionTable& table);
}
namespace minimalloc_command {
std::function<int()> SetUp(OptionTable& table);
}
namespace replay_command {
std::function<int()> SetUp(OptionTable& table);
}
namespace convert_command {
std::function<int()> SetUp(OptionTable& table);
}
namespace report_command {
std::function<int()> SetUp(OptionTable& table);
}
namespace completion_command {
std::function<int()> SetUp(OptionTable& table);
}

// A command that is ready to be parsed.
struct CommandLine {
  std::string name;
  std::string help;
  std::string footer;
  OptionTable options;
  std::function<int()> run;
};

// In the order of --help.
std::vector<CommandLine> MakeCommands();

// What every command takes, and orionrt itself.
constexpr const char* kHelpNames = "-h,--help";
constexpr const char* kHelpHelp = "Print this help message and exit";
constexpr const char* kVersionNames = "--version";
constexpr const char* kVersionHelp = "Display program version information and exit";

}  // namespace orionrt::cli
