// What a node allows its tensors to share (OpNode::aliases), and whether it may only keep its place.
#pragma once

#include "io/onnx/node.hpp"
#include "orionrt/graph.hpp"
#include "orionrt/import.hpp"

namespace orionrt::onnx_import {

// `op`: the node's, with its inputs and outputs. Only of the standard ops, those of com.microsoft, and what has a rule
// of the user's, `own` (nullptr: none).
void Describe(const Node& node, const GraphBuilder* graph, const OpRule* own, OpNode& op);

// starts, ends, axes (counted from the front) and steps of a Slice, as attributes (before opset 10) or as inputs; false
// where they are not known, or do not fit `rank`.
[[nodiscard]] bool SliceArguments(const Node& node, std::size_t rank, Dims& starts, Dims& ends, Dims& axes,
                                  Dims& steps);

}  // namespace orionrt::onnx_import
