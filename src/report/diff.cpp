// DiffPlans: what the bytes alive at two peaks differ by, a cause a buffer; and its words.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <unordered_map>
#include <utility>

#include "base/index.hpp"
#include "base/text.hpp"
#include "base/wide.hpp"
#include "orionrt/report.hpp"
#include "plan/clocks/stream_plan.hpp"
#include "plan/rectangles.hpp"

namespace orionrt {
namespace {

constexpr std::size_t kCausesShown = 20;  // causes in text

// The first step at which the most bytes are alive.
void FindPeak(const std::vector<PlacedRectangle>& rectangles, PlanDiff::Side& side) {
  std::vector<std::pair<std::int64_t, std::int64_t>> changes;  // (step, bytes); at one step, what ends comes first
  for (const PlacedRectangle& r : rectangles) {
    changes.emplace_back(r.lower, r.end - r.begin);
    changes.emplace_back(r.upper, r.begin - r.end);
  }
  std::sort(changes.begin(), changes.end());
  std::int64_t live = 0;
  for (const auto& [step, bytes] : changes) {
    live += bytes;
    if (live <= side.live_bytes) continue;
    side.live_bytes = live;
    side.live_step = step;
  }
}

// What a name stands for in one of the plans.
struct Item {
  std::int64_t bytes = 0;          // its size
  std::int64_t life = 0;           // steps
  std::int64_t bytes_at_peak = 0;  // 0: not alive there
};
using Items = std::map<std::string, Item>;  // by key

// What buffers are matched by, "=" and the name or "#" and the id: names that stand twice in a plan tell nothing apart.
std::vector<std::string> KeysOf(const Problem& problem) {
  std::unordered_map<std::string, int> times;
  for (const std::string& name : problem.names) ++times[name];
  std::vector<std::string> keys;
  for (int i = 0; i < static_cast<int>(problem.buffers.size()); ++i) {
    const bool named = !problem.names.empty() && !problem.names[At(i)].empty() && times[problem.names[At(i)]] == 1;
    keys.push_back(named ? "=" + problem.names[At(i)] : "#" + BufferId(problem, i));
  }
  return keys;
}

std::string LabelOf(const std::string& key) { return key[0] == '=' ? key.substr(1) : key; }

Items ItemsOf(const PlanFile& file, PlanDiff::Side& side) {
  const Problem problem = InOneExecution(file.problem);
  std::vector<PlacedRectangle> rectangles;
  ForEachPlaced(problem, file.plan.offsets, [&](const PlacedRectangle& r) { rectangles.push_back(r); });
  FindPeak(rectangles, side);
  std::vector<std::int64_t> at_peak(problem.buffers.size(), 0);
  for (const PlacedRectangle& r : rectangles) {
    if (r.lower <= side.live_step && side.live_step < r.upper) at_peak[At(r.buffer)] += r.end - r.begin;
  }
  const std::vector<std::string> keys = KeysOf(problem);
  Items items;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const Buffer& b = problem.buffers[i];
    items.emplace(keys[i], Item{b.size, b.upper - b.lower, at_peak[i]});
  }
  return items;
}

PlanDiff::Side SideOf(const PlanFile& file) {
  PlanDiff::Side side;
  side.source = file.source;
  side.peak_bytes = file.plan.peak_bytes;
  side.lower_bound_bytes = file.plan.certificate.lower_bound_bytes;
  side.proven_optimal = file.plan.certificate.proven_optimal;
  side.nested_bytes = file.peak_nested_bytes;
  side.buffers = static_cast<std::int64_t>(file.problem.buffers.size());
  side.streams = file.problem.clocks.streams;
  return side;
}

PeakCause::Kind KindOf(const Item& before, const Item& after) {
  if (before.bytes_at_peak > 0 && after.bytes_at_peak > 0) return PeakCause::Kind::kResized;
  if (after.life > before.life && after.bytes_at_peak > 0) return PeakCause::Kind::kLivesLonger;
  if (after.life < before.life && before.bytes_at_peak > 0) return PeakCause::Kind::kLivesShorter;
  return PeakCause::Kind::kPeakMoved;
}

std::vector<PeakCause> CausesOf(const Items& before, const Items& after) {
  std::vector<PeakCause> causes;
  for (const auto& [key, now] : after) {
    const auto found = before.find(key);
    if (found == before.end()) {
      causes.push_back({PeakCause::Kind::kNew, LabelOf(key), now.bytes_at_peak, now.life, 0, now.bytes});
      continue;
    }
    const Item& then = found->second;
    causes.push_back({KindOf(then, now), LabelOf(key), now.bytes_at_peak - then.bytes_at_peak, now.life - then.life,
                      then.bytes, now.bytes});
  }
  for (const auto& [key, then] : before) {
    if (after.count(key) > 0) continue;
    causes.push_back({PeakCause::Kind::kGone, LabelOf(key), -then.bytes_at_peak, -then.life, then.bytes, 0});
  }
  causes.erase(std::remove_if(causes.begin(), causes.end(), [](const PeakCause& c) { return c.bytes == 0; }),
               causes.end());
  std::stable_sort(causes.begin(), causes.end(), [](const PeakCause& a, const PeakCause& b) {
    return std::make_pair(-std::abs(a.bytes), a.label) < std::make_pair(-std::abs(b.bytes), b.label);
  });
  return causes;
}

std::string StepsText(std::int64_t count) { return FormatThousands(count) + (count == 1 ? " step" : " steps"); }

std::string StepOf(const PlanDiff::Side& side) {
  return "step " + FormatThousands(side.live_step) + (side.streams > 0 ? " of one execution" : "");
}

std::string Signed(std::int64_t bytes) { return (bytes < 0 ? "-" : "+") + FormatBytes(std::abs(bytes)); }

// "+4.5 %"; empty where there was nothing to grow from.
std::string Percent(std::int64_t change, std::int64_t from) {
  if (from <= 0) return "";
  const Wide tenths = (static_cast<Wide>(std::abs(change)) * 1000 + from / 2) / from;
  return std::string(change < 0 ? "-" : "+") + FormatThousands(static_cast<std::int64_t>(tenths / 10)) + "." +
         std::to_string(static_cast<int>(tenths % 10)) + " %";
}

// "+4.5 MiB (+20.0 %)".
std::string Change(std::int64_t change, std::int64_t from) {
  const std::string percent = Percent(change, from);
  return Signed(change) + (percent.empty() ? "" : " (" + percent + ")");
}

// A name in a cell of a Markdown table, as code: no character of it means anything there.
std::string Code(const std::string& name) {
  std::string text;
  for (const char c : Printable(name, 80)) text += c == '`' ? "'" : c == '|' ? "\\|" : std::string(1, c);
  return "`" + text + "`";
}

// What happened to it.
std::string Fate(const PeakCause& cause) {
  switch (cause.kind) {
    case PeakCause::Kind::kNew:
      return "is new";
    case PeakCause::Kind::kGone:
      return "is gone";
    case PeakCause::Kind::kResized:
      if (cause.old_bytes == cause.new_bytes) return cause.bytes > 0 ? "holds more there" : "holds less there";
      return (cause.bytes > 0 ? "grew from " : "shrank from ") + FormatBytes(cause.old_bytes) + " to " +
             FormatBytes(cause.new_bytes);
    case PeakCause::Kind::kLivesLonger:
      return "now lives " + StepsText(cause.steps) + " longer";
    case PeakCause::Kind::kLivesShorter:
      return "now lives " + StepsText(-cause.steps) + " shorter";
    case PeakCause::Kind::kPeakMoved:
      return cause.bytes > 0 ? "is alive where the peak is now" : "is not alive where the peak is now";
  }
  return "";
}

std::string Line(const char* label, std::int64_t before, std::int64_t after) {
  std::string text = "  " + std::string(label);
  text.resize(15, ' ');
  text += FormatBytes(before) + " -> " + FormatBytes(after);
  if (after == before) return text + "  (unchanged)\n";
  const std::string percent = Percent(after - before, before);
  return text + "  (" + (after < before ? "" : "+") + FormatThousands(after - before) + " bytes" +
         (percent.empty() ? "" : ", " + percent) + ")\n";
}

std::string Row(const char* label, std::int64_t before, std::int64_t after) {
  return "| " + std::string(label) + " | " + FormatBytes(before) + " | " + FormatBytes(after) + " | " +
         (after == before ? "" : Change(after - before, before)) + " |\n";
}

}  // namespace

