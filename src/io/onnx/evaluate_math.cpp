// Constant folding of arithmetic, comparisons and logic, with the rounding and wrapping of the element type.
#include <algorithm>
#include <cmath>
#include <limits>

#include "io/onnx/evaluate_ops.hpp"

namespace orionrt::onnx_import {
namespace {

using onnx::TensorProto;
using Values = std::vector<Value>;
using Ints = std::optional<std::int64_t>;  // nothing: overflow or no result

// Results wrap or round as the element type does.
std::int64_t Narrow(std::int64_t x, int dtype) {
  switch (dtype) {
    case TensorProto::BOOL:
      return x != 0;
    case TensorProto::INT8:
      return static_cast<std::int8_t>(x);
    case TensorProto::UINT8:
      return static_cast<std::uint8_t>(x);
    case TensorProto::INT16:
      return static_cast<std::int16_t>(x);
    case TensorProto::UINT16:
      return static_cast<std::uint16_t>(x);
    case TensorProto::INT32:
      return static_cast<std::int32_t>(x);
    case TensorProto::UINT32:
      return static_cast<std::uint32_t>(x);
    default:
      return x;
  }
}

struct BinaryOp {
  Ints (*ints)(std::int64_t, std::int64_t);
  double (*reals)(double, double);
};

Ints Checked(bool overflow, std::int64_t result) { return overflow ? Ints() : Ints(result); }

Ints AddInts(std::int64_t a, std::int64_t b) {
  std::int64_t r = 0;
  const bool overflow = __builtin_add_overflow(a, b, &r);
  return Checked(overflow, r);
}

Ints SubInts(std::int64_t a, std::int64_t b) {
  std::int64_t r = 0;
  const bool overflow = __builtin_sub_overflow(a, b, &r);
  return Checked(overflow, r);
}

Ints MulInts(std::int64_t a, std::int64_t b) {
  std::int64_t r = 0;
  const bool overflow = __builtin_mul_overflow(a, b, &r);
  return Checked(overflow, r);
}

bool Divisible(std::int64_t a, std::int64_t b) {
  return b != 0 && !(b == -1 && a == std::numeric_limits<std::int64_t>::min());
}

Ints DivInts(std::int64_t a, std::int64_t b) { return Divisible(a, b) ? Ints(a / b) : Ints(); }

Ints ModInts(std::int64_t a, std::int64_t b) {  // fmod = 0: the sign of the divisor
  if (!Divisible(a, b)) return {};
  const std::int64_t r = a % b;
  return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

Ints PowInts(std::int64_t a, std::int64_t b) {
  const double r = std::pow(static_cast<double>(a), static_cast<double>(b));
  return std::fabs(r) < 9e15 ? Ints(static_cast<std::int64_t>(r)) : Ints();
}

constexpr BinaryOp kAdd = {AddInts, [](double a, double b) { return a + b; }};
constexpr BinaryOp kSub = {SubInts, [](double a, double b) { return a - b; }};
constexpr BinaryOp kMul = {MulInts, [](double a, double b) { return a * b; }};
constexpr BinaryOp kDiv = {DivInts, [](double a, double b) { return a / b; }};
constexpr BinaryOp kMod = {ModInts, [](double a, double b) { return std::fmod(a, b); }};
constexpr BinaryOp kPow = {PowInts, [](double a, double b) { return std::pow(a, b); }};
constexpr BinaryOp kMin = {[](std::int64_t a, std::int64_t b) { return Ints(std::min(a, b)); },
                           [](double a, double b) { return std::min(a, b); }};
constexpr BinaryOp kMax = {[](std::int64_t a, std::int64_t b) { return Ints(std::max(a, b)); },
                           [](double a, double b) { return std::max(a, b); }};
constexpr BinaryOp kEqual = {[](std::int64_t a, std::int64_t b) { return Ints(a == b); },
                             [](double a, double b) { return double(a == b); }};
constexpr BinaryOp kLess = {[](std::int64_t a, std::int64_t b) { return Ints(a < b); },
                            [](double a, double b) { return double(a < b); }};
constexpr BinaryOp kLessOrEqual = {[](std::int64_t a, std::int64_t b) { return Ints(a <= b); },
                                   [](double a, double b) { return double(a <= b); }};
constexpr BinaryOp kGreater = {[](std::int64_t a, std::int64_t b) { return Ints(a > b); },
                               [](double a, double b) { return double(a > b); }};
constexpr BinaryOp kGreaterOrEqual = {[](std::int64_t a, std::int64_t b) { return Ints(a >= b); },
                                      [](double a, double b) { return double(a >= b); }};
constexpr BinaryOp kAnd = {[](std::int64_t a, std::int64_t b) { return Ints(a && b); }, nullptr};
constexpr BinaryOp kOr = {[](std::int64_t a, std::int64_t b) { return Ints(a || b); }, nullptr};
constexpr BinaryOp kXor = {[](std::int64_t a, std::int64_t b) { return Ints(!a != !b); }, nullptr};

std::optional<Value> Apply(const BinaryOp& op, const Value& a, const Value& b, bool to_bool) {
  if (a.IsReal() != b.IsReal() || (a.IsReal() && !op.reals)) return std::nullopt;
  const std::optional<Dims> dims = Broadcast({&a.dims, &b.dims});
  const int dtype = to_bool ? static_cast<int>(TensorProto::BOOL) : a.dtype;
  std::optional<Value> result = dims ? Blank(dtype, *dims) : std::nullopt;
  for (std::size_t i = 0; result && i < result->Count(); ++i) {
    const std::size_t at = BroadcastIndex(i, *dims, a.dims);
    const std::size_t bt = BroadcastIndex(i, *dims, b.dims);
    if (a.IsReal()) {
      const double r = op.reals(a.reals[at], b.reals[bt]);
      if (to_bool) {
        result->ints[i] = r != 0;
      } else {
        result->reals[i] = RoundReal(r, dtype);
      }
    } else {
      const Ints r = op.ints(a.ints[at], b.ints[bt]);
      if (!r) return std::nullopt;
      result->ints[i] = Narrow(*r, dtype);
    }
  }
  return result;
}

// Two operands, or any number folded from the left (Min, Max, Sum).
template <const BinaryOp& kOp, bool kToBool = false>
Values Binary(const Node& node) {
  if (node.inputs.empty() || node.Attribute("axis") || !node.Known(0)) return {};  // axis: broadcast of opset 6
  if (node.Op() == "Mod" && node.Int("fmod", 0) != 0 && !node.Known(0)->IsReal()) return {};
  std::optional<Value> result = *node.Known(0);
  for (std::size_t i = 1; i < node.inputs.size(); ++i) {
    const Value* next = node.Known(i);
    if (!next) return {};
    result = Apply(kOp, *result, *next, kToBool);
    if (!result) return {};
  }
  return {*result};
}

using UnaryReal = double (*)(double);

template <typename IntsOp>
Values Unary(const Node& node, IntsOp ints, UnaryReal reals) {
  const Value* data = node.Known(0);
  if (!data) return {};
  Value result = *data;
  for (double& x : result.reals) x = RoundReal(reals(x), result.dtype);
  for (std::int64_t& x : result.ints) {
    if (x == std::numeric_limits<std::int64_t>::min()) return {};
    x = Narrow(ints(x), result.dtype);
  }
  return {result};
}

std::int64_t Same(std::int64_t x) { return x; }

Values EvaluateNeg(const Node& node) {
  return Unary(
      node, [](std::int64_t x) { return -x; }, [](double x) { return -x; });
}
Values EvaluateAbs(const Node& node) {
  return Unary(
      node, [](std::int64_t x) { return x < 0 ? -x : x; }, [](double x) { return std::fabs(x); });
}
Values EvaluateRelu(const Node& node) {
  return Unary(
      node, [](std::int64_t x) { return std::max<std::int64_t>(x, 0); }, [](double x) { return x > 0 ? x : 0; });
}
Values EvaluateFloor(const Node& node) {
  return Unary(node, Same, [](double x) { return std::floor(x); });
}
Values EvaluateCeil(const Node& node) {
  return Unary(node, Same, [](double x) { return std::ceil(x); });
}
Values EvaluateRound(const Node& node) {
  return Unary(node, Same, [](double x) { return std::nearbyint(x); });
}
Values EvaluateSqrt(const Node& node) {
  return Unary(node, Same, [](double x) { return std::sqrt(x); });
}
Values EvaluateSign(const Node& node) {
  return Unary(
      node, [](std::int64_t x) { return std::int64_t{x > 0} - std::int64_t{x < 0}; },
      [](double x) { return static_cast<double>(x > 0) - static_cast<double>(x < 0); });
}
Values EvaluateNot(const Node& node) {
  return Unary(
      node, [](std::int64_t x) { return std::int64_t{x == 0}; }, [](double x) { return x; });
}

Values EvaluateCast(const Node& node) {
  const Value* data = node.Known(0);
  const int to = static_cast<int>(node.Int("to", 0));
  if (!data || (!IsRealType(to) && !IsIntegerType(to))) return {};
  std::optional<Value> result = Blank(to, data->dims);
  for (std::size_t i = 0; result && i < result->Count(); ++i) {
    const double real = data->IsReal() ? data->reals[i] : static_cast<double>(data->ints[i]);
    if (result->IsReal()) {
      result->reals[i] = RoundReal(real, to);
    } else if (!data->IsReal()) {
      result->ints[i] = Narrow(data->ints[i], to);
    } else {
      if (!(std::fabs(real) < 9e18)) return {};
      result->ints[i] = to == TensorProto::BOOL ? real != 0 : Narrow(static_cast<std::int64_t>(real), to);
    }
  }
  return result ? Values{*result} : Values();
}

Values EvaluateWhere(const Node& node) {
  const Value *condition = node.Known(0), *yes = node.Known(1), *no = node.Known(2);
  if (!condition || !yes || !no || condition->IsReal() || yes->dtype != no->dtype) return {};
  const std::optional<Dims> dims = Broadcast({&condition->dims, &yes->dims, &no->dims});
  std::optional<Value> result = dims ? Blank(yes->dtype, *dims) : std::nullopt;
  if (!result) return {};
  for (std::size_t i = 0; i < result->Count(); ++i) {
    const Value& from = condition->ints[BroadcastIndex(i, *dims, condition->dims)] ? *yes : *no;
    CopyElement(from, BroadcastIndex(i, *dims, from.dims), *result, i);
  }
  return {*result};
}

// Bounds are attributes up to opset 10, then inputs, of which either may be left out.
Values EvaluateClip(const Node& node) {
  const Value* data = node.Known(0);
  if (!data || node.Attribute("min") || node.Attribute("max")) return {};
  std::optional<Value> result = *data;
  for (const std::size_t bound : {std::size_t{1}, std::size_t{2}}) {
    if (!node.Has(bound)) continue;
    const Value* value = node.Known(bound);
    if (!value || value->Count() != 1) return {};
    result = Apply(bound == 1 ? kMax : kMin, *result, *value, false);
    if (!result) return {};
  }
  result->dims = data->dims;  // bounds may be lists of one number
  return {*result};
}

// Of vectors only.
Values EvaluateCumSum(const Node& node) {
  const Value *data = node.Known(0), *axis = node.Known(1);
  if (!data || !axis || data->dims.size() != 1) return {};
  const std::size_t count = data->Count();
  const bool is_reverse = node.Int("reverse", 0) != 0;
  const bool is_exclusive = node.Int("exclusive", 0) != 0;
  Value result = *data;
  std::optional<Value> sum = Blank(data->dtype, {});
  for (std::size_t i = 0; sum && i < count; ++i) {
    const std::size_t at = is_reverse ? count - 1 - i : i;
    Value next = *sum;
    CopyElement(*data, at, next, 0);
    if (is_exclusive) CopyElement(*sum, 0, result, at);
    sum = Apply(kAdd, *sum, next, false);
    if (sum && !is_exclusive) CopyElement(*sum, 0, result, at);
  }
  return sum ? Values{result} : Values();
}

Values EvaluateRange(const Node& node) {
  const Value *start = node.Known(0), *limit = node.Known(1), *delta = node.Known(2);
  if (!start || !limit || !delta || start->Count() != 1 || limit->Count() != 1 || delta->Count() != 1) return {};
  if (start->dtype != limit->dtype || start->dtype != delta->dtype) return {};
  auto real = [](const Value& v) { return v.IsReal() ? v.reals[0] : static_cast<double>(v.ints[0]); };
  const double count = std::ceil((real(*limit) - real(*start)) / real(*delta));
  if (!(count <= static_cast<double>(kMaxValueElements))) return {};
  std::optional<Value> result = Blank(start->dtype, {static_cast<std::int64_t>(std::max(count, 0.0))});
  for (std::size_t i = 0; result && i < result->Count(); ++i) {
    if (result->IsReal()) {
      result->reals[i] = RoundReal(start->reals[0] + static_cast<double>(i) * delta->reals[0], result->dtype);
    } else {
      const Ints step = MulInts(static_cast<std::int64_t>(i), delta->ints[0]);
      const Ints sum = step ? AddInts(start->ints[0], *step) : Ints();
      if (!sum) return {};
      result->ints[i] = Narrow(*sum, result->dtype);
    }
  }
  return result ? Values{*result} : Values();
}

// Over all elements or over a vector: what exporters do to shapes.
template <const BinaryOp& kOp>
Values Reduce(const Node& node) {
  const Value* data = node.Known(0);
  Dims axes = node.Ints("axes");
  if (!data || data->Count() == 0 || (node.Has(1) && !node.KnownInts(1, axes))) return {};
  if (axes.empty() && node.Int("noop_with_empty_axes", 0) != 0) return {*data};
  if (!axes.empty() && axes.size() != data->dims.size()) return {};
  Value scalar;
  scalar.dtype = data->dtype;
  (data->IsReal() ? void(scalar.reals.resize(1)) : scalar.ints.resize(1));
  CopyElement(*data, 0, scalar, 0);
  for (std::size_t i = 1; i < data->Count(); ++i) {
    Value next = scalar;
    CopyElement(*data, i, next, 0);
    std::optional<Value> joined = Apply(kOp, scalar, next, false);
    if (!joined) return {};
    scalar = std::move(*joined);
  }
  if (node.Int("keepdims", 1) != 0) scalar.dims.assign(data->dims.size(), 1);
  return {scalar};
}

}  // namespace

const std::vector<EvaluatorRow>& MathEvaluators() {
  static const std::vector<EvaluatorRow> rows = {
      {"Add", Binary<kAdd>},
      {"Sub", Binary<kSub>},
      {"Mul", Binary<kMul>},
      {"Div", Binary<kDiv>},
      {"Mod", Binary<kMod>},
      {"Pow", Binary<kPow>},
      {"Min", Binary<kMin>},
      {"Max", Binary<kMax>},
      {"Sum", Binary<kAdd>},
      {"Equal", Binary<kEqual, true>},
      {"Less", Binary<kLess, true>},
      {"LessOrEqual", Binary<kLessOrEqual, true>},
      {"Greater", Binary<kGreater, true>},
      {"GreaterOrEqual", Binary<kGreaterOrEqual, true>},
      {"And", Binary<kAnd, true>},
      {"Or", Binary<kOr, true>},
      {"Xor", Binary<kXor, true>},
      {"Neg", EvaluateNeg},
      {"Abs", EvaluateAbs},
      {"Relu", EvaluateRelu},
      {"Floor", EvaluateFloor},
      {"Ceil", EvaluateCeil},
      {"Round", EvaluateRound},
      {"Sqrt", EvaluateSqrt},
      {"Sign", EvaluateSign},
      {"Clip", EvaluateClip},
      {"CumSum", EvaluateCumSum},
      {"Not", EvaluateNot},
      {"Cast", EvaluateCast},
      {"Where", EvaluateWhere},
      {"Range", EvaluateRange},
      {"ReduceSum", Reduce<kAdd>},
      {"ReduceProd", Reduce<kMul>},
      {"ReduceMin", Reduce<kMin>},
      {"ReduceMax", Reduce<kMax>},
  };
  return rows;
}

}  // namespace orionrt::onnx_import
