// Assignments as bytes: docs/binary.md. What a file must be is said once, by orionrt_plan.h, which checks what is read
// here, and what is written.
#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "base/text.hpp"
#include "orionrt/assignment.hpp"
#include "orionrt/config.hpp"
#include "orionrt/orionrt_plan.h"

namespace orionrt {
namespace {

constexpr std::uint32_t kMinor = 0;
constexpr std::size_t kHeaderBytes = 24, kSectionBytes = 16;
constexpr std::uint32_t kStrides[ORIONRT_IMAGE_KINDS] = {0, 4, 4, 12, 12, 24, 24, 88, 24, 4, 1};
constexpr int kDeepestBody = 100;  // bodies within bodies; what is deeper is no model

class ByteWriter {
 public:
  void U32(std::uint32_t value) {
    for (int shift = 0; shift < 32; shift += 8) bytes_.push_back(static_cast<char>((value >> shift) & 0xFF));
  }
  void U64(std::uint64_t value) {
    U32(static_cast<std::uint32_t>(value));
    U32(static_cast<std::uint32_t>(value >> 32));
  }
  void Int(int value) { U32(static_cast<std::uint32_t>(value)); }
  void Bytes(std::int64_t value) { U64(static_cast<std::uint64_t>(value)); }
  void Text(const std::string& text) { bytes_ += text; }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

[[noreturn]] void RefuseToWrite(const std::string& why) {
  throw Error(ErrorCode::kBadInput, "the assignment cannot be written in binary: " + why);
}

std::uint32_t Count32(std::size_t count) {
  if (count >= std::numeric_limits<std::uint32_t>::max()) RefuseToWrite("it takes more than 32 bits count");
  return static_cast<std::uint32_t>(count);
}

// By bit, for ever.
std::array<bool*, 8> FlagsOf(MadeWith& made) {
  Transforms& on = made.transforms;
  ImportOptions& import = made.import;
  return {&on.views,           &on.colocate,        &on.in_place,        &on.reorder, &import.fold_constants,
          &import.fold_shapes, &import.imply_waits, &import.trust_shapes};
}

void AddSizedText(ByteWriter& out, const std::string& text) {
  out.U32(Count32(text.size()));
  out.Text(text);
}

// Behind all else, and only where there are any: readers of before stop short of them.
void AddOpRules(ByteWriter& out, const std::vector<OpRule>& rules) {
  out.U32(Count32(rules.size()));
  for (const OpRule& rule : rules) {
    AddSizedText(out, rule.domain);
    AddSizedText(out, rule.op);
    AddSizedText(out, rule.workspace_bytes);
    out.Bytes(static_cast<std::int64_t>(rule.workspace_alignment));
    out.U32(rule.has_effects ? 1 : 0);
    out.U32(Count32(rule.inputs.size()));
    for (const std::string& name : rule.inputs) AddSizedText(out, name);
    out.U32(Count32(rule.attributes.size()));
    for (const auto& [name, values] : rule.attributes) {
      AddSizedText(out, name);
      out.U32(Count32(values.size()));
      for (const std::int64_t value : values) out.Bytes(value);
    }
    out.U32(Count32(rule.outputs.size()));
    for (const OpRule::Output& output : rule.outputs) {
      AddSizedText(out, output.dtype);
      out.U32(Count32(output.shape.size()));
      for (const std::string& dim : output.shape) AddSizedText(out, dim);
    }
    out.U32(Count32(rule.aliases.size()));
    for (const Alias& alias : rule.aliases) {
      out.Int(static_cast<int>(alias.kind));
      out.Int(alias.output);
      out.Int(alias.input);
      out.Bytes(static_cast<std::int64_t>(alias.offset));
    }
  }
}

std::string MadeBytes(MadeWith made) {
  ByteWriter out;
  std::uint32_t flags = 0, bit = 1;
  for (const bool* const flag : FlagsOf(made)) {
    flags |= *flag ? bit : 0;
    bit <<= 1;
  }
  out.U32(flags);
  out.Int(made.import.streams);
  out.Bytes(made.alignment);
  AddSizedText(out, made.version);
  AddSizedText(out, made.policy);
  out.Bytes(made.import.default_dim.value_or(-1));
  out.U32(Count32(made.import.dims.size()));
  for (const auto& [name, size] : made.import.dims) {
    AddSizedText(out, name);
    out.Bytes(size);
  }
  for (const auto* shapes : {&made.import.inputs, &made.import.shapes}) {
    out.U32(Count32(shapes->size()));
    for (const auto& [name, shape] : *shapes) {
      AddSizedText(out, name);
      out.U32(Count32(shape.size()));
      for (const std::int64_t size : shape) out.Bytes(size);
    }
  }
  for (const auto* names : {&made.import.in_place_types, &made.import.external}) {
    out.U32(Count32(names->size()));
    for (const std::string& name : *names) AddSizedText(out, name);
  }
  if (!made.import.op_rules.empty()) AddOpRules(out, made.import.op_rules);
  return out.bytes();
}

// Sections grow side by side, a graph at a time.
class AssignmentWriter {
 public:
  std::string Write(const Assignment& whole) {
    if (whole.graph_id == 0) RefuseToWrite("it is of a file of before; complete it by its graph (CompleteAssignment)");
    if (whole.spaces.empty()) RefuseToWrite("it has no space");
    for (const AssignedSpace& space : whole.spaces) {
      AddReference(ORIONRT_IMAGE_SPACES, space.name);
      Of(ORIONRT_IMAGE_SPACES).Bytes(space.required_bytes);
      Of(ORIONRT_IMAGE_SPACES).Bytes(space.base_alignment);
    }
    AddGraph(whole, ORIONRT_IMAGE_NONE, 0, "", 0);
    return Join();
  }

