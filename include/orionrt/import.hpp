// What model importers take and give; the same for every format.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "orionrt/graph.hpp"

namespace orionrt {

struct ImportOptions {
  std::map<std::string, std::int64_t> dims;  // --dim NAME=N: values of symbolic dimensions
  std::optional<std::int64_t> default_dim;   // --dim '*=N': of all that are still unset, unnamed ones included
  std::map<std::string, std::vector<std::int64_t>> inputs;  // --input NAME=1x3x224x224: whole shapes of graph inputs
  bool fold_constants = true;                               // --no-fold clears it: ops of constants alone do not run
  bool fold_shapes = false;                                 // --fold-shapes: neither do ops of known shapes
};

struct ImportedModel {
  Graph graph;                        // every op of the file has its step, folded ones too
  std::vector<std::string> warnings;  // one line each
};

}  // namespace orionrt
