// Turns one GraphProto, the model's own or a body inside it, into a Graph.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "io/onnx/library.hpp"
#include "io/onnx/node.hpp"
#include "io/onnx/onnx_session.hpp"
#include "io/onnx/rules.hpp"
#include "io/onnx/run_time.hpp"

namespace orionrt::onnx_import {

class GraphBuilder {
 public:
  // `place` is how messages begin ("" for the model's own graph). Where `lenient`, tensors whose shape is not known are
  // left out instead of being an error: the graph may belong to a branch that the dimensions at hand never take.
  GraphBuilder(Session& session, const onnx::GraphProto& graph, GraphBuilder* outer, std::string place, bool lenient);

  // A function called from `caller`: sees nothing of the graphs around it.
  GraphBuilder(const GraphBuilder& caller, const onnx::GraphProto& graph, std::string place, const Opsets& opsets);

  // Goes through the nodes. `given`: what the op around knows of the inputs (type, value, constness); inputs beyond
  // them are as the graph declares.
  void Run(const std::vector<Tensor>& given);

  const std::vector<Tensor*>& outputs() const { return outputs_; }
  std::size_t unsized() const { return unsized_; }
  bool lenient() const { return lenient_; }
  int depth() const { return depth_; }  // of calls of functions
  Session& session() { return session_; }

  // `node 17 "Conv_3" (Conv)`, after the place of this graph: the number that the file gives it. Where it runs at
  // another position, that too, by which the graph names it: `node 17 "Conv_3" (Conv, op 12)`.
  std::string Place(const Node& node) const;

  void AddBody(NestedGraph body) { bodies_.push_back(std::move(body)); }
  // Of the node at hand: how large one of its outputs may be, and a warning that it is planned so.
  void SetExtent(std::size_t output, DimsRange range) { extents_[output] = std::move(range); }
  void WarnBound(const Tensor& tensor, const Node& node, const Dims& most);
  Graph MakeGraph();  // once: it also counts the constants that ops of this graph read
  NestedGraph MakeNested(int position, std::string attribute);
  std::vector<NestedGraph> TakeBodies() { return std::move(bodies_); }

 private:
  void CheckNames() const;
  // `what` it is, for the message if the name is taken: by a node, or in words.
  Tensor& Declare(const std::string& name, const Node* producer, const char* what = "");
  void DeclareConstants();
  void DeclareInputs(const std::vector<Tensor>& given);
  onnx::TypeProto InputType(const onnx::ValueInfoProto& input, const Tensor& given);
  void DeclareNodes();
  void LinkNodes();
  void LinkOutputs();
  Tensor* Find(const std::string& name);
  int OpsetOf(const std::string& domain) const;

  void Step(Node& node, int position);
  bool Folds(const Node& node) const;
  [[nodiscard]] bool TakeValues(Node& node, Types& types);
  void TypeOutputs(Node& node, int position, Types& types);
  void Infer(Node& node, int position, Types& inferred);
  void InferByOwnRule(const Node& node, Types& inferred);
  bool CanRun(const Node& node);
  void CompareDeclared(const Node& node, std::size_t index, const onnx::TypeProto& declared,
                       const onnx::TypeProto& inferred);
  void LearnDimensions(const Node& node, const std::string& tensor, const onnx::TypeProto& declared,
                       const onnx::TypeProto& type);
  void FinishOutput(Node& node, std::size_t index, onnx::TypeProto type);
  void WarnRunTime(Tensor& tensor, const Node& node, std::int64_t assumed);
  bool TakeRanges(Node& node, Types& types);
  void BoundBySizes(Node& node, Types& types);
  void FillRunTimeDims(Node& node, std::size_t index, onnx::TypeProto& type);
  std::optional<std::int64_t> GivenDim(const std::string& text, std::vector<std::string>& options) const;
  std::string TextBehind(const Node& node, int dim) const;
  std::string OriginOf(const Tensor& tensor) const;
  std::string OptionsBehind(const Node& node, std::vector<std::string> options = {}) const;
  std::string DimOptions(const Node& node, const std::string& text, const char* value) const;
  std::string OptionsForAll(const Node& node, const std::string& text) const;
  [[noreturn]] void FailUnsized(const Node& node, const Tensor& tensor) const;
  bool IsWanted(const Node& node, std::size_t index) const;
  OpNode MakeOp(const Node& node, int position) const;
  void CountWeights();
  void Need(Tensor* tensor);

  Session& session_;
  const onnx::GraphProto& proto_;
  GraphBuilder* outer_;
  std::string place_;
  bool lenient_;
  const Opsets* opsets_;
  bool is_body_;
  int depth_ = 0;
  std::deque<Tensor> tensors_;
  std::unordered_map<std::string_view, Tensor*> by_name_;
  std::unordered_map<std::string_view, const onnx::TypeProto*> declared_;  // value_info and outputs
  std::vector<Tensor*> inputs_;                                            // constants among them left out
  std::vector<Tensor*> outputs_;                                           // of the graph; may belong to an outer one
  std::vector<Node> nodes_;
  std::vector<int> order_;
  std::vector<bool> folded_;  // by index of node
  std::vector<NestedGraph> bodies_;
  std::size_t unsized_ = 0;  // tensors left out
  std::size_t unsized_constants_ = 0;
  std::string problem_;                            // what inference said about the node at hand
  std::vector<std::vector<RunTimeDim>> run_time_;  // of its outputs, where their sizes depend on data
  std::vector<std::optional<DimsRange>> extents_;  // of its outputs, where its inputs have such
  bool runs_;                                      // whether this graph runs: the op around it is not folded
  bool step_folds_ = false;                        // whether the node at hand is
  bool broken_ = false;                            // it said that the node breaks the rules of its op
};

// Fills what is not set in `target` from `source`: element type, shape, single dimensions.
void FillType(const onnx::TypeProto& source, onnx::TypeProto& target);

// Gives all dimensions without a value this one; false if there is none.
bool SetOpenDims(onnx::TypeProto& type, std::int64_t dim);

}  // namespace orionrt::onnx_import
