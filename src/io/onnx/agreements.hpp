// Dimensions of a node's inputs that must agree, of ops whose outputs follow from other dimensions: weights that fit
// what they weigh, updates that fit their indices.
#pragma once

#include "io/onnx/runnable.hpp"

namespace orionrt::onnx_import {

// What speaks against running a node of this op, from this version of its domain on.
struct FaultRow {
  const char* domain;
  const char* op;
  int from_opset;
  RunFault (*check)(const Node&);
};

std::vector<FaultRow> AgreementRows();

// Two axes of the node's inputs that must be equally long, and are not. `key` is "domain:op". Nothing for ops that are
// not in its table, nor for ranks that this does not speak of.
RunFault FindUnequalAxes(const Node& node, const std::string& key);

}  // namespace orionrt::onnx_import
