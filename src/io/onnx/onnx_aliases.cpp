#include "io/onnx/onnx_aliases.hpp"

#include <algorithm>

#include "base/index.hpp"
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
    const std::int64_t dim = dims[At(axes[i])];
    const std::int64_t start = std::max(starts[i], -dim);
    op.begin[At(axes[i])] = start < 0 ? start + dim : start;
    if (steps[i] != 1) op.begin.clear();
    if (op.begin.empty()) return;
  }
}

// Those of the rule that the sizes of this node allow, between tensors that are planned.
void AddOwnAliases(const OpRule& own, const OpOperands& operands, OpNode& op) {
  for (const Alias& alias : own.aliases) {
    const auto input = static_cast<std::size_t>(alias.input), output = static_cast<std::size_t>(alias.output);
    if (input >= operands.inputs.size() || output >= operands.outputs.size()) continue;
    const Operand &from = operands.inputs[input], &to = operands.outputs[output];
    const bool is_piece = alias.kind == AliasKind::kPiece;
    const std::int64_t small = is_piece ? from.bytes : to.bytes, large = is_piece ? to.bytes : from.bytes;
    const std::int64_t offset = static_cast<std::int64_t>(alias.offset);
    bool fits = from.position >= 0 && to.position >= 0;
    if (alias.kind == AliasKind::kView || is_piece) fits = fits && small <= large && offset <= large - small;
    if (alias.kind == AliasKind::kSameIndex) fits = fits && small == large;
    if (alias.kind == AliasKind::kSameIndex || alias.kind == AliasKind::kReadsFirst) fits = fits && offset == 0;
    if (fits && offset >= 0 && offset <= (std::int64_t{1} << 61)) {
      op.aliases.push_back({alias.kind, to.position, from.position, alias.offset});
    }
  }
}

bool HasRunTimeSize(const Node& node) {
  const auto is_run_time = [](const Tensor* tensor) { return tensor && tensor->run_time; };
  return std::any_of(node.inputs.begin(), node.inputs.end(), is_run_time) ||
         std::any_of(node.outputs.begin(), node.outputs.end(), is_run_time);
}

// Whether elements may be dropped: as the mode says, an input since opset 12 and perhaps known only at run time, or
// what opset 6 and earlier did unless told otherwise.
bool MayDrop(const Node& node) {
  if (node.Op() != "Dropout") return false;
  if (node.opset < 7) return node.Int("is_test", 0) == 0;
  const Value* training = node.Known(2);
  return node.Has(2) && (!training || node.inputs[2]->is_default || training->ints.empty() || training->ints[0] != 0);
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

void Describe(const Node& node, const GraphBuilder* graph, const OpRule* own, OpNode& op) {
  // A function of the model may have any name, and MayDrop draws random numbers.
  const bool known =
      own || ((node.Domain().empty() || node.Domain() == "com.microsoft") && !node.expanded && !MayDrop(node));
  op.has_effects = own ? own->has_effects || !node.bodies.empty() : !known || HasEffects(op.type);
  if (!known || !node.bodies.empty() || node.inputs.empty() || node.outputs.empty()) return;
  OpOperands operands;
  operands.type = op.type;
  for (const Tensor* tensor : node.inputs) operands.inputs.push_back(OperandOf(tensor, graph, op.inputs));
  for (const Tensor* tensor : node.outputs) operands.outputs.push_back(OperandOf(tensor, graph, op.outputs));
  if (own) {
    AddOwnAliases(*own, operands, op);
  } else {
    if (op.type == "Slice") AddSlice(node, operands);
    op.aliases = AliasesOf(operands);
  }
  if (!HasRunTimeSize(node)) return;
  // Where a piece begins depends on sizes. What is renamed begins where it did.
  const auto rests_on_a_size = [&](const Alias& alias) {
    const auto bytes = [](const std::vector<Operand>& list, int position) {
      const auto found =
          std::find_if(list.begin(), list.end(), [&](const Operand& o) { return o.position == position; });
      return found->bytes;
    };
    return alias.kind == AliasKind::kPiece ||
           (alias.kind == AliasKind::kView &&
            bytes(operands.inputs, alias.input) != bytes(operands.outputs, alias.output));
  };
  op.aliases.erase(std::remove_if(op.aliases.begin(), op.aliases.end(), rests_on_a_size), op.aliases.end());
}

}  // namespace orionrt::onnx_import
