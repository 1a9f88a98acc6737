// plan: plans an input and writes the plan in one of a table of formats; sweeps and ladders of spaces.
#include <algorithm>
#include <cstdio>
#include <memory>

#include "base/index.hpp"
#include "base/text.hpp"
#include "command.hpp"
#include "input.hpp"
#include "orionrt/config.hpp"
#include "orionrt/formats.hpp"
#include "orionrt/planner.hpp"
#include "orionrt/report.hpp"
#include "orionrt/streams.hpp"
#include "output.hpp"
#include "planning.hpp"
#include "spaces.hpp"
#include "sweep.hpp"
#include "tflm.hpp"

namespace orionrt::cli::plan_command {
namespace {

struct Options {
  InputOptions input;
  PlanningOptions planning;
  std::vector<std::string> paths;
  std::string output;
  std::string format;
  std::string sweep;
  bool space_table = false;
  bool explain = false;
  CHeaderOptions header;
};

// A row says what a format can hold; null: that has no place in it.
struct Format {
  const char* name;
  const char* suffix;
  std::string (*write)(const Input& input, const PlanFile& plan, const Options& options);
  std::string (*explain)(std::string text, const Input& input, const PlanFile& plan, const Explanation&) = nullptr;
  std::string (*sweep)(const std::string& source, const Sweep& sweep, const std::vector<SweepPoint>&) = nullptr;
  std::string (*ladder)(const PlanFile& file, const std::vector<Rung>& rungs) = nullptr;
  Input (*load)(const std::string& path, const InputOptions& options) = LoadInput;
  bool for_people = false;  // with what all transforms would save
};

std::string ExplainText(std::string text, const Input& input, const PlanFile& plan, const Explanation& explanation) {
  std::vector<std::string> steps;
  if (input.workload.transformed != nullptr) {
    for (const OpNode& op : input.workload.transformed->graph.ops())
      steps.push_back(op.name.empty() ? op.type : op.name);
  }
  return std::move(text) + ExplainPlan(plan, steps, explanation) + DescribeWhatIfs(plan, explanation);
}

std::string ExplainJson(std::string text, const Input&, const PlanFile& plan, const Explanation& explanation) {
  return AddExplanation(std::move(text), plan, explanation);
}

std::string ToText(const Input&, const PlanFile& plan, const Options&) { return DescribePlan(plan); }
std::string ToTrace(const Input&, const PlanFile& plan, const Options&) { return WriteTrace(plan); }
std::string ToJson(const Input&, const PlanFile& plan, const Options&) { return WritePlanJson(plan); }
std::string ToCsv(const Input& input, const PlanFile& plan, const Options&) {
  return WriteRows(input, &plan.plan.offsets, &plan.plan);
}
std::string ToHeader(const Input&, const PlanFile& plan, const Options& options) {
  return WriteCHeader(plan, options.header);
}
std::string ToSnapshot(const Input&, const PlanFile& plan, const Options&) { return WriteMemorySnapshot(plan); }
std::string ToBinary(const Input&, const PlanFile& plan, const Options&) { return WritePlanBinary(plan); }
std::string ToTflm(const Input& input, const PlanFile& plan, const Options&) { return WriteTflm(input, plan); }

// By suffix, the first that fits: ".trace.json" stands before ".json".
constexpr Format kFormats[] = {
    {"text", ".txt", ToText, ExplainText, DescribeSweep, DescribeLadder, LoadInput, true},
    {"trace", ".trace.json", ToTrace},
    {"json", ".json", ToJson, ExplainJson, SweepToJson, LadderToJson},
    {"csv", ".csv", ToCsv, nullptr, SweepToCsv},
    {"c-header", ".h", ToHeader},
    {"c-header", ".hpp", ToHeader},
    {"snapshot", ".pickle", ToSnapshot},
    {"bin", ".bin", ToBinary},
    {"tflm", ".tflite", ToTflm, nullptr, nullptr, nullptr, LoadForTflm},
};

std::string PlanSuffix(const Format& format) { return std::string(".plan") + format.suffix; }

void CheckSweep(const Options& options, const Sweep& sweep, const Format& format) {
  const auto fail = [](const std::string& message) { throw Error(ErrorCode::kMisuse, "--sweep: " + message); };
  if (format.sweep == nullptr) fail(std::string("gives text, json or csv, not ") + format.name);
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
      points.push_back(
          {value, PlanToFile(planner, LoadInput(path, input), plan_options, options.planning.no_hand_overs)});
    } catch (const MissingSizes& error) {
      throw MissingSizes("--sweep " + input.dims.back() + ": " + error.what(), error.options());
    } catch (const Error& error) {
      throw Error(error.code(), "--sweep " + input.dims.back() + ": " + error.what());
    }
    points.back().plan.problem = {};
    points.back().plan.plan.offsets = {};
  }
  WriteResult(TargetOf(options.output, path, PlanSuffix(format)), format.sweep(path, sweep, points));
  return kDone;
}

