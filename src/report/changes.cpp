#include "report/changes.hpp"

#include "base/text.hpp"

namespace orionrt {
namespace {

constexpr std::size_t kNameBytes = 60;  // of a name in a sentence

}  // namespace

GraphUses UsesOf(const Graph& graph) {
  GraphUses uses{std::vector<int>(graph.tensors().size(), -1), std::vector<std::vector<int>>(graph.tensors().size()),
                 GraphLiveness(graph).lifetimes()};
  for (int step = 0; step < static_cast<int>(graph.ops().size()); ++step) {
    for (const int id : graph.ops()[step].outputs) uses.producer[graph.IndexOf(id)] = step;
    for (const int id : graph.ops()[step].inputs) {
      std::vector<int>& readers = uses.readers[graph.IndexOf(id)];
      if (readers.empty() || readers.back() != step) readers.push_back(step);
    }
  }
  return uses;
}

std::string OpLabel(const Graph& graph, int step) {
  const OpNode& op = graph.ops()[step];
  const std::string& name = op.name.empty() ? op.type : op.name;
  return "op " + std::to_string(step) + (name.empty() ? "" : " " + Printable(name, kNameBytes));
}

std::string TensorLabel(const Graph& graph, int tensor) {
  const TensorDesc& desc = graph.tensors()[tensor];
  return desc.name.empty() ? "tensor " + std::to_string(desc.id) : Printable(desc.name, kNameBytes);
}

}  // namespace orionrt
