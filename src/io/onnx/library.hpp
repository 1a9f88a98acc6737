// Shapes of one node by the onnx library's own inference function, fenced off from corrupt input.
#pragma once

#include <string>
#include <vector>

#include "io/onnx/node.hpp"

namespace orionrt::onnx_import {

// The newest opset that the onnx library (1.12) knows; later ones are read as this one, op by op.
inline constexpr int kLibraryOpset = 17;

struct LibraryResult {
  std::vector<onnx::TypeProto> outputs;  // one per output of the node; parts that are not known stay unset
  std::string problem;                   // why there is no result; empty otherwise
  bool broken = false;                   // because the node breaks the rules of its op, not for want of knowledge
};

LibraryResult InferByLibrary(const Node& node);

// True if the outputs depend on their inputs alone.
bool IsDeterministic(const onnx::NodeProto& node);

}  // namespace orionrt::onnx_import