 private:
  ByteWriter& Of(int kind) { return sections_[kind]; }
  std::uint32_t CountOf(int kind) { return Count32(Of(kind).bytes().size() / kStrides[kind]); }

  void AddReference(int kind, const std::string& text) {
    Of(kind).U32(CountOf(ORIONRT_IMAGE_TEXT));
    Of(kind).U32(Count32(text.size()));
    Of(ORIONRT_IMAGE_TEXT).Text(text);
  }

  void AddGraph(const Assignment& graph, std::uint32_t parent, int op_id, const std::string& attribute, int depth) {
    if (depth > kDeepestBody) RefuseToWrite("its bodies are nested too deep");
    if (depth > 0 && !graph.spaces.empty()) RefuseToWrite("a body has spaces of its own");
    const std::uint32_t number = CountOf(ORIONRT_IMAGE_GRAPHS);
    ByteWriter& head = Of(ORIONRT_IMAGE_GRAPHS);
    head.U32(parent);
    head.Int(op_id);
    AddReference(ORIONRT_IMAGE_GRAPHS, attribute);
    head.U64(graph.graph_id);
    head.U64(graph.graph_hash);
    AddReference(ORIONRT_IMAGE_GRAPHS, MadeBytes(graph.made_with));
    std::uint32_t begins[ORIONRT_IMAGE_GRAPHS];
    for (int kind = ORIONRT_IMAGE_ORDER; kind < ORIONRT_IMAGE_GRAPHS; ++kind) begins[kind] = CountOf(kind);
    AddLists(graph);
    for (int kind = ORIONRT_IMAGE_ORDER; kind < ORIONRT_IMAGE_GRAPHS; ++kind) {
      head.U32(begins[kind]);
      head.U32(CountOf(kind) - begins[kind]);
    }
    for (const BodyAssignment& body : graph.bodies) {
      AddGraph(body.assignment, number, body.op_id, body.attribute, depth + 1);
    }
  }

  void AddLists(const Assignment& graph) {
    for (const int id : graph.order_ids) Of(ORIONRT_IMAGE_ORDER).Int(id);
    for (const int id : graph.vanished_ids) Of(ORIONRT_IMAGE_VANISHED).Int(id);
    for (const InPlaceUse& use : graph.in_place) {
      for (const int id : {use.op, use.output, use.input}) Of(ORIONRT_IMAGE_IN_PLACE).Int(id);
    }
    for (const Launch& launch : graph.launches) {
      Of(ORIONRT_IMAGE_LAUNCHES).Int(launch.stream);
      Of(ORIONRT_IMAGE_LAUNCHES).U32(CountOf(ORIONRT_IMAGE_WAITS));
      Of(ORIONRT_IMAGE_LAUNCHES).U32(Count32(launch.waits.size()));
      for (const int id : launch.waits) Of(ORIONRT_IMAGE_WAITS).Int(id);
    }
    AddPlaces(ORIONRT_IMAGE_TENSORS, graph.tensors);
    AddPlaces(ORIONRT_IMAGE_WORKSPACES, graph.workspaces);
  }

