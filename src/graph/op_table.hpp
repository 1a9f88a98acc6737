// What is known of ops by the names that ONNX and TFLite give them: which may share bytes with what they read, and
// which keep their place whatever the order.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "orionrt/config.hpp"
#include "orionrt/graph.hpp"

namespace orionrt {

// A tensor as an op of a file reads or writes it.
struct Operand {
  int position = -1;  // in OpNode::inputs or outputs; -1: a constant, or left out
  std::vector<std::int64_t> dims;
  std::int64_t bytes = 0;
};

// An op as its file has it, constants and all.
struct OpOperands {
  std::string type;
  std::vector<Operand> inputs;
  std::vector<Operand> outputs;
  // Of a slice whose steps are all 1: where it begins along each axis of its first input, and how much of it it takes.
  // Empty: not known.
  std::vector<std::int64_t> begin = {}, extent = {};
};

// What does more than write its outputs: keeps state, reads it, draws random numbers, or runs ops that may.
ORIONRT_API bool HasEffects(const std::string& type);

// Whether elements of the output are computed from elements that others are computed from too, scattered over the input
// (Conv, MatMul, Transpose): nobody writes a kernel of such an op that works in place.
ORIONRT_API bool MixesElements(const std::string& type);

// What such an op may share: views (Reshape and its kin, slices and splits of one run of bytes), pieces (concatenations
// along the outermost axis that is not 1), and element by element in place. Empty for ops that are not in the tables.
ORIONRT_API std::vector<Alias> AliasesOf(const OpOperands& op);

}  // namespace orionrt
