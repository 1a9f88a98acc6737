#include "io/onnx/runnable.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "base/index.hpp"
#include "io/onnx/agreements.hpp"
#include "io/onnx/rules.hpp"

namespace orionrt::onnx_import {
namespace {

RunFault TooLarge() { return {"its output would have a dimension beyond 2^60", {0}}; }

bool IsTooLarge(double extent) { return !(extent <= static_cast<double>(kMostExtent)); }

// Aligned at their last axes; the input that made an axis what it is is the one that a later input contradicts.
RunFault FindBroadcastFault(const Node& node, std::size_t dropped) {
  std::vector<std::pair<std::int64_t, std::size_t>> axes;  // from the last: extent, input
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    const Dims* dims = node.Shape(i);
    for (std::size_t d = dropped; dims && d < dims->size(); ++d) {
      const std::int64_t extent = (*dims)[dims->size() - 1 - d];
      if (axes.size() <= d - dropped) axes.resize(d - dropped + 1, {1, i});
      auto& [known, by] = axes[d - dropped];
      if (known == 1 && extent != 1) {
        known = extent;
        by = i;
      } else if (extent != 1 && extent != known) {
        return {"its inputs do not broadcast", {by, i}};
      }
    }
  }
  return {};
}

// Files that say an older opset than they use have attributes of opset 6.
RunFault CheckBroadcast(const Node& node) {
  return node.Attribute("axis") || node.Attribute("broadcast") ? RunFault() : FindBroadcastFault(node, 0);
}

// Domain com.microsoft: either matrix may stand on its side.
RunFault CheckTransposedMatMul(const Node& node) {
  const Dims *a = node.Shape(0), *b = node.Shape(1);
  if (!a || !b || a->size() < 2 || b->size() < 2) return {};
  if (node.Int("transBatchA", 0) != 0 || node.Int("transBatchB", 0) != 0) return {};
  const std::int64_t columns = (*a)[a->size() - (node.Int("transA", 0) != 0 ? 2 : 1)];
  const std::int64_t rows = (*b)[b->size() - (node.Int("transB", 0) != 0 ? 1 : 2)];
  if (columns == rows) return {};
  return {"the columns of its first matrix are not as many as the rows of its second", {0, 1}};
}

RunFault CheckMatMul(const Node& node) {
  const Dims *a = node.Shape(0), *b = node.Shape(1);
  if (!a || !b || a->empty() || b->empty()) return {};
  if (a->back() != (*b)[b->size() == 1 ? 0 : b->size() - 2]) {
    return {"the columns of its first matrix are not as many as the rows of its second", {0, 1}};
  }
  return node.inputs.size() == 2 && a->size() > 1 && b->size() > 1 ? FindBroadcastFault(node, 2) : RunFault();
}

RunFault CheckGemm(const Node& node) {
  const bool is_quantized = node.Op() == "QGemm";  // scale and zero point stand behind either matrix
  const std::size_t second = is_quantized ? 3 : 1;
  const Dims *a = node.Shape(0), *b = node.Shape(second);
  if (!a || !b || a->size() != 2 || b->size() != 2) return {};
  const std::int64_t columns = (*a)[node.Int("transA", 0) != 0 ? 0 : 1];
  const std::int64_t rows = (*b)[node.Int("transB", 0) != 0 ? 1 : 0];
  if (columns != rows) {
    return {"the columns of its first matrix are not as many as the rows of its second", {0, second}};
  }
  if (is_quantized) return {};
  const Dims made = {(*a)[node.Int("transA", 0) != 0 ? 1 : 0], (*b)[node.Int("transB", 0) != 0 ? 0 : 1]};
  const Dims* added = node.Shape(2);
  for (std::size_t d = 0; added && d < added->size(); ++d) {
    const std::int64_t extent = (*added)[added->size() - 1 - d];
    if (d >= 2 ? extent != 1 : extent != 1 && extent != made[1 - d]) {
      return {"what it adds does not broadcast to its product, " + DimsText(made), {0, 1, 2}};
    }
  }
  return {};
}

RunFault CheckConcat(const Node& node) {
  const Dims* first = node.Shape(0);
  std::int64_t axis = node.Int("axis", 1);
  if (!first || !NormalizeAxis(axis, first->size())) return {};
  double sum = 0;
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    const Dims* next = node.Shape(i);
    if (!next) continue;
    if (next->size() != first->size()) return {"its inputs differ in rank", {0, i}};
    for (std::size_t d = 0; d < next->size(); ++d) {
      const bool is_joined = static_cast<std::int64_t>(d) == axis;
      if (!is_joined && (*next)[d] != (*first)[d]) return {"its inputs differ beside the axis that joins them", {0, i}};
      if (is_joined) sum += static_cast<double>((*next)[d]);
    }
  }
  return IsTooLarge(sum) ? TooLarge() : RunFault();
}

