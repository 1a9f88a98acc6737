#include "graph/op_table.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>

#include "base/checked.hpp"

namespace orionrt {
namespace {

// Kernels by which it was checked that an op may be done in place.
enum CheckedBy {
  kOnnxRuntime,  // its CPU kernels, run with one buffer for input and output: scripts/check_claims.py
  kTflite,       // its reference and optimized kernels, read: one loop that stores each element as it is computed
};

struct ElementwiseRow {
  std::string_view type;
  std::size_t inputs;  // the most that are no constants
  CheckedBy checked_by;
};

// Activations that engines compute in several passes over their output are left out: Gelu, FastGelu, QuickGelu, Swish,
// Mish, HardSwish and Celu of ONNX, which read their input again when a part of the result is stored already, or which
// engines take apart. An engine that knows better says so (OpNode::aliases, --assume-in-place).
// clang-format off
constexpr ElementwiseRow kElementwise[] = {
    {"Abs", 1, kOnnxRuntime}, {"Acos", 1, kOnnxRuntime}, {"Acosh", 1, kOnnxRuntime}, {"Asin", 1, kOnnxRuntime},
    {"Asinh", 1, kOnnxRuntime}, {"Atan", 1, kOnnxRuntime}, {"Atanh", 1, kOnnxRuntime},
    {"BatchNormalization", 1, kOnnxRuntime}, {"BitwiseNot", 1, kOnnxRuntime}, {"Cast", 1, kOnnxRuntime},
    {"Ceil", 1, kOnnxRuntime}, {"Clip", 1, kOnnxRuntime}, {"Cos", 1, kOnnxRuntime}, {"Cosh", 1, kOnnxRuntime},
    {"Elu", 1, kOnnxRuntime}, {"Erf", 1, kOnnxRuntime}, {"Exp", 1, kOnnxRuntime}, {"Floor", 1, kOnnxRuntime},
    {"HardSigmoid", 1, kOnnxRuntime}, {"LeakyRelu", 1, kOnnxRuntime}, {"Log", 1, kOnnxRuntime},
    {"Neg", 1, kOnnxRuntime}, {"Not", 1, kOnnxRuntime}, {"Reciprocal", 1, kOnnxRuntime}, {"Relu", 1, kOnnxRuntime},
    {"Round", 1, kOnnxRuntime}, {"Selu", 1, kOnnxRuntime}, {"Sigmoid", 1, kOnnxRuntime}, {"Sign", 1, kOnnxRuntime},
    {"Sin", 1, kOnnxRuntime}, {"Sinh", 1, kOnnxRuntime}, {"Softplus", 1, kOnnxRuntime}, {"Softsign", 1, kOnnxRuntime},
    {"Sqrt", 1, kOnnxRuntime}, {"Tan", 1, kOnnxRuntime}, {"Tanh", 1, kOnnxRuntime},
    {"ThresholdedRelu", 1, kOnnxRuntime}, {"Add", 2, kOnnxRuntime}, {"And", 2, kOnnxRuntime},
    {"BitShift", 2, kOnnxRuntime}, {"BitwiseAnd", 2, kOnnxRuntime}, {"BitwiseOr", 2, kOnnxRuntime},
    {"BitwiseXor", 2, kOnnxRuntime}, {"Div", 2, kOnnxRuntime}, {"Mod", 2, kOnnxRuntime}, {"Mul", 2, kOnnxRuntime},
    {"Or", 2, kOnnxRuntime}, {"Pow", 2, kOnnxRuntime}, {"Sub", 2, kOnnxRuntime}, {"Xor", 2, kOnnxRuntime},
    {"PRelu", 2, kOnnxRuntime}, {"ABS", 1, kTflite}, {"CAST", 1, kTflite}, {"CEIL", 1, kTflite}, {"COS", 1, kTflite},
    {"ELU", 1, kTflite}, {"EXP", 1, kTflite}, {"FLOOR", 1, kTflite}, {"GELU", 1, kTflite}, {"HARD_SWISH", 1, kTflite},
    {"LEAKY_RELU", 1, kTflite}, {"LOG", 1, kTflite}, {"LOGICAL_NOT", 1, kTflite}, {"LOGISTIC", 1, kTflite},
    {"NEG", 1, kTflite}, {"RELU", 1, kTflite}, {"RELU6", 1, kTflite}, {"RELU_0_TO_1", 1, kTflite},
    {"RELU_N1_TO_1", 1, kTflite}, {"ROUND", 1, kTflite}, {"RSQRT", 1, kTflite}, {"SIGN", 1, kTflite},
    {"SIN", 1, kTflite}, {"SQRT", 1, kTflite}, {"SQUARE", 1, kTflite}, {"TANH", 1, kTflite}, {"ADD", 2, kTflite},
    {"ATAN2", 2, kTflite}, {"BITWISE_XOR", 2, kTflite}, {"DIV", 2, kTflite}, {"FLOOR_DIV", 2, kTflite},
    {"FLOOR_MOD", 2, kTflite}, {"LOGICAL_AND", 2, kTflite}, {"LOGICAL_OR", 2, kTflite}, {"MAXIMUM", 2, kTflite},
    {"MINIMUM", 2, kTflite}, {"MUL", 2, kTflite}, {"POW", 2, kTflite}, {"PRELU", 2, kTflite},
    {"RIGHT_SHIFT", 2, kTflite}, {"SQUARED_DIFFERENCE", 2, kTflite}, {"SUB", 2, kTflite},
};
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
constexpr std::string_view kMixing[] = {
    "Attention", "AveragePool", "Col2Im", "Compress", "Concat", "Conv", "ConvInteger", "ConvTranspose", "DFT",
    "DeformConv", "DepthToSpace", "Einsum", "Expand", "FusedConv", "FusedGemm", "FusedMatMul",
    "GRU", "Gather", "GatherElements", "GatherND", "Gemm", "GlobalAveragePool", "GlobalMaxPool", "GridSample",
    "GroupQueryAttention", "LSTM", "LpPool", "MatMul", "MatMulInteger", "MatMulNBits", "MaxPool", "MaxUnpool",
    "MultiHeadAttention", "NhwcConv", "Pad", "QAttention", "QLinearConv", "QLinearMatMul", "RNN", "Resize",
    "ReverseSequence", "RoiAlign", "STFT", "Slice", "SpaceToDepth", "Split", "Tile", "TopK", "Transpose", "Upsample",
    "AVERAGE_POOL_2D", "BATCH_MATMUL", "BATCH_TO_SPACE_ND", "BIDIRECTIONAL_SEQUENCE_LSTM",
    "BIDIRECTIONAL_SEQUENCE_RNN", "BROADCAST_TO", "CONCATENATION", "CONV_2D", "CONV_3D", "CONV_3D_TRANSPOSE",
    "DEPTHWISE_CONV_2D", "DEPTH_TO_SPACE", "FULLY_CONNECTED", "GATHER", "GATHER_ND", "L2_POOL_2D",
    "MAX_POOL_2D", "MIRROR_PAD", "PACK", "PAD", "PADV2", "RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR",
    "REVERSE_SEQUENCE", "REVERSE_V2", "RFFT2D", "SLICE", "SPACE_TO_BATCH_ND", "SPACE_TO_DEPTH", "SPLIT", "SPLIT_V",
    "STRIDED_SLICE", "SVDF", "TILE", "TOPK_V2", "TRANSPOSE", "TRANSPOSE_CONV", "UNIDIRECTIONAL_SEQUENCE_LSTM",
    "UNIDIRECTIONAL_SEQUENCE_RNN", "UNPACK"};
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

// Of several elements in a byte no two can be written apart, by threads above all.
bool SharesBytes(const Operand& operand) {
  std::int64_t elements = 1;
  for (const std::int64_t dim : operand.dims) {
    if (!CheckedMul(elements, dim, &elements)) return true;
  }
  return elements > operand.bytes;
}

// Whether each output element is computed from the input elements of the same place, and stored once they are read,
// where the op reads `inputs` tensors that are no constants. So no reductions (Softmax, LayerNormalization), and no ops
// that engines run in several passes over their output (Sum, Where, Max of many).
bool IsElementwise(const std::string& type, std::size_t inputs) {
  return std::any_of(std::begin(kElementwise), std::end(kElementwise),
                     [&](const ElementwiseRow& row) { return row.type == type && inputs <= row.inputs; });
}

}  // namespace

bool HasEffects(const std::string& type) { return IsIn(kEffects, type); }
bool MixesElements(const std::string& type) { return IsIn(kMixing, type); }

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
      aliases.push_back(MakeAlias(AliasKind::kPiece, output, op.inputs[i], (*offsets)[i]));
    }
  } else if (one_output && IsElementwise(op.type, tensors)) {
    // Equal dimensions too: the bytes of a broadcast float may be those of a bool.
    for (const Operand& input : op.inputs) {
      if (!is_tensor(input) || input.bytes != output.bytes || input.dims != output.dims) continue;
      if (SharesBytes(output)) continue;
      aliases.push_back(MakeAlias(AliasKind::kSameIndex, output, input));
    }
  }
  return aliases;
}

}  // namespace orionrt