// What --all would make of the bound; nothing of graphs for which finding out takes longer than a plan may.
std::optional<std::int64_t> BoundWithAll(const Workload& workload) {
  constexpr std::size_t kMostOps = 2000;  // a few hundredths of a second
  const Graph* const graph = GraphOf(workload);
  if (graph == nullptr || workload.transformed->transforms.reorder || !workload.problem.spaces.empty())
    return std::nullopt;
  if (HasStreams(graph->ops())) return std::nullopt;  // which no other order is for
  if (graph->ops().size() > kMostOps) return std::nullopt;
  const TransformedGraph all = Transform(*graph, {true, true, true, true}, workload.alignment);
  return all.stages.back().bound_bytes;
}

// A few sizes of the first space up to what holds all that would best be in it, and its own among them.
std::vector<std::int64_t> LadderSizes(const Problem& problem, std::int64_t most) {
  constexpr int kSteps = 8;
  const Space& space = problem.spaces[0];
  std::int64_t unit = space.granularity;
  for (const Buffer& b : problem.buffers) unit = std::max(unit, b.alignment);
  std::vector<std::int64_t> sizes = {most};
  if (space.capacity && *space.capacity < most) sizes.push_back(*space.capacity);
  for (int k = 0; k < kSteps; ++k) sizes.push_back(std::min(most, most / kSteps * k / unit * unit));
  std::sort(sizes.begin(), sizes.end());
  sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
  return sizes;
}

Rung Climb(const ReusePlanner& planner, const Workload& workload, const PlanOptions& plan_options) {
  Rung rung;
  const Problem& problem = workload.problem;
  if (problem.spaces[0].capacity) rung.capacity = *problem.spaces[0].capacity;
  try {
    rung.plan = PlanInput(planner, workload, plan_options).plan;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kInfeasible && error.code() != ErrorCode::kLimit) throw;
    rung.refusal = error.what();
    return rung;
  }
  for (const Spill& spill : rung.plan.spaces.spills) {
    const std::int64_t bytes = problem.buffers[At(spill.buffer)].size;
    ++rung.spilled_buffers;
    rung.spilled_bytes += bytes;
    rung.spilled_traffic += bytes * (problem.uses.empty() ? 1 : problem.uses[At(spill.buffer)]);
  }
  return rung;
}

// A plan for less is one for more, too: where planning with more finds none as cheap, the one before stands.
std::vector<Rung> MakeLadder(const ReusePlanner& planner, Workload workload, const PlanOptions& plan_options) {
  const Problem asked = workload.problem;
  workload.problem.spaces[0].capacity.reset();
  const Rung all = Climb(planner, workload, plan_options);
  if (!all.refusal.empty()) throw Error(ErrorCode::kInfeasible, all.refusal);
  std::vector<Rung> rungs;
  for (const std::int64_t size : LadderSizes(asked, all.plan.spaces.figures[0].peak_bytes)) {
    workload.problem.spaces[0].capacity = size;
    Rung rung = Climb(planner, workload, plan_options);
    const bool had = !rungs.empty() && rungs.back().refusal.empty();
    if (had && (!rung.refusal.empty() || rung.plan.spaces.spill_cost > rungs.back().plan.spaces.spill_cost)) {
      const std::int64_t bound = rung.refusal.empty() ? rung.plan.spaces.spill_cost_bound : 0;
      rung = rungs.back();
      rung.capacity = size;
      rung.plan.spaces.spill_cost_bound = bound;
    }
    rungs.push_back(std::move(rung));
  }
  return rungs;
}

int RunSpaceTable(const Options& options, const Format& format, const ReusePlanner& planner,
                  const PlanOptions& plan_options) {
  const auto fail = [](const std::string& message) { throw Error(ErrorCode::kMisuse, "--space-table: " + message); };
  if (format.ladder == nullptr) fail(std::string("gives text or json, not ") + format.name);
  if (options.explain || !options.sweep.empty()) fail("leaves no room for --explain and --sweep");
  for (const std::string& path : options.paths) {
    const Input input = LoadInput(path, options.input);
    if (input.workload.problem.spaces.empty()) fail("needs spaces; give --space sram=256K --space dram, say");
    PlanFile file;
    file.source = input.workload.source;
    file.problem = input.workload.problem;
    WriteResult(TargetOf(options.output, path, PlanSuffix(format)),
                format.ladder(file, MakeLadder(planner, input.workload, plan_options)));
  }
  return kDone;
}

