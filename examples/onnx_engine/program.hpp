// A model brought to the kernels of oneDNN, and the graph that OrionRT plans for it: an op a kernel, a tensor an
// activation as it really lies in memory.
//
//   Model -> Builder, Kernels() -> Program { graph, steps } -> plan -> Session
#pragma once

#include <functional>
#include <map>
#include <oneapi/dnnl/dnnl.hpp>
#include <string>
#include <utility>
#include <vector>

#include "model.hpp"
#include "orionrt/orionrt.hpp"

namespace onnx_engine {

using Layout = dnnl::memory::desc;

// An activation: a tensor of the graph, and how its elements lie in its bytes.
struct Value {
  int tensor = orionrt::kNoTensor;
  Layout layout;
};

// What a primitive takes as one of its arguments: an activation, whose address the plan will say, or a weight.
struct Operand {
  int argument = 0;  // DNNL_ARG_SRC, ...
  Value value;
  dnnl::memory weight;  // where value.tensor is kNoTensor
};

// The code behind one op of the graph.
struct Step {
  dnnl::primitive primitive;
  std::vector<Operand> operands;  // the output too
  Layout scratchpad;
  // In place of a primitive, where oneDNN has none: element by element from the only input.
  float (*element)(float) = nullptr;
};

struct Port {
  std::string name;
  int tensor = orionrt::kNoTensor;
  std::int64_t count = 0;  // floats, row-major
};

struct Program {
  dnnl::engine engine;
  orionrt::Graph graph;  // ids of ops are positions in `steps`, those of tensors positions in graph.tensors()
  std::vector<Step> steps;
  std::vector<Port> inputs, outputs;
  std::size_t weight_bytes = 0;  // as the kernels want them
  int reorders = 0;              // ops that bring an activation to another layout
};

enum class Layouts {
  kAny,    // oneDNN's choice, blocks of channels, with reorders where kernels choose differently
  kPlain,  // row-major throughout, as in the file
};

// Makes a program, kernel by kernel. What the table of kernels (kernels.cpp) is written in.
class Builder {
 public:
  Builder(const Model& model, dnnl::engine engine, Layouts layouts);

  const dnnl::engine& engine() const { return program_.engine; }
  const dnnl::primitive_attr& attributes() const { return attributes_; }

  bool IsWeight(const std::string& name) const { return model_.weights.count(name) > 0; }
  bool IsRead(const std::string& name) const;
  const Weight& WeightNamed(const Node& node, std::size_t input) const;  // refuses what is no weight
  Shape ShapeOf(const std::string& name) const;                          // of rank 1 at least

  // Where the activation lies now; the same brought to another layout, by an op of its own if need be.
  Value At(const std::string& name) const { return values_.at(name); }
  Value As(const std::string& name, const Layout& layout);
  Value Plain(const std::string& name) { return As(name, PlainLayout(ShapeOf(name))); }

  // What kernels may choose from: oneDNN's "any", or plain.
  Layout Choice(const Shape& shape) const;
  static Layout PlainLayout(const Shape& shape);

  // A weight as an operand: its floats lie by `given`, the kernel wants them by `wanted`.
  Operand WeightOperand(int argument, const std::vector<float>& floats, const Layout& given, const Layout& wanted);

  // Adds the op that computes a node's first output by a primitive. `aliases` as in orionrt::OpNode: what the primitive
  // allows to share bytes, by positions among the operands that are activations. A primitive may see an output that is
  // plain under another shape: as a matrix.
  void Emit(const Node& node, const dnnl::primitive_desc_base& primitive, std::vector<Operand> reads,
            const Layout& output, std::vector<orionrt::Alias> aliases = {});
  void EmitElements(const Node& node, float (*element)(float));
  // The node's output is its input's floats under another shape: a view where the plan makes one, else a copy.
  void EmitView(const Node& node, const Layout& layout);

  // Brings outputs to plain layout, checks the graph, and hands the program over.
  Program Finish();

  [[noreturn]] void Refuse(const Node& node, const std::string& why) const;

 private:
  Value AddTensor(const std::string& name, const Shape& shape, const Layout& layout, unsigned roles = 0);
  Value Reordered(const std::string& name, const Layout& layout);
  void AddOp(const std::string& name, const std::string& type, Step step, std::vector<orionrt::Alias> aliases);

  const Model& model_;
  Layouts layouts_;
  Program program_;
  dnnl::primitive_attr attributes_;  // scratchpads are the user's: they are planned
  dnnl::stream stream_;              // for weights
  std::vector<orionrt::OpNode> ops_;
  std::vector<orionrt::TensorDesc> tensors_;
  std::map<std::string, Value> values_;
  std::map<std::string, std::vector<Value>> copies_;  // the same in other layouts
};

// Builds all of the model. Throws orionrt::Error (kUnsupported) that names the node and what its kernel lacks.
Program MakeProgram(const Model& model, Layouts layouts = Layouts::kAny);

}  // namespace onnx_engine
