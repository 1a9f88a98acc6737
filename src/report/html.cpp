// Fills the page of src/report/page: the keys of plans in JSON (docs/formats.md), but for what is said of each buffer,
// op or rectangle, which are columns of figures here: a page of 60,000 tensors has to load at once.
#include <algorithm>
#include <unordered_map>

#include "base/index.hpp"
#include "base/text.hpp"
#include "io/json.hpp"
#include "io/streams_json.hpp"
#include "orionrt/config.hpp"
#include "orionrt/report.hpp"
#include "plan/clocks/stream_plan.hpp"
#include "report/explain_json.hpp"
#include "report/lanes.hpp"
#include "report/page.hpp"
#include "report/plan_words.hpp"
#include "report/shown_graph.hpp"
#include "report/stream_text.hpp"

namespace orionrt {
namespace {

constexpr std::int64_t kMaxExact = std::int64_t{1} << 53;  // the whole numbers that JavaScript holds
constexpr std::size_t kMaxName = 1000;                     // bytes of a name that the page shows

// Every text once, called by its number.
class Strings {
 public:
  int NumberOf(const std::string& text) {
    const auto [place, is_new] = numbers_.emplace(text, static_cast<int>(numbers_.size()));
    if (is_new) texts_.push_back(text);
    return place->second;
  }
  Json Take() { return std::move(texts_); }

 private:
  std::unordered_map<std::string, int> numbers_;
  Json texts_ = Json::array();
};

// [value(0), ..., value(count - 1)].
template <typename Value>
Json Column(std::size_t count, Value value) {
  Json::array_t column;
  column.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t number = value(i);
    if (number > kMaxExact || number < -kMaxExact) {
      throw Error(ErrorCode::kUnsupported, "a page cannot show " + std::to_string(number) +
                                               ": JavaScript holds whole numbers up to 2^53; write .svg or .txt");
    }
    column.emplace_back(number);
  }
  return column;
}

// What every text of the page passes on its way: names are data, and may be of any length.
void MakePrintable(Json& json) {
  if (json.is_string()) json = Printable(json.get_ref<const std::string&>(), kMaxName);
  if (!json.is_structured()) return;
  for (Json& inner : json) MakePrintable(inner);
}

// JSON inside of <script>: there, only "<" could begin a markup. U+2028 and all else beyond ASCII goes out as \u.
std::string InScript(const Json& json) {
  const std::string text = json.dump(-1, ' ', true, Json::error_handler_t::replace);
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (c == '<') {
      out += "\\u003c";
    } else {
      out += c;
    }
  }
  return out;
}

// `file`: of one arena.
Json SpaceOfPage(const Space& space, const PlanFile& file, const ShownGraph& graph, const Metrics& metrics) {
  const Certificate& certificate = file.plan.certificate;
  const std::string stages = SayStages(file);
  Json json = {{"name", space.name},
               {"peak_bytes", metrics.peak_bytes},
               {"lower_bound_bytes", certificate.lower_bound_bytes},
               {"proven_optimal", certificate.proven_optimal},
               {"why", ExplainBound(file, graph.step_names) + (stages.empty() ? "" : " The bound is " + stages + ".")},
               {"metrics", MetricsJson(metrics, true)}};
  if (space.capacity) json["capacity"] = *space.capacity;
  return json;
}

// Who is alive where the most bytes are, by position; the page finds out by itself who is alive elsewhere.
Json ExplanationOfPage(const PlanFile& file, const Explanation& explanation) {
  Json json = {{"heading", WhatIfsHeading(file, explanation)}};
  json.update(ExplanationJson(file, explanation));
  json["peak_step"] = explanation.peak_step;
  json["holders"] = Json::array();
  for (const PeakHolder& holder : explanation.holders) {
    json["holders"].push_back({{"buffer", holder.buffer}, {"bytes", holder.bytes}, {"why", holder.why}});
  }
  if (!json.contains("other_peaks")) return json;
  for (Json& span : json["other_peaks"]) span.erase("holders");
  return json;
}

