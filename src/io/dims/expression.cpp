#include "io/dims/expression.hpp"

#include <algorithm>
#include <cctype>
#include <limits>
#include <numeric>

#include "base/checked.hpp"
#include "base/index.hpp"
#include "orionrt/config.hpp"

namespace orionrt {

// By recursive descent, with Python's precedence. `ok_` falls where the text is no expression.
class DimParser {
 public:
  explicit DimParser(std::string_view text) : text_(text) {}

  std::optional<DimExpression> Run() {
    Sum();
    SkipBlanks();
    if (!ok_ || at_ != text_.size() || result_.symbols_.empty()) return std::nullopt;
    return std::move(result_);
  }

 private:
  using Op = DimExpression::Op;
  static constexpr int kDeepest = 100;
  static constexpr int kMostArguments = 64;

  void Sum() {
    Product();
    while (ok_) {
      const bool is_hyphen = at_ < text_.size() && text_[at_] == '-' && text_.substr(at_, 2) != "- ";
      if (Take("+")) {
        Product();
        Emit(Op::kAdd);
      } else if (Take("-")) {
        Product();
        Emit(Op::kSubtract);
        if (is_hyphen) continue;
      } else {
        return;
      }
      result_.may_be_name_ = false;
    }
  }

  void Product() {
    Signed();
    while (ok_) {
      Op op = Op::kMultiply;
      if (Take("//")) {
        op = Op::kFloorDivide;
      } else if (Take("/")) {
        op = Op::kDivide;
      } else if (Take("%")) {
        op = Op::kModulo;
      } else if (Peek("**") || !Take("*")) {
        return;
      }
      Signed();
      Emit(op);
      result_.may_be_name_ = false;
    }
  }

  void Signed() {
    if (!Deeper()) return;
    if (Take("-")) {
      Signed();
      Emit(Op::kNegate);
      result_.may_be_name_ = false;
    } else {
      Atom();
      if (ok_ && Take("**")) {
        Signed();
        Emit(Op::kPower);
        result_.may_be_name_ = false;
      }
    }
    --depth_;
  }

  void Atom() {
    SkipBlanks();
    if (at_ == text_.size()) {
      ok_ = false;
    } else if (std::isdigit(static_cast<unsigned char>(text_[at_]))) {
      Number();
    } else if (IsNameBegin(text_[at_])) {
      Name();
    } else if (Take("(")) {
      Sum();
      ok_ = ok_ && Take(")");
      result_.may_be_name_ = false;
    } else {
      ok_ = false;
    }
  }

  void Number() {
    std::int64_t value = 0;
    for (; at_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[at_])); ++at_) {
      ok_ = ok_ && CheckedMul(value, 10, &value) && CheckedAdd(value, text_[at_] - '0', &value);
    }
    if (at_ < text_.size() && (IsNameBegin(text_[at_]) || text_[at_] == '.')) ok_ = false;  // "1st", "0.5"
    result_.steps_.push_back({Op::kNumber, value});
    result_.may_be_name_ = false;
  }

  void Name() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && IsInName(at_)) ++at_;
    const std::string name(text_.substr(begin, at_ - begin));
    if (at_ < text_.size() && text_[at_] == '(') {
      Call(name);
      return;
    }
    const auto known = std::find(result_.symbols_.begin(), result_.symbols_.end(), name);
    result_.steps_.push_back({Op::kSymbol, known - result_.symbols_.begin()});
    if (known == result_.symbols_.end()) result_.symbols_.push_back(name);
  }

  struct Function {
    const char* name;
    Op op;
    int arguments;  // 0: one or more
  };
  // As Python writes them, sympy, and torch.export, whose sizes are none below zero.
  static constexpr Function kFunctions[] = {
      {"floor", Op::kFloor, 1},
      {"ceil", Op::kCeil, 1},
      {"ceiling", Op::kCeil, 1},
      {"min", Op::kMin, 0},
      {"max", Op::kMax, 0},
      {"Min", Op::kMin, 0},
      {"Max", Op::kMax, 0},
      {"Mod", Op::kModulo, 2},
      {"PythonMod", Op::kModulo, 2},
      {"FloorDiv", Op::kFloorDivide, 2},
      {"CleanDiv", Op::kFloorDivide, 2},
      {"IntTrueDiv", Op::kDivide, 2},
      {"FloorToInt", Op::kFloor, 1},
      {"CeilToInt", Op::kCeil, 1},
      {"PowByNatural", Op::kPower, 2},
  };

  void Call(const std::string& name) {
    const auto* function = std::find_if(std::begin(kFunctions), std::end(kFunctions),
                                        [&](const Function& candidate) { return name == candidate.name; });
    ok_ = ok_ && function != std::end(kFunctions) && Take("(");
    int arguments = 0;
    do {
      if (!ok_ || ++arguments > kMostArguments) {
        ok_ = false;
        return;
      }
      Sum();
      if (arguments > 1) Emit(function->op);
    } while (Take(","));
    ok_ = ok_ && Take(")") && (function->arguments == 0 || function->arguments == arguments);
    if (function->arguments == 1) Emit(function->op);
    result_.may_be_name_ = false;
  }

  bool Deeper() {
    if (++depth_ > kDeepest) {
      throw Error(ErrorCode::kBadInput, "has more than 100 parentheses within each other");
    }
    return ok_;
  }

  void Emit(Op op) { result_.steps_.push_back({op, 0}); }

  // Dots and colons join what stands on both sides: "p2o.DynamicDimension.0", "onnx::Add_0".
  bool IsInName(std::size_t at) const {
    const auto is_inner = [](char c) { return IsNameBegin(c) || std::isdigit(static_cast<unsigned char>(c)); };
    if (is_inner(text_[at])) return true;
    const std::size_t next = text_.find_first_not_of(".:", at);
    return next != at && next != std::string_view::npos && is_inner(text_[next]);
  }

  static bool IsNameBegin(char c) { return std::isalpha(static_cast<unsigned char>(c)) || c == '_'; }

  void SkipBlanks() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  bool Peek(std::string_view token) {
    SkipBlanks();
    return text_.substr(at_, token.size()) == token;
  }
  bool Take(std::string_view token) {
    if (!Peek(token)) return false;
    at_ += token.size();
    return true;
  }

  const std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
  bool ok_ = true;
  DimExpression result_;
};

