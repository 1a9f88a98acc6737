// Kernels that compute each element from those at its place: all may write over their first input.
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "kernels.hpp"

namespace onnx_engine {
namespace {

using dnnl::algorithm;
using orionrt::AliasKind;

void EmitElementwise(const Node& node, Builder& builder, algorithm kind, float alpha, float beta) {
  const Value from = builder.At(node.inputs[0]);
  const dnnl::eltwise_forward::desc eltwise(kInference, kind, from.layout, alpha, beta);
  const dnnl::eltwise_forward::primitive_desc primitive(eltwise, builder.attributes(), builder.engine());
  builder.Emit(node, primitive, {{DNNL_ARG_SRC, from, {}}}, from.layout, {{AliasKind::kSameIndex, 0, 0, 0}});
}

float ScalarOf(const Node& node, const Builder& builder, std::size_t input) {
  const Weight& weight = builder.WeightNamed(node, input);
  if (weight.floats.size() != 1) builder.Refuse(node, "an input " + std::to_string(input) + " that is no scalar");
  return weight.floats[0];
}

// A limit of Clip, an input since opset 11.
float LimitOf(const Node& node, const Builder& builder, std::size_t input, const char* attribute, float otherwise) {
  return node.Has(input) ? ScalarOf(node, builder, input) : node.Float(attribute, otherwise);
}

struct Named {
  const char* type;
  algorithm kind;
};

algorithm Find(std::initializer_list<Named> rows, const std::string& type) {
  for (const Named& row : rows) {
    if (type == row.type) return row.kind;
  }
  return algorithm::undef;
}

// With ones in front, as ONNX broadcasts.
Shape WithRank(Shape shape, std::size_t rank) {
  shape.insert(shape.begin(), rank - shape.size(), 1);
  return shape;
}

// How a smaller operand is to lie beside one that lies by `whole`: in the same blocks, for which oneDNN has fast
// kernels, where blocks are all that layouts differ in.
Layout Beside(const Layout& whole, const Shape& shape) {
  Layout layout = Builder::PlainLayout(shape);
  const dnnl_blocking_desc_t& blocks = whole.data.format_desc.blocking;
  const bool is_vector = std::count_if(shape.begin(), shape.end(), [](std::int64_t dim) { return dim > 1; }) == 1;
  if (blocks.inner_nblks != 1 || !is_vector || shape[static_cast<std::size_t>(blocks.inner_idxs[0])] == 1)
    return layout;
  const std::int64_t block = blocks.inner_blks[0], axis = blocks.inner_idxs[0];
  dnnl_memory_desc_t& data = layout.data;
  data.padded_dims[axis] = (data.dims[axis] + block - 1) / block * block;
  for (int i = 0; i < data.ndims; ++i) data.format_desc.blocking.strides[i] = i < axis ? data.padded_dims[axis] : block;
  data.format_desc.blocking.inner_nblks = 1;
  data.format_desc.blocking.inner_blks[0] = block;
  data.format_desc.blocking.inner_idxs[0] = axis;
  return layout;
}

// The second operand of an op of two.
Operand SecondOperand(const Node& node, Builder& builder, std::size_t input, const Layout& first) {
  const std::string& name = node.inputs[input];
  const Shape shape = builder.ShapeOf(name), padded = WithRank(shape, first.dims().size());
  const Layout wanted = shape == first.dims() ? first : Beside(first, padded);
  if (builder.IsWeight(name)) {
    return builder.WeightOperand(DNNL_ARG_SRC_1, builder.WeightNamed(node, input).floats, Builder::PlainLayout(padded),
                                 wanted);
  }
  if (shape == padded) return {DNNL_ARG_SRC_1, builder.As(name, wanted), {}};
  return {DNNL_ARG_SRC_1, {builder.Plain(name).tensor, Builder::PlainLayout(padded)}, {}};
}

}  // namespace

void MakeElementwise(const Node& node, Builder& builder) {
  const algorithm kind = Find({{"Abs", algorithm::eltwise_abs},
                               {"Exp", algorithm::eltwise_exp},
                               {"Relu", algorithm::eltwise_relu},
                               {"Sigmoid", algorithm::eltwise_logistic},
                               {"Sqrt", algorithm::eltwise_sqrt},
                               {"Tanh", algorithm::eltwise_tanh}},
                              node.type);
  EmitElementwise(node, builder, kind, 0, 0);
}

void MakeClip(const Node& node, Builder& builder) {
  constexpr float kMost = std::numeric_limits<float>::max();
  EmitElementwise(node, builder, algorithm::eltwise_clip, LimitOf(node, builder, 1, "min", -kMost),
                  LimitOf(node, builder, 2, "max", kMost));
}

void MakePow(const Node& node, Builder& builder) {
  EmitElementwise(node, builder, algorithm::eltwise_pow, 1, ScalarOf(node, builder, 1));
}

void MakeErf(const Node& node, Builder& builder) {
  builder.EmitElements(node, [](float x) { return std::erf(x); });
}

// oneDNN broadcasts the second operand only; so operands of Add and Mul trade places where the first is the smaller.
void MakeBinary(const Node& node, Builder& builder) {
  const algorithm kind = Find({{"Add", algorithm::binary_add},
                               {"Div", algorithm::binary_div},
                               {"Mul", algorithm::binary_mul},
                               {"Sub", algorithm::binary_sub}},
                              node.type);
  const Shape shape = builder.ShapeOf(node.outputs[0]);
  const auto is_whole = [&](std::size_t input) {
    return !builder.IsWeight(node.inputs[input]) && builder.ShapeOf(node.inputs[input]) == shape;
  };
  const bool commutes = kind == algorithm::binary_add || kind == algorithm::binary_mul;
  const std::size_t whole = is_whole(0) || !commutes ? 0 : 1;
  if (!is_whole(whole)) builder.Refuse(node, "operands of which none has the shape of the result");
  const Value first = builder.At(node.inputs[whole]);
  const Operand second = SecondOperand(node, builder, 1 - whole, first.layout);
  const Layout& second_layout =
      second.value.tensor == orionrt::kNoTensor ? second.weight.get_desc() : second.value.layout;
  const dnnl::binary::desc binary(kind, first.layout, second_layout, first.layout);
  const dnnl::binary::primitive_desc primitive(binary, builder.attributes(), builder.engine());
  builder.Emit(node, primitive, {{DNNL_ARG_SRC_0, first, {}}, second}, first.layout,
               {{AliasKind::kSameIndex, 0, 0, 0}});
}

void MakeSum(const Node& node, Builder& builder) {
  const Value first = builder.At(node.inputs[0]);
  std::vector<Operand> reads;
  std::vector<Layout> layouts(node.inputs.size(), first.layout);
  for (const std::string& name : node.inputs) {
    if (builder.IsWeight(name) || builder.ShapeOf(name) != first.layout.dims()) builder.Refuse(node, "broadcasting");
    const int argument = DNNL_ARG_MULTIPLE_SRC + static_cast<int>(reads.size());
    reads.push_back({argument, builder.As(name, first.layout), {}});
  }
  const dnnl::sum::primitive_desc primitive(first.layout, std::vector<float>(layouts.size(), 1), layouts,
                                            builder.engine(), builder.attributes());
  builder.Emit(node, primitive, std::move(reads), first.layout, {{AliasKind::kSameIndex, 0, 0, 0}});
}

}  // namespace onnx_engine
