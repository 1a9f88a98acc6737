#include "io/assignment_json.hpp"

#include <algorithm>
#include <cstdio>
#include <unordered_map>
#include <utility>

#include "base/checked.hpp"
#include "base/index.hpp"
#include "base/text.hpp"
#include "orionrt/config.hpp"
#include "orionrt/streams.hpp"

namespace orionrt {
namespace {

struct TransformName {
  const char* name;
  bool Transforms::*on;
};
// In the order in which they are decided.
constexpr TransformName kTransforms[] = {{"views", &Transforms::views},
                                         {"colocate", &Transforms::colocate},
                                         {"in_place", &Transforms::in_place},
                                         {"reorder", &Transforms::reorder}};

// The number that an id of a file spells, with nothing around it; -1: none.
int IdOf(std::string_view text) {
  const auto value = ParseInt(text);
  return value && *value >= 0 && *value <= INT32_MAX && std::to_string(*value) == text ? static_cast<int>(*value) : -1;
}
bool IsWorkspace(const std::string& buffer_id) { return buffer_id.size() > 1 && buffer_id[0] == 'w'; }

// Buffers by their ids.
std::unordered_map<std::string, int> IndexBuffers(const Problem& problem) {
  std::unordered_map<std::string, int> index_of;  // looked up, never walked
  for (int i = 0; i < static_cast<int>(problem.buffers.size()); ++i) index_of.emplace(BufferId(problem, i), i);
  return index_of;
}

// Where the arena of a body begins in the space that it lies in: its assignment counts from there, its plan from 0.
std::int64_t BeginOf(const PlanFile& file, const Assignment& assignment) {
  if (!assignment.spaces.empty()) return 0;
  std::int64_t planned = kMaxBytes, placed = kMaxBytes;  // the lowest byte that anything takes
  for (std::size_t i = 0; i < file.problem.buffers.size(); ++i) {
    if (file.problem.buffers[i].size > 0) planned = std::min(planned, file.plan.offsets[i]);
  }
  for (const auto* places : {&assignment.tensors, &assignment.workspaces}) {
    for (const Place& place : *places) {
      if (place.bytes > 0 && place.space != kExternal) placed = std::min(placed, place.offset);
    }
  }
  return planned == kMaxBytes || placed == kMaxBytes ? 0 : placed - planned;
}

// Whether each tensor that needs bytes is all of a buffer of its own id.
bool EachHasABuffer(const PlanFile& file, const Assignment& assignment) {
  for (std::size_t i = 0; i < assignment.tensors.size(); ++i) {
    const Place& place = assignment.tensors[i];
    if (place.bytes == 0) continue;
    const int buffer = file.tensors[i].buffer;
    if (buffer < 0 || file.problem.buffers[At(buffer)].size != place.bytes) return false;
    if (BufferId(file.problem, buffer) != std::to_string(place.id)) return false;
  }
  return true;
}

Json TensorJson(const PlanFile& file, const Assignment& assignment, std::int64_t begin, std::size_t i) {
  const Place& place = assignment.tensors[i];
  const TensorInBuffer& tensor = file.tensors[i];
  Json json = {{"id", place.id}, {"name", tensor.name}, {"bytes", place.bytes}};
  if (place.bytes > 0 && place.space == kExternal) json["external"] = true;
  if (place.bytes == 0 || place.space == kExternal) return json;
  if (tensor.buffer >= 0) {
    json["buffer"] = BufferId(file.problem, tensor.buffer);
    json["delta"] = place.offset - begin - file.plan.offsets[At(tensor.buffer)];
  } else if (place.space != 0) {
    json["space"] = place.space;
  }
  json["offset"] = place.offset;
  return json;
}

int ReadAssignedId(const ObjectReader& object, const char* key) {
  const std::int64_t id = object.Integer(key);
  if (id < 0 || id > INT32_MAX) object.Refuse("has an id in \"" + std::string(key) + "\" outside [0, 2^31)");
  return static_cast<int>(id);
}

std::vector<int> ReadAssignedIds(const ObjectReader& object, const char* key) {
  std::vector<int> ids;
  if (!object.Has(key)) return ids;
  for (const ParsedJson& id : object.Array(key)) {
    if (!id.is_number_integer() || id < 0 || id > INT32_MAX) {
      object.Refuse("has an id in \"" + std::string(key) + "\" that is no whole number from 0 to 2^31 - 1");
    }
    ids.push_back(id.get<int>());
  }
  return ids;
}

std::int64_t ReadBytes(const ObjectReader& object, const char* key) {
  const std::int64_t bytes = object.Integer(key);
  if (bytes < 0) object.Refuse("has a negative \"" + std::string(key) + "\", " + std::to_string(bytes));
  return bytes;
}

std::uint64_t ReadHash(const ObjectReader& object, const char* key) {
  if (!object.Has(key)) return 0;
  const std::string text = object.Text(key);
  const bool fits = text.size() == 16 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!fits) object.Refuse("has a \"" + std::string(key) + "\" that is not 16 hexadecimal digits");
  return std::stoull(text, nullptr, 16);
}

class AssignmentReader {
 public:
  AssignmentReader(const ObjectReader& object, const ParsedJson& json, const PlanFile& file, int last_space)
      : object_(object), json_(json), file_(file), last_space_(last_space) {}

