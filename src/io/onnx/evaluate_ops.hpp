// The rows of the evaluator's table, in two families, and what both need.
#pragma once

#include <vector>

#include "io/onnx/node.hpp"

namespace orionrt::onnx_import {

using Evaluator = std::vector<Value> (*)(const Node&);

struct EvaluatorRow {
  const char* op;
  Evaluator run;
};

const std::vector<EvaluatorRow>& MoveEvaluators();  // Shape, Gather, Concat, Slice, ...: elements change places
const std::vector<EvaluatorRow>& MathEvaluators();  // Add, Cast, Where, ReduceProd, ...: elements change values

// A value of this type and shape with zero elements set to 0; nothing if it would be too large.
std::optional<Value> Blank(int dtype, Dims dims);

void CopyElement(const Value& from, std::size_t i, Value& to, std::size_t j);

// Shape of two or more operands broadcast together; nothing if they do not fit.
std::optional<Dims> Broadcast(const std::vector<const Dims*>& shapes);

// Position in an operand of shape `dims` of the element at flat position `i` of the broadcast result `out`.
std::size_t BroadcastIndex(std::size_t i, const Dims& out, const Dims& dims);

}  // namespace orionrt::onnx_import
