// Reads the macros of a header again. It is read a line at a time: WriteCHeader puts each on a line of its own.
#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/text.hpp"
#include "graph/regroup.hpp"
#include "io/assignment_json.hpp"
#include "io/export/c_names.hpp"
#include "orionrt/config.hpp"
#include "orionrt/formats.hpp"

namespace orionrt {
namespace {

class Macros {
 public:
  Macros(std::string_view text, const std::string& source) : source_(source) {
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = std::min(text.find('\n', begin), text.size());
      ReadLine(text.substr(begin, end - begin));
      begin = end + 1;
    }
    if (prefix_.empty() || !Has("ARENA_ALIGNMENT") || !Has("TENSOR_COUNT")) {
      Refuse("is no C header of a plan: orionrt plan MODEL -o plan.h makes one");
    }
    if (!Has("ARENA_BYTES")) Refuse("is over several memories, which check does not read; give the plan in JSON");
  }

  bool Has(const std::string& name) const { return values_.count(prefix_ + "_" + name) != 0; }

  // The value, as it stands; empty where there is none.
  std::string_view Value(const std::string& name) const {
    const auto found = values_.find(prefix_ + "_" + name);
    return found == values_.end() ? std::string_view() : found->second;
  }

  // "123ULL", with or without the suffix.
  std::int64_t Number(const std::string& name) const {
    std::string_view text = Value(name);
    text = text.substr(0, text.find(' '));
    while (!text.empty() && (text.back() == 'U' || text.back() == 'L')) text.remove_suffix(1);
    const auto value = ParseInt(text);
    if (!value || *value < 0) Refuse("has a macro " + Printable(prefix_ + "_" + name) + " that is no number of bytes");
    return *value;
  }

  // "{1, 2}"; none where there is no such macro.
  std::vector<int> List(const std::string& name) const {
    std::vector<int> ids;
    std::string_view text = Value(name);
    if (text.empty()) return ids;
    if (text.front() != '{' || text.back() != '}') Refuse("has a macro " + prefix_ + "_" + name + " that is no list");
    text = text.substr(1, text.size() - 2);
    while (!text.empty()) {
      const std::size_t comma = std::min(text.find(','), text.size());
      std::string_view item = text.substr(0, comma);
      while (!item.empty() && item.front() == ' ') item.remove_prefix(1);
      const auto id = ParseInt(item);
      if (!id || *id < 0 || *id > INT32_MAX) Refuse("has in " + prefix_ + "_" + name + " what is no id");
      ids.push_back(static_cast<int>(*id));
      text.remove_prefix(std::min(comma + 1, text.size()));
    }
    return ids;
  }

  // How many macros begin so.
  std::size_t Count(const std::string& kind) const {
    const std::string begin = prefix_ + "_" + kind + "_";
    return static_cast<std::size_t>(std::count_if(values_.begin(), values_.end(), [&](const auto& macro) {
      return macro.first.compare(0, begin.size(), begin) == 0;
    }));
  }

  [[noreturn]] void Refuse(const std::string& what) const { throw Error(ErrorCode::kBadInput, source_ + ": " + what); }

 private:
  void ReadLine(std::string_view line) {
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    constexpr std::string_view kIncludeGuard = "#ifndef ", kEnd = "_PLAN_H", kDefine = "#define ";
    const bool is_include_guard = line.size() > kIncludeGuard.size() + kEnd.size() &&
                                  line.substr(0, kIncludeGuard.size()) == kIncludeGuard &&
                                  line.substr(line.size() - kEnd.size()) == kEnd;
    if (is_include_guard && prefix_.empty()) {
      prefix_ = line.substr(kIncludeGuard.size(), line.size() - kIncludeGuard.size() - kEnd.size());
    }
    if (line.substr(0, kDefine.size()) != kDefine) return;
    line.remove_prefix(kDefine.size());
    const std::size_t space = line.find(' ');
    if (space != std::string_view::npos) {
      values_.emplace(std::string(line.substr(0, space)), std::string(line.substr(space + 1)));
    }
  }

  const std::string& source_;
  std::string prefix_;
  std::unordered_map<std::string, std::string> values_;  // looked up and counted, in no order
};

// A literal that CString wrote, without its quotes.
std::string Unquoted(const Macros& macros, std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') macros.Refuse("has a MADE_WITH that is no string");
  text = text.substr(1, text.size() - 2);
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto digit = [&](std::size_t k) { return k < text.size() && text[k] >= '0' && text[k] <= '7'; };
    if (text[i] != '\\') {
      out += text[i];
    } else if (digit(i + 1) && digit(i + 2) && digit(i + 3)) {
      out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      macros.Refuse("has a MADE_WITH with an escape that is not octal");
    }
  }
  return out;
}

MadeWith MadeWithOf(const Macros& macros, const std::string& source) {
  if (!macros.Has("MADE_WITH")) return {};
  const std::string text = Unquoted(macros, macros.Value("MADE_WITH"));
  const ParsedJson json = ParseJson(text, source + ": MADE_WITH");
  return ReadMadeWith(json, source + ": MADE_WITH");
}

