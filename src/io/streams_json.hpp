// What a plan file says of streams: the figures, and a row a hand-over.
#pragma once

#include "io/json.hpp"
#include "orionrt/stream_figures.hpp"

namespace orionrt {

Json StreamsJson(const StreamFigures& figures);  // without the hand-overs
Json HandOverJson(const HandOver& hand_over);

// Both, of a plan. Throws Error (kBadInput).
StreamFigures ReadStreams(const ObjectReader& plan, const ParsedJson& json);

}  // namespace orionrt
