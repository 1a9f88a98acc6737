#include "input.hpp"

#include <algorithm>
#include <cstdio>
#include <unordered_map>

#include "base/index.hpp"
#include "base/text.hpp"
#include "colour.hpp"
#include "graph/engine_options.hpp"
#include "graph/labels.hpp"
#include "orionrt/config.hpp"
#include "orionrt/import.hpp"
#include "output.hpp"
#include "placed_model.hpp"
#include "progress.hpp"
#include "spaces.hpp"
#ifdef ORIONRT_HAS_ONNX
#endif
#ifdef ORIONRT_HAS_TFLITE
#endif

namespace orionrt::cli {
namespace {

constexpr const char* kStandardInput = "standard input";

void WarnOfEach(const std::vector<std::string>& warnings) {
  constexpr std::size_t kShown = 8;
  for (std::size_t i = 0; i < warnings.size() && i < kShown; ++i) {
    Warn(Printable(warnings[i], 2000));
  }
  if (warnings.size() > kShown) std::fprintf(stderr, "orionrt: ... and %zu more warnings\n", warnings.size() - kShown);
}

// NAME=VALUE at the last '=': names may contain one.
std::pair<std::string, std::string> SplitAssignment(const std::string& text, const char* option) {
  const std::size_t at = text.rfind('=');
  if (at == std::string::npos || at == 0)
    Misuse(std::string(option) + " \"" + text + "\" is not of the form NAME=VALUE");
  return {text.substr(0, at), text.substr(at + 1)};
}

std::int64_t ParseDim(const std::string& text, const std::string& whole, const char* option) {
  const auto value = ParseInt(text);
  if (!value || *value < 0)
    Misuse(std::string(option) + " \"" + whole + "\": \"" + text + "\" is not a whole number >= 0");
  return *value;
}

// NAME=1x3x224x224, in the place of what was said of the name before. A scalar has no dimension: NAME=.
void AddShape(const std::string& text, const char* option, std::map<std::string, std::vector<std::int64_t>>& shapes) {
  const auto [name, value] = SplitAssignment(text, option);
  if (value.find(',') != std::string::npos)
    Misuse(std::string(option) + " \"" + text + "\": dimensions stand with x between them, as in 1x3x224x224");
  std::vector<std::int64_t>& shape = shapes[name];
  shape.clear();
  for (std::size_t begin = 0; begin <= value.size() && !value.empty();) {
    const std::size_t end = std::min(value.find('x', begin), value.size());
    shape.push_back(ParseDim(value.substr(begin, end - begin), text, option));
    begin = end + 1;
  }
}

void FreeAll(Problem& problem) {
  for (Buffer& buffer : problem.buffers) buffer.fixed_offset = kFree;
}

std::vector<Space> TableOf(const InputOptions& options) {
  return options.spaces.empty() ? options.space_table : ParseSpaces(options.spaces);
}

// The spaces that the rows name, by --space; a row with a place in one is pinned there, unless offsets are ignored.
void NameSpaces(const CsvFile& csv, const InputOptions& options, Problem& problem) {
  const bool placed = !csv.space_of.empty() && !options.ignore_offsets;
  const std::vector<Space> table = TableOf(options);
  if (table.empty()) {
    const bool idle = !options.quiet && (placed || !csv.spaces.empty());
    if (idle) Warn({"columns spaces and space mean nothing without a table of spaces; see --space"});
    return;
  }
  std::vector<std::vector<std::string>> spaces = csv.spaces;
  spaces.resize(problem.buffers.size());
  for (std::size_t i = 0; i < spaces.size() && placed; ++i) {
    if (!csv.space_of[i].empty()) spaces[i] = {csv.space_of[i]};
  }
  SetSpaces(problem, table, spaces);
}

// --space in place of the table that a file has: the buffers' spaces go by name.
void ReplaceSpaces(const InputOptions& options, Problem& problem) {
  const std::vector<Space> table = TableOf(options);
  if (table.empty()) return;
  std::vector<std::vector<std::string>> spaces(problem.buffers.size());
  for (std::size_t i = 0; i < spaces.size(); ++i) spaces[i] = SpacesOf(problem, static_cast<int>(i));
  SetSpaces(problem, table, spaces);
}

constexpr std::int64_t kModelAlignment = 64;  // bytes; what an engine's widest loads want

Input FromCsv(const std::string& text, const std::string& source, const InputOptions& options) {
  Input input;
  input.csv = ReadCsv(text, source);
  Problem& problem = input.workload.problem;
  problem = std::move(input.csv->problem);
  const std::vector<std::int64_t>& offsets = input.csv->offsets;
  for (std::size_t i = 0; i < offsets.size() && !options.ignore_offsets; ++i) {
    problem.buffers[i].fixed_offset = offsets[i];
  }
  WarnOfEach(input.csv->warnings);
  NameSpaces(*input.csv, options, problem);
  return input;
}

// Lifetimes of a file of our own, at the alignment that it states.
void TakeProblem(Problem problem, std::int64_t alignment, const InputOptions& options, Workload& workload) {
  workload.problem = std::move(problem);
  workload.alignment = alignment;
  ReplaceSpaces(options, workload.problem);
  if (options.ignore_offsets) FreeAll(workload.problem);
}

// So that what they need is kept free when the graph around them is planned anew. A file of before has their sum alone.
void TakeBodies(const PlanFile& file, Workload& workload) {
  for (const PlanFile& body : file.bodies) {
    Workload inner;
    inner.source = body.source;
    inner.problem = body.problem;
    inner.alignment = body.alignment;
    TakeBodies(body, inner);
    workload.bodies.push_back(std::move(inner));
  }
  if (!file.bodies.empty() || file.peak_nested_bytes <= 0) return;
  Workload sum;
  sum.problem.buffers = {{0, 1, file.peak_nested_bytes, file.alignment}};
  workload.bodies.push_back(std::move(sum));
}

Input FromPlanJson(const std::string& text, const std::string& source, const InputOptions& options) {
  Input input;
  input.plan = ReadPlanJson(text, source);
  TakeBodies(*input.plan, input.workload);
  TakeProblem(input.plan->problem, input.plan->alignment, options, input.workload);
  input.workload.weights = input.plan->weights;
  return input;
}

Input FromProblemJson(const std::string& text, const std::string& source, const InputOptions& options) {
  ProblemFile file = ReadProblemJson(text, source);
  Input input;
  TakeProblem(std::move(file.problem), file.alignment, options, input.workload);
  return input;
}

// Alignments are raised here, and nowhere else, for what is a graph.
LowerOptions LoweringOf(const InputOptions& options) {
  return {TransformsOf(options), AskedAlignment(options).value_or(kModelAlignment), TableOf(options)};
}

// Usage, judged before the file.
void CheckStreams(const InputOptions& options) {
  if (options.streams && (*options.streams < 1 || *options.streams > StreamOrder::kMostLanes)) {
    Misuse("--streams " + std::to_string(*options.streams) + " is no number from 1 to " +
           std::to_string(StreamOrder::kMostLanes));
  }
  if (!options.streams || *options.streams == 1 || !TransformsOf(options).reorder) return;
  Misuse(std::string("--streams leaves no room for ") +
         (options.all_transforms ? "--all, which reorders" : "--reorder") +
         ": on several streams program order and waits alone decide; --views, --in-place and --colocate may stay");
}

// The graph on as many streams as are asked for, which is told.
Graph Streamed(Graph graph, const std::string& source, const InputOptions& options) {
  const int streams = options.streams.value_or(options.import ? options.import->streams : 1);
  if (!options.streams && streams == 1) return graph;
  if (HasStreams(graph.ops())) {
    Misuse(Printable(source, 1000) +
           ": --streams is for graphs on one, and this names streams, or waits, itself; leave " + "the option out");
  }
  StreamedGraph found = OnStreams(graph, streams);
  if (!options.quiet && options.streams.value_or(1) > 1) {
    std::fprintf(stderr,
                 "orionrt: %s: on %d stream%s, with %d wait%s, the longest chain has %d of %d ops (no less than %d)\n",
                 Printable(source, 300).c_str(), found.streams, found.streams == 1 ? "" : "s", found.waits,
                 found.waits == 1 ? "" : "s", found.longest_chain, LongestChain(graph), found.least_chain);
  }
  return std::move(found.graph);
}

void TellImpliedWaits(const Graph& graph, const std::vector<ImpliedWait>& waits) {
  std::unordered_map<int, const OpNode*> op_of;  // by id; looked up, never walked
  for (const OpNode& op : graph.ops()) op_of.emplace(op.id, &op);
  const auto on_stream = [&](int id) {
    return OpLabel(*op_of.at(id)) + " on stream " + std::to_string(op_of.at(id)->stream);
  };
  for (const ImpliedWait& wait : waits) {
    const TensorDesc& tensor = graph.tensors()[At(graph.IndexOf(wait.tensor_id))];
    std::fprintf(stderr, "orionrt: %s waits for %s, which writes %s\n", on_stream(wait.op_id).c_str(),
                 on_stream(wait.waits_for).c_str(), TensorLabel(tensor).c_str());
  }
}

Input FromModel(ImportedModel model, const std::string& source, const InputOptions& options) {
  if (!options.quiet) WarnOfEach(model.warnings);
  model.graph = Streamed(std::move(model.graph), source, options);
  Input input;
  input.workload = Lower(model, source, MakeImportOptions(source, options), LoweringOf(options));
  input.nested = std::move(model.bodies);
  return input;
}

Input FromGraphJson(const std::string& text, const std::string& source, const InputOptions& options) {
  Input input;
  const bool imply = options.imply_waits || (options.import && options.import->imply_waits);
  ImportedModel model;
  model.graph = ReadGraphJson(text, source, imply ? &input.implied_waits : nullptr);
  const ImportOptions import = MakeImportOptions(source, options);
  ApplyEngineOptions(import, source, model);
  if (!options.quiet && options.imply_waits) TellImpliedWaits(model.graph, input.implied_waits);
  input.workload = Lower(Streamed(std::move(model.graph), source, options), {}, LoweringOf(options));
  input.workload.import.streams = import.streams;
  input.workload.import.in_place_types = import.in_place_types;
  input.workload.import.external = import.external;
  input.workload.import.imply_waits = !input.implied_waits.empty();
  return input;
}

struct Schema {
  const char* name;
  Input (*load)(const std::string& text, const std::string& source, const InputOptions& options);
};
constexpr Schema kSchemas[] = {
    {"orionrt.plan/1", FromPlanJson},
    {"orionrt.problem/1", FromProblemJson},
    {"orionrt.graph/1", FromGraphJson},
};

Input FromJson(const std::string& text, const std::string& source, const InputOptions& options) {
  const std::string schema = SchemaOf(text, source);
  std::string known;
  for (const Schema& row : kSchemas) {
    if (schema == row.name) return row.load(text, source, options);
    known += (known.empty() ? "" : ", ") + std::string(row.name);
  }
  throw Error(ErrorCode::kBadInput, source + ": unknown schema \"" + Printable(schema) + "\"; there are: " + known);
}

#ifdef ORIONRT_HAS_ONNX
Input FromOnnx(const std::string& text, const std::string& source, const InputOptions& options) {
  return FromModel(ImportOnnx(text, source, MakeImportOptions(source, options)), source, options);
}
#else
Input FromOnnx(const std::string&, const std::string& source, const InputOptions& options) {
  (void)MakeImportOptions(source, options);
  throw Error(ErrorCode::kUnsupported,
              source + ": this orionrt was built without the onnx library; install libonnx-dev and build again");
}
#endif

#ifdef ORIONRT_HAS_TFLITE
Input FromTflite(const std::string& text, const std::string& source, const InputOptions& options) {
  const ImportedModel model = ImportTflite(text, source, MakeImportOptions(source, options));
  Input input = FromModel(model, source, options);
  input.tflite = std::make_shared<const TfliteFile>(TfliteFile{text, model.graph});
  return input;
}
#else
Input FromTflite(const std::string&, const std::string& source, const InputOptions& options) {
  (void)MakeImportOptions(source, options);
  throw Error(ErrorCode::kUnsupported, source +
                                           ": this orionrt was built without FlatBuffers; install "
                                           "libflatbuffers-dev and flatbuffers-compiler and build again");
}
#endif

// The plan of a binary file, which is judged by the model that it was made of.
Input FromBinary(const std::string& text, const std::string& source, const InputOptions& options) {
  if (options.model.empty()) {
    Misuse(Printable(source, 1000) +
           ": a binary plan says nothing of lifetimes; name the model that it was made of: " + "--model FILE");
  }
  InputOptions of_model = options;
  of_model.format.clear();  // it spoke of the plan
  Input input;
  PlacedModel placed = LoadBinaryPlan(text, source, options.model, of_model);
  input.plan = RecoverPlanFile(placed.graph, placed.bodies, std::move(placed.assignment), source);
  TakeProblem(input.plan->problem, input.plan->alignment, options, input.workload);
  return input;
}

struct Reader {
  const char* name;
  const char* suffix;
  Input (*load)(const std::string& text, const std::string& source, const InputOptions& options);
};
constexpr Reader kReaders[] = {
    {"csv", ".csv", FromCsv},    {"onnx", ".onnx", FromOnnx}, {"tflite", ".tflite", FromTflite},
    {"json", ".json", FromJson}, {"bin", ".bin", FromBinary},
};

// Whether the name of a file says nothing of what is in it.
bool IsUnsaid(const std::string& path, const std::string& format) {
  const std::string name = path.substr(path.rfind('/') + 1);
  const std::size_t dot = name.rfind('.');
  return format.empty() && (dot == std::string::npos || dot == 0);
}

// What a file looks like inside: the name of a reader, or empty. A binary plan begins with its mark, JSON with a brace,
// TFLite has its mark at byte 4, CSV a first line of printable letters with the columns of lifetimes, and an ONNX model
// the number of its version, field 1 of its outermost message.
std::string SniffedFormat(const std::string& text) {
  const std::size_t begin = text.compare(0, 3, "\xEF\xBB\xBF") == 0 ? 3 : 0;
  const std::size_t first = text.find_first_not_of(" \t\r\n", begin);
  if (text.compare(0, 7, "ORTPLAN") == 0) return "bin";
  if (first != std::string::npos && text[first] == '{') return "json";
  if (text.compare(std::min<std::size_t>(4, text.size()), 4, "TFL3") == 0) return "tflite";
  const std::string line = text.substr(begin, std::min(text.find('\n', begin), text.size()) - begin);
  const bool is_text = std::all_of(line.begin(), line.end(), [](char c) { return c == '\t' || c == '\r' || c >= ' '; });
  if (is_text && line.find(',') != std::string::npos && line.find("size") != std::string::npos) return "csv";
  if (text.size() > 2 && text[0] == 8 && text[1] > 0 && text[1] < 100) return "onnx";
  return "";
}

const Reader& ReaderOf(const std::string& path, const std::string& name) {
  std::string known;
  for (const Reader& format : kReaders) {
    const std::string suffix = format.suffix;
    if (name.empty() ? HasSuffix(path, suffix) : name == format.name) return format;
    known += (known.empty() ? "" : ", ") + std::string(name.empty() ? format.suffix : format.name);
  }
  if (!name.empty()) Misuse("--input-format \"" + Printable(name) + "\" is unknown; there are: " + known);
  Misuse("\"" + Printable(path, 1000) +
         "\": " + (IsUnsaid(path, name) ? "no suffix, and inside it looks like none of " : "no known suffix ") + "(" +
         known + "); say what it is by --input-format");
}

void WarnOfModelOptions(const std::string& format, const InputOptions& options) {
  const bool given = !options.dims.empty() || !options.inputs.empty() || !options.shapes.empty() || options.no_fold ||
                     options.fold_shapes || options.trust_shapes || !options.op_rules.empty() ||
                     !options.data_folder.empty();
  if (!given || options.quiet || options.beside_model || format == "onnx" || format == "tflite") return;
  Warn("--dim, --input and the other options of models do nothing for " + format + " input");
}

void WarnOfIdleAssumption(const InputOptions& options) {
  if (options.in_place.empty() || options.quiet || TransformsOf(options).in_place) return;
  Warn("--assume-in-place lets no op write in place by itself; add --in-place or --all");
}

}  // namespace

ImportOptions MakeImportOptions(const std::string& source, const InputOptions& options) {
  ImportOptions import = options.import.value_or(ImportOptions());
  if (source != kStandardInput) {
    const std::size_t slash = source.rfind('/');
    import.data_folder = slash == std::string::npos ? "." : source.substr(0, slash + 1);
  }
  import.extra_data_folder = options.data_folder;
  import.fold_constants = import.fold_constants && !options.no_fold;
  import.fold_shapes = import.fold_shapes || options.fold_shapes;
  import.streams = options.streams.value_or(import.streams);
  import.imply_waits = import.imply_waits || options.imply_waits;
  for (const std::string& text : options.dims) {
    const auto [name, value] = SplitAssignment(text, "--dim");
    const std::int64_t dim = ParseDim(value, text, "--dim");
    if (name == "*") {
      import.default_dim = dim;
    } else {
      import.dims[name] = dim;
    }
  }
  for (const std::string& text : options.inputs) AddShape(text, "--input", import.inputs);
  for (const std::string& text : options.shapes) AddShape(text, "--shape", import.shapes);
  import.trust_shapes = import.trust_shapes || options.trust_shapes;
  for (const std::string& path : options.op_rules) {
    for (OpRule& rule : ReadOpRules(ReadFile(path), path)) import.op_rules.push_back(std::move(rule));
  }
  import.in_place_types.insert(import.in_place_types.end(), options.in_place.begin(), options.in_place.end());
  import.external.insert(import.external.end(), options.external.begin(), options.external.end());
  return import;
}

std::optional<std::int64_t> AskedAlignment(const InputOptions& options) {
  if (options.alignment.empty()) return std::nullopt;
  const auto asked = ParseBytes(options.alignment);
  if (!asked || *asked == 0 || (*asked & (*asked - 1)) != 0) {
    Misuse("--alignment \"" + Printable(options.alignment) +
           "\" is not a power of two below 2^63 bytes; write 16, 64 or 4K");
  }
  return asked;
}

std::string InputFormat(const std::string& path, const InputOptions& options) {
  const bool unsaid = path != "-" && IsUnsaid(path, options.format);
  return ReaderOf(path, unsaid ? SniffedFormat(ReadFile(path)) : options.format).name;
}

CsvFile RowsOf(const Workload& workload) {
  Problem problem = workload.problem;
  if (workload.transformed != nullptr) {
    const std::vector<std::int64_t> own = OwnAlignments(*workload.transformed);
    for (std::size_t i = 0; i < own.size(); ++i) problem.buffers[i].alignment = own[i];
  }
  return MakeCsv(problem);
}

std::string WriteRows(const Input& input, const std::vector<std::int64_t>* offsets, const Plan* plan) {
  const Problem& problem = input.workload.problem;
  std::vector<std::string> spaces;
  const bool in_spaces = plan != nullptr && !problem.spaces.empty();
  for (std::size_t i = 0; in_spaces && i < problem.buffers.size(); ++i) {
    spaces.push_back(problem.spaces[At(SpaceOf(*plan, static_cast<int>(i)))].name);
  }
  return WriteCsv(input.csv ? *input.csv : RowsOf(input.workload), offsets, in_spaces ? &spaces : nullptr);
}

void AddInputOptions(OptionTable& table, InputOptions& options) {
  table.push_back({"--input-format", &options.format, "Otherwise told by the suffix, or without one by what is inside",
                   "csv|onnx|tflite|json|bin"});
  table.push_back({"--model", &options.model,
                   "Of binary plans (.bin), which say nothing of lifetimes: the model or graph that they were made of",
                   "FILE"});
  table.push_back({"--alignment", &options.alignment,
                   "Least alignment of every buffer, a power of two (default: 64 for models, 1 for CSV)", "BYTES"});
  table.push_back({"--ignore-offsets", &options.ignore_offsets, "Treat buffers with a fixed offset as free"});
  table.push_back(
      {"--space", &options.spaces,
       "A memory space; several, the best first. NAME=BYTES, then :align=N, :granularity=N, :largest=BYTES, "
       ":cost=N (of a byte read or written). Without BYTES it has no limit. sram=256K, dram=8M:align=64",
       "NAME=BYTES"});
  const auto model = "Models";
  table.push_back(
      {"--dim", &options.dims, "Value of a symbolic dimension; '*=1' sets all that are unset", "NAME=N", model});
  table.push_back({"--input", &options.inputs, "Shape of a graph input: x=1x3x224x224", "NAME=SHAPE", model});
  table.push_back({"--shape", &options.shapes,
                   "Shape of a tensor that an op makes, before all that follows from the model", "NAME=SHAPE", model});
  table.push_back({"--trust-shapes", &options.trust_shapes,
                   "What a model declares of shapes goes before what ops make of them", "", model});
  table.push_back({"--op-rules", &options.op_rules,
                   "What ops of your own make of their inputs, in JSON (docs/op_rules.md)", "FILE", model});
  table.push_back({"--data-folder", &options.data_folder,
                   "Where external data lies that is not beside the model, or where links there lead", "DIR", model});
  table.push_back({"--no-fold", &options.no_fold, "Keep ops whose inputs are all constant", "", model});
  table.push_back({"--fold-shapes", &options.fold_shapes, "Fold ops of known shapes too", "", model});
  const auto streams = "Streams (docs/streams.md)";
  table.push_back({"--streams", &options.streams,
                   "Put the branches of a model or graph on at most so many streams, with the waits that it needs", "N",
                   streams});
  table.push_back(
      {"--imply-waits", &options.imply_waits,
       "Of a graph that names streams: add the waits that its data needs and nothing implies, and list them", "",
       streams});
  const auto engine = "What the engine does (docs/sharing.md)";
  table.push_back(
      {"--external", &options.external,
       "What whoever runs the graph holds, and no arena: inputs, outputs, or a tensor by name; several by commas",
       "WHAT", engine, true});
  table.push_back({"--assume-in-place", &options.in_place,
                   "Ops of this type may write each element over that of an input of the same shape and size", "TYPE",
                   engine, true});
  const auto below = "Below the bound of the graph as given (docs/sharing.md)";
  table.push_back({"--views", &options.transforms.views,
                   "Reshapes, and slices and splits of one run of bytes, take no bytes of their own", "", below});
  table.push_back(
      {"--in-place", &options.transforms.in_place, "Ops write over what they read for the last time", "", below});
  table.push_back(
      {"--colocate", &options.transforms.colocate, "What is concatenated is born where the whole will lie", "", below});
  table.push_back({"--reorder", &options.transforms.reorder, "Ops run in an order of lower peak, which the plan states",
                   "", below});
  table.push_back({"--all", &options.all_transforms, "All four", "", below});
}

Transforms TransformsOf(const InputOptions& options) {
  return options.all_transforms ? Transforms{true, true, true, true} : options.transforms;
}

Input LoadInput(const std::string& path, const InputOptions& options) {
  const std::optional<std::int64_t> asked = AskedAlignment(options);
  (void)TableOf(options);  // usage is judged before the file
  CheckStreams(options);
  if (IsDirectory(path))
    throw Error(ErrorCode::kBadInput, Printable(path, 1000) + ": is a directory; name a file in it");
  const bool unsaid = IsUnsaid(path, options.format);
  if (!unsaid) (void)ReaderOf(path, options.format);  // usage is judged before the file
  const Progress progress("reading " + path);
  const std::string text = ReadFile(path);
  const Reader& format = ReaderOf(path, unsaid ? SniffedFormat(text) : options.format);
  WarnOfModelOptions(format.name, options);
  WarnOfIdleAssumption(options);
  Input input = format.load(text, path == "-" ? kStandardInput : path, options);
  Workload& workload = input.workload;
  if (Any(TransformsOf(options)) && workload.transformed == nullptr) {
    Misuse(Printable(path, 1000) +
           ": --views, --in-place, --colocate and --reorder need a graph, and this holds lifetimes; give the model");
  }
  if ((options.streams || options.imply_waits) && workload.transformed == nullptr) {
    Misuse(Printable(path, 1000) +
           ": --streams and --imply-waits need a graph, and this holds lifetimes; give the model");
  }
  workload.source = path;
  if (workload.transformed != nullptr) return input;
  workload.alignment = asked.value_or(workload.alignment);
  RaiseAlignment(workload.problem, workload.alignment);
  try {
    CheckProblem(workload.problem);
  } catch (const Error& error) {
    throw Error(error.code(), Printable(path, 1000) + ": " + error.what());
  }
  return input;
}

}  // namespace orionrt::cli
