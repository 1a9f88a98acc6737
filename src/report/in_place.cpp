// Which ops may write over what they read. What matters is that each output element is computed from the input elements
// of the same place alone, and stored once those are read. So no reductions (Softmax, LayerNormalization), and no ops
// that engines run in several passes over their output (Sum, Where, Max of many).
#include <algorithm>
#include <iterator>
#include <string>

#include "report/changes.hpp"

namespace orionrt {
namespace {

constexpr const char* kUnary[] = {  // ONNX, then TFLite; those that keep every byte in its place at the ends
    "Abs",
    "Acos",
    "Acosh",
    "Asin",
    "Asinh",
    "Atan",
    "Atanh",
    "BatchNormalization",
    "BitwiseNot",
    "Ceil",
    "Celu",
    "Clip",
    "Cos",
    "Cosh",
    "Elu",
    "Erf",
    "Exp",
    "FastGelu",
    "Floor",
    "Gelu",
    "HardSigmoid",
    "HardSwish",
    "LeakyRelu",
    "Log",
    "Mish",
    "Neg",
    "Not",
    "QuickGelu",
    "Reciprocal",
    "Relu",
    "Round",
    "Selu",
    "Sigmoid",
    "Sign",
    "Sin",
    "Sinh",
    "Softplus",
    "Softsign",
    "Sqrt",
    "Swish",
    "Tan",
    "Tanh",
    "ThresholdedRelu",
    "Dropout",
    "Flatten",
    "Identity",
    "Reshape",
    "Squeeze",
    "Unsqueeze",  //
    "ABS",
    "CEIL",
    "COS",
    "ELU",
    "EXP",
    "FLOOR",
    "GELU",
    "HARD_SWISH",
    "LEAKY_RELU",
    "LOG",
    "LOGICAL_NOT",
    "LOGISTIC",
    "NEG",
    "RELU",
    "RELU6",
    "RELU_0_TO_1",
    "RELU_N1_TO_1",
    "ROUND",
    "RSQRT",
    "SIGN",
    "SIN",
    "SQRT",
    "SQUARE",
    "TANH",
    "EXPAND_DIMS",
    "RESHAPE",
    "SQUEEZE"};

constexpr const char* kBinary[] = {"Add",        "And",         "BitShift",    "BitwiseAnd",  "BitwiseOr",
                                   "BitwiseXor", "Div",         "Mod",         "Mul",         "Or",
                                   "PRelu",      "Pow",         "Sub",
                                   "Xor",  //
                                   "ADD",        "ATAN2",       "BITWISE_XOR", "DIV",         "FLOOR_DIV",
                                   "FLOOR_MOD",  "LOGICAL_AND", "LOGICAL_OR",  "MAXIMUM",     "MINIMUM",
                                   "MUL",        "POW",         "PRELU",       "RIGHT_SHIFT", "SQUARED_DIFFERENCE",
                                   "SUB"};

template <std::size_t kCount>
bool Has(const char* const (&names)[kCount], const std::string& name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

// How many tensors such an op may read (constants are none) and still be known to be of that kind.
std::size_t MostInputs(const std::string& type) { return Has(kUnary, type) ? 1 : Has(kBinary, type) ? 2 : 0; }

}  // namespace

int InPlaceInput(const Graph& graph, const GraphUses& uses, int step) {
  const OpNode& op = graph.ops()[step];
  if (op.outputs.size() != 1 || op.inputs.size() > MostInputs(op.type)) return -1;
  const TensorDesc& output = graph.tensors()[graph.IndexOf(op.outputs[0])];
  for (const int id : op.inputs) {
    const int t = graph.IndexOf(id);
    const TensorDesc& input = graph.tensors()[t];
    const bool dies = uses.lives[t].end == step && uses.producer[t] >= 0 && input.roles == 0;
    // Bytes alone would take a broadcast float for a bool; a type that is not given is that of its fellows.
    if (dies && input.bytes > 0 && input.bytes == output.bytes && input.dtype == output.dtype) return t;
  }
  return -1;
}

}  // namespace orionrt