// The onnx library computes the result of a convolution from its spatial axes alone.
RunFault CheckConvolution(const Node& node) {
  const bool transposed = node.Op() == "ConvTranspose";
  const std::size_t weight_input = node.Op() == "QLinearConv" ? 3 : 1;  // behind the scale and zero point of the first
  const Dims *data = node.Shape(0), *weights = node.Shape(weight_input);
  if (!data || !weights || data->size() < 3 || weights->size() != data->size()) return {};
  const std::int64_t groups = node.Int("group", 1);
  const std::int64_t grouped = transposed ? (*data)[1] : (*weights)[0];
  if (groups > 1 && grouped % groups != 0) {
    return {"its " + std::to_string(grouped) + (transposed ? " channels" : " kernels") + " do not make up " +
                std::to_string(groups) + " groups",
            {transposed ? 0 : weight_input}};
  }
  std::int64_t wanted = (*weights)[0];
  if (!transposed && __builtin_mul_overflow((*weights)[1], groups, &wanted)) return {};
  if ((*data)[1] != wanted) {
    return {"its input has " + std::to_string((*data)[1]) + " channels, its weights are for " + std::to_string(wanted),
            {0, weight_input}};
  }
  const Dims dilations = node.Ints("dilations"), strides = node.Ints("strides");
  for (std::size_t d = 2; d < data->size(); ++d) {
    const auto at = [d](const Dims& list) { return static_cast<double>(d - 2 < list.size() ? list[d - 2] : 1); };
    const double window = static_cast<double>((*weights)[d]) * at(dilations);
    const double moves = transposed ? static_cast<double>((*data)[d]) * at(strides) : 0;
    if (IsTooLarge(std::fabs(window) + std::fabs(moves))) return TooLarge();
  }
  return {};
}

RunFault CheckReshape(const Node& node) {
  const Dims* data = node.Shape(0);
  const std::optional<std::int64_t> total = data ? ElementCount(*data) : std::nullopt;
  Dims target;
  if (!total || !node.KnownInts(1, target)) return {};
  std::int64_t known = 1;
  bool is_open = false;
  for (std::size_t d = 0; d < target.size(); ++d) {
    if (target[d] == 0 && d < data->size() && node.Int("allowzero", 0) == 0) target[d] = (*data)[d];
    if (target[d] < -1 || (target[d] == -1 && is_open)) return {"its target " + DimsText(target) + " is no shape", {1}};
    is_open |= target[d] == -1;
    if (target[d] != -1 && __builtin_mul_overflow(known, target[d], &known)) return TooLarge();
  }
  const bool fits = is_open ? known != 0 && *total % known == 0 : *total == known;
  if (fits || (is_open && known == 0 && *total == 0)) return {};
  return {"its input has " + std::to_string(*total) + " elements, which do not make " + DimsText(target), {0, 1}};
}

