// What the options say of the engine that will run a model, put into its graph.
#pragma once

#include <string>
#include <vector>

#include "orionrt/config.hpp"
#include "orionrt/import.hpp"

namespace orionrt {

// ImportOptions::in_place_types and external, of the graph and its bodies. `source` is what messages call the model.
// Throws Error (kBadInput) for a type that no op has, or copies alone, and a name that no tensor has. O(n).
ORIONRT_API void ApplyEngineOptions(const ImportOptions& options, const std::string& source, ImportedModel& model);

// Whether the op moves bytes as they are: a reshape, a concatenation. What such an op may share it says itself, and
// views and colocation are for it.
ORIONRT_API bool IsKnownCopy(const OpNode& op);

// What an op of the graph may share once its type is assumed to write in place: OpNode::aliases, and each output on
// each input that has its shape and its bytes; of a known copy no more than it says.
ORIONRT_API std::vector<Alias> WithInPlaceAssumed(const Graph& graph, const OpNode& op);

}  // namespace orionrt