  void AddPlaces(int kind, const std::vector<Place>& places) {
    for (const Place& place : places) {
      Of(kind).Int(place.id);
      Of(kind).Int(place.space);  // kExternal: all bits set
      Of(kind).Bytes(place.offset);
      Of(kind).Bytes(place.bytes);
    }
  }

  std::string Join() {
    constexpr int kSections = ORIONRT_IMAGE_KINDS - 1;
    ByteWriter table, body;
    std::size_t begin = kHeaderBytes + kSectionBytes * kSections;
    table.U32(kSections);
    for (int kind = 1; kind <= kSections; ++kind) {
      for (const std::uint32_t field :
           {static_cast<std::uint32_t>(kind), kStrides[kind], CountOf(kind), Count32(begin)}) {
        table.U32(field);
      }
      begin += Of(kind).bytes().size();
      body.Text(Of(kind).bytes());
    }
    ByteWriter checked;
    checked.U32(ORIONRT_IMAGE_MAJOR | kMinor << 16);
    checked.U32(Count32(begin));
    checked.Text(table.bytes());
    checked.Text(body.bytes());
    ByteWriter file;
    file.Text({"ORTPLAN\0", 8});
    file.U32(orionrt_image_sum(reinterpret_cast<const std::uint8_t*>(checked.bytes().data()), checked.bytes().size()));
    file.Text(checked.bytes());
    return file.bytes();
  }

  ByteWriter sections_[ORIONRT_IMAGE_KINDS];
};

struct StatusText {
  orionrt_image_status status;
  ErrorCode code;
  const char* text;
};
constexpr StatusText kRefusals[] = {
    {ORIONRT_IMAGE_NO_PLAN, ErrorCode::kBadInput, "is no binary plan; orionrt plan MODEL -o plan.bin writes one"},
    {ORIONRT_IMAGE_VERSION, ErrorCode::kUnsupported,
     "is of another major version than 1; plan again with this OrionRT, or read it with a later one"},
    {ORIONRT_IMAGE_CUT, ErrorCode::kBadInput, "is not as long as it says; copy it whole"},
    {ORIONRT_IMAGE_DAMAGED, ErrorCode::kBadInput, "is damaged: its checksum differs; copy or plan it again"},
};

// Reads on, within a slice whose bounds have been checked.
class ByteReader {
 public:
  ByteReader(const orionrt_image_rows& bytes, const std::string& source) : bytes_(bytes), source_(source) {}

  const std::uint8_t* Take(std::size_t count) {
    if (count > bytes_.count - at_) Refuse();
    at_ += count;
    return bytes_.first + (at_ - count);
  }
  std::uint32_t U32() { return orionrt_image_u32(Take(4)); }
  std::int64_t Bytes() { return static_cast<std::int64_t>(orionrt_image_u64(Take(8))); }
  std::string Text() {
    const std::uint32_t size = U32();
    return {reinterpret_cast<const char*>(Take(size)), size};
  }
  bool IsAtEnd() const { return at_ == bytes_.count; }
  [[noreturn]] void Refuse() const {
    throw Error(ErrorCode::kBadInput, source_ + ": is malformed in what it says of how it was made; plan again");
  }

