// Reads ONNX models (component orionrt::onnx, built where the onnx library is).
#pragma once

#include <iosfwd>
#include <string>

#include "orionrt/export.hpp"
#include "orionrt/import.hpp"

namespace orionrt {

// Reads a serialized ModelProto. `source` is what messages call it: "model.onnx".
// Throws Error: kBadInput for a file that is no ONNX model or breaks its rules, kUnsupported for shapes that cannot be
// known before run time; the message names file, node and tensor, and the option that helps.
ORIONRT_API ImportedModel ImportOnnx(const std::string& bytes, const std::string& source, const ImportOptions& options);

}  // namespace orionrt
