// Schema orionrt.plan/1.
#include <algorithm>
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

// Figures for readers that do not want to compute them; nothing reads them back.
Json MetricsJson(const PlanFile& file, int pool) {
  const Metrics m = MeasurePlan(file.problem, file.plan, file.classes, pool);
  Json json = {{"no_reuse_bytes", m.no_reuse_bytes},
               {"max_live_bytes", m.max_live_bytes},
               {"peak_step", m.peak_step},
               {"live_at_peak_bytes", m.live_at_peak_bytes},
               {"padding_at_peak_bytes", m.padding_at_peak_bytes},
               {"fragmentation_at_peak_bytes", m.fragmentation_at_peak_bytes},
               {"max_holes_bytes", m.max_holes_bytes},
               {"max_holes_step", m.max_holes_step},
               {"mean_holes_bytes", m.mean_holes_bytes},
               {"utilisation_ppm", m.utilisation_ppm}};
  if (file.classes.empty()) return json;
  for (int c = 0; c < kBufferClasses; ++c) {
    const ClassMetrics& one = m.classes[c];
    if (one.count == 0) continue;
    json["classes"][BufferClassName(static_cast<BufferClass>(c))] = {
        {"count", one.count}, {"bytes", one.bytes}, {"bytes_at_peak", one.bytes_at_peak}};
  }
  return json;
}

BufferClass ReadClass(const ObjectReader& buffer) {
  const std::string name = buffer.Text("class", BufferClassName(BufferClass::kOther));
  for (int c = 0; c < kBufferClasses; ++c) {
    if (name == BufferClassName(static_cast<BufferClass>(c))) return static_cast<BufferClass>(c);
  }
  return BufferClass::kOther;  // one that a later version knows
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
    file.classes.push_back(ReadClass(buffer));
    const std::int64_t pool = buffer.Integer("pool", 0);
    if (pool < 0 || pool > INT32_MAX) buffer.Refuse("has a \"pool\" that is no position in the table of pools");
    file.plan.pools.pool_of.push_back(static_cast<int>(pool));
  }
  const auto known = [](BufferClass kind) { return kind != BufferClass::kOther; };
  if (std::none_of(file.classes.begin(), file.classes.end(), known)) file.classes.clear();
}

Json CertificateJson(const Problem& problem, const Certificate& certificate) {
  Json witness = {{"step", certificate.witness_step}, {"buffers", Json::array()}};
  for (int i : certificate.witness) witness["buffers"].push_back(BufferId(problem, i));
  return {{"lower_bound_bytes", certificate.lower_bound_bytes},
          {"proven_optimal", certificate.proven_optimal},
          {"bound_kind", BoundKindName(certificate.bound_kind)},
          {"witness", std::move(witness)},
          {"search_nodes", certificate.search_nodes}};
}

Json PoolPlanJson(const PlanFile& file, std::size_t p) {
  Json json = PoolJson(file.problem.pools[p]);
  json["peak_bytes"] = file.plan.pools.figures[p].peak_bytes;
  json.update(CertificateJson(file.problem, file.plan.pools.figures[p].certificate));
  json["metrics"] = MetricsJson(file, static_cast<int>(p));
  return json;
}

Json SpillJson(const PlanFile& file, const Spill& spill) {
  return {{"buffer", BufferId(file.problem, spill.buffer)},
          {"from", spill.from},
          {"to", spill.to},
          {"reason", SpillReasonName(spill.reason)},
          {"step", spill.step},
          {"room_bytes", spill.room_bytes},
          {"cost", spill.cost}};
}

using IndexOf = std::unordered_map<std::string, int>;

int ReadBufferId(const ParsedJson& id, const IndexOf& index_of, const ObjectReader& object) {
  const auto found = id.is_string() ? index_of.find(id.get<std::string>()) : index_of.end();
  if (found == index_of.end()) object.Refuse("names a buffer that there is not");
  return found->second;
}

Certificate ReadCertificate(const ObjectReader& object, const ParsedJson& json, const IndexOf& index_of) {
  Certificate certificate;
  certificate.lower_bound_bytes = object.Integer("lower_bound_bytes", 0);
  certificate.proven_optimal = object.Flag("proven_optimal");
  certificate.bound_kind = ReadBoundKind(object);
  certificate.search_nodes = object.Integer("search_nodes", 0);
  if (!object.Has("witness")) return certificate;
  const ObjectReader witness(json["witness"], object.place() + ": the witness");
  certificate.witness_step = witness.Integer("step");
  for (const ParsedJson& id : witness.Array("buffers")) {
    certificate.witness.push_back(ReadBufferId(id, index_of, witness));
  }
  return certificate;
}

SpillReason ReadReason(const ObjectReader& object) {
  const std::string name = object.Text("reason");
  for (SpillReason reason : {SpillReason::kTooLarge, SpillReason::kNoRoom, SpillReason::kNoHole}) {
    if (name == SpillReasonName(reason)) return reason;
  }
  object.Refuse("has an unknown \"reason\"");
}