 private:
  const orionrt_image_rows bytes_;
  const std::string& source_;
  std::size_t at_ = 0;
};

void ReadOpRules(ByteReader& in, std::vector<OpRule>& rules) {
  for (std::uint32_t left = in.U32(); left > 0; --left) {
    OpRule& rule = rules.emplace_back();
    rule.place = "the plan: op_rules[" + std::to_string(rules.size() - 1) + "]";
    rule.domain = in.Text();
    rule.op = in.Text();
    rule.workspace_bytes = in.Text();
    rule.workspace_alignment = static_cast<std::size_t>(in.Bytes());
    rule.has_effects = in.U32() != 0;
    for (std::uint32_t names = in.U32(); names > 0; --names) rule.inputs.push_back(in.Text());
    for (std::uint32_t attributes = in.U32(); attributes > 0; --attributes) {
      std::vector<std::int64_t>& values = rule.attributes[in.Text()];
      for (std::uint32_t count = in.U32(); count > 0; --count) values.push_back(in.Bytes());
    }
    for (std::uint32_t outputs = in.U32(); outputs > 0; --outputs) {
      OpRule::Output& output = rule.outputs.emplace_back();
      output.dtype = in.Text();
      for (std::uint32_t rank = in.U32(); rank > 0; --rank) output.shape.push_back(in.Text());
    }
    for (std::uint32_t aliases = in.U32(); aliases > 0; --aliases) {
      Alias& alias = rule.aliases.emplace_back();
      const std::uint32_t kind = in.U32(), output = in.U32(), input = in.U32();
      const std::int64_t offset = in.Bytes();
      constexpr std::uint32_t kMost = std::numeric_limits<int>::max();
      if (kind > static_cast<std::uint32_t>(AliasKind::kReadsFirst) || output > kMost || input > kMost || offset < 0) {
        in.Refuse();
      }
      alias = {static_cast<AliasKind>(kind), static_cast<int>(output), static_cast<int>(input),
               static_cast<std::size_t>(offset)};
    }
  }
}

MadeWith ReadMade(ByteReader in) {
  MadeWith made;
  std::uint32_t flags = in.U32();
  for (bool* const flag : FlagsOf(made)) {
    *flag = (flags & 1) != 0;
    flags >>= 1;
  }
  const std::uint32_t streams = in.U32();
  if (streams < 1 || streams > static_cast<std::uint32_t>(kMostStreams)) in.Refuse();
  made.import.streams = static_cast<int>(streams);
  made.alignment = in.Bytes();
  made.version = in.Text();
  made.policy = in.Text();
  const std::int64_t default_dim = in.Bytes();
  if (default_dim >= 0) made.import.default_dim = default_dim;
  for (std::uint32_t left = in.U32(); left > 0; --left) {
    const std::string name = in.Text();
    made.import.dims[name] = in.Bytes();
  }
  for (auto* shapes : {&made.import.inputs, &made.import.shapes}) {
    for (std::uint32_t left = in.U32(); left > 0; --left) {
      std::vector<std::int64_t>& shape = (*shapes)[in.Text()];
      for (std::uint32_t rank = in.U32(); rank > 0; --rank) shape.push_back(in.Bytes());
    }
  }
  for (auto* names : {&made.import.in_place_types, &made.import.external}) {
    for (std::uint32_t left = in.U32(); left > 0; --left) names->push_back(in.Text());
  }
  if (!in.IsAtEnd()) ReadOpRules(in, made.import.op_rules);
  return made;
}

class AssignmentReader {
 public:
  AssignmentReader(std::string_view bytes, const std::string& source) : source_(source) {
    const orionrt_image_status status = orionrt_image_open(&image_, bytes.data(), bytes.size());
    if (status == ORIONRT_IMAGE_OK) return;
    for (const StatusText& row : kRefusals) {
      if (row.status == status) throw Error(row.code, source + ": " + row.text);
    }
    throw Error(ErrorCode::kBadInput, source + ": is malformed: a count, id, range or offset is none that a plan has");
  }

  // Bodies stand behind what they are bodies of: taken from the last to the first, each is whole when it is moved.
  Assignment Read() {
    const orionrt_image_rows& graphs = image_.all[ORIONRT_IMAGE_GRAPHS];
    std::vector<Assignment> read(graphs.count);
    std::vector<int> depths(graphs.count, 0);
    for (std::uint32_t i = 0; i < graphs.count; ++i) {
      if (i > 0) depths[i] = depths[orionrt_image_number(&graphs, i)] + 1;
      if (depths[i] > kDeepestBody) throw Error(ErrorCode::kBadInput, source_ + ": its bodies are nested too deep");
      read[i] = ReadGraph(i);
    }
    for (std::uint32_t i = graphs.count; i-- > 0;) {
      std::reverse(read[i].bodies.begin(), read[i].bodies.end());
      if (i == 0) break;
      const std::uint8_t* const at = orionrt_image_row(&graphs, i);
      read[orionrt_image_u32(at)].bodies.push_back(
          {static_cast<int>(orionrt_image_u32(at + 4)), TextAt(at + 8), std::move(read[i])});
    }
    for (std::uint32_t i = 0; i < image_.all[ORIONRT_IMAGE_SPACES].count; ++i) {
      const std::uint8_t* const at = orionrt_image_row(&image_.all[ORIONRT_IMAGE_SPACES], i);
      read[0].spaces.push_back({TextAt(at), static_cast<std::int64_t>(orionrt_image_u64(at + 8)),
                                static_cast<std::int64_t>(orionrt_image_u64(at + 16))});
    }
    return std::move(read[0]);
  }