RunFault CheckSplit(const Node& node) {
  const Dims* data = node.Shape(0);
  std::int64_t axis = node.Int("axis", 0);
  Dims sizes = node.Ints("split");
  if (node.Has(1) && !node.KnownInts(1, sizes)) return {};
  if (!data || sizes.empty() || !NormalizeAxis(axis, data->size())) return {};
  std::int64_t sum = 0;
  for (const std::int64_t size : sizes) {
    if (size < 0 || __builtin_add_overflow(sum, size, &sum))
      return {"its parts " + DimsText(sizes) + " are no sizes", {0}};
  }
  const std::int64_t extent = (*data)[At(axis)];
  if (sum == extent) return {};
  return {"its parts " + DimsText(sizes) + " make up " + std::to_string(sum) + ", not " + std::to_string(extent), {0}};
}

RunFault CheckTile(const Node& node) {
  const Dims* data = node.Shape(0);
  Dims repeats;
  if (!data || !node.KnownInts(1, repeats)) return {};
  for (std::size_t d = 0; d < std::min(repeats.size(), data->size()); ++d) {
    if (IsTooLarge(static_cast<double>((*data)[d]) * static_cast<double>(repeats[d]))) return TooLarge();
  }
  return {};
}

RunFault CheckPad(const Node& node) {
  Dims pads = node.Ints("pads");
  if (node.Has(1) && !node.KnownInts(1, pads)) return {};
  const auto is_large = [](std::int64_t pad) { return pad > kMostExtent || pad < -kMostExtent; };
  return std::any_of(pads.begin(), pads.end(), is_large) ? TooLarge() : RunFault();
}

RunFault CheckExpand(const Node& node) {
  const Dims* data = node.Shape(0);
  Dims target;
  if (!data || !node.KnownInts(1, target)) return {};
  for (std::size_t d = 0; d < std::min(target.size(), data->size()); ++d) {
    const std::int64_t have = (*data)[data->size() - 1 - d], want = target[target.size() - 1 - d];
    if (have != 1 && want != 1 && have != want) return {"its input does not broadcast to " + DimsText(target), {0, 1}};
  }
  return {};
}

// Of two inputs the step is 1 (com.microsoft).
RunFault CheckRange(const Node& node) {
  const Value* step = node.Known(2);
  const bool is_zero = step && step->Count() == 1 && (step->IsReal() ? step->reals[0] == 0 : step->ints[0] == 0);
  if (is_zero) return {"its step is 0", {2}};
  for (std::size_t i = 0; i < std::min<std::size_t>(node.inputs.size(), 3); ++i) {
    const Value* value = node.Known(i);
    if (value && value->IsReal() && value->Count() == 1 && std::isnan(value->reals[0])) {
      return {"it counts by what is no number", {i}};
    }
  }
  return RangeLength(node).value_or(0) > kMostExtent ? TooLarge() : RunFault();
}

RunFault CheckWindow(const Node& node) {
  Dims size;
  if (!node.KnownInts(0, size) || size.size() != 1 || size[0] >= 0) return {};
  return {"its window would have " + std::to_string(size[0]) + " numbers", {0}};
}

// STFT: frames as long as the window, or as it is said, so many numbers apart.
RunFault CheckFrames(const Node& node) {
  const Dims *signal = node.Shape(0), *window = node.Shape(2);
  Dims step, length;
  if (node.KnownInts(1, step) && step.size() == 1 && step[0] <= 0) return {"its frames do not move on", {1}};
  if (node.Has(3) && !(node.KnownInts(3, length) && length.size() == 1)) return {};
  if (!node.Has(3) && window && window->size() == 1) length = *window;
  if (length.empty() || !signal || signal->size() < 2) return {};
  if (length[0] > 0 && length[0] <= (*signal)[1]) return {};
  return {"its frames of " + std::to_string(length[0]) + " numbers do not fit into its signal", {0}};
}

