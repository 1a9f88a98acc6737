// Which ops may write over what they read.
#include "graph/op_table.hpp"
#include "report/changes.hpp"

namespace orionrt {
namespace {

// By what the op says of itself, or else by the name of its type.
bool MayOverwrite(const OpNode& op) {
  for (const Alias& alias : op.aliases) {
    if (alias.kind == AliasKind::kSameIndex || alias.kind == AliasKind::kView) return true;
  }
  return IsElementwise(op.type, op.inputs.size());
}

}  // namespace

int InPlaceInput(const Graph& graph, const GraphUses& uses, int step) {
  const OpNode& op = graph.ops()[step];
  if (op.outputs.size() != 1 || !MayOverwrite(op)) return -1;
  const TensorDesc& output = graph.tensors()[graph.IndexOf(op.outputs[0])];
  for (const int id : op.inputs) {
    const int t = graph.IndexOf(id);
    const TensorDesc& input = graph.tensors()[t];
    const bool dies = uses.lives[t].end == step && uses.producer[t] >= 0 && input.roles == 0;
    // Bytes alone would take a broadcast float for a bool; a type that is not given is that of its fellows.
    if (dies && input.bytes > 0 && input.bytes == output.bytes && input.dtype == output.dtype) return t;
  }
  return -1;
}

}  // namespace orionrt
