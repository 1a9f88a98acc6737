// Constant folding of what moves elements and computes none: shapes, slices, gathers, concatenations.
#include <algorithm>

#include "base/index.hpp"
#include "io/onnx/evaluate_ops.hpp"
#include "io/onnx/onnx_aliases.hpp"

namespace orionrt::onnx_import {
namespace {

using Values = std::vector<Value>;

Values One(std::optional<Value> value) {
  Values all;
  if (value) all.push_back(std::move(*value));
  return all;
}

Values Reshaped(const Value* value, Dims dims) {
  if (!value || ElementCount(dims) != static_cast<std::int64_t>(value->Count())) return {};
  Value result = *value;
  result.dims = std::move(dims);
  return One(std::move(result));
}

std::int64_t ProductOf(const Dims& dims, std::size_t from, std::size_t to) {
  std::int64_t product = 1;
  for (std::size_t i = from; i < to; ++i) product *= dims[i];
  return product;
}

// How far apart neighbours along each dimension lie.
Dims StridesOf(const Dims& dims) {
  Dims strides(dims.size(), 1);
  for (std::size_t d = dims.size(); d-- > 1;) strides[d - 1] = strides[d] * dims[d];
  return strides;
}

// A tensor of `dims` out of elements of `data`. offset(strides, d, i) is what index i along its dimension d adds to the
// position in `data`, whose strides are given.
template <typename Offset>
Values Gathered(const Value& data, Dims dims, Offset offset) {
  std::optional<Value> result = Blank(data.dtype, std::move(dims));
  if (!result || result->Count() == 0) return One(std::move(result));
  const Dims strides = StridesOf(data.dims);
  for (std::size_t at = 0; at < result->Count(); ++at) {
    std::int64_t rest = static_cast<std::int64_t>(at), source = 0;
    for (std::size_t d = result->dims.size(); d-- > 0;) {
      source += offset(strides, d, rest % result->dims[d]);
      rest /= result->dims[d];
    }
    CopyElement(data, At(source), *result, at);
  }
  return One(std::move(result));
}

Value IntVector(Dims elements) {
  Value value;
  value.dtype = onnx::TensorProto::INT64;
  value.dims = {static_cast<std::int64_t>(elements.size())};
  value.ints = std::move(elements);
  return value;
}

Values EvaluateShape(const Node& node) {
  const Dims* dims = node.Shape(0);
  if (!dims || node.inputs[0]->bounded) return {};
  const std::int64_t rank = static_cast<std::int64_t>(dims->size());
  auto clamp = [rank](std::int64_t i) { return std::clamp<std::int64_t>(i < 0 ? i + rank : i, 0, rank); };
  const std::int64_t start = clamp(node.Int("start", 0));
  const std::int64_t end = std::max(start, clamp(node.Int("end", rank)));
  return {IntVector(Dims(dims->begin() + start, dims->begin() + end))};
}

Values EvaluateSize(const Node& node) {
  const Dims* dims = node.Shape(0);
  const std::optional<std::int64_t> count = dims ? ElementCount(*dims) : std::nullopt;
  if (!count || node.inputs[0]->bounded) return {};
  Value value = IntVector({*count});
  value.dims.clear();
  return {value};
}

Values EvaluateIdentity(const Node& node) {
  const Value* value = node.Known(0);
  return value ? Values{*value} : Values();
}

Values EvaluateConstantOfShape(const Node& node) {
  Dims dims;
  if (!node.KnownInts(0, dims)) return {};
  Value fill;
  fill.dtype = onnx::TensorProto::FLOAT;
  fill.reals = {0};
  if (const auto* attribute = node.Attribute("value")) {
    std::optional<Value> read = ReadValue(attribute->t());
    if (!read || read->Count() != 1) return {};
    fill = *read;
  }
  std::optional<Value> result = Blank(fill.dtype, dims);
  if (!result) return {};
  for (std::size_t i = 0; i < result->Count(); ++i) CopyElement(fill, 0, *result, i);
  return One(std::move(result));
}

Values EvaluateGather(const Node& node) {
  const Value* data = node.Known(0);
  const Value* indices = node.Known(1);
  std::int64_t axis = node.Int("axis", 0);
  if (!data || !indices || indices->IsReal() || !NormalizeAxis(axis, data->dims.size())) return {};
  Dims dims(data->dims.begin(), data->dims.begin() + axis);
  dims.insert(dims.end(), indices->dims.begin(), indices->dims.end());
  dims.insert(dims.end(), data->dims.begin() + axis + 1, data->dims.end());
  std::optional<Value> result = Blank(data->dtype, dims);
  if (!result) return {};
  const std::int64_t extent = data->dims[At(axis)];
  const std::int64_t outer = ProductOf(data->dims, 0, At(axis));
  const std::int64_t inner = ProductOf(data->dims, At(axis) + 1, data->dims.size());
  std::size_t at = 0;
  for (std::int64_t o = 0; o < outer; ++o) {
    for (std::int64_t index : indices->ints) {
      if (index < -extent || index >= extent) return {};
      if (index < 0) index += extent;
      for (std::int64_t i = 0; i < inner; ++i) CopyElement(*data, At((o * extent + index) * inner + i), *result, at++);
    }
  }
  return One(std::move(result));
}

Values EvaluateConcat(const Node& node) {
  const Value* first = node.Known(0);
  std::int64_t axis = node.Int("axis", 1);  // opset 1 had a default
  if (!first || !NormalizeAxis(axis, first->dims.size())) return {};
  Dims dims = first->dims;
  dims[At(axis)] = 0;
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    const Value* operand = node.Known(i);
    if (!operand || operand->dtype != first->dtype || operand->dims.size() != dims.size()) return {};
    for (std::size_t d = 0; d < dims.size(); ++d) {
      if (static_cast<std::int64_t>(d) != axis && operand->dims[d] != dims[d]) return {};
    }
    dims[At(axis)] += operand->dims[At(axis)];
    if (dims[At(axis)] > kMaxValueElements) return {};
  }
  std::optional<Value> result = Blank(first->dtype, dims);
  if (!result) return {};
  std::size_t at = 0;
  for (std::int64_t o = 0; o < ProductOf(dims, 0, At(axis)); ++o) {
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      const Value& operand = *node.Known(i);
      const std::int64_t run = ProductOf(operand.dims, At(axis), operand.dims.size());
      for (std::int64_t k = 0; k < run; ++k) CopyElement(operand, At(o * run + k), *result, at++);
    }
  }
  return One(std::move(result));
}

