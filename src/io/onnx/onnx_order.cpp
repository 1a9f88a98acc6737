#include "io/onnx/onnx_order.hpp"

#include <functional>
#include <queue>
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

// Walks back along unplaced producers until a node repeats: that one is on a cycle.
void FindCycle(const std::vector<Node>& nodes, const GraphBuilder* owner, const std::vector<int>& waiting,
               Order& order) {
  std::vector<bool> seen(nodes.size(), false);
  int at = 0;
  while (waiting[at] == 0) ++at;
  for (;;) {
    const bool again = seen[at];
    seen[at] = true;
    const Tensor* next = nullptr;
    ForEachDependency(nodes[at], owner, [&](const Tensor& tensor) {
      if (!next && waiting[tensor.producer] > 0) next = &tensor;
    });
    if (again) {
      order.stuck = at;
      order.waits = next;
      return;
    }
    at = next->producer;
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

Order SortNodes(const std::vector<Node>& nodes, const GraphBuilder* owner) {
  std::vector<int> waiting(nodes.size(), 0);
  std::vector<std::vector<int>> readers(nodes.size());
  std::priority_queue<int, std::vector<int>, std::greater<int>> ready;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    ForEachDependency(nodes[i], owner, [&](const Tensor& tensor) {
      ++waiting[i];
      readers[tensor.producer].push_back(static_cast<int>(i));
    });
    if (waiting[i] == 0) ready.push(static_cast<int>(i));
  }
  Order order;
  while (!ready.empty()) {
    const int next = ready.top();
    ready.pop();
    order.nodes.push_back(next);
    for (int reader : readers[next]) {
      if (--waiting[reader] == 0) ready.push(reader);
    }
  }
  if (order.nodes.size() != nodes.size()) FindCycle(nodes, owner, waiting, order);
  return order;
}

}  // namespace orionrt::onnx_import
