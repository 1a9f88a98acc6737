// orionrt completion SHELL. The scripts come from the tables of options, so that they never lag behind.
#include <algorithm>
#include <memory>

#include "base/text.hpp"
#include "command.hpp"
#include "orionrt/config.hpp"
#include "orionrt/formats.hpp"
#include "orionrt/planner.hpp"

namespace orionrt::cli::completion_command {
namespace {

using Words = std::vector<std::string>;

struct OptionWords {
  Words names;       // "-o", "--output"
  std::string help;  // one line
  std::string type;  // "FILE"; empty: a flag
  Words choices;     // the values that it takes, where those are known
};

struct Topic {
  std::string name;  // of the command; empty: orionrt itself
  std::string help;
  std::vector<OptionWords> options;
  Words choices;  // of its argument, which is otherwise a file
};

std::string Join(const Words& words, const char* separator) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) text += (i > 0 ? separator : "") + words[i];
  return text;
}

Words Split(const std::string& text, char separator) {
  Words words;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

// With a backslash before each of `special`.
std::string Escape(const std::string& text, const std::string& special) {
  std::string out;
  for (const char c : text) out += (special.find(c) == std::string::npos ? "" : "\\") + std::string(1, c);
  return out;
}

// In single quotes, for bash and zsh.
std::string Quote(const std::string& text) { return "'" + Join(Split(text, '\''), "'\\''") + "'"; }

// A type of "text|json" says what there is.
Words ChoicesOf(const Option& option) {
  if (option.type.find('|') != std::string::npos) return Split(option.type, '|');
  Words names;
  if (option.names == "--policy") {
    for (const Policy& policy : Policies()) names.push_back(policy.name);
  }
  return names;
}

Topic TopicOf(const std::string& name, const std::string& help, const OptionTable& options) {
  Topic topic{name, help, {}, {}};
  topic.options.push_back({Split(kHelpNames, ','), kHelpHelp, "", {}});
  topic.options.push_back({Split(kVersionNames, ','), kVersionHelp, "", {}});
  for (const Option& option : options) {
    if (option.names[0] != '-') {
      topic.choices = ChoicesOf(option);
      continue;
    }
    const bool flag = std::holds_alternative<bool*>(option.value);
    topic.options.push_back({Split(option.names, ','), Split(option.help, '\n')[0],
                             !flag && option.type.empty() ? "VALUE" : option.type, ChoicesOf(option)});
  }
  return topic;
}

// orionrt itself first, then its commands.
std::vector<Topic> AllTopics() {
  std::vector<Topic> topics = {TopicOf("", "", {})};
  for (const CommandLine& command : MakeCommands()) {
    topics.push_back(TopicOf(command.name, command.help, command.options));
    topics[0].choices.push_back(command.name);
  }
  return topics;
}

// Where COMPREPLY stays empty, bash completes file names.
std::string ToBash(const std::vector<Topic>& topics) {
  std::string values, arguments;
  for (const Topic& topic : topics) {
    Words all, taking;
    for (const OptionWords& option : topic.options) {
      all.insert(all.end(), option.names.begin(), option.names.end());
      if (option.type.empty()) continue;
      if (option.choices.empty()) {
        for (const std::string& name : option.names) taking.push_back(Quote(topic.name + " " + name));
        continue;
      }
      for (const std::string& name : option.names) {
        values += "    " + Quote(topic.name + " " + name) + ") words=" + Quote(Join(option.choices, " ")) + " ;;\n";
      }
    }
    if (!taking.empty()) values += "    " + Join(taking, "|") + ") return ;;\n";
    arguments += "      " + Quote(topic.name) + ")\n        options=" + Quote(Join(all, " ")) +
                 "\n        words=" + Quote(Join(topic.choices, " ")) + " ;;\n";
  }
  return R"(# bash completion of orionrt, made by: orionrt completion bash
_orionrt() {
  local current=${COMP_WORDS[COMP_CWORD]} previous= command= words= options= i
  ((COMP_CWORD > 1)) && previous=${COMP_WORDS[COMP_CWORD - 1]}
  for ((i = 1; i < COMP_CWORD; ++i)); do
    [[ ${COMP_WORDS[i]} == -* ]] && continue
    command=${COMP_WORDS[i]}
    break
  done
  COMPREPLY=()
  case "$command $previous" in
)" + values +
         R"(    *)
      case $command in
)" + arguments +
         R"(      esac
      [[ $current == -* ]] && words=$options ;;
  esac
  [[ -n $words ]] && COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o bashdefault -o default -F _orionrt orionrt
)";
}

