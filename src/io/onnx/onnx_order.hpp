// Which tensors a body reads from outside, and in which order nodes run.
#pragma once

#include <string>
#include <vector>

#include "io/onnx/node.hpp"

namespace orionrt::onnx_import {

// Names that the graph reads and does not define, recursively; each once, in the order of first use.
std::vector<const std::string*> FreeNames(const onnx::GraphProto& graph);

struct Order {
  std::vector<int> nodes;         // indices into the nodes, in execution order
  int stuck = -1;                 // if not all could be placed: a node on a cycle,
  const Tensor* waits = nullptr;  // and the tensor on the cycle that it waits for
};

// The order of the file if it runs; otherwise at each step the earliest node in the file whose inputs exist.
// Only tensors of `owner` count. O(nodes log nodes + uses).
Order SortNodes(const std::vector<Node>& nodes, const GraphBuilder* owner);

}  // namespace orionrt::onnx_import
