// orionrt report INPUT|PLAN -o OUT: the picture of a plan.

#include <cstdio>
#include <memory>

#include "base/text.hpp"
#include "command.hpp"
#include "input.hpp"
#include "orionrt/config.hpp"
#include "orionrt/report.hpp"
#include "output.hpp"
#include "planning.hpp"

namespace orionrt::cli::report_command {
namespace {

struct Options {
  InputOptions input;
  PlanningOptions planning;
  std::vector<std::string> paths;
  std::string output;
  std::string format;
  int width = 0;  // columns; 0: the terminal's
};

struct Format {
  const char* name;
  const char* suffix;
  std::string (*write)(const Report& report, const Options& options);
  bool explained = true;
};
constexpr Format kFormats[] = {
    {"text", ".txt",
     [](const Report& report, const Options& options) {
       return WriteReportText(report, std::max(40, options.width > 0 ? options.width : TerminalWidth()));
     }},
    {"html", ".html", [](const Report& report, const Options&) { return WriteReportHtml(report); }},
    {"svg", ".svg", [](const Report& report, const Options&) { return WriteReportSvg(report); }, false},
};

std::vector<ReusePlanner> PlannersOf(const std::string& names) {
  std::vector<ReusePlanner> planners;
  for (std::size_t begin = 0; begin <= names.size();) {
    const std::size_t end = std::min(names.find(',', begin), names.size());
    planners.push_back(PlannerNamed(names.substr(begin, end - begin)));
    begin = end + 1;
  }
  return planners;
}

// What made a plan that was read, to plan changes of it with; `auto` where it was none of ours.
ReusePlanner PlannerOf(const Plan& plan) {
  const std::string name = plan.policy.substr(0, plan.policy.find(':'));
  for (const Policy& policy : Policies()) {
    if (policy.name == name) return ReusePlanner(policy);
  }
  return ReusePlanner();
}

// Of a plan and then of its bodies, each before those within it. `workload` may be null: its graph is not known.
void AddExplanations(const PlanFile& file, const Workload* workload, const ReusePlanner& planner,
                     std::vector<Explanation>& explanations) {
  explanations.push_back(ExplainPlanned(file, workload, planner));
  for (std::size_t i = 0; i < file.bodies.size(); ++i) {
    const bool known = workload != nullptr && i < workload->bodies.size();
    AddExplanations(file.bodies[i], known ? &workload->bodies[i] : nullptr, planner, explanations);
  }
}

// A plan file is shown as it stands, unless a policy is named.
Report ReportOf(const Input& input, const Options& options, bool explained) {
  Report report;
  report.workload = input.workload;
  const auto add = [&](PlanFile file, const ReusePlanner& planner) {
    report.plans.push_back({std::move(file), {}});
    ShownPlan& shown = report.plans.back();
    if (explained) AddExplanations(shown.file, &report.workload, planner, shown.explanations);
  };
  const PlanOptions plan_options = MakePlanOptions(options.planning);
  if (input.plan && options.planning.policy.empty()) {
    RefuseFaults(input);
    add(*input.plan, PlannerOf(input.plan->plan));
    return report;
  }
  for (const ReusePlanner& planner : PlannersOf(options.planning.policy.empty() ? "auto" : options.planning.policy)) {
    add(PlanToFile(planner, input, plan_options, options.planning.no_hand_overs), planner);
  }
  return report;
}

int Run(const Options& options) {
  if (options.width < 0 || options.width > 10000) Misuse("--width is a number of columns from 40 to 10000");
  const Format& format = IsDirectory(options.output) && options.format.empty()
                             ? kFormats[1]
                             : PickFormat(kFormats, options.format, options.output);
  const std::string suffix = std::string(".report") + format.suffix;
  CheckTargets(options.output, options.paths, suffix);
  PlannersOf(options.planning.policy.empty() ? "auto" : options.planning.policy);  // refuses unknown names
  for (const std::string& path : options.paths) {
    const Report report = ReportOf(LoadInput(path, options.input), options, format.explained);
    WriteResult(TargetOf(options.output, path, suffix), format.write(report, options));
  }
  return kDone;
}

}  // namespace

std::function<int()> SetUp(OptionTable& table) {
  auto options = std::make_shared<Options>();
  options->planning.policy.clear();
  table.push_back({"INPUT", &options->paths, "Plans, which are shown as they stand; or models and problems"});
  table.push_back(
      {"-o,--output", &options->output,
       "Where the picture goes; the suffix says what it is (default: text on standard output). A directory takes a "
       "file an input",
       "FILE"});
  table.push_back(
      {"--format", &options->format, "Otherwise told by the suffix of -o, otherwise text", FormatNames(kFormats, "|")});
  table.push_back(
      {"--width", &options->width, "Of text: columns (default: the terminal's, COLUMNS, or 80)", "COLUMNS"});
  AddPlanningOptions(table, options->planning, "\nSeveral, a,b,c, are shown side by side");
  AddInputOptions(table, options->input);
  return [options] { return Run(*options); };
}

}  // namespace orionrt::cli::report_command
