// Kernels that slide a window over an image: convolution, pools, normalization across channels.
#include <algorithm>

#include "kernels.hpp"

namespace onnx_engine {
namespace {

using dnnl::algorithm;

// Behind the axes of samples and channels.
Shape SpatialOf(const Shape& shape) {
  Shape spatial;
  for (std::size_t i = 2; i < shape.size(); ++i) spatial.push_back(shape[i]);
  return spatial;
}

// The window of a node in the terms of oneDNN: pads before and behind, dilations counted from 0.
struct Window {
  Shape kernel, strides, dilations, before, behind;
};

// Pads that the node leaves open follow from the output's shape: those of auto_pad, and what ceil_mode adds behind.
Window WindowOf(const Node& node, const Builder& builder, const Shape& kernel) {
  const std::size_t rank = kernel.size();
  const std::string pad = node.String("auto_pad", "NOTSET");
  const Shape pads = pad == "NOTSET" ? node.Ints("pads", Shape(2 * rank, 0)) : Shape(2 * rank, 0);
  const Shape from = SpatialOf(builder.ShapeOf(node.inputs[0])), to = SpatialOf(builder.ShapeOf(node.outputs[0]));
  Window window;
  window.kernel = kernel;
  window.strides = node.Ints("strides", Shape(rank, 1));
  window.dilations = node.Ints("dilations", Shape(rank, 1));
  for (std::int64_t& dilation : window.dilations) --dilation;
  window.before.assign(pads.begin(), pads.begin() + static_cast<std::ptrdiff_t>(rank));
  window.behind.assign(pads.begin() + static_cast<std::ptrdiff_t>(rank), pads.end());
  for (std::size_t i = 0; i < rank; ++i) {
    const std::int64_t reach = (to[i] - 1) * window.strides[i] + (kernel[i] - 1) * (window.dilations[i] + 1) + 1;
    const std::int64_t missing = std::max<std::int64_t>(reach - from[i], 0);
    if (pad == "SAME_UPPER") window.before[i] = missing / 2;
    if (pad == "SAME_LOWER") window.before[i] = missing - missing / 2;
    const std::int64_t behind = std::max(missing - window.before[i], window.behind[i]);
    // What ceil_mode adds counts in no average; the pads of the file may.
    if (node.Int("ceil_mode", 0) != 0 && behind > window.behind[i] && node.Int("count_include_pad", 0) != 0) {
      builder.Refuse(node, "ceil_mode with count_include_pad");
    }
    window.behind[i] = behind;
  }
  return window;
}

// {groups, outputs a group, inputs a group, window}, where there are several groups.
Shape GroupedShape(const Shape& shape, std::int64_t groups) {
  if (groups == 1) return shape;
  Shape grouped = {groups, shape[0] / groups};
  for (std::size_t i = 1; i < shape.size(); ++i) grouped.push_back(shape[i]);
  return grouped;
}

void EmitPool(const Node& node, Builder& builder, algorithm kind, const Window& window) {
  // What the pool reads is where it is; oneDNN chooses for the output what suits that.
  const Value from = builder.At(node.inputs[0]);
  const dnnl::pooling_v2_forward::desc pool(kInference, kind, from.layout,
                                            builder.Choice(builder.ShapeOf(node.outputs[0])), window.strides,
                                            window.kernel, window.dilations, window.before, window.behind);
  const dnnl::pooling_v2_forward::primitive_desc primitive(pool, builder.attributes(), builder.engine());
  builder.Emit(node, primitive, {{DNNL_ARG_SRC, from, {}}}, primitive.dst_desc());
}

}  // namespace

void MakeConv(const Node& node, Builder& builder) {
  const Weight& weight = builder.WeightNamed(node, 1);
  const Window window = WindowOf(node, builder, SpatialOf(weight.shape));
  const Shape shape = GroupedShape(weight.shape, node.Int("group", 1));
  const Layout any_weight(shape, dnnl::memory::data_type::f32, dnnl::memory::format_tag::any);
  const Layout source = builder.Choice(builder.ShapeOf(node.inputs[0]));
  const Layout output = builder.Choice(builder.ShapeOf(node.outputs[0]));
  const Layout bias = node.Has(2) ? Builder::PlainLayout({weight.shape[0]}) : Layout();
  const dnnl::convolution_forward::desc conv(kInference, algorithm::convolution_direct, source, any_weight, bias,
                                             output, window.strides, window.dilations, window.before, window.behind);
  const dnnl::convolution_forward::primitive_desc primitive(conv, builder.attributes(), builder.engine());
  std::vector<Operand> reads = {
      {DNNL_ARG_SRC, builder.As(node.inputs[0], primitive.src_desc()), {}},
      builder.WeightOperand(DNNL_ARG_WEIGHTS, weight.floats, Builder::PlainLayout(shape), primitive.weights_desc())};
  if (node.Has(2)) {
    reads.push_back(builder.WeightOperand(DNNL_ARG_BIAS, builder.WeightNamed(node, 2).floats, bias, bias));
  }
  builder.Emit(node, primitive, std::move(reads), primitive.dst_desc());
}

void MakeMaxPool(const Node& node, Builder& builder) {
  if (node.outputs.size() > 1 && builder.IsRead(node.outputs[1]))
    builder.Refuse(node, "an output Indices that is read");
  EmitPool(node, builder, algorithm::pooling_max, WindowOf(node, builder, node.Ints("kernel_shape", {})));
}

void MakeAveragePool(const Node& node, Builder& builder) {
  const bool padding_counts = node.Int("count_include_pad", 0) != 0;
  EmitPool(node, builder,
           padding_counts ? algorithm::pooling_avg_include_padding : algorithm::pooling_avg_exclude_padding,
           WindowOf(node, builder, node.Ints("kernel_shape", {})));
}

void MakeGlobalAveragePool(const Node& node, Builder& builder) {
  EmitPool(node, builder, algorithm::pooling_avg_exclude_padding,
           WindowOf(node, builder, SpatialOf(builder.ShapeOf(node.inputs[0]))));
}

void MakeLrn(const Node& node, Builder& builder) {
  const Value from = builder.At(node.inputs[0]);
  const dnnl::lrn_forward::desc lrn(kInference, algorithm::lrn_across_channels, from.layout, node.Int("size", 1),
                                    node.Float("alpha", 0.0001F), node.Float("beta", 0.75F), node.Float("bias", 1.0F));
  const dnnl::lrn_forward::primitive_desc primitive(lrn, builder.attributes(), builder.engine());
  builder.Emit(node, primitive, {{DNNL_ARG_SRC, from, {}}}, primitive.dst_desc());
}

}  // namespace onnx_engine
