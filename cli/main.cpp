// orionrt COMMAND ...: results on stdout, messages on stderr, exit codes as in command.hpp.
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <iterator>
#include <new>

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
};

constexpr Command kCommands[] = {
    {"plan", "Give every tensor its place in one arena, and say how good that is", SetUpPlan},
    {"compare", "Run every policy on one input: peak, lower bound, ratio, time", SetUpCompare},
    {"check", "Judge a plan, on its own or against what it was made for", SetUpCheck},
    {"convert", "Write the lifetimes of an input, unplanned", SetUpConvert},
    {"report", "Draw where every tensor lies, and when: a page, an SVG or a text", SetUpReport},
    {"diff", "Say what moved the peak from one plan or model to another; a gate for CI", SetUpDiff},
    {"replay", "Put the recorded requests of a buddy to it again: use, waste, fragmentation over time", SetUpReplay},
    {"completion", "Print what makes a shell complete this command", SetUpCompletion},
};

constexpr const char* kVersion = "orionrt " ORIONRT_VERSION;

constexpr const char* kFooter = R"(Examples:
  orionrt plan model.onnx                       what memory does this model need?
  orionrt plan model.onnx --dim batch=8 -o plan.json
  orionrt plan model.onnx --sweep batch=1,2,4   how does that grow?
  orionrt plan problem.csv --capacity 1M        does it fit?
  orionrt plan model.onnx --pool sram=256K --pool dram   what spills, and why?
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

int Run(int argc, char** argv) {
  CLI::App app("Plans the memory of static execution graphs: every tensor gets a place in one arena.", "orionrt");
  app.set_version_flag("--version", kVersion);
  app.require_subcommand(1);
  app.footer(kFooter);
  std::function<int()> chosen;
  for (const Command& command : kCommands) {
    CLI::App* sub = app.add_subcommand(command.name, command.help);
    sub->set_version_flag("--version", kVersion);
    sub->callback([&chosen, run = command.set_up(*sub)] { chosen = run; });
    for (CLI::Option* option : sub->get_options()) {
      if (option->get_items_expected_max() > 0) option->check(NotEmpty());
    }
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error, std::cout, std::cerr);
    if (argc > 1 && argv[1][0] != '-' && !IsCommand(argv[1])) {
      return Fail(kWrongUsage, "no command \"" + Printable(argv[1]) + "\"; there are: " + CommandNames());
    }
    return Fail(kWrongUsage, std::string(error.what()) + "\nSee orionrt --help, or orionrt COMMAND --help.");
  }
  return chosen();
}

}  // namespace
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
