// Shapes and types of the outputs of ops that were removed, of first opsets, and of ai.onnx.ml.
#include <algorithm>

#include "base/index.hpp"
#include "io/onnx/rules.hpp"

namespace orionrt::onnx_import {
namespace {

using onnx::TensorProto;

// Crop (removed): border = left, top, right, bottom; `scale`, if given, is the size of the result.
void CropRule(const Node& node, Types& types) {
  const Dims* data = node.Shape(0);
  const Dims border = node.Ints("border"), scale = node.Ints("scale");
  if (!data || data->size() != 4 || border.size() != 4) return;
  for (std::int64_t b : border) {
    if (b < 0 || b > (*data)[2] + (*data)[3]) return;
  }
  Dims dims = *data;
  dims[2] = scale.size() == 2 ? scale[0] : dims[2] - border[1] - border[3];
  dims[3] = scale.size() == 2 ? scale[1] : dims[3] - border[0] - border[2];
  SetOutput(types, 0, node.Dtype(0), dims);
}

void ReshapeByAttributeRule(const Node& node, Types& types) {
  const Dims* data = node.Shape(0);
  Dims dims = node.Ints("shape");
  const std::optional<std::int64_t> total = data ? ElementCount(*data) : std::nullopt;
  if (!total) return;
  std::int64_t open = -1, known = 1;
  for (std::size_t d = 0; d < dims.size(); ++d) {
    if (dims[d] == 0 && d < data->size()) dims[d] = (*data)[d];
    if (dims[d] == -1 && open < 0) {
      open = static_cast<std::int64_t>(d);
    } else if (dims[d] < 0 || __builtin_mul_overflow(known, dims[d], &known)) {
      return;
    }
  }
  if (open >= 0 && known > 0) dims[At(open)] = *total / known;
  SetOutput(types, 0, node.Dtype(0), dims);
}

void ConcatFirstOpsetRule(const Node& node, Types& types) {
  const Dims* first = node.Shape(0);
  std::int64_t axis = node.Int("axis", 1);
  if (!first || !NormalizeAxis(axis, first->size())) return;
  Dims dims = *first;
  for (std::size_t i = 1; i < node.inputs.size(); ++i) {
    const Dims* next = node.Shape(i);
    if (!next || next->size() != dims.size() ||
        __builtin_add_overflow(dims[At(axis)], (*next)[At(axis)], &dims[At(axis)]))
      return;
  }
  SetOutput(types, 0, node.Dtype(0), dims);
}

void PadFirstOpsetRule(const Node& node, Types& types) {
  const Dims* data = node.Shape(0);
  const Dims pads = node.Ints("paddings");
  if (!data || pads.size() != 2 * data->size()) return;
  Dims dims = *data;
  for (std::size_t d = 0; d < dims.size(); ++d) {
    if (__builtin_add_overflow(dims[d], pads[d], &dims[d])) return;
    if (__builtin_add_overflow(dims[d], pads[data->size() + d], &dims[d])) return;
  }
  SetOutput(types, 0, node.Dtype(0), dims);
}

void FloatSameRule(const Node& node, Types& types) {
  if (const Dims* dims = node.Shape(0)) SetOutput(types, 0, TensorProto::FLOAT, *dims);
}

// One row of `columns` results per row of the input, as regressors give them.
void RowsRule(const Node& node, Types& types) {
  const Dims* data = node.Shape(0);
  if (!data || data->empty()) return;
  const char* width = node.Op() == "LinearRegressor" ? "targets" : "n_targets";
  const std::int64_t rows = data->size() == 1 ? 1 : (*data)[0];
  SetOutput(types, 0, TensorProto::FLOAT, {rows, std::max<std::int64_t>(node.Int(width, 1), 1)});
}

void OneHotEncoderRule(const Node& node, Types& types) {
  const Dims* data = node.Shape(0);
  const auto* strings = node.Attribute("cats_strings");
  const std::size_t categories = node.Ints("cats_int64s").size() + (strings ? At(strings->strings_size()) : 0);
  if (!data) return;
  Dims dims = *data;
  dims.push_back(static_cast<std::int64_t>(categories));
  SetOutput(types, 0, TensorProto::FLOAT, dims);
}

void ArrayFeatureExtractorRule(const Node& node, Types& types) {
  const Dims *data = node.Shape(0), *picked = node.Shape(1);
  const std::optional<std::int64_t> count = picked ? ElementCount(*picked) : std::nullopt;
  if (!data || data->empty() || !count) return;
  Dims dims = *data;
  dims.back() = *count;
  if (dims.size() == 1) dims.insert(dims.begin(), 1);
  SetOutput(types, 0, node.Dtype(0), dims);
}

// One row for each of the input, of as many features as all of them have.
void FeatureVectorizerRule(const Node& node, Types& types) {
  const Dims* data = node.Shape(0);
  std::int64_t width = 0;
  for (const std::int64_t each : node.Ints("inputdimensions")) {
    if (each < 0 || __builtin_add_overflow(width, each, &width)) return;
  }
  if (!data || data->empty() || width == 0) return;
  SetOutput(types, 0, TensorProto::FLOAT, {data->size() == 1 ? 1 : (*data)[0], width});
}

// Without broadcasting in the modern sense: the first operand has the shape of the result.
std::vector<RuleRow> MakeLegacyRows() {
  std::vector<RuleRow> rows = {
      {"", "Crop", 1, kAnyOpset, CropRule},
      {"", "Reshape", 1, 4, ReshapeByAttributeRule},
      {"", "Concat", 1, 3, ConcatFirstOpsetRule},
      {"", "Pad", 1, 1, PadFirstOpsetRule},
      {"ai.onnx.ml", "Scaler", 1, kAnyOpset, FloatSameRule},
      {"ai.onnx.ml", "Normalizer", 1, kAnyOpset, FloatSameRule},
      {"ai.onnx.ml", "Imputer", 1, kAnyOpset, SameAsFirst},
      {"ai.onnx.ml", "Binarizer", 1, kAnyOpset, SameAsFirst},
      {"ai.onnx.ml", "LinearRegressor", 1, kAnyOpset, RowsRule},
      {"ai.onnx.ml", "SVMRegressor", 1, kAnyOpset, RowsRule},
      {"ai.onnx.ml", "TreeEnsembleRegressor", 1, kAnyOpset, RowsRule},
      {"ai.onnx.ml", "FeatureVectorizer", 1, kAnyOpset, FeatureVectorizerRule},
      {"ai.onnx.ml", "OneHotEncoder", 1, kAnyOpset, OneHotEncoderRule},
      {"ai.onnx.ml", "ArrayFeatureExtractor", 1, kAnyOpset, ArrayFeatureExtractorRule},
  };
  for (const char* op : {"Abs",       "Add",         "BatchNormalization",
                         "Ceil",      "Clip",        "Div",
                         "Dropout",   "Elu",         "Exp",
                         "Floor",     "HardSigmoid", "InstanceNormalization",
                         "LeakyRelu", "Log",         "Max",
                         "Mean",      "Min",         "Mul",
                         "Neg",       "PRelu",       "Reciprocal",
                         "Relu",      "Selu",        "Sigmoid",
                         "Sqrt",      "Sub",         "Sum",
                         "Tanh"}) {
    rows.push_back({"", op, 1, 5, SameAsFirst});
  }
  for (const char* op : {"Affine", "ImageScaler", "ParametricSoftplus", "ScaledTanh", "Scale", "ThresholdedRelu"}) {
    rows.push_back({"", op, 1, 9, SameAsFirst});
  }
  return rows;
}

}  // namespace

const std::vector<RuleRow>& LegacyRules() {
  static const std::vector<RuleRow> rows = MakeLegacyRows();
  return rows;
}

}  // namespace orionrt::onnx_import
