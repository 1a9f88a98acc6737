// Fills the page of src/report/page with columns of figures.
#include <algorithm>
#include <unordered_map>

#include "base/text.hpp"
#include "io/json.hpp"
#include "orionrt/config.hpp"
#include "plan/clocks/stream_plan.hpp"
#include "report/describe_plan.hpp"
#include "report/explain.hpp"
#include "report/lanes.hpp"
#include "report/page.hpp"
#include "report/report.hpp"
#include "report/shown_graph.hpp"
#include "report/stream_text.hpp"

namespace orionrt {
namespace {

constexpr std::int64_t kMaxExact = std::int64_t{1} << 53;  // the whole numbers that JavaScript holds
constexpr std::size_t kMaxName = 1000;                     // bytes of a name that the page shows

// JSON inside of <script>: there, only "<" could begin a markup. U+2028 and all else beyond ASCII goes out as \u.
std::string Quoted(const std::string& text) {
  const std::string json =
      Json(Printable(text, kMaxName)).dump(-1, ' ', true, nlohmann::detail::error_handler_t::replace);
  std::string out;
  for (const char c : json) out += c == '<' ? "\\u003c" : std::string(1, c);
  return out;
}

// Every text once, called by its number.
class Strings {
 public:
  int NumberOf(const std::string& text) {
    const auto [place, is_new] = numbers_.emplace(text, static_cast<int>(numbers_.size()));
    if (is_new) json_ += (json_.empty() ? "" : ",\n") + Quoted(text);
    return place->second;
  }
  std::string Json() const { return "[" + json_ + "]"; }

