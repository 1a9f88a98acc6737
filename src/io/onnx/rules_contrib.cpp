// Shapes and types of the outputs of ONNX Runtime's own ops.
#include <algorithm>

#include "base/index.hpp"
#include "io/onnx/evaluate_ops.hpp"
#include "io/onnx/rules.hpp"
#include "io/onnx/runnable.hpp"

namespace orionrt::onnx_import {
namespace {

using onnx::TensorProto;

// Shape of a matrix product with batch dimensions broadcast; operands may be given transposed.
std::optional<Dims> MatMulDims(const Dims& a, const Dims& b, bool transpose_a, bool transpose_b) {
  if (a.size() < 2 || b.size() < 2) return std::nullopt;
  const Dims batch_a(a.begin(), a.end() - 2), batch_b(b.begin(), b.end() - 2);
  std::optional<Dims> dims = Broadcast({&batch_a, &batch_b});
  if (!dims) return dims;
  dims->push_back(transpose_a ? a[a.size() - 1] : a[a.size() - 2]);
  dims->push_back(transpose_b ? b[b.size() - 2] : b[b.size() - 1]);
  return dims;
}

void FusedMatMulRule(const Node& node, Types& types) {
  if (!node.Shape(0) || !node.Shape(1) || node.Int("transBatchA", 0) != 0 || node.Int("transBatchB", 0) != 0) return;
  const auto dims = MatMulDims(*node.Shape(0), *node.Shape(1), node.Int("transA", 0) != 0, node.Int("transB", 0) != 0);
  if (dims) SetOutput(types, 0, node.Dtype(0), *dims);
}

// Integer operands, float result.
void MatMulToFloatRule(const Node& node, Types& types) {
  if (!node.Shape(0) || !node.Shape(1)) return;
  const auto dims = MatMulDims(*node.Shape(0), *node.Shape(1), false, false);
  if (dims) SetOutput(types, 0, node.Op() == "DynamicQuantizeMatMul" ? node.Dtype(0) : node.Dtype(2), *dims);
}

void MatMulNBitsRule(const Node& node, Types& types) {
  const Dims* data = node.Shape(0);
  if (!data || data->empty() || node.Int("N", 0) < 1) return;
  Dims dims = *data;
  dims.back() = node.Int("N", 0);
  SetOutput(types, 0, node.Dtype(0), dims);
}

// Outputs: normalized, mean, inverse standard deviation, sum of input, skip and bias.
void SkipNormalizationRule(const Node& node, Types& types) {
  const Dims* data = node.Shape(0);
  if (!data || data->empty()) return;
  Dims statistics = *data;
  statistics.back() = 1;
  SetOutput(types, 0, node.Dtype(0), *data);
  SetOutput(types, 1, TensorProto::FLOAT, statistics);
  SetOutput(types, 2, TensorProto::FLOAT, statistics);
  SetOutput(types, 3, node.Dtype(0), *data);
}

// LayerNormalization and SimplifiedLayerNormalization: output, mean, inverse standard deviation.
void NormalizationRule(const Node& node, Types& types) {
  const Dims* data = node.Shape(0);
  std::int64_t axis = node.Int("axis", -1);
  if (!data || !NormalizeAxis(axis, data->size())) return;
  Dims statistics = *data;
  std::fill(statistics.begin() + axis, statistics.end(), 1);
  SetOutput(types, 0, node.Has(1) ? node.Dtype(1) : node.Dtype(0), *data);
  const std::size_t last = node.Op() == "LayerNormalization" ? 2 : 1;
  for (std::size_t i = 1; i <= last; ++i) SetOutput(types, i, TensorProto::FLOAT, statistics);
}

// Gradients have the shapes of what they are gradients of.
void NormalizationGradRule(const Node& node, Types& types) {
  const Dims *data = node.Shape(0), *scale = node.Shape(2);
  if (data) SetOutput(types, 0, node.Dtype(0), *data);
  for (std::size_t i = 1; scale && i < 3; ++i) SetOutput(types, i, node.Dtype(2), *scale);
}

// (dY, log_prob, label, ...). Some exporters leave dY out; what the inputs then are, only the file knows.
void LossGradRule(const Node& node, Types& types) {
  if (node.inputs.size() < 3) return;
  if (const Dims* dims = node.Shape(1)) SetOutput(types, 0, node.Dtype(1), *dims);
}

void ContribQuantizeRule(const Node& node, Types& types) {
  const int dtype = node.Has(2) ? node.Dtype(2) : static_cast<int>(TensorProto::UINT8);
  if (const Dims* dims = node.Shape(0)) SetOutput(types, 0, dtype, *dims);
}

void ContribDequantizeRule(const Node& node, Types& types) {
  if (const Dims* dims = node.Shape(0)) SetOutput(types, 0, node.Dtype(1), *dims);
}

// QLinearAdd, QLinearMul: (a, scale, zero point, b, scale, zero point, ...).
void QLinearBinaryRule(const Node& node, Types& types) {
  if (!node.Shape(0) || !node.Shape(3)) return;
  const auto dims = Broadcast({node.Shape(0), node.Shape(3)});
  if (dims) SetOutput(types, 0, node.Dtype(0), *dims);
}

// (y_scale, y_zero_point, then value, scale, zero point of each operand).
void QLinearConcatRule(const Node& node, Types& types) {
  const Dims* first = node.Shape(2);
  std::int64_t axis = node.Int("axis", 0);
  if (!first || !NormalizeAxis(axis, first->size())) return;
  Dims dims = *first;
  for (std::size_t i = 5; i < node.inputs.size(); i += 3) {
    const Dims* operand = node.Shape(i);
    if (!operand || operand->size() != dims.size() ||
        __builtin_add_overflow(dims[At(axis)], (*operand)[At(axis)], &dims[At(axis)]))
      return;
  }
  SetOutput(types, 0, node.Dtype(2), dims);
}

void QLinearGlobalAveragePoolRule(const Node& node, Types& types) {
  const Dims* data = node.Shape(0);
  if (!data || data->size() < 3) return;
  Dims dims = *data;
  const bool channels_last = node.Int("channels_last", 0) != 0;
  std::fill(dims.begin() + (channels_last ? 1 : 2), dims.end() - (channels_last ? 1 : 0), 1);
  SetOutput(types, 0, node.Dtype(0), dims);
}

// The mask is a flag an element, or a bit.
void MaskedDropoutRule(const Node& node, Types& types) {
  const Dims* data = node.Shape(0);
  const auto count = data ? ElementCount(*data) : std::nullopt;
  if (!count) return;
  SetOutput(types, 0, node.Dtype(0), *data);
  if (node.Op() == "BiasDropout") SetOutput(types, 1, TensorProto::BOOL, *data);
  if (node.Op() != "BiasDropout") SetOutput(types, 1, TensorProto::UINT32, {*count / 32 + (*count % 32 != 0 ? 1 : 0)});
}

// (condition, x and its scale and zero point, y and its own, those of the result).
void QLinearWhereRule(const Node& node, Types& types) {
  if (!node.Shape(0) || !node.Shape(1) || !node.Shape(4)) return;
  const auto dims = Broadcast({node.Shape(0), node.Shape(1), node.Shape(4)});
  if (dims) SetOutput(types, 0, node.Dtype(1), *dims);
}

void MatMulInteger16Rule(const Node& node, Types& types) {
  if (!node.Shape(0) || !node.Shape(1)) return;
  const auto dims = MatMulDims(*node.Shape(0), *node.Shape(1), false, false);
  if (dims) SetOutput(types, 0, TensorProto::INT32, *dims);
}

// (data, indices, scales, zero points): rows as Gather picks them, dequantized. Bytes hold two numbers of four bits.
void GatherBlockQuantizedRule(const Node& node, Types& types) {
  const Dims *data = node.Shape(0), *indices = node.Shape(1);
  std::int64_t axis = node.Int("gather_axis", 0);
  if (!data || !indices || data->empty() || !NormalizeAxis(axis, data->size())) return;
  Dims dims = *data;
  const bool is_packed = node.Dtype(0) == TensorProto::UINT8 && node.Int("bits", 4) == 4;
  if (is_packed && __builtin_mul_overflow(dims.back(), 2, &dims.back())) return;
  dims.erase(dims.begin() + axis);
  dims.insert(dims.begin() + axis, indices->begin(), indices->end());
  SetOutput(types, 0, node.Dtype(2), dims);
}

// X [tokens, batch, width]: the outputs of LSTM. The weights lie turned, so that the onnx library cannot read them.
void DynamicQuantizeLstmRule(const Node& node, Types& types) {
  const Dims* data = node.Shape(0);
  const std::int64_t hidden = node.Int("hidden_size", 0);
  if (!data || data->size() != 3 || hidden < 1) return;
  const std::int64_t directions = node.Text("direction", "forward") == "bidirectional" ? 2 : 1;
  SetOutput(types, 0, node.Dtype(0), {(*data)[0], directions, (*data)[1], hidden});
  for (std::size_t i = 1; i < 3; ++i) SetOutput(types, i, node.Dtype(0), {directions, (*data)[1], hidden});
}

void ContribGatherNdRule(const Node& node, Types& types) { AsStandard(node, "GatherND", 2, types); }
void ContribGridSampleRule(const Node& node, Types& types) { AsStandard(node, "GridSample", 2, types); }

void FusedConvRule(const Node& node, Types& types) { AsStandard(node, "Conv", 3, types); }
void FusedGemmRule(const Node& node, Types& types) { AsStandard(node, "Gemm", 3, types); }

// The onnx library subtracts in 63 bits.
void RangeRule(const Node& node, Types& types) {
  if (const auto length = RangeLength(node)) SetOutput(types, 0, node.Dtype(0), {*length});
}

void ExpandDimsRule(const Node& node, Types& types) {
  const Dims* data = node.Shape(0);
  Dims axis;
  if (!data || !node.KnownInts(1, axis) || axis.size() != 1 || !NormalizeAxis(axis[0], data->size() + 1)) return;
  Dims dims = *data;
  dims.insert(dims.begin() + axis[0], 1);
  SetOutput(types, 0, node.Dtype(0), dims);
}

std::vector<RuleRow> MakeContribRows() {
  constexpr const char* kMs = "com.microsoft";
  std::vector<RuleRow> rows = {
      {kMs, "FusedMatMul", 1, kAnyOpset, FusedMatMulRule},
      {kMs, "TransposeMatMul", 1, kAnyOpset, FusedMatMulRule},
      {kMs, "MatMulIntegerToFloat", 1, kAnyOpset, MatMulToFloatRule},
      {kMs, "DynamicQuantizeMatMul", 1, kAnyOpset, MatMulToFloatRule},
      {kMs, "MatMulNBits", 1, kAnyOpset, MatMulNBitsRule},
      {kMs, "MatMulBnb4", 1, kAnyOpset, MatMulNBitsRule},
      {kMs, "SkipLayerNormalization", 1, kAnyOpset, SkipNormalizationRule},
      {kMs, "SkipSimplifiedLayerNormalization", 1, kAnyOpset, SkipNormalizationRule},
      {kMs, "LayerNormalization", 1, kAnyOpset, NormalizationRule},
      {"", "LayerNormalization", 1, kAnyOpset, NormalizationRule},  // the library crashes on scalars
      {kMs, "SimplifiedLayerNormalization", 1, kAnyOpset, NormalizationRule},
      {"", "SimplifiedLayerNormalization", 1, kAnyOpset, NormalizationRule},
      {kMs, "LayerNormalizationGrad", 1, kAnyOpset, NormalizationGradRule},
      {kMs, "SoftmaxCrossEntropyLossGrad", 1, kAnyOpset, LossGradRule},
      {kMs, "QuantizeLinear", 1, kAnyOpset, ContribQuantizeRule},
      {kMs, "DequantizeLinear", 1, kAnyOpset, ContribDequantizeRule},
      {kMs, "QLinearAdd", 1, kAnyOpset, QLinearBinaryRule},
      {kMs, "QLinearMul", 1, kAnyOpset, QLinearBinaryRule},
      {kMs, "QLinearConcat", 1, kAnyOpset, QLinearConcatRule},
      {kMs, "QLinearGlobalAveragePool", 1, kAnyOpset, QLinearGlobalAveragePoolRule},
      {kMs, "BiasDropout", 1, kAnyOpset, MaskedDropoutRule},
      {kMs, "BitmaskDropout", 1, kAnyOpset, MaskedDropoutRule},
      {kMs, "BitmaskBiasDropout", 1, kAnyOpset, MaskedDropoutRule},
      {kMs, "QLinearWhere", 1, kAnyOpset, QLinearWhereRule},
      {kMs, "MatMulInteger16", 1, kAnyOpset, MatMulInteger16Rule},
      {kMs, "ComplexMul", 1, kAnyOpset, BroadcastAll},
      {kMs, "ComplexMulConj", 1, kAnyOpset, BroadcastAll},
      {kMs, "GatherBlockQuantized", 1, kAnyOpset, GatherBlockQuantizedRule},
      {kMs, "DynamicQuantizeLSTM", 1, kAnyOpset, DynamicQuantizeLstmRule},
      {kMs, "GatherND", 1, kAnyOpset, ContribGatherNdRule},
      {kMs, "GridSample", 1, kAnyOpset, ContribGridSampleRule},
      {kMs, "FusedConv", 1, kAnyOpset, FusedConvRule},
      {kMs, "FusedGemm", 1, kAnyOpset, FusedGemmRule},
      {kMs, "Trilu", 1, kAnyOpset, SameAsFirst},
      {kMs, "Range", 1, kAnyOpset, RangeRule},
      {"", "Range", 1, kAnyOpset, RangeRule},
      {kMs, "ExpandDims", 1, kAnyOpset, ExpandDimsRule},
  };
  for (const char* op : {"Gelu",
                         "FastGelu",
                         "BiasGelu",
                         "QuickGelu",
                         "BiasSoftmax",
                         "SoftmaxGrad",
                         "LogSoftmaxGrad",
                         "SoftmaxGrad_13",
                         "GeluGrad",
                         "FastGeluGrad",
                         "ReluGrad",
                         "QLinearSigmoid",
                         "QLinearLeakyRelu",
                         "QLinearSoftmax",
                         "GroupNorm",
                         "SkipGroupNorm",
                         "RotaryEmbedding",
                         "Inverse",
                         "BiasAdd",
                         "LongformerAttention",
                         "MoE",
                         "QMoE",
                         "GemmaRotaryEmbedding"}) {
    rows.push_back({kMs, op, 1, kAnyOpset, SameAsFirst});
  }
  // Deeploy (PULP platform) puts its integer ops into the standard domain.
  for (const char* op : {"RequantShift", "iRMSNorm", "iSoftmax", "iHardswish", "iGELU", "iLayerNorm", "iNoNorm",
                         "TrueIntegerDiv", "IntegerDiv", "GeluGrad"}) {
    rows.push_back({"", op, 1, kAnyOpset, SameAsFirst});
  }
  return rows;
}

}  // namespace

const std::vector<RuleRow>& ContribRules() {
  static const std::vector<RuleRow> rows = MakeContribRows();
  return rows;
}

}  // namespace orionrt::onnx_import
