// Ops that the model itself defines, as functions of other ops.
#pragma once

#include "io/onnx/onnx_graph.hpp"

namespace orionrt::onnx_import {

// Imports the function that `node` calls as a body of its own, named "function", and types the outputs by it.
void RunFunction(GraphBuilder& graph, Node& node, const onnx::FunctionProto& function, int position, Types& types);

}  // namespace orionrt::onnx_import