std::uint64_t GraphIdOf(const Macros& macros, const Graph& graph) {
  const std::string_view text = macros.Value("GRAPH_ID");
  if (text.empty()) return GraphId(graph);  // a header of before does not say
  const bool fits = text.size() == 21 && text.substr(0, 2) == "0x" && text.substr(18) == "ULL" &&
                    text.substr(2, 16).find_first_not_of("0123456789abcdef") == std::string_view::npos;
  if (!fits) macros.Refuse("has a GRAPH_ID that is not 16 hexadecimal digits");
  return std::stoull(std::string(text.substr(2, 16)), nullptr, 16);
}

// All tensors and workspaces of a graph that need bytes, without their places.
Assignment WithoutPlaces(const Graph& graph, std::vector<TensorInBuffer>& tensors,
                         std::vector<std::string>& workspaces) {
  Assignment assignment;
  std::vector<std::pair<int, std::string>> names;  // ids of tensors
  for (const TensorDesc& tensor : graph.tensors()) {
    assignment.tensors.push_back({tensor.id, 0, 0, static_cast<std::int64_t>(tensor.bytes)});
    names.emplace_back(tensor.id, tensor.name);
  }
  const auto by_id = [](const auto& a, const auto& b) { return a.id < b.id; };
  std::sort(assignment.tensors.begin(), assignment.tensors.end(), by_id);
  std::sort(names.begin(), names.end());
  for (auto& [id, name] : names) tensors.push_back({std::move(name), -1});
  std::vector<const OpNode*> ops;
  for (const OpNode& op : graph.ops()) {
    if (op.workspace_bytes > 0) ops.push_back(&op);
  }
  std::sort(ops.begin(), ops.end(), [](const OpNode* a, const OpNode* b) { return a->id < b->id; });
  for (const OpNode* op : ops) {
    assignment.workspaces.push_back({op->id, 0, 0, static_cast<std::int64_t>(op->workspace_bytes)});
    workspaces.push_back("workspace of " + (op->name.empty() ? "op " + std::to_string(op->id) : op->name));
  }
  return assignment;
}

}  // namespace

MadeWith ReadCHeaderMadeWith(std::string_view text, const std::string& source) {
  return MadeWithOf(Macros(text, source), source);
}

Assignment ReadCHeader(std::string_view text, const std::string& source, const Graph& graph) {
  const Macros macros(text, source);
  std::vector<TensorInBuffer> tensors;
  std::vector<std::string> workspace_names;
  Assignment all = WithoutPlaces(graph, tensors, workspace_names);
  const std::vector<std::string> names = UniqueIdentifiers(NamedPlaces(all, tensors, workspace_names));
  Assignment read;
  std::size_t k = 0;
  for (auto* places : {&all.tensors, &all.workspaces}) {
    for (Place place : *places) {
      if (place.bytes > 0) {
        const std::string& name = names[k++];
        if (!macros.Has("OFFSET_" + name)) continue;
        place.offset = macros.Number("OFFSET_" + name);
        if (macros.Has("SIZE_" + name)) place.bytes = macros.Number("SIZE_" + name);
      }
      (places == &all.tensors ? read.tensors : read.workspaces).push_back(place);
    }
  }
  const std::size_t found = static_cast<std::size_t>(
      std::count_if(names.begin(), names.end(), [&](const std::string& name) { return macros.Has("OFFSET_" + name); }));
  if (macros.Count("OFFSET") > found) read.tensors.insert(read.tensors.begin(), Place{-1, 0, 0, 0});
  read.graph_id = GraphIdOf(macros, graph);
  read.order_ids = macros.List("ORDER");
  if (read.order_ids.empty()) {
    for (const OpNode& op : graph.ops()) read.order_ids.push_back(op.id);
  }
  read.vanished_ids = macros.List("VANISHED");
  const std::vector<int> in_place = macros.List("IN_PLACE");
  const std::unordered_set<int> stated(in_place.begin(), in_place.end());
  for (const InPlaceUse& use : FindInPlace(graph, read)) {
    if (stated.count(use.op) != 0) read.in_place.push_back(use);
  }
  read.spaces.push_back({"", macros.Number("ARENA_BYTES"), macros.Number("ARENA_ALIGNMENT")});
  read.made_with = MadeWithOf(macros, source);
  return read;
}

std::vector<std::int64_t> ReadCHeaderOffsets(std::string_view text, const std::string& source, const Problem& problem) {
  const Macros macros(text, source);
  std::vector<std::int64_t> offsets;
  for (const std::string& name : UniqueIdentifiers(problem)) {
    offsets.push_back(macros.Has("OFFSET_" + name) ? macros.Number("OFFSET_" + name) : kFree);
  }
  return offsets;
}

}  // namespace orionrt
