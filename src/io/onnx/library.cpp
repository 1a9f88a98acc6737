#include "io/onnx/library.hpp"

#include <onnx/defs/schema.h>
#include <onnx/defs/shape_inference.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <new>

#include "io/onnx/checks.hpp"
#include "io/onnx/schemas.hpp"

namespace orionrt::onnx_import {
namespace {

// Types and small values of the inputs, handed over only when asked for: most functions never look at values.
class NodeContext : public onnx::InferenceContext {
 public:
  explicit NodeContext(const Node& node)
      : node_(node), types_(node.inputs.size()), data_(node.inputs.size()), outputs_(node.outputs.size()) {}

  std::vector<onnx::TypeProto>& outputs() { return outputs_; }

  const onnx::AttributeProto* getAttribute(const std::string& name) const override {
    return node_.Attribute(name.c_str());
  }
  size_t getNumInputs() const override { return node_.inputs.size(); }
  size_t getNumOutputs() const override { return outputs_.size(); }
  const onnx::TypeProto* getInputType(size_t index) const override {
    if (!node_.Has(index)) return nullptr;
    if (!node_.inputs[index]->HasType()) return nullptr;
    if (!types_[index]) types_[index] = std::make_unique<onnx::TypeProto>(node_.inputs[index]->Type());
    return types_[index].get();
  }
  const onnx::TensorProto* getInputData(size_t index) const override {
    const Value* value = node_.Known(index);
    if (!value) return nullptr;
    if (!data_[index]) data_[index] = std::make_unique<onnx::TensorProto>(ToTensorProto(*value));
    return data_[index].get();
  }
  onnx::TypeProto* getOutputType(size_t index) override {
    if (index >= outputs_.size()) throw onnx::InferenceError("output " + std::to_string(index) + " is missing");
    return &outputs_[index];
  }
  onnx::GraphInferencer* getGraphAttributeInferencer(const std::string&) override { return nullptr; }
  const onnx::SparseTensorProto* getInputSparseData(size_t) const override { return nullptr; }
  const onnx::TensorShapeProto* getSymbolicInput(size_t) const override { return nullptr; }

 private:
  const Node& node_;
  mutable std::vector<std::unique_ptr<onnx::TypeProto>> types_;
  mutable std::vector<std::unique_ptr<onnx::TensorProto>> data_;
  std::vector<onnx::TypeProto> outputs_;
};

// The schema of the file's opset. Files that use an op before its opset (LayerNormalization at 12) or in the form of
// a later one (Squeeze with axes as input at 12) are common enough to be read as the newest known.
const onnx::OpSchema* FindSchema(const Node& node, LibraryResult& result) {
  const int newest = node.Domain().empty() ? kLibraryOpset : node.opset;
  result.problem = "its op is not known";
  for (int version : {std::min(node.opset, newest), newest}) {
    const onnx::OpSchema* schema = SchemaOf(node.Domain(), node.Op(), version);
    if (!schema) continue;
    result.problem = CheckSchema(node, *schema);
    result.broken = !result.problem.empty();
    if (!result.broken) return schema;
  }
  return nullptr;
}

// "[ShapeInferenceError] Incompatible dimensions" -> "Incompatible dimensions".
std::string WithoutTag(const std::string& message) {
  const std::size_t end = message.empty() || message[0] != '[' ? std::string::npos : message.find("] ");
  return end == std::string::npos ? message : message.substr(end + 2);
}

}  // namespace

LibraryResult InferByLibrary(const Node& node) {
  LibraryResult result;
  const onnx::OpSchema* schema = FindSchema(node, result);
  if (!schema) return result;
  if (!schema->has_type_and_shape_inference_function()) {
    result.problem = "no shape inference is known for its op";
    return result;
  }
  result.problem = CheckAttributes(node);
  result.broken = !result.problem.empty();
  if (result.broken) return result;
  NodeContext context(node);
  try {
    schema->GetTypeAndShapeInferenceFunction()(context);
    result.outputs = std::move(context.outputs());
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    result.problem = WithoutTag(error.what());
    result.broken = true;
  }
  return result;
}

bool IsDeterministic(const onnx::NodeProto& node) {
  const std::string& op = node.op_type();
  if (op.compare(0, 6, "Random") == 0 || op == "Multinomial" || op == "Bernoulli") return false;
  if (op == "Dropout" && node.input_size() > 2 && !node.input(2).empty()) return false;
  for (const auto& attribute : node.attribute()) {
    if (!attribute.has_g()) continue;
    for (const auto& inner : attribute.g().node()) {
      if (!IsDeterministic(inner)) return false;
    }
  }
  return true;
}

}  // namespace orionrt::onnx_import
