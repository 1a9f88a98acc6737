// An Explanation, a certificate and spills in words; the explanation in JSON.
#include <algorithm>
#include <string_view>
#include <utility>

#include "base/index.hpp"
#include "base/text.hpp"
#include "orionrt/config.hpp"
#include "orionrt/report.hpp"
#include "report/explain_json.hpp"
#include "report/plan_words.hpp"
#include "report/stream_text.hpp"

namespace orionrt {
namespace {

constexpr int kLargestShown = 10;  // buffers in a list

std::string StepLabel(std::int64_t step, const std::vector<std::string>& names) {
  const std::string text = "step " + FormatThousands(step);
  const bool named = step >= 0 && step < static_cast<std::int64_t>(names.size()) && !names[At(step)].empty();
  return named ? text + " (" + Printable(names[At(step)], 60) + ")" : text;
}

// A number of bytes, to the right of its column.
std::string BytesColumn(const std::string& bytes) {
  return std::string(bytes.size() < 18 ? 18 - bytes.size() : 0, ' ') + bytes + "  ";
}

// What is said of a buffer: why it is alive, or when.
std::string About(const Problem& problem, int i, const std::vector<std::string>& names,
                  const Explanation& explanation) {
  const auto& holders = explanation.holders;
  const auto why =
      std::find_if(holders.begin(), holders.end(), [i](const PeakHolder& holder) { return holder.buffer == i; });
  if (why != holders.end() && !explanation.op_labels.empty()) return why->why;
  const Buffer& b = problem.buffers[At(i)];
  const Clocks& clocks = problem.clocks;
  if (clocks.streams > 0) {
    return "alive from " + ClockText(clocks.begins, clocks.streams, i) + " to " +
           ClockText(clocks.ends, clocks.streams, i);
  }
  return "alive from " + StepLabel(b.lower, names) + " to " + StepLabel(b.upper - 1, names);
}

// The largest of the witness, a line each.
std::string List(const Problem& problem, const Certificate& certificate, const std::vector<std::string>& names,
                 const Explanation& explanation) {
  std::vector<int> largest = certificate.witness;
  std::stable_sort(largest.begin(), largest.end(),
                   [&](int a, int b) { return problem.buffers[At(a)].size > problem.buffers[At(b)].size; });
  std::string text;
  for (int k = 0; k < static_cast<int>(largest.size()) && k < kLargestShown; ++k) {
    const int i = largest[At(k)];
    text += BytesColumn(FormatThousands(problem.buffers[At(i)].size)) + BufferLabel(problem, i) + ", " +
            About(problem, i, names, explanation) + "\n";
  }
  const int rest = static_cast<int>(largest.size()) - kLargestShown;
  return rest > 0 ? text + "    and " + FormatThousands(rest) + " smaller ones\n" : text;
}

std::string Reason(const PlanFile& file, const std::vector<std::string>& names) {
  const Certificate& certificate = file.plan.certificate;
  const std::string bound = FormatThousands(certificate.lower_bound_bytes) + " bytes";
  const std::string count = FormatThousands(static_cast<std::int64_t>(certificate.witness.size()));
  std::int64_t bytes = 0;
  for (int i : certificate.witness) bytes += file.problem.buffers[At(i)].size;
  switch (certificate.bound_kind) {
    case BoundKind::kLiveBytes: {
      const std::int64_t padding = certificate.lower_bound_bytes - bytes;
      if (file.problem.clocks.streams > 0) {
        return count + (count == "1" ? " buffer needs " : " buffers, none of which is over before another, need ") +
               bound + (padding > 0 ? ", " + FormatThousands(padding) + " of them padding" : "");
      }
      return "At " + StepLabel(certificate.witness_step, names) + " " + count +
             (count == "1" ? " buffer is alive and needs " : " buffers are alive together and need ") + bound +
             (padding > 0 ? ", " + FormatThousands(padding) + " of them padding" : "");
    }
    case BoundKind::kFixedOffset:
      return "A buffer has a fixed offset and ends at " + bound;
    case BoundKind::kBufferSize:
      return "A buffer has " + bound + ", though they are not all alive at any step";
    case BoundKind::kRefutation:
      return "A search tried every way to place " + count + " buffers below " + bound + " (" +
             FormatThousands(certificate.search_nodes) + " nodes) and found none";
  }
  return "";
}

std::string Conclusion(const PlanFile& file) {
  const Plan& plan = file.plan;
  const std::string none =
      file.problem.clocks.streams > 0 ? "So no plan for these streams and waits" : "So no plan for this order of steps";
  const bool searches = plan.policy.rfind("auto", 0) == 0 || plan.policy == "exact";
  if (plan.certificate.proven_optimal) {
    return none + " can be lower than this one: it is optimal.";
  }
  return none + " can be lower than that. This one is " +
         FormatThousands(plan.peak_bytes - plan.certificate.lower_bound_bytes) +
         " bytes higher; whether a better one exists is open. " +
         (searches ? "The effort \"thorough\" searches longer." : "The policy \"auto\" searches for one.");
}

Json HoldersJson(const Problem& problem, const std::vector<PeakHolder>& holders) {
  Json json = Json::array();
  for (const PeakHolder& holder : holders) {
    json.push_back({{"id", BufferId(problem, holder.buffer)}, {"bytes", holder.bytes}, {"why", holder.why}});
  }
  return json;
}

constexpr const char* kNothing = "Nothing needs any bytes.";

std::string PlaceOf(const Explanation& explanation, std::int64_t step) {
  return explanation.op_labels.empty() ? "step " + FormatThousands(step) : explanation.op_labels[At(step)];
}

// "33,554,432 41 "178", 2,097,152 28 "123" and 3 smaller ones".
std::string Largest(const Problem& problem, const std::vector<PeakHolder>& holders) {
  constexpr std::size_t kShown = 3;
  std::string text;
  for (std::size_t k = 0; k < holders.size() && k < kShown; ++k) {
    text += (k > 0 ? ", " : "") + FormatThousands(holders[k].bytes) + " " + BufferLabel(problem, holders[k].buffer);
  }
  const auto rest = static_cast<std::int64_t>(holders.size() - std::min(holders.size(), kShown));
  return text + (rest == 0 ? "" : " and " + FormatThousands(rest) + (rest == 1 ? " smaller one" : " smaller ones"));
}

// The other steps of the peak, a line for each run of them; empty where there are none.
std::string OtherPeaks(const Problem& problem, const std::vector<std::string>& names, const Explanation& explanation) {
  if (explanation.other_peaks.empty()) return "";
  std::int64_t unsaid = explanation.peak_steps - 1;
  std::string text = FormatThousands(unsaid) + (unsaid == 1 ? " other step is" : " other steps are") + " as high as " +
                     StepLabel(explanation.peak_step, names) + ", and all would have to fall:\n";
  for (int k = 0; k < static_cast<int>(explanation.other_peaks.size()) && k < kLargestShown; ++k) {
    const PeakSpan& span = explanation.other_peaks[At(k)];
    const std::int64_t steps = span.last_step - span.first_step + 1;
    text += "    " + StepLabel(span.first_step, names) + (steps > 1 ? " to " + StepLabel(span.last_step, names) : "") +
            ": " + Largest(problem, span.holders) + "\n";
    unsaid -= steps;
  }
  return unsaid > 0 ? text + "    and " + FormatThousands(unsaid) + " more\n" : text;
}

std::string ExplainArena(const PlanFile& file, const std::vector<std::string>& step_names,
                         const Explanation& explanation) {
  const Certificate& certificate = file.plan.certificate;
  if (certificate.witness.empty()) return std::string(kNothing) + "\n";
  return Reason(file, step_names) + ":\n" + List(file.problem, certificate, step_names, explanation) +
         OtherPeaks(file.problem, step_names, explanation) + Conclusion(file) + "\n";
}

std::string ExplainSpaces(const PlanFile& file, const std::vector<std::string>& step_names) {
  std::string text;
  for (int p = 0; p < static_cast<int>(file.problem.spaces.size()); ++p) {
    SpaceView view = ViewSpace(file.problem, file.plan, p);
    PlanFile within;
    within.problem = std::move(view.problem);
    within.plan = std::move(view.plan);
    text +=
        "Space " + file.problem.spaces[At(p)].name + ", with what it holds. " + ExplainArena(within, step_names, {});
  }
  const SpacePlan& spaces = file.plan.spaces;
  if (spaces.spills.empty()) return text + "Every buffer is where it would best be.\n";
  text += "Not where they would best be, at a cost of " + FormatThousands(spaces.spill_cost) +
          " (bytes x uses x cost; " +
          (spaces.spill_cost == spaces.spill_cost_bound
               ? "proven the least"
               : "at least " + FormatThousands(spaces.spill_cost_bound) + " for any plan") +
          "):\n";
  for (const Spill& spill : spaces.spills) text += "  " + ExplainSpill(file, spill, step_names) + "\n";
  return text;
}

}  // namespace

std::string ExplainSpill(const PlanFile& file, const Spill& spill, const std::vector<std::string>& step_names) {
  const Problem& problem = file.problem;
  const std::string from = problem.spaces[At(spill.from)].name;
  const std::int64_t bytes = problem.buffers[At(spill.buffer)].size;
  const std::int64_t uses = problem.uses.empty() ? 1 : problem.uses[At(spill.buffer)];
  const std::string head = BufferLabel(problem, spill.buffer) + " in " + problem.spaces[At(spill.to)].name + ": ";
  const std::string cost = FormatThousands(uses) + (uses == 1 ? " use x " : " uses x ") + FormatBytes(bytes) +
                           ", cost " + FormatThousands(spill.cost);
  switch (spill.reason) {
    case SpillReason::kTooLarge:
      return head + "its " + FormatBytes(bytes) + " are more than " + from + " takes as one buffer, " +
             FormatBytes(spill.room_bytes) + "; " + cost;
    case SpillReason::kNoRoom:
      return head + "needs " + FormatBytes(bytes) + " at " + StepLabel(spill.step, step_names) + ", where " + from +
             " has " + FormatBytes(spill.room_bytes) + " left; cheapest to move: " + cost;
    case SpillReason::kNoHole:
      return head + from + " has room at every step, at least " + FormatBytes(spill.room_bytes) +
             ", but nowhere in one piece; " + cost;
  }
  return head;
}

std::string ExplainPlan(const PlanFile& file, const std::vector<std::string>& step_names,
                        const Explanation& explanation) {
  return file.problem.spaces.empty() ? ExplainArena(file, step_names, explanation) : ExplainSpaces(file, step_names);
}

std::string ExplainBound(const PlanFile& file, const std::vector<std::string>& step_names) {
  return file.plan.certificate.witness.empty() ? kNothing : Reason(file, step_names) + ". " + Conclusion(file);
}

std::string WhatIfsHeading(const PlanFile& file, const Explanation& explanation) {
  if (explanation.holders.empty()) return "";
  if (!file.problem.spaces.empty()) return "What would lower the peak is worked out for one arena only.";
  if (explanation.what_ifs.empty()) return "Nothing that was tried lowers the peak by itself.";
  return "What would lower the peak; each change was made, and the result planned";
}

std::string DescribeWhatIfs(const PlanFile& file, const Explanation& explanation) {
  std::string text = WhatIfsHeading(file, explanation);
  if (!text.empty()) text += explanation.what_ifs.empty() ? "\n" : ":\n";
  for (const WhatIf& what_if : explanation.what_ifs) {
    text += BytesColumn("-" + FormatThousands(what_if.saving_bytes)) + what_if.sentence +
            (what_if.option.empty() ? "" : " (" + what_if.option + ")") + "; then " +
            FormatThousands(what_if.new_peak_bytes);
    if (file.problem.clocks.streams == 0) {
      text += (what_if.next_peak_step == explanation.peak_step ? ", still at " : ", held at ") +
              PlaceOf(explanation, what_if.next_peak_step);
    }
    text += "\n";
  }
  return text + (explanation.more_streams.empty() ? "" : explanation.more_streams + ".\n");
}

Json ExplanationJson(const PlanFile& file, const Explanation& explanation) {
  const bool on_streams = file.problem.clocks.streams > 0;  // which have no common steps
  Json json = Json::object();
  if (!on_streams) json["peak_step"] = explanation.peak_step;
  json["what_ifs"] = Json::array();
  json["holders"] = HoldersJson(file.problem, explanation.holders);
  if (!on_streams) json["peak_steps"] = explanation.peak_steps;
  if (!explanation.other_peaks.empty()) json["other_peaks"] = Json::array();
  for (const PeakSpan& span : explanation.other_peaks) {
    json["other_peaks"].push_back({{"first_step", span.first_step},
                                   {"last_step", span.last_step},
                                   {"holders", HoldersJson(file.problem, span.holders)}});
  }
  for (const WhatIf& what_if : explanation.what_ifs) {
    json["what_ifs"].push_back({{"kind", what_if.kind},
                                {"sentence", what_if.sentence},
                                {"saving_bytes", what_if.saving_bytes},
                                {"new_peak_bytes", what_if.new_peak_bytes}});
    if (!what_if.option.empty()) json["what_ifs"].back()["option"] = what_if.option;
    if (!on_streams) json["what_ifs"].back()["next_peak_step"] = what_if.next_peak_step;
  }
  if (!explanation.more_streams.empty()) json["more_streams"] = explanation.more_streams;
  return json;
}

std::string AddExplanation(std::string plan_json, const PlanFile& file, const Explanation& explanation) {
  constexpr std::string_view kEnd = "\n}\n";
  if (plan_json.size() < kEnd.size() || plan_json.substr(plan_json.size() - kEnd.size()) != kEnd) {
    throw Error(ErrorCode::kMisuse, "an explanation is added to a plan as WritePlanJson gives it");
  }
  plan_json.resize(plan_json.size() - kEnd.size());
  return std::move(plan_json) + ",\n \"explanation\": " + DumpJson(ExplanationJson(file, explanation), -1) + "\n}\n";
}

}  // namespace orionrt
