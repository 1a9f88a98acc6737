// Schema orionrt.op_rules/1: what ops of one's own make of their inputs. What the texts mean is the importer's
// business.
#include <utility>

#include "base/text.hpp"
#include "io/json.hpp"
#include "orionrt/formats.hpp"

namespace orionrt {
namespace {

constexpr const char* kOpRulesSchema = "orionrt.op_rules/1";

// A dimension may be a number; otherwise it is a text.
std::string ReadDim(const ObjectReader& object, const ParsedJson& dim, const char* key) {
  if (dim.is_string()) return dim.get<std::string>();
  if (!dim.is_number_unsigned()) {
    object.Refuse("has in \"" + std::string(key) + "\" what is neither a text nor a whole number >= 0");
  }
  return std::to_string(dim.get<std::uint64_t>());
}

// "x[:]" in place of ["x[:]"].
std::vector<std::string> ReadShape(const ObjectReader& object, const ParsedJson& json) {
  std::vector<std::string> shape;
  if (!object.Has("shape")) object.Refuse("has no \"shape\"; give its dimensions, [\"x[0]\", 8]");
  if (!object.HasArray("shape")) return {ReadDim(object, json["shape"], "shape")};
  for (const ParsedJson& dim : object.Array("shape")) shape.push_back(ReadDim(object, dim, "shape"));
  return shape;
}

std::vector<std::int64_t> ReadNumbers(const ObjectReader& object, const ParsedJson& json, const std::string& name) {
  std::vector<std::int64_t> numbers;
  const auto add = [&](const ParsedJson& number) {
    const bool fits = number.is_number_integer() && (!number.is_number_unsigned() || number.get<std::int64_t>() >= 0);
    if (!fits) {
      object.Refuse("has a value of the attribute \"" + Printable(name) + "\" that is no whole number of 63 bits");
    }
    numbers.push_back(number.get<std::int64_t>());
  };
  if (json.is_array()) {
    for (const ParsedJson& number : json) add(number);
  } else {
    add(json);
  }
  return numbers;
}

}  // namespace

OpRule ReadOpRule(const ParsedJson& json, const std::string& place) {
  const ObjectReader object(json, place);
  OpRule rule;
  rule.place = place;
  rule.domain = object.Text("domain", "");
  if (rule.domain == "ai.onnx") rule.domain.clear();
  rule.op = object.Text("op");
  if (rule.op.empty()) object.Refuse("has an empty \"op\"; give the type of the ops that it is for");
  if (object.Has("inputs")) {
    for (const ParsedJson& name : object.Array("inputs")) {
      if (!name.is_string()) object.Refuse("has in \"inputs\" what is no name; write [\"x\", \"w\"]");
      rule.inputs.push_back(name.get<std::string>());
    }
  }
  if (object.Has("attributes")) {
    const ParsedJson& attributes = json["attributes"];
    if (!attributes.is_object()) object.Refuse("has \"attributes\" that are no object; write {\"stride\": 2}");
    for (const auto& [name, value] : attributes.items()) rule.attributes[name] = ReadNumbers(object, value, name);
  }
  if (!object.Has("outputs")) object.Refuse("has no \"outputs\"; give one an output, [{\"shape\": \"x[:]\"}]");
  for (const ParsedJson& row : object.Array("outputs")) {
    const ObjectReader output(row, place + ": outputs[" + std::to_string(rule.outputs.size()) + "]");
    rule.outputs.push_back({ReadShape(output, row), output.Text("dtype", "")});
  }
  if (object.Has("aliases")) {
    for (const ParsedJson& row : object.Array("aliases")) {
      rule.aliases.push_back(
          ReadAlias(ObjectReader(row, place + ": aliases[" + std::to_string(rule.aliases.size()) + "]")));
    }
  }
  rule.has_effects = object.Flag("has_effects");
  if (object.Has("workspace_bytes")) rule.workspace_bytes = ReadDim(object, json["workspace_bytes"], "workspace_bytes");
  const std::int64_t alignment = object.Integer("workspace_alignment", 0);
  if (alignment < 0 || (alignment & (alignment - 1)) != 0) {
    object.Refuse("has a \"workspace_alignment\" that is no power of two; give 64, or leave it out");
  }
  rule.workspace_alignment = static_cast<std::size_t>(alignment);
  return rule;
}

Json OpRuleJson(const OpRule& rule) {
  Json json = {{"op", rule.op}};
  if (!rule.domain.empty()) json["domain"] = rule.domain;
  if (!rule.inputs.empty()) json["inputs"] = rule.inputs;
  for (const auto& [name, value] : rule.attributes) json["attributes"][name] = value;
  json["outputs"] = Json::array();
  for (const OpRule::Output& output : rule.outputs) {
    Json row = {{"shape", output.shape}};
    if (!output.dtype.empty()) row["dtype"] = output.dtype;
    json["outputs"].push_back(row);
  }
  for (const Alias& alias : rule.aliases) json["aliases"].push_back(AliasJson(alias));
  if (rule.has_effects) json["has_effects"] = true;
  if (!rule.workspace_bytes.empty()) json["workspace_bytes"] = rule.workspace_bytes;
  if (rule.workspace_alignment != 0) json["workspace_alignment"] = rule.workspace_alignment;
  return json;
}

std::vector<OpRule> ReadOpRules(std::string_view text, const std::string& source) {
  const ParsedJson json = ParseJson(text, source);
  const ObjectReader object(json, source + ": the file");
  object.ExpectSchema(kOpRulesSchema);
  std::vector<OpRule> rules;
  for (const ParsedJson& row : object.Array("rules")) {
    rules.push_back(ReadOpRule(row, source + ": rules[" + std::to_string(rules.size()) + "]"));
  }
  return rules;
}

}  // namespace orionrt
