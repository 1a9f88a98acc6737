// Shapes of the ops that the onnx library (1.12, opset 17) does not know, or knows in an older meaning only.
#pragma once

#include <vector>

#include "io/onnx/node.hpp"

namespace orionrt::onnx_import {

using Types = std::vector<onnx::TypeProto>;

// Fills in what it can of the types of the node's outputs (`types` has one entry per output, unset at first).
// Checks what it reads of attributes and ranks; leaves outputs unset rather than guess.
using Rule = void (*)(const Node& node, Types& types);

struct RuleRow {
  const char* domain;
  const char* op;
  int from_opset;  // first and last version of the domain for which the rule replaces the library
  int to_opset;
  Rule rule;
};

inline constexpr int kAnyOpset = 1 << 30;

// The rule for this node, or nullptr: then the library knows it, or nobody.
Rule FindRule(const Node& node);

// The families of rows. A new rule is one function and one row in one of them.
const std::vector<RuleRow>& StandardRules();  // changed or new after opset 17, or without inference in the library
const std::vector<RuleRow>& PoolingRules();   // Resize, pools, Pad, and what else has windows
const std::vector<RuleRow>& EinsumRules();
const std::vector<RuleRow>& LegacyRules();     // before opset 7, experimental ops since removed, ai.onnx.ml
const std::vector<RuleRow>& ContribRules();    // com.microsoft and other vendors
const std::vector<RuleRow>& NewestRules();     // opset 26 and later, previews, graphs that onnxruntime has optimised
const std::vector<RuleRow>& AttentionRules();  // attention in all its spellings

// For rules: sets one output, if the node has it.
void SetOutput(Types& types, std::size_t output, int dtype, const Dims& dims);

// For rules: output 0 has the type of input 0.
void SameAsFirst(const Node& node, Types& types);

// The op is one element by element, without attributes, on inputs of known shapes: most nodes of most models, whose one
// output the onnx library would take a microsecond each to infer, and a tenth of a small run to be asked at all.
[[nodiscard]] bool InferElementwise(const Node& node, Types& types);
// For rules: all inputs broadcast together; type of input 0.
void BroadcastAll(const Node& node, Types& types);
// For rules: infers as if the node were the standard op `op` with its first `inputs` inputs.
void AsStandard(const Node& node, const char* op, std::size_t inputs, Types& types);

}  // namespace orionrt::onnx_import
