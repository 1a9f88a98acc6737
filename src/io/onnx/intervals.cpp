// A Pad by `most - n` behind n elements is `most` long: as intervals the two would make more of it. So what rests on
// one size n alone is computed at a few n, and where all of these lie on a line, two ends of the line stand for it:
// sums, differences and products by numbers stay exact. Whatever does not, and what rests on several sizes, is kept
// between a least and a most, as far as its op lets the one follow from the other.
#include "io/onnx/intervals.hpp"

#include <algorithm>
#include <deque>
#include <string>
#include <unordered_map>

#include "base/checked.hpp"
#include "io/onnx/evaluate.hpp"

namespace orionrt::onnx_import {
namespace {

using Numbers = std::vector<std::int64_t>;

// How the result of an op moves with each of its inputs, by position; the last sign holds for all that follow.
// '+': up, '-': down, '0': the input must be known.
struct MoveRow {
  const char* op;
  const char* signs;
  bool is_unsigned = false;  // only where nothing is negative
};

// Values of small tensors.
constexpr MoveRow kValueRows[] = {
    {"Shape", "+"},       {"Size", "+"},       {"Identity", "+"},   {"Gather", "+0"},
    {"Concat", "+"},      {"Slice", "+0"},     {"Unsqueeze", "+0"}, {"Squeeze", "+0"},
    {"Reshape", "+0"},    {"Transpose", "+"},  {"Expand", "+0"},    {"Tile", "+0"},
    {"Split", "+0"},      {"Cast", "+"},       {"Add", "+"},        {"Sub", "+-"},
    {"Sum", "+"},         {"Neg", "-"},        {"Mul", "+", true},  {"Div", "+0", true},
    {"Min", "+"},         {"Max", "+"},        {"Floor", "+"},      {"Relu", "+"},
    {"Ceil", "+"},        {"Round", "+"},      {"Sqrt", "+"},       {"Where", "0+"},
    {"ReduceSum", "+0"},  {"ReduceMin", "+0"}, {"ReduceMax", "+0"}, {"ReduceProd", "+0", true},
    {"Clip", "+"},        {"Sign", "+"},       {"CumSum", "+0"},    {"ScatterElements", "+0+"},
    {"ScatterND", "+0+"},
};

// Dimensions that follow from values, of inputs behind the first. All others grow with the dimensions of their inputs.
constexpr MoveRow kSizeRows[] = {
    {"Pad", "0+0"},           {"Expand", "0+", true},   {"Tile", "0+", true},    {"ConstantOfShape", "+", true},
    {"Range", "-+0"},         {"TopK", "0+", true},     {"OneHot", "0+0", true}, {"CenterCropPad", "0+", true},
    {"HannWindow", "+"},      {"HammingWindow", "+"},   {"BlackmanWindow", "+"}, {"Reshape", "0+", true},
    {"Resize", "00++", true}, {"Upsample", "0+", true},
};

template <std::size_t N>
const MoveRow* FindRow(const MoveRow (&rows)[N], const Node& node) {
  const auto* row = std::find_if(rows, rows + N, [&](const MoveRow& it) { return node.Op() == it.op; });
  return row == rows + N || !node.Domain().empty() ? nullptr : row;
}

char SignOf(const MoveRow& row, std::size_t input) {
  const std::string_view signs = row.signs;
  return signs[std::min(input, signs.size() - 1)];
}

// A number between those at n = 0 and at n = most.
std::optional<std::int64_t> NumberAt(std::int64_t least, std::int64_t most, std::int64_t n, std::int64_t size) {
  const __int128 number = least + (static_cast<__int128>(most) - least) * n / size;
  if (number > kMostExtent || number < -kMostExtent) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

bool Between(const Numbers& least, const Numbers& most, std::int64_t n, std::int64_t size, Numbers& out) {
  out.clear();
  for (std::size_t i = 0; i < least.size(); ++i) {
    const auto number = NumberAt(least[i], most[i], n, size);
    if (!number) return false;
    out.push_back(*number);
  }
  return true;
}

// The node with other tensors as inputs.
struct Copy {
  Node node;
  std::deque<Tensor> tensors;

  explicit Copy(const Node& from) : node(from) {
    for (Tensor*& input : node.inputs) {
      if (!input || (!input->range && !input->extent)) continue;
      tensors.push_back(*input);
      input = &tensors.back();
      input->bounded = false;
      input->range.reset();
      input->extent.reset();
    }
  }
  Copy(const Copy&) = delete;
  Copy& operator=(const Copy&) = delete;

  void SetValue(std::size_t i, Value value) { node.inputs[i]->value = std::make_shared<const Value>(std::move(value)); }
  void SetDims(std::size_t i, const Dims& dims) { node.inputs[i]->SetType(MakeType(node.inputs[i]->dtype, dims)); }
};

// The one size that all inputs rest on; nothing where they are several, or not on a line.
const RunTimeSize* CommonSize(const Node& node) {
  const RunTimeSize* common = nullptr;
  bool is_one = true;
  const auto join = [&](const RunTimeSize* size) {
    is_one = is_one && size && (!common || common == size);
    common = size;
  };
  for (const Tensor* input : node.inputs) {
    if (input && input->range) join(input->range->size.get());
    if (input && input->extent) join(input->extent->size.get());
  }
  return is_one && common && common->most >= 2 ? common : nullptr;
}

std::shared_ptr<const RunTimeSize> Owner(const Node& node, const RunTimeSize* size) {
  for (const Tensor* input : node.inputs) {
    if (input && input->range && input->range->size.get() == size) return input->range->size;
    if (input && input->extent && input->extent->size.get() == size) return input->extent->size;
  }
  return nullptr;
}

// Both integers; what is real is not on a line of integers.
bool SetAt(const Node& node, Copy& copy, std::int64_t n, std::int64_t size) {
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    const Tensor* input = node.inputs[i];
    if (!input) continue;
    Numbers numbers;
    if (input->range) {
      Value value = input->range->least;
      if (!Between(input->range->least.ints, input->range->most.ints, n, size, value.ints)) return false;
      copy.SetValue(i, std::move(value));
    }
    if (input->extent) {
      if (!Between(input->extent->least, input->extent->most, n, size, numbers)) return false;
      copy.SetDims(i, numbers);
    }
  }
  return true;
}

// Lists of numbers at a few n, one per output: the ends of the lines on which they lie. `sample` gives none where it
// cannot compute them, as of what cannot be empty, at 0. Whatever bends one way, as min and max do, lies on a line if
// it does so at both ends and between. Where only 0 lies elsewhere, the ends are the least and the most, and no line is
// between them.
struct Line {
  Numbers least, most;
};
struct Lines {
  std::vector<Line> ends;
  bool are_straight = true;
};
template <typename Sample>
std::optional<Lines> FindLines(std::int64_t size, const Sample& sample) {
  const auto first = sample(1), last = sample(size);
  if (!first || !last || first->size() != last->size()) return std::nullopt;
  Lines lines;
  for (std::size_t k = 0; k < first->size(); ++k) {
    const Numbers &at_one = (*first)[k], &at_most = (*last)[k];
    if (at_one.size() != at_most.size()) return std::nullopt;
    lines.ends.push_back({{}, at_most});
    for (std::size_t i = 0; i < at_one.size(); ++i) {
      if ((at_most[i] - at_one[i]) % (size - 1) != 0) return std::nullopt;
      lines.ends.back().least.push_back(at_one[i] - (at_most[i] - at_one[i]) / (size - 1));
    }
  }
  for (const std::int64_t n : {std::int64_t{2}, size / 2, size - 1}) {
    if (n <= 1 || n >= size) continue;
    const auto between = sample(n);
    if (!between || between->size() != lines.ends.size()) return std::nullopt;
    Numbers expected;
    for (std::size_t k = 0; k < lines.ends.size(); ++k) {
      const Line& line = lines.ends[k];
      if (!Between(line.least, line.most, n, size, expected) || expected != (*between)[k]) return std::nullopt;
    }
  }
  const auto none = sample(0);
  if (!none) return lines;
  if (none->size() != lines.ends.size()) return std::nullopt;
  for (std::size_t k = 0; k < lines.ends.size(); ++k) {
    lines.are_straight = lines.are_straight && (*none)[k] == lines.ends[k].least;
  }
  for (std::size_t k = 0; k < lines.ends.size() && !lines.are_straight; ++k) {
    if ((*none)[k].size() != (*first)[k].size()) return std::nullopt;
    for (std::size_t i = 0; i < (*none)[k].size(); ++i) {
      const auto [least, most] = std::minmax({(*none)[k][i], (*first)[k][i], (*last)[k][i]});
      lines.ends[k].least[i] = least;
      lines.ends[k].most[i] = most;
    }
  }
  return lines;
}

Numbers Least(const Numbers& a, const Numbers& b) {
  Numbers least = a;
  for (std::size_t i = 0; i < least.size(); ++i) least[i] = std::min(a[i], b[i]);
  return least;
}

Numbers Most(const Numbers& a, const Numbers& b) {
  Numbers most = a;
  for (std::size_t i = 0; i < most.size(); ++i) most[i] = std::max(a[i], b[i]);
  return most;
}

Value EndOf(const ValueRange& range, bool is_most) {
  Value end = is_most ? range.most : range.least;
  if (end.IsReal()) {
    for (std::size_t i = 0; i < end.reals.size(); ++i) {
      const auto [low, high] = std::minmax(range.least.reals[i], range.most.reals[i]);
      end.reals[i] = is_most ? high : low;
    }
  } else {
    end.ints = is_most ? Most(range.least.ints, range.most.ints) : Least(range.least.ints, range.most.ints);
  }
  return end;
}

bool IsNegative(const Value& value) {
  return std::any_of(value.ints.begin(), value.ints.end(), [](std::int64_t x) { return x < 0; }) ||
         std::any_of(value.reals.begin(), value.reals.end(), [](double x) { return x < 0; });
}

// The inputs as they make the result least or most; false where the row does not say how.
bool SetEnd(const Node& node, const MoveRow* row, bool is_most, Copy& copy) {
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    Tensor* input = node.inputs[i];
    if (!input) continue;
    if (input->extent) {
      copy.SetDims(i, is_most ? MostOf(*input->extent) : Least(input->extent->least, input->extent->most));
    }
    if (!row) continue;  // an op whose shapes do not follow from values
    const char sign = SignOf(*row, i);
    if (input->range && sign == '0') return false;
    if (row->is_unsigned && input->range && IsNegative(EndOf(*input->range, false))) return false;
    if (row->is_unsigned && !input->range && input->KnownValue() && IsNegative(*input->value)) return false;
    if (input->range) copy.SetValue(i, EndOf(*input->range, is_most == (sign == '+')));
  }
  return true;
}

std::optional<std::vector<Value>> ValuesAt(const Node& node) {
  std::vector<Value> values = Evaluate(node);
  if (values.empty()) return std::nullopt;
  return values;
}

// By whole numbers above zero: from 0 to one less, or to the number itself where that is less.
std::vector<ValueRange> Remainders(const Node& node) {
  const ValueRange* number = node.Has(0) ? node.inputs[0]->range.get() : nullptr;
  const Value* divisor = node.Known(1);
  if (!number || number->least.IsReal() || !divisor || divisor->IsReal() || node.Int("fmod", 0) != 0) return {};
  const auto is_positive = [](std::int64_t x) { return x > 0; };
  if (!std::all_of(divisor->ints.begin(), divisor->ints.end(), is_positive)) return {};
  Copy copy(node);
  copy.SetValue(0, EndOf(*number, true));
  const auto at_most = ValuesAt(copy.node);
  if (!at_most || at_most->size() != 1) return {};
  ValueRange range{at_most->front(), at_most->front(), nullptr};
  const bool is_one_by_one = divisor->ints.size() == 1 || divisor->ints.size() == range.most.ints.size();
  if (!is_one_by_one) return {};
  const bool has_end = number->most.ints.size() == range.most.ints.size() && !IsNegative(EndOf(*number, false));
  for (std::size_t i = 0; i < range.most.ints.size(); ++i) {
    const std::int64_t most = divisor->ints[divisor->ints.size() == 1 ? 0 : i] - 1;
    range.least.ints[i] = 0;
    range.most.ints[i] = has_end ? std::min(most, EndOf(*number, true).ints[i]) : most;
  }
  return {range};
}

bool IsReal(const Node& node) {
  return std::any_of(node.inputs.begin(), node.inputs.end(),
                     [](const Tensor* t) { return t && t->range && t->range->least.IsReal(); });
}

std::vector<ValueRange> ValuesOnLines(const Node& node, const RunTimeSize& size) {
  std::vector<ValueRange> ranges;
  const auto sample = [&](std::int64_t n) -> std::optional<std::vector<Numbers>> {
    Copy copy(node);
    const auto values = SetAt(node, copy, n, size.most) ? ValuesAt(copy.node) : std::nullopt;
    if (!values) return std::nullopt;
    std::vector<Numbers> numbers;
    ranges.resize(values->size());
    for (std::size_t k = 0; k < values->size(); ++k) {
      if ((*values)[k].IsReal()) return std::nullopt;
      numbers.push_back((*values)[k].ints);
      if (n != 1 && ranges[k].most.dims != (*values)[k].dims) return std::nullopt;
      ranges[k].least = ranges[k].most = (*values)[k];
    }
    return numbers;
  };
  const auto lines = FindLines(size.most, sample);
  if (!lines) return {};
  const auto owner = lines->are_straight ? Owner(node, &size) : nullptr;
  for (std::size_t k = 0; k < lines->ends.size(); ++k) {
    ranges[k].least.ints = lines->ends[k].least;
    ranges[k].most.ints = lines->ends[k].most;
    ranges[k].size = owner;
  }
  return ranges;
}

// Types of all outputs as lists of dimensions; nothing where one of them is open.
std::optional<std::vector<Numbers>> DimsIn(const Types& types) {
  std::vector<Numbers> all;
  for (const onnx::TypeProto& type : types) {
    Tensor tensor;
    tensor.SetType(type);
    if (!tensor.dims) return std::nullopt;
    all.push_back(*tensor.dims);
  }
  return all;
}

// Where an input grows: what counts from the end, or is what is left of it.
bool MayShrink(const Node& node) {
  if (!node.Domain().empty()) return false;
  const Value* step = node.Op() == "Range" ? node.Known(2) : nullptr;
  return node.Op() == "Slice" || node.Op() == "Split" || (step && IsNegative(*step));
}

// What is looked up by such a number may lie anywhere.
bool IsLookedUp(const Node& node, const MoveRow& row) {
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    if (node.inputs[i] && node.inputs[i]->range && SignOf(row, i) == '0') return true;
  }
  return false;
}

