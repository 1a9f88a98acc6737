// Small graphs to share an arena.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "orionrt/orionrt.hpp"

namespace orionrt::tests {

// Two ops: x (given) -> y -> z (an output), all of `bytes`.
inline Graph Chain(std::size_t bytes) {
  return Graph({{0, {0}, {1}}, {1, {1}, {2}}}, {{0, bytes}, {1, bytes}, {2, bytes, 0, TensorRole::kOutput}});
}

inline std::shared_ptr<const SharedPlan> PlanAll(std::vector<Graph> graphs, std::vector<int> lanes) {
  std::vector<SharedGraph> shared;
  for (std::size_t i = 0; i < graphs.size(); ++i) shared.push_back({std::move(graphs[i]), lanes[i], {}});
  return SharedPlan::Make(std::move(shared));
}

}  // namespace orionrt::tests
