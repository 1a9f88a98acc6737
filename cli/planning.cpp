#include "planning.hpp"

#include <algorithm>
#include <cstdio>

#include "base/suggest.hpp"
#include "base/text.hpp"
#include "colour.hpp"
#include "orionrt/config.hpp"
#include "orionrt/plan.hpp"
#include "output.hpp"
#include "progress.hpp"

namespace orionrt::cli {
namespace {

Effort ParseEffort(const std::string& text) {
  if (text == "fast") return Effort::kFast;
  if (text == "balanced") return Effort::kBalanced;
  if (text == "thorough") return Effort::kThorough;
  Misuse("--effort \"" + Printable(text) + "\" is unknown; there are: fast, balanced, thorough");
}

std::string PolicyHelp() {
  std::string help = "How to plan (default: auto):";
  for (const Policy& policy : Policies()) help += "\n" + policy.name + ": " + policy.help;
  return help;
}

// Or any of its bodies.
bool WasInterrupted(const PlannedWorkload& planned) {
  return planned.plan.interrupted || std::any_of(planned.bodies.begin(), planned.bodies.end(), WasInterrupted);
}

}  // namespace

ReusePlanner PlannerNamed(const std::string& name) {
  std::vector<std::string> known;
  for (const Policy& policy : Policies()) known.push_back(policy.name);
  const std::string meant = name.empty() ? "" : DidYouMean(name, known);
  const bool is_known = std::find(known.begin(), known.end(), name) != known.end();
  if (is_known || meant.empty()) return ReusePlanner(name);  // which says what there is
  Misuse("unknown policy \"" + Printable(name) + "\"" + meant);
}

void AddPlanningOptions(OptionTable& table, PlanningOptions& options, const char* policy_help) {
  table.push_back({"--policy", &options.policy, PolicyHelp() + policy_help, "NAME"});
  table.push_back({"--effort", &options.effort, "How long to search (default: balanced)", "fast|balanced|thorough"});
  table.push_back(
      {"--capacity", &options.capacity, "Must it fit? 4096, 64K, 8M, 1.5G; exit 4 when it cannot", "BYTES"});
  table.push_back({"--no-cross-stream-reuse", &options.no_hand_overs,
                   "Of a graph on several streams: tensors take no bytes that another stream has used, so that no plan "
                   "relies on a wait"});
  table.push_back({"--time-limit", &options.time_limit,
                   "End the search after this long; the result may then differ from run to run", "SECONDS"});
}

PlanOptions MakePlanOptions(const PlanningOptions& options) {
  PlanOptions plan;
  plan.effort = ParseEffort(options.effort);
  if (!(options.time_limit >= 0 && options.time_limit < 1e9)) {
    Misuse("--time-limit must be a number of seconds from 0 to 1e9");
  }
  if (options.time_limit > 0) plan.time_limit_seconds = options.time_limit;
  if (!options.capacity.empty()) {
    const auto bytes = ParseBytes(options.capacity);
    if (!bytes || *bytes == 0)
      Misuse("--capacity \"" + Printable(options.capacity) + "\" is no size; write 4096, 64K, 8M or 1.5G");
    plan.capacity = *bytes;
  }
  return plan;
}

PlannedWorkload PlanInput(const ReusePlanner& planner, const Workload& workload, const PlanOptions& options,
                          bool no_hand_overs) {
  PlannedWorkload planned;
  try {
    Progress progress("planning " + workload.source);
    PlanOptions watched = options;
    watched.observer = progress.Observer();
    planned =
        no_hand_overs ? PlanWithoutHandOvers(workload, planner, watched) : PlanWorkload(workload, planner, watched);
  } catch (const Error& error) {
    const char* interrupted = error.code() == ErrorCode::kLimit && IsInterrupted() ? "interrupted: " : "";
    throw Error(error.code(), workload.source + ": " + interrupted + error.what());
  }
  if (WasInterrupted(planned)) {
    Warn(Printable(workload.source, 300) + ": interrupted; this is the best plan until then");
  }
  return planned;
}

void RefuseFaults(const Input& input) {
  const auto violation = Validate(input.workload.problem, input.plan->plan);
  if (!violation) return;
  throw Error(ErrorCode::kBadInput,
              input.workload.source + ": the plan is wrong: " + violation->message + "; see orionrt check");
}

Explanation ExplainPlanned(const PlanFile& file, const Workload* workload, const ReusePlanner& planner) {
  Progress progress("explaining " + file.source);
  const Policy& policy = planner.policy();
  Policy watched = policy;
  watched.run = [&](const Problem& problem, PlanOptions options) {
    options.observer = progress.Observer();
    return policy.run(problem, options);
  };
  return ExplainWorkload(file, workload, ReusePlanner(std::move(watched)));
}

PlanFile PlanToFile(const ReusePlanner& planner, const Input& input, const PlanOptions& plan_options,
                    bool no_hand_overs) {
  const PlannedWorkload planned = PlanInput(planner, input.workload, plan_options, no_hand_overs);
  PlanFile file =
      input.plan ? Replanned(*input.plan, input.workload.problem, planned.plan) : MakePlanFile(input.workload, planned);
  file.source = input.workload.source;
  file.alignment = input.workload.alignment;
  const bool assigned = file.assignment && input.workload.transformed != nullptr;
  file.streams = MeasureStreams(input.workload, assigned ? &*file.assignment : nullptr);
  const std::int64_t together = file.plan.peak_bytes + file.peak_nested_bytes;
  if (plan_options.capacity && together > *plan_options.capacity) {
    Warn(Printable(file.source, 300) + ": --capacity is asked of the graph alone; with bodies it may need " +
         FormatThousands(together) + " bytes");
  }
  return file;
}

}  // namespace orionrt::cli