// A narrower type takes some numbers for others.
bool Wraps(const Node& node) {
  const ValueRange* range = node.Op() == "Cast" && node.Has(0) ? node.inputs[0]->range.get() : nullptr;
  const int to = static_cast<int>(node.Int("to", 0));
  if (!range || !IsIntegerType(to) || to == onnx::TensorProto::BOOL) return false;
  Copy copy(node);
  for (const bool is_most : {false, true}) {
    const Value end = EndOf(*range, is_most);
    copy.SetValue(0, end);
    const auto cast = ValuesAt(copy.node);
    if (!cast || cast->size() != 1) return true;
    Numbers whole = end.ints;
    for (const double real : end.reals) whole.push_back(static_cast<std::int64_t>(real));
    if (cast->front().ints != whole) return true;
  }
  return false;
}

}  // namespace

bool HasIntervals(const Node& node) {
  return std::any_of(node.inputs.begin(), node.inputs.end(),
                     [](const Tensor* t) { return t && (t->range || t->extent); });
}

Dims MostOf(const DimsRange& range) {
  Dims most = Most(range.least, range.most);
  for (std::int64_t& dim : most) dim = std::max<std::int64_t>(dim, 0);
  return most;
}

bool IsExact(const DimsRange& range) { return range.least == range.most; }

