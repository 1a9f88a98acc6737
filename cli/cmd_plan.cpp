#include <algorithm>
#include <cstdio>
#include <memory>

#include "base/text.hpp"
#include "command.hpp"
#include "input.hpp"
#include "orionrt/error.hpp"
#include "orionrt/export_plan.hpp"
#include "orionrt/planner.hpp"
#include "output.hpp"
#include "planning.hpp"
#include "pools.hpp"
#include "report/explain.hpp"
#include "report/text.hpp"
#include "sweep.hpp"
#include "tflm.hpp"

namespace orionrt::cli {
namespace {

struct Options {
  InputOptions input;
  PlanningOptions planning;
  std::vector<std::string> paths;
  std::string output;
  std::string format;
  std::string sweep;
  bool pool_table = false;
  bool explain = false;
  CHeaderOptions header;
};

struct Format {
  const char* name;
  const char* suffix;
  std::string (*write)(const Input& input, const PlanFile& plan, const Options& options);
};

std::string ToHeader(const Input&, const PlanFile& plan, const Options& options) {
  return WriteCHeader(plan, options.header);
}

// By suffix, the first that fits: ".trace.json" stands before ".json".
constexpr Format kFormats[] = {
    {"text", ".txt", [](const Input&, const PlanFile& plan, const Options&) { return DescribePlan(plan); }},
    {"trace", ".trace.json", [](const Input&, const PlanFile& plan, const Options&) { return WriteTrace(plan); }},
    {"json", ".json", [](const Input&, const PlanFile& plan, const Options&) { return WritePlanJson(plan); }},
    {"csv", ".csv",
     [](const Input& input, const PlanFile& plan, const Options&) {
       return WriteRows(input, &plan.plan.offsets, &plan.plan);
     }},
    {"c-header", ".h", ToHeader},
    {"c-header", ".hpp", ToHeader},
    {"snapshot", ".pickle",
     [](const Input&, const PlanFile& plan, const Options&) { return WriteMemorySnapshot(plan); }},
    {"tflm", ".tflite",
     [](const Input& input, const PlanFile& plan, const Options&) { return WriteTflm(input, plan); }},
};

std::string FormatNames(const char* separator) {
  std::vector<std::string> names;
  for (const Format& format : kFormats) {
    if (names.empty() || names.back() != format.name) names.push_back(format.name);
  }
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : separator) + name;
  return list;
}

const Format& FormatOf(const Options& options) {
  for (const Format& format : kFormats) {
    if (options.format.empty() ? HasSuffix(options.output, format.suffix) : options.format == format.name)
      return format;
  }
  if (options.format.empty()) {
    const std::size_t dot = options.output.find_last_of("./");
    const bool odd = dot != std::string::npos && options.output[dot] == '.' && !IsDirectory(options.output);
    if (odd && options.output != ".") {
      std::fprintf(stderr, "orionrt: warning: %s: no format has that suffix; text is written (see --format)\n",
                   Printable(options.output, 300).c_str());
    }
    return kFormats[0];
  }
  throw Error(ErrorCode::kMisuse,
              "--format \"" + Printable(options.format) + "\" is unknown; there are: " + FormatNames(", "));
}

std::string PlanSuffix(const Format& format) { return std::string(".plan") + format.suffix; }

Input LoadFor(const Format& format, const std::string& path, const InputOptions& options) {
  if (format.name != std::string("tflm")) return LoadInput(path, options);
  Input input = LoadInput(path, TflmOptions(path, options));
  LeaveVariablesOut(input);
  return input;
}

void CheckSweep(const Options& options, const Sweep& sweep, const Format& format) {
  const auto fail = [](const std::string& message) { throw Error(ErrorCode::kMisuse, "--sweep: " + message); };
  const std::string name = format.name;
  if (name != "text" && name != "json" && name != "csv") fail("gives text, json or csv, not " + name);
  if (options.explain) fail("leaves no room for --explain; plan the value of interest alone");
  if (options.paths.size() > 1) fail("takes one model at a time");
  const std::string& path = options.paths[0];
  const std::string input = path == "-" ? "" : InputFormat(path, options.input);
  if (input != "onnx" && input != "tflite") {
    fail(Printable(path, 1000) + " is no model in a file (.onnx, .tflite): nothing else has dimensions to vary");
  }
  for (const std::string& dim : options.input.dims) {
    if (dim.substr(0, dim.rfind('=')) == sweep.name) fail("--dim " + dim + " sets the same dimension");
  }
}

int RunSweep(const Options& options, const Format& format, const ReusePlanner& planner,
             const PlanOptions& plan_options) {
  const Sweep sweep = ParseSweep(options.sweep);
  CheckSweep(options, sweep, format);
  const std::string& path = options.paths[0];
  std::vector<SweepPoint> points;
  for (const std::int64_t value : sweep.values) {
    InputOptions input = options.input;
    input.dims.push_back(sweep.name + "=" + std::to_string(value));
    input.quiet = !points.empty();
    try {
      points.push_back({value, MakePlanFile(planner, LoadInput(path, input), plan_options)});
    } catch (const Error& error) {
      throw Error(error.code(), "--sweep " + input.dims.back() + ": " + error.what());
    }
    points.back().plan.problem = {};
    points.back().plan.plan.offsets = {};
  }
  const std::string text = format.name == std::string("json")  ? SweepToJson(points)
                           : format.name == std::string("csv") ? SweepToCsv(points)
                                                               : DescribeSweep(path, sweep, points);
  WriteFile(TargetOf(options.output, path, PlanSuffix(format)), text);
  return kDone;
}

// What --all would make of the bound; nothing of graphs for which finding out takes longer than a plan may.
std::optional<std::int64_t> BoundWithAll(const Input& input) {
  constexpr std::size_t kMostOps = 4000;
  if (input.graph == nullptr || input.transformed != nullptr || !input.problem.pools.empty()) return std::nullopt;
  if (input.graph->ops().size() > kMostOps) return std::nullopt;
  const TransformedGraph all = Transform(*input.graph, {true, true, true, true}, input.alignment);
  return all.stages.back().bound_bytes;
}

// Text or JSON, and what --explain adds to it.
std::string WithExplanation(std::string text, bool json, const Input& input, const PlanFile& file,
                            const ReusePlanner& planner) {
  const Explanation explanation = ExplainPlanned(file, input.graph.get(), planner);
  if (json) return AddExplanation(std::move(text), file, explanation);
  return std::move(text) + ExplainPlan(file, input.step_names, explanation) + DescribeWhatIfs(file, explanation);
}

// A few sizes of the first pool up to what holds all that would best be in it, and its own among them.
std::vector<std::int64_t> LadderSizes(const Problem& problem, std::int64_t most) {
  constexpr int kSteps = 8;
  const Pool& pool = problem.pools[0];
  std::int64_t unit = pool.granularity;
  for (const Buffer& b : problem.buffers) unit = std::max(unit, b.alignment);
  std::vector<std::int64_t> sizes = {most};
  if (pool.capacity < most) sizes.push_back(pool.capacity);
  for (int k = 0; k < kSteps; ++k) sizes.push_back(std::min(most, most / kSteps * k / unit * unit));
  std::sort(sizes.begin(), sizes.end());
  sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
  return sizes;
}

Rung Climb(const ReusePlanner& planner, const Input& input, std::int64_t nested, const PlanOptions& plan_options) {
  Rung rung;
  rung.capacity = input.problem.pools[0].capacity;
  try {
    rung.plan = PlanInput(planner, input, plan_options, nested);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kInfeasible && error.code() != ErrorCode::kLimit) throw;
    rung.refusal = error.what();
    return rung;
  }
  for (const Spill& spill : rung.plan.pools.spills) {
    const std::int64_t bytes = input.problem.buffers[spill.buffer].size;
    ++rung.spilled_buffers;
    rung.spilled_bytes += bytes;
    rung.spilled_traffic += bytes * (input.problem.uses.empty() ? 1 : input.problem.uses[spill.buffer]);
  }
  return rung;
}

