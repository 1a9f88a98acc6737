// Schema orionrt.plan/1.
#include <algorithm>
#include <cstdio>
#include <unordered_map>

#include "base/checked.hpp"
#include "base/index.hpp"
#include "base/text.hpp"
#include "io/assignment_json.hpp"
#include "io/json.hpp"
#include "io/streams_json.hpp"
#include "io/words.hpp"
#include "orionrt/config.hpp"
#include "orionrt/formats.hpp"

namespace orionrt {
namespace {

constexpr const char* kPlanSchema = "orionrt.plan/1";

BoundKind ReadBoundKind(const ObjectReader& object) {
  const std::string name = object.Text("bound_kind", "live_bytes");
  for (BoundKind kind :
       {BoundKind::kLiveBytes, BoundKind::kFixedOffset, BoundKind::kRefutation, BoundKind::kBufferSize}) {
    if (name == BoundKindName(kind)) return kind;
  }
  object.Refuse("has an unknown \"bound_kind\"");
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

Json MetricsOf(const PlanFile& file, int space) {
  return MetricsJson(MeasurePlan(file.problem, file.plan, file.classes, space), !file.classes.empty());
}

std::vector<std::string> ReadNotRun(const ObjectReader& object) {
  std::vector<std::string> names;
  if (!object.Has("policies_not_run")) return names;
  for (const ParsedJson& name : object.Array("policies_not_run")) {
    if (!name.is_string()) object.Refuse("has a \"policies_not_run\" that is no list of names");
    names.push_back(name.get<std::string>());
  }
  return names;
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
    const std::int64_t space = buffer.Integer("space", 0);
    if (space < 0 || space > INT32_MAX) buffer.Refuse("has a \"space\" that is no position in the table of spaces");
    file.plan.spaces.space_of.push_back(static_cast<int>(space));
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

Json SpacePlanJson(const PlanFile& file, std::size_t p) {
  Json json = SpaceJson(file.problem.spaces[p]);
  json["peak_bytes"] = file.plan.spaces.figures[p].peak_bytes;
  if (file.assignment) {
    json["required_bytes"] = file.assignment->spaces[p].required_bytes;
    json["base_alignment"] = file.assignment->spaces[p].base_alignment;
  }
  json.update(CertificateJson(file.problem, file.plan.spaces.figures[p].certificate));
  json["metrics"] = MetricsOf(file, static_cast<int>(p));
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

int ReadSpaceNumber(const ObjectReader& object, const char* key, const Problem& problem) {
  const std::int64_t space = object.Integer(key);
  if (space < 0 || space >= static_cast<std::int64_t>(problem.spaces.size())) {
    object.Refuse(std::string("has a \"") + key + "\" that is no position in the table of spaces");
  }
  return static_cast<int>(space);
}

// What the plan says of its spaces, once the table and the buffers are read.
void ReadSpacePlan(const ObjectReader& object, const IndexOf& index_of, PlanFile& file) {
  SpacePlan& spaces = file.plan.spaces;
  const bool in_spaces = !file.problem.spaces.empty();
  const bool elsewhere =
      std::any_of(spaces.space_of.begin(), spaces.space_of.end(), [](int space) { return space != 0; });
  if (!in_spaces && elsewhere) object.Refuse("has buffers in a space other than 0, but no table of spaces");
  if (!in_spaces) spaces.space_of.clear();
  for (std::size_t p = 0; p < file.problem.spaces.size(); ++p) {
    const ParsedJson& row = object.Array("spaces")[p];
    const ObjectReader space(row, object.place() + ": spaces[" + std::to_string(spaces.figures.size()) + "]");
    spaces.figures.push_back({space.Integer("peak_bytes"), ReadCertificate(space, row, index_of)});
  }
  spaces.spill_cost = object.Integer("spill_cost", 0);
  spaces.spill_cost_bound = object.Integer("spill_cost_bound", 0);
  if (!object.Has("spills")) return;
  for (const ParsedJson& row : object.Array("spills")) {
    const ObjectReader spill(row, object.place() + ": spills[" + std::to_string(spaces.spills.size()) + "]");
    spaces.spills.push_back({ReadBufferId(spill.Text("buffer"), index_of, spill),
                             ReadSpaceNumber(spill, "from", file.problem), ReadSpaceNumber(spill, "to", file.problem),
                             ReadReason(spill), spill.Integer("step", 0), spill.Integer("room_bytes", 0),
                             spill.Integer("cost", 0)});
  }
}

// A head and rows, of the whole or of a body; `assignment` may be null.
struct PlanRows {
  Json head;
  std::vector<JsonRows> rows;
};

PlanRows RowsOf(const PlanFile& file, const Assignment* assignment);

Json BodyJson(const PlanFile& file, const BodyAssignment& body) {
  PlanRows plan = RowsOf(file, &body.assignment);
  Json json = {{"op", body.op_id}, {"attribute", body.attribute}};
  json.update(plan.head);
  for (const JsonRows& rows : plan.rows) {
    json[rows.key] = rows.line != nullptr ? Json(*rows.line) : Json::array();
    for (std::size_t i = 0; i < rows.count; ++i) json[rows.key].push_back(rows.row(i));
  }
  return json;
}

Json BufferRow(const PlanFile& file, std::size_t i, std::size_t& part) {
  Json json = BufferJson(file.problem, static_cast<int>(i), file.alignment, part);
  json["offset"] = file.plan.offsets[i];
  json["space"] = SpaceOf(file.plan, static_cast<int>(i));
  if (!file.classes.empty()) json["class"] = BufferClassName(file.classes[i]);
  if (file.problem.buffers[i].fixed_offset != kFree) json["fixed"] = true;
  return json;
}

PlanRows RowsOf(const PlanFile& file, const Assignment* assignment) {
  PlanRows plan;
  Json& head = plan.head;
  head = {{"source", file.source},
          {"policy", file.plan.policy},
          {"alignment", file.alignment},
          {"peak_bytes", file.plan.peak_bytes},
          {"peak_nested_bytes", file.peak_nested_bytes}};
  head.update(CertificateJson(file.problem, file.plan.certificate));
  head["time_limited"] = file.plan.time_limited;
  head["interrupted"] = file.plan.interrupted;
  if (!file.plan.policies_not_run.empty()) head["policies_not_run"] = file.plan.policies_not_run;
  head["problem_hash"] = Hex(file.plan.problem_hash);
  if (file.streams) head["streams"] = StreamsJson(*file.streams);
  if (!file.problem.apart.empty()) head["apart"] = ApartJson(file.problem);
  if (file.weights) head["weights"] = WeightsJson(*file.weights);
  const SpacePlan& spaces = file.plan.spaces;
  const bool in_spaces = !spaces.figures.empty();
  if (in_spaces) head["spill_cost"] = spaces.spill_cost;
  if (in_spaces) head["spill_cost_bound"] = spaces.spill_cost_bound;
  if (file.metadata_bytes) head["metadata_bytes"] = *file.metadata_bytes;
  if (file.workspaces) {
    head["workspaces"] = {{"largest_bytes", file.workspaces->largest_bytes}, {"count", file.workspaces->count}};
  }
  std::vector<JsonRows> of_graph;
  if (assignment != nullptr) AddAssignment(file, *assignment, head, of_graph);
  if (!in_spaces) head["metrics"] = MetricsOf(file, 0);
  if (in_spaces) {
    plan.rows.push_back({"spaces", spaces.figures.size(), [&file](std::size_t p) { return SpacePlanJson(file, p); }});
    plan.rows.push_back(
        {"spills", spaces.spills.size(), [&](std::size_t k) { return SpillJson(file, file.plan.spaces.spills[k]); }});
  }
  plan.rows.push_back({"buffers", file.problem.buffers.size(),
                       [&file, part = std::size_t{0}](std::size_t i) mutable { return BufferRow(file, i, part); }});
  for (JsonRows& rows : of_graph) plan.rows.push_back(std::move(rows));
  if (file.streams && file.streams->hand_overs) {
    plan.rows.push_back({"hand_overs", file.streams->hand_overs->size(),
                         [&file](std::size_t i) { return HandOverJson((*file.streams->hand_overs)[i]); }});
  }
  if (assignment == nullptr || assignment->bodies.empty()) return plan;
  plan.rows.push_back({"bodies", assignment->bodies.size(),
                       [&file, assignment](std::size_t i) { return BodyJson(file.bodies[i], assignment->bodies[i]); }});
  return plan;
}

// The tensors of an assignment that was read, with the names and buffers that the rows give.
std::vector<TensorInBuffer> ReadTensorsInBuffers(const ObjectReader& object, const PlanFile& file,
                                                 const IndexOf& index_of, const Assignment& assignment) {
  std::unordered_map<int, TensorInBuffer> by_id;  // looked up, never walked
  if (object.Has("tensors")) {
    for (const ParsedJson& json : object.Array("tensors")) {
      const ObjectReader row(json, object.place() + ": tensors[" + std::to_string(by_id.size()) + "]");
      TensorInBuffer& tensor = by_id[static_cast<int>(row.Integer("id"))];
      tensor.name = row.Text("name", "");
      if (row.Has("buffer")) tensor.buffer = ReadBufferId(json["buffer"], index_of, row);
    }
  } else {
    for (const Place& place : assignment.tensors) {
      const auto found = index_of.find(std::to_string(place.id));
      if (found != index_of.end()) by_id[place.id] = {file.problem.names[At(found->second)], found->second};
    }
  }
  std::vector<TensorInBuffer> tensors;
  for (const Place& place : assignment.tensors) tensors.push_back(by_id[place.id]);
  return tensors;
}

void ReadStages(const ObjectReader& object, PlanFile& file) {
  if (object.Has("bounds")) {
    for (const ParsedJson& json : object.Array("bounds")) {
      const ObjectReader stage(json, object.place() + ": bounds[" + std::to_string(file.stages.size()) + "]");
      file.stages.push_back({stage.Text("stage"), ReadCount(stage, "lower_bound_bytes")});
    }
  }
  file.order_bound_bytes = object.Has("order_lower_bound_bytes") ? ReadCount(object, "order_lower_bound_bytes") : 0;
  file.order_proven = object.Flag("order_proven_optimal");
  const std::int64_t moved = object.Integer("moved_ops", 0);
  if (moved < 0 || moved > INT32_MAX) object.Refuse("has a \"moved_ops\" that is no number of ops");
  file.moved_ops = static_cast<int>(moved);
}

struct ReadPlan {
  PlanFile file;
  std::optional<Assignment> assignment;
};

constexpr int kDeepest = 32;  // bodies within bodies; no model comes near

ReadPlan ReadObject(const ParsedJson& json, const std::string& place, int last_space, int depth);

// Each with its plan in the file, and its assignment in that of the whole.
void ReadBodies(const ObjectReader& object, int last_space, int depth, ReadPlan& read) {
  if (!object.Has("bodies")) return;
  if (depth >= kDeepest) object.Refuse("has bodies within bodies more than " + std::to_string(kDeepest) + " deep");
  for (const ParsedJson& row : object.Array("bodies")) {
    const std::string place = object.place() + ": bodies[" + std::to_string(read.file.bodies.size()) + "]";
    const ObjectReader reader(row, place);
    ReadPlan body = ReadObject(row, place, last_space, depth + 1);
    if (!body.assignment) reader.Refuse("has no \"graph_id\"");
    const std::int64_t op = reader.Integer("op");
    if (op < 0 || op > INT32_MAX) reader.Refuse("has an \"op\" that is no id");
    BodyAssignment assignment{static_cast<int>(op), reader.Text("attribute"), *std::move(body.assignment)};
    if (read.assignment) read.assignment->bodies.push_back(std::move(assignment));
    read.file.bodies.push_back(std::move(body.file));
  }
}

ReadPlan ReadObject(const ParsedJson& json, const std::string& place, int last_space, int depth) {
  const ObjectReader object(json, place);
  ReadPlan read;
  PlanFile& file = read.file;
  file.source = object.Text("source", "");
  file.alignment = ReadAlignment(object);
  ReadBuffers(object, place, file);
  ReadSpaces(object, file.problem);
  ReadApart(object, file.problem);
  IndexOf index_of;
  for (int i = 0; i < static_cast<int>(file.problem.ids.size()); ++i) index_of.emplace(file.problem.ids[At(i)], i);
  ReadSpacePlan(object, index_of, file);
  Plan& plan = file.plan;
  plan.policy = object.Text("policy", "");
  plan.peak_bytes = object.Integer("peak_bytes");
  file.peak_nested_bytes = object.Integer("peak_nested_bytes", 0);
  if (object.Has("streams")) file.streams = ReadStreams(object, json);
  if (object.Has("hand_overs")) {
    std::vector<HandOver> hand_overs = ReadHandOvers(object);  // without figures they are judged, and left
    if (file.streams) file.streams->hand_overs = std::move(hand_overs);
  }
  if (object.Has("weights")) file.weights = ReadWeights(json["weights"], place);
  plan.certificate = ReadCertificate(object, json, index_of);
  if (object.Has("metadata_bytes")) file.metadata_bytes = ReadCount(object, "metadata_bytes");
  if (object.Has("workspaces")) file.workspaces = ReadWorkspaces(json["workspaces"], place);
  plan.time_limited = object.Flag("time_limited");
  plan.interrupted = object.Flag("interrupted");
  plan.policies_not_run = ReadNotRun(object);
  plan.problem_hash = ReadHash(object, file.problem);
  CheckRead(file.problem, place);
  ReadStages(object, file);
  read.assignment = ReadAssignment(object, json, file, last_space);
  if (read.assignment) file.tensors = ReadTensorsInBuffers(object, file, index_of, *read.assignment);
  const int last = std::max<int>(1, static_cast<int>(file.problem.spaces.size())) - 1;
  ReadBodies(object, last_space >= 0 ? last_space : last, depth, read);
  if (!read.assignment) file.bodies.clear();  // of a plan of lifetimes alone they mean nothing
  return read;
}

}  // namespace

Json WeightsJson(const WeightBytes& weights) {
  return {{"stored_bytes", weights.stored_bytes}, {"needed_bytes", weights.needed_bytes}, {"count", weights.count}};
}

Json MetricsJson(const Metrics& m, bool by_class) {
  Json json;
  for (const auto& [word, figure] : kMetricWords) json[word] = m.*figure;
  for (int c = 0; by_class && c < kBufferClasses; ++c) {
    const ClassMetrics& one = m.classes[At(c)];
    if (one.count == 0) continue;
    json["classes"][BufferClassName(static_cast<BufferClass>(c))] = {
        {"count", one.count}, {"bytes", one.bytes}, {"bytes_at_peak", one.bytes_at_peak}};
  }
  return json;
}

std::string WritePlanJson(const PlanFile& file) {
  const PlanRows plan = RowsOf(file, file.assignment ? &*file.assignment : nullptr);
  Json head = {{"schema", kPlanSchema}};
  head.update(plan.head);
  RowDump dump(head);
  for (const JsonRows& rows : plan.rows) {
    if (rows.line != nullptr) {
      dump.AddLine(rows.key, Json(*rows.line));
    } else {
      dump.Add(rows.key, rows.count, rows.row);
    }
  }
  return dump.Finish();
}

PlanFile ReadPlanJson(std::string_view text, const std::string& source) {
  const ParsedJson json = ParseJson(text, source);
  ObjectReader(json, source + ": the plan").ExpectSchema(kPlanSchema);
  ReadPlan read = ReadObject(json, source + ": the plan", -1, 0);
  read.file.assignment = std::move(read.assignment);
  return std::move(read.file);
}

}  // namespace orionrt
