// Dimensions as exporters write them: "2*seq", "past + seq", "floor(h/2 - 1/2) + 1", "(s77//8)".
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace orionrt {

// A fraction in lowest terms, its denominator positive. Exporters divide before they round, so whole numbers would not
// do.
struct Fraction {
  std::int64_t numerator = 0;
  std::int64_t denominator = 1;
};

// slope * x + offset, for the one symbol x that is unknown; slope 0: a number.
struct Affine {
  Fraction slope;
  Fraction offset;
};

enum class DimFault {
  kNone,
  kUnknown,   // a symbol has no value, or more than one have none
  kOverflow,  // beyond 63 bits on the way
  kDivision,  // by zero
  kNotAffine  // the unknown symbol stands where it cannot be solved for: in floor, a divisor, a product of itself
};

// Both sides affine in the same unknown, the divisor a number.
DimFault Subtract(const Affine& a, const Affine& b, Affine& result);
DimFault Divide(const Affine& a, const Affine& b, Affine& result);

// Operators: + - * / // % **, parentheses, min, max, floor, ceil and the names that sympy gives them. // and % round
// towards minus infinity, as in Python.
class DimExpression {
 public:
  // What the text is. A plain name, even one with blanks or hyphens in it, is no expression, nor is anything that does
  // not parse: names of dimensions are free text. Throws Error (kBadInput), without the place, for more than 4,096
  // characters of expression or more than 100 parentheses within each other. O(length).
  static std::optional<DimExpression> Parse(std::string_view text);

  const std::vector<std::string>& symbols() const { return symbols_; }  // each once, in order of appearance

  // "sequence-length" may be a name or a difference: true where nothing but hyphens without blanks joins symbols.
  bool MayBeName() const { return may_be_name_; }

  // The value, where `value_of` gives none for at most one symbol, as a function of that one. O(length).
  using Lookup = std::function<std::optional<std::int64_t>(const std::string&)>;
  DimFault Evaluate(const Lookup& value_of, Affine& result) const;

 private:
  friend class DimParser;
  enum class Op : std::uint8_t {
    kNumber,
    kSymbol,
    kAdd,
    kSubtract,
    kMultiply,
    kDivide,
    kFloorDivide,
    kModulo,
    kPower,
    kNegate,
    kMin,
    kMax,
    kFloor,
    kCeil,
  };
  struct Step {
    Op op;
    std::int64_t value;  // the number, or the index of the symbol
  };

  static DimFault Apply(Op op, const Affine& a, const Affine& b, Affine& result);

  std::vector<Step> steps_;  // in postfix order
  std::vector<std::string> symbols_;
  bool may_be_name_ = true;
};

}  // namespace orionrt
