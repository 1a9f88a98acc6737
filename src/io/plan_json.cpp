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
  for (BoundKind kind :
       {BoundKind::kLiveBytes, BoundKind::kFixedOffset, BoundKind::kRefutation, BoundKind::kBufferSize}) {
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

std::uint64_t ReadHex(const ObjectReader& object, const char* key) {
  const std::string text = object.Text(key);
  const auto refuse = [&] { object.Refuse("has a \"" + std::string(key) + "\" that is not 16 hexadecimal digits"); };
  if (text.size() != 16) refuse();
  std::uint64_t hash = 0;
  for (char c : text) {
    const std::size_t digit = std::string_view("0123456789abcdef").find(c);
    if (digit == std::string_view::npos) refuse();
    hash = hash << 4 | digit;
  }
  return hash;
}

std::uint64_t ReadHash(const ObjectReader& object, const Problem& problem) {
  return object.Has("problem_hash") ? ReadHex(object, "problem_hash") : HashProblem(problem);
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

// Lists of ids, on one line each.
Json IdsJson(const std::vector<int>& ids) {
  Json json = Json::array();
  for (const int id : ids) json.push_back(id);
  return json;
}

void AddDomain(const PlanDomain& domain, Json& head) {
  head["graph_hash"] = Hex(domain.graph_hash);
  if (domain.transforms.empty()) return;
  head["transforms"] = domain.transforms;
  Json bounds = Json::array();
  for (const TransformStage& stage : domain.stages) {
    bounds.push_back({{"stage", stage.name}, {"lower_bound_bytes", stage.bound_bytes}});
  }
  head["bounds"] = std::move(bounds);
  if (!domain.order.empty()) head["order"] = IdsJson(domain.order);
  if (domain.order_bound_bytes > 0) {
    head["order_lower_bound_bytes"] = domain.order_bound_bytes;
    head["order_proven_optimal"] = domain.order_proven;
  }
  head["vanished_ops"] = IdsJson(domain.vanished);
}

Json TensorJson(const PlanFile& file, const TensorPlace& tensor) {
  Json json = {{"id", tensor.id}, {"name", tensor.name}, {"bytes", tensor.bytes}};
  if (tensor.buffer < 0) return json;
  json["buffer"] = BufferId(file.problem, tensor.buffer);
  json["delta"] = tensor.delta;
  json["offset"] = file.plan.offsets[tensor.buffer] + tensor.delta;
  return json;
}

int ReadId(const ParsedJson& json, const ObjectReader& object, const char* key) {
  if (!json.is_number_integer() || json < 0 || json > INT32_MAX) {
    object.Refuse("has an id in \"" + std::string(key) + "\" that is no whole number from 0 to 2^31 - 1");
  }
  return json.get<int>();
}

std::vector<int> ReadIds(const ObjectReader& object, const char* key) {
  std::vector<int> ids;
  if (!object.Has(key)) return ids;
  for (const ParsedJson& id : object.Array(key)) ids.push_back(ReadId(id, object, key));
  return ids;
}

TensorPlace ReadTensorPlace(const ParsedJson& json, const std::string& place, const PlanFile& file,
                            const IndexOf& index_of) {
  const ObjectReader object(json, place);
  TensorPlace tensor;
  tensor.id = ReadId(json.value("id", ParsedJson()), object, "id");
  tensor.name = object.Text("name", "");
  tensor.bytes = ReadCount(object, "bytes");
  if (!object.Has("buffer")) return tensor;
  tensor.buffer = ReadBufferId(json["buffer"], index_of, object);
  tensor.delta = ReadCount(object, "delta");
  const std::int64_t size = file.problem.buffers[tensor.buffer].size;
  if (tensor.bytes > size || tensor.delta > size - tensor.bytes) object.Refuse("ends past its buffer");
  return tensor;
}

PlanDomain ReadDomain(const ObjectReader& object, const std::string& source, const PlanFile& file,
                      const IndexOf& index_of) {
  PlanDomain domain;
  if (object.Has("graph_hash")) domain.graph_hash = ReadHex(object, "graph_hash");
  if (object.Has("transforms")) {
    for (const ParsedJson& name : object.Array("transforms")) {
      if (!name.is_string()) object.Refuse("has \"transforms\" that are no names");
      domain.transforms.push_back(name.get<std::string>());
    }
  }
  if (object.Has("bounds")) {
    for (const ParsedJson& json : object.Array("bounds")) {
      const ObjectReader stage(json, source + ": bounds[" + std::to_string(domain.stages.size()) + "]");
      domain.stages.push_back({stage.Text("stage"), ReadCount(stage, "lower_bound_bytes")});
    }
  }
  domain.order = ReadIds(object, "order");
  domain.order_bound_bytes = object.Has("order_lower_bound_bytes") ? ReadCount(object, "order_lower_bound_bytes") : 0;
  domain.order_proven = object.Flag("order_proven_optimal");
  domain.vanished = ReadIds(object, "vanished_ops");
  if (object.Has("in_place")) {
    for (const ParsedJson& json : object.Array("in_place")) {
      const ObjectReader use(json, source + ": in_place[" + std::to_string(domain.in_place.size()) + "]");
      const auto id = [&](const char* key) { return ReadId(json.value(key, ParsedJson()), use, key); };
      domain.in_place.push_back({id("op"), id("output"), id("input")});
    }
  }
  if (object.Has("tensors")) {
    for (const ParsedJson& json : object.Array("tensors")) {
      const std::string place = source + ": tensors[" + std::to_string(domain.tensors.size()) + "]";
      domain.tensors.push_back(ReadTensorPlace(json, place, file, index_of));
    }
  }
  return domain;
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
  if (file.domain) AddDomain(*file.domain, head);
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
  if (file.domain && !file.domain->transforms.empty()) {
    const PlanDomain& domain = *file.domain;
    dump.Add("in_place", domain.in_place.size(), [&](std::size_t i) {
      const InPlaceUse& use = domain.in_place[i];
      return Json{{"op", use.op}, {"output", use.output}, {"input", use.input}};
    });
    dump.Add("tensors", domain.tensors.size(), [&](std::size_t i) { return TensorJson(file, domain.tensors[i]); });
  }
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
  PlanDomain domain = ReadDomain(object, source, file, index_of);
  if (object.Has("graph_hash")) file.domain = std::move(domain);
  plan.time_limited = object.Flag("time_limited");
  plan.problem_hash = ReadHash(object, file.problem);
  CheckRead(file.problem, source);
  return file;
}

}  // namespace orionrt
