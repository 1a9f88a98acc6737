// Rules for ops of one's own (ImportOptions::op_rules), compiled: what they make of a node's inputs.
#pragma once

#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

#include "io/dims/expression.hpp"
#include "io/onnx/rules.hpp"
#include "orionrt/import.hpp"

namespace orionrt::onnx_import {

// A number that a text reads: x[0], rank(x), elements(x), stride, pads[1].
struct RuleSymbol {
  enum class Kind : std::uint8_t { kDim, kRank, kElements, kAttribute } kind;
  std::size_t input = 0;  // of all but the attribute
  std::string name;       // as the text has it, without its index
  std::int64_t index = 0;
};

// One element of a shape: a dimension, or several of them.
struct RuleItem {
  enum class Kind : std::uint8_t { kNumber, kSlice, kBroadcast } kind = Kind::kNumber;
  std::string text;
  std::vector<std::size_t> inputs;  // of a slice the one, of a broadcast all
  std::int64_t begin = 0;           // of a slice, as in Python
  std::optional<std::int64_t> end = {};
  std::optional<DimExpression> expression = {};  // "_0" in it is 0, "_1" the first of `symbols`
  std::vector<RuleSymbol> symbols = {};
  bool grows = true;  // surely, where what it reads does: an upper bound makes an upper bound
};

struct CompiledOpRule {
  const OpRule* rule;
  std::vector<std::vector<RuleItem>> shapes;  // one per output
  std::optional<RuleItem> workspace;
};

class OpRuleTable {
 public:
  // `rules` must outlive the table. Throws Error (kBadInput) with the place for a text that does not parse, for names
  // of inputs that are none, and for two rules of one op.
  explicit OpRuleTable(const std::vector<OpRule>& rules);

  const CompiledOpRule* Find(const Node& node) const;

 private:
  std::deque<CompiledOpRule> compiled_;
  std::unordered_map<std::string, const CompiledOpRule*> by_op_;  // "domain:op"
};

// Fills the types of the outputs; what depends on shapes that are not known stays open. Returns what contradicts the
// rule, with its place; empty: nothing does.
std::string ApplyOpRule(const CompiledOpRule& rule, const Node& node, Types& types);

// 0 where the rule has none. Returns what contradicts it, or that it is not known; empty: nothing does.
std::string WorkspaceOf(const CompiledOpRule& rule, const Node& node, std::int64_t& bytes);

}  // namespace orionrt::onnx_import
