// Who shares bytes with whom: the rules of docs/sharing.md, applied.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/colocations.hpp"
#include "orionrt/config.hpp"
#include "orionrt/lowering.hpp"

namespace orionrt {

// Whether the op allows anything that this transform might do.
ORIONRT_API bool Allows(const OpNode& op, bool Transforms::*transform);

// Binds outputs that are views of an input, op by op in the order of `walk` (positions); `left_out`: per op whether it
// is left as it is. Refused: views of states, whose bytes change.
void BindViews(const Graph& graph, const std::vector<int>& walk, const std::vector<char>& left_out,
               Colocations& colocations);

// Binds inputs that are pieces of an output, the largest outputs first, each wholly or not at all. Refused: pieces that
// do not cover the whole, that are given from outside, or that lie elsewhere already.
void BindPieces(const Graph& graph, const std::vector<int>& walk, const std::vector<char>& left_out,
                Colocations& colocations);

// Per op whether views and pieces leave it nothing to do. One whose outputs are views by themselves had nothing to do
// before.
std::vector<char> FindVanished(const Graph& graph, const Colocations& colocations);

// Binds outputs onto inputs that die, op by op in execution order; per op the claims that save the most bytes, one an
// output and one an input; of equal ones those that the op prefers, or with `last_first` those that it likes least.
// After it no other bind is legal.
std::vector<InPlaceUse> ClaimInPlace(const Graph& graph, const GraphLiveness& liveness,
                                     const std::vector<char>& left_out, bool last_first, Colocations& colocations);

}  // namespace orionrt
