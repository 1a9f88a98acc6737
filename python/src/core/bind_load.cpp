// load: models, problems, plans and graphs from files and bytes.
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <map>

#include "base/text.hpp"
#include "core/core.hpp"
#ifdef ORIONRT_HAS_ONNX
#include "orionrt/import.hpp"
#endif
#ifdef ORIONRT_HAS_TFLITE
#endif

namespace orionrt::python {
namespace {

struct LoadOptions {
  std::string source;
  ImportOptions import;
  Transforms transforms;
  bool ignore_offsets = false;
};

nb::object FromGraph(ImportedModel model, bool weighed, const LoadOptions& options) {
  GraphObject graph;
  graph.ops = model.graph.ops();
  graph.tensors = model.graph.tensors();
  graph.bodies = std::move(model.bodies);
  if (weighed) graph.weights = model.weights;
  graph.warnings = std::move(model.warnings);
  graph.source = options.source;
  graph.import = options.import;
  graph.transforms = options.transforms;
  return nb::cast(std::move(graph));
}

nb::object FromOnnx(const std::string& bytes, const LoadOptions& options) {
#ifdef ORIONRT_HAS_ONNX
  ImportedModel model = [&] {
    const nb::gil_scoped_release unlocked;
    return ImportOnnx(bytes, options.source, options.import);
  }();
  return FromGraph(std::move(model), true, options);
#else
  (void)bytes;
  Refuse(ErrorCode::kUnsupported, options.source + ": this orionrt was built without the onnx library");
#endif
}

nb::object FromTflite(const std::string& bytes, const LoadOptions& options) {
#ifdef ORIONRT_HAS_TFLITE
  ImportedModel model = [&] {
    const nb::gil_scoped_release unlocked;
    return ImportTflite(bytes, options.source, options.import);
  }();
  return FromGraph(std::move(model), true, options);
#else
  (void)bytes;
  Refuse(ErrorCode::kUnsupported, options.source + ": this orionrt was built without FlatBuffers");
#endif
}

nb::object FromCsv(const std::string& text, const LoadOptions& options) {
  CsvFile csv = ReadCsv(text, options.source);
  for (std::size_t i = 0; i < csv.offsets.size() && !options.ignore_offsets; ++i) {
    csv.problem.buffers[i].fixed_offset = csv.offsets[i];
  }
  CheckProblem(csv.problem);
  return nb::cast(ProblemFile{std::move(csv.problem), options.source, 1});
}

nb::object FromJson(const std::string& text, const LoadOptions& options) {
  const std::string schema = SchemaOf(text, options.source);
  if (schema == "orionrt.graph/1") {
    return FromGraph({ReadGraphJson(text, options.source), {}, {}, {}}, false, options);
  }
  if (schema == "orionrt.problem/1") {
    ProblemFile file = ReadProblemJson(text, options.source);
    for (Buffer& buffer : file.problem.buffers)
      buffer.fixed_offset = options.ignore_offsets ? kFree : buffer.fixed_offset;
    return nb::cast(std::move(file));
  }
  if (schema == "orionrt.plan/1") {
    return nb::cast(PlanObject{std::make_shared<const PlanFile>(ReadPlanJson(text, options.source)), nullptr});
  }
  Refuse(ErrorCode::kBadInput, options.source + ": unknown schema \"" + Printable(schema) +
                                   "\"; there are: orionrt.graph/1, orionrt.problem/1, orionrt.plan/1");
}

// A row says by what a path, or bytes without one, are told.
struct Format {
  const char* name;
  const char* suffix;
  bool (*fits)(const std::string& bytes);
  nb::object (*load)(const std::string& bytes, const LoadOptions& options);
};

bool IsTflite(const std::string& bytes) { return bytes.size() >= 8 && bytes.compare(4, 4, "TFL3") == 0; }
bool IsJson(const std::string& bytes) {
  const std::size_t at = bytes.find_first_not_of(" \t\r\n");
  return at != std::string::npos && bytes[at] == '{';
}
// Its first row names the columns; a serialized ModelProto begins with a byte that no text has.
bool IsCsv(const std::string& bytes) {
  const std::string row = bytes.substr(0, std::min(bytes.find('\n'), bytes.size()));
  return row.find(',') != std::string::npos &&
         std::all_of(row.begin(), row.end(), [](char c) { return c == '\r' || c == '\t' || (c & 0xE0) != 0; });
}

constexpr Format kFormats[] = {
    {"tflite", ".tflite", IsTflite, FromTflite},
    {"json", ".json", IsJson, FromJson},
    {"csv", ".csv", IsCsv, FromCsv},
    {"onnx", ".onnx", [](const std::string&) { return true; }, FromOnnx},
};

bool EndsWith(std::string path, const std::string& suffix) {
  std::transform(path.begin(), path.end(), path.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  return path.size() >= suffix.size() && path.compare(path.size() - suffix.size(), suffix.size(), suffix) == 0;
}

const Format& FormatOf(const std::optional<std::string>& path, const std::string& name, const std::string& bytes) {
  std::string known;
  for (const Format& format : kFormats) {
    const bool fits = !name.empty() ? name == format.name : path ? EndsWith(*path, format.suffix) : format.fits(bytes);
    if (fits) return format;
    known += (known.empty() ? "" : ", ") + std::string(name.empty() ? format.suffix : format.name);
  }
  if (!name.empty()) Refuse(ErrorCode::kMisuse, "format \"" + Printable(name) + "\" is unknown; there are: " + known);
  Refuse(ErrorCode::kMisuse,
         "\"" + Printable(*path, 300) + "\": no known suffix (" + known + "); say what it is by format");
}

LoadOptions OptionsOf(const std::optional<std::string>& path, std::map<std::string, std::int64_t> dims,
                      std::map<std::string, std::vector<std::int64_t>> inputs, bool fold_constants, bool fold_shapes) {
  LoadOptions options;
  options.source = path.value_or("bytes");
  if (path) {
    const std::size_t slash = path->rfind('/');
    options.import.data_folder = slash == std::string::npos ? "." : path->substr(0, slash + 1);
  }
  for (const auto& [name, dim] : dims) {
    if (dim < 0)
      Refuse(ErrorCode::kBadInput, "dims[\"" + Printable(name) + "\"]: " + std::to_string(dim) + " is negative");
  }
  const auto rest = dims.find("*");
  if (rest != dims.end()) {
    options.import.default_dim = rest->second;
    dims.erase(rest);
  }
  options.import.dims = std::move(dims);
  options.import.inputs = std::move(inputs);
  options.import.fold_constants = fold_constants;
  options.import.fold_shapes = fold_shapes;
  return options;
}

nb::object Load(const std::optional<std::string>& path, const nb::bytes& given, const std::string& format,
                std::map<std::string, std::int64_t> dims, std::map<std::string, std::vector<std::int64_t>> inputs,
                std::map<std::string, std::vector<std::int64_t>> shapes, bool trust_shapes,
                const std::string& data_folder, std::vector<std::string> external,
                std::vector<std::string> assume_in_place,
                const std::vector<std::pair<std::string, std::optional<std::string>>>& op_rules, bool fold_constants,
                bool fold_shapes, bool views, bool colocate, bool in_place, bool reorder, bool ignore_offsets) {
  LoadOptions options = OptionsOf(path, std::move(dims), std::move(inputs), fold_constants, fold_shapes);
  options.import.shapes = std::move(shapes);
  options.import.trust_shapes = trust_shapes;
  options.import.extra_data_folder = data_folder;
  options.import.external = std::move(external);
  options.import.in_place_types = std::move(assume_in_place);
  for (const auto& [source, text] : op_rules) {
    for (OpRule& rule : ReadOpRules(text ? *text : ReadFile(source), source)) {
      options.import.op_rules.push_back(std::move(rule));
    }
  }
  options.transforms = {views, colocate, in_place, reorder};
  options.ignore_offsets = ignore_offsets;
  std::string bytes(given.c_str(), given.size());
  const Format* const by_name = path || !format.empty() ? &FormatOf(path, format, bytes) : nullptr;
  if (path) {
    const nb::gil_scoped_release unlocked;
    bytes = ReadFile(*path);
  }
  return (by_name != nullptr ? *by_name : FormatOf(path, format, bytes)).load(bytes, options);
}

}  // namespace

void BindLoad(nb::module_& module) {
  module.def("load", Load, nb::arg("path").none(), nb::arg("bytes"), nb::arg("format"), nb::arg("dims"),
             nb::arg("inputs"), nb::arg("shapes"), nb::arg("trust_shapes"), nb::arg("data_folder"), nb::arg("external"),
             nb::arg("assume_in_place"), nb::arg("op_rules"), nb::arg("fold_constants"), nb::arg("fold_shapes"),
             nb::arg("views"), nb::arg("colocate"), nb::arg("in_place"), nb::arg("reorder"), nb::arg("ignore_offsets"),
             nb::sig("def load(path: str | None, bytes: bytes, format: str, dims: collections.abc.Mapping[str, int], "
                     "inputs: collections.abc.Mapping[str, collections.abc.Sequence[int]], "
                     "shapes: collections.abc.Mapping[str, collections.abc.Sequence[int]], trust_shapes: bool, "
                     "data_folder: str, external: collections.abc.Sequence[str], "
                     "assume_in_place: collections.abc.Sequence[str], "
                     "op_rules: collections.abc.Sequence[tuple[str, str | None]], fold_constants: bool, "
                     "fold_shapes: bool, views: bool, colocate: bool, in_place: bool, reorder: bool, "
                     "ignore_offsets: bool) -> Graph | Problem | Plan"));
}

}  // namespace orionrt::python
