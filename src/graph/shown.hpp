// Outputs that nobody writes, because their bytes are there.
#pragma once

#include <vector>

#include "orionrt/liveness.hpp"

namespace orionrt {

// Whether the op's output number `output` is what it says of its inputs (kView, kPart), where these lie. False for an
// empty one.
bool IsShown(const Graph& graph, const std::vector<Binding>& bindings, const OpNode& op, int output);

}  // namespace orionrt
