#include "program.hpp"

#include <algorithm>

#include "kernels.hpp"

namespace onnx_engine {

using orionrt::AliasKind;
using orionrt::Error;
using orionrt::ErrorCode;

Builder::Builder(const Model& model, dnnl::engine engine, Layouts layouts)
    : model_(model), layouts_(layouts), stream_(engine) {
  program_.engine = std::move(engine);
  attributes_.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  for (const std::string& name : model.inputs) {
    const Shape shape = ShapeOf(name);
    values_[name] = AddTensor(name, shape, PlainLayout(shape), orionrt::TensorRole::kInput);
    program_.inputs.push_back({name, values_[name].tensor, CountOf(shape)});
  }
}

void Builder::Refuse(const Node& node, const std::string& why) const {
  throw Error(ErrorCode::kUnsupported,
              model_.source + ": node \"" + node.name + "\" (" + node.type + "): this engine has no kernel for " + why);
}

const Weight& Builder::WeightNamed(const Node& node, std::size_t input) const {
  const auto found = model_.weights.find(node.inputs.at(input));
  if (found == model_.weights.end()) Refuse(node, "an input " + std::to_string(input) + " that is no weight");
  return found->second;
}

bool Builder::IsRead(const std::string& name) const {
  const auto names_it = [&](const std::vector<std::string>& names) {
    return std::count(names.begin(), names.end(), name) > 0;
  };
  const auto reads_it = [&](const Node& node) { return names_it(node.inputs); };
  return !name.empty() && (names_it(model_.outputs) || std::any_of(model_.nodes.begin(), model_.nodes.end(), reads_it));
}

Shape Builder::ShapeOf(const std::string& name) const {
  const auto weight = model_.weights.find(name);
  Shape shape = weight != model_.weights.end() ? weight->second.shape : model_.shapes.at(name);
  if (shape.empty()) shape = {1};
  return shape;
}

Layout Builder::PlainLayout(const Shape& shape) {
  Shape strides(shape.size(), 1);
  for (std::size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * std::max<std::int64_t>(shape[i], 1);
  return {shape, dnnl::memory::data_type::f32, strides};
}

Layout Builder::Choice(const Shape& shape) const {
  if (layouts_ == Layouts::kPlain) return PlainLayout(shape);
  return {shape, dnnl::memory::data_type::f32, dnnl::memory::format_tag::any};
}

Value Builder::As(const std::string& name, const Layout& layout) {
  if (values_.at(name).layout == layout) return values_[name];
  for (const Value& copy : copies_[name]) {
    if (copy.layout == layout) return copy;
  }
  return Reordered(name, layout);
}

Value Builder::Reordered(const std::string& name, const Layout& layout) {
  const Value from = values_.at(name);
  const dnnl::reorder::primitive_desc reorder(engine(), from.layout, engine(), layout, attributes_);
  const Value to = AddTensor(name + " (reordered)", ShapeOf(name), layout);
  AddOp(name + " (reordered)", "Reorder",
        {dnnl::reorder(reorder), {{DNNL_ARG_FROM, from, {}}, {DNNL_ARG_TO, to, {}}}, reorder.scratchpad_desc()}, {});
  ++program_.reorders;
  copies_[name].push_back(to);
  return to;
}

Operand Builder::WeightOperand(int argument, const std::vector<float>& floats, const Layout& given,
                               const Layout& wanted) {
  dnnl::memory from(given, engine(), const_cast<float*>(floats.data())), to(wanted, engine());
  dnnl::reorder(from, to).execute(stream_, from, to);
  stream_.wait();
  program_.weight_bytes += wanted.get_size();
  return {argument, {}, to};
}

Value Builder::AddTensor(const std::string& name, const Shape& shape, const Layout& layout, unsigned roles) {
  orionrt::TensorDesc tensor;
  tensor.id = static_cast<int>(tensors_.size());
  tensor.bytes = layout.get_size();  // with the padding that the layout has
  tensor.roles = roles;
  tensor.name = name;
  tensor.dtype = "float32";
  tensor.shape = shape;
  tensors_.push_back(tensor);
  return {tensor.id, layout};
}

void Builder::AddOp(const std::string& name, const std::string& type, Step step, std::vector<orionrt::Alias> aliases) {
  orionrt::OpNode op;
  op.id = static_cast<int>(ops_.size());
  op.name = name;
  op.type = type;
  op.aliases = std::move(aliases);
  op.workspace_bytes = step.scratchpad.get_size();
  for (const Operand& operand : step.operands) {
    if (operand.value.tensor == orionrt::kNoTensor) continue;
    const bool output = &operand == &step.operands.back();
    (output ? op.outputs : op.inputs).push_back(operand.value.tensor);
  }
  ops_.push_back(std::move(op));
  program_.steps.push_back(std::move(step));
}

void Builder::Emit(const Node& node, const dnnl::primitive_desc_base& primitive, std::vector<Operand> reads,
                   const Layout& output, std::vector<orionrt::Alias> aliases) {
  const std::string& name = node.outputs[0];
  const Shape shape = ShapeOf(name);
  const Value value = AddTensor(name, shape, output);
  values_[name] = {value.tensor, output.dims() == shape ? output : PlainLayout(shape)};
  reads.push_back({DNNL_ARG_DST, value, {}});
  AddOp(node.name, node.type, {dnnl::primitive(primitive.get()), std::move(reads), primitive.scratchpad_desc()},
        std::move(aliases));
}

void Builder::EmitElements(const Node& node, float (*element)(float)) {
  const Value from = At(node.inputs[0]);
  const Value to = AddTensor(node.outputs[0], ShapeOf(node.outputs[0]), from.layout);
  values_[node.outputs[0]] = to;
  AddOp(node.name, node.type, {{}, {{DNNL_ARG_SRC, from, {}}, {DNNL_ARG_DST, to, {}}}, {}, element},
        {{AliasKind::kSameIndex, 0, 0, 0}});
}

void Builder::EmitView(const Node& node, const Layout& layout) {
  const Value from = layout == At(node.inputs[0]).layout ? At(node.inputs[0]) : Plain(node.inputs[0]);
  const dnnl::reorder::primitive_desc copy(engine(), layout, engine(), layout, attributes_);
  Emit(node, copy, {{DNNL_ARG_FROM, {from.tensor, layout}, {}}}, layout, {{AliasKind::kView, 0, 0, 0}});
}

Program Builder::Finish() {
  for (const std::string& name : model_.outputs) {
    const Value value = Plain(name);
    tensors_[static_cast<std::size_t>(value.tensor)].roles |= orionrt::TensorRole::kOutput;
    program_.outputs.push_back({name, value.tensor, CountOf(ShapeOf(name))});
  }
  program_.graph = orionrt::Graph(std::move(ops_), std::move(tensors_));
  return std::move(program_);
}

Program MakeProgram(const Model& model, Layouts layouts) {
  Builder builder(model, dnnl::engine(dnnl::engine::kind::cpu, 0), layouts);
  for (const Node& node : model.nodes) FindKernel(node.type)->make(node, builder);
  return builder.Finish();
}

}  // namespace onnx_engine
