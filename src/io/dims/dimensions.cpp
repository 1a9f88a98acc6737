#include "io/dims/dimensions.hpp"

#include <algorithm>
#include <utility>

#include "base/index.hpp"
#include "base/text.hpp"
#include "io/dims/linear.hpp"
#include "orionrt/config.hpp"

namespace orionrt {
namespace {

std::string InQuotes(const std::string& text) { return "\"" + Printable(text, 120) + "\""; }

std::string TextOf(const Fraction& value) {
  const std::string whole = std::to_string(value.numerator);
  return value.denominator == 1 ? whole : whole + "/" + std::to_string(value.denominator);
}

const char* TextOf(DimFault fault) {
  return fault == DimFault::kDivision ? "divides by zero" : "leaves the range of 64 bits on the way";
}

bool IsSize(const Fraction& value) { return value.denominator == 1 && value.numerator >= 0; }

// No sum of what is 0 or more comes to the equation's value: no slope leads there from 0.
bool LeadsNowhere(const LinearEquation& equation) {
  const bool is_negative = equation.value.numerator < 0;
  return equation.value.numerator != 0 &&
         std::all_of(equation.slopes.begin(), equation.slopes.end(), [&](const Fraction& slope) {
           return slope.numerator == 0 || (slope.numerator < 0) != is_negative;
         });
}

// The x of slope * x + offset = value, where it fits.
std::optional<Fraction> SolutionOf(const Affine& side, std::int64_t value) {
  Affine difference;
  Affine quotient;
  const Affine known{{}, {value, 1}};
  if (Subtract(known, {{}, side.offset}, difference) != DimFault::kNone) return std::nullopt;
  if (Divide(difference, {{}, side.slope}, quotient) != DimFault::kNone) return std::nullopt;
  return quotient.offset;
}

}  // namespace

void Dimensions::Add(const std::string& text) {
  const auto [at, fresh] = texts_.emplace(text, std::nullopt);
  if (!fresh) return;
  at->second = DimExpression::Parse(text);
  if (!at->second) {
    symbols_[text].is_name = true;
    return;
  }
  for (const std::string& symbol : at->second->symbols()) symbols_[symbol].is_name |= !at->second->MayBeName();
}

const DimExpression* Dimensions::ExpressionOf(const std::string& text) const {
  const auto found = texts_.find(text);
  if (found == texts_.end() || !found->second) return nullptr;
  const DimExpression& expression = *found->second;
  const auto is_name = [this](const std::string& symbol) { return symbols_.at(symbol).is_name; };
  const std::vector<std::string>& symbols = expression.symbols();
  return !expression.MayBeName() || std::all_of(symbols.begin(), symbols.end(), is_name) ? &expression : nullptr;
}

const Dimensions::Given* Dimensions::GivenFor(const std::string& text) const {
  const auto found = std::find_if(given_.begin(), given_.end(), [&](const Given& it) { return it.text == text; });
  return found == given_.end() ? nullptr : &*found;
}

bool Dimensions::IsSet(const std::string& symbol) const {
  const auto found = symbols_.find(symbol);
  return found != symbols_.end() && found->second.value.has_value();
}

std::string Dimensions::OptionOf(const std::string& symbol) const {
  const auto found = symbols_.find(symbol);
  return found == symbols_.end() ? "" : found->second.option;
}

std::vector<std::string> Dimensions::SymbolsOf(const std::string& text) const {
  const DimExpression* expression = ExpressionOf(text);
  return expression == nullptr ? std::vector<std::string>{text} : expression->symbols();
}

DimFault Dimensions::Evaluate(const DimExpression& expression, Affine& result) const {
  return expression.Evaluate([this](const std::string& symbol) { return symbols_.at(symbol).value; }, result);
}

bool Dimensions::Bind(const std::string& symbol, std::int64_t value, const std::string& option) {
  Symbol& known = symbols_[symbol];
  if (!known.value) {
    known.value = value;
    known.option = option;
    return true;
  }
  if (*known.value != value && !option.empty()) {
    throw Error(ErrorCode::kBadInput, option + ": " + InQuotes(symbol) + " would be " + std::to_string(value) +
                                          ", and is " + std::to_string(*known.value) + " by " + known.option +
                                          "; leave one of them out, or make them agree");
  }
  return false;
}

void Dimensions::Give(const std::string& text, std::int64_t value, const std::string& option) {
  if (ExpressionOf(text) == nullptr) {
    Bind(text, value, option);
  } else if (const Given* before = GivenFor(text)) {
    if (before->value == value) return;
    throw Error(ErrorCode::kBadInput, option + ": " + InQuotes(text) + " is " + std::to_string(before->value) + " by " +
                                          before->option + "; leave one of them out");
  } else {
    given_.push_back({text, value, option});
  }
  SolveAll();
}

void Dimensions::SolveAll() {
  bool has_changed = true;
  while (has_changed) {
    has_changed = false;
    for (Given& given : given_) has_changed |= !given.is_used && Solve(given);
    if (!has_changed) has_changed = SolveTogether();
  }
}

// True if a symbol got its value.
bool Dimensions::Solve(Given& given) {
  const DimExpression& expression = *ExpressionOf(given.text);
  Affine side;
  const DimFault fault = Evaluate(expression, side);
  if (fault == DimFault::kUnknown || fault == DimFault::kNotAffine) return false;
  if (fault != DimFault::kNone) FailValue(given.text, expression, TextOf(fault));
  given.is_used = true;
  const auto refuse = [&](const std::string& why) { FailValue(given.text, expression, why + " by " + given.option); };
  if (side.slope.numerator == 0) {
    if (side.offset.denominator != 1 || side.offset.numerator != given.value) {
      refuse("is " + TextOf(side.offset) + ", and " + std::to_string(given.value));
    }
    return false;
  }
  const std::optional<Fraction> solution = SolutionOf(side, given.value);
  const auto unknown = std::find_if(expression.symbols().begin(), expression.symbols().end(),
                                    [this](const std::string& symbol) { return !IsSet(symbol); });
  if (!solution) refuse("leaves the range of 64 bits where it is " + std::to_string(given.value));
  if (!IsSize(*solution)) {
    refuse("cannot be " + std::to_string(given.value) + ": " + InQuotes(*unknown) + " would be " + TextOf(*solution) +
           ", asked for");
  }
  Bind(*unknown, solution->numerator, given.option);
  return true;
}

// What is given for expressions of several unknown symbols, where they are sums. True if a symbol got its value.
bool Dimensions::SolveTogether() {
  constexpr std::size_t kMost = 64;  // of either; what goes beyond is checked once its symbols are known
  std::vector<const Given*> open;
  std::vector<std::string> unknown;
  for (const Given& given : given_) {
    if (given.is_used) continue;
    open.push_back(&given);
    for (const std::string& symbol : SymbolsOf(given.text)) {
      if (!IsSet(symbol) && std::find(unknown.begin(), unknown.end(), symbol) == unknown.end()) {
        unknown.push_back(symbol);
      }
    }
  }
  if (open.size() > kMost || unknown.size() > kMost) return false;
  std::vector<LinearEquation> equations;
  for (std::size_t i = 0; i < open.size(); ++i) {
    const auto value_of = [this](const std::string& symbol) { return symbols_.at(symbol).value; };
    auto equation = LinearForm(*ExpressionOf(open[i]->text), unknown, value_of, open[i]->value);
    if (!equation) continue;
    equation->from = {i};
    equations.push_back(std::move(*equation));
  }
  if (!Eliminate(equations)) return false;
  bool has_changed = false;
  for (const LinearEquation& equation : equations) {
    std::string options;
    for (const std::size_t i : equation.from) options += (options.empty() ? "" : " and ") + open[i]->option;
    const auto is_there = [](const Fraction& slope) { return slope.numerator != 0; };
    const auto first = std::find_if(equation.slopes.begin(), equation.slopes.end(), is_there);
    const bool is_one = first != equation.slopes.end() && std::none_of(first + 1, equation.slopes.end(), is_there);
    if (!is_one) {
      if (!LeadsNowhere(equation)) continue;
      throw Error(ErrorCode::kBadInput, options + ": no sizes make all of this true; give other values");
    }
    const std::string& symbol = unknown[At(first - equation.slopes.begin())];
    if (!IsSize(equation.value)) {
      throw Error(ErrorCode::kBadInput, options + ": " + InQuotes(symbol) + " would be " + TextOf(equation.value) +
                                            ", which is no size; give other values");
    }
    Bind(symbol, equation.value.numerator, options);
    has_changed = true;
  }
  return has_changed;
}

void Dimensions::Learn(const std::string& text, std::int64_t value) {
  const DimExpression* expression = ExpressionOf(text);
  bool has_changed = false;
  if (expression == nullptr) {
    has_changed = Bind(text, value, "");
  } else {
    Affine side;
    if (Evaluate(*expression, side) != DimFault::kNone || side.slope.numerator == 0) return;
    const std::optional<Fraction> solution = SolutionOf(side, value);
    if (!solution || !IsSize(*solution)) return;
    for (const std::string& symbol : expression->symbols()) has_changed |= Bind(symbol, solution->numerator, "");
  }
  if (has_changed) SolveAll();
}

std::optional<std::int64_t> Dimensions::ValueOf(const std::string& text, std::optional<std::int64_t> default_value) {
  if (default_value) {
    for (const std::string& symbol : SymbolsOf(text)) {
      if (IsSet(symbol)) continue;
      Bind(symbol, *default_value, "--dim '*=" + std::to_string(*default_value) + "'");
      SolveAll();
    }
  }
  const DimExpression* expression = ExpressionOf(text);
  if (expression == nullptr || GivenFor(text) != nullptr) return KnownValueOf(text);
  Affine value;
  const DimFault fault = Evaluate(*expression, value);
  if (fault == DimFault::kUnknown || fault == DimFault::kNotAffine) return std::nullopt;
  if (fault != DimFault::kNone) FailValue(text, *expression, TextOf(fault));
  if (value.slope.numerator != 0) return std::nullopt;
  if (!IsSize(value.offset)) FailValue(text, *expression, "is " + TextOf(value.offset) + ", which is no size");
  return value.offset.numerator;
}

std::optional<std::int64_t> Dimensions::KnownValueOf(const std::string& text) const {
  const DimExpression* expression = ExpressionOf(text);
  if (expression == nullptr) {
    const auto found = symbols_.find(text);
    return found == symbols_.end() ? std::nullopt : found->second.value;
  }
  if (const Given* given = GivenFor(text)) return given->value;
  Affine value;
  if (Evaluate(*expression, value) != DimFault::kNone || value.slope.numerator != 0) return std::nullopt;
  return IsSize(value.offset) ? std::optional(value.offset.numerator) : std::nullopt;
}

// Their difference as one sum. Names that read as numbers or expressions ("12", "sequence-length") are none.
bool Dimensions::NeverEqual(const std::string& a, const std::string& b) const {
  const auto is_plain = [this](const std::string& text) { return ExpressionOf(text) == nullptr; };
  const auto is_misread = [&](const std::string& text) {
    if (!is_plain(text)) return false;
    const auto name = DimExpression::Parse("(" + text + ")");
    return !name || name->symbols() != std::vector<std::string>{text};
  };
  constexpr std::size_t kLongest = 2000;  // characters of either
  if (a.size() > kLongest || b.size() > kLongest) return false;
  if ((is_plain(a) && is_plain(b)) || is_misread(a) || is_misread(b)) return false;
  const auto difference = DimExpression::Parse("(" + a + ") - (" + b + ")");
  if (!difference) return false;
  const auto unknown = [](const std::string&) { return std::nullopt; };
  const auto sum = LinearForm(*difference, difference->symbols(), unknown, 0);
  return sum && LeadsNowhere(*sum);
}

void Dimensions::FailValue(const std::string& text, const DimExpression& expression, const std::string& why) const {
  std::string with;
  for (const std::string& symbol : expression.symbols()) {
    const Symbol& known = symbols_.at(symbol);
    if (!known.value) continue;
    with += (with.empty() ? " (" : "; ") + InQuotes(symbol) + " is " + std::to_string(*known.value) +
            (known.option.empty() ? "" : " by " + known.option);
  }
  throw Error(ErrorCode::kBadInput,
              "dimension " + InQuotes(text) + " " + why + (with.empty() ? "" : with + ")") + "; give other values");
}

}  // namespace orionrt
