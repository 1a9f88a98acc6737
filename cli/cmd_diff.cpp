// diff: what moved the peak from one file to another, and whether that is within the budget.
#include <memory>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "base/wide.hpp"
#include "command.hpp"
#include "input.hpp"
#include "interrupt.hpp"
#include "orionrt/config.hpp"
#include "orionrt/planner.hpp"
#include "orionrt/report.hpp"
#include "output.hpp"
#include "planning.hpp"

namespace orionrt::cli::diff_command {
namespace {

struct Options {
  InputOptions input;
  PlanningOptions planning;
  std::string before;
  std::string after;
  std::string max_growth;
  std::string output = "-";
  std::string format;
};

// A budget: so many bytes, or so many thousandths of a percent of what there was.
struct Budget {
  std::int64_t bytes = 0;
  std::int64_t millipercent = 0;
};

Budget ParseBudget(const std::string& text) {
  Budget budget;
  if (!text.empty() && text.back() == '%') {
    const std::string number = text.substr(0, text.size() - 1);
    const std::size_t dot = number.find('.');
    const auto whole = ParseInt(number.substr(0, dot));
    std::string places = dot == std::string::npos ? "" : number.substr(dot + 1);
    const bool digits = places.find_first_not_of("0123456789") == std::string::npos;
    const bool complete = dot == std::string::npos || !places.empty();
    if (whole && *whole >= 0 && *whole <= 1'000'000 && number[0] != '-' && digits && complete && places.size() <= 3) {
      places.resize(3, '0');
      budget.millipercent = *whole * 1000 + *ParseInt(places);
      return budget;
    }
  } else if (const auto bytes = ParseBytes(text)) {
    budget.bytes = *bytes;
    return budget;
  }
  throw Error(ErrorCode::kMisuse,
              "--max-growth \"" + Printable(text) + "\" is neither a size nor a percentage; write 0, 64K or 2%");
}

bool IsModel(const std::string& path, const InputOptions& options) {
  const std::string format = InputFormat(path, options);
  return format == "onnx" || format == "tflite";
}

// A plan as it stands; anything else is planned.
PlanFile LoadSide(const std::string& path, const std::string& other, const Options& options,
                  const ReusePlanner& planner) {
  InputOptions asked = options.input;
  asked.beside_model = IsModel(other, asked);
  const Input input = LoadInput(path, asked);
  if (input.plan && input.plan->plan.offsets.size() == input.workload.problem.buffers.size()) {
    RefuseFaults(input);
    PlanFile file = *input.plan;
    file.source = path;
    return file;
  }
  return PlanToFile(planner, input, MakePlanOptions(options.planning), options.planning.no_hand_overs);
}

nlohmann::ordered_json Json(const PlanDiff::Side& side) {
  return {{"source", side.source},
          {"peak_bytes", side.peak_bytes},
          {"peak_nested_bytes", side.nested_bytes},
          {"lower_bound_bytes", side.lower_bound_bytes},
          {"proven_optimal", side.proven_optimal},
          {"live_bytes", side.live_bytes},
          {"live_step", side.live_step},
          {"buffers", side.buffers}};
}

std::string ToJson(const PlanDiff& diff, bool within) {
  nlohmann::ordered_json json = {{"old", Json(diff.before)},      {"new", Json(diff.after)},
                                 {"growth_bytes", diff.Growth()}, {"packing_bytes", diff.Packing()},
                                 {"within_budget", within},       {"causes", nlohmann::ordered_json::array()}};
  for (const PeakCause& cause : diff.causes) {
    json["causes"].push_back({{"name", cause.label},
                              {"bytes", cause.bytes},
                              {"old_size", cause.old_bytes},
                              {"new_size", cause.new_bytes},
                              {"steps_longer", cause.steps},
                              {"why", DescribeCause(cause)}});
  }
  return json.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

bool IsWithin(const PlanDiff& diff, const Options& options) {
  if (options.max_growth.empty()) return true;
  const Budget budget = ParseBudget(options.max_growth);
  const Wide before = static_cast<Wide>(diff.before.peak_bytes) + diff.before.nested_bytes;
  return diff.Growth() <= budget.bytes + before * budget.millipercent / 100'000;
}

struct Format {
  const char* name;
  const char* suffix;
  std::string (*write)(const PlanDiff& diff, bool within);
  std::string (*verdict)(const std::string& sentence);  // null: it is within what `write` gives
};
constexpr Format kFormats[] = {
    {"text", ".txt", [](const PlanDiff& diff, bool) { return DescribeDiff(diff); },
     [](const std::string& sentence) { return sentence + "\n"; }},
    {"json", ".json", ToJson, nullptr},
    {"markdown", ".md", [](const PlanDiff& diff, bool) { return DiffToMarkdown(diff); },
     [](const std::string& sentence) { return "\n**" + sentence + "**\n"; }},
};

int Run(const Options& options) {
  const Format& format = PickFormat(kFormats, options.format, options.output);
  if (!options.max_growth.empty()) (void)ParseBudget(options.max_growth);
  const ReusePlanner planner = PlannerNamed(options.planning.policy);
  const PlanFile before = LoadSide(options.before, options.after, options, planner);
  const PlanFile after = LoadSide(options.after, options.before, options, planner);
  const PlanDiff diff = DiffPlans(before, after);
  const bool within = IsWithin(diff, options);
  std::string text = format.write(diff, within);
  const std::string verdict = "Over the budget: " + FormatThousands(diff.Growth()) + " bytes more, allowed are " +
                              Printable(options.max_growth) + ".";
  if (!within && format.verdict != nullptr) text += format.verdict(verdict);
  WriteResult(options.output, text);
  const bool asked = !options.max_growth.empty();
  if (asked && IsInterrupted() && (before.plan.interrupted || after.plan.interrupted)) return kUndecided;
  return within ? kDone : kAnswerIsNo;
}

}  // namespace

std::function<int()> SetUp(OptionTable& table) {
  auto options = std::make_shared<Options>();
  table.push_back({"OLD", &options->before, "A plan; or a model, problem or graph, which is planned"});
  table.push_back({"NEW", &options->after, "The same, after a change"});
  table.push_back(
      {"--max-growth", &options->max_growth, "Exit with 6 when the peak grew by more: 0, 64K, 2%", "BYTES|PERCENT"});
  table.push_back({"-o,--output", &options->output, "Where the result goes (default: standard output)", "FILE"});
  table.push_back({"--format", &options->format,
                   "Otherwise told by the suffix of -o (.json, .md), otherwise text; markdown is for pull requests",
                   FormatNames(kFormats, "|")});
  AddPlanningOptions(table, options->planning);
  AddInputOptions(table, options->input);
  return [options] { return Run(*options); };
}

}  // namespace orionrt::cli::diff_command
