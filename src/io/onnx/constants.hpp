// The constants of a model, wherever they stand: initializers, attributes, bodies, functions.
#pragma once

#include <onnx/onnx_pb.h>

#include <string>
#include <vector>

#include "orionrt/import.hpp"

namespace orionrt::onnx_import {

// Checks that each constant stores as many bytes as its dimensions ask for, inside the model or beside it, and reads
// those beside it that may carry shapes. Returns warnings: of data that is not there. Throws Error (kBadInput), which
// begins with `source` and names the constant.
std::vector<std::string> ReadConstants(onnx::ModelProto& model, const std::string& source,
                                       const ImportOptions& options);

}  // namespace orionrt::onnx_import
