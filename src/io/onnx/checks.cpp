#include "io/onnx/checks.hpp"

#include <onnx/defs/schema.h>

#include <algorithm>

#include "base/index.hpp"

namespace orionrt::onnx_import {
namespace {

using onnx::AttributeProto;
using onnx::OpSchema;

// Old files leave the type out; the field that is set then tells.
AttributeProto::AttributeType TypeOf(const AttributeProto& attribute) {
  if (attribute.type() != AttributeProto::UNDEFINED) return attribute.type();
  if (attribute.has_f()) return AttributeProto::FLOAT;
  if (attribute.has_i()) return AttributeProto::INT;
  if (attribute.has_s()) return AttributeProto::STRING;
  if (attribute.has_t()) return AttributeProto::TENSOR;
  if (attribute.has_g()) return AttributeProto::GRAPH;
  if (attribute.ints_size() > 0) return AttributeProto::INTS;
  if (attribute.floats_size() > 0) return AttributeProto::FLOATS;
  if (attribute.strings_size() > 0) return AttributeProto::STRINGS;
  return AttributeProto::UNDEFINED;
}

bool HoldsItsType(const AttributeProto& attribute) {
  switch (attribute.type()) {
    case AttributeProto::FLOAT:
      return attribute.has_f();
    case AttributeProto::INT:
      return attribute.has_i();
    case AttributeProto::STRING:
      return attribute.has_s();
    case AttributeProto::TENSOR:
      return attribute.has_t();
    case AttributeProto::GRAPH:
      return attribute.has_g();
    default:
      return true;
  }
}

std::string CheckInputs(const Node& node, const OpSchema& schema) {
  const int count = static_cast<int>(node.inputs.size());
  if (count < schema.min_input() || count > schema.max_input()) {
    return "has " + std::to_string(count) + " inputs, which " + node.Op() + " does not take";
  }
  for (int i = 0; i < count; ++i) {
    const int formal = std::min(i, static_cast<int>(schema.inputs().size()) - 1);
    if (!node.inputs[At(i)] && (formal < 0 || schema.inputs()[At(formal)].GetOption() == OpSchema::Single)) {
      return "leaves out input " + std::to_string(i) + ", which " + node.Op() + " needs";
    }
  }
  return "";
}

// A single integer attribute that counts or divides, with the values that make sense.
struct IntLimit {
  const char* name;
  std::int64_t low;
  std::int64_t high;
};
constexpr std::int64_t kLarge = std::int64_t{1} << 31;
constexpr IntLimit kIntLimits[] = {
    {"group", 1, kLarge},        {"blocksize", 1, 1 << 15},      {"num_heads", 1, kLarge},
    {"hidden_size", 1, kLarge},  {"num_scan_inputs", 0, kLarge}, {"output_height", 0, kLarge},
    {"output_width", 0, kLarge},
};

struct ListLimit {
  const char* name;
  std::int64_t low;
  std::int64_t high;
};
constexpr ListLimit kListLimits[] = {
    {"strides", 1, kLarge},
    {"dilations", 1, kLarge},
    {"kernel_shape", 1, kLarge},
    {"pads", -kLarge, kLarge},
    {"output_padding", -kLarge, kLarge},
    {"output_shape", 0, kLarge},
    {"scale", -kLarge, kLarge},
};

std::string OutOfRange(const std::string& name, std::int64_t value) {
  return "attribute \"" + name + "\" has the value " + std::to_string(value) + ", which makes no sense";
}

std::string CheckLimits(const Node& node) {
  for (const IntLimit& limit : kIntLimits) {
    const AttributeProto* attribute = node.Attribute(limit.name);
    if (attribute && attribute->has_i() && (attribute->i() < limit.low || attribute->i() > limit.high)) {
      return OutOfRange(limit.name, attribute->i());
    }
  }
  for (const ListLimit& limit : kListLimits) {
    const AttributeProto* attribute = node.Attribute(limit.name);
    for (int i = 0; attribute && i < attribute->ints_size(); ++i) {
      const std::int64_t value = attribute->ints(i);
      if (value < limit.low || value > limit.high) return OutOfRange(limit.name, value);
    }
  }
  return "";
}

// Axes of no rank at hand are left to the library; here only what could index out of every array.
std::string CheckAxes(const Node& node) {
  std::int64_t rank = 0;
  bool known = !node.inputs.empty();
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    if (!node.inputs[i]) continue;
    const Dims* dims = node.Shape(i);
    if (dims) rank = std::max(rank, static_cast<std::int64_t>(dims->size()));
    if (!dims && i == 0) known = false;
  }
  if (!known) return "";
  const AttributeProto* axes = node.Attribute("axes");
  const AttributeProto* axis = node.Attribute("axis");
  const std::int64_t limit = rank + 1 + (axes ? axes->ints_size() : 0);
  if (axis && axis->has_i() && (axis->i() < -limit || axis->i() > limit)) return OutOfRange("axis", axis->i());
  for (int i = 0; axes && i < axes->ints_size(); ++i) {
    if (axes->ints(i) < -limit || axes->ints(i) >= limit) return OutOfRange("axes", axes->ints(i));
  }
  return "";
}

std::string CheckPermutation(const Node& node) {
  const AttributeProto* perm = node.Attribute("perm");
  const Dims* dims = node.Shape(0);
  if (!perm || !dims) return "";
  std::vector<bool> seen(dims->size(), false);
  for (std::int64_t axis : perm->ints()) {
    if (axis < 0 || axis >= static_cast<std::int64_t>(seen.size()) || seen[At(axis)]) {
      return "attribute \"perm\" is no permutation of the axes of " + DimsText(*dims);
    }
    seen[At(axis)] = true;
  }
  if (perm->ints_size() != 0 && perm->ints_size() != static_cast<int>(dims->size())) {
    return "attribute \"perm\" is no permutation of the axes of " + DimsText(*dims);
  }
  return "";
}

// Ranks that the library indexes by without looking.
struct RankOf {
  const char* op;
  std::size_t input;
  std::size_t rank;
};
constexpr RankOf kRanks[] = {{"RNN", 0, 3},  {"LSTM", 0, 3},       {"GRU", 0, 3},       {"Gemm", 0, 2},
                             {"Gemm", 1, 2}, {"MaxRoiPool", 0, 4}, {"MaxRoiPool", 1, 2}};

std::string CheckRanks(const Node& node) {
  for (const RankOf& row : kRanks) {
    const Dims* dims = node.Op() == row.op ? node.Shape(row.input) : nullptr;
    if (dims && dims->size() != row.rank) {
      return "input " + std::to_string(row.input) + " has the shape " + DimsText(*dims) + ", not one of rank " +
             std::to_string(row.rank);
    }
  }
  return "";
}

// Inputs that hold a shape: from their length the library derives a rank, and makes as many dimensions.
std::string CheckShapeInputs(const Node& node) {
  constexpr std::int64_t kMostDims = 64;
  const bool first = node.Op() == "ConstantOfShape";
  if (!first && node.Op() != "Reshape" && node.Op() != "Expand" && node.Op() != "Tile" && node.Op() != "Resize")
    return "";
  const Dims* dims = node.Shape(first ? 0 : 1);
  if (!dims || dims->size() != 1 || (*dims)[0] <= kMostDims) return "";
  return "its shape input has " + std::to_string((*dims)[0]) + " elements";
}

// Lists of one or two numbers per spatial axis.
std::string CheckWindows(const Node& node) {
  const bool quantized = node.Op() == "QLinearConv";
  const bool convolves = quantized || node.Op() == "Conv" || node.Op() == "ConvInteger" || node.Op() == "ConvTranspose";
  const Dims *data = node.Shape(0), *weights = convolves ? node.Shape(quantized ? 3 : 1) : nullptr;
  if (!data || (!convolves && !node.Attribute("kernel_shape"))) return "";
  if (data->size() < 3 || (weights && weights->size() != data->size())) {
    return "inputs of shapes " + DimsText(*data) + (weights ? " and " + DimsText(*weights) : "") + " are not what " +
           node.Op() + " takes";
  }
  const std::size_t axes = data->size() - 2;
  for (const char* name : {"strides", "dilations", "kernel_shape", "output_padding"}) {
    const std::size_t count = node.Ints(name).size();
    if (count != 0 && count != axes) return std::string("attribute \"") + name + "\" does not fit " + DimsText(*data);
  }
  const std::size_t pads = node.Ints("pads").size(), shape = node.Ints("output_shape").size();
  if (pads != 0 && pads != 2 * axes) return "attribute \"pads\" does not fit " + DimsText(*data);
  if (shape != 0 && shape != axes && shape != axes + 2)
    return "attribute \"output_shape\" does not fit " + DimsText(*data);
  return "";
}

std::string CheckGatherND(const Node& node) {
  if (node.Op() != "GatherND") return "";
  const Dims *data = node.Shape(0), *indices = node.Shape(1);
  if (!data || !indices) return "";
  const std::int64_t batch = node.Int("batch_dims", 0), rank = static_cast<std::int64_t>(data->size());
  if (indices->empty() || batch < 0 || batch >= std::min(rank, static_cast<std::int64_t>(indices->size())) ||
      indices->back() < 1 || indices->back() > rank - batch) {
    return "indices of shape " + DimsText(*indices) + " do not address " + DimsText(*data);
  }
  return "";
}

std::string CheckSplitToSequence(const Node& node) {
  Dims sizes;
  if (node.Op() != "SplitToSequence" || !node.KnownInts(1, sizes)) return "";
  for (std::int64_t size : sizes) {
    if (size < 1) return "splits into parts of " + std::to_string(size);
  }
  return "";
}

}  // namespace

