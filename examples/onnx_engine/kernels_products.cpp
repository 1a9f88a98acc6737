// Kernels that multiply matrices.
#include <numeric>
#include <utility>

#include "kernels.hpp"

namespace onnx_engine {
namespace {

constexpr auto kFloat = dnnl::memory::data_type::f32;
constexpr auto kAny = dnnl::memory::format_tag::any;

std::vector<float> Scaled(std::vector<float> floats, float factor) {
  for (float& value : floats) value *= factor;
  return floats;
}

// M x N, which may lie transposed.
Layout MatrixLayout(std::int64_t m, std::int64_t n, bool transposed) {
  return Layout({m, n}, kFloat, transposed ? Shape{1, m} : Shape{n, 1});
}

// The first input, plain as `source`, M x K, times a weight that lies by `given`, K x N; a `bias` of N may be empty.
void EmitByWeight(const Node& node, Builder& builder, const Layout& source, const std::vector<float>& weight,
                  const Layout& given, const std::vector<float>& bias) {
  const Shape shape = given.dims();
  const Layout output = Builder::PlainLayout({source.dims()[0], shape[1]});
  const Layout bias_layout = bias.empty() ? Layout() : Builder::PlainLayout({1, shape[1]});
  const dnnl::matmul::desc product(source, {shape, kFloat, kAny}, bias_layout, output);
  const dnnl::matmul::primitive_desc primitive(product, builder.attributes(), builder.engine());
  std::vector<Operand> reads = {{DNNL_ARG_SRC, {builder.Plain(node.inputs[0]).tensor, source}, {}},
                                builder.WeightOperand(DNNL_ARG_WEIGHTS, weight, given, primitive.weights_desc())};
  if (!bias.empty()) reads.push_back(builder.WeightOperand(DNNL_ARG_BIAS, bias, bias_layout, bias_layout));
  builder.Emit(node, primitive, std::move(reads), output);
}

}  // namespace

// alpha and beta are parts of the weights: A * (alpha * B) + beta * C.
void MakeGemm(const Node& node, Builder& builder) {
  const Weight& weight = builder.WeightNamed(node, 1);
  const bool transposes_a = node.Int("transA", 0) != 0, transposes_b = node.Int("transB", 0) != 0;
  const std::int64_t k = weight.shape[transposes_b ? 1 : 0], n = weight.shape[transposes_b ? 0 : 1];
  std::vector<float> bias;
  if (node.Has(2)) {
    const Weight& added = builder.WeightNamed(node, 2);
    if (CountOf(added.shape) != n) builder.Refuse(node, "a C that is not one float a column");
    bias = Scaled(added.floats, node.Float("beta", 1));
  }
  const std::int64_t m = builder.ShapeOf(node.inputs[0])[transposes_a ? 1 : 0];
  EmitByWeight(node, builder, MatrixLayout(m, k, transposes_a), Scaled(weight.floats, node.Float("alpha", 1)),
               MatrixLayout(k, n, transposes_b), bias);
}

void MakeMatMul(const Node& node, Builder& builder) {
  const Shape shape = builder.ShapeOf(node.inputs[0]), by = builder.ShapeOf(node.inputs[1]);
  if (builder.IsWeight(node.inputs[1])) {
    if (by.size() != 2) builder.Refuse(node, "a weight that is no matrix");
    const Weight& weight = builder.WeightNamed(node, 1);
    EmitByWeight(node, builder, Builder::PlainLayout({CountOf(shape) / by[0], by[0]}), weight.floats,
                 Builder::PlainLayout(by), {});
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
