// Graphs as commands plan them: lifetimes, what a buffer is to its graph, and what transforms make of both.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "input.hpp"
#include "orionrt/import.hpp"

namespace orionrt::cli {

// Of --alignment; nothing where it is not given. Throws Error (kMisuse).
std::optional<std::int64_t> AskedAlignment(const InputOptions& options);

// All of an Input but its source.
Input FromGraph(const Graph& graph, const InputOptions& options, const std::vector<Pool>& pools);

// Bodies are planned in one piece (docs/pools.md), with the transforms of the graph around them.
std::vector<Body> BodiesOf(const std::vector<NestedGraph>& nested, const InputOptions& options);

}  // namespace orionrt::cli
