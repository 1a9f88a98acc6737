// What follows from sizes that data decides: values and dimensions as functions of one such size, or between two ends.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "io/onnx/node.hpp"
#include "io/onnx/rules.hpp"

namespace orionrt::onnx_import {

// Whether values or dimensions of an input of the node are of this kind.
bool HasIntervals(const Node& node);

// The values of all outputs, of nodes that compute small values of what has intervals; nothing where they are not
// known.
std::vector<ValueRange> EvaluateRanges(const Node& node);

// The dimensions of each output, by what `infer` makes of the node at given sizes: it fills the types that it can, and
// is called a few times. Nothing for those that have no upper end.
std::vector<std::optional<DimsRange>> InferRanges(const Node& node, const std::function<Types(const Node&)>& infer);

// The most that each dimension can be.
Dims MostOf(const DimsRange& range);

bool IsExact(const DimsRange& range);
bool IsExact(const ValueRange& range);

}  // namespace orionrt::onnx_import
