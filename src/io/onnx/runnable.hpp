// Whether a node can run on inputs of the shapes and values at hand.
#pragma once

#include <string>
#include <vector>

#include "io/onnx/node.hpp"

namespace orionrt::onnx_import {

struct RunFault {
  std::string why;                  // "its inputs do not broadcast"; empty: nothing speaks against it
  std::vector<std::size_t> inputs;  // that contradict each other
};

// No engine could run a node with a fault; nothing is said of ops that are not in the table, or of inputs whose shapes
// or values are not known. Outputs beyond kMostExtent are faults too: the onnx library would compute them modulo 2^64.
RunFault FindRunFault(const Node& node);

// Elements of what Range makes, at most kMostExtent + 1; nothing where its inputs are not known.
std::optional<std::int64_t> RangeLength(const Node& node);

}  // namespace orionrt::onnx_import