PlanDiff DiffPlans(const PlanFile& before, const PlanFile& after) {
  PlanDiff diff;
  diff.before = SideOf(before);
  diff.after = SideOf(after);
  const Items then = ItemsOf(before, diff.before);
  const Items now = ItemsOf(after, diff.after);
  diff.causes = CausesOf(then, now);
  return diff;
}

std::string DescribeCause(const PeakCause& cause) { return Printable(cause.label, 80) + " " + Fate(cause); }

std::string DescribeDiff(const PlanDiff& diff) {
  std::string text = PrintablePath(diff.before.source) + " -> " + PrintablePath(diff.after.source) + "\n";
  text += Line("peak", diff.before.peak_bytes, diff.after.peak_bytes);
  text += Line("lower bound", diff.before.lower_bound_bytes, diff.after.lower_bound_bytes);
  if (diff.before.nested_bytes != 0 || diff.after.nested_bytes != 0)
    text += Line("nested", diff.before.nested_bytes, diff.after.nested_bytes);
  if (diff.causes.empty() && diff.Packing() == 0) return text + "Nothing that is alive at the peak has changed.\n";
  text += "Most bytes alive: at " + StepOf(diff.before) + ", now at " + StepOf(diff.after) + ". What changed there:\n";
  for (std::size_t i = 0; i < diff.causes.size() && i < kCausesShown; ++i) {
    const std::string bytes = Signed(diff.causes[i].bytes);
    text += std::string(bytes.size() < 12 ? 12 - bytes.size() : 0, ' ') + bytes + "  " + DescribeCause(diff.causes[i]) +
            "\n";
  }
  if (diff.causes.size() > kCausesShown) {
    std::int64_t rest = 0;
    for (std::size_t i = kCausesShown; i < diff.causes.size(); ++i) rest += diff.causes[i].bytes;
    text += "      and " + std::to_string(diff.causes.size() - kCausesShown) + " more, together " + Signed(rest) + "\n";
  }
  if (diff.Packing() != 0) {
    const std::string bytes = Signed(diff.Packing());
    text += std::string(bytes.size() < 12 ? 12 - bytes.size() : 0, ' ') + bytes + "  packing, padding and bodies\n";
  }
  return text;
}

