// The ops that the engine has: a row each.
#pragma once

#include <string>
#include <vector>

#include "program.hpp"

namespace onnx_engine {

constexpr auto kInference = dnnl::prop_kind::forward_inference;

struct KernelRow {
  const char* type;                          // of the ONNX op
  void (*make)(const Node& node, Builder&);  // adds its steps
};

const KernelRow* FindKernel(const std::string& type);  // null where there is none
std::vector<std::string> KernelTypes();

// The rows' functions, by file.
// kernels_windows.cpp
void MakeConv(const Node& node, Builder& builder);
void MakeMaxPool(const Node& node, Builder& builder);
void MakeAveragePool(const Node& node, Builder& builder);
void MakeGlobalAveragePool(const Node& node, Builder& builder);
void MakeLrn(const Node& node, Builder& builder);
// kernels_products.cpp
void MakeGemm(const Node& node, Builder& builder);
void MakeMatMul(const Node& node, Builder& builder);
// kernels_norms.cpp
void MakeBatchNormalization(const Node& node, Builder& builder);
void MakeLayerNormalization(const Node& node, Builder& builder);
void MakeSoftmax(const Node& node, Builder& builder);
void MakeReduceMean(const Node& node, Builder& builder);
// kernels_elements.cpp
void MakeElementwise(const Node& node, Builder& builder);
void MakeClip(const Node& node, Builder& builder);
void MakePow(const Node& node, Builder& builder);
void MakeErf(const Node& node, Builder& builder);
void MakeBinary(const Node& node, Builder& builder);
void MakeSum(const Node& node, Builder& builder);
// kernels_moves.cpp
void MakeConcat(const Node& node, Builder& builder);
void MakeTranspose(const Node& node, Builder& builder);
void MakeReshape(const Node& node, Builder& builder);
void MakeIdentity(const Node& node, Builder& builder);

}  // namespace onnx_engine
