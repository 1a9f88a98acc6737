// What an op allows its tensors to share (OpNode::aliases).
#pragma once

#include <vector>

#include "graph/op_table.hpp"
#include "io/tflite/tflite_session.hpp"

namespace orionrt::tflite_import {

// `inputs` and `outputs`: the tensors of the operands, as indices into the list of the subgraph.
struct OpRecord {
  const fb::Model& model;
  const fb::SubGraph& graph;
  const fb::Operator& op;
  const std::vector<int>& inputs;
  const std::vector<int>& outputs;
};

// `operands`: with its type and tensors. Empty where the op does more than its name says: a concatenation with an
// activation, or of tensors that are quantized otherwise than what they become.
std::vector<Alias> AliasesOf(const OpRecord& record, OpOperands operands);

}  // namespace orionrt::tflite_import
