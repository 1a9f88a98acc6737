// Shapes and types of the outputs of ops that slide a window, pad or resize.
#include <algorithm>
#include <cmath>

#include "base/index.hpp"
#include "io/onnx/rules.hpp"

namespace orionrt::onnx_import {
namespace {

std::int64_t ValueAt(const Dims& list, std::size_t i, std::int64_t otherwise) {
  return i < list.size() ? list[i] : otherwise;
}

struct Window {
  std::int64_t extent = 0, kernel = 1, stride = 1, dilation = 1, pad_begin = 0, pad_end = 0;
};

// Positions of a window along one axis. With `ceil` a last one that starts in the padding at the end is dropped.
std::int64_t CountPositions(const Window& w, const std::string& auto_pad, bool ceil) {
  if (auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER") return (w.extent + w.stride - 1) / w.stride;
  const bool valid = auto_pad == "VALID";
  const std::int64_t padded = w.extent + (valid ? 0 : w.pad_begin + w.pad_end);
  const std::int64_t room = padded - ((w.kernel - 1) * w.dilation + 1);
  if (room < 0) return -1;
  std::int64_t count = (ceil ? (room + w.stride - 1) / w.stride : room / w.stride) + 1;
  if (ceil && (count - 1) * w.stride >= w.extent + (valid ? 0 : w.pad_begin)) --count;
  return count;
}

// AveragePool-19 (dilations), LpPool-18 (dilations, ceil_mode), MaxPool-22 (ceil_mode), and DeformConv's spatial part.
bool SlideWindow(const Node& node, const Dims& data, const Dims& kernel, Dims& dims) {
  constexpr std::int64_t kLimit = std::int64_t{1} << 31;
  if (data.size() < 3 || kernel.size() != data.size() - 2) return false;
  const Dims strides = node.Ints("strides"), dilations = node.Ints("dilations"), pads = node.Ints("pads");
  const std::size_t n = kernel.size();
  for (std::size_t i = 0; i < n; ++i) {
    const Window w = {data[i + 2],
                      kernel[i],
                      ValueAt(strides, i, 1),
                      ValueAt(dilations, i, 1),
                      ValueAt(pads, i, 0),
                      ValueAt(pads, n + i, 0)};
    if (std::min({w.kernel, w.stride, w.dilation}) < 1 || std::max({w.kernel, w.stride, w.dilation}) > kLimit)
      return false;
    if (std::max(std::abs(w.pad_begin), std::abs(w.pad_end)) > kLimit || w.extent > (std::int64_t{1} << 60))
      return false;
    const std::int64_t count = CountPositions(w, node.Text("auto_pad", "NOTSET"), node.Int("ceil_mode", 0) != 0);
    if (count < 0) return false;
    dims.push_back(count);
  }
  return true;
}

void PoolRule(const Node& node, Types& types) {
  const Dims* data = node.Shape(0);
  if (!data || data->size() < 3) return;
  Dims dims = {(*data)[0], (*data)[1]};
  if (!SlideWindow(node, *data, node.Ints("kernel_shape"), dims)) return;
  SetOutput(types, 0, node.Dtype(0), dims);
  SetOutput(types, 1, onnx::TensorProto::INT64, dims);  // of MaxPool: indices
}

void DeformConvRule(const Node& node, Types& types) {
  const Dims *data = node.Shape(0), *weights = node.Shape(1);
  if (!data || !weights || data->size() < 3 || weights->size() != data->size()) return;
  Dims dims = {(*data)[0], (*weights)[0]};
  if (SlideWindow(node, *data, Dims(weights->begin() + 2, weights->end()), dims))
    SetOutput(types, 0, node.Dtype(0), dims);
}

// The library crashes on some shapes of this op. (input, indices, output shape).
void MaxUnpoolRule(const Node& node, Types& types) {
  const Dims* data = node.Shape(0);
  const Dims kernel = node.Ints("kernel_shape"), strides = node.Ints("strides"), pads = node.Ints("pads");
  if (!data || data->size() < 3 || kernel.size() != data->size() - 2) return;
  Dims dims = {(*data)[0], (*data)[1]};
  if (node.Has(2)) {
    if (!node.KnownInts(2, dims) || dims.size() != data->size()) return;
    return SetOutput(types, 0, node.Dtype(0), dims);
  }
  const std::size_t n = kernel.size();
  for (std::size_t i = 0; i < n; ++i) {
    std::int64_t dim = (*data)[i + 2] - 1;
    if (__builtin_mul_overflow(dim, ValueAt(strides, i, 1), &dim) || __builtin_add_overflow(dim, kernel[i], &dim))
      return;
    if (__builtin_sub_overflow(dim, ValueAt(pads, i, 0), &dim) ||
        __builtin_sub_overflow(dim, ValueAt(pads, n + i, 0), &dim))
      return;
    dims.push_back(dim);
  }
  SetOutput(types, 0, node.Dtype(0), dims);
}

// Axes an op works on: those listed (negative ones count from the end), or all.
bool AxesOrAll(Dims& axes, std::size_t rank) {
  if (axes.empty()) {
    for (std::size_t d = 0; d < rank; ++d) axes.push_back(static_cast<std::int64_t>(d));
  }
  return std::all_of(axes.begin(), axes.end(), [rank](std::int64_t& axis) { return NormalizeAxis(axis, rank); });
}

void PadRule(const Node& node, Types& types) {
  const Dims* data = node.Shape(0);
  Dims pads, axes;
  if (!data || !node.KnownInts(1, pads) || (node.Has(3) && !node.KnownInts(3, axes))) return;
  if (!AxesOrAll(axes, data->size()) || pads.size() != 2 * axes.size()) return;
  Dims dims = *data;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    std::int64_t& dim = dims[At(axes[i])];
    if (__builtin_add_overflow(dim, pads[i], &dim) || __builtin_add_overflow(dim, pads[axes.size() + i], &dim)) return;
  }
  SetOutput(types, 0, node.Dtype(0), dims);
}

// "not_larger" and "not_smaller" of Resize-18: one scale for all axes, so that the sizes are a limit.
void KeepAspect(const Dims& data, const Dims& axes, bool not_larger, Dims& sizes) {
  double scale = -1;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const double own =
        static_cast<double>(sizes[i]) / static_cast<double>(std::max<std::int64_t>(data[At(axes[i])], 1));
    if (scale < 0 || (not_larger ? own < scale : own > scale)) scale = own;
  }
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const double size = std::floor(scale * static_cast<double>(data[At(axes[i])]) + 0.5);
    sizes[i] = size < 1e12 ? static_cast<std::int64_t>(size) : kMostExtent + 1;
  }
}

