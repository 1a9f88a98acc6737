// Which tensors a body reads from outside, and in which order nodes run.
#pragma once

#include <string>
#include <vector>

#include "base/topological_order.hpp"
#include "io/onnx/node.hpp"

namespace orionrt::onnx_import {

// Names that the graph reads and does not define, recursively; each once, in the order of first use.
std::vector<const std::string*> FreeNames(const onnx::GraphProto& graph);

// The order of the file if it runs; otherwise at each step the earliest node in the file whose inputs exist.
// Only tensors of `owner` count. O(nodes log nodes + uses).
TopologicalOrder SortNodes(const std::vector<Node>& nodes, const GraphBuilder* owner);

// The tensor that `reader` reads first of those that `producer` makes. REQUIRES: there is one.
const Tensor& ReadFrom(const Node& reader, int producer, const GraphBuilder* owner);

}  // namespace orionrt::onnx_import
