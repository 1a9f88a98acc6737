// From the ids of ops to their positions.
#pragma once

#include <unordered_map>
#include <vector>

#include "orionrt/graph.hpp"

namespace orionrt {

// By id of an op its position in the list; looked up, never walked, as its own order is the machine's. O(ops).
inline std::unordered_map<int, int> PositionsById(const std::vector<OpNode>& ops) {
  std::unordered_map<int, int> position_of;
  position_of.reserve(ops.size());
  for (std::size_t i = 0; i < ops.size(); ++i) position_of.emplace(ops[i].id, static_cast<int>(i));
  return position_of;
}

}  // namespace orionrt