int ReadPoolNumber(const ObjectReader& object, const char* key, const Problem& problem) {
  const std::int64_t pool = object.Integer(key);
  if (pool < 0 || pool >= static_cast<std::int64_t>(problem.pools.size())) {
    object.Refuse(std::string("has a \"") + key + "\" that is no position in the table of pools");
  }
  return static_cast<int>(pool);
}

// What the plan says of its pools, once the table and the buffers are read.
void ReadPoolPlan(const ObjectReader& object, const ParsedJson& json, const IndexOf& index_of, PlanFile& file) {
  PoolPlan& pools = file.plan.pools;
  const bool pooled = !file.problem.pools.empty();
  const bool elsewhere = std::any_of(pools.pool_of.begin(), pools.pool_of.end(), [](int pool) { return pool != 0; });
  if (!pooled && elsewhere) object.Refuse("has buffers in a pool other than 0, but no table of pools");
  if (!pooled) pools.pool_of.clear();
  for (std::size_t p = 0; p < file.problem.pools.size(); ++p) {
    const ParsedJson& row = json["pools"][p];
    const ObjectReader pool(row, object.place() + ": pools[" + std::to_string(pools.figures.size()) + "]");
    pools.figures.push_back({pool.Integer("peak_bytes"), ReadCertificate(pool, row, index_of)});
  }
  pools.spill_cost = object.Integer("spill_cost", 0);
  pools.spill_cost_bound = object.Integer("spill_cost_bound", 0);
  if (!object.Has("spills")) return;
  for (const ParsedJson& row : object.Array("spills")) {
    const ObjectReader spill(row, object.place() + ": spills[" + std::to_string(pools.spills.size()) + "]");
    pools.spills.push_back({ReadBufferId(spill.Text("buffer"), index_of, spill),
                            ReadPoolNumber(spill, "from", file.problem), ReadPoolNumber(spill, "to", file.problem),
                            ReadReason(spill), spill.Integer("step", 0), spill.Integer("room_bytes", 0),
                            spill.Integer("cost", 0)});
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
  Json head = {{"schema", kSchema},
               {"source", file.source},
               {"policy", file.plan.policy},
               {"alignment", file.alignment},
               {"peak_bytes", file.plan.peak_bytes},
               {"peak_nested_bytes", file.peak_nested_bytes}};
  head.update(CertificateJson(file.problem, file.plan.certificate));
  head["time_limited"] = file.plan.time_limited;
  head["problem_hash"] = Hex(file.plan.problem_hash);
  if (file.weights) head["weights"] = WeightsJson(*file.weights);
  const PoolPlan& pools = file.plan.pools;
  const bool pooled = !pools.figures.empty();
  if (pooled) head["spill_cost"] = pools.spill_cost;
  if (pooled) head["spill_cost_bound"] = pools.spill_cost_bound;
  if (file.metadata_bytes) head["metadata_bytes"] = *file.metadata_bytes;
  if (file.workspaces) {
    head["workspaces"] = {{"largest_bytes", file.workspaces->largest_bytes}, {"count", file.workspaces->count}};
  }
  if (!pooled) head["metrics"] = MetricsJson(file, 0);
  std::size_t part = 0;
  RowDump dump(head);
  if (pooled) {
    dump.Add("pools", pools.figures.size(), [&](std::size_t p) { return PoolPlanJson(file, p); });
    dump.Add("spills", pools.spills.size(), [&](std::size_t k) { return SpillJson(file, pools.spills[k]); });
  }
  dump.Add("buffers", file.problem.buffers.size(), [&](std::size_t i) {
    Json json = BufferJson(file.problem, static_cast<int>(i), file.alignment, part);
    json["offset"] = file.plan.offsets[i];
    json["pool"] = PoolOf(file.plan, static_cast<int>(i));
    if (!file.classes.empty()) json["class"] = BufferClassName(file.classes[i]);
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
  ReadPools(object, file.problem);
  IndexOf index_of;
  for (int i = 0; i < static_cast<int>(file.problem.ids.size()); ++i) index_of.emplace(file.problem.ids[i], i);
  ReadPoolPlan(object, json, index_of, file);
  Plan& plan = file.plan;
  plan.policy = object.Text("policy", "");
  plan.peak_bytes = object.Integer("peak_bytes");
  file.peak_nested_bytes = object.Integer("peak_nested_bytes", 0);
  if (object.Has("weights")) file.weights = ReadWeights(json["weights"], source);
  plan.certificate = ReadCertificate(object, json, index_of);
  if (object.Has("metadata_bytes")) file.metadata_bytes = ReadCount(object, "metadata_bytes");
  if (object.Has("workspaces")) file.workspaces = ReadWorkspaces(json["workspaces"], source);
  plan.time_limited = object.Flag("time_limited");
  plan.problem_hash = ReadHash(object, file.problem);
  CheckRead(file.problem, source);
  return file;
}

}  // namespace orionrt