// Positions start, start + step, ... that Slice takes along an axis of this extent.
Dims SlicePositions(std::int64_t start, std::int64_t end, std::int64_t step, std::int64_t extent) {
  const bool forward = step > 0;
  auto clamp = [&](std::int64_t i) {
    if (i < 0) i = std::max<std::int64_t>(i, -extent - 1) + extent;
    return std::clamp<std::int64_t>(i, forward ? 0 : -1, forward ? extent : extent - 1);
  };
  step = std::clamp<std::int64_t>(step, -extent - 1, extent + 1);
  Dims positions;
  end = clamp(end);
  for (std::int64_t i = clamp(start); forward ? i < end : i > end; i += step) {
    if (i >= 0 && i < extent) positions.push_back(i);
  }
  return positions;
}

Values EvaluateSlice(const Node& node) {
  const Value* data = node.Known(0);
  Dims starts, ends, axes, steps;
  if (!data || !SliceArguments(node, data->dims.size(), starts, ends, axes, steps)) return {};
  std::vector<Dims> taken;
  for (std::int64_t extent : data->dims) taken.push_back(SlicePositions(0, extent, 1, extent));
  for (std::size_t i = 0; i < axes.size(); ++i) {
    if (steps[i] == 0) return {};
    taken[At(axes[i])] = SlicePositions(starts[i], ends[i], steps[i], data->dims[At(axes[i])]);
  }
  Dims dims;
  for (const Dims& positions : taken) dims.push_back(static_cast<std::int64_t>(positions.size()));
  return Gathered(*data, std::move(dims),
                  [&](const Dims& strides, std::size_t d, std::int64_t i) { return taken[d][At(i)] * strides[d]; });
}

bool AxesOf(const Node& node, Dims& axes) {
  if (node.Has(1)) return node.KnownInts(1, axes);
  axes = node.Ints("axes");
  return true;
}

Values EvaluateUnsqueeze(const Node& node) {
  const Value* data = node.Known(0);
  Dims axes;
  if (!data || !AxesOf(node, axes) || axes.size() > 16) return {};
  Dims dims(data->dims.size() + axes.size(), 0);
  for (std::int64_t axis : axes) {
    if (!NormalizeAxis(axis, dims.size()) || dims[At(axis)] == 1) return {};
    dims[At(axis)] = 1;
  }
  std::size_t next = 0;
  std::vector<bool> inserted(dims.size(), false);
  for (std::size_t d = 0; d < dims.size(); ++d) inserted[d] = dims[d] == 1;
  for (std::size_t d = 0; d < dims.size(); ++d) {
    if (!inserted[d]) dims[d] = data->dims[next++];
  }
  return Reshaped(data, std::move(dims));
}

