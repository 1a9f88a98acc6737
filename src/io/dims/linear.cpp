#include "io/dims/linear.hpp"

#include <algorithm>
#include <iterator>

#include "base/index.hpp"

namespace orionrt {
namespace {

Affine Number(const Fraction& value) { return {{}, value}; }

bool IsNone(const Fraction& value) { return value.numerator == 0; }

// The equation divided by the slope of `symbol`, which is not 0.
bool DivideBySlope(LinearEquation& equation, std::size_t symbol) {
  const Affine divisor = Number(equation.slopes[symbol]);
  const auto divide = [&](Fraction& value) {
    Affine quotient;
    if (Divide(Number(value), divisor, quotient) != DimFault::kNone) return false;
    value = quotient.offset;
    return true;
  };
  bool fits = divide(equation.value);
  for (std::size_t i = 0; i < equation.slopes.size() && fits; ++i) fits = divide(equation.slopes[i]);
  return fits;
}

// Takes `pivot`, whose slope of `symbol` is 1, from `equation` as often as `symbol` stands there.
bool TakeAway(LinearEquation& equation, const LinearEquation& pivot, std::size_t symbol) {
  Affine inverse;
  if (Divide(Number({1, 1}), Number(equation.slopes[symbol]), inverse) != DimFault::kNone) return false;
  const auto take = [&](Fraction& value, const Fraction& of_pivot) {
    Affine product;
    Affine difference;
    if (Divide(Number(of_pivot), inverse, product) != DimFault::kNone) return false;
    if (Subtract(Number(value), product, difference) != DimFault::kNone) return false;
    value = difference.offset;
    return true;
  };
  bool fits = take(equation.value, pivot.value);
  const std::vector<Fraction> slopes = pivot.slopes;
  for (std::size_t i = 0; i < slopes.size() && fits; ++i) fits = take(equation.slopes[i], slopes[i]);
  std::vector<std::size_t> from;
  std::set_union(equation.from.begin(), equation.from.end(), pivot.from.begin(), pivot.from.end(),
                 std::back_inserter(from));
  equation.from = std::move(from);
  return fits;
}

}  // namespace

// The slope of each symbol where all others are 0, which must be the same where they are other numbers: in a product of
// two symbols it is not. These numbers are primes, so that hardly anything but a sum passes.
std::optional<LinearEquation> LinearForm(const DimExpression& expression, const std::vector<std::string>& symbols,
                                         const DimExpression::Lookup& value_of, std::int64_t value) {
  constexpr std::int64_t kPrimes[] = {1009, 2003, 3001, 4001, 5003, 6007, 7001, 8009};
  LinearEquation equation{{}, {value, 1}, {}};
  for (const std::string& unknown : symbols) {
    const auto slope = [&](bool others_are_zero, Affine& result) {
      const auto lookup = [&](const std::string& symbol) -> std::optional<std::int64_t> {
        if (symbol == unknown) return std::nullopt;
        const auto at = std::find(symbols.begin(), symbols.end(), symbol);
        if (at == symbols.end()) return value_of(symbol);
        return others_are_zero ? 0 : kPrimes[At(at - symbols.begin()) % std::size(kPrimes)];
      };
      return expression.Evaluate(lookup, result) == DimFault::kNone;
    };
    Affine at_zero;
    Affine elsewhere;
    if (!slope(true, at_zero) || !slope(false, elsewhere)) return std::nullopt;
    const Fraction& a = at_zero.slope;
    const Fraction& b = elsewhere.slope;
    if (a.numerator != b.numerator || a.denominator != b.denominator) return std::nullopt;
    equation.slopes.push_back(a);
    Affine rest;
    if (Subtract(Number({value, 1}), Number(at_zero.offset), rest) != DimFault::kNone) return std::nullopt;
    equation.value = rest.offset;
  }
  return equation;
}

bool Eliminate(std::vector<LinearEquation>& equations) {
  const std::size_t symbols = equations.empty() ? 0 : equations[0].slopes.size();
  std::size_t done = 0;
  for (std::size_t symbol = 0; symbol < symbols && done < equations.size(); ++symbol) {
    const auto pivot = std::find_if(equations.begin() + static_cast<std::ptrdiff_t>(done), equations.end(),
                                    [&](const LinearEquation& it) { return !IsNone(it.slopes[symbol]); });
    if (pivot == equations.end()) continue;
    std::swap(equations[done], *pivot);
    if (!DivideBySlope(equations[done], symbol)) return false;
    for (std::size_t i = 0; i < equations.size(); ++i) {
      if (i == done || IsNone(equations[i].slopes[symbol])) continue;
      if (!TakeAway(equations[i], equations[done], symbol)) return false;
    }
    ++done;
  }
  return true;
}

}  // namespace orionrt
