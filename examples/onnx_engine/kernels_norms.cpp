// Kernels that look at many elements to scale each: normalizations, Softmax, means. oneDNN's may write over what they
// read, element on element, where both have the same layout.
#include <algorithm>
#include <numeric>

#include "kernels.hpp"

namespace onnx_engine {
namespace {

using dnnl::normalization_flags;
using orionrt::AliasKind;

Operand VectorOperand(const Node& node, Builder& builder, int argument, std::size_t input) {
  const Weight& weight = builder.WeightNamed(node, input);
  const Layout layout = Builder::PlainLayout(weight.shape);
  return builder.WeightOperand(argument, weight.floats, layout, layout);
}

std::int64_t AxisOf(std::int64_t axis, const Shape& shape) {
  return axis < 0 ? axis + static_cast<std::int64_t>(shape.size()) : axis;
}

}  // namespace

void MakeBatchNormalization(const Node& node, Builder& builder) {
  const Value from = builder.At(node.inputs[0]);
  const auto flags =
      normalization_flags::use_global_stats | normalization_flags::use_scale | normalization_flags::use_shift;
  const dnnl::batch_normalization_forward::desc norm(kInference, from.layout, node.Float("epsilon", 1e-5F), flags);
  const dnnl::batch_normalization_forward::primitive_desc primitive(norm, builder.attributes(), builder.engine());
  builder.Emit(node, primitive,
               {{DNNL_ARG_SRC, from, {}},
                VectorOperand(node, builder, DNNL_ARG_SCALE, 1),
                VectorOperand(node, builder, DNNL_ARG_SHIFT, 2),
                VectorOperand(node, builder, DNNL_ARG_MEAN, 3),
                VectorOperand(node, builder, DNNL_ARG_VARIANCE, 4)},
               from.layout, {{AliasKind::kSameIndex, 0, 0, 0}});
}

void MakeLayerNormalization(const Node& node, Builder& builder) {
  const Shape shape = builder.ShapeOf(node.inputs[0]);
  if (AxisOf(node.Int("axis", -1), shape) + 1 != static_cast<std::int64_t>(shape.size())) {
    builder.Refuse(node, "an axis that is not the last");
  }
  for (std::size_t i = 1; i < node.outputs.size(); ++i) {
    if (builder.IsRead(node.outputs[i])) builder.Refuse(node, "outputs Mean or InvStdDev that are read");
  }
  const Value from = builder.Plain(node.inputs[0]);
  auto flags = normalization_flags::use_scale;
  std::vector<Operand> reads = {{DNNL_ARG_SRC, from, {}}, VectorOperand(node, builder, DNNL_ARG_SCALE, 1)};
  if (node.Has(2)) {
    flags |= normalization_flags::use_shift;
    reads.push_back(VectorOperand(node, builder, DNNL_ARG_SHIFT, 2));
  }
  const dnnl::layer_normalization_forward::desc norm(kInference, from.layout, node.Float("epsilon", 1e-5F), flags);
  const dnnl::layer_normalization_forward::primitive_desc primitive(norm, builder.attributes(), builder.engine());
  builder.Emit(node, primitive, std::move(reads), from.layout, {{AliasKind::kSameIndex, 0, 0, 0}});
}

// Before opset 13 over all axes from `axis` on, as if they were one; since then over that axis alone.
void MakeSoftmax(const Node& node, Builder& builder) {
  const Shape shape = builder.ShapeOf(node.inputs[0]);
  const bool flattens = node.opset < 13;
  const std::int64_t axis = AxisOf(node.Int("axis", flattens ? 1 : -1), shape);
  const Value from = builder.Plain(node.inputs[0]);
  Layout layout = from.layout;
  if (flattens) {
    const std::int64_t rows = CountOf(Shape(shape.begin(), shape.begin() + axis));
    layout = Builder::PlainLayout({rows, CountOf(shape) / rows});
  }
  const dnnl::softmax_forward::desc softmax(kInference, layout, flattens ? 1 : static_cast<int>(axis));
  const dnnl::softmax_forward::primitive_desc primitive(softmax, builder.attributes(), builder.engine());
  builder.Emit(node, primitive, {{DNNL_ARG_SRC, {from.tensor, layout}, {}}}, layout,
               {{AliasKind::kSameIndex, 0, 0, 0}});
}

void MakeReduceMean(const Node& node, Builder& builder) {
  const Value from = builder.Plain(node.inputs[0]);
  Shape all(from.layout.dims().size());
  std::iota(all.begin(), all.end(), 0);
  Shape kept = from.layout.dims();
  for (const std::int64_t axis : node.Has(1) ? builder.WeightNamed(node, 1).ints : node.Ints("axes", all)) {
    kept.at(static_cast<std::size_t>(AxisOf(axis, kept))) = 1;
  }
  const Layout reduced = Builder::PlainLayout(kept);
  const dnnl::reduction::desc mean(dnnl::algorithm::reduction_mean, from.layout, reduced, 0, 0);
  const dnnl::reduction::primitive_desc primitive(mean, builder.attributes(), builder.engine());
  builder.Emit(node, primitive, {{DNNL_ARG_SRC, from, {}}}, reduced);
}

}  // namespace onnx_engine
