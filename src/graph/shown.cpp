#include "graph/shown.hpp"

#include "base/index.hpp"

namespace orionrt {

bool IsShown(const Graph& graph, const std::vector<Binding>& bindings, const OpNode& op, int output) {
  const auto index_of = [&](int id) { return static_cast<std::size_t>(graph.IndexOf(id)); };
  const std::size_t tensor = index_of(op.outputs[At(output)]);
  const Binding& own = bindings[tensor];
  if (own.buffer < 0) return false;
  std::size_t shown = 0;  // bytes
  for (const Alias& alias : op.aliases) {
    if (alias.output != output) continue;
    const std::size_t input = index_of(op.inputs[At(alias.input)]);
    const Binding& other = bindings[input];
    const auto offset = static_cast<std::int64_t>(alias.offset);
    if (other.buffer != own.buffer) continue;
    if (alias.kind == AliasKind::kView && own.delta == other.delta + offset) return true;
    if (alias.kind == AliasKind::kPiece && other.delta == own.delta + offset) shown += graph.tensors()[input].bytes;
  }
  return shown == graph.tensors()[tensor].bytes;
}

}  // namespace orionrt