RunFault CheckOneHot(const Node& node) {
  const Value* depth = node.Known(1);
  if (!depth || depth->Count() != 1) return {};
  const double count = depth->IsReal() ? depth->reals[0] : static_cast<double>(depth->ints[0]);
  if (IsTooLarge(count)) return TooLarge();
  return count < 0 ? RunFault{"its depth is negative", {1}} : RunFault();
}

// Upsample, and Resize by scales: an attribute, or the one input of real numbers behind the first.
RunFault CheckScales(const Node& node) {
  const Dims* data = node.Shape(0);
  std::vector<double> scales;
  if (const auto* attribute = node.Attribute("scales")) {
    scales.assign(attribute->floats().begin(), attribute->floats().end());
  }
  for (const std::size_t input : {std::size_t{1}, std::size_t{2}}) {
    const Value* value = node.Known(input);
    if (value && value->IsReal() && data && value->Count() == data->size()) scales = value->reals;
  }
  for (std::size_t d = 0; data && d < std::min(scales.size(), data->size()); ++d) {
    if (IsTooLarge(static_cast<double>((*data)[d]) * scales[d])) return TooLarge();
  }
  return {};
}

RunFault CheckBlocks(const Node& node) {
  const Dims* data = node.Shape(0);
  const std::int64_t block = node.Int("blocksize", 1);
  if (!data || data->size() != 4 || block <= 0) return {};
  const double size = static_cast<double>(block);
  const bool to_depth = node.Op() == "SpaceToDepth";
  const double most = static_cast<double>(to_depth ? (*data)[1] : std::max((*data)[2], (*data)[3]));
  if (IsTooLarge(most * size * (to_depth ? size : 1))) return TooLarge();
  const std::string blocks = " do not make up blocks of " + std::to_string(block) + " by " + std::to_string(block);
  if (to_depth) {
    const bool fits = (*data)[2] % block == 0 && (*data)[3] % block == 0;
    return fits ? RunFault() : RunFault{"its rows and columns" + blocks, {0}};
  }
  const bool fits = (*data)[1] % block == 0 && (*data)[1] / block % block == 0;
  return fits ? RunFault() : RunFault{"its channels" + blocks, {0}};
}

// Attention-23 and later: keys are shared by equally many heads of queries each; the mask broadcasts to [batch, heads,
// new tokens, all tokens], and from 24 on it may be shorter.
RunFault CheckAttention(const Node& node) {
  const Dims *query = node.Shape(0), *key = node.Shape(1), *mask = node.Shape(3), *past = node.Shape(4);
  if (query && key && query->size() == 4 && key->size() == 4 && (*key)[1] > 0 && (*query)[1] % (*key)[1] != 0) {
    return {"its heads of queries are no multiple of its heads of keys", {0, 1}};
  }
  if (!query || !key || !mask || mask->empty() || query->size() != key->size() || (node.Has(4) && !past)) return {};
  const std::size_t token_axis = key->size() == 3 ? 1 : 2;
  if (key->size() < 3 || key->size() > 4) return {};
  const std::int64_t total = (*key)[token_axis] + (past && past->size() == 4 ? (*past)[2] : 0);
  const bool fits_total = mask->back() == 1 || mask->back() == total || (node.opset >= 24 && mask->back() < total);
  if (!fits_total) {
    return {"its mask is for " + std::to_string(mask->back()) + " tokens, and past and new ones are " +
                std::to_string(total),
            {1, 3}};
  }
  const std::int64_t rows = mask->size() > 1 ? (*mask)[mask->size() - 2] : 1;
  if (rows == 1 || rows == (*query)[token_axis]) return {};
  return {"its mask is for " + std::to_string(rows) + " new tokens, and its queries are " +
              std::to_string((*query)[token_axis]),
          {0, 3}};
}

