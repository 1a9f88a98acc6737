// orionrt info INPUT: what a model, a graph or a problem holds, before anything is planned.

#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "base/text.hpp"
#include "command.hpp"
#include "input.hpp"
#include "orionrt/config.hpp"
#include "output.hpp"

namespace orionrt::cli::info_command {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  InputOptions input;
  std::vector<std::string> paths;
  std::string output;
  std::string format;
};

struct OpCount {
  std::string type;  // empty: folded away, or without a type
  std::int64_t count = 0;
};

// An input as it was read, or as it is with the dimensions that it lacks taken to be 1.
struct Known {
  Input input;
  std::string missing;  // what it lacks; empty: nothing
  std::string options;  // that set it to 1, for a shell
};

Known Load(const std::string& path, const InputOptions& options) {
  try {
    return {LoadInput(path, options), "", ""};
  } catch (const MissingSizes& error) {
    InputOptions assumed = options;
    assumed.dims.insert(assumed.dims.begin(), "*=1");
    const std::string message = error.what();
    if (path == "-") throw;
    try {
      Known known = {LoadInput(path, assumed), message, error.options()};
      if (message.rfind(path + ": ", 0) == 0) known.missing.erase(0, path.size() + 2);
      return known;
    } catch (const Error&) {
      throw error;  // as it was first
    }
  }
}

// The most frequent first.
std::vector<OpCount> OpsByType(const Graph& graph) {
  std::map<std::string, std::int64_t> counts;
  for (const OpNode& op : graph.ops()) ++counts[op.type];
  std::vector<OpCount> ops;
  for (const auto& [type, count] : counts) ops.push_back({type, count});
  std::stable_sort(ops.begin(), ops.end(), [](const OpCount& a, const OpCount& b) { return a.count > b.count; });
  return ops;
}

// What no op makes is an input, said or not.
std::vector<const TensorDesc*> TensorsOf(const Graph& graph, unsigned role) {
  std::set<int> made;  // ids
  for (const OpNode& op : graph.ops()) made.insert(op.outputs.begin(), op.outputs.end());
  std::vector<const TensorDesc*> tensors;
  for (const TensorDesc& tensor : graph.tensors()) {
    const bool implied =
        made.count(tensor.id) == 0 && tensor.view_of == kNoTensor && (tensor.roles & TensorRole::kState) == 0;
    if ((tensor.roles & role) != 0 || (role == TensorRole::kInput && implied)) tensors.push_back(&tensor);
  }
  return tensors;
}

std::int64_t BytesOf(const TensorDesc& tensor) { return static_cast<std::int64_t>(tensor.bytes); }

std::string Line(const std::string& name, const std::string& value) {
  return "  " + name + std::string(name.size() < 14 ? 14 - name.size() : 0, ' ') + " " + value + "\n";
}

// `x, float32[1,3,224,224], 602,112 bytes`.
std::string Describe(const TensorDesc& tensor) {
  std::string shape;
  for (const std::int64_t dim : tensor.shape) shape += (shape.empty() ? "" : ",") + std::to_string(dim);
  const std::string name = tensor.name.empty() ? std::to_string(tensor.id) : Printable(tensor.name, 100);
  return name + (tensor.dtype.empty() ? "" : ", " + Printable(tensor.dtype, 30) + "[" + shape + "]") + ", " +
         FormatThousands(BytesOf(tensor)) + " bytes";
}

std::string DescribeGraph(const Graph& graph) {
  constexpr std::size_t kShown = 20;
  std::string text;
  const std::pair<const char*, unsigned> roles[] = {
      {"input", TensorRole::kInput}, {"output", TensorRole::kOutput}, {"state", TensorRole::kState}};
  for (const auto& [name, role] : roles) {
    const auto tensors = TensorsOf(graph, role);
    for (std::size_t k = 0; k < std::min(tensors.size(), kShown); ++k) text += Line(name, Describe(*tensors[k]));
    if (tensors.size() > kShown) text += Line("", "and " + std::to_string(tensors.size() - kShown) + " more");
  }
  std::string ops = FormatThousands(static_cast<std::int64_t>(graph.ops().size())) + ":";
  for (const OpCount& op : OpsByType(graph)) {
    ops += " " + FormatThousands(op.count) + " " + (op.type.empty() ? "without a type" : Printable(op.type, 60)) + ",";
  }
  ops.pop_back();
  return text + Line("ops", ops);
}

