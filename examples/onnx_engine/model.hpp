// What an ONNX file says, as an engine wants it: nodes with their attributes, the shape of every value, and weights.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "orionrt/orionrt.hpp"

namespace onnx_engine {

using Shape = std::vector<std::int64_t>;

// Elements, 1 for a scalar.
std::int64_t CountOf(const Shape& shape);

struct Weight {
  Shape shape;
  std::vector<float> floats;       // row-major; either these
  std::vector<std::int64_t> ints;  // or these, of shapes and axes
};

using Attribute = std::variant<std::int64_t, float, std::string, std::vector<std::int64_t>, Weight>;

struct Node {
  std::string name, type;
  std::int64_t opset = 0;
  std::vector<std::string> inputs, outputs;  // names of values; empty where an optional one is left out
  std::map<std::string, Attribute> attributes;

  std::int64_t Int(const std::string& attribute, std::int64_t otherwise) const;
  float Float(const std::string& attribute, float otherwise) const;
  std::string String(const std::string& attribute, const std::string& otherwise) const;
  Shape Ints(const std::string& attribute, const Shape& otherwise) const;
  bool Has(std::size_t input) const { return input < inputs.size() && !inputs[input].empty(); }
};

struct ReadOptions {
  orionrt::ImportOptions import;  // sizes of open dimensions, shapes of inputs
  // Weights that the file lacks (external data that is not there) or fills with one number (ConstantOfShape) get
  // numbers drawn from a hash of their names: models without their weights then compute something that depends on every
  // byte of every activation.
  bool hash_weights = false;
};

struct Model {
  std::string source;                   // what messages call it
  std::vector<Node> nodes;              // those that run: what depends on weights alone has been computed
  std::map<std::string, Shape> shapes;  // of all activations
  std::map<std::string, Weight> weights;
  std::vector<std::string> inputs, outputs;
  orionrt::ImportedModel imported;  // the file's graph, as OrionRT's importer reads it
};

// Throws orionrt::Error: what ImportOnnx throws; kUnsupported for values that are not float32, for weights that are not
// there, and for node types that are not among `known`, all of them named in one message.
Model ReadModel(const std::string& path, const ReadOptions& options, const std::vector<std::string>& known);

// A TensorProto of float32 in a file of its own, as ONNX stores expected outputs. Throws orionrt::Error (kBadInput).
Weight ReadTensor(const std::string& path);

}  // namespace onnx_engine
