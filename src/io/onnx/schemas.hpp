// What the onnx library knows of an op: its signature, and the function that infers its shapes.
#pragma once

#include <string>

namespace onnx {
class OpSchema;
}

namespace orionrt::onnx_import {

// The newest schema of the op that is not newer than `version`, or nullptr. It is made when it is first asked for,
// which takes some 20 microseconds, and lives as long as the process. Any thread may call this.
const onnx::OpSchema* SchemaOf(const std::string& domain, const std::string& op, int version);

}  // namespace orionrt::onnx_import
