// orionrt COMMAND ...: results on stdout, messages on stderr, exit codes as in command.hpp.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <iterator>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "command.hpp"
#include "orionrt/error.hpp"
#include "orionrt/version.hpp"

namespace orionrt::cli {
namespace {

struct Command {
  const char* name;
  const char* help;
  SetUp set_up;
  const char* footer = "";
};

constexpr Command kCommands[] = {
    {"plan", "Give every tensor its place in one arena, and say how good that is", plan_command::SetUp},
    {"compare", "Run every policy on one input: peak, lower bound, ratio, time", compare_command::SetUp},
    {"check", "Judge a plan, on its own or against what it was made for", check_command::SetUp},
    {"convert", "Write the lifetimes of an input, unplanned", convert_command::SetUp},
    {"report", "Draw where every tensor lies, and when: a page, an SVG or a text", report_command::SetUp},
    {"diff", "Say what moved the peak from one plan or model to another; a gate for CI", diff_command::SetUp},
    {"replay", "Put the recorded requests of a buddy to it again: use, waste, fragmentation over time",
     replay_command::SetUp},
    {"completion", "Print what makes a shell complete this command", completion_command::SetUp,
     "bash: source <(orionrt completion bash)\n"
     "zsh:  source <(orionrt completion zsh), after compinit\n"
     "fish: orionrt completion fish | source"},
};

constexpr const char* kVersion = "orionrt " ORIONRT_VERSION;

constexpr const char* kFooter = R"(Examples:
  orionrt plan model.onnx                       what memory does this model need?
  orionrt plan model.onnx --dim batch=8 -o plan.json
  orionrt plan model.onnx --sweep batch=1,2,4   how does that grow?
  orionrt plan problem.csv --capacity 1M        does it fit?
  orionrt plan model.onnx --space sram=256K --space dram   what spills, and why?
  orionrt compare problem.csv                   which policy is best?
  orionrt check plan.json model.onnx            is this plan right?
  orionrt report model.onnx -o report.html      where does every tensor lie?
  orionrt diff old.json new.onnx --max-growth 2%   what grew, and did it grow too much?

Exit codes: 0 done, 1 internal error, 2 wrong usage, 3 bad input, 4 does not fit, 5 undecided within the limits,
6 the answer is no.)";

int ExitCodeOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kBadInput:
    case ErrorCode::kUnsupported:
      return kInvalidInput;
    case ErrorCode::kInfeasible:
      return kDoesNotFit;
    case ErrorCode::kLimit:
      return kUndecided;
    case ErrorCode::kMisuse:
      return kWrongUsage;
    case ErrorCode::kOutOfMemory:
    case ErrorCode::kInternal:
      break;
  }
  return kInternalError;
}

int Fail(int code, const std::string& message) {
  std::fprintf(stderr, "orionrt: %s\n", message.c_str());
  return code;
}

bool IsCommand(const std::string& name) {
  return std::any_of(std::begin(kCommands), std::end(kCommands), [&](const Command& c) { return name == c.name; });
}

std::string CommandNames() {
  std::string names;
  for (const Command& command : kCommands) names += (names.empty() ? "" : ", ") + std::string(command.name);
  return names;
}

// An empty value is a shell variable that was not set, not a wish for the default.
CLI::Validator NotEmpty() {
  return CLI::Validator(
      [](std::string& value) { return value.empty() ? std::string("the value is empty") : std::string(); }, "");
}

struct AddToApp {
  CLI::App& app;
  const Option& option;

  void operator()(bool* value) const { Finish(app.add_flag(option.names, *value, option.help)); }

  template <typename Value>
  void operator()(Value* value) const {
    const bool argument = option.names[0] != '-';
    const bool optional = option.names[0] == '[';
    const std::string names = optional ? option.names.substr(1, option.names.size() - 2) : option.names;
    CLI::Option* added = app.add_option(names, *value, option.help);
    added->required(argument && !optional)->check(NotEmpty());
    if (!option.type.empty()) added->type_name(option.type);
    if constexpr (std::is_same_v<Value, std::vector<std::string>>) {
      added->allow_extra_args(argument);
      if (option.commas) added->delimiter(',');
    }
    Finish(added);
  }

  void Finish(CLI::Option* added) const {
    if (!option.group.empty()) added->group(option.group);
  }
};

// What options were called before.
constexpr std::pair<std::string_view, std::string_view> kOldOptions[] = {{"--pool", "--space"},
                                                                         {"--pool-table", "--space-table"}};

// CLI11 wants the arguments last first.
std::vector<std::string> ArgumentsOf(int argc, char** argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  for (std::string& argument : arguments) {
    const std::size_t end = std::min(argument.find('='), argument.size());
    for (const auto& [old, name] : kOldOptions) {
      if (std::string_view(argument).substr(0, end) != old) continue;
      argument.replace(0, end, name);
      break;
    }
  }
  std::reverse(arguments.begin(), arguments.end());
  return arguments;
}

int Run(int argc, char** argv) {
  CLI::App app("Plans the memory of static execution graphs: every tensor gets a place in one arena.", "orionrt");
  app.set_help_flag(kHelpNames, kHelpHelp);
  app.set_version_flag(kVersionNames, kVersion, kVersionHelp);
  app.require_subcommand(1);
  app.footer(kFooter);
  const std::vector<CommandLine> commands = MakeCommands();
  const CommandLine* chosen = nullptr;
  for (const CommandLine& command : commands) {
    CLI::App* sub = app.add_subcommand(command.name, command.help);
    sub->set_version_flag(kVersionNames, kVersion, kVersionHelp);
    if (!command.footer.empty()) sub->footer(command.footer);
    sub->callback([&chosen, &command] { chosen = &command; });
    for (const Option& option : command.options) std::visit(AddToApp{*sub, option}, option.value);
  }
  try {
    app.parse(ArgumentsOf(argc, argv));
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error, std::cout, std::cerr);
    if (argc > 1 && argv[1][0] != '-' && !IsCommand(argv[1])) {
      return Fail(kWrongUsage, "no command \"" + Printable(argv[1]) + "\"; there are: " + CommandNames());
    }
    return Fail(kWrongUsage, std::string(error.what()) + "\nSee orionrt --help, or orionrt COMMAND --help.");
  }
  return chosen->run();
}

}  // namespace

std::vector<CommandLine> MakeCommands() {
  std::vector<CommandLine> commands;
  for (const Command& row : kCommands) {
    CommandLine& command = commands.emplace_back();
    command.name = row.name;
    command.help = row.help;
    command.footer = row.footer;
    command.run = row.set_up(command.options);
  }
  return commands;
}

}  // namespace orionrt::cli

int main(int argc, char** argv) {
  using namespace orionrt::cli;
  try {
    return Run(argc, argv);
  } catch (const orionrt::Error& error) {
    return Fail(ExitCodeOf(error.code()), error.what());
  } catch (const std::bad_alloc&) {
    return Fail(kInternalError, "out of memory");
  } catch (const std::exception& error) {
    return Fail(kInternalError, std::string("internal error: ") + error.what());
  }
}
