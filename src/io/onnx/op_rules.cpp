// Texts of rules are Python's: an index counts from the end where it is negative, a slice leaves its end out.
#include "io/onnx/op_rules.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

#include "base/index.hpp"
#include "base/text.hpp"
#include "io/onnx/evaluate_ops.hpp"

namespace orionrt::onnx_import {
namespace {

constexpr std::size_t kLongest = 4096;  // characters

std::string InQuotes(const std::string& text) { return "\"" + Printable(text, 120) + "\""; }

bool IsNameChar(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::optional<std::int64_t> NumberOf(std::string_view text) {
  text = Trimmed(text);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

// One text of a rule; every refusal says which.
class ItemParser {
 public:
  ItemParser(const OpRule& rule, const std::string& place, const std::string& text)
      : rule_(rule), place_(place), text_(text) {
    item_.text = text;
  }

  RuleItem Run(bool is_single) {
    if (text_.size() > kLongest) Refuse("has more than 4096 characters; write it shorter");
    const std::string_view whole = Trimmed(text_);
    constexpr std::string_view kCall = "broadcast(";
    if (whole.substr(0, kCall.size()) == kCall && whole.back() == ')') {
      Broadcast(whole.substr(kCall.size(), whole.size() - kCall.size() - 1));
    } else if (whole.find(':') != std::string_view::npos) {
      Slice(whole);
    } else {
      Number(whole);
    }
    if (is_single && item_.kind != RuleItem::Kind::kNumber) Refuse("is several dimensions, where one number is wanted");
    return std::move(item_);
  }

 private:
  [[noreturn]] void Refuse(const std::string& why) const {
    throw Error(ErrorCode::kBadInput, rule_.place + ": " + place_ + ": " + InQuotes(text_) + " " + why);
  }

  std::optional<std::size_t> InputNamed(std::string_view name) const {
    const auto found = std::find(rule_.inputs.begin(), rule_.inputs.end(), name);
    return found == rule_.inputs.end() ? std::nullopt : std::optional<std::size_t>(found - rule_.inputs.begin());
  }

  std::size_t NeedInput(std::string_view name) const {
    const std::optional<std::size_t> input = InputNamed(Trimmed(name));
    if (!input)
      Refuse("names the input " + InQuotes(std::string(Trimmed(name))) + ", which is not among the rule's \"inputs\"");
    return *input;
  }

  void Broadcast(std::string_view names) {
    item_.kind = RuleItem::Kind::kBroadcast;
    for (std::size_t at = 0; at <= names.size();) {
      const std::size_t comma = std::min(names.find(',', at), names.size());
      item_.inputs.push_back(NeedInput(names.substr(at, comma - at)));
      at = comma + 1;
    }
  }

  // x[:], x[1:], x[:-1], x[1:3].
  void Slice(std::string_view whole) {
    item_.kind = RuleItem::Kind::kSlice;
    const std::size_t open = whole.find('['), colon = whole.find(':');
    if (open == std::string_view::npos || colon < open || whole.back() != ']') Refuse("is no slice; write x[1:3]");
    item_.inputs = {NeedInput(whole.substr(0, open))};
    const auto index = [&](std::string_view text) {
      const std::optional<std::int64_t> number = NumberOf(text);
      if (!number && !Trimmed(text).empty()) Refuse("is no slice; write x[1:3]");
      return number;
    };
    item_.begin = index(whole.substr(open + 1, colon - open - 1)).value_or(0);
    item_.end = index(whole.substr(colon + 1, whole.size() - colon - 2));
  }

  // What an expression reads becomes a name of its own: x[0] -> _1. The 0 in front makes an expression of any text,
  // where DimExpression would take a lone name for a name.
  void Number(std::string_view whole) {
    std::string plain = "_0 + (";
    for (at_ = 0; at_ < whole.size();) {
      const char c = whole[at_];
      if (std::isdigit(static_cast<unsigned char>(c))) {
        while (at_ < whole.size() && IsNameChar(whole[at_])) plain += whole[at_++];
      } else if (IsNameChar(c)) {
        plain += Name(whole);
      } else {
        plain += c;
        ++at_;
      }
    }
    try {
      item_.expression = DimExpression::Parse(plain + ")");
    } catch (const Error& error) {
      Refuse(std::string(error.what()) + "; write it with fewer");
    }
    if (!item_.expression) {
      Refuse(
          "is no expression; write numbers, x[0], rank(x), elements(x), attributes, + - * / // % **, min, max, "
          "floor, ceil");
    }
    item_.grows = SurelyGrows(plain);
  }

  // The text of a name in the plain expression, or of a function that stays as it is.
  std::string Name(std::string_view whole) {
    const std::size_t begin = at_;
    while (at_ < whole.size() && IsNameChar(whole[at_])) ++at_;
    const std::string name(whole.substr(begin, at_ - begin));
    const char next = at_ < whole.size() ? whole[at_] : ' ';
    RuleSymbol symbol{RuleSymbol::Kind::kAttribute, 0, name, 0};
    if (next == '(') {
      if (name != "rank" && name != "elements") return name;
      symbol.kind = name == "rank" ? RuleSymbol::Kind::kRank : RuleSymbol::Kind::kElements;
      symbol.name = Inside(whole, ')');
      symbol.input = NeedInput(symbol.name);
    } else if (next == '[') {
      const std::optional<std::int64_t> index = NumberOf(Inside(whole, ']'));
      if (!index) Refuse("has an index of " + InQuotes(name) + " that is no whole number");
      symbol.index = *index;
      if (const auto input = InputNamed(name)) {
        symbol.kind = RuleSymbol::Kind::kDim;
        symbol.input = *input;
      }
    } else if (InputNamed(name)) {
      Refuse("reads the input " + InQuotes(name) + "; a dimension is " + name + "[0], all of them " + name + "[:]");
    }
    item_.symbols.push_back(symbol);
    return "_" + std::to_string(item_.symbols.size());
  }

  std::string Inside(std::string_view whole, char close) {
    const std::size_t end = whole.find(close, at_);
    if (end == std::string_view::npos) Refuse(std::string("lacks a ") + close);
    const std::string inside(Trimmed(whole.substr(at_ + 1, end - at_ - 1)));
    at_ = end + 1;
    return inside;
  }

  // Less or over a number alone, and no remainder.
  static bool SurelyGrows(const std::string& plain) {
    for (const char* shrinking : {"%", "Mod", "FloorDiv"}) {
      if (plain.find(shrinking) != std::string::npos) return false;
    }
    for (std::size_t i = 0; i < plain.size(); ++i) {
      if (plain[i] != '-' && plain[i] != '/') continue;
      std::size_t j = plain.find_first_not_of("/ ", i + 1), begin = j;
      while (j < plain.size() && std::isdigit(static_cast<unsigned char>(plain[j]))) ++j;
      if (j == begin) return false;
      j = plain.find_first_not_of(' ', j);
      if (j != std::string::npos && plain[j] != ')' && plain[j] != '+' && plain[j] != '-' && plain[j] != ',') {
        return false;
      }
    }
    return true;
  }

  const OpRule& rule_;
  const std::string& place_;
  const std::string& text_;
  std::size_t at_ = 0;
  RuleItem item_;
};

// What a node makes of one text. `fault` stays empty where nothing contradicts the text; no result and no fault: it is
// not known.
class ItemReader {
 public:
  ItemReader(const CompiledOpRule& rule, const Node& node) : rule_(*rule.rule), node_(node) {}

  // Appends dimensions, nothing for one that is not known. False: not even how many they are is known.
  bool Append(const RuleItem& item, std::vector<std::optional<std::int64_t>>& dims) {
    if (item.kind == RuleItem::Kind::kNumber) {
      dims.push_back(Number(item));
      return true;
    }
    std::vector<const Dims*> shapes;
    for (const std::size_t input : item.inputs) {
      shapes.push_back(node_.Shape(input));
      if (!shapes.back()) return MissInput(item, input);
    }
    Dims all;
    if (item.kind == RuleItem::Kind::kBroadcast) {
      const std::optional<Dims> joined = orionrt::onnx_import::Broadcast(shapes);
      if (!joined) return Fault(item, "its inputs do not broadcast" + Shapes(item, shapes));
      all = *joined;
    } else {
      const auto rank = static_cast<std::int64_t>(shapes[0]->size());
      const auto place = [&](std::int64_t at) { return std::clamp<std::int64_t>(at < 0 ? at + rank : at, 0, rank); };
      const std::int64_t begin = place(item.begin), end = std::max(begin, place(item.end.value_or(rank)));
      all.assign(shapes[0]->begin() + begin, shapes[0]->begin() + end);
    }
    dims.insert(dims.end(), all.begin(), all.end());
    return true;
  }

  std::optional<std::int64_t> Number(const RuleItem& item) {
    std::vector<std::int64_t> values = {0};
    for (const RuleSymbol& symbol : item.symbols) {
      const std::optional<std::int64_t> value = ValueOf(item, symbol);
      if (!value) return std::nullopt;
      values.push_back(*value);
    }
    Affine result;
    const DimFault problem = item.expression->Evaluate(
        [&](const std::string& name) { return std::optional(values[At(*NumberOf(std::string_view(name).substr(1)))]); },
        result);
    const Fraction& number = result.offset;
    if (problem == DimFault::kDivision) return Fault(item, "divides by zero"), std::nullopt;
    if (problem == DimFault::kNotAffine) {
      return Fault(item, "has a power that is no whole number from 0 on"), std::nullopt;
    }
    if (problem != DimFault::kNone) return Fault(item, "leaves the range of 64 bits on the way"), std::nullopt;
    if (number.denominator != 1) return Fault(item, "is no whole number"), std::nullopt;
    if (number.numerator < 0) return Fault(item, "is " + std::to_string(number.numerator)), std::nullopt;
    return number.numerator;
  }

  const std::string& fault() const { return fault_; }

 private:
  bool Fault(const RuleItem& item, const std::string& why) {
    if (fault_.empty()) fault_ = rule_.place + ": " + InQuotes(item.text) + " " + why;
    return false;
  }

  // False where a shape is not known: an input that is left out is a fault.
  bool MissInput(const RuleItem& item, std::size_t input) {
    if (!node_.Has(input)) Fault(item, "reads the input " + InQuotes(rule_.inputs[input]) + ", which the node lacks");
    return false;
  }

  std::string Shapes(const RuleItem& item, const std::vector<const Dims*>& shapes) const {
    std::string text;
    for (std::size_t i = 0; i < shapes.size(); ++i) {
      text += (i == 0 ? ": " : ", ") + InQuotes(rule_.inputs[item.inputs[i]]) + " is " + DimsText(*shapes[i]);
    }
    return text;
  }

  std::optional<std::int64_t> ValueOf(const RuleItem& item, const RuleSymbol& symbol) {
    if (symbol.kind == RuleSymbol::Kind::kAttribute) return AttributeValue(item, symbol);
    const Dims* dims = node_.Shape(symbol.input);
    if (!dims) return MissInput(item, symbol.input), std::nullopt;
    if (symbol.kind == RuleSymbol::Kind::kRank) return static_cast<std::int64_t>(dims->size());
    if (node_.inputs[symbol.input]->bounded && !item.grows) return std::nullopt;
    if (symbol.kind == RuleSymbol::Kind::kElements) return ElementCount(*dims);
    std::int64_t axis = symbol.index;
    if (NormalizeAxis(axis, dims->size())) return (*dims)[At(axis)];
    Fault(item, "reads a dimension of " + InQuotes(symbol.name) + " that it lacks; its shape is " + DimsText(*dims));
    return std::nullopt;
  }

  std::optional<std::int64_t> AttributeValue(const RuleItem& item, const RuleSymbol& symbol) {
    const auto* attribute = node_.Attribute(symbol.name.c_str());
    const auto otherwise = rule_.attributes.find(symbol.name);
    Dims list;
    if (attribute && attribute->has_f()) {
      const double number = attribute->f();
      if (number != std::floor(number) || std::fabs(number) > 9e15) {
        Fault(item, "reads the attribute " + InQuotes(symbol.name) + ", which is no whole number");
        return std::nullopt;
      }
      list = {static_cast<std::int64_t>(number)};
    } else if (attribute) {
      list = attribute->has_i() ? Dims{attribute->i()} : node_.Ints(symbol.name.c_str());
    } else if (otherwise != rule_.attributes.end()) {
      list = otherwise->second;
    }
    std::int64_t index = symbol.index;
    if (NormalizeAxis(index, list.size())) return list[At(index)];
    Fault(item, attribute || otherwise != rule_.attributes.end()
                    ? "reads more of the attribute " + InQuotes(symbol.name) + " than there is"
                    : "reads the attribute " + InQuotes(symbol.name) +
                          ", which the node lacks; give a value for that under \"attributes\" of the rule");
    return std::nullopt;
  }

  const OpRule& rule_;
  const Node& node_;
  std::string fault_;
};

// Texts call an input by its name.
void CheckInputs(const OpRule& rule) {
  for (std::size_t i = 0; i < rule.inputs.size(); ++i) {
    const std::string& name = rule.inputs[i];
    const bool is_name = !name.empty() && std::all_of(name.begin(), name.end(), IsNameChar) &&
                         std::isdigit(static_cast<unsigned char>(name[0])) == 0;
    const auto here = rule.inputs.begin() + static_cast<std::ptrdiff_t>(i);
    const bool is_twice = std::find(rule.inputs.begin(), here, name) != here;
    if (is_name && !is_twice) continue;
    throw Error(ErrorCode::kBadInput, rule.place + ": inputs[" + std::to_string(i) + "]: " + InQuotes(name) +
                                          (is_twice ? " stands there twice; call each input by another name"
                                                    : " is no name; write letters, digits and _"));
  }
}

int TypeNamed(const OpRule& rule, const Node& node, const std::string& name) {
  if (name.empty()) return node.Dtype(0);
  const auto input = std::find(rule.inputs.begin(), rule.inputs.end(), name);
  if (input != rule.inputs.end()) return node.Dtype(static_cast<std::size_t>(input - rule.inputs.begin()));
  for (int dtype = 1; dtype <= onnx::TensorProto::DataType_MAX; ++dtype) {
    if (DtypeName(dtype) == name) return dtype;
  }
  const std::int64_t given = node.Int(name.c_str(), 0);  // an attribute, as Cast has it
  return given > 0 && given < 1000 ? static_cast<int>(given) : 0;
}

}  // namespace

OpRuleTable::OpRuleTable(const std::vector<OpRule>& rules) {
  for (const OpRule& rule : rules) {
    CheckInputs(rule);
    CompiledOpRule compiled{&rule, {}, {}};
    for (std::size_t i = 0; i < rule.outputs.size(); ++i) {
      compiled.shapes.emplace_back();
      const std::string place = "outputs[" + std::to_string(i) + "]";
      for (const std::string& dim : rule.outputs[i].shape) {
        compiled.shapes.back().push_back(ItemParser(rule, place, dim).Run(false));
      }
    }
    if (!rule.workspace_bytes.empty()) {
      compiled.workspace = ItemParser(rule, "workspace_bytes", rule.workspace_bytes).Run(true);
    }
    compiled_.push_back(std::move(compiled));
    const auto [at, fresh] = by_op_.emplace(rule.domain + ":" + rule.op, &compiled_.back());
    if (fresh) continue;
    throw Error(ErrorCode::kBadInput, rule.place + ": " + InQuotes(rule.op) + " of domain " + InQuotes(rule.domain) +
                                          " has a rule already, " + at->second->rule->place + "; leave one out");
  }
}

const CompiledOpRule* OpRuleTable::Find(const Node& node) const {
  if (by_op_.empty()) return nullptr;
  const auto found = by_op_.find(node.Domain() + ":" + node.Op());
  return found == by_op_.end() ? nullptr : found->second;
}

std::string ApplyOpRule(const CompiledOpRule& rule, const Node& node, Types& types) {
  ItemReader reader(rule, node);
  for (std::size_t i = 0; i < std::min(types.size(), rule.shapes.size()); ++i) {
    std::vector<std::optional<std::int64_t>> dims;
    bool is_known = true;
    for (const RuleItem& item : rule.shapes[i]) is_known = is_known && reader.Append(item, dims);
    if (!reader.fault().empty()) return reader.fault();
    const std::string& name = rule.rule->outputs[i].dtype;
    const int dtype = TypeNamed(*rule.rule, node, name);
    if (dtype == 0 && node.Dtype(0) != 0) {
      return rule.rule->place + ": outputs[" + std::to_string(i) + "]: " + InQuotes(name) +
             " is no type, no input, and no attribute that says one";
    }
    onnx::TypeProto& type = types[i];
    type.mutable_tensor_type()->set_elem_type(dtype);
    if (!is_known) continue;
    auto& shape = *type.mutable_tensor_type()->mutable_shape();
    for (const auto& dim : dims) {
      auto* added = shape.add_dim();
      if (dim) added->set_dim_value(*dim);
    }
  }
  return {};
}

std::string WorkspaceOf(const CompiledOpRule& rule, const Node& node, std::int64_t& bytes) {
  bytes = 0;
  if (!rule.workspace) return {};
  ItemReader reader(rule, node);
  const std::optional<std::int64_t> found = reader.Number(*rule.workspace);
  if (!reader.fault().empty()) return reader.fault();
  if (!found) {
    return rule.rule->place + ": " + InQuotes(rule.workspace->text) + " is not known: it rests on a run-time size";
  }
  bytes = *found;
  return {};
}

}  // namespace orionrt::onnx_import
