// Schema orionrt.graph/1.
#include <algorithm>
#include <array>
#include <utility>

#include "base/checked.hpp"
#include "base/text.hpp"
#include "io/json.hpp"
#include "io/words.hpp"
#include "orionrt/config.hpp"
#include "orionrt/formats.hpp"
#include "orionrt/streams.hpp"

namespace orionrt {
namespace {

constexpr const char* kGraphSchema = "orionrt.graph/1";

int ReadId(const ObjectReader& object, const char* key) {
  const std::int64_t id = object.Integer(key);
  if (id < 0 || id > INT32_MAX) object.Refuse(std::string("has a \"") + key + "\" outside [0, 2^31)");
  return static_cast<int>(id);
}

std::vector<int> ReadIds(const ObjectReader& object, const char* key) {
  std::vector<int> ids;
  if (!object.Has(key)) return ids;
  for (const ParsedJson& id : object.Array(key)) {
    const bool fits = id.is_number_unsigned() && id.get<std::uint64_t>() <= static_cast<std::uint64_t>(INT32_MAX);
    if (!fits) object.Refuse(std::string("has in \"") + key + "\" what is no id");
    ids.push_back(id.get<int>());
  }
  return ids;
}

// Of a tensor that states no bytes: by its shape and element type.
std::int64_t BytesOf(const ObjectReader& object, const TensorDesc& tensor) {
  const auto* known = std::find_if(std::begin(kElementBits), std::end(kElementBits),
                                   [&](const auto& row) { return row.first == tensor.dtype; });
  if (known == std::end(kElementBits)) {
    object.Refuse("has no \"bytes\", and its \"dtype\" \"" + Printable(tensor.dtype) + "\" does not tell them");
  }
  std::int64_t bits = known->second;
  for (std::int64_t dim : tensor.shape) {
    if (!CheckedMul(bits, dim, &bits)) object.Refuse("has a shape whose bytes pass 63 bits");
  }
  return bits / 8 + (bits % 8 != 0 ? 1 : 0);
}

std::size_t ReadSize(const ObjectReader& object, const char* key) {
  const std::int64_t bytes = object.Integer(key, 0);
  if (bytes < 0) object.Refuse("has a negative \"" + std::string(key) + "\", " + std::to_string(bytes));
  return static_cast<std::size_t>(bytes);
}

}  // namespace

Alias ReadAlias(const ObjectReader& object) {
  const std::string kind = object.Text("kind");
  const auto* known =
      std::find_if(std::begin(kAliasWords), std::end(kAliasWords), [&](const auto& row) { return kind == row.first; });
  if (known == std::end(kAliasWords)) {
    object.Refuse("has a \"kind\" that is not view, piece, same_index, streaming or reads_first");
  }
  Alias alias;
  alias.kind = known->second;
  alias.output = object.Has("output") ? ReadId(object, "output") : 0;
  alias.input = object.Has("input") ? ReadId(object, "input") : 0;
  alias.offset = ReadSize(object, "offset");
  return alias;
}

Json AliasJson(const Alias& alias) {
  const auto* known = std::find_if(std::begin(kAliasWords), std::end(kAliasWords),
                                   [&](const auto& row) { return row.second == alias.kind; });
  Json json = {{"kind", known->first}, {"output", alias.output}, {"input", alias.input}};
  if (alias.offset != 0) json["offset"] = alias.offset;
  return json;
}

namespace {

OpNode ReadOp(const ObjectReader& object, int position) {
  OpNode op;
  op.id = object.Has("id") ? ReadId(object, "id") : position;
  op.inputs = ReadIds(object, "inputs");
  op.outputs = ReadIds(object, "outputs");
  op.name = object.Text("name", "");
  op.type = object.Text("type", "");
  op.workspace_bytes = ReadSize(object, "workspace_bytes");
  op.workspace_alignment = ReadSize(object, "workspace_alignment");
  if (object.Has("aliases")) {
    for (const ParsedJson& row : object.Array("aliases")) {
      op.aliases.push_back(
          ReadAlias(ObjectReader(row, object.place() + ": aliases[" + std::to_string(op.aliases.size()) + "]")));
    }
  }
  op.has_effects = object.Flag("has_effects");
  op.after = ReadIds(object, "after");
  op.stream = object.Has("stream") ? ReadId(object, "stream") : 0;
  op.waits = ReadIds(object, "waits");
  return op;
}

TensorDesc ReadTensor(const ObjectReader& object) {
  TensorDesc tensor;
  tensor.id = ReadId(object, "id");
  tensor.name = object.Text("name", "");
  tensor.dtype = object.Text("dtype", "");
  if (object.Has("shape")) {
    for (const ParsedJson& dim : object.Array("shape")) {
      const bool fits = dim.is_number_unsigned() && dim.get<std::uint64_t>() <= static_cast<std::uint64_t>(kMaxBytes);
      if (!fits) object.Refuse("has a \"shape\" with a dimension that is no whole number >= 0");
      tensor.shape.push_back(dim.get<std::int64_t>());
    }
  } else if (!object.Has("bytes")) {
    object.Refuse("has neither \"bytes\" nor \"shape\" and \"dtype\"");
  }
  tensor.bytes = object.Has("bytes") ? ReadSize(object, "bytes") : static_cast<std::size_t>(BytesOf(object, tensor));
  tensor.alignment = ReadSize(object, "alignment");
  if (object.Has("spaces")) {
    for (const ParsedJson& space : object.Array("spaces")) {
      if (!space.is_string()) object.Refuse("has in \"spaces\" what is no name of a space");
      tensor.spaces.push_back(space.get<std::string>());
    }
  }
  if (object.Has("view_of")) tensor.view_of = ReadId(object, "view_of");
  tensor.view_offset = ReadSize(object, "view_offset");
  if (!object.Has("roles")) return tensor;
  for (const ParsedJson& role : object.Array("roles")) {
    const auto* known = std::find_if(std::begin(kRoleWords), std::end(kRoleWords), [&](const auto& row) {
      return role.is_string() && role.get<std::string>() == row.first;
    });
    if (known == std::end(kRoleWords)) object.Refuse("has a role that is not \"input\", \"output\" or \"state\"");
    tensor.roles |= known->second;
  }
  return tensor;
}

Json TensorJson(const TensorDesc& tensor) {
  Json json = {{"id", tensor.id}};
  if (!tensor.name.empty()) json["name"] = tensor.name;
  json["bytes"] = tensor.bytes;
  if (!tensor.dtype.empty()) json["dtype"] = tensor.dtype;
  if (!tensor.dtype.empty()) json["shape"] = tensor.shape;
  if (tensor.alignment != 0) json["alignment"] = tensor.alignment;
  if (!tensor.spaces.empty()) json["spaces"] = tensor.spaces;
  if (tensor.view_of != kNoTensor) json["view_of"] = tensor.view_of;
  if (tensor.view_offset != 0) json["view_offset"] = tensor.view_offset;
  for (const auto& [name, role] : kRoleWords) {
    if ((tensor.roles & role) != 0) json["roles"].push_back(name);
  }
  return json;
}

Json OpJson(const OpNode& op) {
  Json json = {{"id", op.id}};
  if (!op.name.empty()) json["name"] = op.name;
  if (!op.type.empty()) json["type"] = op.type;
  json["inputs"] = op.inputs;
  json["outputs"] = op.outputs;
  if (op.workspace_bytes != 0) json["workspace_bytes"] = op.workspace_bytes;
  if (op.workspace_alignment != 0) json["workspace_alignment"] = op.workspace_alignment;
  for (const Alias& alias : op.aliases) json["aliases"].push_back(AliasJson(alias));
  if (op.has_effects) json["has_effects"] = true;
  if (!op.after.empty()) json["after"] = op.after;
  if (op.stream != 0) json["stream"] = op.stream;
  if (!op.waits.empty()) json["waits"] = op.waits;
  return json;
}

}  // namespace

std::string WriteGraphJson(const Graph& graph) {
  RowDump dump(Json{{"schema", kGraphSchema}});
  dump.Add("tensors", graph.tensors().size(), [&](std::size_t i) { return TensorJson(graph.tensors()[i]); });
  dump.Add("ops", graph.ops().size(), [&](std::size_t i) { return OpJson(graph.ops()[i]); });
  return dump.Finish();
}

Graph ReadGraphJson(std::string_view text, const std::string& source, std::vector<ImpliedWait>* implied) {
  const ParsedJson json = ParseJson(text, source);
  const ObjectReader object(json, source + ": the graph");
  object.ExpectSchema(kGraphSchema);
  std::vector<TensorDesc> tensors;
  for (const ParsedJson& row : object.Array("tensors")) {
    tensors.push_back(ReadTensor(ObjectReader(row, source + ": tensors[" + std::to_string(tensors.size()) + "]")));
  }
  std::vector<OpNode> ops;
  for (const ParsedJson& row : object.Array("ops")) {
    const ObjectReader op(row, source + ": ops[" + std::to_string(ops.size()) + "]");
    ops.push_back(ReadOp(op, static_cast<int>(ops.size())));
  }
  try {
    if (implied != nullptr) *implied = ImplyWaits(ops, tensors);
    return Graph(std::move(ops), std::move(tensors));
  } catch (const Error& error) {
    throw Error(error.code(), source + ": " + error.what());
  }
}

}  // namespace orionrt
