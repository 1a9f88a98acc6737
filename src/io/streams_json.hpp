// What a plan file says of streams: the figures, and a row a hand-over.
#pragma once

#include <vector>

#include "io/json.hpp"
#include "orionrt/streams.hpp"

namespace orionrt {

Json StreamsJson(const StreamFigures& figures);  // without the hand-overs
Json HandOverJson(const HandOver& hand_over);

// Of a plan that has the key "streams", or "hand_overs". Throw Error (kBadInput).
StreamFigures ReadStreams(const ObjectReader& plan, const ParsedJson& json);
std::vector<HandOver> ReadHandOvers(const ObjectReader& plan);

}  // namespace orionrt
