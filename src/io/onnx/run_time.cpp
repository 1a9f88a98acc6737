#include "io/onnx/run_time.hpp"

#include <algorithm>
#include <unordered_map>

#include "base/index.hpp"

namespace orionrt::onnx_import {
namespace {

using RunTimeShape = std::vector<RunTimeDim>;
using RunTimeShapes = std::vector<RunTimeShape>;
using RunTimeRule = RunTimeShapes (*)(const Node&);

RunTimeDim Exactly(std::int64_t dim) { return {dim, dim}; }
RunTimeDim AtMost(std::int64_t dim) { return {std::nullopt, dim}; }

RunTimeShape ExactDims(const Dims& dims) {
  RunTimeShape shape;
  for (const std::int64_t dim : dims) shape.push_back(Exactly(dim));
  return shape;
}

// As many dimensions as an input of numbers has, or one of shape: nothing is known of them.
RunTimeShapes OpenBy(const Node& node, std::size_t input) {
  const Dims* dims = node.Shape(input);
  constexpr std::int64_t kMostDims = 64;
  if (!dims || dims->size() != 1 || (*dims)[0] < 0 || (*dims)[0] > kMostDims) return {};
  return {RunTimeShape(static_cast<std::size_t>((*dims)[0]))};
}

// The axes listed in an input or an attribute, or all, of the first input: each becomes `dim(its extent)`.
template <typename Change>
RunTimeShapes ChangeAxes(const Node& node, std::size_t axes_input, const Change& change) {
  const Dims* data = node.Shape(0);
  if (!data) return {};
  RunTimeShape shape = ExactDims(*data);
  Dims axes = node.Ints("axes");
  const bool is_known = !node.Has(axes_input) || node.KnownInts(axes_input, axes);
  for (std::int64_t axis : axes) {
    if (!NormalizeAxis(axis, data->size())) return {};
  }
  for (std::size_t d = 0; d < shape.size(); ++d) {
    const auto is_axis = [&](std::int64_t axis) {
      return axis == static_cast<std::int64_t>(d) ||
             axis + static_cast<std::int64_t>(shape.size()) == static_cast<std::int64_t>(d);
    };
    if (!is_known || axes.empty() || std::any_of(axes.begin(), axes.end(), is_axis)) shape[d] = change((*data)[d]);
  }
  return {shape};
}

RunTimeDim Open(std::int64_t) { return {}; }

RunTimeShapes SliceDims(const Node& node) { return ChangeAxes(node, 3, AtMost); }
RunTimeShapes PadDims(const Node& node) { return ChangeAxes(node, 3, Open); }
RunTimeShapes ResizeDims(const Node& node) { return ChangeAxes(node, node.inputs.size(), Open); }
RunTimeShapes CropDims(const Node& node) { return ChangeAxes(node, node.inputs.size(), Open); }

RunTimeShapes ReshapeDims(const Node& node) { return OpenBy(node, 1); }
RunTimeShapes OfShapeDims(const Node& node) { return OpenBy(node, 0); }
RunTimeShapes WindowDims(const Node&) { return {RunTimeShape(1)}; }

// (bins, length of the transform, ...): a row per frequency.
RunTimeShapes MelDims(const Node& node) {
  const auto dim_of = [&](std::size_t input, auto change) {
    Dims number;
    return node.KnownInts(input, number) && number.size() == 1 ? Exactly(change(number[0])) : RunTimeDim();
  };
  return {{dim_of(1, [](std::int64_t n) { return n / 2 + 1; }), dim_of(0, [](std::int64_t n) { return n; })}};
}

RunTimeShapes TileDims(const Node& node) {
  const Dims* data = node.Shape(0);
  return data ? RunTimeShapes{RunTimeShape(data->size())} : RunTimeShapes();
}

// The elements that one of `conditions` picks; without an axis of all, in one row.
RunTimeShapes CompressDims(const Node& node) {
  const Dims *data = node.Shape(0), *picks = node.Shape(1);
  const auto total = data ? ElementCount(*data) : std::nullopt;
  if (!total) return {};
  const std::int64_t most = picks && picks->size() == 1 ? (*picks)[0] : kMostExtent;
  if (!node.Attribute("axis")) return {{AtMost(std::min(*total, most))}};
  std::int64_t axis = node.Int("axis", 0);
  if (!NormalizeAxis(axis, data->size())) return {};
  RunTimeShape shape = ExactDims(*data);
  shape[At(axis)] = AtMost(std::min((*data)[At(axis)], most));
  return {shape};
}

RunTimeShapes NonZeroDims(const Node& node) {
  const Dims* data = node.Shape(0);
  const auto total = data ? ElementCount(*data) : std::nullopt;
  if (!total) return {};
  return {{Exactly(static_cast<std::int64_t>(data->size())), AtMost(*total)}};
}

// Values, then three lists of as many indices: two of the values found, one of all.
RunTimeShapes UniqueDims(const Node& node) {
  const Dims* data = node.Shape(0);
  const auto total = data ? ElementCount(*data) : std::nullopt;
  if (!total) return {};
  RunTimeShape values = {AtMost(*total)};
  std::int64_t extent = *total;
  if (node.Attribute("axis")) {
    std::int64_t axis = node.Int("axis", 0);
    if (!NormalizeAxis(axis, data->size())) return {};
    extent = (*data)[At(axis)];
    values = ExactDims(*data);
    values[At(axis)] = AtMost(extent);
  }
  return {values, {AtMost(extent)}, {Exactly(extent)}, {AtMost(extent)}};
}

// Boxes [batch, boxes, 4], scores [batch, classes, boxes], the most boxes a class.
RunTimeShapes NonMaxSuppressionDims(const Node& node) {
  const Dims *boxes = node.Shape(0), *scores = node.Shape(1);
  if (!boxes || !scores || boxes->size() != 3 || scores->size() != 3) return {};
  Dims each = {(*boxes)[1]};
  if (node.KnownInts(2, each) && each.size() == 1) each[0] = std::clamp<std::int64_t>(each[0], 0, (*boxes)[1]);
  if (each.size() != 1) each = {(*boxes)[1]};
  const auto most = ElementCount({(*scores)[0], (*scores)[1], each[0]});
  return {{most ? AtMost(*most) : RunTimeDim(), Exactly(3)}};
}

// A part of an axis is at most all of it.
RunTimeShapes SplitDims(const Node& node) {
  const Dims* data = node.Shape(0);
  std::int64_t axis = node.Int("axis", 0);
  if (!data || !NormalizeAxis(axis, data->size())) return {};
  RunTimeShape most = ExactDims(*data);
  most[At(axis)] = AtMost((*data)[At(axis)]);
  return RunTimeShapes(node.outputs.size(), most);
}

RunTimeShapes TopKDims(const Node& node) {
  const Dims* data = node.Shape(0);
  std::int64_t axis = node.Int("axis", -1);
  if (!data || !NormalizeAxis(axis, data->size())) return {};
  RunTimeShape top = ExactDims(*data);
  top[At(axis)] = AtMost((*data)[At(axis)]);
  return {top, top};
}

// Of two shapes that hold the same elements, whichever it is: known where they are one.
RunTimeShapes OneOf(const Dims& first, const Dims& last) {
  if (first == last) return {ExactDims(first)};
  RunTimeShape shape;
  for (const std::int64_t dim : first) shape.push_back({std::nullopt, std::nullopt, dim});
  return {shape};
}

// `count` axes of extent 1 go, the first or the last of them: where that makes no difference, no other choice does.
// They would be the only ones, or stand side by side.
RunTimeShapes SqueezeDims(const Node& node) {
  const Dims *data = node.Shape(0), *axes = node.Shape(1);
  if (!data || !axes || axes->size() != 1) return {};
  const std::int64_t count = (*axes)[0], ones = std::count(data->begin(), data->end(), 1);
  if (count < 0 || count > ones) return {};
  Dims without_first, without_last;
  std::int64_t seen = 0;
  for (const std::int64_t dim : *data) {
    if (dim == 1) ++seen;
    if (dim != 1 || seen > count) without_first.push_back(dim);
    if (dim != 1 || seen <= ones - count) without_last.push_back(dim);
  }
  return OneOf(without_first, without_last);
}

RunTimeShapes UnsqueezeDims(const Node& node) {
  const Dims *data = node.Shape(0), *axes = node.Shape(1);
  if (!data || !axes || axes->size() != 1 || (*axes)[0] < 0 || (*axes)[0] > 64) return {};
  Dims in_front(static_cast<std::size_t>((*axes)[0]), 1), behind = *data;
  behind.insert(behind.end(), in_front.begin(), in_front.end());
  in_front.insert(in_front.end(), data->begin(), data->end());
  return OneOf(in_front, behind);
}

// Each axis is kept or reduced; where reduced ones vanish, each that is left is one of the old.
RunTimeShapes ReduceDims(const Node& node) {
  const Dims *data = node.Shape(0), *axes = node.Shape(1);
  if (!data) return {};
  RunTimeShape shape;
  for (const std::int64_t dim : *data) shape.push_back(AtMost(std::max<std::int64_t>(dim, 1)));
  if (node.Int("keepdims", 1) != 0) return {shape};
  if (!axes || axes->size() != 1 || (*axes)[0] < 0 || (*axes)[0] > static_cast<std::int64_t>(data->size())) return {};
  const auto gone = static_cast<std::ptrdiff_t>((*axes)[0]);
  shape.clear();
  for (auto first = data->begin(); first != data->end() - gone; ++first) {
    shape.push_back(AtMost(*std::max_element(first, first + gone + 1)));
  }
  return {shape};
}

// (image [N, C * patch, windows], image shape, patch shape).
RunTimeShapes Col2ImDims(const Node& node) {
  const Dims *data = node.Shape(0), *image = node.Shape(1);
  if (!data || data->size() != 3 || !image || image->size() != 1 || (*image)[0] < 1 || (*image)[0] > 8) return {};
  RunTimeShape shape(static_cast<std::size_t>((*image)[0]) + 2);
  shape[0] = Exactly((*data)[0]);
  shape[1] = AtMost((*data)[1]);
  return {shape};
}

RunTimeShapes StftDims(const Node& node) {
  const Dims* signal = node.Shape(0);
  if (!signal || signal->size() < 2) return {};
  return {{Exactly((*signal)[0]), AtMost((*signal)[1]), AtMost((*signal)[1]), Exactly(2)}};
}

// The length is free; the axis may be too.
RunTimeShapes DftDims(const Node& node) {
  const Dims* data = node.Shape(0);
  Dims axis = {node.opset >= 20 ? -2 : node.Int("axis", 1)};
  if (!data || data->size() < 2) return {};
  const bool is_back = node.Int("onesided", 0) != 0 && node.Int("inverse", 0) != 0;
  RunTimeShape shape = ExactDims(*data);
  shape.back() = Exactly(is_back ? 1 : 2);
  if (!node.Has(2) || (node.KnownInts(2, axis) && axis.size() == 1)) {
    if (!NormalizeAxis(axis[0], data->size())) return {};
    shape[At(axis[0])] = {};
  } else {
    std::fill(shape.begin(), shape.end() - 1, RunTimeDim());
  }
  return {shape};
}

RunTimeShapes MaxUnpoolDims(const Node& node) {
  const Dims* data = node.Shape(0);
  if (!data || data->size() < 3) return {};
  RunTimeShape shape(data->size());
  shape[0] = Exactly((*data)[0]);
  shape[1] = Exactly((*data)[1]);
  return {shape};
}

// (theta [N, 2 or 3, 3 or 4], size of 4 or 5).
RunTimeShapes AffineGridDims(const Node& node) {
  const Dims *theta = node.Shape(0), *size = node.Shape(1);
  if (!theta || theta->empty() || !size || size->size() != 1 || ((*size)[0] != 4 && (*size)[0] != 5)) return {};
  RunTimeShape shape(static_cast<std::size_t>((*size)[0]));
  shape.front() = Exactly((*theta)[0]);
  shape.back() = Exactly((*size)[0] - 2);
  return {shape};
}

RunTimeShapes OneHotDims(const Node& node) {
  const Dims* indices = node.Shape(0);
  std::int64_t axis = node.Int("axis", -1);
  if (!indices || !NormalizeAxis(axis, indices->size() + 1)) return {};
  RunTimeShape shape = ExactDims(*indices);
  shape.insert(shape.begin() + axis, RunTimeDim());
  return {shape};
}

RunTimeShapes ImageDims(const Node& node) {
  return {{RunTimeDim(), RunTimeDim(), Exactly(node.Text("pixel_format", "RGB") == "Grayscale" ? 1 : 3)}};
}

struct RunTimeRow {
  const char* op;
  RunTimeRule rule;
};

constexpr RunTimeRow kRunTimeRows[] = {
    {"Slice", SliceDims},
    {"Pad", PadDims},
    {"Resize", ResizeDims},
    {"Upsample", ResizeDims},
    {"CenterCropPad", CropDims},
    {"Reshape", ReshapeDims},
    {"Expand", ReshapeDims},
    {"ConstantOfShape", OfShapeDims},
    {"Tile", TileDims},
    {"Range", WindowDims},
    {"HannWindow", WindowDims},
    {"HammingWindow", WindowDims},
    {"BlackmanWindow", WindowDims},
    {"MelWeightMatrix", MelDims},
    {"Compress", CompressDims},
    {"NonZero", NonZeroDims},
    {"Unique", UniqueDims},
    {"NonMaxSuppression", NonMaxSuppressionDims},
    {"Split", SplitDims},
    {"TopK", TopKDims},
    {"Squeeze", SqueezeDims},
    {"Unsqueeze", UnsqueezeDims},
    {"ReduceSum", ReduceDims},
    {"ReduceMax", ReduceDims},
    {"ReduceMin", ReduceDims},
    {"ReduceMean", ReduceDims},
    {"ReduceProd", ReduceDims},
    {"ReduceL1", ReduceDims},
    {"ReduceL2", ReduceDims},
    {"ReduceLogSum", ReduceDims},
    {"ReduceLogSumExp", ReduceDims},
    {"ReduceSumSquare", ReduceDims},
    {"Col2Im", Col2ImDims},
    {"STFT", StftDims},
    {"DFT", DftDims},
    {"MaxUnpool", MaxUnpoolDims},
    {"AffineGrid", AffineGridDims},
    {"OneHot", OneHotDims},
    {"ImageDecoder", ImageDims},
};

}  // namespace

std::vector<std::vector<RunTimeDim>> FindRunTimeDims(const Node& node) {
  static const auto table = [] {
    std::unordered_map<std::string, RunTimeRule> all;
    for (const RunTimeRow& row : kRunTimeRows) all.emplace(row.op, row.rule);
    return all;
  }();
  const auto row = node.Domain().empty() ? table.find(node.Op()) : table.end();
  return row == table.end() ? std::vector<std::vector<RunTimeDim>>() : row->second(node);
}

}  // namespace orionrt::onnx_import