// How many tokens an input of com.microsoft's attention holds: [batch, tokens, width] or [batch, heads, tokens, width].
std::optional<std::int64_t> TokensOf(const Dims* dims) {
  if (!dims || (dims->size() != 3 && dims->size() != 4)) return std::nullopt;
  return (*dims)[dims->size() - 2];
}

// A mask of one row a sequence, [batch, tokens], or of one a token, [..., new tokens, tokens]. Those of one number a
// sequence say lengths.
RunFault CheckMaskOf(const Node& node, std::size_t mask_input, std::int64_t fresh, std::int64_t keys,
                     std::int64_t total) {
  const Dims* mask = node.Shape(mask_input);
  if (!mask || mask->size() < 2 || mask->size() > 4) return {};
  const bool is_square = mask->size() == 4 && (*mask)[2] == (*mask)[3];  // of the longest sequence
  const std::int64_t tokens = mask->back();
  if (tokens != total && tokens != keys && !(is_square && tokens > total)) {
    return {"its mask is for " + std::to_string(tokens) + " tokens, and past and new ones are " + std::to_string(total),
            {0, mask_input}};
  }
  const std::int64_t rows = mask->size() == 2 || is_square ? fresh : (*mask)[mask->size() - 2];
  if (rows == fresh || rows == 1) return {};
  return {"its mask is for " + std::to_string(rows) + " new tokens, and its queries are " + std::to_string(fresh),
          {0, mask_input}};
}

// Attention and QAttention of com.microsoft: past [2, batch, heads, tokens, width].
RunFault CheckPackedMask(const Node& node, std::size_t mask_input, std::size_t past_input) {
  const auto fresh = TokensOf(node.Shape(0));
  const Dims* past = node.Shape(past_input);
  if (!fresh || node.Int("past_present_share_buffer", 0) != 0) return {};
  if (node.Has(past_input) && (!past || past->size() != 5)) return {};
  const std::int64_t total = *fresh + (past ? (*past)[3] : 0);
  return CheckMaskOf(node, mask_input, *fresh, total, total);
}
RunFault CheckContribMask(const Node& node) { return CheckPackedMask(node, 3, 4); }
RunFault CheckQuantizedMask(const Node& node) { return CheckPackedMask(node, 5, 8); }

// MultiHeadAttention: a mask of keys, and a bias of scores.
RunFault CheckMultiHeadMask(const Node& node) {
  const auto fresh = TokensOf(node.Shape(0));
  const auto keys = node.Has(1) ? TokensOf(node.Shape(1)) : fresh;
  const Dims* past = node.Shape(6);
  if (!fresh || !keys || node.Int("past_present_share_buffer", 0) != 0) return {};
  if (node.Has(6) && (!past || past->size() != 4)) return {};
  const std::int64_t total = *keys + (past ? (*past)[2] : 0);
  const RunFault fault = CheckMaskOf(node, 4, *fresh, *keys, total);
  return fault.why.empty() ? CheckMaskOf(node, 5, *fresh, total, total) : fault;
}

