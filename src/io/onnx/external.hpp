// Small constants that a model keeps in files beside it.
#pragma once

#include <onnx/onnx_pb.h>

#include <string>

namespace orionrt::onnx_import {

// Copies into the model the data of those of its external constants that may carry shapes (at most kMaxValueElements
// numbers); the rest stays where it is. Files are looked for in `folder` and below: a location that leads elsewhere, or
// cannot be read there, is passed over, as if the file were absent.
void ReadSmallExternals(onnx::GraphProto& graph, const std::string& folder);

}  // namespace orionrt::onnx_import
