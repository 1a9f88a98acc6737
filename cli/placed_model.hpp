// Plans that say where tensors lie and no more: C headers, binary plans, and the offsets inside a .tflite file.
#pragma once

#include <string>
#include <vector>

#include "input.hpp"
#include "orionrt/assignment.hpp"

namespace orionrt::cli {

struct PlacedModel {
  Graph graph;
  std::vector<NestedGraph> bodies;
  Assignment assignment;
  std::string fault;  // found in the offsets by themselves; empty: none
};

// The offsets that TFLM would obey, of the file's own graph: it runs every op in the order of the file. What it places
// itself is external. Throws Error (kBadInput) where the file has none.
PlacedModel LoadTflmPlan(const std::string& path, const InputOptions& options);

// The macros of a header, of a model that is read with the options that the header was made with, unless others are
// given. Throws Error.
PlacedModel LoadHeaderPlan(const std::string& path, const std::string& model, const InputOptions& options);

// A binary plan, in the same way; `source` is what messages call the bytes.
PlacedModel LoadBinaryPlan(const std::string& bytes, const std::string& source, const std::string& model,
                           const InputOptions& options);

}  // namespace orionrt::cli