// Several models, as a table below their plans.
std::string SummaryOf(const std::vector<PlanFile>& files) {
  std::size_t width = 5;
  for (const PlanFile& file : files) width = std::max(width, PrintablePath(file.source).size());
  const auto row = [&](const std::string& name, const std::string& peak, const std::string& bound,
                       const std::string& none, const std::string& factor, const std::string& state) {
    const auto right = [](const std::string& text, std::size_t columns) {
      return std::string(columns > text.size() ? columns - text.size() : 1, ' ') + text;
    };
    return name + std::string(width - name.size(), ' ') + right(peak, 17) + right(bound, 17) + right(none, 17) +
           right(factor, 8) + (state.empty() ? "" : "  " + state) + "\n";
  };
  std::string text = "\n" + row("input", "peak_bytes", "lower_bound", "no_reuse", "reuse", "");
  for (const PlanFile& file : files) {
    const std::int64_t none = NoReuseBytes(file.problem), peak = file.plan.peak_bytes;
    char factor[32];
    std::snprintf(factor, sizeof factor, "%.1f", peak > 0 ? static_cast<double>(none) / static_cast<double>(peak) : 1);
    text +=
        row(PrintablePath(file.source), FormatThousands(peak), FormatThousands(file.plan.certificate.lower_bound_bytes),
            FormatThousands(none), factor, file.plan.certificate.proven_optimal ? "proven optimal" : "");
  }
  return text;
}

int Run(const Options& options) {
  const Format& format = PickFormat(kFormats, options.format, options.output);
  CheckTargets(options.output, options.paths, PlanSuffix(format));
  const ReusePlanner planner = PlannerNamed(options.planning.policy);
  const PlanOptions plan_options = MakePlanOptions(options.planning);
  if (options.space_table) return RunSpaceTable(options, format, planner, plan_options);
  if (!options.sweep.empty()) return RunSweep(options, format, planner, plan_options);
  if (options.explain && format.explain == nullptr) {
    throw Error(ErrorCode::kMisuse, "--explain is for --format text and json; the other formats have no place for it");
  }
  std::vector<PlanFile> files;
  for (const std::string& path : options.paths) {
    const Input input = format.load(path, options.input);
    PlanFile file = PlanToFile(planner, input, plan_options, options.planning.no_hand_overs);
    if (format.for_people) file.bound_with_all = BoundWithAll(input.workload);
    std::string text = format.write(input, file, options);
    if (options.explain) {
      text = format.explain(std::move(text), input, file, ExplainPlanned(file, &input.workload, planner));
    }
    WriteResult(TargetOf(options.output, path, PlanSuffix(format)), text);
    if (options.paths.size() > 1 && format.for_people) files.push_back(std::move(file));
  }
  if (!files.empty() && (options.output.empty() || options.output == "-")) WriteResult("-", SummaryOf(files));
  return kDone;
}

}  // namespace

std::function<int()> SetUp(OptionTable& table) {
  auto options = std::make_shared<Options>();
  table.push_back({"INPUT", &options->paths, "Models, problems or plans; - is standard input"});
  table.push_back({"-o,--output", &options->output, "Where the plan goes; a directory takes a file an input", "FILE"});
  table.push_back(
      {"--format", &options->format,
       "Otherwise told by the suffix of -o, otherwise text. trace is for Perfetto, snapshot for PyTorch's "
       "memory_viz, bin for orionrt_plan.h on small machines, tflm a copy of a .tflite model that carries the plan",
       FormatNames(kFormats, "|")});
  table.push_back({"--sweep", &options->sweep,
                   "Plan a model once a value of a dimension ('*': of all that are unset): a table and a curve",
                   "NAME=N,N,..."});
  table.push_back({"--space-table", &options->space_table,
                   "What spills at a few sizes of the first space, from nothing to all that it could hold"});
  table.push_back(
      {"--explain", &options->explain, "Say what forces the peak, what is proven, and what would lower it"});
  table.push_back(
      {"--header-prefix", &options->header.name_prefix, "Of a C header: what its macros begin with", "NAME"});
  table.push_back(
      {"--header-section", &options->header.section, "Of a C header: the linker section of the arena", "NAME"});
  AddPlanningOptions(table, options->planning);
  AddInputOptions(table, options->input);
  return [options] { return Run(*options); };
}

}  // namespace orionrt::cli::plan_command
