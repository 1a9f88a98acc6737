#include "report/changes.hpp"

#include <utility>

#include "base/index.hpp"

namespace orionrt {

std::vector<BufferUse> UsesOf(const Graph& graph, const Lowered& lowered) {
  std::vector<BufferUse> uses(lowered.problem.buffers.size());
  for (int t = 0; t < static_cast<int>(lowered.bindings.size()); ++t) {
    const int buffer = lowered.bindings[At(t)].buffer;
    if (buffer < 0) continue;
    uses[At(buffer)].tensor = graph.RootOf(t).index;
    uses[At(buffer)].roles |= graph.tensors()[At(t)].roles;
    if ((graph.tensors()[At(t)].roles & TensorRole::kOutput) != 0) uses[At(buffer)].output = t;
  }
  for (int step = 0; step < static_cast<int>(graph.ops().size()); ++step) {
    const auto add = [&](int id, bool writes) {
      const int tensor = graph.IndexOf(id);
      if (lowered.bindings[At(tensor)].buffer < 0) return;
      BufferUse& use = uses[At(lowered.bindings[At(tensor)].buffer)];
      if (writes && use.tensor == tensor) {
        use.writer = step;
      } else if (use.writer != step && (use.readers.empty() || use.readers.back() != step)) {
        use.readers.push_back(step);
      }
    };
    for (const int id : graph.ops()[At(step)].outputs) add(id, true);
    for (const int id : graph.ops()[At(step)].inputs) add(id, false);
  }
  return uses;
}

Graph WithoutWords(const Graph& graph) {
  std::vector<OpNode> ops;
  ops.reserve(graph.ops().size());
  for (const OpNode& op : graph.ops()) {
    ops.push_back({op.id,
                   op.inputs,
                   op.outputs,
                   {},
                   {},
                   op.workspace_bytes,
                   op.workspace_alignment,
                   op.aliases,
                   op.has_effects,
                   op.after,
                   op.stream,
                   op.waits});
  }
  std::vector<TensorDesc> tensors;
  tensors.reserve(graph.tensors().size());
  for (const TensorDesc& tensor : graph.tensors()) {
    tensors.push_back({tensor.id, tensor.bytes, tensor.alignment, tensor.roles});
    tensors.back().spaces = tensor.spaces;
    tensors.back().view_of = tensor.view_of;
    tensors.back().view_offset = tensor.view_offset;
  }
  return Graph(std::move(ops), std::move(tensors));
}

}  // namespace orionrt
