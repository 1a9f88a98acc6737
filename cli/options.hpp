// The options of a command as rows of a table. What parses them is known to main.cpp alone: CLI11 takes ten seconds to
// compile wherever it is included.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace orionrt::cli {

// Where the value of an option goes; the kind of the variable says what the option takes: nothing (bool), one value,
// or, in a vector, a value each time it is given. As an argument, a vector takes all that follow.
using OptionValue = std::variant<bool*, int*, double*, std::optional<int>*, std::string*, std::vector<std::string>*>;

struct Option {
  std::string names;  // "-o,--output"; an argument has no dash, "INPUT", and brackets where it may be left out
  OptionValue value;  // of the command, which outlives the parsing
  std::string help;
  std::string type{};   // of the value: "FILE", or its choices, "text|json"; empty: a flag, or an argument
  std::string group{};  // the heading that the option stands under in --help; empty: the common one
  bool commas = false;  // of a vector: one value may be several, a,b,c
};

using OptionTable = std::vector<Option>;

}  // namespace orionrt::cli