// A plan for less is one for more, too: where planning with more finds none as cheap, the one before stands.
std::vector<Rung> MakeLadder(const ReusePlanner& planner, Input input, std::int64_t nested,
                             const PlanOptions& plan_options) {
  const Problem asked = input.problem;
  input.problem.pools[0].capacity = kUnlimited;
  const Rung all = Climb(planner, input, nested, plan_options);
  if (!all.refusal.empty()) throw Error(ErrorCode::kInfeasible, all.refusal);
  std::vector<Rung> rungs;
  for (const std::int64_t size : LadderSizes(asked, all.plan.pools.figures[0].peak_bytes)) {
    input.problem.pools[0].capacity = size;
    Rung rung = Climb(planner, input, nested, plan_options);
    const bool had = !rungs.empty() && rungs.back().refusal.empty();
    if (had && (!rung.refusal.empty() || rung.plan.pools.spill_cost > rungs.back().plan.pools.spill_cost)) {
      const std::int64_t bound = rung.refusal.empty() ? rung.plan.pools.spill_cost_bound : 0;
      rung = rungs.back();
      rung.capacity = size;
      rung.plan.pools.spill_cost_bound = bound;
    }
    rungs.push_back(std::move(rung));
  }
  return rungs;
}

int RunPoolTable(const Options& options, const Format& format, const ReusePlanner& planner,
                 const PlanOptions& plan_options) {
  const auto fail = [](const std::string& message) { throw Error(ErrorCode::kMisuse, "--pool-table: " + message); };
  const bool json = format.name == std::string("json");
  if (!json && format.name != std::string("text")) fail(std::string("gives text or json, not ") + format.name);
  if (options.explain || !options.sweep.empty()) fail("leaves no room for --explain and --sweep");
  for (const std::string& path : options.paths) {
    const Input input = LoadInput(path, options.input);
    if (input.problem.pools.empty()) fail("needs pools; give --pool sram=256K --pool dram, say");
    PlanFile file;
    file.source = input.source;
    file.problem = input.problem;
    const std::int64_t nested =
        input.plan ? input.plan->peak_nested_bytes : NestedPeak(planner, input.bodies, plan_options);
    const std::vector<Rung> rungs = MakeLadder(planner, input, nested, plan_options);
    WriteFile(TargetOf(options.output, path, PlanSuffix(format)),
              json ? LadderToJson(file, rungs) : DescribeLadder(file, rungs));
  }
  return kDone;
}