  // `buffers`: whether they are those of a graph.
  Assignment Read(bool buffers) {
    made_.graph_id = ReadHash(object_, "graph_id");
    made_.graph_hash = ReadHash(object_, "graph_hash");
    made_.order_ids = ReadAssignedIds(object_, "order");
    made_.vanished_ids = ReadAssignedIds(object_, "vanished_ops");
    ReadMade();
    ReadLaunches();
    ReadInPlace();
    begin_ = last_space_ < 0 || !object_.Has("begin") ? 0 : ReadBytes(object_, "begin");
    ReadSpaces();
    if (object_.Has("tensors")) ReadTensors();
    if (buffers) ReadBuffers();
    for (auto* places : {&made_.tensors, &made_.workspaces}) {
      std::sort(places->begin(), places->end(), [](const Place& a, const Place& b) { return a.id < b.id; });
    }
    return std::move(made_);
  }

 private:
  void ReadMade() {
    if (object_.Has("made_with")) made_.made_with = ReadMadeWith(json_["made_with"], object_.place() + ": made_with");
    made_.made_with.policy = file_.plan.policy;
    made_.made_with.alignment = file_.alignment;
    if (!object_.Has("transforms")) return;
    for (const ParsedJson& name : object_.Array("transforms")) {
      if (!name.is_string()) object_.Refuse("has \"transforms\" that are no names");
      for (const TransformName& known : kTransforms) {
        if (name.get<std::string>() == known.name) made_.made_with.transforms.*known.on = true;
      }
    }
  }

  void ReadLaunches() {
    if (!object_.Has("launches")) return;
    for (const ParsedJson& json : object_.Array("launches")) {
      const ObjectReader row(json, object_.place() + ": launches[" + std::to_string(made_.launches.size()) + "]");
      made_.launches.push_back({ReadAssignedId(row, "stream"), ReadAssignedIds(row, "waits")});
    }
    if (made_.launches.empty() || made_.launches.size() == made_.order_ids.size()) return;
    object_.Refuse("has " + std::to_string(made_.launches.size()) + " \"launches\" for the " +
                   std::to_string(made_.order_ids.size()) + " ops of its \"order\"");
  }

  void ReadInPlace() {
    if (!object_.Has("in_place")) return;
    for (const ParsedJson& json : object_.Array("in_place")) {
      const ObjectReader use(json, object_.place() + ": in_place[" + std::to_string(made_.in_place.size()) + "]");
      made_.in_place.push_back(
          {ReadAssignedId(use, "op"), ReadAssignedId(use, "output"), ReadAssignedId(use, "input")});
    }
  }

