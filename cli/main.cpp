// orionrt COMMAND ...: results on stdout, messages on stderr, exit codes as in command.hpp.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/suggest.hpp"
#include "base/text.hpp"
#include "colour.hpp"
#include "command.hpp"
#include "orionrt/config.hpp"
#include "orionrt/import.hpp"
#include "output.hpp"

namespace orionrt::cli {
namespace {

struct Command {
  const char* name;
  const char* help;
  SetUp set_up;
  const char* footer = "";
};

constexpr Command kCommands[] = {
    {"plan", "Give every tensor its place in one arena, and say how good that is", plan_command::SetUp,
     "Examples:\n"
     "  orionrt plan model.onnx --dim batch=8 -o plan.json\n"
     "  orionrt plan model.onnx --all --explain           what would lower the peak?\n"
     "  orionrt plan model.onnx --space sram=256K --space dram"},
    {"info", "Say what a model holds: inputs, ops, weights, and which dimensions it lacks", info_command::SetUp,
     "Examples:\n"
     "  orionrt info model.onnx                          what does it need to be planned?\n"
     "  orionrt info model.onnx --dim batch=8 --format json"},
    {"compare", "Run every policy on one input: peak, lower bound, ratio, time", compare_command::SetUp,
     "Examples:\n"
     "  orionrt compare model.onnx problem.csv"},
    {"check", "Judge a plan, on its own or against what it was made for", check_command::SetUp,
     "Examples:\n"
     "  orionrt check plan.json                          does the plan hold for what it says of itself?\n"
     "  orionrt check plan.json model.onnx               and for this model?"},
    {"convert", "Write the lifetimes of an input, unplanned", convert_command::SetUp,
     "Examples:\n"
     "  orionrt convert model.onnx -o problem.csv"},
    {"report", "Draw where every tensor lies, and when: a page, an SVG or a text", report_command::SetUp,
     "Examples:\n"
     "  orionrt report model.onnx -o report.html\n"
     "  orionrt report plan.json --format text"},
    {"diff", "Say what moved the peak from one plan or model to another; a gate for CI", diff_command::SetUp,
     "Examples:\n"
     "  orionrt diff old.json new.onnx --max-growth 2%"},
    {"replay", "Put the recorded requests of a buddy to it again: use, waste, fragmentation over time",
     replay_command::SetUp,
     "Examples:\n"
     "  orionrt replay trace.csv --block 64,256,4K"},
    {"minimalloc", "Plan CSV for a program that runs MiniMalloc's command: a link of that name to orionrt",
     minimalloc_command::SetUp,
     "Examples:\n"
     "  ln -s \"$(command -v orionrt)\" tools/minimalloc\n"
     "  tools/minimalloc --capacity=1048576 --input=problem.csv --output=plan.csv"},
    {"completion", "Print what makes a shell complete this command", completion_command::SetUp,
     "bash: source <(orionrt completion bash)\n"
     "zsh:  source <(orionrt completion zsh), after compinit\n"
     "fish: orionrt completion fish | source"},
};

std::string colours = "auto";  // of every command

constexpr const char* kVersion = "orionrt " ORIONRT_VERSION;

constexpr const char* kFooter = R"(Examples:
  orionrt info model.onnx                       what is in this model?
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
  std::fprintf(stderr, "%s %s\n", Toned(Tone::kBad, "orionrt:").c_str(), message.c_str());
  return code;
}

// An empty value is a shell variable that was not set, not a wish for the default.
CLI::Validator NotEmpty() {
  return CLI::Validator(
      [](std::string& value) { return value.empty() ? std::string("the value is empty") : std::string(); }, "");
}

constexpr std::size_t kNamesWidth = 30;  // columns of --help that names and types take

// `text` in lines of `width` columns, broken at blanks; its own lines stay.
std::string Wrapped(const std::string& text, std::size_t width) {
  std::string out;
  std::size_t column = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find_first_of(" \n", begin), text.size());
    if (column > 0 && column + 1 + (end - begin) > width) {
      out.back() = '\n';
      column = 0;
    }
    out += text.substr(begin, end - begin);
    column += end - begin;
    if (end == text.size()) break;
    out += text[end];
    column = text[end] == '\n' ? 0 : column + 1;
    begin = end + 1;
  }
  return out;
}

struct AddToApp {
  CLI::App& app;
  const Option& option;
  const std::string help;

  void operator()(bool* value) const { Finish(app.add_flag(option.names, *value, help)); }