std::string ToText(const Known& known) {
  const Workload& workload = known.input.workload;
  std::string text = PrintablePath(workload.source) + "\n";
  const auto tensors = static_cast<std::int64_t>(workload.problem.buffers.size());
  std::int64_t largest = 0;
  for (const Buffer& buffer : workload.problem.buffers) largest = std::max(largest, buffer.size);
  if (workload.transformed != nullptr) text += DescribeGraph(workload.transformed->graph);
  text += Line("to place", FormatThousands(tensors) + (tensors == 1 ? " buffer" : " buffers") + ", the largest of " +
                               FormatThousands(largest) + " bytes");
  if (!workload.bodies.empty())
    text += Line("bodies", std::to_string(workload.bodies.size()) + ", of control-flow ops");
  if (workload.weights) {
    text += Line("weights", FormatThousands(workload.weights->needed_bytes) + " bytes in " +
                                FormatThousands(workload.weights->count) + " tensors, " +
                                FormatThousands(workload.weights->stored_bytes) + " stored");
  }
  if (!known.missing.empty()) {
    text += Line("missing", Printable(known.missing, 2000)) + Line("", "the sizes above are with 1 for each:") +
            Line("", "orionrt plan " + ShellWord(PrintablePath(workload.source)) + " " + known.options);
  }
  return text;
}

Json TensorsJson(const Graph& graph, unsigned role) {
  Json json = Json::array();
  for (const TensorDesc* tensor : TensorsOf(graph, role)) {
    json.push_back({{"id", tensor->id},
                    {"name", tensor->name},
                    {"dtype", tensor->dtype},
                    {"shape", tensor->shape},
                    {"bytes", BytesOf(*tensor)}});
  }
  return json;
}

std::string ToJson(const Known& known) {
  const Workload& workload = known.input.workload;
  Json json = {{"source", workload.source}};
  if (workload.transformed != nullptr) {
    const Graph& graph = workload.transformed->graph;
    json["inputs"] = TensorsJson(graph, TensorRole::kInput);
    json["outputs"] = TensorsJson(graph, TensorRole::kOutput);
    json["states"] = TensorsJson(graph, TensorRole::kState);
    json["ops"] = Json::object();
    for (const OpCount& op : OpsByType(graph)) json["ops"][op.type] = op.count;
  }
  json["buffers"] = workload.problem.buffers.size();
  json["bodies"] = workload.bodies.size();
  if (workload.weights) {
    json["weights"] = {{"needed_bytes", workload.weights->needed_bytes},
                       {"stored_bytes", workload.weights->stored_bytes},
                       {"count", workload.weights->count}};
  }
  if (known.missing.empty()) return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
  json["missing"] = known.missing;
  json["options"] = known.options;
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

struct Format {
  const char* name;
  const char* suffix;
  std::string (*write)(const Known& known);
};
constexpr Format kFormats[] = {{"text", ".txt", ToText}, {"json", ".json", ToJson}};

int Run(const Options& options) {
  const Format& format = PickFormat(kFormats, options.format, options.output);
  const std::string suffix = std::string(".info") + format.suffix;
  CheckTargets(options.output, options.paths, suffix);
  for (const std::string& path : options.paths) {
    WriteResult(TargetOf(options.output, path, suffix), format.write(Load(path, options.input)));
  }
  return kDone;
}

}  // namespace

std::function<int()> SetUp(OptionTable& table) {
  auto options = std::make_shared<Options>();
  table.push_back({"INPUT", &options->paths, "Models, graphs, problems or plans; - is standard input"});
  table.push_back({"-o,--output", &options->output, "Where it goes (default: standard output)", "FILE"});
  table.push_back(
      {"--format", &options->format, "Otherwise told by the suffix of -o, otherwise text", FormatNames(kFormats, "|")});
  AddInputOptions(table, options->input);
  return [options] { return Run(*options); };
}

}  // namespace orionrt::cli::info_command