 private:
  orionrt_image_rows Slice(const std::uint8_t* at) const {
    orionrt_image_rows text = {};
    (void)orionrt_image_slice(&image_.all[ORIONRT_IMAGE_TEXT], at, &text);
    return text;
  }
  std::string TextAt(const std::uint8_t* at) const {
    const orionrt_image_rows text = Slice(at);
    return {reinterpret_cast<const char*>(text.first), text.count};
  }
  int Id(orionrt_image_kind kind, std::uint32_t position, int field = 0) const {
    return static_cast<int>(orionrt_image_at(&image_, kind, position, static_cast<orionrt_image_field>(field)));
  }
  std::vector<int> Ids(orionrt_image_kind kind) const {
    std::vector<int> ids;
    for (std::uint32_t i = 0; i < orionrt_image_count(&image_, kind); ++i) ids.push_back(Id(kind, i));
    return ids;
  }
  std::vector<Place> Places(orionrt_image_kind kind) const {
    std::vector<Place> places;
    for (std::uint32_t i = 0; i < orionrt_image_count(&image_, kind); ++i) {
      places.push_back({Id(kind, i), Id(kind, i, ORIONRT_IMAGE_SPACE),
                        static_cast<std::int64_t>(orionrt_image_wide(&image_, kind, i, ORIONRT_IMAGE_OFFSET)),
                        static_cast<std::int64_t>(orionrt_image_wide(&image_, kind, i, ORIONRT_IMAGE_BYTES))});
    }
    return places;
  }

  Assignment ReadGraph(std::uint32_t number) {
    (void)orionrt_image_take(&image_, number);
    const std::uint8_t* const at = orionrt_image_row(&image_.all[ORIONRT_IMAGE_GRAPHS], number);
    Assignment graph;
    graph.graph_id = image_.graph_id;
    graph.graph_hash = orionrt_image_u64(at + 24);
    graph.made_with = ReadMade(ByteReader(Slice(at + 32), source_));
    graph.order_ids = Ids(ORIONRT_IMAGE_ORDER);
    graph.vanished_ids = Ids(ORIONRT_IMAGE_VANISHED);
    for (std::uint32_t i = 0; i < orionrt_image_count(&image_, ORIONRT_IMAGE_IN_PLACE); ++i) {
      graph.in_place.push_back({Id(ORIONRT_IMAGE_IN_PLACE, i), Id(ORIONRT_IMAGE_IN_PLACE, i, ORIONRT_IMAGE_OUTPUT),
                                Id(ORIONRT_IMAGE_IN_PLACE, i, ORIONRT_IMAGE_INPUT)});
    }
    for (std::uint32_t i = 0; i < orionrt_image_count(&image_, ORIONRT_IMAGE_LAUNCHES); ++i) {
      graph.launches.push_back({Id(ORIONRT_IMAGE_LAUNCHES, i), {}});
      for (std::uint32_t k = 0; orionrt_image_wait(&image_, i, k) != ORIONRT_IMAGE_NONE; ++k) {
        graph.launches.back().waits.push_back(static_cast<int>(orionrt_image_wait(&image_, i, k)));
      }
    }
    graph.tensors = Places(ORIONRT_IMAGE_TENSORS);
    graph.workspaces = Places(ORIONRT_IMAGE_WORKSPACES);
    return graph;
  }

  const std::string& source_;
  orionrt_image image_;
};

}  // namespace

std::string WriteAssignmentBinary(const Assignment& assignment) {
  std::string bytes = AssignmentWriter().Write(assignment);
  try {
    (void)AssignmentReader(bytes, "the bytes");
  } catch (const Error&) {
    RefuseToWrite(
        "an id or an offset is negative, places do not ascend by id or end past their space, or streams are "
        "stated for another number of ops; judge it by CheckAssignment");
  }
  return bytes;
}

Assignment ReadAssignmentBinary(std::string_view bytes, const std::string& source) {
  return AssignmentReader(bytes, source).Read();
}

}  // namespace orionrt