Values EvaluateSqueeze(const Node& node) {
  const Value* data = node.Known(0);
  Dims axes;
  if (!data || !AxesOf(node, axes)) return {};
  std::vector<bool> drop(data->dims.size(), false);
  for (std::size_t d = 0; axes.empty() && d < drop.size(); ++d) drop[d] = data->dims[d] == 1;
  for (std::int64_t axis : axes) {
    if (!NormalizeAxis(axis, drop.size())) return {};
    drop[At(axis)] = true;
  }
  Dims dims;
  for (std::size_t d = 0; d < drop.size(); ++d) {
    if (!drop[d]) dims.push_back(data->dims[d]);
  }
  return Reshaped(data, std::move(dims));
}

Values EvaluateReshape(const Node& node) {
  const Value* data = node.Known(0);
  Dims target = node.Ints("shape");
  if (!data || (node.Has(1) && !node.KnownInts(1, target))) return {};
  std::int64_t known = 1;
  int open = -1;
  for (std::size_t d = 0; d < target.size(); ++d) {
    if (target[d] == 0 && d < data->dims.size() && node.Int("allowzero", 0) == 0) target[d] = data->dims[d];
    if (target[d] == -1 && open < 0) {
      open = static_cast<int>(d);
    } else if (target[d] < 0 || target[d] > kMaxValueElements) {
      return {};
    } else {
      known = std::min(known * target[d], kMaxValueElements + 1);
    }
  }
  if (open >= 0 && known == 0) return {};
  if (open >= 0) target[At(open)] = static_cast<std::int64_t>(data->Count()) / known;
  return Reshaped(data, std::move(target));
}

Values EvaluateTranspose(const Node& node) {
  const Value* data = node.Known(0);
  if (!data) return {};
  const std::size_t rank = data->dims.size();
  Dims perm = node.Ints("perm");
  for (std::size_t d = 0; perm.size() < rank && d < rank; ++d) perm.push_back(static_cast<std::int64_t>(rank - 1 - d));
  if (perm.size() != rank) return {};
  Dims dims;
  for (std::int64_t axis : perm) {
    if (axis < 0 || axis >= static_cast<std::int64_t>(rank)) return {};
    dims.push_back(data->dims[At(axis)]);
  }
  if (ElementCount(dims) != static_cast<std::int64_t>(data->Count())) return {};
  return Gathered(*data, std::move(dims),
                  [&](const Dims& strides, std::size_t d, std::int64_t i) { return i * strides[At(perm[d])]; });
}

Values EvaluateExpand(const Node& node) {
  const Value* data = node.Known(0);
  Dims target;
  if (!data || !node.KnownInts(1, target)) return {};
  const std::optional<Dims> dims = Broadcast({&data->dims, &target});
  std::optional<Value> result = dims ? Blank(data->dtype, *dims) : std::nullopt;
  if (!result) return {};
  for (std::size_t i = 0; i < result->Count(); ++i)
    CopyElement(*data, BroadcastIndex(i, *dims, data->dims), *result, i);
  return One(std::move(result));
}

Values EvaluateTile(const Node& node) {
  const Value* data = node.Known(0);
  Dims repeats;
  if (!data || !node.KnownInts(1, repeats) || repeats.size() != data->dims.size()) return {};
  Dims dims;
  for (std::size_t d = 0; d < repeats.size(); ++d) {
    if (repeats[d] < 0 || repeats[d] > kMaxValueElements) return {};
    dims.push_back(data->dims[d] * repeats[d]);
  }
  return Gathered(*data, std::move(dims),
                  [&](const Dims& strides, std::size_t d, std::int64_t i) { return i % data->dims[d] * strides[d]; });
}

// Of vectors only: that is what shapes are.
Values EvaluateSplit(const Node& node) {
  const Value* data = node.Known(0);
  const std::size_t count = node.outputs.size();
  if (!data || data->dims.size() != 1 || count == 0) return {};
  Dims sizes = node.Ints("split");
  if (node.Has(1) && !node.KnownInts(1, sizes)) return {};
  const std::int64_t each = (data->dims[0] + static_cast<std::int64_t>(count) - 1) / static_cast<std::int64_t>(count);
  if (sizes.empty()) sizes.assign(count, each);
  if (sizes.size() != count) return {};
  Values results;
  std::int64_t at = 0;
  for (std::int64_t size : sizes) {
    if (!node.Has(1) && !node.Attribute("split")) size = std::min(size, data->dims[0] - at);
    if (size < 0 || size > data->dims[0] - at) return {};
    std::optional<Value> output = Blank(data->dtype, {size});
    if (!output) return {};
    for (std::int64_t i = 0; i < size; ++i) CopyElement(*data, At(at + i), *output, At(i));
    at += size;
    results.push_back(std::move(*output));
  }
  return results;
}

