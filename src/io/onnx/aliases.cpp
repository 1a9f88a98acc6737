#include "io/onnx/aliases.hpp"

#include <algorithm>

#include "graph/op_table.hpp"

namespace orionrt::onnx_import {
namespace {

Operand OperandOf(const Tensor* tensor, const GraphBuilder* graph, const std::vector<int>& ids) {
  Operand operand;
  if (!tensor || !tensor->dims) return operand;
  operand.dims = *tensor->dims;
  operand.bytes = ByteCount(tensor->dtype, *tensor->dims).value_or(0);
  const auto place = std::find(ids.begin(), ids.end(), tensor->id);
  const bool is_here = tensor->owner == graph && tensor->id >= 0 && place != ids.end();
  if (is_here) operand.position = static_cast<int>(place - ids.begin());
  return operand;
}

// Steps of 1 alone, and starts that lie inside.
void AddSlice(const Node& node, OpOperands& op) {
  const Dims& dims = op.inputs[0].dims;
  Dims starts, ends, axes, steps;
  if (!SliceArguments(node, dims.size(), starts, ends, axes, steps)) return;
  op.begin.assign(dims.size(), 0);
  op.extent = op.outputs[0].dims;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const std::int64_t dim = dims[static_cast<std::size_t>(axes[i])];
    const std::int64_t start = std::max(starts[i], -dim);
    op.begin[static_cast<std::size_t>(axes[i])] = start < 0 ? start + dim : start;
    if (steps[i] != 1) op.begin.clear();
    if (op.begin.empty()) return;
  }
}

}  // namespace

bool SliceArguments(const Node& node, std::size_t rank, Dims& starts, Dims& ends, Dims& axes, Dims& steps) {
  if (node.Attribute("starts")) {
    starts = node.Ints("starts");
    ends = node.Ints("ends");
    axes = node.Ints("axes");
  } else {
    if (!node.KnownInts(1, starts) || !node.KnownInts(2, ends)) return false;
    if (node.Has(3) && !node.KnownInts(3, axes)) return false;
    if (node.Has(4) && !node.KnownInts(4, steps)) return false;
  }
  if (axes.empty()) {
    for (std::size_t i = 0; i < starts.size(); ++i) axes.push_back(static_cast<std::int64_t>(i));
  }
  if (steps.empty()) steps.assign(starts.size(), 1);
  for (std::int64_t& axis : axes) {
    if (!NormalizeAxis(axis, rank)) return false;
  }
  return ends.size() == starts.size() && axes.size() == starts.size() && steps.size() == starts.size() &&
         starts.size() <= rank;
}

void Describe(const Node& node, const GraphBuilder* graph, OpNode& op) {
  const bool known = node.Domain().empty() || node.Domain() == "com.microsoft";
  op.has_effects = !known || HasEffects(op.type);
  if (!known || !node.bodies.empty() || node.inputs.empty() || node.outputs.empty()) return;
  OpOperands operands;
  operands.type = op.type;
  for (const Tensor* tensor : node.inputs) operands.inputs.push_back(OperandOf(tensor, graph, op.inputs));
  for (const Tensor* tensor : node.outputs) operands.outputs.push_back(OperandOf(tensor, graph, op.outputs));
  if (op.type == "Slice") AddSlice(node, operands);
  op.aliases = AliasesOf(operands);
}

}  // namespace orionrt::onnx_import