  template <typename Value>
  void operator()(Value* value) const {
    const bool argument = option.names[0] != '-';
    const bool optional = option.names[0] == '[';
    const std::string names = optional ? option.names.substr(1, option.names.size() - 2) : option.names;
    CLI::Option* added = app.add_option(names, *value, help);
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

// Whether the program was started as minimalloc, or by a path to a link of that name.
bool IsMinimalloc(std::string_view program) {
  return program.substr(program.rfind('/') + 1) == "minimalloc";  // npos + 1 is 0
}

// "help" and "help plan" are "--help" and "plan --help"; started as minimalloc, it is that command. CLI11 wants the
// arguments last first.
std::vector<std::string> ArgumentsOf(int argc, char** argv) {
  std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  if (argc > 0 && IsMinimalloc(argv[0])) arguments.insert(arguments.begin(), "minimalloc");
  if (!arguments.empty() && arguments[0] == "help") {
    arguments.erase(arguments.begin());
    arguments.push_back("--help");
  }
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

// Of the first option among `arguments`, given last first, that the command has not.
std::string MeantOption(const std::vector<std::string>& arguments, const CommandLine& command) {
  std::vector<std::string> known = {"--help", "--version"};
  for (const Option& option : command.options) {
    const std::size_t name = option.names.find("--");
    if (name != std::string::npos) known.push_back(option.names.substr(name));
  }
  for (auto argument = arguments.rbegin(); argument != arguments.rend() && *argument != "--"; ++argument) {
    const std::string name = argument->substr(0, argument->find('='));
    if (name.substr(0, 2) != "--" || std::find(known.begin(), known.end(), name) != known.end()) continue;
    return DidYouMean(name, known);
  }
  return "";
}

// The command as it was given, with options more: a line to paste, once the sizes in it are the right ones.
std::string LineWith(const std::string& options, int argc, char** argv) {
  std::string line = "with your sizes in place of 1:\n  orionrt";
  for (int i = 1; i < argc; ++i) line += " " + ShellWord(Printable(argv[i], 1000));
  return "\norionrt: " + Toned(Tone::kHint, line + " " + options);
}

// There is no command `name`; "": none was given.
int FailForWant(const std::string& name, const std::vector<CommandLine>& commands) {
  std::vector<std::string> names;
  std::string list;
  for (const CommandLine& command : commands) {
    names.push_back(command.name);
    list += (list.empty() ? "" : ", ") + command.name;
  }
  const std::string what = name.empty() ? " given" : " \"" + Printable(name) + "\"" + DidYouMean(name, names);
  return Fail(kWrongUsage,
              "no command" + what + "; there are: " + list + "\n" + Toned(Tone::kHint, "See orionrt --help."));
}

int Run(int argc, char** argv) {
  CLI::App app("Plans the memory of static execution graphs: every tensor gets a place in one arena.", "orionrt");
  app.set_help_flag(kHelpNames, kHelpHelp);
  app.set_version_flag(kVersionNames, kVersion, kVersionHelp);
  app.require_subcommand(1);
  app.footer(kFooter);
  const std::vector<CommandLine> commands = MakeCommands();
  const CommandLine* chosen = nullptr;
  const std::size_t width = static_cast<std::size_t>(std::max(TerminalWidth(), 60)) - kNamesWidth;
  for (const CommandLine& command : commands) {
    CLI::App* sub = app.add_subcommand(command.name, command.help);
    sub->set_version_flag(kVersionNames, kVersion, kVersionHelp);
    if (!command.footer.empty()) sub->footer(command.footer);
    sub->callback([&chosen, &command] { chosen = &command; });
    for (const Option& option : command.options) {
      std::visit(AddToApp{*sub, option, Wrapped(option.help, width)}, option.value);
    }
  }
  const std::vector<std::string> arguments = ArgumentsOf(argc, argv);
  const std::string first = arguments.empty() ? "" : arguments.back();
  const auto named = std::find_if(commands.begin(), commands.end(), [&](const auto& c) { return c.name == first; });
  if (named == commands.end() && (first.empty() || first[0] != '-')) return FailForWant(first, commands);
  try {
    app.parse(std::vector<std::string>(arguments));
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error, std::cout, std::cerr);
    const bool any = named != commands.end();
    const std::string help = "See orionrt " + (any ? first + " " : "") + "--help.";
    // Of all that options hold numbers alone can fail to be what is asked for.
    const bool is_number = error.get_name() == "ConversionError";
    const std::string remedy = is_number ? "; write a number that the option can hold, such as 4"
                               : any     ? MeantOption(arguments, *named)
                                         : "";
    return Fail(kWrongUsage, error.what() + remedy + "\n" + Toned(Tone::kHint, help));
  }
  SetColours(colours);
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
    command.options.push_back({"--color", &colours,
                               "Colours: auto, on a terminal where NO_COLOR is not set; always, never",
                               "auto|always|never"});
  }
  return commands;
}

}  // namespace orionrt::cli

int main(int argc, char** argv) {
  using namespace orionrt::cli;
  try {
    return Run(argc, argv);
  } catch (const orionrt::MissingSizes& error) {
    return Fail(ExitCodeOf(error.code()), std::string(error.what()) + LineWith(error.options(), argc, argv));
  } catch (const orionrt::Error& error) {
    return Fail(ExitCodeOf(error.code()), error.what());
  } catch (const std::bad_alloc&) {
    return Fail(kInternalError, "out of memory");
  } catch (const std::exception& error) {
    return Fail(kInternalError, std::string("internal error: ") + error.what());
  }
}