bool ResizeSizes(const Node& node, const Dims& data, const Dims& axes, Dims& sizes) {
  if (node.Has(3)) {
    if (!node.KnownInts(3, sizes) || sizes.size() != axes.size()) return false;
    const std::string policy = node.Text("keep_aspect_ratio_policy", "stretch");
    for (std::int64_t size : sizes) {
      if (size < 0 || size > (std::int64_t{1} << 40)) return false;
    }
    if (policy != "stretch") KeepAspect(data, axes, policy == "not_larger", sizes);
    return true;
  }
  const Value* scales = node.Known(2);
  if (!scales || !scales->IsReal() || scales->reals.size() != axes.size()) return false;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const double size = std::floor(static_cast<double>(data[At(axes[i])]) * scales->reals[i]);
    if (!(size >= 0 && size < 1e12)) return false;
    sizes.push_back(static_cast<std::int64_t>(size));
  }
  return true;
}

void ResizeRule(const Node& node, Types& types) {
  const Dims* data = node.Shape(0);
  Dims axes = node.Ints("axes"), sizes;
  if (!data || !AxesOrAll(axes, data->size()) || !ResizeSizes(node, *data, axes, sizes)) return;
  Dims dims = *data;
  for (std::size_t i = 0; i < axes.size(); ++i) dims[At(axes[i])] = sizes[i];
  SetOutput(types, 0, node.Dtype(0), dims);
}

}  // namespace

const std::vector<RuleRow>& PoolingRules() {
  static const std::vector<RuleRow> rows = {
      {"", "AveragePool", 19, kAnyOpset, PoolRule},      {"", "LpPool", 18, kAnyOpset, PoolRule},
      {"", "MaxUnpool", 1, kAnyOpset, MaxUnpoolRule},    {"", "MaxPool", 22, kAnyOpset, PoolRule},
      {"", "DeformConv", 19, kAnyOpset, DeformConvRule}, {"", "Pad", 18, kAnyOpset, PadRule},
      {"", "Resize", 18, kAnyOpset, ResizeRule},         {"com.microsoft", "Pad", 1, kAnyOpset, PadRule},
  };
  return rows;
}

}  // namespace orionrt::onnx_import
