// Outputs that nobody writes, because their bytes are there.
#pragma once

#include <vector>

#include "orionrt/config.hpp"
#include "orionrt/lowering.hpp"

namespace orionrt {

// Whether the op's output number `output` is what it says of its inputs (kView, kPiece), where these lie. False for an
// empty one.
ORIONRT_API bool IsShown(const Graph& graph, const std::vector<Binding>& bindings, const OpNode& op, int output);

}  // namespace orionrt
