// Ops of opset 26 and later, of the preview domain, and those that onnxruntime puts into graphs that it has optimised.
#include <algorithm>

#include "io/onnx/rules.hpp"

namespace orionrt::onnx_import {
namespace {

using onnx::TensorProto;

void BitCastRule(const Node& node, Types& types) {
  const Dims* dims = node.Shape(0);
  const int to = static_cast<int>(node.Int("to", 0));
  if (dims && DtypeBits(to) != 0 && DtypeBits(to) == DtypeBits(node.Dtype(0))) SetOutput(types, 0, to, *dims);
}

// Q [batch, heads, tokens, width], K and V [batch, key heads, key tokens, width].
void FlexAttentionRule(const Node& node, Types& types) {
  const Dims *query = node.Shape(0), *value = node.Shape(2);
  if (!query || query->size() != 4 || !value || value->size() != 4) return;
  SetOutput(types, 0, node.Dtype(0), {(*query)[0], (*query)[1], (*query)[2], (*value)[3]});
}

// query [batch, tokens, heads * key width], key, value [batch, tokens, key heads * value width], past state.
void LinearAttentionRule(const Node& node, Types& types) {
  const Dims *query = node.Shape(0), *value = node.Shape(2), *past = node.Shape(3);
  const std::int64_t heads = node.Int("q_num_heads", 0), kv_heads = node.Int("kv_num_heads", 0);
  if (!query || query->size() != 3 || !value || value->size() != 3 || heads < 1 || kv_heads < 1) return;
  const std::int64_t key_width = (*query)[2] / heads, value_width = (*value)[2] / kv_heads;
  std::int64_t width = 0;
  if (__builtin_mul_overflow(heads, value_width, &width)) return;
  SetOutput(types, 0, node.Dtype(0), {(*query)[0], (*query)[1], width});
  SetOutput(types, 1, past ? node.Dtype(3) : node.Dtype(0), {(*query)[0], kv_heads, key_width, value_width});
}

// input [batch, channels, length], weight [channels, 1, k].
void CausalConvRule(const Node& node, Types& types) {
  const Dims *data = node.Shape(0), *weight = node.Shape(1);
  if (!data || data->size() != 3 || !weight || weight->size() != 3 || (*weight)[2] < 1) return;
  SetOutput(types, 0, node.Dtype(0), *data);
  SetOutput(types, 1, node.Dtype(0), {(*data)[0], (*data)[1], (*weight)[2] - 1});
}

void TreeEnsembleRule(const Node& node, Types& types) {
  const Dims* data = node.Shape(0);
  if (!data || data->empty() || node.Int("n_targets", 1) < 1) return;
  SetOutput(types, 0, node.Dtype(0), {data->size() == 1 ? 1 : (*data)[0], node.Int("n_targets", 1)});
}

// (A, its scale and zero point, B, its scale and zero point, C, the result's scale and zero point): a float result
// where the last two are left out.
void QGemmRule(const Node& node, Types& types) {
  const Dims *a = node.Shape(0), *b = node.Shape(3);
  if (!a || a->size() != 2 || !b || b->size() != 2) return;
  const std::int64_t rows = (*a)[node.Int("transA", 0) != 0 ? 1 : 0];
  const std::int64_t columns = (*b)[node.Int("transB", 0) != 0 ? 0 : 1];
  const int dtype = !node.Has(7) ? static_cast<int>(TensorProto::FLOAT) : node.Has(8) ? node.Dtype(8) : node.Dtype(0);
  SetOutput(types, 0, dtype, {rows, columns});
}

// "NHWC" to "NCHW", for any number of spatial axes, or back.
Dims MoveChannels(const Dims& dims, bool to_last) {
  Dims moved = dims;
  if (moved.size() < 3) return moved;
  const auto second = moved.begin() + 1;
  std::rotate(second, to_last ? second + 1 : moved.end() - 1, moved.end());
  return moved;
}

// As the op is with its channels in the second axis, where `channels_last` says that they are in the last one.
void ChannelsLast(const Node& node, const char* op, std::size_t inputs, bool is_last, Types& types) {
  const Dims* dims = node.Shape(0);
  if (!is_last || !dims) return AsStandard(node, op, inputs, types);
  Tensor data = *node.inputs[0];
  data.SetType(MakeType(node.Dtype(0), MoveChannels(*dims, false)));
  Node moved = node;
  moved.inputs[0] = &data;
  AsStandard(moved, op, inputs, types);
  if (types.empty()) return;
  Tensor result;
  result.SetType(types[0]);
  if (result.dims) SetOutput(types, 0, result.dtype, MoveChannels(*result.dims, true));
}

bool IsChannelsLast(const Node& node) { return node.Int("channels_last", 0) != 0; }

void QLinearConvRule(const Node& node, Types& types) {
  ChannelsLast(node, "QLinearConv", 9, IsChannelsLast(node), types);
}
void QLinearAveragePoolRule(const Node& node, Types& types) {
  ChannelsLast(node, "AveragePool", 1, IsChannelsLast(node), types);
}
void NhwcConvRule(const Node& node, Types& types) { ChannelsLast(node, "Conv", 3, true, types); }
void NhwcMaxPoolRule(const Node& node, Types& types) { ChannelsLast(node, "MaxPool", 1, true, types); }

// Domain com.microsoft.nchwc: channels in blocks of 8 or 16, as the machine has it that the graph was optimised for.
// The weights of a convolution say how many there are in all; where channels come in, blocks of 16 are the most.
constexpr std::int64_t kBlock = 16;

void ReorderInputRule(const Node& node, Types& types) {
  const Dims* data = node.Shape(0);
  if (!data || data->size() < 3) return;
  Dims dims = IsChannelsLast(node) ? MoveChannels(*data, false) : *data;
  if (dims[1] > kMostExtent - kBlock) return;
  dims[1] = (dims[1] + kBlock - 1) / kBlock * kBlock;
  SetOutput(types, 0, node.Dtype(0), dims);
}

void ReorderOutputRule(const Node& node, Types& types) {
  const Dims* data = node.Shape(0);
  if (!data || data->size() < 3 || node.Int("channels", 0) < 1) return;
  Dims dims = *data;
  dims[1] = node.Int("channels", 0);
  SetOutput(types, 0, node.Dtype(0), IsChannelsLast(node) ? MoveChannels(dims, true) : dims);
}

void BlockedUpsampleRule(const Node& node, Types& types) {
  const Dims* data = node.Shape(0);
  Dims dims = node.Ints("scales");
  if (!data || dims.size() != data->size()) return;
  for (std::size_t d = 0; d < dims.size(); ++d) {
    if (dims[d] < 1 || __builtin_mul_overflow(dims[d], (*data)[d], &dims[d])) return;
  }
  SetOutput(types, 0, node.Dtype(0), dims);
}

void BlockedConvRule(const Node& node, Types& types) { AsStandard(node, "Conv", 3, types); }

// MaxPool, AveragePool, GlobalMaxPool, GlobalAveragePool.
void BlockedPoolRule(const Node& node, Types& types) { AsStandard(node, node.Op().c_str(), 1, types); }

}  // namespace

const std::vector<RuleRow>& NewestRules() {
  static const std::vector<RuleRow> rows = {
      {"", "BitCast", 1, kAnyOpset, BitCastRule},
      {"", "SwiGLU", 1, kAnyOpset, SameAsFirst},
      {"", "LinearAttention", 1, kAnyOpset, LinearAttentionRule},
      {"", "CausalConvWithState", 1, kAnyOpset, CausalConvRule},
      {"ai.onnx.preview", "FlexAttention", 1, kAnyOpset, FlexAttentionRule},
      {"ai.onnx.ml", "TreeEnsemble", 5, kAnyOpset, TreeEnsembleRule},
      {"com.microsoft", "QGemm", 1, kAnyOpset, QGemmRule},
      {"com.microsoft", "QLinearConv", 1, kAnyOpset, QLinearConvRule},
      {"com.microsoft", "QLinearAveragePool", 1, kAnyOpset, QLinearAveragePoolRule},
      {"com.microsoft", "NhwcConv", 1, kAnyOpset, NhwcConvRule},
      {"com.microsoft", "NhwcFusedConv", 1, kAnyOpset, NhwcConvRule},
      {"com.microsoft", "NhwcMaxPool", 1, kAnyOpset, NhwcMaxPoolRule},
      {"com.microsoft.nchwc", "ReorderInput", 1, kAnyOpset, ReorderInputRule},
      {"com.microsoft.nchwc", "ReorderOutput", 1, kAnyOpset, ReorderOutputRule},
      {"com.microsoft.nchwc", "Conv", 1, kAnyOpset, BlockedConvRule},
      {"com.microsoft.nchwc", "MaxPool", 1, kAnyOpset, BlockedPoolRule},
      {"com.microsoft.nchwc", "AveragePool", 1, kAnyOpset, BlockedPoolRule},
      {"com.microsoft.nchwc", "GlobalMaxPool", 1, kAnyOpset, BlockedPoolRule},
      {"com.microsoft.nchwc", "GlobalAveragePool", 1, kAnyOpset, BlockedPoolRule},
      {"com.microsoft.nchwc", "Upsample", 1, kAnyOpset, BlockedUpsampleRule},
      {"com.ms.internal.nhwc", "Conv", 1, kAnyOpset, NhwcConvRule},
      {"com.ms.internal.nhwc", "MaxPool", 1, kAnyOpset, NhwcMaxPoolRule},
  };
  return rows;
}

}  // namespace orionrt::onnx_import