  // Of a file of before: as large as its buffers, and aligned as they are.
  void ReadSpaces() {
    if (last_space_ >= 0) return;
    const Problem& problem = file_.problem;
    const std::size_t count = std::max<std::size_t>(1, problem.spaces.size());
    for (std::size_t p = 0; p < count; ++p) {
      AssignedSpace space;
      const bool in_spaces = !problem.spaces.empty();
      if (in_spaces) space.name = problem.spaces[p].name;
      const std::int64_t peak = in_spaces ? file_.plan.spaces.figures[p].peak_bytes : file_.plan.peak_bytes;
      const std::int64_t alignment = AlignmentOf(static_cast<int>(p));
      const ParsedJson& row = in_spaces ? object_.Array("spaces")[p] : json_;
      const ObjectReader reader(row,
                                in_spaces ? object_.place() + ": spaces[" + std::to_string(p) + "]" : object_.place());
      space.required_bytes = reader.Has("required_bytes") ? ReadBytes(reader, "required_bytes") : peak;
      space.base_alignment = reader.Integer("base_alignment", alignment);
      if (!IsPowerOfTwo(space.base_alignment)) reader.Refuse("has a \"base_alignment\" that is not a power of two");
      made_.spaces.push_back(std::move(space));
    }
  }

  std::int64_t AlignmentOf(int space) const {
    const Problem& problem = file_.problem;
    std::int64_t alignment = problem.spaces.empty() ? 1 : problem.spaces[At(space)].alignment;
    for (int i = 0; i < static_cast<int>(problem.buffers.size()); ++i) {
      if (SpaceOf(file_.plan, i) != space) continue;
      alignment = std::max(alignment, problem.buffers[At(i)].alignment);
    }
    return alignment;
  }

  void ReadTensors() {
    const auto index_of = IndexBuffers(file_.problem);
    for (const ParsedJson& json : object_.Array("tensors")) {
      const ObjectReader tensor(json, object_.place() + ": tensors[" + std::to_string(made_.tensors.size()) + "]");
      Place place;
      place.id = ReadAssignedId(tensor, "id");
      place.bytes = ReadBytes(tensor, "bytes");
      place.space = std::max(0, last_space_);
      if (tensor.Flag("external")) {
        place.space = kExternal;
      } else if (place.bytes > 0) {
        ReadWhere(tensor, json, index_of, place);
      }
      made_.tensors.push_back(place);
    }
  }

  // By a buffer and a distance from its first byte, or else by what is stated.
  void ReadWhere(const ObjectReader& tensor, const ParsedJson& json,
                 const std::unordered_map<std::string, int>& index_of, Place& place) {
    if (tensor.Has("buffer")) {
      const ParsedJson& id = json["buffer"];
      const auto found = id.is_string() ? index_of.find(id.get<std::string>()) : index_of.end();
      if (found == index_of.end()) tensor.Refuse("names a buffer that there is not");
      const int buffer = found->second;
      const std::int64_t size = file_.problem.buffers[At(buffer)].size;
      const std::int64_t delta = ReadBytes(tensor, "delta");
      if (place.bytes > size || delta > size - place.bytes) tensor.Refuse("ends past its buffer");
      place.space = last_space_ < 0 ? SpaceOf(file_.plan, buffer) : last_space_;
      place.offset = Sum(tensor, file_.plan.offsets[At(buffer)], delta);
    } else {
      const std::int64_t space = tensor.Integer("space", std::max(0, last_space_));
      if (space < 0 || space > INT32_MAX) tensor.Refuse("has a \"space\" that is no position in the table of spaces");
      place.space = static_cast<int>(space);
      place.offset = ReadBytes(tensor, "offset");
    }
    if (tensor.Has("buffer")) place.offset = Sum(tensor, place.offset, begin_);
    (void)Sum(tensor, place.offset, place.bytes);
  }

