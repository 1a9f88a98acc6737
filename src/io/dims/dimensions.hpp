// What is known of a model's symbolic dimensions: from options, and from shapes that were inferred.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "io/dims/expression.hpp"

namespace orionrt {

// The texts of a model's dimensions, each of them a name or an expression of names, and the values of the names. What
// is given for an expression is solved for its one unknown, where that is linear: 64 for "8*h8" makes h8 8. Sums of
// several unknowns are solved together: 5 for "a + b" and 1 for "b - a" make a 2 and b 3.
class Dimensions {
 public:
  // A dimension of the model that has a text. All are added before anything is given, since what else the model names
  // decides whether "sequence-length" is a name or a difference. Throws Error (kBadInput), without the place, for an
  // expression that is too long or too deep.
  void Add(const std::string& text);

  // Whether `text` is that of a dimension, or a symbol in one.
  bool Has(const std::string& text) const { return texts_.count(text) != 0 || symbols_.count(text) != 0; }

  // `text` is `value`, as `option` says: "--dim batch=2". Throws Error (kBadInput), without the place, where that
  // contradicts what was given before, or no size of a symbol makes it true.
  void Give(const std::string& text, std::int64_t value, const std::string& option);

  // `text` was found to be `value`. Ignored where something else is known, or nothing follows from it. What was given
  // for sums of it is solved then, and throws as in Give where no sizes make it true.
  void Learn(const std::string& text, std::int64_t value);

  // The value of `text`, where it follows. With a default every symbol in it that has no value gets that one first, for
  // good. Throws Error (kBadInput), without the place, where it is no size: negative, no whole number, too large.
  std::optional<std::int64_t> ValueOf(const std::string& text, std::optional<std::int64_t> default_value = {});

  // The value of `text`, where one follows from what is known and is a size.
  std::optional<std::int64_t> KnownValueOf(const std::string& text) const;

  // The symbols in `text`, in order of appearance: of a name, itself.
  std::vector<std::string> SymbolsOf(const std::string& text) const;
  bool IsSet(const std::string& symbol) const;

  // Whether no sizes of their symbols make the two texts equal: "n" and "n + 1". False where that is not known.
  bool NeverEqual(const std::string& a, const std::string& b) const;

  // `--dim batch=2`: what gave the symbol its value; empty where nothing did, or it was inferred.
  std::string OptionOf(const std::string& symbol) const;

 private:
  struct Symbol {
    bool is_name = false;  // of a dimension that is nothing else, or in an expression that is surely one
    std::optional<std::int64_t> value = {};
    std::string option = {};  // that gave it; empty: it was inferred
  };
  struct Given {
    std::string text;
    std::int64_t value;
    std::string option;
    bool is_used = false;
  };

  const DimExpression* ExpressionOf(const std::string& text) const;  // nullptr: a name
  const Given* GivenFor(const std::string& text) const;
  DimFault Evaluate(const DimExpression& expression, Affine& result) const;
  bool Bind(const std::string& symbol, std::int64_t value, const std::string& option);  // true if it is new
  void SolveAll();
  bool Solve(Given& given);
  bool SolveTogether();
  [[noreturn]] void FailValue(const std::string& text, const DimExpression& expression, const std::string& why) const;

  std::unordered_map<std::string, std::optional<DimExpression>> texts_;
  std::unordered_map<std::string, Symbol> symbols_;
  std::vector<Given> given_;  // for expressions
};

}  // namespace orionrt
