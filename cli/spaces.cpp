#include "spaces.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/text.hpp"
#include "orionrt/config.hpp"

namespace orionrt::cli {
namespace {

[[noreturn]] void MisuseSpace(const std::string& text, const std::string& why) {
  throw Error(ErrorCode::kMisuse, "--space \"" + Printable(text) + "\": " + why +
                                      "; write sram=256K, dram=8M:align=64, or flash for one without a limit");
}

std::int64_t ParseSize(const std::string& value, const std::string& whole, const char* what) {
  const auto bytes = ParseBytes(value);
  if (!bytes) MisuseSpace(whole, std::string(what) + " \"" + Printable(value) + "\" is no size");
  return *bytes;
}

std::int64_t ParsePower(const std::string& value, const std::string& whole, const char* what) {
  const std::int64_t bytes = ParseSize(value, whole, what);
  if (bytes == 0 || (bytes & (bytes - 1)) != 0)
    MisuseSpace(whole, std::string(what) + " " + value + " is not a power of two");
  return bytes;
}

std::int64_t ParseCost(const std::string& value, const std::string& whole) {
  const auto cost = ParseInt(value);
  if (!cost || *cost < 0) MisuseSpace(whole, "cost \"" + Printable(value) + "\" is not a whole number >= 0");
  return *cost;
}

struct SpaceKey {
  const char* name;
  void (*set)(Space& space, const std::string& value, const std::string& whole);
};
constexpr SpaceKey kKeys[] = {
    {"align",
     [](Space& space, const std::string& v, const std::string& w) { space.alignment = ParsePower(v, w, "align"); }},
    {"granularity", [](Space& space, const std::string& v,
                       const std::string& w) { space.granularity = ParsePower(v, w, "granularity"); }},
    {"largest",
     [](Space& space, const std::string& v, const std::string& w) { space.largest = ParseSize(v, w, "largest"); }},
    {"cost", [](Space& space, const std::string& v, const std::string& w) { space.cost = ParseCost(v, w); }},
};

// KEY=VALUE
void SetKey(Space& space, const std::string& item, const std::string& whole, std::set<std::string>& seen) {
  const std::size_t at = item.find('=');
  const std::string name = item.substr(0, at);
  std::string known;
  for (const SpaceKey& key : kKeys) {
    known += (known.empty() ? "" : ", ") + std::string(key.name);
    if (name != key.name) continue;
    if (at == std::string::npos) MisuseSpace(whole, "\"" + name + "\" has no value");
    if (!seen.insert(name).second) MisuseSpace(whole, "\"" + name + "\" stands twice");
    return key.set(space, item.substr(at + 1), whole);
  }
  MisuseSpace(whole, "no key \"" + Printable(name) + "\"; there are: " + known);
}

Space ParseSpace(const std::string& text) {
  Space space;
  const std::size_t colon = std::min(text.find(':'), text.size());
  const std::string head = text.substr(0, colon);
  const std::size_t at = std::min(head.find('='), head.size());
  space.name = head.substr(0, at);
  if (space.name.empty() || space.name.find_first_of(",|\" \t\r\n") != std::string::npos ||
      Printable(space.name, 64) != space.name) {
    MisuseSpace(text, "a space needs a name of up to 64 bytes, without blanks, quotes and , |");
  }
  if (at + 1 < head.size()) space.capacity = ParseSize(head.substr(at + 1), text, "capacity");
  std::set<std::string> seen;
  for (std::size_t begin = colon; begin < text.size();) {
    const std::size_t end = std::min(text.find(':', begin + 1), text.size());
    SetKey(space, text.substr(begin + 1, end - begin - 1), text, seen);
    begin = end;
  }
  return space;
}

}  // namespace

std::vector<Space> ParseSpaces(const std::vector<std::string>& texts) {
  std::vector<Space> spaces;
  std::set<std::string> names;
  for (const std::string& text : texts) {
    spaces.push_back(ParseSpace(text));
    if (!names.insert(spaces.back().name).second) MisuseSpace(text, "that name stands twice");
  }
  return spaces;
}

std::string DescribeLadder(const PlanFile& file, const std::vector<Rung>& rungs) {
  std::vector<std::vector<std::string>> rows = {
      {file.problem.spaces[0].name, "spilled_bytes", "spilled_traffic", "spilled", "cost", "cost_bound"}};
  for (const Space& space : file.problem.spaces) rows[0].push_back("peak:" + space.name);
  for (const Rung& rung : rungs) {
    rows.push_back({FormatThousands(rung.capacity)});
    if (!rung.refusal.empty()) continue;
    const SpacePlan& spaces = rung.plan.spaces;
    for (const std::int64_t value :
         {rung.spilled_bytes, rung.spilled_traffic, rung.spilled_buffers, spaces.spill_cost, spaces.spill_cost_bound}) {
      rows.back().push_back(FormatThousands(value));
    }
    for (const SpaceFigures& figures : spaces.figures) rows.back().push_back(FormatThousands(figures.peak_bytes));
  }
  std::vector<std::size_t> widths(rows[0].size(), 0);
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text = PrintablePath(file.source) + ": what more of space " + rows[0][0] + " would buy\n";
  for (std::size_t k = 0; k < rows.size(); ++k) {
    for (std::size_t i = 0; i < rows[k].size(); ++i)
      text += "  " + std::string(widths[i] - rows[k][i].size(), ' ') + rows[k][i];
    const bool refused = k > 0 && !rungs[k - 1].refusal.empty();
    text += (refused ? "  no plan: " + rungs[k - 1].refusal : "") + "\n";
  }
  return text;
}

std::string LadderToJson(const PlanFile& file, const std::vector<Rung>& rungs) {
  using Json = nlohmann::ordered_json;
  Json json = {{"source", file.source}, {"space", file.problem.spaces[0].name}, {"rungs", Json::array()}};
  for (const Rung& rung : rungs) {
    Json row = {{"capacity", rung.capacity}};
    if (!rung.refusal.empty()) {
      row["refusal"] = rung.refusal;
      json["rungs"].push_back(row);
      continue;
    }
    row["spilled_bytes"] = rung.spilled_bytes;
    row["spilled_traffic"] = rung.spilled_traffic;
    row["spilled_buffers"] = rung.spilled_buffers;
    row["spill_cost"] = rung.plan.spaces.spill_cost;
    row["spill_cost_bound"] = rung.plan.spaces.spill_cost_bound;
    for (std::size_t p = 0; p < file.problem.spaces.size(); ++p) {
      row["spaces"].push_back(
          {{"name", file.problem.spaces[p].name}, {"peak_bytes", rung.plan.spaces.figures[p].peak_bytes}});
    }
    json["rungs"].push_back(std::move(row));
  }
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace orionrt::cli
