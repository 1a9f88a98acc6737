// Sizes that depend on data: their ranks, and the most that they can be.
#pragma once

#include <vector>

#include "io/onnx/node.hpp"

namespace orionrt::onnx_import {

// One dimension of an output: known (least is most), known to be at most `most`, or neither; `assumed` is then what it
// is by --dim '*=N', where N itself could not be.
struct RunTimeDim {
  std::optional<std::int64_t> exact = {};
  std::optional<std::int64_t> most = {};
  std::optional<std::int64_t> assumed = {};
};

// Per output what is known of its dimensions, where the values that make them are not; no dimension at all of outputs
// whose rank is not known either. Empty for ops that are not in the table.
std::vector<std::vector<RunTimeDim>> FindRunTimeDims(const Node& node);

}  // namespace orionrt::onnx_import
