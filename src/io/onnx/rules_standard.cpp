// Shapes and types of outputs where the library of ONNX infers none for an opset, or the wrong ones.
#include <algorithm>

#include "base/index.hpp"
#include "io/onnx/evaluate_ops.hpp"
#include "io/onnx/rules.hpp"

namespace orionrt::onnx_import {
namespace {

using onnx::TensorProto;

// Reduce*-18: axes became an input.
void ReduceRule(const Node& node, Types& types) {
  const Dims* data = node.Shape(0);
  Dims axes = node.Ints("axes");
  if (!data || (node.Has(1) && !node.KnownInts(1, axes))) return;
  if (axes.empty() && node.Int("noop_with_empty_axes", 0) != 0) return SameAsFirst(node, types);
  std::vector<bool> reduced(data->size(), axes.empty());
  for (std::int64_t axis : axes) {
    if (!NormalizeAxis(axis, data->size())) return;
    reduced[At(axis)] = true;
  }
  Dims dims;
  for (std::size_t d = 0; d < data->size(); ++d) {
    if (!reduced[d]) dims.push_back((*data)[d]);
    if (reduced[d] && node.Int("keepdims", 1) != 0) dims.push_back(1);
  }
  SetOutput(types, 0, node.Dtype(0), dims);
}

// Split-18: without sizes the last part may be smaller.
void SplitRule(const Node& node, Types& types) {
  const Dims* data = node.Shape(0);
  std::int64_t axis = node.Int("axis", 0);
  if (!data || !NormalizeAxis(axis, data->size()) || types.empty()) return;
  const std::int64_t outputs = static_cast<std::int64_t>(types.size());
  Dims sizes;
  if (node.Has(1)) {
    if (!node.KnownInts(1, sizes) || sizes.size() != types.size()) return;
  } else {
    const std::int64_t each = ((*data)[At(axis)] + outputs - 1) / outputs;
    for (std::int64_t i = 0; i < outputs; ++i) {
      sizes.push_back(std::clamp<std::int64_t>((*data)[At(axis)] - i * each, 0, each));
    }
  }
  for (std::size_t i = 0; i < types.size(); ++i) {
    Dims dims = *data;
    dims[At(axis)] = sizes[i];
    SetOutput(types, i, node.Dtype(0), dims);
  }
}

void BoolBroadcastRule(const Node& node, Types& types) {
  if (types.empty()) return;
  BroadcastAll(node, types);
  if (types[0].has_tensor_type()) types[0].mutable_tensor_type()->set_elem_type(TensorProto::BOOL);
}

void CastRule(const Node& node, Types& types) {
  const Dims* dims = node.Shape(0);
  const int to = static_cast<int>(node.Op() == "CastLike" ? node.Dtype(1) : node.Int("to", 0));
  if (dims && DtypeBits(to) != 0) SetOutput(types, 0, to, *dims);
}

void QuantizeRule(const Node& node, Types& types) {
  int dtype = node.Has(2) ? node.Dtype(2) : static_cast<int>(node.Int("output_dtype", 0));
  if (dtype == 0) dtype = TensorProto::UINT8;
  if (const Dims* dims = node.Shape(0)) SetOutput(types, 0, dtype, *dims);
}

void DequantizeRule(const Node& node, Types& types) {
  const int dtype = static_cast<int>(node.Int("output_dtype", node.Dtype(1)));
  if (const Dims* dims = node.Shape(0)) SetOutput(types, 0, dtype, *dims);
}

void CenterCropPadRule(const Node& node, Types& types) {
  const Dims* data = node.Shape(0);
  Dims target, axes = node.Ints("axes");
  if (!data || !node.KnownInts(1, target)) return;
  if (axes.empty()) {
    for (std::size_t d = 0; d < data->size(); ++d) axes.push_back(static_cast<std::int64_t>(d));
  }
  if (axes.size() != target.size()) return;
  Dims dims = *data;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    if (!NormalizeAxis(axes[i], dims.size())) return;
    dims[At(axes[i])] = target[i];
  }
  SetOutput(types, 0, node.Dtype(0), dims);
}

void Col2ImRule(const Node& node, Types& types) {
  const Dims* data = node.Shape(0);
  Dims image, block;
  if (!data || data->size() != 3 || !node.KnownInts(1, image) || !node.KnownInts(2, block)) return;
  const std::optional<std::int64_t> patch = ElementCount(block);
  if (!patch || *patch == 0) return;
  Dims dims = {(*data)[0], (*data)[1] / *patch};
  dims.insert(dims.end(), image.begin(), image.end());
  SetOutput(types, 0, node.Dtype(0), dims);
}

// DFT-20: the axis became an input. The library refuses the one-sided inverse.
void DftRule(const Node& node, Types& types) {
  const Dims* data = node.Shape(0);
  if (!data || data->size() < 2) return;
  Dims dims = *data, length, axis = {node.opset >= 20 ? -2 : node.Int("axis", 1)};
  if (node.Has(1) && !node.KnownInts(1, length)) return;
  if (node.Has(2) && !node.KnownInts(2, axis)) return;
  if (axis.size() != 1 || !NormalizeAxis(axis[0], dims.size()) ||
      axis[0] + 1 == static_cast<std::int64_t>(dims.size())) {
    return;  // the last axis holds real and imaginary parts
  }
  if (length.size() == 1) dims[At(axis[0])] = length[0];
  const bool onesided = node.Int("onesided", 0) != 0, back = onesided && node.Int("inverse", 0) != 0;
  if (onesided && !back) dims[At(axis[0])] = dims[At(axis[0])] / 2 + 1;
  if (back && length.empty()) dims[At(axis[0])] = 2 * ((*data)[At(axis[0])] - 1);
  dims.back() = back ? 1 : 2;  // real again
  SetOutput(types, 0, node.Dtype(0), dims);
}

void AffineGridRule(const Node& node, Types& types) {
  Dims size;
  if (!node.KnownInts(1, size) || (size.size() != 4 && size.size() != 5)) return;
  Dims dims = {size[0]};
  dims.insert(dims.end(), size.begin() + 2, size.end());
  dims.push_back(static_cast<std::int64_t>(size.size()) - 2);
  SetOutput(types, 0, node.Dtype(0), dims);
}

void GridSampleRule(const Node& node, Types& types) {
  const Dims *data = node.Shape(0), *grid = node.Shape(1);
  if (!data || !grid || data->size() < 3 || grid->size() != data->size()) return;
  Dims dims = {(*data)[0], (*data)[1]};
  dims.insert(dims.end(), grid->begin() + 1, grid->end() - 1);
  SetOutput(types, 0, node.Dtype(0), dims);
}

// The library reads the values of this op's inputs without looking whether there are any.
void StftRule(const Node& node, Types& types) {
  const Dims *signal = node.Shape(0), *window = node.Shape(2);
  Dims step, length;
  if (!signal || signal->size() < 2 || !node.KnownInts(1, step) || step.size() != 1 || step[0] < 1) return;
  if (node.Has(3) && (!node.KnownInts(3, length) || length.size() != 1)) return;
  if (length.empty() && window && window->size() == 1) length = *window;
  if (length.empty() || length[0] < 1 || length[0] > (*signal)[1]) return;
  const std::int64_t bins = node.Int("onesided", 1) != 0 ? length[0] / 2 + 1 : length[0];
  SetOutput(types, 0, node.Dtype(0), {(*signal)[0], ((*signal)[1] - length[0]) / step[0] + 1, bins, 2});
}

// The library wants the depth as an integer.
void OneHotRule(const Node& node, Types& types) {
  const Dims* indices = node.Shape(0);
  const Value* depth = node.Known(1);
  std::int64_t axis = node.Int("axis", -1);
  if (!indices || !depth || depth->Count() != 1 || !NormalizeAxis(axis, indices->size() + 1)) return;
  const double real = depth->IsReal() ? depth->reals[0] : static_cast<double>(depth->ints[0]);
  if (!(real >= 0 && real <= static_cast<double>(kMostExtent))) return;
  Dims dims = *indices;
  dims.insert(dims.begin() + axis, static_cast<std::int64_t>(real));
  SetOutput(types, 0, node.Dtype(2), dims);
}

// Whatever is optional about it: the tensor, or whether there is one.
void OptionalGetRule(const Node& node, Types& types) {
  if (!node.Has(0)) return;
  const onnx::TypeProto type = node.inputs[0]->Type();
  types[0] = type.has_optional_type() ? type.optional_type().elem_type() : type;
}
void OptionalHasRule(const Node&, Types& types) { SetOutput(types, 0, onnx::TensorProto::BOOL, {}); }

constexpr int kLast = kAnyOpset;

}  // namespace

