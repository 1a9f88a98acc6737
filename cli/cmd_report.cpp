// orionrt report INPUT|PLAN -o OUT: the picture of a plan.
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "base/text.hpp"
#include "command.hpp"
#include "input.hpp"
#include "orionrt/error.hpp"
#include "output.hpp"
#include "planning.hpp"
#include "report/report.hpp"

namespace orionrt::cli {
namespace {

struct Options {
  InputOptions input;
  PlanningOptions planning;
  std::vector<std::string> paths;
  std::string output;
  std::string format;
  int width = 0;  // columns; 0: the terminal's
};

[[noreturn]] void Misuse(const std::string& message) { throw Error(ErrorCode::kMisuse, message); }

// Of the terminal, of COLUMNS, or 80.
int TerminalWidth() {
  winsize size{};
  if (isatty(STDOUT_FILENO) != 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  const char* columns = std::getenv("COLUMNS");
  const auto value = columns == nullptr ? std::nullopt : ParseInt(columns);
  return value && *value > 0 && *value < 10000 ? static_cast<int>(*value) : 80;
}

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

std::string FormatNames(const char* separator) {
  std::string names;
  for (const Format& format : kFormats) names += (names.empty() ? "" : separator) + std::string(format.name);
  return names;
}

const Format& FormatOf(const Options& options) {
  const std::string& out = options.output;
  for (const Format& format : kFormats) {
    if (options.format.empty() ? HasSuffix(out, format.suffix) : options.format == format.name) return format;
  }
  if (!options.format.empty()) {
    Misuse("--format \"" + Printable(options.format) + "\" is unknown; there are: " + FormatNames(", "));
  }
  if (out.empty() || out == "-") return kFormats[0];
  Misuse("-o " + Printable(out, 300) + ": no format has that suffix (.html, .svg, .txt); say which by --format");
}

std::vector<ReusePlanner> PlannersOf(const std::string& names) {
  std::vector<ReusePlanner> planners;
  for (std::size_t begin = 0; begin <= names.size();) {
    const std::size_t end = std::min(names.find(',', begin), names.size());
    planners.emplace_back(names.substr(begin, end - begin));
    begin = end + 1;
  }
  return planners;
}

ReportGraph GraphOf(const std::string& name, const Problem& problem, const std::vector<BufferInfo>& infos,
                    const std::vector<std::string>& step_names) {
  ReportGraph graph;
  graph.name = name;
  graph.problem = problem;
  graph.infos = infos;
  graph.step_names = step_names;
  return graph;
}

// Adds a plan of `graph`, which was made of `made_of`, if that is known.
void AddPlan(const Report& report, ReportGraph& graph, const Graph* made_of, const ReusePlanner& planner,
             ReportPlan shown, bool explained) {
  if (explained) shown.explanation = ExplainPlanned(PlanFileOf(report, graph, shown), made_of, planner);
  graph.plans.push_back(std::move(shown));
}

// What made a plan that was read, to plan changes of it with; `auto` where it was none of ours.
ReusePlanner PlannerOf(const Plan& plan) {
  const std::string name = plan.policy.substr(0, plan.policy.find(':'));
  for (const Policy& policy : Policies()) {
    if (policy.name == name) return ReusePlanner(policy);
  }
  return ReusePlanner();
}

// Bodies are planned by the same policies; none is asked to fit the capacity.
void AddBodies(const std::vector<Body>& bodies, const std::string& prefix, const std::vector<ReusePlanner>& planners,
               const PlanOptions& options, bool explained, Report& report) {
  for (const Body& body : bodies) {
    ReportGraph graph = GraphOf(prefix + body.name, body.problem, body.infos, body.step_names);
    for (const ReusePlanner& planner : planners) {
      AddPlan(report, graph, body.graph.get(), planner,
              {planner.Run(body.problem, options), NestedPeak(planner, body.bodies, options)}, explained);
    }
    report.graphs.push_back(std::move(graph));
    AddBodies(body.bodies, prefix + body.name + "/", planners, options, explained, report);
  }
}

// A plan file is shown as it stands, unless a policy is named.
Report ReportOf(const Input& input, const Options& options, bool explained) {
  Report report;
  report.source = input.source;
  report.alignment = input.alignment;
  report.weights = input.weights;
  report.graphs.push_back(GraphOf("", input.problem, input.infos, input.step_names));
  ReportGraph& graph = report.graphs[0];
  graph.domain = input.plan ? input.plan->domain : DomainOf(input);
  PlanOptions plan_options = MakePlanOptions(options.planning);
  if (input.plan && options.planning.policy.empty()) {
    RefuseFaults(input);
    AddPlan(report, graph, nullptr, PlannerOf(input.plan->plan), {input.plan->plan, input.plan->peak_nested_bytes},
            explained);
    return report;
  }
  const std::vector<ReusePlanner> planners =
      PlannersOf(options.planning.policy.empty() ? "auto" : options.planning.policy);
  for (const ReusePlanner& planner : planners) {
    const std::int64_t nested =
        input.plan ? input.plan->peak_nested_bytes : NestedPeak(planner, input.bodies, plan_options);
    AddPlan(report, graph, input.graph.get(), planner, {PlanInput(planner, input, plan_options, nested), nested},
            explained);
  }
  plan_options.capacity = 0;
  AddBodies(input.bodies, "", planners, plan_options, explained, report);
  return report;
}

int Run(const Options& options) {
  if (options.output.empty() && options.format.empty()) {
    Misuse("say where the picture goes: -o report.html, .svg or .txt; -o - prints it");
  }
  if (options.width < 0 || options.width > 10000) Misuse("--width is a number of columns from 40 to 10000");
  const Format& format = IsDirectory(options.output) && options.format.empty() ? kFormats[1] : FormatOf(options);
  const std::string suffix = std::string(".report") + format.suffix;
  CheckTargets(options.output, options.paths, suffix);
  PlannersOf(options.planning.policy.empty() ? "auto" : options.planning.policy);  // refuses unknown names
  for (const std::string& path : options.paths) {
    const Report report = ReportOf(LoadInput(path, options.input), options, format.explained);
    WriteFile(TargetOf(options.output, path, suffix), format.write(report, options));
  }
  return kDone;
}

}  // namespace

std::function<int()> SetUpReport(CLI::App& app) {
  auto options = std::make_shared<Options>();
  options->planning.policy.clear();
  app.add_option("INPUT", options->paths, "Plans, which are shown as they stand; or models and problems")->required();
  app.add_option("-o,--output", options->output,
                 "Where the picture goes; the suffix says what it is. A directory takes a file an input")
      ->type_name("FILE");
  app.add_option("--format", options->format, "Otherwise told by the suffix of -o")->type_name(FormatNames("|"));
  app.add_option("--width", options->width, "Of text: columns (default: the terminal's, COLUMNS, or 80)")
      ->type_name("COLUMNS");
  AddPlanningOptions(app, options->planning);
  CLI::Option* policy = app.get_option("--policy");
  policy->description(policy->get_description() + "\nSeveral, a,b,c, are shown side by side");
  AddInputOptions(app, options->input);
  return [options] { return Run(*options); };
}

}  // namespace orionrt::cli
