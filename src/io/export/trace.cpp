// The Trace TraceEvent Format, as ui.perfetto.dev and chrome://tracing read it
// (docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU; perfetto's importers/json).
//
// Slices on one track must nest (B/E, X), and lives do not: so async events (b/e), each pair with an id of its own.
// Perfetto drops what has a negative time, and an event without an id. It names a counter "<name> <key of args>".
#include <algorithm>
#include <tuple>

#include "base/index.hpp"
#include "io/export/spans.hpp"
#include "io/json.hpp"
#include "orionrt/formats.hpp"

namespace orionrt {
namespace {

enum class Kind { kEnd, kBegin, kLive };  // the order at one time: a counter tells what holds after the others

struct TraceEvent {
  std::int64_t step = 0;
  Kind kind = Kind::kEnd;
  int span = -1;
  std::int64_t live_bytes = 0;
  int space = 0;
};

bool Before(const TraceEvent& a, const TraceEvent& b) {
  return std::tie(a.step, a.kind, a.span) < std::tie(b.step, b.kind, b.span);
}

// Of one space, in order of time, with a counter wherever the bytes alive change.
std::vector<TraceEvent> EventsOf(const std::vector<LivePart>& spans, int space) {
  std::vector<TraceEvent> edges;
  for (int s = 0; s < static_cast<int>(spans.size()); ++s) {
    if (spans[At(s)].space != space) continue;
    edges.push_back({spans[At(s)].lower, Kind::kBegin, s, 0, space});
    edges.push_back({spans[At(s)].upper, Kind::kEnd, s, 0, space});
  }
  std::sort(edges.begin(), edges.end(), Before);
  std::vector<TraceEvent> events;
  std::int64_t live_bytes = 0;
  std::int64_t said = -1;
  for (std::size_t e = 0; e < edges.size(); ++e) {
    const LivePart& span = spans[At(edges[e].span)];
    live_bytes += edges[e].kind == Kind::kBegin ? span.end - span.begin : span.begin - span.end;
    events.push_back(edges[e]);
    const bool is_last_of_step = e + 1 == edges.size() || edges[e + 1].step != edges[e].step;
    if (!is_last_of_step || live_bytes == said) continue;
    events.push_back({edges[e].step, Kind::kLive, -1, live_bytes, space});
    said = live_bytes;
  }
  return events;
}

// What viewers call the process, and show beside its name.
Json Metadata(int pid, const char* what, const char* key, const std::string& text) {
  return {{"name", what}, {"ph", "M"}, {"ts", 0}, {"pid", pid}, {"tid", 1}, {"args", {{key, text}}}};
}

// A process per space.
std::vector<Json> MetadataOf(const PlanFile& file) {
  const std::string source = file.source.empty() ? "plan" : file.source;
  const std::vector<Space>& spaces = file.problem.spaces;
  std::vector<Json> rows;
  for (int p = 0; p < std::max(1, static_cast<int>(spaces.size())); ++p) {
    const std::string arena = spaces.empty() ? "arena" : "space " + spaces[At(p)].name;
    const std::string who = spaces.empty() ? source : source + ": " + spaces[At(p)].name;
    rows.push_back(Metadata(p + 1, "process_name", "name", who + " (" + file.plan.policy + ")"));
    rows.push_back(Metadata(p + 1, "process_labels", "labels", "1 us = 1 step"));
    rows.push_back(Metadata(p + 1, "thread_name", "name", arena));
  }
  return rows;
}

Json EventJson(const PlanFile& file, const std::vector<LivePart>& spans, const TraceEvent& event, std::int64_t origin) {
  const std::int64_t ts = event.step - origin;
  const int pid = event.space + 1;
  if (event.kind == Kind::kLive) {
    return {{"name", "live"}, {"ph", "C"}, {"ts", ts},
            {"pid", pid},     {"tid", 1},  {"args", {{"bytes", event.live_bytes}}}};
  }
  const LivePart& span = spans[At(event.span)];
  const std::string part = span.part < 0 ? "" : "." + std::to_string(span.part);
  Json json = {{"name", DisplayName(file.problem, span.buffer)},
               {"cat", "buffer"},
               {"ph", event.kind == Kind::kBegin ? "b" : "e"},
               {"id", std::to_string(span.buffer) + part},
               {"ts", ts},
               {"pid", pid},
               {"tid", 1}};
  if (event.kind != Kind::kBegin) return json;
  json["args"] = {{"id", BufferId(file.problem, span.buffer)},
                  {"offset", file.plan.offsets[At(span.buffer)]},
                  {"size", file.problem.buffers[At(span.buffer)].size},
                  {"lower", span.lower},
                  {"upper", span.upper}};
  if (span.part < 0) return json;
  json["args"]["begin"] = span.begin - file.plan.offsets[At(span.buffer)];
  json["args"]["end"] = span.end - file.plan.offsets[At(span.buffer)];
  return json;
}

}  // namespace

std::string WriteTrace(const PlanFile& file) {
  RequireValid(file);
  const std::vector<LivePart> spans = SpansOf(file);
  RequireSafeIntegers(file.problem, spans, "trace");
  std::int64_t origin = 0;  // the step at time 0
  for (const LivePart& span : spans) origin = std::min(origin, span.lower);
  std::vector<TraceEvent> events;
  for (int p = 0; p < std::max(1, static_cast<int>(file.problem.spaces.size())); ++p) {
    const std::vector<TraceEvent> more = EventsOf(spans, p);
    events.insert(events.end(), more.begin(), more.end());
  }
  const std::vector<Json> metadata = MetadataOf(file);
  Json about = {{"source", file.source},
                {"policy", file.plan.policy},
                {"peak_bytes", file.plan.peak_bytes},
                {"lower_bound_bytes", file.plan.certificate.lower_bound_bytes},
                {"time", "1 us = 1 step"},
                {"step_at_time_0", origin}};
  if (file.assignment && file.assignment->made_with.transforms.reorder) {
    std::string order;  // as text: viewers show what is no list
    for (const int id : file.assignment->order_ids) order += (order.empty() ? "" : ",") + std::to_string(id);
    about["order_of_ops"] = order;
  }
  RowDump dump(Json{{"displayTimeUnit", "ns"}, {"otherData", std::move(about)}});
  dump.Add("traceEvents", metadata.size() + events.size(), [&](std::size_t i) {
    return i < metadata.size() ? metadata[i] : EventJson(file, spans, events[i - metadata.size()], origin);
  });
  return dump.Finish();
}

}  // namespace orionrt