 private:
  std::unordered_map<std::string, int> numbers_;
  std::string json_;
};

// Appends `"key":[value(0),...,value(count - 1)]`.
template <typename Value>
void Column(std::string& out, const char* key, std::size_t count, Value value) {
  out += ",\n\"" + std::string(key) + "\":[";
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t number = value(i);
    if (number > kMaxExact || number < -kMaxExact) {
      throw Error(ErrorCode::kUnsupported, "a page cannot show " + std::to_string(number) +
                                               ": JavaScript holds whole numbers up to 2^53; write .svg or .txt");
    }
    if (i > 0) out += ',';
    out += std::to_string(number);
  }
  out += ']';
}

void Figure(std::string& out, const char* key, std::int64_t value) {
  out += ",\"" + std::string(key) + "\":" + std::to_string(value);
}

std::string MetricsJson(const Metrics& m) {
  std::string out = "{\"peak\":" + std::to_string(m.peak_bytes);
  Figure(out, "noReuse", m.no_reuse_bytes);
  Figure(out, "maxLive", m.max_live_bytes);
  Figure(out, "peakStep", m.peak_step);
  Figure(out, "liveAtPeak", m.live_at_peak_bytes);
  Figure(out, "paddingAtPeak", m.padding_at_peak_bytes);
  Figure(out, "fragmentationAtPeak", m.fragmentation_at_peak_bytes);
  Figure(out, "maxHoles", m.max_holes_bytes);
  Figure(out, "maxHolesStep", m.max_holes_step);
  Figure(out, "meanHoles", m.mean_holes_bytes);
  Figure(out, "utilisationPpm", m.utilisation_ppm);
  out += ",\"classes\":[";
  for (int c = 0; c < kBufferClasses; ++c) {
    out += (c == 0 ? "[" : ",[") + std::to_string(m.classes[c].count) + "," + std::to_string(m.classes[c].bytes) + "," +
           std::to_string(m.classes[c].bytes_at_peak) + "]";
  }
  return out + "]}";
}

// `file`: of one arena.
std::string SpaceJson(const Space& space, const PlanFile& file, const ShownGraph& graph, const Metrics& metrics) {
  const Certificate& certificate = file.plan.certificate;
  std::string out =
      "{\"name\":" + Quoted(space.name) + ",\"proven\":" + (certificate.proven_optimal ? "true" : "false");
  Figure(out, "bound", certificate.lower_bound_bytes);
  if (space.capacity != kUnlimited) Figure(out, "capacity", space.capacity);
  const std::string stages = SayStages(file);
  out += ",\"why\":" +
         Quoted(ExplainBound(file, graph.step_names) + (stages.empty() ? "" : " The bound is " + stages + "."));
  return out + ",\"metrics\":" + MetricsJson(metrics) + "}";
}

// Who is alive where the most bytes are, and what would be otherwise; both the largest first.
void AppendExplanation(std::string& out, const PlanFile& file, const Explanation& explanation, Strings& strings) {
  const std::vector<PeakHolder>& holders = explanation.holders;
  const std::vector<WhatIf>& what_ifs = explanation.what_ifs;
  out += ",\n\"explanation\":{\"heading\":" + Quoted(WhatIfsHeading(file, explanation));
  Figure(out, "step", explanation.peak_step);
  Column(out, "holder", holders.size(), [&](std::size_t i) { return holders[i].buffer; });
  Column(out, "bytes", holders.size(), [&](std::size_t i) { return holders[i].bytes; });
  Column(out, "why", holders.size(), [&](std::size_t i) { return strings.NumberOf(holders[i].why); });
  Column(out, "change", what_ifs.size(), [&](std::size_t i) { return strings.NumberOf(what_ifs[i].sentence); });
  Column(out, "saving", what_ifs.size(), [&](std::size_t i) { return what_ifs[i].saving_bytes; });
  Column(out, "newPeak", what_ifs.size(), [&](std::size_t i) { return what_ifs[i].new_peak_bytes; });
  if (!explanation.more_streams.empty()) out += ",\"moreStreams\":" + Quoted(explanation.more_streams);
  Column(out, "nextStep", what_ifs.size(), [&](std::size_t i) { return what_ifs[i].next_peak_step; });
  out += "}";
}

// What is not where it would best be, seven numbers a spill, the dearest first.
void AppendSpills(std::string& out, const SpacePlan& spaces) {
  std::vector<Spill> spills = spaces.spills;
  std::stable_sort(spills.begin(), spills.end(), [](const Spill& a, const Spill& b) { return a.cost > b.cost; });
  out += ",\n\"spillCost\":" + std::to_string(spaces.spill_cost);
  Figure(out, "spillCostBound", spaces.spill_cost_bound);
  Column(out, "spills", spills.size() * 7, [&](std::size_t k) {
    const Spill& s = spills[k / 7];
    const std::int64_t fields[] = {s.buffer, s.from, s.to, static_cast<int>(s.reason), s.step, s.room_bytes, s.cost};
    return fields[k % 7];
  });
}

// What other plans than this one would take on several streams, and what changes hands.
void AppendStreams(std::string& out, const StreamFigures& figures) {
  out += ",\n\"streams\":{\"serial\":" + std::to_string(figures.serial_bytes);
  Figure(out, "ownLanes", figures.lanes_bytes);
  Figure(out, "live", figures.live_bytes);
  if (figures.hand_overs) {
    Figure(out, "handOvers", static_cast<std::int64_t>(figures.hand_overs->size()));
    Figure(out, "handedOver", HandedOverBytes(figures));
  }
  out += "}";
}

// On several streams: the names of the lanes, and per rectangle in a lane six numbers: the buffer, the lane, its steps
// there, and its bytes.
void AppendLanes(std::string& out, const ShownGraph& graph) {
  const auto& figures = graph.plans[0].file.streams;
  const Lanes lanes = LanesOf(graph.problem, figures ? &*figures : nullptr);
  if (lanes.lanes.empty()) return;
  out += ",\n\"lanes\":[";
  for (const Lane& lane : lanes.lanes) out += (&lane == &lanes.lanes.front() ? "" : ",") + Quoted(lane.name);
  out += "]";
  std::vector<std::int64_t> numbers;
  const std::vector<std::int64_t> at_zero(graph.problem.buffers.size(), 0);
  for (std::size_t l = 0; l < lanes.lanes.size(); ++l) {
    ForEachPlaced(lanes.lanes[l].problem, at_zero, [&](const PlacedRectangle& r) {
      const std::int64_t fields[] = {r.buffer, static_cast<std::int64_t>(l), r.lower, r.upper, r.begin, r.end};
      numbers.insert(numbers.end(), std::begin(fields), std::end(fields));
    });
  }
  Column(out, "inLanes", numbers.size(), [&](std::size_t k) { return numbers[k]; });
}

void AppendPlan(std::string& out, const ShownGraph& graph, const GraphPlan& shown, Strings& strings) {
  const PlanFile& file = shown.file;
  const Plan& plan = file.plan;
  out += "{\"policy\":" + Quoted(plan.policy) + ",\"limited\":" + (plan.time_limited ? "true" : "false") +
         ",\"interrupted\":" + (plan.interrupted ? "true" : "false");
  Figure(out, "nested", file.peak_nested_bytes);
  // The page draws a map a space, of the buffers whose number is in a column "space"; without that one, of all.
  const std::vector<Space>& spaces = graph.problem.spaces;
  out += ",\n\"spaces\":[";
  if (spaces.empty()) out += SpaceJson(Space(), file, graph, MeasurePlan(graph.problem, plan, graph.classes));
  for (int p = 0; p < static_cast<int>(spaces.size()); ++p) {
    const Metrics metrics = MeasurePlan(graph.problem, plan, graph.classes, p);
    SpaceView view = ViewSpace(graph.problem, plan, p);
    PlanFile part;
    part.problem = std::move(view.problem);
    part.plan = std::move(view.plan);
    out += (p > 0 ? "," : "") + SpaceJson(spaces[p], part, graph, metrics);
  }
  out += "]";
  if (file.streams) AppendStreams(out, *file.streams);
  if (shown.explanation != nullptr) AppendExplanation(out, file, *shown.explanation, strings);
  if (!spaces.empty()) {
    AppendSpills(out, plan.spaces);
    Column(out, "space", plan.offsets.size(), [&](std::size_t i) { return SpaceOf(plan, static_cast<int>(i)); });
  }
  Column(out, "offset", plan.offsets.size(), [&](std::size_t i) { return plan.offsets[i]; });
  out += "}";
}

void AppendInfos(std::string& out, const ShownGraph& graph, Strings& strings) {
  // Of a plan that was read no more is known than the classes.
  const std::vector<BufferInfo>& infos =
      graph.infos.empty() ? std::vector<BufferInfo>(graph.classes.size()) : graph.infos;
  Column(out, "kind", graph.classes.size(), [&](std::size_t i) { return static_cast<int>(graph.classes[i]); });
  Column(out, "type", infos.size(), [&](std::size_t i) { return strings.NumberOf(infos[i].type); });
  Column(out, "also", infos.size(), [&](std::size_t i) { return strings.NumberOf(infos[i].also); });
  Column(out, "producer", infos.size(), [&](std::size_t i) { return infos[i].producer; });
  Column(out, "readerCount", infos.size(), [&](std::size_t i) { return infos[i].readers.size(); });
  std::vector<int> readers;
  for (const BufferInfo& info : infos) readers.insert(readers.end(), info.readers.begin(), info.readers.end());
  Column(out, "readers", readers.size(), [&](std::size_t i) { return readers[i]; });
}

void AppendGraph(std::string& out, const ShownGraph& graph, Strings& strings) {
  const Problem problem = InOneExecution(graph.problem);  // which figures are of; the map has the lanes
  const std::size_t count = problem.buffers.size();
  out += "{\"name\":" + Quoted(graph.name);
  Column(out, "lower", count, [&](std::size_t i) { return problem.buffers[i].lower; });
  Column(out, "upper", count, [&](std::size_t i) { return problem.buffers[i].upper; });
  Column(out, "size", count, [&](std::size_t i) { return problem.buffers[i].size; });
  Column(out, "id", count, [&](std::size_t i) { return strings.NumberOf(BufferId(problem, static_cast<int>(i))); });
  Column(out, "label", problem.names.size(), [&](std::size_t i) { return strings.NumberOf(problem.names[i]); });
  Column(out, "steps", graph.step_names.size(), [&](std::size_t i) { return strings.NumberOf(graph.step_names[i]); });
  AppendInfos(out, graph, strings);
  AppendLanes(out, graph);
  Column(out, "parts", problem.parts.size() * 5, [&](std::size_t k) {
    const Part& part = problem.parts[k / 5];
    const std::int64_t fields[] = {part.buffer, part.lower, part.upper, part.begin, part.end};
    return fields[k % 5];
  });
  out += ",\n\"plans\":[";
  for (std::size_t p = 0; p < graph.plans.size(); ++p) {
    out += p > 0 ? "," : "";
    AppendPlan(out, graph, graph.plans[p], strings);
  }
  out += "]}";
}

// The options that the first plan was made with; empty: none.
std::string MadeWithOf(const Report& report) {
  const std::optional<Assignment>& assignment = report.plans[0].file.assignment;
  return assignment ? OptionsOf(assignment->made_with) : "";
}

std::string DataOf(const Report& report) {
  Strings strings;
  std::string out = "{\"version\":\"" ORIONRT_VERSION "\",\"source\":" + Quoted(report.workload.source);
  Figure(out, "alignment", report.workload.alignment);
  if (const auto& weights = report.workload.weights) {
    out += ",\"weights\":{\"needed\":" + std::to_string(weights->needed_bytes) +
           ",\"stored\":" + std::to_string(weights->stored_bytes) + ",\"count\":" + std::to_string(weights->count) +
           "}";
  }
  const std::string made_with = MadeWithOf(report);
  if (!made_with.empty()) out += ",\"made_with\":" + Quoted(made_with);
  out += ",\"graphs\":[";
  const std::vector<ShownGraph> graphs = ShownGraphs(report);
  for (std::size_t g = 0; g < graphs.size(); ++g) {
    out += g > 0 ? "," : "";
    AppendGraph(out, graphs[g], strings);
  }
  return out + "],\n\"strings\":" + strings.Json() + "}";
}

std::string EscapeHtml(const std::string& text) {
  std::string out;
  for (const char c : text) {
    out += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : c == '"' ? "&quot;" : std::string(1, c);
  }
  return out;
}

// Each mark stands in the template once. What is put in is not looked at again: a name may hold a mark.
std::string Fill(const std::string& page, const std::vector<std::pair<std::string, std::string>>& marks) {
  std::string out;
  std::size_t from = 0;
  for (const auto& [mark, text] : marks) {
    const std::size_t at = page.find(mark, from);
    if (at == std::string::npos) throw Error(ErrorCode::kInternal, "the template of reports has no " + mark);
    out.append(page, from, at - from).append(text);
    from = at + mark.size();
  }
  return out.append(page, from, std::string::npos);
}

}  // namespace

std::string WriteReportHtml(const Report& report) {
  return Fill(kReportPage, {{"@title@", EscapeHtml(Printable(report.workload.source, 200))},
                            {"@picture@", WriteReportSvg(report)},
                            {"@data@", DataOf(report)}});
}

}  // namespace orionrt