// ScatterElements and ScatterND on a vector, one number an index.
Values EvaluateScatter(const Node& node) {
  const Value *data = node.Known(0), *updates = node.Known(2);
  Dims indices;
  if (!data || !updates || !node.KnownInts(1, indices) || node.Text("reduction", "none") != "none") return {};
  const bool has_depth = node.Op() == "ScatterND" && (node.Known(1)->dims.empty() || node.Known(1)->dims.back() != 1);
  if (data->dims.size() != 1 || has_depth || updates->Count() != indices.size() || updates->dtype != data->dtype) {
    return {};
  }
  Value result = *data;
  for (std::size_t i = 0; i < indices.size(); ++i) {
    if (!NormalizeAxis(indices[i], result.Count())) return {};
    CopyElement(*updates, i, result, At(indices[i]));
  }
  return One(std::move(result));
}

Values EvaluateNonZero(const Node& node) {
  const Value* data = node.Known(0);
  if (!data) return {};
  Dims hits;
  for (std::size_t i = 0; i < data->Count(); ++i) {
    if (data->IsReal() ? data->reals[i] != 0 : data->ints[i] != 0) hits.push_back(static_cast<std::int64_t>(i));
  }
  const std::size_t rank = data->dims.size();
  std::optional<Value> result =
      Blank(onnx::TensorProto::INT64, {static_cast<std::int64_t>(rank), static_cast<std::int64_t>(hits.size())});
  if (!result) return {};
  for (std::size_t h = 0; h < hits.size(); ++h) {
    for (std::size_t d = rank; d-- > 0;) {
      result->ints[d * hits.size() + h] = hits[h] % data->dims[d];
      hits[h] /= data->dims[d];
    }
  }
  return One(std::move(result));
}

}  // namespace

std::optional<Value> Blank(int dtype, Dims dims) {
  const std::optional<std::int64_t> count = ElementCount(dims);
  if (!count || *count > kMaxValueElements) return std::nullopt;
  Value value;
  value.dtype = dtype;
  value.dims = std::move(dims);
  if (value.IsReal()) {
    value.reals.assign(static_cast<std::size_t>(*count), 0);
  } else {
    value.ints.assign(static_cast<std::size_t>(*count), 0);
  }
  return value;
}

void CopyElement(const Value& from, std::size_t i, Value& to, std::size_t j) {
  if (from.IsReal()) {
    to.reals[j] = from.reals[i];
  } else {
    to.ints[j] = from.ints[i];
  }
}

std::optional<Dims> Broadcast(const std::vector<const Dims*>& shapes) {
  std::size_t rank = 0;
  for (const Dims* shape : shapes) rank = std::max(rank, shape->size());
  Dims out(rank, 1);
  for (const Dims* shape : shapes) {
    for (std::size_t d = 0; d < shape->size(); ++d) {
      std::int64_t& have = out[rank - shape->size() + d];
      const std::int64_t want = (*shape)[d];
      if (want == 1 || want == have) continue;
      if (have != 1) return std::nullopt;
      have = want;
    }
  }
  return out;
}

std::size_t BroadcastIndex(std::size_t i, const Dims& out, const Dims& dims) {
  std::size_t index = 0, stride = 1;
  const std::size_t lead = out.size() - dims.size();
  for (std::size_t d = out.size(); d-- > lead;) {
    const std::size_t position = i % static_cast<std::size_t>(out[d]);
    i /= static_cast<std::size_t>(out[d]);
    const std::size_t extent = static_cast<std::size_t>(dims[d - lead]);
    if (extent != 1) index += position * stride;
    stride *= extent;
  }
  return index;
}

const std::vector<EvaluatorRow>& MoveEvaluators() {
  static const std::vector<EvaluatorRow> rows = {
      {"Shape", EvaluateShape},         {"Size", EvaluateSize},
      {"Identity", EvaluateIdentity},   {"ConstantOfShape", EvaluateConstantOfShape},
      {"Gather", EvaluateGather},       {"Concat", EvaluateConcat},
      {"Slice", EvaluateSlice},         {"Unsqueeze", EvaluateUnsqueeze},
      {"Squeeze", EvaluateSqueeze},     {"Reshape", EvaluateReshape},
      {"Transpose", EvaluateTranspose}, {"Expand", EvaluateExpand},
      {"Tile", EvaluateTile},           {"Split", EvaluateSplit},
      {"NonZero", EvaluateNonZero},     {"ScatterElements", EvaluateScatter},
      {"ScatterND", EvaluateScatter},
  };
  return rows;
}

}  // namespace orionrt::onnx_import
