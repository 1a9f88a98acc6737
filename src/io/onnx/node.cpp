#include "io/onnx/node.hpp"

namespace orionrt::onnx_import {

const std::string& Node::Domain() const {
  static const std::string standard;
  return proto->domain() == "ai.onnx" ? standard : proto->domain();
}

const onnx::AttributeProto* Node::Attribute(const char* name) const {
  for (const auto& attribute : proto->attribute()) {
    if (attribute.name() == name) return &attribute;
  }
  return nullptr;
}

std::int64_t Node::Int(const char* name, std::int64_t otherwise) const {
  const auto* attribute = Attribute(name);
  return attribute && attribute->has_i() ? attribute->i() : otherwise;
}

std::string Node::Text(const char* name, const char* otherwise) const {
  const auto* attribute = Attribute(name);
  return attribute && attribute->has_s() ? attribute->s() : otherwise;
}

Dims Node::Ints(const char* name) const {
  const auto* attribute = Attribute(name);
  return attribute ? Dims(attribute->ints().begin(), attribute->ints().end()) : Dims();
}

const Dims* Node::Shape(std::size_t input) const {
  return Has(input) && inputs[input]->dims ? &*inputs[input]->dims : nullptr;
}

int Node::Dtype(std::size_t input) const { return Has(input) ? inputs[input]->dtype : 0; }

const Value* Node::Known(std::size_t input) const { return Has(input) ? inputs[input]->KnownValue() : nullptr; }

bool Node::KnownInts(std::size_t input, Dims& out) const {
  const Value* value = Known(input);
  if (!value || value->IsReal()) return false;
  out = value->ints;
  return true;
}

bool NormalizeAxis(std::int64_t& axis, std::size_t rank) {
  const std::int64_t limit = static_cast<std::int64_t>(rank);
  if (axis < -limit || axis >= limit) return false;
  if (axis < 0) axis += limit;
  return true;
}

}  // namespace orionrt::onnx_import
