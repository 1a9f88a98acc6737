// Computes the small tensors that later shapes depend on: Shape -> Gather -> Concat -> Reshape and their like.
#pragma once

#include <vector>

#include "io/onnx/node.hpp"

namespace orionrt::onnx_import {

// The values of all outputs of the node, or nothing when an input is not known, the op is not among those computed
// here, or a result would exceed kMaxValueElements. Never throws for a corrupt node: it then computes nothing.
std::vector<Value> Evaluate(const Node& node);

// True if the op is among those computed here.
bool CanEvaluate(const Node& node);

}  // namespace orionrt::onnx_import