  // Workspaces; and tensors, where each has a buffer of its own id.
  void ReadBuffers() {
    const bool of_tensors = !object_.Has("tensors");
    for (int i = 0; i < static_cast<int>(file_.problem.buffers.size()); ++i) {
      const auto buffer = static_cast<std::size_t>(i);
      const std::string id = BufferId(file_.problem, i);
      const bool workspace = IsWorkspace(id);
      if (!workspace && !of_tensors) continue;
      Place place;
      place.id = IdOf(workspace ? std::string_view(id).substr(1) : std::string_view(id));
      if (place.id < 0) {
        object_.Refuse("is one of a graph, but buffer \"" + Printable(id) +
                       "\" is no tensor's id and no \"w\" and an op's");
      }
      place.space = last_space_ < 0 ? SpaceOf(file_.plan, i) : last_space_;
      place.bytes = file_.problem.buffers[buffer].size;
      place.offset = Sum(object_, file_.plan.offsets[buffer], begin_);
      (workspace ? made_.workspaces : made_.tensors).push_back(place);
    }
  }

  static std::int64_t Sum(const ObjectReader& object, std::int64_t a, std::int64_t b) {
    std::int64_t sum = 0;
    if (!CheckedAdd(a, b, &sum)) object.Refuse("places bytes past 63 bits");
    return sum;
  }

  const ObjectReader& object_;
  const ParsedJson& json_;
  const PlanFile& file_;
  const int last_space_;
  std::int64_t begin_ = 0;
  Assignment made_;
};

}  // namespace

std::string Hex(std::uint64_t value) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
  return text;
}

Json MadeWithJson(const MadeWith& made_with) {
  Json json = {{"version", made_with.version}};
  const ImportOptions& import = made_with.import;
  for (const auto& [name, size] : import.dims) json["dims"][name] = size;
  if (import.default_dim) json["dims"]["*"] = *import.default_dim;
  for (const auto& [name, shape] : import.inputs) json["inputs"][name] = shape;
  if (!import.fold_constants) json["fold"] = "none";
  for (const auto& [name, shape] : import.shapes) json["shapes"][name] = shape;
  if (import.fold_constants && import.fold_shapes) json["fold"] = "shapes";
  if (import.trust_shapes) json["trust_shapes"] = true;
  if (!import.in_place_types.empty()) json["assume_in_place"] = import.in_place_types;
  if (!import.external.empty()) json["external"] = import.external;
  for (const OpRule& rule : import.op_rules) json["op_rules"].push_back(OpRuleJson(rule));
  if (import.streams != 1) json["streams"] = import.streams;
  if (import.imply_waits) json["imply_waits"] = true;
  return json;
}

MadeWith ReadMadeWith(const ParsedJson& json, const std::string& place) {
  const ObjectReader object(json, place);
  MadeWith made;
  made.version = object.Text("version", "");
  const auto size_of = [&](const ParsedJson& size, const std::string& name) {
    const bool fits = size.is_number_unsigned() && size.get<std::uint64_t>() <= static_cast<std::uint64_t>(kMaxBytes);
    if (!fits) object.Refuse("has a size of \"" + Printable(name) + "\" that is no whole number >= 0");
    return size.get<std::int64_t>();
  };
  if (object.Has("dims")) {
    if (!json["dims"].is_object()) object.Refuse("has \"dims\" that are no object");
    for (const auto& [name, size] : json["dims"].items()) {
      if (name == "*") {
        made.import.default_dim = size_of(size, name);
      } else {
        made.import.dims[name] = size_of(size, name);
      }
    }
  }
  const auto read_shapes = [&](const char* key, std::map<std::string, std::vector<std::int64_t>>& shapes) {
    if (!object.Has(key)) return;
    if (!json[key].is_object()) object.Refuse("has \"" + std::string(key) + "\" that are no object");
    for (const auto& [name, shape] : json[key].items()) {
      if (!shape.is_array()) object.Refuse("has a shape of \"" + Printable(name) + "\" that is no array");
      std::vector<std::int64_t>& sizes = shapes[name];
      for (const ParsedJson& size : shape) sizes.push_back(size_of(size, name));
    }
  };
  read_shapes("inputs", made.import.inputs);
  read_shapes("shapes", made.import.shapes);
  const auto read_texts = [&](const char* key, std::vector<std::string>& texts) {
    if (!object.Has(key)) return;
    for (const ParsedJson& text : object.Array(key)) {
      if (!text.is_string()) object.Refuse("has in \"" + std::string(key) + "\" what is no text");
      texts.push_back(text.get<std::string>());
    }
  };
  read_texts("assume_in_place", made.import.in_place_types);
  read_texts("external", made.import.external);
  if (object.Has("op_rules")) {
    for (const ParsedJson& row : object.Array("op_rules")) {
      const std::string number = std::to_string(made.import.op_rules.size());
      made.import.op_rules.push_back(ReadOpRule(row, place + ": op_rules[" + number + "]"));
    }
  }
  made.import.trust_shapes = object.Flag("trust_shapes");
  const std::string fold = object.Text("fold", "constants");
  made.import.fold_constants = fold != "none";
  made.import.fold_shapes = fold == "shapes";
  const std::int64_t streams = object.Integer("streams", 1);
  if (streams < 1 || streams > StreamOrder::kMostLanes) {
    object.Refuse("has \"streams\" that are no number from 1 to " + std::to_string(StreamOrder::kMostLanes));
  }
  made.import.streams = static_cast<int>(streams);
  made.import.imply_waits = object.Flag("imply_waits");
  return made;
}

