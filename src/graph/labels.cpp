#include "graph/labels.hpp"

#include "base/text.hpp"

namespace orionrt {
namespace {

std::string Named(std::string label, const std::string& name) {
  return name.empty() ? label : label + " \"" + Printable(name) + "\"";
}

}  // namespace

std::string OpLabel(const OpNode& op) {
  const std::string label = "op " + std::to_string(op.id);
  return op.name.empty() && !op.type.empty() ? label + " " + Printable(op.type) : Named(label, op.name);
}

std::string TensorLabel(const TensorDesc& tensor) { return Named("tensor " + std::to_string(tensor.id), tensor.name); }

}  // namespace orionrt