// What is not where it would best be, the dearest first.
Json SpillsOfPage(const SpacePlan& spaces) {
  std::vector<Spill> spills = spaces.spills;
  std::stable_sort(spills.begin(), spills.end(), [](const Spill& a, const Spill& b) { return a.cost > b.cost; });
  Json json = Json::array();
  for (const Spill& spill : spills) {
    json.push_back({{"buffer", spill.buffer},
                    {"from", spill.from},
                    {"to", spill.to},
                    {"reason", SpillReasonName(spill.reason)},
                    {"step", spill.step},
                    {"room_bytes", spill.room_bytes},
                    {"cost", spill.cost}});
  }
  return json;
}

// What other plans than this one would take on several streams, and what changes hands.
Json StreamsOfPage(const StreamFigures& figures) {
  Json json = StreamsJson(figures);
  if (!figures.hand_overs) return json;
  json["hand_overs"] = figures.hand_overs->size();
  json["handed_over_bytes"] = HandedOverBytes(figures);
  return json;
}

// On several streams: the names of the lanes, and a column for each field of the rectangles in them, in steps of a
// lane.
void AddLanes(Json& json, const ShownGraph& graph) {
  const auto& figures = graph.plans[0].file.streams;
  const Lanes lanes = LanesOf(graph.problem, figures ? &*figures : nullptr);
  if (lanes.lanes.empty()) return;
  std::vector<PlacedRectangle> rectangles;
  std::vector<std::int64_t> lane_of;
  const std::vector<std::int64_t> at_zero(graph.problem.buffers.size(), 0);
  for (std::size_t l = 0; l < lanes.lanes.size(); ++l) {
    json["lanes"].push_back(lanes.lanes[l].name);
    ForEachPlaced(lanes.lanes[l].problem, at_zero, [&](const PlacedRectangle& r) {
      rectangles.push_back(r);
      lane_of.push_back(static_cast<std::int64_t>(l));
    });
  }
  const std::size_t count = rectangles.size();
  json["in_lanes"] = {{"buffer", Column(count, [&](std::size_t i) { return rectangles[i].buffer; })},
                      {"lane", Column(count, [&](std::size_t i) { return lane_of[i]; })},
                      {"lower", Column(count, [&](std::size_t i) { return rectangles[i].lower; })},
                      {"upper", Column(count, [&](std::size_t i) { return rectangles[i].upper; })},
                      {"begin", Column(count, [&](std::size_t i) { return rectangles[i].begin; })},
                      {"end", Column(count, [&](std::size_t i) { return rectangles[i].end; })}};
}

Json PlanOfPage(const ShownGraph& graph, const GraphPlan& shown) {
  const PlanFile& file = shown.file;
  const Plan& plan = file.plan;
  Json json = {{"policy", plan.policy},
               {"time_limited", plan.time_limited},
               {"interrupted", plan.interrupted},
               {"peak_bytes", plan.peak_bytes},
               {"peak_nested_bytes", file.peak_nested_bytes}};
  // The page draws a map a space, of the buffers whose number is in a column "space"; without that one, of all.
  const std::vector<Space>& spaces = graph.problem.spaces;
  if (spaces.empty()) {
    json["spaces"].push_back(SpaceOfPage(Space(), file, graph, MeasurePlan(graph.problem, plan, graph.classes)));
  }
  for (int p = 0; p < static_cast<int>(spaces.size()); ++p) {
    const Metrics metrics = MeasurePlan(graph.problem, plan, graph.classes, p);
    SpaceView view = ViewSpace(graph.problem, plan, p);
    PlanFile within;
    within.problem = std::move(view.problem);
    within.plan = std::move(view.plan);
    json["spaces"].push_back(SpaceOfPage(spaces[At(p)], within, graph, metrics));
  }
  if (file.streams) json["streams"] = StreamsOfPage(*file.streams);
  if (shown.explanation != nullptr) json["explanation"] = ExplanationOfPage(file, *shown.explanation);
  json["offset"] = Column(plan.offsets.size(), [&](std::size_t i) { return plan.offsets[i]; });
  if (spaces.empty()) return json;
  json["spill_cost"] = plan.spaces.spill_cost;
  json["spill_cost_bound"] = plan.spaces.spill_cost_bound;
  json["spills"] = SpillsOfPage(plan.spaces);
  json["space"] = Column(plan.offsets.size(), [&](std::size_t i) { return SpaceOf(plan, static_cast<int>(i)); });
  return json;
}

