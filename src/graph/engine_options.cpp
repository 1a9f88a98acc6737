#include "graph/engine_options.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "base/index.hpp"
#include "base/text.hpp"
#include "orionrt/config.hpp"

namespace orionrt {
namespace {

class EngineOptions {
 public:
  explicit EngineOptions(const ImportOptions& options)
      : types_(options.in_place_types.begin(), options.in_place_types.end()),
        external_(options.external.begin(), options.external.end()),
        holds_inputs_(external_.erase("inputs") > 0),
        holds_outputs_(external_.erase("outputs") > 0) {}

  void Apply(Graph& graph, bool is_body) {
    std::vector<OpNode> ops = graph.ops();
    std::vector<TensorDesc> tensors = graph.tensors();
    for (OpNode& op : ops) {
      if (types_.count(op.type) == 0) continue;
      (IsKnownCopy(op) ? copies_ : met_).insert(op.type);
      op.aliases = WithInPlaceAssumed(graph, op);
    }
    std::vector<char> is_made(tensors.size(), 0);
    for (const OpNode& op : ops) {
      for (const int id : op.outputs) is_made[At(graph.IndexOf(id))] = 1;
    }
    for (std::size_t t = 0; t < tensors.size(); ++t) {
      TensorDesc& tensor = tensors[t];
      const bool is_input =
          (tensor.roles & TensorRole::kInput) != 0 || (is_made[t] == 0 && tensor.view_of == kNoTensor);
      const bool is_held = !is_body && ((holds_inputs_ && is_input && (tensor.roles & TensorRole::kState) == 0) ||
                                        (holds_outputs_ && (tensor.roles & TensorRole::kOutput) != 0));
      const bool is_named = external_.count(tensor.name) != 0;
      if (is_named) met_.insert(tensor.name);
      if (is_held || is_named) tensor.roles |= TensorRole::kHeld;
    }
    graph = Graph(std::move(ops), std::move(tensors));
  }

  void Apply(std::vector<NestedGraph>& bodies) {
    for (NestedGraph& body : bodies) {
      Apply(body.graph, true);
      Apply(body.bodies);
    }
  }

  void CheckMet(const std::string& source) const {
    for (const std::string& type : types_) {
      if (met_.count(type) != 0) continue;
      Refuse(source, "--assume-in-place " + ShellWord(type) +
                         (copies_.count(type) == 0 ? ": no op is of this type"
                                                   : ": ops of this type move bytes as they are, and write nothing of "
                                                     "their own; --views and --colocate save what they take"));
    }
    for (const std::string& name : external_) {
      if (met_.count(name) != 0) continue;
      Refuse(source,
             "--external " + ShellWord(name) + ": no tensor has this name; it takes inputs, outputs, or a name");
    }
  }

 private:
  [[noreturn]] static void Refuse(const std::string& source, const std::string& message) {
    throw Error(ErrorCode::kBadInput, source + ": " + Printable(message, 300));
  }

  std::set<std::string> types_;
  std::set<std::string> external_;  // names of tensors
  bool holds_inputs_;
  bool holds_outputs_;
  std::set<std::string> met_;
  std::set<std::string> copies_;  // types, some of whose ops move bytes as they are
};

}  // namespace

bool IsKnownCopy(const OpNode& op) {
  return std::any_of(op.aliases.begin(), op.aliases.end(), [](const Alias& alias) {
    return alias.kind == AliasKind::kView || alias.kind == AliasKind::kPiece;
  });
}

std::vector<Alias> WithInPlaceAssumed(const Graph& graph, const OpNode& op) {
  const auto at = [&](int id) -> const TensorDesc& { return graph.tensors()[At(graph.IndexOf(id))]; };
  std::vector<Alias> aliases = op.aliases;
  if (IsKnownCopy(op)) return aliases;
  for (int o = 0; o < static_cast<int>(op.outputs.size()); ++o) {
    for (int i = 0; i < static_cast<int>(op.inputs.size()); ++i) {
      const TensorDesc& output = at(op.outputs[At(o)]);
      const TensorDesc& input = at(op.inputs[At(i)]);
      const bool is_known = std::any_of(op.aliases.begin(), op.aliases.end(), [&](const Alias& alias) {
        return alias.kind == AliasKind::kSameIndex && alias.output == o && alias.input == i;
      });
      if (is_known || output.bytes == 0 || output.bytes != input.bytes || output.shape != input.shape) continue;
      aliases.push_back({AliasKind::kSameIndex, o, i, 0});
    }
  }
  return aliases;
}

void ApplyEngineOptions(const ImportOptions& options, const std::string& source, ImportedModel& model) {
  if (options.in_place_types.empty() && options.external.empty()) return;
  EngineOptions engine(options);
  engine.Apply(model.graph, false);
  engine.Apply(model.bodies);
  engine.CheckMet(source);
}

}  // namespace orionrt
