#include "model.hpp"

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <set>

#include "orionrt/formats.hpp"
#include "orionrt/import.hpp"

namespace onnx_engine {
namespace {

using orionrt::Error;
using orionrt::ErrorCode;

// The function of a weight's name that stands in for weights that are not there: for rank 2 and more centred on 0, with
// a deviation that keeps activations of the size of their inputs; for rank 1 (scales, variances) between 0.5 and 1.
std::vector<float> HashedWeights(const std::string& name, const Shape& shape) {
  std::uint32_t seed = 2166136261U;  // FNV-1a
  for (const char c : name) seed = (seed ^ static_cast<unsigned char>(c)) * 16777619U;
  const std::int64_t count = CountOf(shape);
  const double width = shape.empty() ? 1 : std::sqrt(3.0 * static_cast<double>(shape[0]) / static_cast<double>(count));
  std::vector<float> floats(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < floats.size(); ++i) {
    auto x = static_cast<std::uint32_t>(seed + i * 2654435761U);
    x = (x ^ x >> 16) * 0x7feb352dU;
    x = (x ^ x >> 15) * 0x846ca68bU;
    const double u = (x ^ x >> 16) / 4294967296.0;
    floats[i] = static_cast<float>(shape.size() >= 2 ? (u - 0.5) * 2 * width : 0.5 + 0.5 * u);
  }
  return floats;
}

template <typename T, typename Field>
std::vector<T> ElementsOf(const onnx::TensorProto& tensor, const Field& field) {
  std::vector<T> elements(field.begin(), field.end());
  const std::string& raw = tensor.raw_data();
  if (!raw.empty()) {
    elements.resize(raw.size() / sizeof(T));
    std::memcpy(elements.data(), raw.data(), elements.size() * sizeof(T));
  }
  return elements;
}

Weight WeightOf(const onnx::TensorProto& tensor, const std::string& where) {
  Weight weight;
  weight.shape.assign(tensor.dims().begin(), tensor.dims().end());
  if (tensor.data_type() == onnx::TensorProto::FLOAT) weight.floats = ElementsOf<float>(tensor, tensor.float_data());
  if (tensor.data_type() == onnx::TensorProto::INT64) {
    weight.ints = ElementsOf<std::int64_t>(tensor, tensor.int64_data());
  }
  if (static_cast<std::int64_t>(weight.floats.size() + weight.ints.size()) != CountOf(weight.shape)) {
    throw Error(ErrorCode::kUnsupported,
                where +
                    " has no data in the file, or is neither float32 nor int64; with --weights hash numbers made "
                    "of its name take the place of float32 data that is not there");
  }
  return weight;
}

Attribute AttributeOf(const onnx::AttributeProto& proto, const std::string& where) {
  switch (proto.type()) {
    case onnx::AttributeProto::FLOAT:
      return proto.f();
    case onnx::AttributeProto::STRING:
      return proto.s();
    case onnx::AttributeProto::INTS:
      return Shape(proto.ints().begin(), proto.ints().end());
    case onnx::AttributeProto::TENSOR:
      return WeightOf(proto.t(), where);
    default:
      return proto.i();
  }
}

Node NodeOf(const onnx::NodeProto& proto, std::int64_t opset, const std::string& source) {
  Node node;
  node.name = proto.name().empty() && proto.output_size() > 0 ? proto.output(0) : proto.name();
  node.type = proto.domain().empty() ? proto.op_type() : proto.domain() + "." + proto.op_type();
  node.opset = opset;
  node.inputs.assign(proto.input().begin(), proto.input().end());
  node.outputs.assign(proto.output().begin(), proto.output().end());
  for (const onnx::AttributeProto& attribute : proto.attribute()) {
    node.attributes[attribute.name()] = AttributeOf(attribute, source + ": node \"" + node.name + "\"");
  }
  return node;
}

void ReadWeights(const onnx::GraphProto& graph, const ReadOptions& options, Model& model) {
  for (const onnx::TensorProto& tensor : graph.initializer()) {
    if (options.hash_weights && tensor.data_location() == onnx::TensorProto::EXTERNAL &&
        tensor.data_type() == onnx::TensorProto::FLOAT) {
      const Shape shape(tensor.dims().begin(), tensor.dims().end());
      model.weights[tensor.name()] = {shape, HashedWeights(tensor.name(), shape), {}};
    } else {
      model.weights[tensor.name()] = WeightOf(tensor, model.source + ": weight \"" + tensor.name() + "\"");
    }
  }
}

void CheckTypes(const Model& model) {
  for (const orionrt::TensorDesc& tensor : model.imported.graph.tensors()) {
    if (tensor.dtype == "float32") continue;
    throw Error(ErrorCode::kUnsupported, model.source + ": value \"" + tensor.name + "\" is of " + tensor.dtype +
                                             "; this engine computes in float32 alone");
  }
}

void CheckKnown(const Model& model, const std::vector<std::string>& known) {
  std::string unknown, list;
  std::set<std::string> named;
  for (const Node& node : model.nodes) {
    if (std::count(known.begin(), known.end(), node.type) > 0 || !named.insert(node.type).second) continue;
    unknown += (unknown.empty() ? "" : ", ") + node.type + " (node \"" + node.name + "\")";
  }
  if (unknown.empty()) return;
  for (const std::string& type : known) list += (list.empty() ? "" : ", ") + type;
  throw Error(ErrorCode::kUnsupported,
              model.source + ": this engine has no kernel for " + unknown + "; it has " + list);
}

Weight FilledWeight(const Node& node, const Weight& shape, bool hashed) {
  Weight filled{shape.ints, {}, {}};
  const std::int64_t count = CountOf(filled.shape);
  if (hashed && count > 1) {
    filled.floats = HashedWeights(node.outputs[0], filled.shape);
    return filled;
  }
  const auto value = node.attributes.find("value");
  const Weight* const given = value == node.attributes.end() ? nullptr : std::get_if<Weight>(&value->second);
  filled.floats.assign(static_cast<std::size_t>(count), given && !given->floats.empty() ? given->floats[0] : 0);
  return filled;
}

// Computes what depends on weights alone: here fills, and weights under another shape.
void FoldWeights(const ReadOptions& options, Model& model) {
  const auto is_weight = [&](const std::string& name) { return name.empty() || model.weights.count(name) > 0; };
  std::vector<Node> running;
  for (Node& node : model.nodes) {
    if (!std::all_of(node.inputs.begin(), node.inputs.end(), is_weight)) {
      running.push_back(std::move(node));
    } else if (node.type == "Constant") {
      model.weights[node.outputs[0]] = std::get<Weight>(node.attributes.at("value"));
    } else if (node.type == "ConstantOfShape") {
      model.weights[node.outputs[0]] = FilledWeight(node, model.weights.at(node.inputs[0]), options.hash_weights);
    } else if (node.type == "Unsqueeze" || node.type == "Squeeze" || node.type == "Reshape" || node.type == "Flatten" ||
               node.type == "Identity") {
      Weight weight = model.weights.at(node.inputs[0]);
      weight.shape = model.shapes.at(node.outputs[0]);
      model.weights[node.outputs[0]] = std::move(weight);
    } else {
      throw Error(ErrorCode::kUnsupported, model.source + ": node \"" + node.name + "\" (" + node.type +
                                               ") computes on weights alone, which this engine does not");
    }
  }
  model.nodes = std::move(running);
}

// Shapes are the importer's work: it knows what every op makes of its inputs, and refuses shapes that do not fit.
void FindShapes(const std::string& bytes, const ReadOptions& options, Model& model) {
  orionrt::ImportOptions all = options.import;
  all.fold_constants = false;
  const orionrt::ImportedModel unfolded = ImportOnnx(bytes, model.source, all);
  for (const orionrt::TensorDesc& tensor : unfolded.graph.tensors()) model.shapes[tensor.name] = tensor.shape;
}

}  // namespace

std::int64_t CountOf(const Shape& shape) {
  std::int64_t count = 1;
  for (const std::int64_t dim : shape) count *= dim;
  return count;
}

std::int64_t Node::Int(const std::string& attribute, std::int64_t otherwise) const {
  const auto found = attributes.find(attribute);
  return found == attributes.end() ? otherwise : std::get<std::int64_t>(found->second);
}

float Node::Float(const std::string& attribute, float otherwise) const {
  const auto found = attributes.find(attribute);
  return found == attributes.end() ? otherwise : std::get<float>(found->second);
}

std::string Node::String(const std::string& attribute, const std::string& otherwise) const {
  const auto found = attributes.find(attribute);
  return found == attributes.end() ? otherwise : std::get<std::string>(found->second);
}

Shape Node::Ints(const std::string& attribute, const Shape& otherwise) const {
  const auto found = attributes.find(attribute);
  return found == attributes.end() ? otherwise : std::get<Shape>(found->second);
}

Model ReadModel(const std::string& path, const ReadOptions& options, const std::vector<std::string>& known) {
  Model model;
  model.source = path.substr(path.rfind('/') + 1);
  const std::string bytes = orionrt::ReadFile(path);
  model.imported = ImportOnnx(bytes, model.source, options.import);  // refuses what is no model
  onnx::ModelProto proto;
  proto.ParseFromString(bytes);
  std::int64_t opset = 1;
  for (const auto& import : proto.opset_import()) {
    if (import.domain().empty()) opset = import.version();
  }
  for (const onnx::NodeProto& node : proto.graph().node()) model.nodes.push_back(NodeOf(node, opset, model.source));
  ReadWeights(proto.graph(), options, model);
  FindShapes(bytes, options, model);
  FoldWeights(options, model);
  CheckKnown(model, known);
  CheckTypes(model);
  for (const auto& input : proto.graph().input()) {
    if (model.weights.count(input.name()) == 0) model.inputs.push_back(input.name());
  }
  for (const auto& output : proto.graph().output()) model.outputs.push_back(output.name());
  return model;
}

Weight ReadTensor(const std::string& path) {
  onnx::TensorProto proto;
  if (!proto.ParseFromString(orionrt::ReadFile(path))) {
    throw Error(ErrorCode::kBadInput, path + ": no TensorProto");
  }
  return WeightOf(proto, path + ": the tensor");
}

}  // namespace onnx_engine
