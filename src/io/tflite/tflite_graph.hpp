// Turns one subgraph of the file into a Graph.
#pragma once

#include <string>
#include <vector>

#include "graph/op_table.hpp"
#include "io/tflite/tflite_session.hpp"

namespace orionrt::tflite_import {

class GraphBuilder {
 public:
  // `place` is how messages begin ("" for subgraph 0). `around`: the subgraphs whose ops led here, outermost first.
  GraphBuilder(Session& session, std::uint32_t index, std::string place, std::vector<std::uint32_t> around);

  // Once. Bodies are imported on the way.
  Graph Build();
  std::vector<NestedGraph> TakeBodies() { return std::move(bodies_); }

 private:
  struct Tensor {
    const fb::Tensor* record = nullptr;
    Dims dims;
    bool constant = false;
    bool is_input = false, is_output = false, is_state = false;
    bool used = false;  // by an op that runs
    int producer = -1;  // index of the op
  };
  struct Op {
    const fb::Operator* record = nullptr;
    int code = 0;
    std::string type;
    std::vector<int> inputs, outputs;  // absent ones left out
    bool folded = false;
  };

  // `op 17 (CONV_2D)`, `tensor 5 "x"`, after the place of this graph.
  std::string Place(int op) const;
  std::string Label(int tensor) const;
  [[noreturn]] void Fail(ErrorCode code, int op, const std::string& message) const;

  void ReadTensors();
  void ReadOps();
  std::vector<int> ReadUses(int op, const flatbuffers::Vector<std::int32_t>* list, const char* verb);
  std::vector<int> ReadEnds(const flatbuffers::Vector<std::int32_t>* list, const char* what);
  void LinkEnds();
  void LinkOps();
  void CheckProduced(int tensor, int reader);  // reader: an op, or -1 for the graph around
  std::vector<int> Sort() const;
  void Fold(Op& op);
  void ImportBodies(int op, int position);
  OpNode MakeOp(int op) const;
  OpOperands OperandsOf(const Op& op, const OpNode& node) const;
  void CheckShapeIsSaid(int index);
  TensorDesc MakeDesc(int tensor) const;
  std::int64_t BytesOf(int tensor) const;
  int UserOf(int tensor) const;
  void CountWeights();
  void Need(int tensor);

  Session& session_;
  const fb::SubGraph& record_;
  std::string place_;
  std::vector<std::uint32_t> around_;
  bool runs_ = true;  // whether this graph does: no op around it is folded
  std::vector<Tensor> tensors_;
  std::vector<Op> ops_;
  std::vector<NestedGraph> bodies_;
};

}  // namespace orionrt::tflite_import
