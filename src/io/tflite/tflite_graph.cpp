#include "io/tflite/tflite_graph.hpp"

#include <algorithm>

#include "base/checked.hpp"
#include "base/index.hpp"
#include "base/text.hpp"
#include "base/topological_order.hpp"
#include "io/tflite/ops.hpp"
#include "io/tflite/tflite_aliases.hpp"

namespace orionrt::tflite_import {

GraphBuilder::GraphBuilder(Session& session, std::uint32_t index, std::string place, std::vector<std::uint32_t> around)
    : session_(session),
      record_(*session.model().subgraphs()->Get(index)),
      place_(std::move(place)),
      around_(std::move(around)) {
  around_.push_back(index);
}

Graph GraphBuilder::Build() {
  ReadTensors();
  ReadOps();
  LinkEnds();
  LinkOps();
  const std::vector<int> order = Sort();
  std::vector<OpNode> nodes;
  for (int position = 0; position < static_cast<int>(order.size()); ++position) {
    const int op = order[At(position)];
    Fold(ops_[At(op)]);
    ImportBodies(op, position);
    if (ops_[At(op)].folded) continue;
    for (int tensor : ops_[At(op)].inputs) tensors_[At(tensor)].used = true;
    for (int tensor : ops_[At(op)].outputs) tensors_[At(tensor)].used = true;
  }
  CountWeights();
  for (int op : order) nodes.push_back(MakeOp(op));
  std::vector<TensorDesc> descs;
  std::int64_t total = 0;
  for (int i = 0; i < static_cast<int>(tensors_.size()); ++i) {
    const Tensor& tensor = tensors_[At(i)];
    if (tensor.constant || !(tensor.used || tensor.is_input || tensor.is_output || tensor.is_state)) continue;
    CheckShapeIsSaid(i);
    descs.push_back(MakeDesc(i));
    if (!CheckedAdd(total, static_cast<std::int64_t>(descs.back().bytes), &total)) {
      session_.Fail(ErrorCode::kBadInput, place_, "the sizes of all tensors overflow at " + Label(i));
    }
  }
  return Graph(std::move(nodes), std::move(descs));
}

// The shape of a scalar is also what converters write for a custom op of whose results they know nothing. Whatever its
// rank is, with all dimensions 1 it is one element; no other number says as much.
void GraphBuilder::CheckShapeIsSaid(int index) {
  const Tensor& tensor = tensors_[At(index)];
  const bool is_custom = tensor.producer >= 0 && IsCustom(ops_[At(tensor.producer)].code);
  const std::string name = tensor.record->name() ? tensor.record->name()->str() : "";
  const auto& given = session_.options().shapes;
  if (!is_custom || SizeOf(tensor.record->shape()) > 0 || given.count(name) != 0) return;
  const std::string what = "the file has no shape for " + Label(index);
  const std::string remedy = "give --shape " + ShellWord(Printable(name) + "=AxBxC");
  if (session_.options().default_dim == 1) {
    session_.Warn(Place(tensor.producer), what + ": planned as one element, by --dim '*=1'; " + remedy);
  } else {
    session_.FailMissing(Place(tensor.producer), what + "; " + remedy + ", or --dim '*=1' for one element",
                         "--dim '*=1'");
  }
}

std::string GraphBuilder::Place(int op) const {
  return place_ + "op " + std::to_string(op) + " (" + Printable(ops_[At(op)].type) + ")";
}

std::string GraphBuilder::Label(int tensor) const {
  return "tensor " + std::to_string(tensor) + " " +
         Quoted(record_.tensors()->Get(static_cast<std::uint32_t>(tensor))->name());
}

void GraphBuilder::Fail(ErrorCode code, int op, const std::string& message) const {
  session_.Fail(code, Place(op), message);
}

void GraphBuilder::ReadTensors() {
  session_.Spend(SizeOf(record_.tensors()));
  tensors_.resize(SizeOf(record_.tensors()));
  for (int i = 0; i < static_cast<int>(tensors_.size()); ++i) {
    Tensor& tensor = tensors_[At(i)];
    tensor.record = record_.tensors()->Get(static_cast<std::uint32_t>(i));
    session_.SpendName(tensor.record->name());
    session_.Spend(SizeOf(tensor.record->shape()));
    tensor.dims = DimsOf(tensor.record->shape());
    const auto& given = session_.options().shapes;
    const auto shape = tensor.record->name() && !given.empty() ? given.find(tensor.record->name()->str()) : given.end();
    if (shape != given.end()) tensor.dims = shape->second;
    const Data data = DataOf(session_.model(), *tensor.record);
    if (data == Data::kBadBuffer) {
      session_.Fail(ErrorCode::kBadInput, place_,
                    Label(i) + " has its data in buffer " + std::to_string(tensor.record->buffer()) + " of " +
                        std::to_string(SizeOf(session_.model().buffers())));
    }
    tensor.constant = data == Data::kHeld;
    tensor.is_state = tensor.record->is_variable();
    if (tensor.constant && tensor.is_state) {
      session_.Fail(ErrorCode::kBadInput, place_, Label(i) + " is both a variable and a constant");
    }
    // -1 here stands for a dimension that later versions of the format keep elsewhere, and write 1 for.
    for (std::int64_t& dim : tensor.dims) {
      if (dim == -1 && session_.options().default_dim == 1) dim = 1;
    }
  }
}

std::vector<int> GraphBuilder::ReadUses(int op, const flatbuffers::Vector<std::int32_t>* list, const char* verb) {
  constexpr int kAbsent = -1;  // an optional input that is not given
  session_.Spend(SizeOf(list));
  std::vector<int> uses;
  for (std::uint32_t i = 0; i < SizeOf(list); ++i) {
    const int tensor = list->Get(i);
    if (tensor == kAbsent) continue;
    if (tensor < 0 || tensor >= static_cast<int>(tensors_.size())) {
      Fail(ErrorCode::kBadInput, op,
           verb + std::string(" tensor ") + std::to_string(tensor) + " of " + std::to_string(tensors_.size()));
    }
    uses.push_back(tensor);
  }
  return uses;
}

void GraphBuilder::ReadOps() {
  const auto* codes = session_.model().operator_codes();
  session_.Spend(SizeOf(record_.operators()));
  ops_.resize(SizeOf(record_.operators()));
  for (int i = 0; i < static_cast<int>(ops_.size()); ++i) {
    Op& op = ops_[At(i)];
    op.record = record_.operators()->Get(static_cast<std::uint32_t>(i));
    if (op.record->opcode_index() >= SizeOf(codes)) {
      session_.Fail(ErrorCode::kBadInput, place_,
                    "op " + std::to_string(i) + " is of code " + std::to_string(op.record->opcode_index()) + " of " +
                        std::to_string(SizeOf(codes)));
    }
    const fb::OperatorCode& code = *codes->Get(op.record->opcode_index());
    session_.SpendName(code.custom_code());
    op.code = BuiltinCode(code);
    op.type = OpName(code);
    op.inputs = ReadUses(i, op.record->inputs(), "reads");
    op.outputs = ReadUses(i, op.record->outputs(), "writes");
  }
}

std::vector<int> GraphBuilder::ReadEnds(const flatbuffers::Vector<std::int32_t>* list, const char* what) {
  session_.Spend(SizeOf(list));
  std::vector<int> ends;
  for (std::uint32_t i = 0; i < SizeOf(list); ++i) {
    const int tensor = list->Get(i);
    if (tensor < 0 || tensor >= static_cast<int>(tensors_.size())) {
      session_.Fail(ErrorCode::kBadInput, place_,
                    what + std::string(" ") + std::to_string(i) + " is tensor " + std::to_string(tensor) + " of " +
                        std::to_string(tensors_.size()));
    }
    ends.push_back(tensor);
  }
  return ends;
}

void GraphBuilder::LinkEnds() {
  for (int tensor : ReadEnds(record_.inputs(), "graph input"))
    tensors_[At(tensor)].is_input = !tensors_[At(tensor)].constant;
  for (int tensor : ReadEnds(record_.outputs(), "graph output")) tensors_[At(tensor)].is_output = true;
}

void GraphBuilder::LinkOps() {
  for (int i = 0; i < static_cast<int>(ops_.size()); ++i) {
    Op& op = ops_[At(i)];
    std::vector<int> made;
    for (int output : op.outputs) {
      Tensor& tensor = tensors_[At(output)];
      if (tensor.is_state) {  // updated in place, as that of an LSTM is: alive throughout either way
        op.inputs.push_back(output);
        continue;
      }
      if (tensor.constant || tensor.is_input || tensor.producer >= 0) {
        Fail(ErrorCode::kBadInput, i,
             "writes " + Label(output) + ", which is " +
                 (tensor.constant   ? "a constant"
                  : tensor.is_input ? "a graph input"
                                    : "the result of " + Place(tensor.producer)));
      }
      tensor.producer = i;
      made.push_back(output);
    }
    op.outputs = std::move(made);
  }
  for (int i = 0; i < static_cast<int>(ops_.size()); ++i) {
    for (int input : ops_[At(i)].inputs) CheckProduced(input, i);
  }
  for (int i = 0; i < static_cast<int>(tensors_.size()); ++i) {
    if (tensors_[At(i)].is_output) CheckProduced(i, -1);
  }
}

// A tensor that comes from nowhere can only be an empty one.
void GraphBuilder::CheckProduced(int index, int reader) {
  Tensor& tensor = tensors_[At(index)];
  if (tensor.producer >= 0 || tensor.constant || tensor.is_input || tensor.is_state) return;
  if (ByteCount(tensor.record->type(), tensor.dims) != 0 || TypeBits(tensor.record->type()) == 0) {
    session_.Fail(ErrorCode::kBadInput, reader >= 0 ? Place(reader) : place_ + "graph output",
                  "needs " + Label(index) +
                      ", which no op makes, has no data, and is no graph input; were the weights stripped?");
  }
  tensor.constant = true;
}

std::vector<int> GraphBuilder::Sort() const {
  std::vector<std::vector<int>> dependencies(ops_.size());
  for (std::size_t i = 0; i < ops_.size(); ++i) {
    for (int input : ops_[i].inputs) {
      if (tensors_[At(input)].producer >= 0) dependencies[i].push_back(tensors_[At(input)].producer);
    }
  }
  TopologicalOrder sorted = SortTopologically(dependencies);
  if (sorted.on_cycle >= 0) {
    Fail(ErrorCode::kBadInput, sorted.on_cycle,
         "is part of a cycle: it reads what " + Place(sorted.waits_for) + " makes from its result");
  }
  if (!std::is_sorted(sorted.order.begin(), sorted.order.end())) {
    session_.Warn(place_, "its ops are not in an order that runs; they are sorted, and the plan holds for that order");
  }
  return std::move(sorted.order);
}

void GraphBuilder::Fold(Op& op) {
  const bool of_constants = !op.inputs.empty() && std::all_of(op.inputs.begin(), op.inputs.end(), [this](int input) {
    return tensors_[At(input)].constant;
  });
  const bool of_shapes = session_.options().fold_shapes && AsksForShape(op.code);
  op.folded = of_shapes || (session_.folds() && of_constants && IsDeterministic(op.code));
  if (!op.folded) return;
  for (int output : op.outputs) tensors_[At(output)].constant = true;
}

void GraphBuilder::ImportBodies(int op, int position) {
  constexpr std::size_t kDeepest = 16, kUnitsPerBody = 256;
  const std::vector<Callee> callees = CalleesOf(*ops_[At(op)].record);
  if (callees.empty() && IsControlFlow(ops_[At(op)].code)) {
    Fail(ErrorCode::kBadInput, op, "does not say which subgraphs it runs");
  }
  session_.Spend(kUnitsPerBody * callees.size());
  for (const Callee& callee : callees) {
    const std::string role = callee.role + "_sub" + std::to_string(callee.index);
    const auto count = static_cast<std::int64_t>(session_.model().subgraphs()->size());
    if (callee.index < 0 || callee.index >= count) {
      Fail(ErrorCode::kBadInput, op,
           "runs subgraph " + std::to_string(callee.index) + " of " + std::to_string(count) + " as its " + callee.role);
    }
    const auto index = static_cast<std::uint32_t>(callee.index);
    if (std::find(around_.begin(), around_.end(), index) != around_.end()) {
      Fail(ErrorCode::kBadInput, op, "runs subgraph " + std::to_string(index) + ", which it is part of itself");
    }
    if (around_.size() >= kDeepest) {
      Fail(ErrorCode::kUnsupported, op, "is nested more than " + std::to_string(kDeepest) + " subgraphs deep");
    }
    session_.MarkCalled(index);
    GraphBuilder body(session_, index, Place(op) + ": body \"" + role + "\": ", around_);
    body.runs_ = runs_ && !ops_[At(op)].folded;
    NestedGraph nested;
    nested.op = position;
    nested.attribute = role;
    nested.graph = body.Build();
    nested.bodies = body.TakeBodies();
    bodies_.push_back(std::move(nested));
  }
}

OpNode GraphBuilder::MakeOp(int index) const {
  const Op& op = ops_[At(index)];
  OpNode node;
  node.id = index;
  node.type = op.type;
  if (!op.outputs.empty()) {  // ops have no names; people know them by what they make
    const flatbuffers::String* name = tensors_[At(op.outputs[0])].record->name();
    session_.SpendName(name);
    if (name) node.name = name->str();
  }
  if (op.folded) return node;
  auto add = [this](const std::vector<int>& tensors, std::vector<int>& ids) {
    for (int tensor : tensors) {
      if (!tensors_[At(tensor)].constant) ids.push_back(tensor);
    }
  };
  add(op.inputs, node.inputs);
  add(op.outputs, node.outputs);
  node.has_effects = !IsDeterministic(op.code);
  if (!node.has_effects)
    node.aliases = AliasesOf({session_.model(), record_, *op.record, op.inputs, op.outputs}, OperandsOf(op, node));
  return node;
}

OpOperands GraphBuilder::OperandsOf(const Op& op, const OpNode& node) const {
  OpOperands operands;
  operands.type = op.type;
  const auto add = [this](const std::vector<int>& tensors, const std::vector<int>& ids, std::vector<Operand>& list) {
    for (const int tensor : tensors) {
      const auto place = std::find(ids.begin(), ids.end(), tensor);
      const int position = place == ids.end() ? -1 : static_cast<int>(place - ids.begin());
      const auto bytes = ByteCount(tensors_[At(tensor)].record->type(), tensors_[At(tensor)].dims);
      list.push_back({position, tensors_[At(tensor)].dims, bytes.value_or(0)});
    }
  };
  add(op.inputs, node.inputs, operands.inputs);
  add(op.outputs, node.outputs, operands.outputs);
  return operands;
}

TensorDesc GraphBuilder::MakeDesc(int index) const {
  const Tensor& tensor = tensors_[At(index)];
  TensorDesc desc;
  desc.id = index;
  desc.bytes = static_cast<std::size_t>(BytesOf(index));
  desc.roles = (tensor.is_input ? TensorRole::kInput : 0u) | (tensor.is_output ? TensorRole::kOutput : 0u) |
               (tensor.is_state ? TensorRole::kState : 0u);
  if (tensor.record->name()) desc.name = tensor.record->name()->str();
  desc.dtype = TypeName(tensor.record->type());
  desc.shape = tensor.dims;
  return desc;
}

std::int64_t GraphBuilder::BytesOf(int index) const {
  const Tensor& tensor = tensors_[At(index)];
  const auto type = tensor.record->type();
  auto fail = [&](ErrorCode code, const std::string& message) {
    const int user = UserOf(index);
    const std::string end = place_ + (tensor.is_input ? "graph input" : "graph output");
    session_.Fail(code, user >= 0 ? Place(user) : end, Label(index) + message);
  };
  if (TypeBits(type) == 0) {
    fail(ErrorCode::kUnsupported, " is of type " + TypeName(type) +
                                      ", whose size shows only at run time; cut the op off the model, or give the "
                                      "tensor a type of fixed size");
  }
  for (std::int64_t dim : tensor.dims) {
    if (dim == -1) {
      session_.FailMissing(
          UserOf(index) >= 0 ? Place(UserOf(index)) : place_ + (tensor.is_input ? "graph input" : "graph output"),
          Label(index) + " has a dimension that is not set; give --dim '*=1', or convert the model with fixed shapes",
          "--dim '*=1'");
    }
    if (dim < 0) fail(ErrorCode::kBadInput, " has the dimension " + std::to_string(dim));
  }
  const std::optional<std::int64_t> bytes = ByteCount(type, tensor.dims);
  if (!bytes) fail(ErrorCode::kBadInput, " has a size past 62 bits");
  return *bytes;
}

void GraphBuilder::CountWeights() {
  if (!runs_) return;
  for (const Op& op : ops_) {
    if (op.folded) continue;
    for (int tensor : op.inputs) Need(tensor);
  }
  for (int i = 0; i < static_cast<int>(tensors_.size()); ++i) {
    if (tensors_[At(i)].is_output) Need(i);
  }
}

void GraphBuilder::Need(int index) {
  const Tensor& tensor = tensors_[At(index)];
  if (!tensor.constant) return;
  if (tensor.producer < 0) return session_.NeedStored(*tensor.record);
  const std::optional<std::int64_t> bytes = ByteCount(tensor.record->type(), tensor.dims);
  if (!bytes || TypeBits(tensor.record->type()) == 0) {
    session_.Warn(place_, Label(index) + " is computed ahead of time and of unknown size: left out of the weights");
    return;
  }
  session_.NeedComputed(around_.back(), index, *bytes);
}

// The op that messages name for a tensor: its producer, or its first reader; -1 for neither.
int GraphBuilder::UserOf(int index) const {
  if (tensors_[At(index)].producer >= 0) return tensors_[At(index)].producer;
  for (int i = 0; i < static_cast<int>(ops_.size()); ++i) {
    if (std::count(ops_[At(i)].inputs.begin(), ops_[At(i)].inputs.end(), index) > 0) return i;
  }
  return -1;
}

}  // namespace orionrt::tflite_import
