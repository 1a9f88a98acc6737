// Schema orionrt.problem/1.
#include "io/json.hpp"
#include "orionrt/formats.hpp"

namespace orionrt {
namespace {

constexpr const char* kProblemSchema = "orionrt.problem/1";

}  // namespace

std::string WriteProblemJson(const ProblemFile& file) {
  std::size_t part = 0;
  RowDump dump(Json{{"schema", kProblemSchema}, {"source", file.source}, {"alignment", file.alignment}});
  if (!file.problem.spaces.empty()) {
    dump.Add("spaces", file.problem.spaces.size(), [&](std::size_t p) { return SpaceJson(file.problem.spaces[p]); });
  }
  if (!file.problem.apart.empty()) dump.AddLine("apart", ApartJson(file.problem));
  dump.Add("buffers", file.problem.buffers.size(), [&](std::size_t i) {
    Json json = BufferJson(file.problem, static_cast<int>(i), file.alignment, part);
    const std::int64_t offset = file.problem.buffers[i].fixed_offset;
    if (offset != kFree) json["offset"] = offset;
    return json;
  });
  return dump.Finish();
}

ProblemFile ReadProblemJson(std::string_view text, const std::string& source) {
  const ParsedJson json = ParseJson(text, source);
  const ObjectReader object(json, source + ": the problem");
  object.ExpectSchema(kProblemSchema);
  ProblemFile file;
  file.source = object.Text("source", "");
  file.alignment = ReadAlignment(object);
  for (const ParsedJson& row : object.Array("buffers")) {
    const ObjectReader buffer(row, source + ": buffers[" + std::to_string(file.problem.buffers.size()) + "]");
    ReadBuffer(buffer, file.alignment, file.problem);
    if (!buffer.Has("offset")) continue;
    file.problem.buffers.back().fixed_offset = buffer.Integer("offset");
    if (buffer.Integer("offset") < 0)
      buffer.Refuse("has a negative \"offset\", " + std::to_string(buffer.Integer("offset")));
  }
  ReadSpaces(object, file.problem);
  ReadApart(object, file.problem);
  CheckRead(file.problem, source);
  return file;
}

}  // namespace orionrt
