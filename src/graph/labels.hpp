// What ops and tensors are called in messages, reports and explanations.
#pragma once

#include <string>

#include "orionrt/config.hpp"
#include "orionrt/graph.hpp"

namespace orionrt {

// `op 17 "Conv_3"`: the id, which stays whatever the order of ops, and the name; without a name the type: `op 17 Conv`.
// One line, whatever the two hold.
ORIONRT_API std::string OpLabel(const OpNode& op);

// `tensor 7 "conv_6"`, or `tensor 7`. One line.
ORIONRT_API std::string TensorLabel(const TensorDesc& tensor);

}  // namespace orionrt
