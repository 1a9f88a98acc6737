#include "io/onnx/onnx_order.hpp"

#include <string_view>
#include <unordered_set>

namespace orionrt::onnx_import {
namespace {

// Calls `visit` for each tensor that must exist before the node runs.
template <typename Visit>
void ForEachDependency(const Node& node, const GraphBuilder* owner, Visit visit) {
  for (const auto* list : {&node.inputs, &node.captures}) {
    for (const Tensor* tensor : *list) {
      if (tensor && tensor->owner == owner && tensor->producer >= 0) visit(*tensor);
    }
  }
}

}  // namespace

std::vector<const std::string*> FreeNames(const onnx::GraphProto& graph) {
  std::unordered_set<std::string_view> known;
  for (const auto& input : graph.input()) known.insert(input.name());
  for (const auto& constant : graph.initializer()) known.insert(constant.name());
  for (const auto& constant : graph.sparse_initializer()) known.insert(constant.values().name());
  for (const auto& node : graph.node()) known.insert(node.output().begin(), node.output().end());
  std::vector<const std::string*> free;
  auto read = [&](const std::string& name) {
    if (!name.empty() && known.insert(name).second) free.push_back(&name);
  };
  for (const auto& node : graph.node()) {
    for (const std::string& name : node.input()) read(name);
    for (const auto& attribute : node.attribute()) {
      if (attribute.has_g()) {
        for (const std::string* name : FreeNames(attribute.g())) read(*name);
      }
    }
  }
  for (const auto& output : graph.output()) read(output.name());
  return free;
}

TopologicalOrder SortNodes(const std::vector<Node>& nodes, const GraphBuilder* owner) {
  std::vector<std::vector<int>> before(nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    ForEachDependency(nodes[i], owner, [&](const Tensor& tensor) { before[i].push_back(tensor.producer); });
  }
  return SortTopologically(before);
}

const Tensor& ReadFrom(const Node& reader, int producer, const GraphBuilder* owner) {
  const Tensor* found = nullptr;
  ForEachDependency(reader, owner, [&](const Tensor& tensor) {
    if (found == nullptr && tensor.producer == producer) found = &tensor;
  });
  return *found;
}

}  // namespace orionrt::onnx_import