namespace {

constexpr std::size_t kLongest = 4096;  // characters

bool IsZero(const Fraction& x) { return x.numerator == 0; }

// False where it does not fit.
bool Reduce(std::int64_t numerator, std::int64_t denominator, Fraction& result) {
  constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();  // has no negative
  if (numerator == kLeast || denominator == kLeast) return false;
  const std::int64_t divisor = std::gcd(numerator, denominator);
  const std::int64_t sign = denominator < 0 ? -1 : 1;
  result = {sign * (numerator / divisor), sign * (denominator / divisor)};
  return true;
}

bool Add(const Fraction& a, const Fraction& b, Fraction& result) {
  std::int64_t left = 0;
  std::int64_t right = 0;
  std::int64_t sum = 0;
  std::int64_t denominator = 0;
  return CheckedMul(a.numerator, b.denominator, &left) && CheckedMul(b.numerator, a.denominator, &right) &&
         CheckedAdd(left, right, &sum) && CheckedMul(a.denominator, b.denominator, &denominator) &&
         Reduce(sum, denominator, result);
}

bool Multiply(const Fraction& a, const Fraction& b, Fraction& result) {
  std::int64_t numerator = 0;
  std::int64_t denominator = 0;
  return CheckedMul(a.numerator, b.numerator, &numerator) && CheckedMul(a.denominator, b.denominator, &denominator) &&
         Reduce(numerator, denominator, result);
}

bool Invert(const Fraction& x, Fraction& result) { return Reduce(x.denominator, x.numerator, result); }

Fraction Negated(const Fraction& x) { return {-x.numerator, x.denominator}; }  // never the least int64 (Reduce)

Fraction Floor(const Fraction& x) {
  const std::int64_t whole = x.numerator / x.denominator;
  return {x.numerator % x.denominator < 0 ? whole - 1 : whole, 1};
}

DimFault Unless(bool fits) { return fits ? DimFault::kNone : DimFault::kOverflow; }

bool IsNumber(const Affine& x) { return IsZero(x.slope); }

DimFault Plus(const Affine& a, const Affine& b, Affine& result) {
  return Unless(Add(a.slope, b.slope, result.slope) && Add(a.offset, b.offset, result.offset));
}

Affine Minus(const Affine& x) { return {Negated(x.slope), Negated(x.offset)}; }

DimFault Times(const Affine& a, const Affine& b, Affine& result) {
  if (!IsNumber(a) && !IsNumber(b)) return DimFault::kNotAffine;
  Fraction left;
  Fraction right;
  return Unless(Multiply(a.slope, b.offset, left) && Multiply(b.slope, a.offset, right) &&
                Add(left, right, result.slope) && Multiply(a.offset, b.offset, result.offset));
}

DimFault RoundDown(const Affine& x, Affine& result) {
  if (!IsNumber(x)) return DimFault::kNotAffine;
  result = {{}, Floor(x.offset)};
  return DimFault::kNone;
}

DimFault FloorDivide(const Affine& a, const Affine& b, Affine& result) {
  Affine quotient;
  const DimFault fault = Divide(a, b, quotient);
  return fault == DimFault::kNone ? RoundDown(quotient, result) : fault;
}

DimFault Modulo(const Affine& a, const Affine& b, Affine& result) {
  Affine quotient;
  Affine covered;
  DimFault fault = FloorDivide(a, b, quotient);
  if (fault == DimFault::kNone) fault = Times(quotient, b, covered);
  return fault == DimFault::kNone ? Subtract(a, covered, result) : fault;
}

DimFault Power(const Affine& a, const Affine& b, Affine& result) {
  if (!IsNumber(b) || b.offset.denominator != 1 || b.offset.numerator < 0) return DimFault::kNotAffine;
  if (b.offset.numerator > 64) return DimFault::kOverflow;
  result = {{}, {1, 1}};
  DimFault fault = DimFault::kNone;
  for (std::int64_t i = 0; i < b.offset.numerator && fault == DimFault::kNone; ++i) {
    const Affine before = result;
    fault = Times(before, a, result);
  }
  return fault;
}

DimFault Least(const Affine& a, const Affine& b, Affine& result) {
  if (!IsNumber(a) || !IsNumber(b)) return DimFault::kNotAffine;
  Affine difference;
  const DimFault fault = Subtract(a, b, difference);
  result = difference.offset.numerator < 0 ? a : b;
  return fault;
}

}  // namespace

