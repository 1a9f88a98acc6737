// One node as rules, evaluation and the onnx library's inference see it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/onnx/tensor.hpp"

namespace orionrt::onnx_import {

// How one node of a graph hangs together with the tensors around it.
struct Node {
  const onnx::NodeProto* proto = nullptr;
  int index = 0;                                    // in the file
  int position = -1;                                // in execution order, the id of its op; -1: not known yet
  int opset = 0;                                    // version of its domain that the file asks for
  std::vector<Tensor*> inputs;                      // nullptr: an optional one left out
  std::vector<Tensor*> outputs;                     // nullptr: not wanted
  std::vector<Tensor*> captures;                    // outer tensors that its bodies read
  std::vector<const onnx::AttributeProto*> bodies;  // attributes that hold a graph
  bool expanded = false;                            // a call of a function that has been gone through

  const std::string& Op() const { return proto->op_type(); }
  // "" for the standard domain, whichever way the file spells it.
  const std::string& Domain() const;

  const onnx::AttributeProto* Attribute(const char* name) const;
  std::int64_t Int(const char* name, std::int64_t otherwise) const;
  std::string Text(const char* name, const char* otherwise) const;
  Dims Ints(const char* name) const;  // empty if absent

  bool Has(std::size_t input) const { return input < inputs.size() && inputs[input]; }
  // Of an input; nullptr if absent or not known.
  const Dims* Shape(std::size_t input) const;
  int Dtype(std::size_t input) const;
  const Value* Known(std::size_t input) const;
  // The integers of a known input of an integer type; false if it is not one.
  [[nodiscard]] bool KnownInts(std::size_t input, Dims& out) const;
};

// Brings an axis counted from the end into [0, rank); false if it is outside.
[[nodiscard]] bool NormalizeAxis(std::int64_t& axis, std::size_t rank);

}  // namespace orionrt::onnx_import
