#include "graph/op_table.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>

#include "base/checked.hpp"

namespace orionrt {
namespace {

// ONNX first, then TFLite.
// clang-format off
constexpr std::string_view kUnary[] = {
    "Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "BatchNormalization", "BitwiseNot", "Cast", "Ceil",
    "Celu", "Clip", "Cos", "Cosh", "Elu", "Erf", "Exp", "FastGelu", "Floor", "Gelu", "HardSigmoid", "HardSwish",
    "LeakyRelu", "Log", "Mish", "Neg", "Not", "QuickGelu", "Reciprocal", "Relu", "Round", "Selu", "Sigmoid", "Sign",
    "Sin", "Sinh", "Softplus", "Softsign", "Sqrt", "Swish", "Tan", "Tanh", "ThresholdedRelu",
    "ABS", "CAST", "CEIL", "COS", "ELU", "EXP", "FLOOR", "GELU", "HARD_SWISH", "LEAKY_RELU", "LOG", "LOGICAL_NOT",
    "LOGISTIC", "NEG", "RELU", "RELU6", "RELU_0_TO_1", "RELU_N1_TO_1", "ROUND", "RSQRT", "SIGN", "SIN", "SQRT",
    "SQUARE", "TANH"};
constexpr std::string_view kBinary[] = {
    "Add", "And", "BitShift", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "Div", "Mod", "Mul", "Or", "Pow", "Sub", "Xor",
    "PRelu", "ADD", "ATAN2", "BITWISE_XOR", "DIV", "FLOOR_DIV", "FLOOR_MOD", "LOGICAL_AND", "LOGICAL_OR", "MAXIMUM",
    "MINIMUM", "MUL", "POW", "PRELU", "RIGHT_SHIFT", "SQUARED_DIFFERENCE", "SUB"};
constexpr std::string_view kRenames[] = {
    "Dropout", "Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze",
    "EXPAND_DIMS", "RESHAPE", "SQUEEZE"};
constexpr std::string_view kSlices[] = {"Slice", "SLICE", "STRIDED_SLICE"};
constexpr std::string_view kSplits[] = {"Split", "SPLIT", "SPLIT_V"};
constexpr std::string_view kConcats[] = {"Concat", "CONCATENATION"};
constexpr std::string_view kEffects[] = {
    "If", "Loop", "Scan", "SequenceMap", "RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike",
    "Multinomial", "Bernoulli", "ASSIGN_VARIABLE", "READ_VARIABLE", "VAR_HANDLE", "CALL", "CALL_ONCE", "CUSTOM",
    "DELEGATE", "HASHTABLE", "HASHTABLE_FIND", "HASHTABLE_IMPORT", "HASHTABLE_SIZE", "IF", "MULTINOMIAL",
    "RANDOM_STANDARD_NORMAL", "RANDOM_UNIFORM", "STABLEHLO_CUSTOM_CALL", "STABLEHLO_RNG_BIT_GENERATOR",
    "STABLEHLO_WHILE", "WHILE"};
// clang-format on

template <std::size_t kCount>
bool IsIn(const std::string_view (&names)[kCount], std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

using Dims = std::vector<std::int64_t>;

// The one axis along which the two differ; nothing where there are several, or other ranks. Their rank where they are
// equal.
std::optional<std::size_t> AxisOf(const Dims& whole, const Dims& piece) {
  if (whole.size() != piece.size()) return std::nullopt;
  std::size_t axis = whole.size();
  for (std::size_t d = 0; d < whole.size(); ++d) {
    if (whole[d] == piece[d]) continue;
    if (axis != whole.size()) return std::nullopt;
    axis = d;
  }
  return axis;
}

// Whether pieces along that axis lie behind one another in memory: everything before it is 1.
bool IsOutermost(const Dims& dims, std::size_t axis) {
  return std::all_of(dims.begin(), dims.begin() + static_cast<std::ptrdiff_t>(axis),
                     [](std::int64_t dim) { return dim == 1; });
}

// Where each piece begins in the whole that they make up along one outermost axis; nothing where they do not.
std::optional<std::vector<std::int64_t>> OffsetsOf(const Operand& whole, const std::vector<Operand>& pieces) {
  std::vector<std::int64_t> offsets;
  std::int64_t at = 0;
  for (const Operand& piece : pieces) {
    const auto axis = AxisOf(whole.dims, piece.dims);
    if (!axis || !IsOutermost(whole.dims, *axis)) return std::nullopt;
    offsets.push_back(at);
    if (!CheckedAdd(at, piece.bytes, &at)) return std::nullopt;
  }
  if (at != whole.bytes) return std::nullopt;  // elements of less than a byte, or outputs that nobody wants
  return offsets;
}

Alias MakeAlias(AliasKind kind, const Operand& output, const Operand& input, std::int64_t offset = 0) {
  return {kind, output.position, input.position, static_cast<std::size_t>(offset)};
}

// Where a slice begins, in bytes; nothing where its elements do not lie side by side.
std::optional<std::int64_t> SliceOffset(const OpOperands& op) {
  const Operand& whole = op.inputs[0];
  const Operand& slice = op.outputs[0];
  const std::size_t rank = whole.dims.size();
  if (op.begin.size() != rank || op.extent.size() != rank) return std::nullopt;
  std::int64_t elements = 1, taken = 1, first = 0;
  bool in_part = false;  // an inner axis is taken in part: all axes outside of it must be at one position
  for (std::size_t d = rank; d-- > 0;) {
    const std::int64_t dim = whole.dims[d];
    if (op.begin[d] < 0 || op.extent[d] < 1 || op.extent[d] > dim - op.begin[d]) return std::nullopt;
    if (in_part && op.extent[d] != 1) return std::nullopt;
    in_part |= op.extent[d] != dim;
    first += op.begin[d] * elements;  // both within the whole, which is checked next
    taken *= op.extent[d];
    if (!CheckedMul(elements, dim, &elements)) return std::nullopt;
  }
  if (whole.bytes % elements != 0) return std::nullopt;
  const std::int64_t element = whole.bytes / elements;
  if (element == 0 || taken * element != slice.bytes) return std::nullopt;
  return first * element;
}

// Whether each output element is computed from the input elements of the same place, and stored once they are read,
// where the op reads `inputs` tensors that are no constants. So no reductions (Softmax, LayerNormalization), and no ops
// that engines run in several passes over their output (Sum, Where, Max of many).
bool IsElementwise(const std::string& type, std::size_t inputs) {
  return inputs <= (IsIn(kUnary, type) ? 1u : IsIn(kBinary, type) ? 2u : 0u);
}

}  // namespace

bool HasEffects(const std::string& type) { return IsIn(kEffects, type); }

std::vector<Alias> AliasesOf(const OpOperands& op) {
  std::vector<Alias> aliases;
  if (op.inputs.empty() || op.outputs.empty() || op.outputs[0].position < 0) return aliases;
  const Operand& output = op.outputs[0];
  const auto is_tensor = [](const Operand& operand) { return operand.position >= 0; };
  const auto tensors = static_cast<std::size_t>(std::count_if(op.inputs.begin(), op.inputs.end(), is_tensor));
  const bool one_output = std::count_if(op.outputs.begin(), op.outputs.end(), is_tensor) == 1;
  const Operand& data = op.type == "SPLIT" ? op.inputs.back() : op.inputs[0];  // whose first input is the axis
  if (IsIn(kRenames, op.type) && one_output && is_tensor(data) && data.bytes == output.bytes) {
    aliases.push_back(MakeAlias(AliasKind::kView, output, data));
  } else if (IsIn(kSlices, op.type) && is_tensor(data)) {
    if (const auto offset = SliceOffset(op)) aliases.push_back(MakeAlias(AliasKind::kView, output, data, *offset));
  } else if (IsIn(kSplits, op.type) && is_tensor(data)) {
    const auto offsets = OffsetsOf(data, op.outputs);
    for (std::size_t i = 0; offsets && i < op.outputs.size(); ++i) {
      if (!is_tensor(op.outputs[i])) continue;
      aliases.push_back(MakeAlias(AliasKind::kView, op.outputs[i], data, (*offsets)[i]));
    }
  } else if (IsIn(kConcats, op.type) && tensors == op.inputs.size()) {
    const auto offsets = OffsetsOf(output, op.inputs);
    for (std::size_t i = 0; offsets && i < op.inputs.size(); ++i) {
      aliases.push_back(MakeAlias(AliasKind::kPart, output, op.inputs[i], (*offsets)[i]));
    }
  } else if (one_output && IsElementwise(op.type, tensors)) {
    // Equal dimensions too: the bytes of a broadcast float may be those of a bool.
    for (const Operand& input : op.inputs) {
      if (!is_tensor(input) || input.bytes != output.bytes || input.dims != output.dims) continue;
      aliases.push_back(MakeAlias(AliasKind::kSameIndex, output, input));
    }
  }
  return aliases;
}

}  // namespace orionrt
