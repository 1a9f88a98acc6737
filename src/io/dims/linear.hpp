// Linear equations between symbols of dimensions: what several sums that are given say together.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "io/dims/expression.hpp"

namespace orionrt {

// The sum of slopes[i] * symbol i is `value`.
struct LinearEquation {
  std::vector<Fraction> slopes;
  Fraction value;
  std::vector<std::size_t> from;  // the equations that it was made of, ascending
};

// `expression` as a sum of `symbols`, the unknown ones, with `value` as its worth; `value_of` knows all others. Nothing
// where the expression is no such sum, or numbers leave 64 bits. `from` is left empty.
std::optional<LinearEquation> LinearForm(const DimExpression& expression, const std::vector<std::string>& symbols,
                                         const DimExpression::Lookup& value_of, std::int64_t value);

// Brings the equations, which name equally many symbols each, to a form in which each symbol that has one value stands
// alone in an equation with slope 1; an equation without symbols whose value is not 0 is a contradiction. By Gauss and
// Jordan, O(equations^2 * symbols). False where numbers leave 64 bits; the equations are then of no use.
bool Eliminate(std::vector<LinearEquation>& equations);

}  // namespace orionrt
