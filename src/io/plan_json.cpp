// Schema orionrt.plan/1.
#include <cstdio>
#include <unordered_map>

#include "base/checked.hpp"
#include "base/text.hpp"
#include "io/json.hpp"
#include "orionrt/error.hpp"
#include "orionrt/io.hpp"

namespace orionrt {
namespace {

constexpr const char* kSchema = "orionrt.plan/1";

std::string Hex(std::uint64_t value) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
  return text;
}

BoundKind ReadBoundKind(const ObjectReader& object) {
  const std::string name = object.Text("bound_kind", "live_bytes");
  for (BoundKind kind : {BoundKind::kLiveBytes, BoundKind::kFixedOffset, BoundKind::kRefutation}) {
    if (name == BoundKindName(kind)) return kind;
  }
  object.Refuse("has an unknown \"bound_kind\"");
}

void ReadWitness(const ParsedJson& json, const std::string& source, PlanFile& file) {
  const ObjectReader object(json, source + ": the witness");
  std::unordered_map<std::string, int> index_of;
  for (int i = 0; i < static_cast<int>(file.problem.ids.size()); ++i) index_of.emplace(file.problem.ids[i], i);
  file.plan.certificate.witness_step = object.Integer("step");
  for (const ParsedJson& id : object.Array("buffers")) {
    const auto found = id.is_string() ? index_of.find(id.get<std::string>()) : index_of.end();
    if (found == index_of.end()) object.Refuse("names a buffer that there is not");
    file.plan.certificate.witness.push_back(found->second);
  }
}

Json WeightsJson(const WeightBytes& weights) {
  return {{"stored_bytes", weights.stored_bytes}, {"needed_bytes", weights.needed_bytes}, {"count", weights.count}};
}

std::int64_t ReadCount(const ObjectReader& object, const char* key) {
  const std::int64_t value = object.Integer(key);
  if (value < 0) object.Refuse("has a negative \"" + std::string(key) + "\", " + std::to_string(value));
  return value;
}

WeightBytes ReadWeights(const ParsedJson& json, const std::string& source) {
  const ObjectReader object(json, source + ": the weights");
  return {ReadCount(object, "stored_bytes"), ReadCount(object, "needed_bytes"), ReadCount(object, "count")};
}

WorkspaceBytes ReadWorkspaces(const ParsedJson& json, const std::string& source) {
  const ObjectReader object(json, source + ": the workspaces");
  return {ReadCount(object, "largest_bytes"), ReadCount(object, "count")};
}

std::uint64_t ReadHash(const ObjectReader& object, const Problem& problem) {
  if (!object.Has("problem_hash")) return HashProblem(problem);
  const std::string text = object.Text("problem_hash");
  if (text.size() != 16) object.Refuse("has a \"problem_hash\" that is not 16 hexadecimal digits");
  std::uint64_t hash = 0;
  for (char c : text) {
    const std::size_t digit = std::string_view("0123456789abcdef").find(c);
    if (digit == std::string_view::npos) {
      object.Refuse("has a \"problem_hash\" that is not 16 hexadecimal digits");
    }
    hash = hash << 4 | digit;
  }
  return hash;
}

void ReadBuffers(const ObjectReader& object, const std::string& source, PlanFile& file) {
  for (const ParsedJson& json : object.Array("buffers")) {
    const ObjectReader buffer(json, source + ": buffers[" + std::to_string(file.plan.offsets.size()) + "]");
    ReadBuffer(buffer, file.alignment, file.problem);
    file.plan.offsets.push_back(buffer.Integer("offset"));
    if (file.plan.offsets.back() < 0)
      buffer.Refuse("has a negative \"offset\", " + std::to_string(buffer.Integer("offset")));
    if (buffer.Flag("fixed")) file.problem.buffers.back().fixed_offset = file.plan.offsets.back();
    if (buffer.Integer("pool", 0) != 0) buffer.Refuse("lies in a pool other than 0, which this version does not know");
  }
}

}  // namespace

std::int64_t TotalBytes(const PlanFile& file) {
  std::int64_t total = file.plan.peak_bytes;
  const bool fits = CheckedAdd(total, file.peak_nested_bytes, &total) &&
                    CheckedAdd(total, file.weights ? file.weights->needed_bytes : 0, &total);
  return fits ? total : kMaxBytes;
}

std::string WritePlanJson(const PlanFile& file) {
  const Certificate& certificate = file.plan.certificate;
  Json witness = {{"step", certificate.witness_step}, {"buffers", Json::array()}};
  for (int i : certificate.witness) witness["buffers"].push_back(BufferId(file.problem, i));
  Json head = {{"schema", kSchema},
               {"source", file.source},
               {"policy", file.plan.policy},
               {"alignment", file.alignment},
               {"peak_bytes", file.plan.peak_bytes},
               {"peak_nested_bytes", file.peak_nested_bytes},
               {"lower_bound_bytes", certificate.lower_bound_bytes},
               {"proven_optimal", certificate.proven_optimal},
               {"bound_kind", BoundKindName(certificate.bound_kind)},
               {"witness", std::move(witness)},
               {"search_nodes", certificate.search_nodes},
               {"time_limited", file.plan.time_limited},
               {"problem_hash", Hex(file.plan.problem_hash)}};
  if (file.weights) head["weights"] = WeightsJson(*file.weights);
  if (file.workspaces) {
    head["workspaces"] = {{"largest_bytes", file.workspaces->largest_bytes}, {"count", file.workspaces->count}};
  }
  std::size_t part = 0;
  RowDump dump(head);
  dump.Add("buffers", file.problem.buffers.size(), [&](std::size_t i) {
    Json json = BufferJson(file.problem, static_cast<int>(i), file.alignment, part);
    json["offset"] = file.plan.offsets[i];
    json["pool"] = 0;
    if (file.problem.buffers[i].fixed_offset != kFree) json["fixed"] = true;
    return json;
  });
  return dump.Finish();
}

PlanFile ReadPlanJson(std::string_view text, const std::string& source) {
  const ParsedJson json = ParseJson(text, source);
  const ObjectReader object(json, source + ": the plan");
  object.ExpectSchema(kSchema);
  PlanFile file;
  file.source = object.Text("source", "");
  file.alignment = ReadAlignment(object);
  ReadBuffers(object, source, file);
  Plan& plan = file.plan;
  plan.policy = object.Text("policy", "");
  plan.peak_bytes = object.Integer("peak_bytes");
  file.peak_nested_bytes = object.Integer("peak_nested_bytes", 0);
  if (object.Has("weights")) file.weights = ReadWeights(json["weights"], source);
  if (object.Has("workspaces")) file.workspaces = ReadWorkspaces(json["workspaces"], source);
  plan.certificate.lower_bound_bytes = object.Integer("lower_bound_bytes", 0);
  plan.certificate.proven_optimal = object.Flag("proven_optimal");
  plan.certificate.bound_kind = ReadBoundKind(object);
  if (object.Has("witness")) ReadWitness(json["witness"], source, file);
  plan.certificate.search_nodes = object.Integer("search_nodes", 0);
  plan.time_limited = object.Flag("time_limited");
  plan.problem_hash = ReadHash(object, file.problem);
  CheckRead(file.problem, source);
  return file;
}

}  // namespace orionrt
