// Where a tensor comes from, and which options of the user made it what it is: for messages about what cannot run.
#include <algorithm>
#include <unordered_set>

#include "base/index.hpp"
#include "base/text.hpp"
#include "graph/op_table.hpp"
#include "io/onnx/onnx_graph.hpp"

namespace orionrt::onnx_import {
namespace {

const onnx::ValueInfoProto* FindInput(const onnx::GraphProto& graph, const std::string& name) {
  for (const auto& input : graph.input()) {
    if (input.name() == name) return &input;
  }
  return nullptr;
}

void AddOnce(const std::string& text, std::vector<std::string>& list) {
  for (const std::string& known : list) {
    if (known == text) return;
  }
  if (!text.empty()) list.push_back(text);
}

// What the options say of one graph input, as they are written.
void AddOptionsOf(const onnx::ValueInfoProto& input, const Session& session, std::vector<std::string>& options) {
  const auto shape = session.options().inputs.find(input.name());
  if (shape != session.options().inputs.end()) {
    AddOnce("--input " + ShellWord(Printable(input.name()) + "=" + ShapeOption(shape->second)), options);
    return;
  }
  for (const auto& dim : input.type().tensor_type().shape().dim()) {
    if (dim.has_dim_param() && !dim.dim_param().empty()) {
      for (const std::string& symbol : session.dimensions().SymbolsOf(dim.dim_param())) {
        AddOnce(session.dimensions().OptionOf(symbol), options);
      }
    } else if (session.options().default_dim && !dim.has_dim_value()) {
      AddOnce("--dim '*=" + std::to_string(*session.options().default_dim) + "'", options);
    }
  }
}

// Whether the first output is the one input again, element by element: it has the same dimensions, whatever these are.
bool KeepsDims(const Node& node) {
  if (!node.Domain().empty() || node.expanded || node.inputs.size() != 1 || node.outputs.empty()) return false;
  if (!node.inputs[0] || !node.outputs[0]) return false;
  const Operand operand{0, {1}, 4};  // of any size: the type decides
  const std::vector<Alias> aliases = AliasesOf({node.Op(), {operand}, {operand}});
  return node.Op() == "Identity" || (aliases.size() == 1 && aliases[0].kind == AliasKind::kSameIndex);
}

}  // namespace

std::string GraphBuilder::OriginOf(const Tensor& tensor) const {
  const GraphBuilder& owner = *tensor.owner;
  if (tensor.producer >= 0) return "made by " + owner.Place(owner.nodes_[At(tensor.producer)]);
  return tensor.constant ? "a constant" : owner.is_body_ ? "an input of the body" : "a graph input";
}

// "; their dimensions follow from --dim batch=2": `options`, and what the user gave of the graph inputs from which
// those of the node are computed.
std::string GraphBuilder::OptionsBehind(const Node& node, std::vector<std::string> options) const {
  std::unordered_set<const Tensor*> seen;  // looked up, never walked
  std::vector<const Tensor*> open(node.inputs.begin(), node.inputs.end());
  for (std::size_t i = 0; i < open.size(); ++i) {
    const Tensor* tensor = open[i];
    while (tensor && tensor->origin) tensor = tensor->origin;
    if (!tensor || !tensor->owner || !seen.insert(tensor).second) continue;
    const GraphBuilder& owner = *tensor->owner;
    if (tensor->producer >= 0) {
      const Node& maker = owner.nodes_[At(tensor->producer)];
      open.insert(open.end(), maker.inputs.begin(), maker.inputs.end());
    } else if (const auto* input = owner.is_body_ ? nullptr : FindInput(owner.proto_, *tensor->name)) {
      AddOptionsOf(*input, session_, options);
    }
  }
  constexpr std::size_t kMost = 8;
  std::string text;
  for (std::size_t i = 0; i < options.size() && i < kMost; ++i) text += (i == 0 ? "" : ", ") + options[i];
  return text.empty() ? "" : "; their dimensions follow from " + text + (options.size() > kMost ? ", ..." : "");
}

// Files are not always right about themselves: what the op makes of its inputs is planned, and what the file declares
// is told where it differs; less than an upper bound does not. Where nothing but the file says both, and they differ in
// size and not in rank, one of them is a mistake that would go into every figure.
void GraphBuilder::CompareDeclared(const Node& node, std::size_t index, const onnx::TypeProto& declared,
                                   const onnx::TypeProto& inferred) {
  Tensor made;
  made.SetType(inferred);
  const auto& said = declared.tensor_type().shape().dim();
  if (lenient_ || session_.options().trust_shapes) return;
  const int said_dtype = declared.tensor_type().elem_type(), made_dtype = inferred.tensor_type().elem_type();
  if (said_dtype != 0 && made_dtype != 0 && said_dtype != made_dtype) {
    session_.Warn(Place(node), "output " + Quoted(*node.outputs[index]->name) + " is declared as " +
                                   DtypeName(said_dtype) + ", and the op makes " + DtypeName(made_dtype) +
                                   "; the latter is planned, the former by --trust-shapes");
  }
  if (!made.dims || !declared.tensor_type().has_shape()) return;
  std::string text;
  std::vector<std::string> options;
  const bool is_rank = static_cast<std::size_t>(said.size()) != made.dims->size();
  bool differs = is_rank, exceeds = is_rank;
  for (int d = 0; d < said.size(); ++d) {
    const auto value =
        said[d].has_dim_value() ? std::optional(said[d].dim_value()) : GivenDim(said[d].dim_param(), options);
    text += (d == 0 ? "" : ",") + (value ? std::to_string(*value) : Printable(said[d].dim_param()));
    differs = differs || (value && *value >= 0 && *value != (*made.dims)[At(d)]);
    exceeds = exceeds || (value && !is_rank && *value > (*made.dims)[At(d)]);
  }
  const bool bounded =
      std::any_of(node.inputs.begin(), node.inputs.end(), [](const Tensor* t) { return t && t->bounded; });
  if (!differs || (bounded && !exceeds)) return;
  // What '*' gives fills whatever is open, and is nobody's claim.
  const bool is_filled = std::any_of(options.begin(), options.end(),
                                     [](const std::string& option) { return option.find("'*=") != std::string::npos; });
  const bool is_explained = is_filled || !OptionsBehind(node).empty();
  const std::string behind = OptionsBehind(node, std::move(options));
  for (int d = 0; d < said.size(); ++d) {
    const std::string source = is_rank ? "" : TextBehind(node, d);
    if (source.empty() || !session_.dimensions().NeverEqual(said[d].dim_param(), source)) continue;
    session_.Fail(ErrorCode::kBadInput, Place(node),
                  "output " + Quoted(*node.outputs[index]->name) + " has the dimension " + Quoted(source) +
                      " of a graph input, and is declared as " + Quoted(said[d].dim_param()) +
                      ", which is another one whatever is given; correct the file, or plan what it declares by "
                      "--trust-shapes");
  }
  const std::string message = "output " + Quoted(*node.outputs[index]->name) + " is declared as [" + text +
                              "], and the op makes " + DimsText(*made.dims) + behind;
  if (!is_rank && !is_explained) {
    session_.Fail(ErrorCode::kBadInput, Place(node),
                  message + "; correct the file, or plan what it declares by --trust-shapes");
  }
  session_.Warn(Place(node), message + "; the latter is planned, the former by --trust-shapes");
}

// What the file calls a dimension of what `node` makes, where ops that keep dimensions lead there from a graph input.
std::string GraphBuilder::TextBehind(const Node& node, int dim) const {
  for (const Node* maker = &node; KeepsDims(*maker);) {
    const Tensor* tensor = maker->inputs[0];
    while (tensor->origin) tensor = tensor->origin;
    if (!tensor->owner) break;
    const GraphBuilder& owner = *tensor->owner;
    if (tensor->producer >= 0) {
      maker = &owner.nodes_[At(tensor->producer)];
      continue;
    }
    const auto* input = owner.is_body_ ? nullptr : FindInput(owner.proto_, *tensor->name);
    const bool has_dim = input && dim < input->type().tensor_type().shape().dim_size();
    return has_dim ? input->type().tensor_type().shape().dim(dim).dim_param() : "";
  }
  return "";
}

// The value of a declared dimension where it follows from options alone; these are added to `options`.
std::optional<std::int64_t> GraphBuilder::GivenDim(const std::string& text, std::vector<std::string>& options) const {
  const Dimensions& dimensions = session_.dimensions();
  for (const std::string& symbol : dimensions.SymbolsOf(text)) {
    if (dimensions.OptionOf(symbol).empty()) return std::nullopt;
  }
  const std::optional<std::int64_t> value = dimensions.KnownValueOf(text);
  for (const std::string& symbol : dimensions.SymbolsOf(text)) {
    if (value) AddOnce(dimensions.OptionOf(symbol), options);
  }
  return value;
}

}  // namespace orionrt::onnx_import