void AddAssignment(const PlanFile& file, const Assignment& assignment, Json& head, std::vector<JsonRows>& rows) {
  const Transforms& transforms = assignment.made_with.transforms;
  head["graph_id"] = Hex(assignment.graph_id);
  head["graph_hash"] = Hex(assignment.graph_hash);
  const bool whole = !assignment.spaces.empty();
  if (whole) head["made_with"] = MadeWithJson(assignment.made_with);
  const std::int64_t begin = BeginOf(file, assignment);
  if (!whole) head["begin"] = begin;
  Json names = Json::array();
  for (const TransformName& known : kTransforms) {
    if (transforms.*known.on) names.push_back(known.name);
  }
  if (!names.empty()) head["transforms"] = names;
  if (!names.empty()) head["bounds"] = Json::array();
  for (const TransformStage& stage : file.stages) {
    if (!names.empty()) head["bounds"].push_back({{"stage", stage.name}, {"lower_bound_bytes", stage.bound_bytes}});
  }
  if (file.order_bound_bytes > 0) {
    head["order_lower_bound_bytes"] = file.order_bound_bytes;
    head["order_proven_optimal"] = file.order_proven;
    head["moved_ops"] = file.moved_ops;
  }
  rows.push_back({"order", 0, {}, &assignment.order_ids});
  if (!assignment.launches.empty()) {
    rows.push_back({"launches", assignment.launches.size(), [&](std::size_t i) {
                      const Launch& launch = assignment.launches[i];
                      return Json{{"stream", launch.stream}, {"waits", launch.waits}};
                    }});
  }
  if (!names.empty() || !assignment.vanished_ids.empty()) {
    rows.push_back({"vanished_ops", 0, {}, &assignment.vanished_ids});
  }
  if (whole && file.problem.spaces.empty()) {
    head["required_bytes"] = assignment.spaces[0].required_bytes;
    head["base_alignment"] = assignment.spaces[0].base_alignment;
  }
  if (!names.empty() || !assignment.in_place.empty()) {
    rows.push_back({"in_place", assignment.in_place.size(), [&](std::size_t i) {
                      const InPlaceUse& use = assignment.in_place[i];
                      return Json{{"op", use.op}, {"output", use.output}, {"input", use.input}};
                    }});
  }
  if (names.empty() && EachHasABuffer(file, assignment)) return;
  rows.push_back({"tensors", assignment.tensors.size(),
                  [&file, &assignment, begin](std::size_t i) { return TensorJson(file, assignment, begin, i); }});
}

std::optional<Assignment> ReadAssignment(const ObjectReader& object, const ParsedJson& json, const PlanFile& file,
                                         int last_space) {
  const bool of_graph = object.Has("graph_id") || object.Has("graph_hash");
  std::optional<Assignment> made = AssignmentReader(object, json, file, last_space).Read(of_graph);
  if (!of_graph) made.reset();  // but what it has of an assignment is well-formed all the same
  return made;
}

}  // namespace orionrt