int Run(const Options& options) {
  const Format& format = FormatOf(options);
  CheckTargets(options.output, options.paths, PlanSuffix(format));
  const ReusePlanner planner(options.planning.policy);
  const PlanOptions plan_options = MakePlanOptions(options.planning);
  if (options.pool_table) return RunPoolTable(options, format, planner, plan_options);
  if (!options.sweep.empty()) return RunSweep(options, format, planner, plan_options);
  if (options.explain && format.name != std::string("text") && format.name != std::string("json")) {
    throw Error(ErrorCode::kMisuse, "--explain is for --format text and json; the other formats have no place for it");
  }
  for (const std::string& path : options.paths) {
    const Input input = LoadFor(format, path, options.input);
    PlanFile file = MakePlanFile(planner, input, plan_options);
    if (format.name == std::string("text") && file.domain) file.domain->bound_with_all = BoundWithAll(input);
    std::string text = format.write(input, file, options);
    const bool json = format.name == std::string("json");
    if (options.explain) text = WithExplanation(std::move(text), json, input, file, planner);
    WriteFile(TargetOf(options.output, path, PlanSuffix(format)), text);
  }
  return kDone;
}

}  // namespace

std::function<int()> SetUpPlan(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("INPUT", options->paths, "Models, problems or plans; - is standard input")->required();
  app.add_option("-o,--output", options->output, "Where the plan goes; a directory takes a file an input")
      ->type_name("FILE");
  app.add_option("--format", options->format,
                 "Otherwise told by the suffix of -o, otherwise text. trace is for Perfetto, snapshot for PyTorch's "
                 "memory_viz, tflm a copy of a .tflite model that carries the plan")
      ->type_name(FormatNames("|"));
  app.add_option("--sweep", options->sweep,
                 "Plan a model once a value of a dimension ('*': of all that are unset): a table and a curve")
      ->type_name("NAME=N,N,...");
  app.add_flag("--pool-table", options->pool_table,
               "What spills at a few sizes of the first pool, from nothing to all that it could hold");
  app.add_flag("--explain", options->explain, "Say what forces the peak, what is proven, and what would lower it");
  app.add_option("--header-prefix", options->header.name_prefix, "Of a C header: what its macros begin with")
      ->type_name("NAME");
  app.add_option("--header-section", options->header.section, "Of a C header: the linker section of the arena")
      ->type_name("NAME");
  AddPlanningOptions(app, options->planning);
  AddInputOptions(app, options->input);
  return [options] { return Run(*options); };
}

}  // namespace orionrt::cli