Json BuffersOfPage(const ShownGraph& graph, Strings& strings) {
  const Problem problem = InOneExecution(graph.problem);  // which figures are of; the map has the lanes
  const std::vector<Buffer>& buffers = problem.buffers;
  const std::size_t count = buffers.size();
  // Of a plan that was read no more is known than the classes.
  const std::vector<BufferInfo>& infos = graph.infos;
  std::vector<int> readers;
  for (const BufferInfo& info : infos) readers.insert(readers.end(), info.readers.begin(), info.readers.end());
  return {
      {"id", Column(count, [&](std::size_t i) { return strings.NumberOf(BufferId(problem, static_cast<int>(i))); })},
      {"name", Column(problem.names.size(), [&](std::size_t i) { return strings.NumberOf(problem.names[i]); })},
      {"size", Column(count, [&](std::size_t i) { return buffers[i].size; })},
      {"lower", Column(count, [&](std::size_t i) { return buffers[i].lower; })},
      {"upper", Column(count, [&](std::size_t i) { return buffers[i].upper; })},
      {"class", Column(graph.classes.size(), [&](std::size_t i) { return static_cast<int>(graph.classes[i]); })},
      {"type", Column(infos.size(), [&](std::size_t i) { return strings.NumberOf(infos[i].type); })},
      {"also", Column(infos.size(), [&](std::size_t i) { return strings.NumberOf(infos[i].also); })},
      {"producer", Column(infos.size(), [&](std::size_t i) { return infos[i].producer; })},
      {"reader_count",
       Column(infos.size(), [&](std::size_t i) { return static_cast<std::int64_t>(infos[i].readers.size()); })},
      {"readers", Column(readers.size(), [&](std::size_t i) { return readers[i]; })}};
}

Json GraphOfPage(const ShownGraph& graph, Strings& strings) {
  const Problem problem = InOneExecution(graph.problem);
  const std::vector<Part>& parts = problem.parts;
  const std::size_t steps = graph.step_names.size(), count = parts.size();
  Json json = {{"name", graph.name},
               {"buffers", BuffersOfPage(graph, strings)},
               {"ops",
                {{"name", Column(steps, [&](std::size_t i) { return strings.NumberOf(graph.step_names[i]); })},
                 {"type", Column(steps, [&](std::size_t i) { return strings.NumberOf(graph.step_types[i]); })}}},
               {"parts",
                {{"buffer", Column(count, [&](std::size_t i) { return parts[i].buffer; })},
                 {"lower", Column(count, [&](std::size_t i) { return parts[i].lower; })},
                 {"upper", Column(count, [&](std::size_t i) { return parts[i].upper; })},
                 {"begin", Column(count, [&](std::size_t i) { return parts[i].begin; })},
                 {"end", Column(count, [&](std::size_t i) { return parts[i].end; })}}}};
  AddLanes(json, graph);
  for (const GraphPlan& plan : graph.plans) json["plans"].push_back(PlanOfPage(graph, plan));
  return json;
}

std::string DataOf(const Report& report) {
  Strings strings;
  const std::optional<Assignment>& assignment = report.plans[0].file.assignment;
  Json json = {{"version", ORIONRT_VERSION},
               {"source", FileNameOf(report)},
               {"dims", DimsOf(report)},
               {"alignment", report.workload.alignment}};
  if (const auto& weights = report.workload.weights) json["weights"] = WeightsJson(*weights);
  if (assignment) json["made_with"] = OptionsOf(assignment->made_with);
  for (const ShownGraph& graph : ShownGraphs(report)) json["graphs"].push_back(GraphOfPage(graph, strings));
  json["strings"] = strings.Take();
  MakePrintable(json);
  return InScript(json);
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
  return Fill(kReportPage, {{"@title@", EscapeHtml(Printable(TitleOf(report), 200))},
                            {"@picture@", WriteReportSvg(report)},
                            {"@data@", DataOf(report)}});
}

}  // namespace orionrt
