#include "io/streams_json.hpp"

#include <string>

namespace orionrt {
namespace {

std::int64_t ReadCountedBytes(const ObjectReader& object, const char* key) {
  const std::int64_t value = object.Integer(key);
  if (value < 0) object.Refuse("has a negative \"" + std::string(key) + "\", " + std::to_string(value));
  return value;
}

int ReadNumber(const ObjectReader& object, const char* key) {
  const std::int64_t value = object.Integer(key);
  if (value < 0 || value > INT32_MAX) object.Refuse("has a \"" + std::string(key) + "\" that is no number of one");
  return static_cast<int>(value);
}

// A tensor by its id; left out: the workspace of an op.
int ReadTensor(const ObjectReader& object, const char* key) {
  return object.Has(key) ? ReadNumber(object, key) : kNoTensor;
}

HandOverWait ReadWait(const ObjectReader& wait) {
  return {ReadNumber(wait, "op"), ReadNumber(wait, "waits_for"), ReadNumber(wait, "last_use"),
          ReadNumber(wait, "stream")};
}

HandOver ReadHandOver(const ObjectReader& row) {
  HandOver hand_over{ReadTensor(row, "from"),   ReadTensor(row, "to"),          ReadNumber(row, "op"),
                     ReadNumber(row, "stream"), ReadCountedBytes(row, "bytes"), {}};
  for (const ParsedJson& json : row.Array("waits")) {
    const std::string place = row.place() + ": waits[" + std::to_string(hand_over.waits.size()) + "]";
    hand_over.waits.push_back(ReadWait(ObjectReader(json, place)));
  }
  return hand_over;
}

std::vector<int> ReadLane(const ObjectReader& object, const ParsedJson& json) {
  std::vector<int> lane;
  if (!json.is_array()) object.Refuse("has \"lanes\" that are no lists of streams");
  for (const ParsedJson& stream : json) {
    const bool fits =
        stream.is_number_integer() && stream.get<std::int64_t>() >= 0 && stream.get<std::int64_t>() <= INT32_MAX;
    if (!fits) object.Refuse("has \"lanes\" that are no lists of streams");
    lane.push_back(stream.get<int>());
  }
  return lane;
}

}  // namespace

Json StreamsJson(const StreamFigures& figures) {
  return {{"lanes", figures.lanes},
          {"serial_bytes", figures.serial_bytes},
          {"lanes_bytes", figures.lanes_bytes},
          {"live_bytes", figures.live_bytes}};
}

Json HandOverJson(const HandOver& hand_over) {
  Json json = Json::object();
  if (hand_over.from != kNoTensor) json["from"] = hand_over.from;
  if (hand_over.to != kNoTensor) json["to"] = hand_over.to;
  json["op"] = hand_over.op;
  json["stream"] = hand_over.stream;
  json["bytes"] = hand_over.bytes;
  json["waits"] = Json::array();
  for (const HandOverWait& wait : hand_over.waits) {
    json["waits"].push_back(
        {{"op", wait.op}, {"waits_for", wait.waits_for}, {"last_use", wait.last_use}, {"stream", wait.stream}});
  }
  return json;
}

StreamFigures ReadStreams(const ObjectReader& plan, const ParsedJson& json) {
  const ObjectReader object(json["streams"], plan.place() + ": the streams");
  StreamFigures figures;
  for (const ParsedJson& lane : object.Array("lanes")) figures.lanes.push_back(ReadLane(object, lane));
  figures.serial_bytes = ReadCountedBytes(object, "serial_bytes");
  figures.lanes_bytes = ReadCountedBytes(object, "lanes_bytes");
  figures.live_bytes = ReadCountedBytes(object, "live_bytes");
  return figures;
}

std::vector<HandOver> ReadHandOvers(const ObjectReader& plan) {
  std::vector<HandOver> hand_overs;
  for (const ParsedJson& row : plan.Array("hand_overs")) {
    const std::string place = plan.place() + ": hand_overs[" + std::to_string(hand_overs.size()) + "]";
    hand_overs.push_back(ReadHandOver(ObjectReader(row, place)));
  }
  return hand_overs;
}

}  // namespace orionrt
