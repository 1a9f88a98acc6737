#include "io/onnx/agreements.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include "base/index.hpp"

namespace orionrt::onnx_import {
namespace {

// One axis of an input, of this rank; a negative axis counts from the last, and rank 0 stands for any that has it.
struct Axis {
  std::size_t input;
  int axis;
  std::size_t rank = 0;
};

// Two axes that are equally long.
struct Pair {
  const char* domain;
  const char* op;
  int from_opset;
  Axis a;
  Axis b;
};

constexpr const char* kMicrosoft = "com.microsoft";

const Pair kPairs[] = {
    {"", "InstanceNormalization", 1, {0, 1}, {1, 0, 1}},
    {"", "InstanceNormalization", 1, {0, 1}, {2, 0, 1}},
    {"", "GroupNormalization", 21, {0, 1}, {1, 0, 1}},
    {"", "GroupNormalization", 21, {0, 1}, {2, 0, 1}},
    {"", "LSTM", 1, {0, 2, 3}, {1, 2, 3}},
    {"", "LSTM", 1, {1, 1, 3}, {2, 1, 3}},
    {"", "GRU", 1, {0, 2, 3}, {1, 2, 3}},
    {"", "GRU", 1, {1, 1, 3}, {2, 1, 3}},
    {"", "RNN", 1, {0, 2, 3}, {1, 2, 3}},
    {"", "RNN", 1, {1, 1, 3}, {2, 1, 3}},
    {"", "LSTM", 1, {1, 0, 3}, {2, 0, 3}},
    {"", "GRU", 1, {1, 0, 3}, {2, 0, 3}},
    {"", "RNN", 1, {1, 0, 3}, {2, 0, 3}},
    {"", "Conv", 1, {1, 0}, {2, 0, 1}},
    {"", "NonMaxSuppression", 10, {0, 0, 3}, {1, 0, 3}},
    {"", "NonMaxSuppression", 10, {0, 1, 3}, {1, 2, 3}},
    {"", "RoiAlign", 10, {1, 0, 2}, {2, 0, 1}},
    {"", "GridSample", 16, {0, 0}, {1, 0}},
    {"", "SoftmaxCrossEntropyLoss", 12, {0, 0}, {1, 0}},
    {"", "NegativeLogLikelihoodLoss", 12, {0, 0}, {1, 0}},
    {"", "Attention", 23, {0, 0, 4}, {1, 0, 4}},
    {"", "Attention", 23, {0, 3, 4}, {1, 3, 4}},
    {"", "Attention", 23, {1, 0, 4}, {2, 0, 4}},
    {"", "Attention", 23, {1, 1, 4}, {2, 1, 4}},
    {"", "Attention", 23, {1, 2, 4}, {2, 2, 4}},
    {"", "Attention", 23, {0, 0, 3}, {1, 0, 3}},
    {"", "Attention", 23, {1, 0, 3}, {2, 0, 3}},
    {"", "Attention", 23, {1, 1, 3}, {2, 1, 3}},
    {"", "Attention", 23, {4, 2, 4}, {5, 2, 4}},
    {"", "RotaryEmbedding", 23, {1, -1}, {2, -1}},
    {kMicrosoft, "RotaryEmbedding", 1, {2, -1}, {3, -1}},
    {kMicrosoft, "Attention", 1, {0, 2, 3}, {1, 0, 2}},
    {kMicrosoft, "Attention", 1, {1, 1, 2}, {2, 0, 1}},
    {kMicrosoft, "MultiHeadAttention", 1, {0, 0, 3}, {1, 0, 3}},
    {kMicrosoft, "MultiHeadAttention", 1, {0, 2, 3}, {1, 2, 3}},
    {kMicrosoft, "MultiHeadAttention", 1, {1, 1, 3}, {2, 1, 3}},
    {kMicrosoft, "MultiHeadAttention", 1, {1, 2, 4}, {2, 2, 4}},
    {kMicrosoft, "GroupQueryAttention", 1, {1, 1, 3}, {2, 1, 3}},
    {kMicrosoft, "SkipLayerNormalization", 1, {0, -1}, {1, -1}},
    {kMicrosoft, "SkipLayerNormalization", 1, {0, -1}, {2, 0, 1}},
    {kMicrosoft, "SkipLayerNormalization", 1, {0, -1}, {3, 0, 1}},
    {kMicrosoft, "SkipLayerNormalization", 1, {0, -1}, {4, 0, 1}},
    {kMicrosoft, "SkipLayerNormalization", 1, {0, -2}, {1, -2}},
    {kMicrosoft, "SkipSimplifiedLayerNormalization", 1, {0, -1}, {1, -1}},
    {kMicrosoft, "SkipSimplifiedLayerNormalization", 1, {0, -2}, {1, -2}},
    {kMicrosoft, "SkipSimplifiedLayerNormalization", 1, {0, -1}, {2, 0, 1}},
    {kMicrosoft, "BiasAdd", 1, {0, -1}, {1, 0, 1}},
    {kMicrosoft, "BiasGelu", 1, {0, -1}, {1, 0, 1}},
    {kMicrosoft, "EmbedLayerNormalization", 1, {0, 1, 2}, {1, 1, 2}},
    {kMicrosoft, "EmbedLayerNormalization", 1, {2, 1, 2}, {3, 1, 2}},
    {kMicrosoft, "MoE", 1, {1, 1, 2}, {2, 0, 3}},
    {kMicrosoft, "FastGelu", 1, {0, -1}, {1, 0, 1}},
};

// The place of `axis` in the input's dimensions, or nothing where it is not there, or the rank is another.
const std::int64_t* Find(const Node& node, const Axis& axis) {
  const Dims* dims = node.Shape(axis.input);
  std::int64_t at = axis.axis;
  if (!dims || (axis.rank != 0 && dims->size() != axis.rank) || !NormalizeAxis(at, dims->size())) return nullptr;
  return &(*dims)[At(at)];
}

std::string Words(const Axis& axis) {
  const std::string which = axis.axis == -1 ? "the last axis" : "axis " + std::to_string(axis.axis);
  return which + " of input " + std::to_string(axis.input);
}

RunFault Differ(const Axis& a, const Axis& b) {
  return {Words(a) + " and " + Words(b) + " must be equally long", {a.input, b.input}};
}

// Aligned at their last axes, each extent of `input` is 1 or that of the first.
bool BroadcastsToFirst(const Node& node, std::size_t input) {
  const Dims *to = node.Shape(0), *from = node.Shape(input);
  if (!to || !from) return true;
  if (from->size() > to->size()) return false;
  for (std::size_t d = 1; d <= from->size(); ++d) {
    const std::int64_t extent = (*from)[from->size() - d];
    if (extent != 1 && extent != (*to)[to->size() - d]) return false;
  }
  return true;
}

// Some engines take a slope for each channel of any rank.
RunFault CheckSlope(const Node& node) {
  const Dims *data = node.Shape(0), *slope = node.Shape(1);
  if (BroadcastsToFirst(node, 1)) return {};
  if (slope->size() == 1 && data->size() > 1 && (*slope)[0] == (*data)[1]) return {};
  return {"its slope does not broadcast to its input", {0, 1}};
}

// onnxruntime counts the elements only.
RunFault CheckNormalization(const Node& node) {
  const Dims* data = node.Shape(0);
  std::int64_t axis = node.Int("axis", -1);
  if (!data || !NormalizeAxis(axis, data->size())) return {};
  const auto normalized = ElementCount(Dims(data->begin() + axis, data->end()));
  for (std::size_t i = 1; i < node.inputs.size() && i < 3; ++i) {
    const Dims* scale = node.Shape(i);
    if (!scale || BroadcastsToFirst(node, i) || ElementCount(*scale) == normalized) continue;
    return {i == 1 ? "its scale does not fit what it normalizes" : "its bias does not fit what it normalizes", {0, i}};
  }
  return {};
}

// A scale for each index along an axis, where it is not one for all, nor one for each block.
RunFault CheckQuantization(const Node& node) {
  const Dims *data = node.Shape(0), *scale = node.Shape(1);
  std::int64_t axis = node.Int("axis", 1);
  if (!data || !scale || scale->size() != 1 || (*scale)[0] == 1 || node.Int("block_size", 0) != 0) return {};
  if (!NormalizeAxis(axis, data->size()) || (*data)[At(axis)] == (*scale)[0]) return {};
  return Differ({0, static_cast<int>(axis)}, {1, 0});
}

// GatherElements and ScatterElements: no index along another axis than the op's lies outside the data; updates have
// the shape of the indices.
RunFault CheckElements(const Node& node) {
  const Dims *data = node.Shape(0), *indices = node.Shape(1), *updates = node.Shape(2);
  std::int64_t axis = node.Int("axis", 0);
  if (updates && indices && *updates != *indices) return {"its updates are not as its indices", {1, 2}};
  if (!data || !indices || !NormalizeAxis(axis, data->size())) return {};
  if (data->size() != indices->size()) return {"its indices have another rank than its input", {0, 1}};
  for (std::size_t d = 0; d < data->size(); ++d) {
    if (static_cast<std::int64_t>(d) != axis && (*indices)[d] > (*data)[d]) {
      return {"its indices reach beyond axis " + std::to_string(d) + " of its input", {0, 1}};
    }
  }
  return {};
}

RunFault CheckScatter(const Node& node) {
  const Dims *data = node.Shape(0), *indices = node.Shape(1), *updates = node.Shape(2);
  if (!data || !indices || !updates || indices->empty()) return {};
  const std::int64_t depth = indices->back();
  if (depth < 0 || depth > static_cast<std::int64_t>(data->size())) {
    return {"its indices have more numbers than its input has axes", {0, 1}};
  }
  Dims wanted(indices->begin(), indices->end() - 1);
  wanted.insert(wanted.end(), data->begin() + depth, data->end());
  return wanted == *updates ? RunFault() : RunFault{"its updates must be " + DimsText(wanted), {0, 1, 2}};
}

RunFault CheckGatherBatch(const Node& node) {
  const Dims *data = node.Shape(0), *indices = node.Shape(1);
  const std::int64_t batch = node.Int("batch_dims", 0);
  if (!data || !indices) return {};
  for (int d = 0; d < batch && At(d) < std::min(data->size(), indices->size()); ++d) {
    if ((*data)[At(d)] != (*indices)[At(d)]) return Differ({0, d}, {1, d});
  }
  return {};
}

// The caches have a cosine or sine for each two of the numbers that turn. Without positions they have a row for each
// token, of every sequence or for all of them.
RunFault CheckRotaryCaches(const Node& node) {
  const std::size_t cache_input = node.Domain().empty() ? 1 : 2;  // com.microsoft has its positions before
  const Dims *data = node.Shape(0), *cache = node.Shape(cache_input);
  if (!data || !cache || cache->empty() || (data->size() != 3 && data->size() != 4)) return {};
  const bool has_heads = data->size() == 4;
  const std::int64_t turning = node.Int("rotary_embedding_dim", 0);
  if ((has_heads || turning > 0) && cache->back() != (turning > 0 ? turning : data->back()) / 2) {
    return {"its caches are not half as wide as what they turn", {0, cache_input}};
  }
  if (!node.Domain().empty() || node.Has(3) || cache->size() != 3) return {};
  const int tokens = has_heads ? 2 : 1;
  if ((*cache)[0] != 1 && (*cache)[0] != (*data)[0]) return Differ({0, 0}, {1, 0});
  return (*cache)[1] == (*data)[At(tokens)] ? RunFault() : Differ({0, tokens}, {1, 1});
}

// LSTM, GRU and RNN: weights of what comes in, [directions, gates * hidden, inputs], and of what is carried, [...,
// hidden]; biases of both, [directions, 2 * gates * hidden]; what is carried at first, [directions, batch, hidden].
RunFault CheckRecurrence(const Node& node) {
  const Dims *data = node.Shape(0), *weights = node.Shape(1), *carried = node.Shape(2), *bias = node.Shape(3);
  const Dims* first = node.Shape(5);
  const std::int64_t hidden = node.Int("hidden_size", 0);
  const std::int64_t directions = node.Text("direction", "forward") == "bidirectional" ? 2 : 1;
  if (weights && weights->size() == 3 && (*weights)[0] != directions) {
    return {"its weights are for " + std::to_string((*weights)[0]) + " directions, and it goes in " +
                std::to_string(directions),
            {1}};
  }
  if (carried && carried->size() == 3 && hidden > 0 && (*carried)[2] != hidden) {
    return {"its recurrent weights are for " + std::to_string((*carried)[2]) + " numbers, and it carries " +
                std::to_string(hidden),
            {2}};
  }
  if (weights && bias && weights->size() == 3 && bias->size() == 2 && (*bias)[1] != 2 * (*weights)[1]) {
    return {"its biases are not two for each row of its weights", {1, 3}};
  }
  if (!data || !first || data->size() != 3 || first->size() != 3) return {};
  const int sequences = node.Int("layout", 0) == 0 ? 1 : 0;
  return (*data)[At(sequences)] == (*first)[At(sequences)] ? RunFault() : Differ({0, sequences}, {5, sequences});
}

RunFault CheckSequenceLengths(const Node& node) {
  const Dims *data = node.Shape(0), *lengths = node.Shape(1);
  std::int64_t axis = node.Int("batch_axis", 1);
  if (!data || !lengths || lengths->size() != 1 || !NormalizeAxis(axis, data->size())) return {};
  return (*lengths)[0] == (*data)[At(axis)] ? RunFault() : Differ({0, static_cast<int>(axis)}, {1, 0});
}

// MaxUnpool: the places where the first was taken from.
RunFault CheckPlaces(const Node& node) {
  const Dims *data = node.Shape(0), *places = node.Shape(1);
  if (!data || !places || *data == *places) return {};
  return {"its indices are not as its input", {0, 1}};
}

RunFault CheckGroups(const Node& node) {
  const Dims* data = node.Shape(0);
  const std::int64_t groups = node.Int("num_groups", 1);
  if (!data || data->size() < 2 || groups <= 0 || (*data)[1] % groups == 0) return {};
  return {"its channels do not make up " + std::to_string(groups) + " groups", {0}};
}

// What is written fits into what is kept, along the axis of tokens and beside it.
RunFault CheckTensorScatter(const Node& node) {
  const Dims *kept = node.Shape(0), *written = node.Shape(1);
  std::int64_t axis = node.Int("axis", -2);
  if (!kept || !written || kept->size() != written->size() || !NormalizeAxis(axis, kept->size())) return {};
  for (std::size_t d = 0; d < kept->size(); ++d) {
    const bool fits = static_cast<std::int64_t>(d) == axis ? (*written)[d] <= (*kept)[d] : (*written)[d] == (*kept)[d];
    if (!fits) return {"what it writes does not fit in axis " + std::to_string(d), {0, 1}};
  }
  return {};
}

// From opset 9 on, where no batch stands before: all that a Scan goes through is equally long.
RunFault CheckScan(const Node& node) {
  const std::int64_t count = node.Int("num_scan_inputs", 0);
  if (count < 2 || count > static_cast<std::int64_t>(node.inputs.size())) return {};
  const Dims axes = node.Ints("scan_input_axes");
  std::optional<Axis> known;
  for (std::size_t i = 0; i < At(count); ++i) {
    const Axis axis{node.inputs.size() - At(count) + i, i < axes.size() ? static_cast<int>(axes[i]) : 0};
    const std::int64_t* length = Find(node, axis);
    if (!length) continue;
    if (!known) known = axis;
    if (*Find(node, *known) != *length) return Differ(*known, axis);
  }
  return {};
}

RunFault CheckNBits(const Node& node) {
  const Dims* data = node.Shape(0);
  const std::int64_t rows = node.Int("K", -1);
  if (!data || data->empty() || rows < 0 || data->back() == rows) return {};
  return {"its weights have " + std::to_string(rows) + " rows, and its input that many columns not", {0}};
}

}  // namespace

std::vector<FaultRow> AgreementRows() {
  return {
      {"", "PRelu", 7, CheckSlope},
      {"", "LayerNormalization", 1, CheckNormalization},
      {"", "RMSNormalization", 23, CheckNormalization},
      {"", "QuantizeLinear", 13, CheckQuantization},
      {"", "DequantizeLinear", 13, CheckQuantization},
      {"", "GatherElements", 11, CheckElements},
      {"", "ScatterElements", 11, CheckElements},
      {"", "ScatterND", 11, CheckScatter},
      {"", "GatherND", 12, CheckGatherBatch},
      {"", "RotaryEmbedding", 23, CheckRotaryCaches},
      {"", "ReverseSequence", 10, CheckSequenceLengths},
      {"", "LSTM", 1, CheckRecurrence},
      {"", "GRU", 1, CheckRecurrence},
      {"", "RNN", 1, CheckRecurrence},
      {"", "MaxUnpool", 9, CheckPlaces},
      {"", "GroupNormalization", 18, CheckGroups},
      {"", "TensorScatter", 24, CheckTensorScatter},
      {"", "Scan", 9, CheckScan},
      {kMicrosoft, "RotaryEmbedding", 1, CheckRotaryCaches},
      {kMicrosoft, "MatMulNBits", 1, CheckNBits},
  };
}

RunFault FindUnequalAxes(const Node& node, const std::string& key) {
  static const auto table = [] {
    std::multimap<std::string, const Pair*> all;
    for (const Pair& pair : kPairs) all.emplace(std::string(pair.domain) + ":" + pair.op, &pair);
    return all;
  }();
  const auto [first, last] = table.equal_range(key);
  for (auto at = first; at != last; ++at) {
    const Pair& pair = *at->second;
    const std::int64_t *a = Find(node, pair.a), *b = Find(node, pair.b);
    if (a && b && *a != *b && node.opset >= pair.from_opset) return Differ(pair.a, pair.b);
  }
  return {};
}

}  // namespace orionrt::onnx_import
