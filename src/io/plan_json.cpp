// Schema orionrt.plan/1.
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "base/text.hpp"
#include "orionrt/error.hpp"
#include "orionrt/io.hpp"

namespace orionrt {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kSchema = "orionrt.plan/1";

std::string Hex(std::uint64_t value) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
  return text;
}

// Bytes that are no UTF-8 are replaced: JSON has no others.
std::string Dump(const Json& json, int indent) { return json.dump(indent, ' ', false, Json::error_handler_t::replace); }

// `part` is the position of the buffer's first part, if it has any; steps over them.
Json BufferJson(const PlanFile& file, int i, std::size_t& part) {
  const Buffer& buffer = file.problem.buffers[i];
  Json json = {{"id", BufferId(file.problem, i)}};
  if (!file.problem.names.empty()) json["name"] = file.problem.names[i];
  json["size"] = buffer.size;
  json["lower"] = buffer.lower;
  json["upper"] = buffer.upper;
  json["offset"] = file.plan.offsets[i];
  json["pool"] = 0;
  if (buffer.alignment != file.alignment) json["alignment"] = buffer.alignment;
  if (buffer.fixed_offset != kFree) json["fixed"] = true;
  for (; part < file.problem.parts.size() && file.problem.parts[part].buffer == i; ++part) {
    const Part& p = file.problem.parts[part];
    json["parts"].push_back({{"lower", p.lower}, {"upper", p.upper}, {"begin", p.begin}, {"end", p.end}});
  }
  return json;
}

// Reads one object; every refusal says which.
class ObjectReader {
 public:
  ObjectReader(const Json& json, std::string place) : json_(json), place_(std::move(place)) {
    if (!json.is_object()) Refuse("is not an object");
  }

  [[noreturn]] void Refuse(const std::string& what) const { throw Error(ErrorCode::kBadInput, place_ + " " + what); }

  bool Has(const char* key) const { return json_.contains(key); }

  std::int64_t Integer(const char* key) const {
    const Json& value = At(key);
    const bool fits =
        value.is_number_integer() &&
        (!value.is_number_unsigned() || value.get<std::uint64_t>() <= static_cast<std::uint64_t>(INT64_MAX));
    if (!fits) Refuse(std::string("has a \"") + key + "\" that is not a whole number of 63 bits");
    return value.get<std::int64_t>();
  }
  std::int64_t Integer(const char* key, std::int64_t otherwise) const { return Has(key) ? Integer(key) : otherwise; }

  std::string Text(const char* key) const {
    const Json& value = At(key);
    if (!value.is_string()) Refuse(std::string("has a \"") + key + "\" that is not a string");
    return value.get<std::string>();
  }
  std::string Text(const char* key, const char* otherwise) const { return Has(key) ? Text(key) : otherwise; }

  bool Flag(const char* key) const {
    if (!Has(key)) return false;
    if (!At(key).is_boolean()) Refuse(std::string("has a \"") + key + "\" that is neither true nor false");
    return At(key).get<bool>();
  }

  const Json& Array(const char* key) const {
    const Json& value = At(key);
    if (!value.is_array()) Refuse(std::string("has a \"") + key + "\" that is not an array");
    return value;
  }

 private:
  const Json& At(const char* key) const {
    const auto found = json_.find(key);
    if (found == json_.end()) Refuse(std::string("has no \"") + key + "\"");
    return *found;
  }

  const Json& json_;
  std::string place_;
};

void ReadParts(const ObjectReader& object, const std::string& place, int index, Problem& problem) {
  int number = 0;
  for (const Json& json : object.Array("parts")) {
    const ObjectReader part(json, place + ".parts[" + std::to_string(number++) + "]");
    problem.parts.push_back(
        {index, part.Integer("lower"), part.Integer("upper"), part.Integer("begin"), part.Integer("end")});
  }
}

void ReadBuffer(const Json& json, const std::string& source, PlanFile& file) {
  const int index = static_cast<int>(file.problem.buffers.size());
  const std::string place = source + ": buffers[" + std::to_string(index) + "]";
  const ObjectReader object(json, place);
  Buffer buffer;
  buffer.lower = object.Integer("lower");
  buffer.upper = object.Integer("upper");
  buffer.size = object.Integer("size");
  buffer.alignment = object.Integer("alignment", file.alignment);
  const std::int64_t offset = object.Integer("offset");
  if (object.Flag("fixed")) buffer.fixed_offset = offset;
  if (object.Has("parts")) ReadParts(object, place, index, file.problem);
  if (object.Integer("pool", 0) != 0) object.Refuse("lies in a pool other than 0, which this version does not know");
  file.problem.buffers.push_back(buffer);
  file.problem.ids.push_back(object.Text("id"));
  file.problem.names.push_back(object.Text("name", ""));
  file.plan.offsets.push_back(offset);
}