bool IsExact(const ValueRange& range) {
  return range.least.ints == range.most.ints && range.least.reals == range.most.reals;
}

std::vector<ValueRange> EvaluateRanges(const Node& node) {
  if (node.Domain().empty() && node.Op() == "Mod") return Remainders(node);
  const MoveRow* row = FindRow(kValueRows, node);
  if (!row) return {};
  for (Tensor* input : node.inputs) {
    const bool is_computed = !input || input->range || input->extent || input->KnownValue();
    if (!is_computed) return {};
  }
  if (IsLookedUp(node, *row) || Wraps(node)) return {};
  if (const RunTimeSize* size = IsReal(node) ? nullptr : CommonSize(node)) {
    std::vector<ValueRange> ranges = ValuesOnLines(node, *size);
    if (!ranges.empty()) return ranges;
  }
  Copy low(node), high(node);
  if (!SetEnd(node, row, false, low) || !SetEnd(node, row, true, high)) return {};
  const auto least = ValuesAt(low.node), most = ValuesAt(high.node);
  if (!least || !most || least->size() != most->size()) return {};
  std::vector<ValueRange> ranges;
  for (std::size_t k = 0; k < least->size(); ++k) {
    if ((*least)[k].dims != (*most)[k].dims) return {};
    ranges.push_back({(*least)[k], (*most)[k], nullptr});
  }
  return ranges;
}