std::vector<FaultRow> MakeRows() {
  std::vector<FaultRow> rows = {
      {"", "MatMul", 1, CheckMatMul},
      {"", "MatMulInteger", 1, CheckMatMul},
      {"", "Gemm", 7, CheckGemm},
      {"", "Concat", 4, CheckConcat},
      {"", "Conv", 1, CheckConvolution},
      {"", "ConvTranspose", 1, CheckConvolution},
      {"", "ConvInteger", 10, CheckConvolution},
      {"", "QLinearConv", 10, CheckConvolution},
      {"", "DeformConv", 19, CheckConvolution},
      {"com.microsoft", "FusedConv", 1, CheckConvolution},
      {"com.microsoft", "FusedGemm", 1, CheckGemm},
      {"com.microsoft", "QGemm", 1, CheckGemm},
      {"com.microsoft", "FusedMatMul", 1, CheckTransposedMatMul},
      {"com.microsoft", "TransposeMatMul", 1, CheckTransposedMatMul},
      {"com.microsoft", "MatMulIntegerToFloat", 1, CheckMatMul},
      {"com.microsoft", "DynamicQuantizeMatMul", 1, CheckMatMul},
      {"", "Reshape", 5, CheckReshape},
      {"", "Split", 2, CheckSplit},
      {"", "Tile", 6, CheckTile},
      {"", "Pad", 2, CheckPad},
      {"com.microsoft", "Pad", 1, CheckPad},
      {"", "Expand", 8, CheckExpand},
      {"", "OneHot", 9, CheckOneHot},
      {"", "Range", 1, CheckRange},
      {"com.microsoft", "Range", 1, CheckRange},
      {"", "HannWindow", 17, CheckWindow},
      {"", "HammingWindow", 17, CheckWindow},
      {"", "BlackmanWindow", 17, CheckWindow},
      {"", "STFT", 17, CheckFrames},
      {"", "Upsample", 7, CheckScales},
      {"", "Resize", 10, CheckScales},
      {"", "DepthToSpace", 1, CheckBlocks},
      {"", "SpaceToDepth", 1, CheckBlocks},
      {"", "Attention", 23, CheckAttention},
      {"com.microsoft", "Attention", 1, CheckContribMask},
      {"com.microsoft", "QAttention", 1, CheckQuantizedMask},
      {"com.microsoft", "MultiHeadAttention", 1, CheckMultiHeadMask},
  };
  for (const char* op : {"Add", "Sub", "Mul", "Div", "And", "Or", "Xor", "Equal", "Greater", "Less", "Pow", "Mod",
                         "BitShift", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "GreaterOrEqual", "LessOrEqual"}) {
    rows.push_back({"", op, 7, CheckBroadcast});
  }
  for (const char* op : {"Max", "Min", "Mean", "Sum", "Where"}) rows.push_back({"", op, 8, CheckBroadcast});
  return rows;
}

}  // namespace

RunFault FindRunFault(const Node& node) {
  static const auto table = [] {
    std::unordered_map<std::string, FaultRow> all;
    for (const auto& rows : {MakeRows(), AgreementRows()}) {
      for (const FaultRow& row : rows) all.emplace(std::string(row.domain) + ":" + row.op, row);
    }
    return all;
  }();
  const std::string key = node.Domain() + ":" + node.Op();
  const auto row = table.find(key);
  if (row != table.end() && node.opset >= row->second.from_opset) {
    RunFault fault = row->second.check(node);
    if (!fault.why.empty()) return fault;
  }
  return FindUnequalAxes(node, key);
}

std::optional<std::int64_t> RangeLength(const Node& node) {
  const Value *start = node.Known(0), *limit = node.Known(1), *delta = node.Known(2);
  if (!start || !limit) return {};
  Value one;
  one.dtype = start->dtype;
  (one.IsReal() ? void(one.reals = {1}) : void(one.ints = {1}));
  if (!node.Has(2) && !node.Domain().empty()) delta = &one;
  if (!delta || start->Count() != 1 || limit->Count() != 1 || delta->Count() != 1) return {};
  if (start->dtype != limit->dtype || start->dtype != delta->dtype) return {};
  if (start->IsReal()) {
    const double count = std::ceil((limit->reals[0] - start->reals[0]) / delta->reals[0]);
    if (std::isnan(count)) return {};
    return IsTooLarge(count) ? kMostExtent + 1 : static_cast<std::int64_t>(std::max(count, 0.0));
  }
  const __int128 way = static_cast<__int128>(limit->ints[0]) - start->ints[0];
  const __int128 step = delta->ints[0];
  if (step == 0) return {};
  const __int128 count = way / step + (way % step != 0 && (way < 0) == (step < 0) ? 1 : 0);
  return static_cast<std::int64_t>(std::clamp<__int128>(count, 0, kMostExtent + 1));
}

}  // namespace orionrt::onnx_import
