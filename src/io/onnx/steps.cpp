// One node after the other: is it constant, which values and types do its outputs have.
#include <algorithm>

#include "base/index.hpp"
#include "base/text.hpp"
#include "io/onnx/control.hpp"
#include "io/onnx/evaluate.hpp"
#include "io/onnx/external.hpp"
#include "io/onnx/functions.hpp"
#include "io/onnx/intervals.hpp"
#include "io/onnx/onnx_graph.hpp"
#include "io/onnx/runnable.hpp"
#include "io/onnx/weights.hpp"

namespace orionrt::onnx_import {
namespace {

constexpr std::size_t kMostDims = 64;  // more occur in broken files only, and each op would copy them

bool IsConstantOp(const Node& node) { return node.Domain().empty() && node.Op() == "Constant"; }

bool ReadsShapeAlone(const Node& node) {
  return node.Domain().empty() && (node.Op() == "Shape" || node.Op() == "Size") && node.Has(0) &&
         !node.inputs[0]->bounded;
}

bool IsConstant(const Tensor* tensor) { return !tensor || tensor->constant; }

std::shared_ptr<const Value> Share(Value value) { return std::make_shared<const Value>(std::move(value)); }

Value VectorOf(int dtype, std::size_t count) {
  Value value;
  value.dtype = dtype;
  value.dims = {static_cast<std::int64_t>(count)};
  return value;
}

// The Constant op has its value in one of several attributes; false if in none.
bool TakeConstant(const Node& node, Tensor& out, onnx::TypeProto& type) {
  Value value;
  if (const auto* tensor = node.Attribute("value"); tensor && tensor->has_t()) {
    out.data = &tensor->t();
    type = MakeType(tensor->t().data_type(), Dims(tensor->t().dims().begin(), tensor->t().dims().end()));
    return true;
  }
  if (const auto* sparse = node.Attribute("sparse_value"); sparse && sparse->has_sparse_tensor()) {
    const auto& tensor = sparse->sparse_tensor();
    type = MakeType(tensor.values().data_type(), Dims(tensor.dims().begin(), tensor.dims().end()));
    return true;
  }
  if (const auto* scalar = node.Attribute("value_int")) {
    value = Value{onnx::TensorProto::INT64, {}, {scalar->i()}, {}};
  } else if (const auto* real = node.Attribute("value_float")) {
    value = Value{onnx::TensorProto::FLOAT, {}, {}, {real->f()}};
  } else if (const auto* ints = node.Attribute("value_ints")) {
    value = VectorOf(onnx::TensorProto::INT64, At(ints->ints_size()));
    value.ints.assign(ints->ints().begin(), ints->ints().end());
  } else if (const auto* floats = node.Attribute("value_floats")) {
    value = VectorOf(onnx::TensorProto::FLOAT, At(floats->floats_size()));
    value.reals.assign(floats->floats().begin(), floats->floats().end());
  } else if (const auto* text = node.Attribute("value_string")) {
    type = MakeType(onnx::TensorProto::STRING, Dims());
    return text->has_s();
  } else if (const auto* texts = node.Attribute("value_strings")) {
    type = MakeType(onnx::TensorProto::STRING, Dims{texts->strings_size()});
    return true;
  } else {
    return false;
  }
  type = MakeType(value.dtype, value.dims);
  if (static_cast<std::int64_t>(value.Count()) <= kMaxValueElements) out.value = Share(std::move(value));
  return true;
}

// In a lenient graph nothing is inferred from an unknown shape: what seems to follow is most often wrong.
bool ReadsUnknown(const Node& node) {
  return std::any_of(node.inputs.begin(), node.inputs.end(), [](const Tensor* input) {
    return input && !input->dims && (input->dtype != 0 || !input->HasType());
  });
}

// Of what is at most so large, the parts may be larger where the whole is smaller: where a slice counts from the end,
// or a last part is what is left.
bool MayGrowAsItsInputShrinks(const Node& node) {
  return node.Domain().empty() && (node.Op() == "Slice" || node.Op() == "Split") && node.Has(0) &&
         node.inputs[0]->bounded;
}

// Whether a dimension has a name to which nothing has given a value so far.
bool HasOpenSymbol(const onnx::TypeProto& declared, const Dimensions& dimensions) {
  for (const auto& dim : declared.tensor_type().shape().dim()) {
    if (dim.dim_param().empty()) continue;
    for (const std::string& symbol : dimensions.SymbolsOf(dim.dim_param())) {
      if (!dimensions.IsSet(symbol)) return true;
    }
  }
  return false;
}

bool IsComplete(const onnx::TypeProto& type) {
  if (!type.has_tensor_type() || type.tensor_type().elem_type() == 0 || !type.tensor_type().has_shape()) return false;
  const auto& dims = type.tensor_type().shape().dim();
  return std::all_of(dims.begin(), dims.end(), [](const auto& dim) { return dim.has_dim_value(); });
}

// The constant in absent external data on which the values of a node's inputs depend, if any.
const Tensor* MissingBehind(const Node& node) {
  for (Tensor* input : node.inputs) {
    if (!input || input->KnownValue()) continue;
    if (input->missing) return input->missing;
  }
  return nullptr;
}

}  // namespace

void FillType(const onnx::TypeProto& source, onnx::TypeProto& target) {
  if (target.value_case() == onnx::TypeProto::VALUE_NOT_SET) {
    target = source;
    return;
  }
  if (!source.has_tensor_type() || !target.has_tensor_type()) return;
  const auto& from = source.tensor_type();
  auto& to = *target.mutable_tensor_type();
  if (to.elem_type() == 0) to.set_elem_type(from.elem_type());
  if (!from.has_shape()) return;
  if (!to.has_shape()) {
    *to.mutable_shape() = from.shape();
    return;
  }
  if (to.shape().dim_size() != from.shape().dim_size()) return;
  for (int d = 0; d < to.shape().dim_size(); ++d) {
    if (!to.shape().dim(d).has_dim_value()) *to.mutable_shape()->mutable_dim(d) = from.shape().dim(d);
  }
}

bool SetOpenDims(onnx::TypeProto& type, std::int64_t dim) {
  if (!type.has_tensor_type() || !type.tensor_type().has_shape()) return false;
  bool any = false;
  for (auto& open : *type.mutable_tensor_type()->mutable_shape()->mutable_dim()) {
    if (open.has_dim_value()) continue;
    open.set_dim_value(dim);
    any = true;
  }
  return any;
}

bool GraphBuilder::Folds(const Node& node) const {
  if (IsConstantOp(node)) return true;
  if (!session_.folds()) return false;
  if (session_.folds_shapes() && ReadsShapeAlone(node) && node.Shape(0)) return true;
  if (node.proto->input().empty() && node.captures.empty()) return false;
  return std::all_of(node.inputs.begin(), node.inputs.end(), IsConstant) &&
         std::all_of(node.captures.begin(), node.captures.end(), IsConstant) &&
         std::any_of(node.proto->input().begin(), node.proto->input().end(),
                     [](const auto& n) { return !n.empty(); }) &&
         IsDeterministic(*node.proto);
}

void GraphBuilder::Step(Node& node, int position) {
  node.position = position;
  folded_[At(node.index)] = step_folds_ = Folds(node);
  problem_.clear();
  broken_ = false;
  Types types(node.outputs.size());
  extents_.assign(node.outputs.size(), std::nullopt);
  if (!TakeValues(node, types)) TypeOutputs(node, position, types);
  const auto is_default = [](const Tensor* tensor) { return tensor && tensor->is_default; };
  const bool rests_on_default = std::any_of(node.inputs.begin(), node.inputs.end(), is_default) ||
                                std::any_of(node.captures.begin(), node.captures.end(), is_default);
  for (std::size_t i = 0; i < node.outputs.size(); ++i) {
    if (!node.outputs[i]) continue;
    node.outputs[i]->constant = folded_[At(node.index)];
    node.outputs[i]->is_default = rests_on_default;
    FinishOutput(node, i, std::move(types[i]));
  }
}

// Outputs whose values are known have the types of the values.
bool GraphBuilder::TakeValues(Node& node, Types& types) {
  if (IsConstantOp(node)) {
    if (node.outputs.size() != 1 || !node.outputs[0] || !TakeConstant(node, *node.outputs[0], types[0])) {
      session_.Fail(ErrorCode::kBadInput, Place(node), "has no value");
    }
    node.outputs[0]->stored_bytes = StoredBytes(*node.proto);
    return true;
  }
  const bool is_function = session_.FindFunction(*node.proto) != nullptr || session_.FindOwnRule(node) != nullptr;
  std::vector<Value> values = is_function ? std::vector<Value>() : Evaluate(node);
  for (std::size_t i = 0; i < values.size() && i < types.size(); ++i) {
    types[i] = MakeType(values[i].dtype, values[i].dims);
    if (node.outputs[i] && session_.SpendElements(values[i].Count()))
      node.outputs[i]->value = Share(std::move(values[i]));
  }
  if (!values.empty()) return values.size() >= types.size();
  if (!is_function && HasIntervals(node) && TakeRanges(node, types)) return true;
  const Tensor* missing = !is_function && CanEvaluate(node) ? MissingBehind(node) : nullptr;
  for (Tensor* output : node.outputs) {
    if (output) output->missing = missing;
  }
  return false;
}

// Small values that rest on sizes of run time; those that do not after all are known.
bool GraphBuilder::TakeRanges(Node& node, Types& types) {
  std::vector<ValueRange> ranges = EvaluateRanges(node);
  for (std::size_t i = 0; i < ranges.size() && i < types.size(); ++i) {
    types[i] = MakeType(ranges[i].most.dtype, ranges[i].most.dims);
    extents_[i] = DimsRange{ranges[i].most.dims, ranges[i].most.dims, nullptr};
    if (!node.outputs[i] || !session_.SpendElements(2 * ranges[i].most.Count())) continue;
    if (IsExact(ranges[i])) {
      node.outputs[i]->value = Share(std::move(ranges[i].most));
    } else {
      node.outputs[i]->range = std::make_shared<const ValueRange>(std::move(ranges[i]));
    }
  }
  return !ranges.empty() && ranges.size() >= types.size();
}

// What the op makes of sizes of run time at their ends.
void GraphBuilder::BoundBySizes(Node& node, Types& types) {
  if (!node.bodies.empty() || node.expanded || session_.options().default_dim) return;
  extents_ = InferRanges(node, [this](const Node& at) {
    Types made(at.outputs.size());
    if (const CompiledOpRule* own = session_.FindOwnRule(at)) {
      if (!ApplyOpRule(*own, at, made).empty()) made.assign(at.outputs.size(), {});
    } else if (const Rule rule = FindRule(at)) {
      rule(at, made);
    } else {
      LibraryResult result = InferByLibrary(at);
      if (result.problem.empty()) made = std::move(result.outputs);
    }
    return made;
  });
  for (std::size_t i = 0; i < types.size(); ++i) {
    if (!extents_[i] || !ElementCount(MostOf(*extents_[i]))) extents_[i].reset();
    if (!extents_[i]) continue;
    const int dtype = types[i].tensor_type().elem_type();
    types[i] = MakeType(dtype != 0 ? dtype : node.Dtype(0), MostOf(*extents_[i]));
  }
}

// False, and `problem_` says why, for a node that no engine could run on what is known of its inputs.
bool GraphBuilder::CanRun(const Node& node) {
  for (const Tensor* input : node.inputs) {
    if (input && input->bounded) return true;  // the sizes that meet at run time are others
  }
  const RunFault fault = FindRunFault(node);
  if (fault.why.empty()) return true;
  problem_ = fault.why;
  broken_ = true;
  if (lenient_ || session_.options().trust_shapes) return false;
  std::string inputs;
  for (const std::size_t i : fault.inputs) {
    const Tensor& tensor = *node.inputs[i];
    inputs += (inputs.empty() ? ": " : "; ") + Quoted(*tensor.name) + " " +
              (tensor.dims ? DimsText(*tensor.dims) + " " : "") + "is " + OriginOf(tensor);
  }
  session_.Fail(ErrorCode::kBadInput, Place(node), "cannot run: " + fault.why + inputs + OptionsBehind(node));
}

void GraphBuilder::Infer(Node& node, int position, Types& inferred) {
  if (!node.bodies.empty()) {
    if (!session_.FindOwnRule(node) && !CanRun(node)) return;
    RunBodies(*this, node, position, inferred);
    if (session_.FindOwnRule(node)) {
      InferByOwnRule(node, inferred);
    } else if (const Rule rule = FindRule(node)) {
      rule(node, inferred);
    }
  } else if (lenient_ && ReadsUnknown(node)) {
    problem_ = "the shape of an input is unknown";
  } else if (session_.FindOwnRule(node)) {
    InferByOwnRule(node, inferred);
  } else if (const auto* function = session_.FindFunction(*node.proto)) {
    RunFunction(*this, node, *function, position, inferred);
  } else if (!CanRun(node) || MayGrowAsItsInputShrinks(node)) {
    return;
  } else if (InferElementwise(node, inferred)) {
    return;
  } else if (const Rule rule = FindRule(node)) {
    rule(node, inferred);
    problem_ = "it depends on values or ranks that the file does not hold";
  } else {
    LibraryResult result = InferByLibrary(node);
    problem_ = result.problem;
    broken_ = result.broken;
    if (problem_.empty()) inferred = std::move(result.outputs);
  }
}

void GraphBuilder::InferByOwnRule(const Node& node, Types& inferred) {
  Types own(inferred.size());
  const std::string fault = ApplyOpRule(*session_.FindOwnRule(node), node, own);
  if (!fault.empty()) session_.Fail(ErrorCode::kBadInput, Place(node), fault + OptionsBehind(node));
  for (std::size_t i = 0; i < own.size(); ++i) {
    if (own[i].value_case() != onnx::TypeProto::VALUE_NOT_SET) inferred[i] = std::move(own[i]);
  }
  problem_ = "its rule does not say it, or rests on a size that is not known";
}

void GraphBuilder::LearnDimensions(const Node& node, const std::string& tensor, const onnx::TypeProto& declared,
                                   const onnx::TypeProto& type) {
  try {
    session_.LearnDimensions(declared, type);
  } catch (const Error& error) {
    session_.Fail(error.code(), Place(node), "tensor " + Quoted(tensor) + ": " + error.what());
  }
}

void GraphBuilder::TypeOutputs(Node& node, int position, Types& types) {
  Types inferred(types.size());
  run_time_.clear();
  Infer(node, position, inferred);
  if (HasIntervals(node)) BoundBySizes(node, inferred);
  bool complete = true;
  for (std::size_t i = 0; i < types.size(); ++i) {
    const auto declared = node.outputs[i] ? declared_.find(*node.outputs[i]->name) : declared_.end();
    if (session_.options().trust_shapes && declared != declared_.end()) {
      FillType(session_.Resolve(*declared->second, Place(node), *node.outputs[i]->name), types[i]);
    }
    FillType(inferred[i], types[i]);
    if (!node.outputs[i]) continue;
    if (declared != declared_.end()) CompareDeclared(node, i, *declared->second, types[i]);
    if (declared != declared_.end()) LearnDimensions(node, *node.outputs[i]->name, *declared->second, types[i]);
    if (IsComplete(types[i])) continue;
    complete = false;
    if (declared == declared_.end()) continue;
    const bool was_open = HasOpenSymbol(*declared->second, session_.dimensions());
    FillType(session_.Resolve(*declared->second, Place(node), *node.outputs[i]->name), types[i]);
    if (was_open && session_.options().default_dim && IsComplete(types[i]))
      WarnRunTime(*node.outputs[i], node, *session_.options().default_dim);
  }
  if (!broken_ && !session_.FindOwnRule(node) && !std::all_of(types.begin(), types.end(), IsComplete))
    run_time_ = FindRunTimeDims(node);
  if (broken_ && !complete && std::all_of(types.begin(), types.end(), IsComplete)) {
    session_.Warn(Place(node), "shape taken from the file's value_info, since inference refuses the node: " + problem_);
  }
}

void GraphBuilder::WarnBound(const Tensor& tensor, const Node& node, const Dims& most) {
  if (tensor.constant) return;
  session_.Warn(Place(node), "output " + Quoted(*tensor.name) + " has a run-time size; planned at its upper bound, " +
                                 DimsText(most));
}

void GraphBuilder::WarnRunTime(Tensor& tensor, const Node& node, std::int64_t assumed) {
  tensor.run_time = true;
  session_.Warn(Place(node), "output " + Quoted(*tensor.name) + " has dimensions known only at run time; taken as " +
                                 std::to_string(assumed));
}

// What is open still gets the value of --dim '*=N', or else the most that it can be.
void GraphBuilder::FillRunTimeDims(Node& node, std::size_t index, onnx::TypeProto& type) {
  static const std::vector<RunTimeDim> kNothing;
  const std::vector<RunTimeDim>& found = index < run_time_.size() ? run_time_[index] : kNothing;
  auto& shape = *type.mutable_tensor_type();
  if (!shape.has_shape() && !found.empty()) {
    for (std::size_t d = 0; d < found.size(); ++d) shape.mutable_shape()->add_dim();
  }
  const std::optional<std::int64_t> assumed = session_.options().default_dim;
  bool is_assumed = false, is_bounded = false, is_choice = false;
  int bounds = 0;
  DimsRange range;
  for (int d = 0; shape.has_shape() && d < shape.shape().dim_size(); ++d) {
    auto& dim = *shape.mutable_shape()->mutable_dim(d);
    range.least.push_back(dim.dim_value());
    if (dim.has_dim_value()) continue;
    const bool is_known = static_cast<int>(found.size()) == shape.shape().dim_size();
    const RunTimeDim known = is_known ? found[At(d)] : RunTimeDim();
    if (known.exact) {
      dim.set_dim_value(*known.exact);
      range.least.back() = *known.exact;
    } else if (assumed) {
      dim.set_dim_value(known.assumed.value_or(std::min(*assumed, known.most.value_or(*assumed))));
      is_assumed = true;
      is_choice = is_choice || known.assumed;
    } else if (known.most) {
      dim.set_dim_value(*known.most);
      is_bounded = true;
      range.size = std::make_shared<const RunTimeSize>(RunTimeSize{*known.most});
      ++bounds;
    }
  }
  Tensor& tensor = *node.outputs[index];
  if (is_choice) {
    tensor.run_time = true;
    Tensor chosen;
    chosen.SetType(type);
    session_.Warn(Place(node), "output " + Quoted(*tensor.name) + " has its axes of extent 1 known only at run time; " +
                                   "taken as " + DimsText(*chosen.dims));
  } else if (is_assumed) {
    WarnRunTime(tensor, node, *assumed);
  }
  if (!is_bounded || !IsComplete(type)) return;
  tensor.run_time = tensor.bounded = true;
  Tensor most;
  most.SetType(type);
  range.most = *most.dims;
  if (bounds != 1) range.size.reset();
  extents_[index] = std::move(range);
  WarnBound(tensor, node, *most.dims);
}

void GraphBuilder::FinishOutput(Node& node, std::size_t index, onnx::TypeProto type) {
  Tensor& tensor = *node.outputs[index];
  const auto given = session_.options().shapes.find(*tensor.name);
  if (given != session_.options().shapes.end()) {
    type = MakeType(type.has_tensor_type() ? type.tensor_type().elem_type() : 0, given->second);
  }
  if (type.value_case() == onnx::TypeProto::VALUE_NOT_SET || type.has_tensor_type()) {
    auto& filled = *type.mutable_tensor_type();
    if (filled.elem_type() == 0 && node.Has(0)) filled.set_elem_type(node.Dtype(0));
    FillRunTimeDims(node, index, type);
  }
  tensor.SetType(std::move(type));
  const bool is_given = given != session_.options().shapes.end();
  bool is_assumed = tensor.run_time && !tensor.bounded;
  for (const Tensor* input : node.inputs) {
    if (is_given || !input) continue;
    is_assumed |= input->run_time && !input->bounded;
    tensor.run_time |= input->run_time;
    tensor.bounded |= input->bounded;
  }
  const std::optional<DimsRange>& extent = extents_[index];
  const bool fits = extent && !is_given && tensor.dims && *tensor.dims == MostOf(*extent);
  if (fits && IsExact(*extent)) {
    tensor.bounded = false;
    tensor.run_time = is_assumed;
  } else if (fits) {
    tensor.extent = std::make_shared<const DimsRange>(*extent);
    tensor.run_time = tensor.bounded = true;
    const auto has_range = [](const Tensor* input) { return input && input->range; };
    if (std::any_of(node.inputs.begin(), node.inputs.end(), has_range)) WarnBound(tensor, node, *tensor.dims);
  }
  if (tensor.dims && tensor.dims->size() > kMostDims) {
    session_.Fail(ErrorCode::kUnsupported, Place(node),
                  "output " + Quoted(*tensor.name) + " has " + std::to_string(tensor.dims->size()) + " dimensions");
  }
  const bool sized = tensor.dims && ByteCount(tensor.dtype, *tensor.dims);
  if (tensor.constant && tensor.dims && ElementCount(*tensor.dims)) return;
  if (tensor.constant && tensor.dims && !lenient_ && IsWanted(node, index)) FailUnsized(node, tensor);
  if (!sized && !lenient_ && !tensor.constant && IsWanted(node, index)) FailUnsized(node, tensor);
  if (!sized && tensor.dims && !ElementCount(*tensor.dims)) tensor.SetType(onnx::TypeProto());
}

namespace {

// "x=Nx3xNxN": a shape to be filled in, as an option of a shell; `open` stands for what is not set.
std::string Example(const std::string& name, const onnx::TypeProto& type, const char* open = "N") {
  std::string shape;
  for (const auto& dim : type.tensor_type().shape().dim()) {
    shape += (shape.empty() ? "" : "x") + (dim.has_dim_value() ? std::to_string(dim.dim_value()) : open);
  }
  return ShellWord(Printable(name) + "=" + shape);
}

}  // namespace

// The options that set `text` of a tensor to `value`; of an input, those of all inputs, so that one line sets whatever
// is unset.
std::string GraphBuilder::DimOptions(const Node& node, const std::string& text, const char* value) const {
  std::vector<std::string> texts;
  if (!text.empty()) texts.push_back(text);
  if (node.proto == nullptr && !is_body_) {
    for (const auto& input : proto_.input()) {
      for (const auto& dim : input.type().tensor_type().shape().dim()) {
        const bool is_given = session_.options().inputs.count(input.name()) != 0;
        if (!is_given && !dim.dim_param().empty()) texts.push_back(dim.dim_param());
      }
    }
  }
  std::vector<std::string> unset;
  for (const std::string& each : texts) {
    for (const std::string& symbol : session_.dimensions().SymbolsOf(each)) {
      if (session_.dimensions().IsSet(symbol)) continue;
      if (std::find(unset.begin(), unset.end(), symbol) == unset.end()) unset.push_back(symbol);
    }
  }
  constexpr std::size_t kMost = 20;
  std::string options;
  for (std::size_t i = 0; i < std::min(unset.size(), kMost); ++i) {
    options += (i == 0 ? "" : " ") + ("--dim " + ShellWord(Printable(unset[i]) + "=" + value));
  }
  return options + (unset.size() > kMost ? " ..." : "");
}

// A line that sets whatever the inputs leave open to 1, and `text` of the tensor.
std::string GraphBuilder::OptionsForAll(const Node& node, const std::string& text) const {
  std::string options = DimOptions(node, text, "1");
  if (options.size() >= 3 && options.compare(options.size() - 3, 3, "...") == 0) return "--dim '*=1'";
  for (int i = 0; node.proto == nullptr && !is_body_ && i < proto_.input_size(); ++i) {
    const onnx::ValueInfoProto& input = proto_.input(i);
    bool has_unnamed = false;
    for (const auto& dim : input.type().tensor_type().shape().dim()) {
      has_unnamed |= !dim.has_dim_value() && dim.dim_param().empty();
    }
    if (!has_unnamed || session_.options().inputs.count(input.name()) != 0) continue;
    options += (options.empty() ? "--input " : " --input ") + Example(input.name(), input.type(), "1");
  }
  return options;
}

// Says why the size of a tensor is not known, and what helps.
void GraphBuilder::FailUnsized(const Node& node, const Tensor& tensor) const {
  const onnx::TypeProto type = tensor.Type();
  const std::string place = node.proto ? Place(node) : place_;
  const std::string name = Quoted(*tensor.name);
  const std::string what = (node.proto ? "output " : "input ") + name;
  if (type.value_case() != onnx::TypeProto::VALUE_NOT_SET && !type.has_tensor_type()) {
    session_.Fail(ErrorCode::kUnsupported, place,
                  what + " is no plain tensor (a sequence, map, optional or sparse one): its size is not known");
  }
  if (tensor.dims && DtypeBits(tensor.dtype) == 0) {
    session_.Fail(ErrorCode::kUnsupported, place,
                  what + " has elements of unknown size (" + DtypeName(tensor.dtype) + ")");
  }
  if (tensor.dims) {
    session_.Fail(
        ErrorCode::kBadInput, place,
        what + " has impossible dimensions " + DimsText(*tensor.dims) + (node.proto ? OptionsBehind(node) : ""));
  }
  const std::string why = problem_.empty() || !node.proto ? "" : ": " + problem_;
  if (type.has_tensor_type() && type.tensor_type().has_shape()) {
    for (const auto& dim : type.tensor_type().shape().dim()) {
      if (dim.has_dim_value()) continue;
      const std::string& text = dim.dim_param();
      if (!text.empty()) {
        session_.FailMissing(place,
                             what + " has an unset dimension " + Quoted(text) + "; give " +
                                 DimOptions(node, text, "N") + ", or --dim '*=1' for all",
                             OptionsForAll(node, text));
      }
      if (!node.proto && !is_body_) {
        session_.FailMissing(place,
                             what + " has an unset dimension without a name; give --input " +
                                 Example(*tensor.name, type) + " (its shape), or --dim '*=1' for all",
                             OptionsForAll(node, ""));
      }
    }
  }
  if (!node.proto && is_body_) {
    session_.Fail(ErrorCode::kUnsupported, place,
                  what + " has no shape that follows from the op around; declare it in the body");
  }
  if (!node.proto) {
    session_.Fail(ErrorCode::kUnsupported, place,
                  what + " has no shape; give --input " + Printable(*tensor.name) + "=AxBxC, its dimensions");
  }
  const Tensor* missing = tensor.missing ? tensor.missing : MissingBehind(node);
  if (missing && !broken_) {
    session_.Fail(ErrorCode::kUnsupported, place,
                  "shape of " + name + " depends on the values of " + Quoted(*missing->name) + ", which are in " +
                      ExternalData::Describe(*missing->data, session_.options()));
  }
  if (type.has_tensor_type() && type.tensor_type().has_shape()) {
    session_.FailMissing(place,
                         "shape of " + name + " is known only at run time" + why +
                             "; give --dim '*=N' to assume N for such dimensions, or --shape " +
                             ShellWord(Printable(*tensor.name) + "=AxBxC"),
                         "--dim '*=1'");
  }
  session_.Fail(broken_ ? ErrorCode::kBadInput : ErrorCode::kUnsupported, place,
                "shape of " + name + " unknown" + why +
                    (broken_ ? OptionsBehind(node)
                             : "; give --shape " + ShellWord(Printable(*tensor.name) + "=AxBxC") +
                                   ", its dimensions, or for all ops of a kind a rule by --op-rules FILE"));
}

}  // namespace orionrt::onnx_import
