// Ops that hold graphs: If, Loop, Scan, and vendors' own.
#pragma once

#include "io/onnx/onnx_graph.hpp"

namespace orionrt::onnx_import {

// Imports the bodies of `node`, which runs at `position` in `graph`, and types its outputs by them.
void RunBodies(GraphBuilder& graph, Node& node, int position, Types& types);

}  // namespace orionrt::onnx_import