DimFault Subtract(const Affine& a, const Affine& b, Affine& result) { return Plus(a, Minus(b), result); }

DimFault Divide(const Affine& a, const Affine& b, Affine& result) {
  if (!IsNumber(b)) return DimFault::kNotAffine;
  if (IsZero(b.offset)) return DimFault::kDivision;
  Affine inverse;
  return Invert(b.offset, inverse.offset) ? Times(a, inverse, result) : DimFault::kOverflow;
}

std::optional<DimExpression> DimExpression::Parse(std::string_view text) {
  constexpr std::string_view kOperators = "+-*/%(";
  if (text.find_first_of(kOperators) == std::string_view::npos) return std::nullopt;
  if (text.size() > kLongest) {
    throw Error(ErrorCode::kBadInput,
                "has " + std::to_string(text.size()) + " characters; an expression has at most 4,096");
  }
  return DimParser(text).Run();
}

DimFault DimExpression::Apply(Op op, const Affine& a, const Affine& b, Affine& result) {
  switch (op) {
    case Op::kAdd:
      return Plus(a, b, result);
    case Op::kSubtract:
      return Subtract(a, b, result);
    case Op::kMultiply:
      return Times(a, b, result);
    case Op::kDivide:
      return Divide(a, b, result);
    case Op::kFloorDivide:
      return FloorDivide(a, b, result);
    case Op::kModulo:
      return Modulo(a, b, result);
    case Op::kPower:
      return Power(a, b, result);
    case Op::kMin:
      return Least(a, b, result);
    case Op::kMax:
    case Op::kCeil: {
      const DimFault fault = op == Op::kMax ? Least(Minus(a), Minus(b), result) : RoundDown(Minus(a), result);
      result = Minus(result);
      return fault;
    }
    case Op::kFloor:
      return RoundDown(a, result);
    default:  // kNegate; numbers and symbols are no operators
      result = Minus(a);
      return DimFault::kNone;
  }
}

DimFault DimExpression::Evaluate(const Lookup& value_of, Affine& result) const {
  std::vector<Affine> values;  // of the symbols
  bool has_unknown = false;
  for (const std::string& symbol : symbols_) {
    const std::optional<std::int64_t> value = value_of(symbol);
    if (!value && has_unknown) return DimFault::kUnknown;
    has_unknown |= !value;
    values.push_back(value ? Affine{{}, {*value, 1}} : Affine{{1, 1}, {}});
  }
  std::vector<Affine> stack;
  for (const Step& step : steps_) {
    if (step.op == Op::kNumber) {
      stack.push_back({{}, {step.value, 1}});
      continue;
    }
    if (step.op == Op::kSymbol) {
      stack.push_back(values[At(step.value)]);
      continue;
    }
    const bool unary = step.op == Op::kNegate || step.op == Op::kFloor || step.op == Op::kCeil;
    const Affine b = stack.back();
    if (!unary) stack.pop_back();
    const Affine a = stack.back();
    const DimFault fault = Apply(step.op, a, b, stack.back());
    if (fault != DimFault::kNone) return fault;
  }
  result = stack.back();
  return DimFault::kNone;
}

}  // namespace orionrt
