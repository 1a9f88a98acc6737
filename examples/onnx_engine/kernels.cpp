#include "kernels.hpp"

#include <algorithm>

namespace onnx_engine {
namespace {

constexpr KernelRow kRows[] = {
    {"Abs", MakeElementwise},
    {"Add", MakeBinary},
    {"AveragePool", MakeAveragePool},
    {"BatchNormalization", MakeBatchNormalization},
    {"Clip", MakeClip},
    {"Concat", MakeConcat},
    {"Conv", MakeConv},
    {"Div", MakeBinary},
    {"Dropout", MakeIdentity},
    {"Erf", MakeErf},
    {"Exp", MakeElementwise},
    {"Flatten", MakeReshape},
    {"Gemm", MakeGemm},
    {"GlobalAveragePool", MakeGlobalAveragePool},
    {"Identity", MakeIdentity},
    {"LRN", MakeLrn},
    {"LayerNormalization", MakeLayerNormalization},
    {"MatMul", MakeMatMul},
    {"MaxPool", MakeMaxPool},
    {"Mul", MakeBinary},
    {"Pow", MakePow},
    {"ReduceMean", MakeReduceMean},
    {"Relu", MakeElementwise},
    {"Reshape", MakeReshape},
    {"Sigmoid", MakeElementwise},
    {"Softmax", MakeSoftmax},
    {"Sqrt", MakeElementwise},
    {"Squeeze", MakeReshape},
    {"Sub", MakeBinary},
    {"Sum", MakeSum},
    {"Tanh", MakeElementwise},
    {"Transpose", MakeTranspose},
    {"Unsqueeze", MakeReshape},
};

}  // namespace

const KernelRow* FindKernel(const std::string& type) {
  const auto row = std::find_if(std::begin(kRows), std::end(kRows), [&](const KernelRow& r) { return type == r.type; });
  return row == std::end(kRows) ? nullptr : row;
}

std::vector<std::string> KernelTypes() {
  std::vector<std::string> types;
  for (const KernelRow& row : kRows) types.emplace_back(row.type);
  return types;
}

}  // namespace onnx_engine