std::string CheckSchema(const Node& node, const OpSchema& schema) {
  if (std::string problem = CheckInputs(node, schema); !problem.empty()) return problem;
  const int outputs = static_cast<int>(node.outputs.size());
  if (outputs < schema.min_output() || outputs > schema.max_output()) {
    return "has " + std::to_string(outputs) + " outputs, which " + node.Op() + " does not give";
  }
  for (const auto& [name, formal] : schema.attributes()) {
    const AttributeProto* attribute = node.Attribute(name.c_str());
    if (!attribute) {
      if (formal.required) return "lacks the attribute \"" + name + "\"";
      continue;
    }
    if (TypeOf(*attribute) != formal.type || !HoldsItsType(*attribute)) {
      return "attribute \"" + name + "\" is of the wrong type";
    }
  }
  return "";
}

std::string CheckAttributes(const Node& node) {
  if (std::string problem = CheckLimits(node); !problem.empty()) return problem;
  if (std::string problem = CheckAxes(node); !problem.empty()) return problem;
  for (auto check :
       {CheckPermutation, CheckRanks, CheckShapeInputs, CheckWindows, CheckGatherND, CheckSplitToSequence}) {
    if (std::string problem = check(node); !problem.empty()) return problem;
  }
  return "";
}

}  // namespace orionrt::onnx_import