const std::vector<RuleRow>& StandardRules() {
  static const std::vector<RuleRow> rows = {
      {"", "ReduceMax", 18, kLast, ReduceRule},
      {"", "ReduceMin", 18, kLast, ReduceRule},
      {"", "ReduceMean", 18, kLast, ReduceRule},
      {"", "ReduceProd", 18, kLast, ReduceRule},
      {"", "ReduceL1", 18, kLast, ReduceRule},
      {"", "ReduceL2", 18, kLast, ReduceRule},
      {"", "ReduceLogSum", 18, kLast, ReduceRule},
      {"", "ReduceLogSumExp", 18, kLast, ReduceRule},
      {"", "ReduceSumSquare", 18, kLast, ReduceRule},
      {"", "Split", 18, kLast, SplitRule},
      {"", "GreaterOrEqual", 1, kLast, BoolBroadcastRule},
      {"", "LessOrEqual", 1, kLast, BoolBroadcastRule},
      {"", "BitwiseAnd", 18, kLast, BroadcastAll},
      {"", "BitwiseOr", 18, kLast, BroadcastAll},
      {"", "BitwiseXor", 18, kLast, BroadcastAll},
      {"", "BitwiseNot", 18, kLast, SameAsFirst},
      {"", "Mish", 1, kLast, SameAsFirst},
      {"", "Gelu", 1, kLast, SameAsFirst},
      {"", "Swish", 1, kLast, SameAsFirst},
      {"", "MeanVarianceNormalization", 1, kLast, SameAsFirst},
      {"", "GroupNormalization", 1, kLast, SameAsFirst},
      {"", "RMSNormalization", 1, kLast, SameAsFirst},
      {"", "RotaryEmbedding", 1, kLast, SameAsFirst},
      {"", "TensorScatter", 1, kLast, SameAsFirst},
      {"", "Cast", 19, kLast, CastRule},
      {"", "CastLike", 15, kLast, CastRule},
      {"", "QuantizeLinear", 19, kLast, QuantizeRule},
      {"", "DequantizeLinear", 19, kLast, DequantizeRule},
      {"", "CenterCropPad", 18, kLast, CenterCropPadRule},
      {"", "Col2Im", 18, kLast, Col2ImRule},
      {"", "CumProd", 1, kLast, SameAsFirst},
      {"", "DFT", 17, kLast, DftRule},
      {"", "STFT", 1, kLast, StftRule},
      {"", "AffineGrid", 20, kLast, AffineGridRule},
      {"", "GridSample", 20, kLast, GridSampleRule},
      {"", "OneHot", 9, kLast, OneHotRule},
      {"", "OptionalGetElement", 15, kLast, OptionalGetRule},
      {"", "OptionalHasElement", 15, kLast, OptionalHasRule},
  };
  return rows;
}

}  // namespace orionrt::onnx_import
