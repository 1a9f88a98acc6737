// What the targets of model importers share.
#pragma once

#include "orionrt/import.hpp"
#include "target.hpp"

namespace orionrt::fuzz {

// The size of the input chooses the options, so that all of them get their share and every crash repeats.
inline ImportOptions OptionsFor(std::size_t size) {
  ImportOptions options;
  if (size % 3 != 0) options.default_dim = 3;
  options.trust_shapes = size % 5 == 0;
  if (size % 7 == 0) options.external = {"inputs", "outputs"};
  options.fold_constants = size % 2 == 0;
  options.fold_shapes = size % 4 == 0;
  return options;
}

inline void JudgeBodies(const std::vector<NestedGraph>& bodies) {
  for (const NestedGraph& body : bodies) {
    JudgeGraph(body.graph);
    JudgeBodies(body.bodies);
  }
}

inline void JudgeModel(const ImportedModel& model) {
  JudgeGraph(model.graph);
  JudgeBodies(model.bodies);
}

}  // namespace orionrt::fuzz
