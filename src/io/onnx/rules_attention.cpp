// Letters: B batch, S new tokens, P past tokens, T = P + S all tokens, H heads, D width of a head.
#include "io/onnx/rules.hpp"

namespace orionrt::onnx_import {
namespace {

using onnx::TensorProto;

std::int64_t Length(const Dims* past, std::size_t axis) { return past && past->size() > axis ? (*past)[axis] : 0; }

// com.microsoft Attention and QAttention: (input [B,S,W], weights, bias, mask, past [2,B,H,P,D]).
void PackedAttention(const Node& node, Types& types, std::size_t past_input, int dtype) {
  const Dims *data = node.Shape(0), *weights = node.Shape(1);
  const Dims widths = node.Ints("qkv_hidden_sizes");
  const std::int64_t heads = node.Int("num_heads", 0);
  if (!data || data->size() != 3 || heads < 1 || (widths.size() != 3 && (!weights || weights->size() != 2))) return;
  const std::int64_t width = widths.size() == 3 ? widths[2] : (*weights)[1] / 3;
  const Dims* past = node.Shape(past_input);
  if (node.Has(past_input) && (!past || past->size() != 5)) return;
  SetOutput(types, 0, dtype, {(*data)[0], (*data)[1], width});
  SetOutput(types, 1, dtype, {2, (*data)[0], heads, Length(past, 3) + (*data)[1], past ? (*past)[4] : width / heads});
}

void AttentionRule(const Node& node, Types& types) { PackedAttention(node, types, 4, node.Dtype(0)); }
void QAttentionRule(const Node& node, Types& types) { PackedAttention(node, types, 8, node.Dtype(3)); }

// (query [B,S,W], key, value, bias, mask, bias, past_key [B,H,P,D], past_value).
void MultiHeadRule(const Node& node, Types& types) {
  const Dims *query = node.Shape(0), *key = node.Shape(1), *value = node.Shape(2);
  const std::int64_t heads = node.Int("num_heads", 0);
  if (!query || heads < 1) return;
  if (query->size() == 5) {  // packed [B,S,H,3,D]
    return SetOutput(types, 0, node.Dtype(0), {(*query)[0], (*query)[1], (*query)[2] * (*query)[4]});
  }
  if (query->size() != 3) return;
  std::int64_t width = (*query)[2], fresh = (*query)[1], head = width / heads;
  if (value && value->size() == 3) width = (*value)[2];
  if (value && value->size() == 4) width = (*value)[1] * (*value)[3];
  if (key && key->size() == 3) fresh = (*key)[1];
  if (key && key->size() == 4) fresh = (*key)[2];
  const Dims* past = node.Shape(6);
  SetOutput(types, 0, node.Dtype(0), {(*query)[0], (*query)[1], width});
  SetOutput(types, 1, node.Dtype(0), {(*query)[0], heads, Length(past, 2) + fresh, head});
  SetOutput(types, 2, node.Dtype(0), {(*query)[0], heads, Length(past, 2) + fresh, width / heads});
}

// (query, key, value, past_key [B,kv,P,D], past_value, seqlens_k, total_sequence_length). A packed query holds all
// three.
void GroupQueryRule(const Node& node, Types& types) {
  const Dims* query = node.Shape(0);
  const std::int64_t heads = node.Int("num_heads", 0), kv_heads = node.Int("kv_num_heads", 0);
  if (!query || query->size() != 3 || heads < 1 || kv_heads < 1 || heads > (1 << 20) || kv_heads > (1 << 20)) return;
  const std::int64_t head = node.Has(1) ? (*query)[2] / heads : (*query)[2] / (heads + 2 * kv_heads);
  const Dims* past = node.Shape(3);
  const std::int64_t total = Length(past, 2) + (*query)[1];
  SetOutput(types, 0, node.Dtype(0), {(*query)[0], (*query)[1], heads * head});
  for (std::size_t i = 1; i <= 2; ++i) SetOutput(types, i, node.Dtype(0), {(*query)[0], kv_heads, total, head});
}

// (input_ids [B,S], segment_ids, word_embedding [V,W], ...): sum, mask index, embedding sum.
void EmbedRule(const Node& node, Types& types) {
  const Dims *ids = node.Shape(0), *words = node.Shape(2);
  if (!ids || ids->size() != 2 || !words || words->size() != 2) return;
  SetOutput(types, 0, node.Dtype(2), {(*ids)[0], (*ids)[1], (*words)[1]});
  SetOutput(types, 1, TensorProto::INT32, {(*ids)[0]});
  SetOutput(types, 2, node.Dtype(2), {(*ids)[0], (*ids)[1], (*words)[1]});
}

// Attention-23: (Q, K, V, mask, past_key, past_value), each [B,H,S,D] or [B,S,H*D].
void StandardAttentionRule(const Node& node, Types& types) {
  const Dims *q = node.Shape(0), *k = node.Shape(1), *v = node.Shape(2), *past = node.Shape(4);
  if (!q || !k || !v || q->size() != k->size() || q->size() != v->size()) return;
  const bool folded = q->size() == 3;
  const std::int64_t heads = folded ? node.Int("q_num_heads", 0) : Length(q, 1);
  const std::int64_t kv_heads = folded ? node.Int("kv_num_heads", 0) : Length(k, 1);
  if ((!folded && q->size() != 4) || heads < 1 || kv_heads < 1) return;
  const std::size_t token_axis = folded ? 1 : 2;
  const std::int64_t batch = (*q)[0], fresh = (*q)[token_axis], total = Length(past, 2) + (*k)[token_axis];
  const std::int64_t k_head = folded ? (*k)[2] / kv_heads : (*k)[3], v_head = folded ? (*v)[2] / kv_heads : (*v)[3];
  std::int64_t width = 0;
  if (__builtin_mul_overflow(heads, v_head, &width)) return;
  SetOutput(types, 0, node.Dtype(0), folded ? Dims{batch, fresh, width} : Dims{batch, heads, fresh, v_head});
  SetOutput(types, 1, node.Dtype(1), {batch, kv_heads, total, k_head});
  SetOutput(types, 2, node.Dtype(2), {batch, kv_heads, total, v_head});
  SetOutput(types, 3, node.Dtype(0), {batch, heads, fresh, total});
}

}  // namespace

const std::vector<RuleRow>& AttentionRules() {
  static const std::vector<RuleRow> rows = {
      {"com.microsoft", "Attention", 1, kAnyOpset, AttentionRule},
      {"com.microsoft", "DecoderMaskedSelfAttention", 1, kAnyOpset, AttentionRule},
      {"com.microsoft", "QAttention", 1, kAnyOpset, QAttentionRule},
      {"com.microsoft", "MultiHeadAttention", 1, kAnyOpset, MultiHeadRule},
      {"com.microsoft", "DecoderMaskedMultiHeadAttention", 1, kAnyOpset, MultiHeadRule},
      {"com.microsoft", "GroupQueryAttention", 1, kAnyOpset, GroupQueryRule},
      {"com.microsoft", "EmbedLayerNormalization", 1, kAnyOpset, EmbedRule},
      {"", "Attention", 1, kAnyOpset, StandardAttentionRule},
  };
  return rows;
}

}  // namespace orionrt::onnx_import
