// Kernels that move elements or rename them: where layouts allow, the plan leaves nothing for them to do.
#include <algorithm>
#include <utility>

#include "kernels.hpp"

namespace onnx_engine {
namespace {

using orionrt::Alias;
using orionrt::AliasKind;

// Whether two layouts put the same elements at the same distances; strides of axes of one element do not matter.
bool AreAlike(const Layout& a, const Layout& b) {
  const dnnl_blocking_desc_t &left = a.data.format_desc.blocking, &right = b.data.format_desc.blocking;
  if (a.dims() != b.dims() || left.inner_nblks != right.inner_nblks) return false;
  for (int i = 0; i < left.inner_nblks; ++i) {
    if (left.inner_blks[i] != right.inner_blks[i] || left.inner_idxs[i] != right.inner_idxs[i]) return false;
  }
  for (int i = 0; i < a.data.ndims; ++i) {
    if (a.data.padded_dims[i] != b.data.padded_dims[i]) return false;
    if (a.data.padded_dims[i] > 1 && left.strides[i] != right.strides[i]) return false;
  }
  return true;
}

// What the parts of a concatenation are within the whole: where each is one run of its bytes, it may be written there.
std::vector<Alias> PartsOf(const Layout& whole, const std::vector<Layout>& parts, std::size_t axis) {
  std::vector<Alias> aliases;
  Shape at(whole.dims().size(), 0);
  for (const Layout& part : parts) {
    const Layout place = whole.submemory_desc(part.dims(), at, /*allow_empty=*/true);
    if (place.is_zero() || !AreAlike(place, part)) return {};
    const auto offset = static_cast<std::size_t>(place.data.offset0) * sizeof(float);
    aliases.push_back({AliasKind::kPiece, 0, static_cast<int>(aliases.size()), offset});
    at[axis] += part.dims()[axis];
  }
  return aliases;
}

}  // namespace

void MakeConcat(const Node& node, Builder& builder) {
  const Shape shape = builder.ShapeOf(node.outputs[0]);
  const std::int64_t given = node.Int("axis", 1);
  const auto axis = static_cast<std::size_t>(given < 0 ? given + static_cast<std::int64_t>(shape.size()) : given);
  std::vector<Operand> reads;
  std::vector<Layout> layouts;
  for (const std::string& name : node.inputs) {
    if (builder.IsWeight(name)) builder.Refuse(node, "weights");
    const int argument = DNNL_ARG_MULTIPLE_SRC + static_cast<int>(reads.size());
    reads.push_back({argument, builder.At(name), {}});
    layouts.push_back(reads.back().value.layout);
  }
  const dnnl::concat::primitive_desc primitive(builder.Choice(shape), static_cast<int>(axis), layouts, builder.engine(),
                                               builder.attributes());
  builder.Emit(node, primitive, std::move(reads), primitive.dst_desc(), PartsOf(primitive.dst_desc(), layouts, axis));
}

void MakeTranspose(const Node& node, Builder& builder) {
  const Value from = builder.Plain(node.inputs[0]);
  Shape reversed;
  for (std::size_t i = from.layout.dims().size(); i-- > 0;) reversed.push_back(static_cast<std::int64_t>(i));
  const Shape order = node.Ints("perm", reversed);  // of the input's axes in the output; oneDNN asks for the inverse
  std::vector<int> inverse(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) inverse[static_cast<std::size_t>(order[i])] = static_cast<int>(i);
  const Layout seen = from.layout.permute_axes(inverse);
  const Layout output = Builder::PlainLayout(builder.ShapeOf(node.outputs[0]));
  const dnnl::reorder::primitive_desc primitive(builder.engine(), seen, builder.engine(), output, builder.attributes());
  builder.Emit(node, primitive, {{DNNL_ARG_FROM, {from.tensor, seen}, {}}}, output);
}

void MakeReshape(const Node& node, Builder& builder) {
  builder.EmitView(node, Builder::PlainLayout(builder.ShapeOf(node.outputs[0])));
}

void MakeIdentity(const Node& node, Builder& builder) {
  if (node.outputs.size() > 1 && builder.IsRead(node.outputs[1])) builder.Refuse(node, "an output mask that is read");
  builder.EmitView(node, builder.At(node.inputs[0]).layout);
}

}  // namespace onnx_engine