std::vector<std::optional<DimsRange>> InferRanges(const Node& node, const std::function<Types(const Node&)>& infer) {
  std::vector<std::optional<DimsRange>> ranges(node.outputs.size());
  for (const Tensor* input : node.inputs) {
    if (input && input->bounded && !input->extent) return ranges;
  }
  const RunTimeSize* size = IsReal(node) ? nullptr : CommonSize(node);
  const auto sample = [&](std::int64_t n) -> std::optional<std::vector<Numbers>> {
    Copy copy(node);
    return SetAt(node, copy, n, size->most) ? DimsIn(infer(copy.node)) : std::nullopt;
  };
  if (const auto lines = size ? FindLines(size->most, sample) : std::nullopt) {
    const auto owner = lines->are_straight ? Owner(node, size) : nullptr;
    for (std::size_t k = 0; k < ranges.size() && k < lines->ends.size(); ++k) {
      ranges[k] = DimsRange{lines->ends[k].least, lines->ends[k].most, owner};
    }
    return ranges;
  }
  if (MayShrink(node)) return ranges;
  Copy high(node);
  if (!SetEnd(node, FindRow(kSizeRows, node), true, high)) return ranges;
  const Types types = infer(high.node);
  for (std::size_t k = 0; k < ranges.size() && k < types.size(); ++k) {
    const auto dims = DimsIn({types[k]});
    if (dims) ranges[k] = DimsRange{Numbers(dims->front().size(), 0), dims->front(), nullptr};
  }
  return ranges;
}

}  // namespace orionrt::onnx_import
