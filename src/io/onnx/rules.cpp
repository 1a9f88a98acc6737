#include "io/onnx/rules.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_map>

#include "io/onnx/evaluate_ops.hpp"
#include "io/onnx/library.hpp"

namespace orionrt::onnx_import {

Rule FindRule(const Node& node) {
  using Table = std::unordered_map<std::string, std::vector<const RuleRow*>>;
  static const Table table = [] {
    Table all;
    for (const auto* family : {&StandardRules(), &PoolingRules(), &EinsumRules(), &LegacyRules(), &ContribRules(),
                               &NewestRules(), &AttentionRules()}) {
      for (const RuleRow& row : *family) all[std::string(row.domain) + ":" + row.op].push_back(&row);
    }
    return all;
  }();
  const auto rows = table.find(node.Domain() + ":" + node.Op());
  if (rows == table.end()) return nullptr;
  for (const RuleRow* row : rows->second) {
    if (row->from_opset <= node.opset && node.opset <= row->to_opset) return row->rule;
  }
  return nullptr;
}

void SetOutput(Types& types, std::size_t output, int dtype, const Dims& dims) {
  if (output < types.size()) types[output] = MakeType(dtype, dims);
}

void SameAsFirst(const Node& node, Types& types) {
  if (const Dims* dims = node.Shape(0)) SetOutput(types, 0, node.Dtype(0), *dims);
}

void BroadcastAll(const Node& node, Types& types) {
  std::vector<const Dims*> shapes;
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    if (!node.Shape(i)) return;
    shapes.push_back(node.Shape(i));
  }
  if (const std::optional<Dims> dims = Broadcast(shapes)) SetOutput(types, 0, node.Dtype(0), *dims);
}

bool InferElementwise(const Node& node, Types& types) {
  static const std::unordered_map<std::string_view, std::size_t> kInputs = {
      {"Add", 2}, {"Sub", 2}, {"Mul", 2},  {"Div", 2},     {"Pow", 2},   {"Relu", 1}, {"Sqrt", 1}, {"Exp", 1},
      {"Log", 1}, {"Neg", 1}, {"Tanh", 1}, {"Sigmoid", 1}, {"Floor", 1}, {"Abs", 1},  {"Erf", 1},
  };
  const auto row = node.Domain().empty() && node.opset >= 7 ? kInputs.find(node.Op()) : kInputs.end();
  if (row == kInputs.end() || node.inputs.size() != row->second || node.outputs.size() != 1) return false;
  if (node.proto->attribute_size() != 0 || node.Dtype(0) == 0) return false;
  const Dims *first = node.Shape(0), *second = node.Shape(row->second - 1);
  if (!first || !second) return false;
  const std::optional<Dims> dims = *first == *second ? *first : Broadcast({first, second});
  if (!dims) return false;
  SetOutput(types, 0, node.Dtype(0), *dims);
  return true;
}

void AsStandard(const Node& node, const char* op, std::size_t inputs, Types& types) {
  onnx::NodeProto proto = *node.proto;
  proto.set_op_type(op);
  proto.clear_domain();
  Node standard = node;
  standard.proto = &proto;
  standard.opset = kLibraryOpset;
  standard.inputs.resize(std::min(inputs, standard.inputs.size()));
  LibraryResult result = InferByLibrary(standard);
  if (result.problem.empty()) types = std::move(result.outputs);
}

}  // namespace orionrt::onnx_import
