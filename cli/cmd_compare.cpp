// compare: every policy on one input, as a table or as JSON.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "command.hpp"
#include "input.hpp"
#include "interrupt.hpp"
#include "orionrt/config.hpp"
#include "orionrt/planner.hpp"
#include "output.hpp"
#include "planning.hpp"

namespace orionrt::cli::compare_command {
namespace {

struct Options {
  InputOptions input;
  std::string effort = "balanced";
  std::vector<std::string> paths;
  std::string output = "-";
  std::string format;
};

struct Row {
  Plan plan;
  std::string refusal;  // why the policy made no plan; empty when it did
  double seconds = 0;   // median of three runs, or of one that took over a second
};

Row Measure(const Policy& policy, const Input& input, const PlanOptions& options) try {
  const ReusePlanner planner(policy);
  std::vector<double> seconds;
  Row row;
  do {
    const auto start = std::chrono::steady_clock::now();
    row.plan = PlanInput(planner, input.workload, options).plan;
    seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  } while (seconds.size() < 3 && seconds.back() < 1.0 && !IsInterrupted());
  std::sort(seconds.begin(), seconds.end());
  row.seconds = seconds[seconds.size() / 2];
  return row;
} catch (const Error& error) {
  if (error.code() != ErrorCode::kUnsupported && error.code() != ErrorCode::kLimit) throw;
  Row row;
  row.plan.policy = policy.name;
  row.refusal = error.what();
  return row;
}

double Ratio(const Plan& plan) {
  const auto bound = static_cast<double>(plan.certificate.lower_bound_bytes);
  return bound == 0 ? 1.0 : static_cast<double>(plan.peak_bytes) / bound;
}

std::string Text(const Input& input, const std::vector<Row>& rows) {
  const auto buffers = static_cast<std::int64_t>(input.workload.problem.buffers.size());
  std::string out = input.workload.source + ": " + FormatThousands(buffers) +
                    (buffers == 1 ? " buffer, alignment " : " buffers, alignment ") +
                    std::to_string(input.workload.alignment) + "\n";
  char line[256];
  std::snprintf(line, sizeof line, "%-24s %20s %20s %8s %8s %10s\n", "policy", "peak_bytes", "lower_bound_bytes",
                "ratio", "optimal", "ms");
  out += line;
  for (const Row& row : rows) {
    if (!row.refusal.empty()) {
      out += row.plan.policy + ": " + row.refusal + "\n";
      continue;
    }
    std::snprintf(line, sizeof line, "%-24s %20s %20s %8.4f %8s %10.2f\n", row.plan.policy.c_str(),
                  FormatThousands(row.plan.peak_bytes).c_str(),
                  FormatThousands(row.plan.certificate.lower_bound_bytes).c_str(), Ratio(row.plan),
                  row.plan.certificate.proven_optimal ? "proven" : "open", row.seconds * 1e3);
    out += line;
    if (row.plan.interrupted) out += row.plan.policy + ": interrupted; the best plan until then\n";
  }
  return out;
}

nlohmann::ordered_json Json(const Input& input, const std::vector<Row>& rows) {
  nlohmann::ordered_json json = {{"source", input.workload.source},
                                 {"alignment", input.workload.alignment},
                                 {"buffers", input.workload.problem.buffers.size()},
                                 {"policies", nlohmann::ordered_json::array()}};
  for (const Row& row : rows) {
    if (!row.refusal.empty()) {
      json["policies"].push_back({{"policy", row.plan.policy}, {"refusal", row.refusal}});
      continue;
    }
    json["policies"].push_back({{"policy", row.plan.policy},
                                {"peak_bytes", row.plan.peak_bytes},
                                {"lower_bound_bytes", row.plan.certificate.lower_bound_bytes},
                                {"ratio", Ratio(row.plan)},
                                {"proven_optimal", row.plan.certificate.proven_optimal},
                                {"interrupted", row.plan.interrupted},
                                {"seconds", row.seconds}});
  }
  return json;
}

struct Format {
  const char* name;
  const char* suffix;
  bool as_json;
};
constexpr Format kFormats[] = {{"text", ".txt", false}, {"json", ".json", true}};

int Run(const Options& options) {
  const bool as_json = PickFormat(kFormats, options.format, options.output).as_json;
  PlanningOptions planning;
  planning.effort = options.effort;
  const PlanOptions plan_options = MakePlanOptions(planning);
  std::string text;
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const std::string& path : options.paths) {
    Input input = LoadInput(path, options.input);
    input.workload.bodies.clear();  // the graph alone is compared
    std::vector<Row> rows;
    for (const Policy& policy : Policies()) rows.push_back(Measure(policy, input, plan_options));
    // Those before a faulty one are not lost.
    const std::string table = Text(input, rows);
    if (!as_json && options.output == "-") WriteResult("-", table);
    text += table;
    json.push_back(Json(input, rows));
  }
  if (!as_json && options.output == "-") return kDone;
  if (as_json) {
    text = (options.paths.size() == 1 ? json[0] : json)
               .dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) +
           "\n";
  }
  WriteResult(options.output, text);
  return kDone;
}

}  // namespace

std::function<int()> SetUp(OptionTable& table) {
  auto options = std::make_shared<Options>();
  table.push_back({"INPUT", &options->paths, "Models, problems or plans; - is standard input"});
  table.push_back({"-o,--output", &options->output, "Where the table goes (default: standard output)", "FILE"});
  table.push_back(
      {"--format", &options->format, "Otherwise told by the suffix of -o, otherwise text", FormatNames(kFormats, "|")});
  table.push_back({"--effort", &options->effort, "How long to search (default: balanced)", "fast|balanced|thorough"});
  AddInputOptions(table, options->input);
  return [options] { return Run(*options); };
}

}  // namespace orionrt::cli::compare_command