std::string DiffToMarkdown(const PlanDiff& diff) {
  const std::int64_t before = diff.before.peak_bytes + diff.before.nested_bytes;
  const std::int64_t growth = diff.Growth();
  std::string text =
      "### Memory: " + (growth == 0 ? std::string("unchanged, ") + FormatBytes(before) : Change(growth, before)) +
      "\n\n| " + Code(diff.after.source) + " | before | after | change |\n|---|--:|--:|--:|\n";
  text += Row("peak", diff.before.peak_bytes, diff.after.peak_bytes);
  text += Row("lower bound", diff.before.lower_bound_bytes, diff.after.lower_bound_bytes);
  if (diff.before.nested_bytes != 0 || diff.after.nested_bytes != 0)
    text += Row("nested", diff.before.nested_bytes, diff.after.nested_bytes);
  if (diff.causes.empty() && diff.Packing() == 0) return text;
  text += "\n| at the peak | why |\n|--:|---|\n";
  for (std::size_t i = 0; i < diff.causes.size() && i < kCausesShown; ++i) {
    text +=
        "| " + Signed(diff.causes[i].bytes) + " | " + Code(diff.causes[i].label) + " " + Fate(diff.causes[i]) + " |\n";
  }
  if (diff.causes.size() > kCausesShown)
    text += "| | and " + std::to_string(diff.causes.size() - kCausesShown) + " more |\n";
  if (diff.Packing() != 0) text += "| " + Signed(diff.Packing()) + " | packing, padding and bodies |\n";
  return text;
}

}  // namespace orionrt