BoundKind ReadBoundKind(const ObjectReader& object) {
  const std::string name = object.Text("bound_kind", "live_bytes");
  for (BoundKind kind : {BoundKind::kLiveBytes, BoundKind::kFixedOffset, BoundKind::kRefutation}) {
    if (name == BoundKindName(kind)) return kind;
  }
  object.Refuse("has an unknown \"bound_kind\"");
}

void ReadWitness(const Json& json, const std::string& source, PlanFile& file) {
  const ObjectReader object(json, source + ": the witness");
  std::unordered_map<std::string, int> index_of;
  for (int i = 0; i < static_cast<int>(file.problem.ids.size()); ++i) index_of.emplace(file.problem.ids[i], i);
  file.plan.certificate.witness_step = object.Integer("step");
  for (const Json& id : object.Array("buffers")) {
    const auto found = id.is_string() ? index_of.find(id.get<std::string>()) : index_of.end();
    if (found == index_of.end()) object.Refuse("names a buffer that there is not");
    file.plan.certificate.witness.push_back(found->second);
  }
}

std::uint64_t ReadHash(const ObjectReader& object, const Problem& problem) {
  if (!object.Has("problem_hash")) return HashProblem(problem);
  const std::string text = object.Text("problem_hash");
  std::uint64_t hash = 0;
  for (char c : text) {
    const std::size_t digit = std::string_view("0123456789abcdef").find(c);
    if (digit == std::string_view::npos || text.size() != 16)
      object.Refuse("has a \"problem_hash\" that is not 16 hexadecimal digits");
    hash = hash << 4 | digit;
  }
  return hash;
}

Json Parse(std::string_view text, const std::string& source) {
  try {
    return Json::parse(text.begin(), text.end());
  } catch (const Json::exception& error) {
    // The library's message names line and column; its own prefix says nothing to a user.
    const std::string_view what = error.what();
    const std::size_t prefix = what.find("] ");
    throw Error(
        ErrorCode::kBadInput,
        source + ": not JSON: " + Printable(prefix == std::string_view::npos ? what : what.substr(prefix + 2), 300));
  }
}

}  // namespace

std::string WritePlanJson(const PlanFile& file) {
  const Certificate& certificate = file.plan.certificate;
  Json witness = {{"step", certificate.witness_step}, {"buffers", Json::array()}};
  for (int i : certificate.witness) witness["buffers"].push_back(BufferId(file.problem, i));
  Json json = {{"schema", kSchema},
               {"source", file.source},
               {"policy", file.plan.policy},
               {"alignment", file.alignment},
               {"peak_bytes", file.plan.peak_bytes},
               {"lower_bound_bytes", certificate.lower_bound_bytes},
               {"proven_optimal", certificate.proven_optimal},
               {"bound_kind", BoundKindName(certificate.bound_kind)},
               {"witness", std::move(witness)},
               {"search_nodes", certificate.search_nodes},
               {"time_limited", file.plan.time_limited},
               {"problem_hash", Hex(file.plan.problem_hash)}};
  std::string text = Dump(json, 1);
  text.resize(text.size() - 2);  // less the closing brace and its line break
  text += ",\n \"buffers\": [";
  std::size_t part = 0;
  for (int i = 0; i < static_cast<int>(file.problem.buffers.size()); ++i) {
    text += (i == 0 ? "\n  " : ",\n  ") + Dump(BufferJson(file, i, part), -1);
  }
  return text + "\n ]\n}\n";
}

PlanFile ReadPlanJson(std::string_view text, const std::string& source) {
  const Json json = Parse(text, source);
  const ObjectReader object(json, source + ": the plan");
  if (object.Text("schema") != kSchema) {
    object.Refuse("has schema \"" + Printable(object.Text("schema")) + "\"; this version reads " + kSchema);
  }
  PlanFile file;
  file.source = object.Text("source", "");
  file.alignment = object.Integer("alignment", 1);
  for (const Json& buffer : object.Array("buffers")) ReadBuffer(buffer, source, file);
  Plan& plan = file.plan;
  plan.policy = object.Text("policy", "");
  plan.peak_bytes = object.Integer("peak_bytes");
  plan.certificate.lower_bound_bytes = object.Integer("lower_bound_bytes", 0);
  plan.certificate.proven_optimal = object.Flag("proven_optimal");
  plan.certificate.bound_kind = ReadBoundKind(object);
  if (object.Has("witness")) ReadWitness(json["witness"], source, file);
  plan.certificate.search_nodes = object.Integer("search_nodes", 0);
  plan.time_limited = object.Flag("time_limited");
  plan.problem_hash = ReadHash(object, file.problem);
  try {
    CheckProblem(file.problem);
  } catch (const Error& error) {
    throw Error(error.code(), source + ": " + error.what());
  }
  return file;
}

}  // namespace orionrt
