// convert: an input's problem, unplanned, in the formats that hold one.
#include <algorithm>
#include <memory>

#include "base/text.hpp"
#include "command.hpp"
#include "input.hpp"
#include "orionrt/config.hpp"
#include "output.hpp"

namespace orionrt::cli::convert_command {
namespace {

struct Options {
  InputOptions input;
  std::string path;
  std::string output = "-";
  std::string format;
  std::string subgraphs;
};

// MODEL__OP.ATTRIBUTE.csv for every body, and so on for bodies within bodies.
void WriteBodies(const std::vector<Workload>& bodies, const std::string& stem) {
  for (const Workload& body : bodies) {
    const std::string name = stem + "__" + body.source;
    WriteResult(name + ".csv", WriteCsv(RowsOf(body), nullptr));
    WriteBodies(body.bodies, name);
  }
}

std::string ToCsv(const Input& input) {
  std::vector<std::int64_t> fixed;
  for (const Buffer& buffer : input.workload.problem.buffers) fixed.push_back(buffer.fixed_offset);
  const bool any = std::any_of(fixed.begin(), fixed.end(), [](std::int64_t offset) { return offset != kFree; });
  return WriteRows(input, any ? &fixed : nullptr);
}

std::string ToJson(const Input& input) {
  return WriteProblemJson({input.workload.problem, input.workload.source, input.workload.alignment});
}

struct Format {
  const char* name;
  const char* suffix;
  std::string (*write)(const Input& input);
};
constexpr Format kFormats[] = {{"csv", ".csv", ToCsv}, {"json", ".json", ToJson}};

int Run(const Options& options) {
  const Format& format = PickFormat(kFormats, options.format, options.output);
  if (!options.subgraphs.empty() && !IsDirectory(options.subgraphs)) {
    throw Error(ErrorCode::kMisuse, "--subgraphs: " + Printable(options.subgraphs, 1000) + " is no directory; make it");
  }
  const Input input = LoadInput(options.path, options.input);
  if (!options.subgraphs.empty()) {
    const std::string name = options.path.substr(options.path.rfind('/') + 1);
    WriteBodies(input.workload.bodies, options.subgraphs + "/" + name.substr(0, name.rfind('.')));
  }
  WriteResult(options.output, format.write(input));
  return kDone;
}

}  // namespace

std::function<int()> SetUp(OptionTable& table) {
  auto options = std::make_shared<Options>();
  table.push_back({"INPUT", &options->path, "A model or a problem; - is standard input"});
  table.push_back({"-o,--output", &options->output, "Where the problem goes (default: standard output)", "FILE"});
  table.push_back(
      {"--format", &options->format, "Otherwise told by the suffix of -o, otherwise csv", FormatNames(kFormats, "|")});
  table.push_back(
      {"--subgraphs", &options->subgraphs, "Write the bodies of control-flow ops into this directory", "DIR"});
  AddInputOptions(table, options->input);
  return [options] { return Run(*options); };
}

}  // namespace orionrt::cli::convert_command
