// Kernels that multiply matrices.
#include <numeric>
#include <utility>

#include "kernels.hpp"

namespace onnx_engine {
namespace {

constexpr auto kFloat = dnnl::memory::data_type::f32;
constexpr auto kAny = dnnl::memory::format_tag::any;

// `rows` x K times a weight that lies by `given`, K x N; `bias`, of N or of one float, may be empty.
void EmitByWeight(const Node& node, Builder& builder, std::int64_t rows, const Weight& weight, const Layout& given,
                  const Weight* bias) {
  const Shape shape = given.dims();
  const Layout source = Builder::PlainLayout({rows, shape[0]}), output = Builder::PlainLayout({rows, shape[1]});
  const Layout bias_layout = bias ? Builder::PlainLayout({1, shape[1]}) : Layout();
  const dnnl::matmul::desc product(source, {shape, kFloat, kAny}, bias_layout, output);
  const dnnl::matmul::primitive_desc primitive(product, builder.attributes(), builder.engine());
  std::vector<Operand> reads = {
      {DNNL_ARG_SRC, {builder.Plain(node.inputs[0]).tensor, source}, {}},
      builder.WeightOperand(DNNL_ARG_WEIGHTS, weight.floats, given, primitive.weights_desc())};
  if (bias) reads.push_back(builder.WeightOperand(DNNL_ARG_BIAS, bias->floats, bias_layout, bias_layout));
  builder.Emit(node, primitive, std::move(reads), output);
}

}  // namespace

void MakeGemm(const Node& node, Builder& builder) {
  if (node.Float("alpha", 1) != 1 || node.Float("beta", 1) != 1) builder.Refuse(node, "alpha or beta other than 1");
  if (node.Int("transA", 0) != 0) builder.Refuse(node, "transA");
  const Weight& weight = builder.WeightNamed(node, 1);
  const bool transposed = node.Int("transB", 0) != 0;
  const std::int64_t k = weight.shape[transposed ? 1 : 0], n = weight.shape[transposed ? 0 : 1];
  const Layout given({k, n}, kFloat, transposed ? Shape{1, k} : Shape{n, 1});
  const Weight* const bias = node.Has(2) ? &builder.WeightNamed(node, 2) : nullptr;
  if (bias && CountOf(bias->shape) != n) builder.Refuse(node, "a C that is not one float a column");
  EmitByWeight(node, builder, builder.ShapeOf(node.inputs[0])[0], weight, given, bias);
}

void MakeMatMul(const Node& node, Builder& builder) {
  const Shape shape = builder.ShapeOf(node.inputs[0]), by = builder.ShapeOf(node.inputs[1]);
  if (builder.IsWeight(node.inputs[1])) {
    if (by.size() != 2) builder.Refuse(node, "a weight that is no matrix");
    const Weight& weight = builder.WeightNamed(node, 1);
    EmitByWeight(node, builder, CountOf(shape) / by[0], weight, Builder::PlainLayout(by), nullptr);
    return;
  }
  if (builder.IsWeight(node.inputs[0])) builder.Refuse(node, "a weight as its first input");
  if (shape.size() != by.size() || shape.size() < 2) builder.Refuse(node, "inputs of different ranks");
  const Value left = builder.Plain(node.inputs[0]), right = builder.Plain(node.inputs[1]);
  const Layout output = Builder::PlainLayout(builder.ShapeOf(node.outputs[0]));
  const dnnl::matmul::desc product(left.layout, right.layout, output);
  const dnnl::matmul::primitive_desc primitive(product, builder.attributes(), builder.engine());
  builder.Emit(node, primitive, {{DNNL_ARG_SRC, left, {}}, {DNNL_ARG_WEIGHTS, right, {}}}, output);
}

}  // namespace onnx_engine
