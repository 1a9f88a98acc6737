#include "io/json.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/checked.hpp"
#include "base/index.hpp"
#include "base/text.hpp"
#include "orionrt/config.hpp"

namespace orionrt {

std::string DumpJson(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

ObjectReader::ObjectReader(const ParsedJson& json, std::string place) : json_(json), place_(std::move(place)) {
  if (!json.is_object()) Refuse("is not an object");
}

void ObjectReader::Refuse(const std::string& what) const { throw Error(ErrorCode::kBadInput, place_ + " " + what); }

const ParsedJson* ObjectReader::Find(const char* key) const {
  constexpr std::pair<std::string_view, const char*> kOldNames[] = {{"space", "pool"}, {"spaces", "pools"}};
  if (const auto found = json_.find(key); found != json_.end()) return &*found;
  for (const auto& [name, old] : kOldNames) {
    if (name != key) continue;
    if (const auto found = json_.find(old); found != json_.end()) return &*found;
  }
  return nullptr;
}

const ParsedJson& ObjectReader::At(const char* key) const {
  const ParsedJson* const found = Find(key);
  if (found == nullptr) Refuse(std::string("has no \"") + key + "\"");
  return *found;
}

std::int64_t ObjectReader::Integer(const char* key) const {
  const ParsedJson& value = At(key);
  const bool too_large =
      value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX);
  if (!value.is_number_integer() || too_large) {
    Refuse(std::string("has a \"") + key + "\" that is not a whole number of 63 bits");
  }
  return value.get<std::int64_t>();
}

std::string ObjectReader::Text(const char* key) const {
  const ParsedJson& value = At(key);
  if (!value.is_string()) Refuse(std::string("has a \"") + key + "\" that is not a string");
  return value.get<std::string>();
}

bool ObjectReader::Flag(const char* key) const {
  if (!Has(key)) return false;
  if (!At(key).is_boolean()) Refuse(std::string("has a \"") + key + "\" that is neither true nor false");
  return At(key).get<bool>();
}

const ParsedJson& ObjectReader::Array(const char* key) const {
  const ParsedJson& value = At(key);
  if (!value.is_array()) Refuse(std::string("has a \"") + key + "\" that is not an array");
  return value;
}

void ObjectReader::ExpectSchema(const char* schema) const {
  const std::string found = Text("schema");
  if (found != schema) Refuse("has schema \"" + Printable(found) + "\" where " + schema + " is read");
}

namespace {

// Where a life begins or ends: a step, or the clock at that index.
Json LifeEnd(const std::vector<std::int64_t>& clocks, int streams, std::size_t index, std::int64_t step) {
  if (streams == 0) return step;
  Json clock = Json::array();
  const auto count = static_cast<std::size_t>(streams);
  for (std::size_t s = 0; s < count; ++s) clock.push_back(clocks[index * count + s]);
  return clock;
}

}  // namespace

Json BufferJson(const Problem& problem, int i, std::int64_t alignment, std::size_t& part) {
  const Buffer& buffer = problem.buffers[At(i)];
  const std::string id = BufferId(problem, i);
  if (!IsUtf8(id)) {
    throw Error(ErrorCode::kUnsupported,
                "buffer " + BufferLabel(problem, i) + ": its id is no UTF-8, which JSON cannot say");
  }
  Json json = Json::object();
  json.get_ref<Json::object_t&>().reserve(10);  // rows are many: keys that follow move none before
  json["id"] = id;
  if (!problem.names.empty()) json["name"] = problem.names[At(i)];
  json["size"] = buffer.size;
  const Clocks& clocks = problem.clocks;
  const auto index = static_cast<std::size_t>(i);
  json["lower"] = LifeEnd(clocks.begins, clocks.streams, index, buffer.lower);
  json["upper"] = LifeEnd(clocks.ends, clocks.streams, index, buffer.upper);
  if (buffer.alignment != alignment) json["alignment"] = buffer.alignment;
  for (; part < problem.parts.size() && problem.parts[part].buffer == i; ++part) {
    const Part& p = problem.parts[part];
    json["parts"].push_back({{"lower", LifeEnd(clocks.part_begins, clocks.streams, part, p.lower)},
                             {"upper", LifeEnd(clocks.part_ends, clocks.streams, part, p.upper)},
                             {"begin", p.begin},
                             {"end", p.end}});
  }
  if (problem.spaces.empty()) return json;
  if (!problem.allowed_spaces.empty() && !problem.allowed_spaces[At(i)].empty())
    json["spaces"] = problem.allowed_spaces[At(i)];
  if (!problem.uses.empty() && problem.uses[At(i)] != 1) json["uses"] = problem.uses[At(i)];
  return json;
}

Json SpaceJson(const Space& space) {
  Json json = {{"name", space.name}};
  if (space.capacity) json["capacity"] = *space.capacity;
  if (space.alignment != 1) json["alignment"] = space.alignment;
  if (space.granularity != 1) json["granularity"] = space.granularity;
  if (space.largest) json["largest"] = *space.largest;
  if (space.cost != kByPosition) json["cost"] = space.cost;
  return json;
}

void ReadSpaces(const ObjectReader& object, Problem& problem) {
  if (object.Has("spaces")) {
    for (const ParsedJson& row : object.Array("spaces")) {
      const ObjectReader reader(row, object.place() + ": spaces[" + std::to_string(problem.spaces.size()) + "]");
      Space space;
      space.name = reader.Text("name");
      space.capacity = reader.IntegerIfAny("capacity");
      space.alignment = reader.Integer("alignment", 1);
      space.granularity = reader.Integer("granularity", 1);
      space.largest = reader.IntegerIfAny("largest");
      space.cost = reader.Integer("cost", kByPosition);
      if (reader.Has("cost") && space.cost < 0) reader.Refuse("has a negative \"cost\"");
      problem.spaces.push_back(std::move(space));
    }
  }
  const auto none = [](const std::vector<int>& spaces) { return spaces.empty(); };
  if (std::all_of(problem.allowed_spaces.begin(), problem.allowed_spaces.end(), none)) problem.allowed_spaces.clear();
  const auto once = [](std::int64_t uses) { return uses == 1; };
  if (std::all_of(problem.uses.begin(), problem.uses.end(), once)) problem.uses.clear();
}

std::int64_t ReadAlignment(const ObjectReader& object) {
  const std::int64_t alignment = object.Integer("alignment", 1);
  if (!IsPowerOfTwo(alignment)) object.Refuse("has an \"alignment\" that is not a power of two");
  return alignment;
}

namespace {

// Of a buffer: whether there are such spaces is for CheckProblem to say.
std::vector<int> ReadSpaceNumbers(const ObjectReader& object) {
  std::vector<int> spaces;
  for (const ParsedJson& space : object.Array("spaces")) {
    const bool fits = space.is_number_unsigned() && space.get<std::uint64_t>() <= static_cast<std::uint64_t>(INT32_MAX);
    if (!fits) object.Refuse("has in \"spaces\" what is no position in the table of spaces");
    spaces.push_back(space.get<int>());
  }
  return spaces;
}

void ReadClock(const ObjectReader& object, const char* key, int streams, std::vector<std::int64_t>& clocks) {
  if (!object.HasArray(key)) object.Refuse(std::string("has a \"") + key + "\" that is no clock, as others are");
  const ParsedJson& array = object.Array(key);
  if (array.size() != static_cast<std::size_t>(streams)) {
    object.Refuse("has clocks of unequal length: \"" + std::string(key) + "\" has " + std::to_string(array.size()) +
                  " numbers, where " + std::to_string(streams) + " streams are");
  }
  for (const ParsedJson& number : array) {
    const bool fits =
        number.is_number_integer() &&
        (!number.is_number_unsigned() || number.get<std::uint64_t>() <= static_cast<std::uint64_t>(INT64_MAX));
    if (!fits) object.Refuse(std::string("has in \"") + key + "\" what is no whole number of 64 bits");
    clocks.push_back(number.get<std::int64_t>());
  }
}

// The keys "lower" and "upper": steps, or clocks, which go to the back of `begins` and `ends`.
void ReadLife(const ObjectReader& object, const Problem& problem, std::int64_t* lower, std::int64_t* upper,
              std::vector<std::int64_t>& begins, std::vector<std::int64_t>& ends) {
  const int streams = problem.clocks.streams;
  if (streams == 0) {
    if (object.HasArray("lower")) object.Refuse("has a clock as \"lower\", where the buffer before it has a step");
    *lower = object.Integer("lower");
    *upper = object.Integer("upper");
    return;
  }
  ReadClock(object, "lower", streams, begins);
  ReadClock(object, "upper", streams, ends);
}

}  // namespace

void ReadBuffer(const ObjectReader& object, std::int64_t alignment, Problem& problem) {
  const int index = static_cast<int>(problem.buffers.size());
  Buffer buffer;
  Clocks& clocks = problem.clocks;
  if (index == 0 && object.HasArray("lower")) {
    const std::size_t streams = object.Array("lower").size();
    if (streams < 2 || streams > static_cast<std::size_t>(kMostStreams)) {
      object.Refuse("has a clock of " + std::to_string(streams) + " streams; there may be 2 to " +
                    std::to_string(kMostStreams));
    }
    clocks.streams = static_cast<int>(streams);
  }
  ReadLife(object, problem, &buffer.lower, &buffer.upper, clocks.begins, clocks.ends);
  buffer.size = object.Integer("size");
  buffer.alignment = object.Integer("alignment", alignment);
  problem.buffers.push_back(buffer);
  problem.ids.push_back(object.Text("id"));
  if (problem.ids.back().empty()) object.Refuse("has an empty \"id\"");
  problem.names.push_back(object.Text("name", ""));
  problem.uses.push_back(object.Integer("uses", 1));
  problem.allowed_spaces.emplace_back();
  if (object.Has("spaces")) problem.allowed_spaces.back() = ReadSpaceNumbers(object);
  if (!object.Has("parts")) return;
  int number = 0;
  for (const ParsedJson& json : object.Array("parts")) {
    const ObjectReader part(json, object.place() + ".parts[" + std::to_string(number++) + "]");
    Part read;
    read.buffer = index;
    ReadLife(part, problem, &read.lower, &read.upper, clocks.part_begins, clocks.part_ends);
    read.begin = part.Integer("begin");
    read.end = part.Integer("end");
    problem.parts.push_back(read);
  }
}

Json ApartJson(const Problem& problem) {
  Json pairs = Json::array();
  for (const auto& [a, b] : problem.apart) pairs.push_back({BufferId(problem, a), BufferId(problem, b)});
  return pairs;
}

void ReadApart(const ObjectReader& object, Problem& problem) {
  if (!object.Has("apart")) return;
  std::unordered_map<std::string, int> index_of;  // looked up, never walked
  for (int i = 0; i < static_cast<int>(problem.ids.size()); ++i)
    index_of.emplace(problem.ids[static_cast<std::size_t>(i)], i);
  for (const ParsedJson& pair : object.Array("apart")) {
    if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string() || !pair[1].is_string()) {
      object.Refuse("has in \"apart\" what is no pair of ids; write [[\"a\", \"b\"]]");
    }
    int indices[2];
    for (std::size_t k = 0; k < 2; ++k) {
      const auto found = index_of.find(pair[k].get<std::string>());
      if (found == index_of.end()) {
        object.Refuse("keeps buffer \"" + Printable(pair[k].get<std::string>()) + "\" apart, which there is not");
      }
      indices[k] = found->second;
    }
    problem.apart.emplace_back(indices[0], indices[1]);
  }
}

void CheckRead(Problem& problem, const std::string& source) {
  try {
    CheckProblem(problem);
    WidenLives(problem);
  } catch (const Error& error) {
    throw Error(error.code(), source + ": " + error.what());
  }
}

}  // namespace orionrt
