// What a node must satisfy before the onnx library's inference may see it: those functions trust it.
#pragma once

#include <string>

#include "io/onnx/node.hpp"

namespace onnx {
class OpSchema;
}

namespace orionrt::onnx_import {

// Number of inputs and outputs, presence and types of attributes. Attributes that the schema does not name are let
// through: exporters add their own. Empty: fine; otherwise what is wrong.
std::string CheckSchema(const Node& node, const onnx::OpSchema& schema);

// Values of the attributes against each other and the ranks of the inputs. Empty: fine.
std::string CheckAttributes(const Node& node);

}  // namespace orionrt::onnx_import