std::string ToZsh(const std::vector<Topic>& topics) {
  const auto arguments = [](const Topic& topic) {
    std::string text = "_arguments -S";
    for (const OptionWords& option : topic.options) {
      std::string rest = "[" + Escape(option.help, "[]:\\") + "]";
      if (!option.type.empty()) {
        rest += ":" + Escape(Split(option.type, '|').size() > 1 ? "value" : option.type, ":") + ":";
        rest += option.choices.empty() ? "_files" : "(" + Join(option.choices, " ") + ")";
      }
      for (const std::string& name : option.names) text += " \\\n        " + Quote("*" + name + rest);
    }
    return text;
  };
  std::string commands, cases;
  for (std::size_t i = 1; i < topics.size(); ++i) {
    const Topic& topic = topics[i];
    commands += "    " + Quote(topic.name + ":" + Escape(topic.help, ":\\")) + "\n";
    const std::string argument = topic.choices.empty() ? "_files" : "(" + Join(topic.choices, " ") + ")";
    cases +=
        "    " + topic.name + ")\n      " + arguments(topic) + " \\\n        " + Quote("*:input:" + argument) + " ;;\n";
  }
  return R"(#compdef orionrt
# zsh completion of orionrt, made by: orionrt completion zsh
_orionrt() {
  local -a commands
  commands=(
)" + commands +
         R"(  )
  if ((CURRENT == 2)); then
    _describe -t commands command commands
    [[ $words[2] == -* ]] && )" +
         arguments(topics[0]) + R"(
    return
  fi
  local command=$words[2]
  shift words
  ((CURRENT--))
  case $command in
)" + cases +
         R"(  esac
}
if [[ $funcstack[1] == _orionrt ]]; then
  _orionrt "$@"
else
  compdef _orionrt orionrt
fi
)";
}

std::string ToFish(const std::vector<Topic>& topics) {
  const auto quote = [](const std::string& text) { return "'" + Escape(text, "'\\") + "'"; };
  std::string text = "# fish completion of orionrt, made by: orionrt completion fish\n";
  for (const Topic& topic : topics) {
    const bool root = topic.name.empty();
    const std::string here = root ? "__fish_use_subcommand" : "__fish_seen_subcommand_from " + topic.name;
    const std::string begin = "complete -c orionrt -n " + quote(here);
    if (!root) {
      text += "complete -c orionrt -n __fish_use_subcommand -f -a " + topic.name + " -d " + quote(topic.help) + "\n";
      if (!topic.choices.empty()) text += begin + " -f -a " + quote(Join(topic.choices, " ")) + "\n";
    }
    for (const OptionWords& option : topic.options) {
      text += begin;
      for (const std::string& name : option.names) {
        text += name[1] == '-' ? " -l " + name.substr(2) : " -s " + name.substr(1);
      }
      if (!option.type.empty()) text += option.choices.empty() ? " -r" : " -x -a " + quote(Join(option.choices, " "));
      text += " -d " + quote(option.help) + "\n";
    }
  }
  return text;
}

struct Shell {
  const char* name;
  std::string (*write)(const std::vector<Topic>& topics);
};
constexpr Shell kShells[] = {{"bash", ToBash}, {"zsh", ToZsh}, {"fish", ToFish}};

int Run(const std::string& name) {
  Words known;
  for (const Shell& shell : kShells) {
    known.push_back(shell.name);
    if (name != shell.name) continue;
    WriteFile("-", shell.write(AllTopics()));
    return kDone;
  }
  throw Error(ErrorCode::kMisuse,
              "completion: the shell \"" + Printable(name) + "\" is unknown; there are: " + Join(known, ", "));
}

}  // namespace

std::function<int()> SetUp(OptionTable& table) {
  auto shell = std::make_shared<std::string>();
  table.push_back({"SHELL", shell.get(), "Whose script to print", "bash|zsh|fish"});
  return [shell] { return Run(*shell); };
}

}  // namespace orionrt::cli::completion_command
