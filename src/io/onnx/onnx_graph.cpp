#include "io/onnx/onnx_graph.hpp"

#include <algorithm>
#include <utility>

#include "base/index.hpp"
#include "base/text.hpp"
#include "io/onnx/onnx_aliases.hpp"
#include "io/onnx/onnx_order.hpp"
#include "io/onnx/weights.hpp"

namespace orionrt::onnx_import {
namespace {

// Dimensions of a constant, from its own record.
Dims DimsOf(const onnx::TensorProto& proto) { return Dims(proto.dims().begin(), proto.dims().end()); }

bool IsDropoutMask(const Node& node, std::size_t index) { return node.Op() == "Dropout" && index == 1; }

}  // namespace

GraphBuilder::GraphBuilder(Session& session, const onnx::GraphProto& graph, GraphBuilder* outer, std::string place,
                           bool lenient)
    : session_(session),
      proto_(graph),
      outer_(outer),
      place_(std::move(place)),
      lenient_(lenient),
      opsets_(outer ? outer->opsets_ : &session.opsets()),
      is_body_(outer != nullptr),
      depth_(outer ? outer->depth_ : 0),
      runs_(!outer || (outer->runs_ && !outer->step_folds_)) {}

GraphBuilder::GraphBuilder(const GraphBuilder& caller, const onnx::GraphProto& graph, std::string place,
                           const Opsets& opsets)
    : session_(caller.session_),
      proto_(graph),
      outer_(nullptr),
      place_(std::move(place)),
      lenient_(caller.lenient_),
      opsets_(&opsets),
      is_body_(true),
      depth_(caller.depth_ + 1),
      runs_(caller.runs_ && !caller.step_folds_) {}

int GraphBuilder::OpsetOf(const std::string& domain) const {
  const auto found = opsets_->find(domain);
  return found == opsets_->end() ? 1 : found->second;
}

std::string GraphBuilder::Place(const Node& node) const {
  const std::string& name = node.proto->name();
  const bool moved = node.position >= 0 && node.position != node.index;  // files need not list nodes as they run
  return place_ + "node " + std::to_string(node.index) + (name.empty() ? "" : " " + Quoted(name)) + " (" +
         Printable(node.Op(), 120) + (moved ? ", op " + std::to_string(node.position) : "") + ")";
}

void GraphBuilder::Run(const std::vector<Tensor>& given) {
  CheckNames();
  by_name_.reserve(At(proto_.node_size()) + At(proto_.initializer_size()) + At(proto_.input_size()));
  for (const auto& info : proto_.value_info()) declared_.emplace(info.name(), &info.type());
  for (const auto& info : proto_.output()) declared_.emplace(info.name(), &info.type());
  DeclareConstants();
  DeclareInputs(given);
  DeclareNodes();
  LinkNodes();
  LinkOutputs();
  TopologicalOrder sorted = SortNodes(nodes_, this);
  if (sorted.on_cycle >= 0) {
    const Node& reader = nodes_[At(sorted.on_cycle)];
    session_.Fail(ErrorCode::kBadInput, Place(reader),
                  "is part of a cycle: it reads " + Quoted(*ReadFrom(reader, sorted.waits_for, this).name) +
                      ", which " + Place(nodes_[At(sorted.waits_for)]) + " makes from its result");
  }
  order_ = std::move(sorted.order);
  folded_.assign(nodes_.size(), false);
  for (std::size_t position = 0; position < order_.size(); ++position) {
    Step(nodes_[At(order_[position])], static_cast<int>(position));
  }
}

// Before anything is built, so that files of millions of empty records cost nothing.
void GraphBuilder::CheckNames() const {
  session_.CountNodes(proto_.node_size());
  for (int i = 0; i < proto_.node_size(); ++i) {
    if (proto_.node(i).op_type().empty()) {
      session_.Fail(ErrorCode::kBadInput, place_ + "node " + std::to_string(i), "has no op type");
    }
  }
  for (const auto& input : proto_.input()) {
    if (input.name().empty()) session_.Fail(ErrorCode::kBadInput, place_ + "graph", "has an input without a name");
  }
  for (const auto& output : proto_.output()) {
    if (output.name().empty()) session_.Fail(ErrorCode::kBadInput, place_ + "graph", "has an output without a name");
  }
  for (const auto& constant : proto_.initializer()) {
    if (constant.name().empty())
      session_.Fail(ErrorCode::kBadInput, place_ + "graph", "has an initializer without a name");
  }
}

Tensor& GraphBuilder::Declare(const std::string& name, const Node* producer, const char* what) {
  tensors_.emplace_back();
  Tensor& tensor = tensors_.back();
  tensor.name = &name;
  tensor.owner = this;
  const auto [place, fresh] = by_name_.emplace(name, &tensor);
  if (!fresh) {
    const Tensor& other = *place->second;
    const std::string first = other.producer >= 0 ? "an output of " + Place(nodes_[At(other.producer)])
                              : other.constant    ? "an initializer"
                                                  : "a graph input";
    session_.Fail(ErrorCode::kBadInput, place_,
                  "tensor " + Quoted(name) + " is defined twice: as " + first + " and as " +
                      (producer ? "an output of " + Place(*producer) : what));
  }
  return tensor;
}

void GraphBuilder::DeclareConstants() {
  auto declare = [&](const std::string& name, int dtype, Dims dims) -> Tensor& {
    Tensor& tensor = Declare(name, nullptr, "an initializer");
    tensor.constant = true;
    if (!ElementCount(dims)) {
      session_.Fail(ErrorCode::kBadInput, place_,
                    "initializer " + Quoted(name) + " has impossible dimensions " + DimsText(dims));
    }
    tensor.SetType(MakeType(dtype, dims));
    return tensor;
  };
  for (const auto& proto : proto_.initializer()) {
    Tensor& tensor = declare(proto.name(), proto.data_type(), DimsOf(proto));
    tensor.data = &proto;
    tensor.stored_bytes = StoredBytes(proto);
  }
  for (const auto& proto : proto_.sparse_initializer()) {
    declare(proto.values().name(), proto.values().data_type(), Dims(proto.dims().begin(), proto.dims().end()))
        .stored_bytes = StoredBytes(proto);
  }
}

void GraphBuilder::DeclareInputs(const std::vector<Tensor>& given) {
  for (int i = 0; i < proto_.input_size(); ++i) {
    const onnx::ValueInfoProto& input = proto_.input(i);
    const auto constant = by_name_.find(input.name());
    if (constant != by_name_.end() && constant->second->constant) {  // the default of an input; IR before 4 lists all
      constant->second->is_default = true;
      continue;
    }
    Tensor& tensor = Declare(input.name(), nullptr, "a graph input");
    const Tensor from = static_cast<std::size_t>(i) < given.size() ? given[At(i)] : Tensor();
    tensor.SetType(InputType(input, from));
    tensor.value = from.value;
    tensor.constant = from.constant;
    tensor.is_default = from.is_default;
    tensor.origin = from.origin;
    tensor.run_time = from.run_time;
    tensor.bounded = from.bounded;
    tensor.range = from.range;
    tensor.extent = from.extent;
    if (tensor.constant) continue;
    tensor.is_input = true;
    inputs_.push_back(&tensor);
    if (!tensor.dims || !ByteCount(tensor.dtype, *tensor.dims)) {
      if (!lenient_) FailUnsized({}, tensor);
      tensor.dims.reset();
    }
  }
}

onnx::TypeProto GraphBuilder::InputType(const onnx::ValueInfoProto& input, const Tensor& given) {
  onnx::TypeProto type = given.Type();
  FillType(session_.Resolve(input.type(), place_, input.name()), type);
  const auto shape = session_.options().inputs.find(input.name());
  if (!is_body_ && shape != session_.options().inputs.end()) {
    if (type.has_tensor_type() && type.tensor_type().has_shape() &&
        static_cast<std::size_t>(type.tensor_type().shape().dim_size()) != shape->second.size()) {
      session_.Fail(ErrorCode::kBadInput, place_,
                    "input " + Quoted(input.name()) + " has " + std::to_string(type.tensor_type().shape().dim_size()) +
                        " dimensions, not those of --input " + Printable(input.name()) + "=" + DimsText(shape->second));
    }
    Tensor fixed;
    fixed.SetType(type);
    if (fixed.dims && *fixed.dims != shape->second) {
      session_.Warn(place_, "input " + Quoted(input.name()) + " has the fixed shape " + DimsText(*fixed.dims) +
                                " in the file; " + DimsText(shape->second) + " is used instead");
    }
    type = MakeType(type.tensor_type().elem_type(), shape->second);
  }
  if (session_.options().default_dim) SetOpenDims(type, *session_.options().default_dim);
  return type;
}

void GraphBuilder::DeclareNodes() {
  nodes_.resize(static_cast<std::size_t>(proto_.node_size()));
  for (int i = 0; i < proto_.node_size(); ++i) {
    Node& node = nodes_[At(i)];
    node.proto = &proto_.node(i);
    node.index = i;
  }
  for (Node& node : nodes_) {
    node.opset = OpsetOf(node.Domain());
    for (const std::string& name : node.proto->output()) {
      node.outputs.push_back(nullptr);
      if (name.empty()) continue;
      Tensor& tensor = Declare(name, &node);
      tensor.producer = node.index;
      node.outputs.back() = &tensor;
    }
    for (const auto& attribute : node.proto->attribute()) {
      if (attribute.has_g()) node.bodies.push_back(&attribute);
    }
  }
}

Tensor* GraphBuilder::Find(const std::string& name) {
  for (GraphBuilder* graph = this; graph; graph = graph->outer_) {
    const auto found = graph->by_name_.find(name);
    if (found != graph->by_name_.end()) return found->second;
  }
  return nullptr;
}

void GraphBuilder::LinkNodes() {
  for (Node& node : nodes_) {
    for (const std::string& name : node.proto->input()) {
      Tensor* tensor = name.empty() ? nullptr : Find(name);
      if (!tensor && !name.empty()) {
        session_.Fail(ErrorCode::kBadInput, Place(node), "reads " + Quoted(name) + ", which nothing defines");
      }
      if (tensor) tensor->read = true;
      node.inputs.push_back(tensor);
    }
    for (const auto* body : node.bodies) {
      for (const std::string* name : FreeNames(body->g())) {
        Tensor* tensor = Find(*name);
        if (!tensor) {
          session_.Fail(ErrorCode::kBadInput, Place(node),
                        "reads " + Quoted(*name) + " in its body " + Quoted(body->name()) + ", but nothing defines it");
        }
        tensor->read = true;
        node.captures.push_back(tensor);
      }
    }
  }
}

void GraphBuilder::LinkOutputs() {
  for (const auto& output : proto_.output()) {
    Tensor* tensor = Find(output.name());
    if (!tensor)
      session_.Fail(ErrorCode::kBadInput, place_, "graph output " + Quoted(output.name()) + " is made by no node");
    tensor->read = true;
    if (tensor->owner == this) tensor->is_output = true;
    outputs_.push_back(tensor);
  }
}

// Masks that training alone reads are not allocated by any engine.
bool GraphBuilder::IsWanted(const Node& node, std::size_t index) const {
  return node.outputs[index] && (node.outputs[index]->read || !IsDropoutMask(node, index));
}

OpNode GraphBuilder::MakeOp(const Node& node, int position) const {
  OpNode op;
  op.id = position;
  op.name = node.proto->name();
  op.type = node.Op();
  if (folded_[At(node.index)]) return op;
  auto add = [this](const Tensor* tensor, std::vector<int>& ids) {
    if (!tensor || tensor->owner != this || tensor->id < 0) return;
    if (std::find(ids.begin(), ids.end(), tensor->id) == ids.end() || ids.size() > 16) ids.push_back(tensor->id);
  };
  for (const Tensor* tensor : node.inputs) add(tensor, op.inputs);
  for (const Tensor* tensor : node.captures) add(tensor, op.inputs);
  for (const Tensor* tensor : node.outputs) add(tensor, op.outputs);
  const CompiledOpRule* own = session_.FindOwnRule(node);
  if (own != nullptr) {
    std::int64_t workspace = 0;
    const std::string fault = WorkspaceOf(*own, node, workspace);
    if (!fault.empty() && !lenient_) session_.Fail(ErrorCode::kBadInput, Place(node), fault);
    op.workspace_bytes = static_cast<std::size_t>(workspace);
    op.workspace_alignment = own->rule->workspace_alignment;
  }
  Describe(node, this, own == nullptr ? nullptr : own->rule, op);
  return op;
}

void GraphBuilder::CountWeights() {
  if (!runs_) return;
  for (const Node& node : nodes_) {
    if (folded_[At(node.index)] || node.expanded) continue;  // the graph of a function counts what it reads
    for (Tensor* tensor : node.inputs) Need(tensor);
  }
  for (Tensor* tensor : outputs_) Need(tensor);
}

void GraphBuilder::Need(Tensor* tensor) {
  while (tensor && tensor->origin) tensor = tensor->origin;
  if (!tensor || !tensor->constant || tensor->needed) return;
  tensor->needed = true;
  const std::optional<std::int64_t> bytes = tensor->dims ? ByteCount(tensor->dtype, *tensor->dims) : std::nullopt;
  if (!bytes && tensor->stored_bytes == 0 && !tensor->dims) ++unsized_constants_;
  session_.CountNeeded(bytes.value_or(tensor->stored_bytes));
}

Graph GraphBuilder::MakeGraph() {
  CountWeights();
  std::vector<TensorDesc> descs;
  std::int64_t total = 0;
  auto add = [&](Tensor& tensor) {
    if (tensor.constant) return;
    const std::optional<std::int64_t> bytes = tensor.dims ? ByteCount(tensor.dtype, *tensor.dims) : std::nullopt;
    if (!bytes) {
      ++unsized_;
      return;
    }
    if (__builtin_add_overflow(total, *bytes, &total) || total > (std::int64_t{1} << 62)) {
      session_.Fail(ErrorCode::kBadInput, place_, "the sizes of all tensors overflow at " + Quoted(*tensor.name));
    }
    TensorDesc desc;
    desc.id = tensor.id = static_cast<int>(descs.size());
    desc.bytes = static_cast<std::size_t>(*bytes);
    desc.roles = (tensor.is_input ? TensorRole::kInput : 0u) | (tensor.is_output ? TensorRole::kOutput : 0u);
    desc.name = *tensor.name;
    desc.dtype = DtypeName(tensor.dtype);
    desc.shape = *tensor.dims;
    descs.push_back(std::move(desc));
  };
  for (Tensor* tensor : inputs_) add(*tensor);
  std::vector<OpNode> ops;
  for (std::size_t position = 0; position < order_.size(); ++position) {
    Node& node = nodes_[At(order_[position])];
    for (std::size_t i = 0; i < node.outputs.size(); ++i) {
      if (IsWanted(node, i)) add(*node.outputs[i]);
    }
    ops.push_back(MakeOp(node, static_cast<int>(position)));
  }
  if (unsized_ > 0) {
    session_.Warn(place_,
                  std::to_string(unsized_) +
                      " tensors of this body are left out: their shapes do not follow from the dimensions given");
  }
  if (unsized_constants_ > 0) {
    session_.Warn(place_,
                  std::to_string(unsized_constants_) +
                      " constants computed ahead of time are left out of the weights: their shapes are unknown");
  }
  return Graph(std::move(ops), std::move(descs));
}

NestedGraph GraphBuilder::MakeNested(int position, std::string attribute) {
  NestedGraph nested;
  nested.op = position;
  nested.attribute = std::move(attribute);
  nested.graph = MakeGraph();
  nested.bodies = TakeBodies();
  return nested;
}

}  // namespace orionrt::onnx_import
