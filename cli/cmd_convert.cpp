#include <memory>

#include "command.hpp"
#include "input.hpp"
#include "orionrt/error.hpp"

namespace orionrt::cli {
namespace {

struct Options {
  InputOptions input;
  std::string path;
  std::string output = "-";
  std::string format;
};

bool HasSuffix(const std::string& text, const std::string& suffix) {
  return text.size() > suffix.size() && text.compare(text.size() - suffix.size(), suffix.size(), suffix) == 0;
}

int Run(const Options& options) {
  const Input input = LoadInput(options.path, options.input);
  const bool json = options.format.empty() ? HasSuffix(options.output, ".json") : options.format == "json";
  if (!options.format.empty() && !json && options.format != "csv") {
    throw Error(ErrorCode::kMisuse, "--format \"" + options.format + "\" is unknown; there are: csv, json");
  }
  if (json) {
    WriteFile(options.output, WriteProblemJson({input.problem, input.source, input.alignment}));
    return kDone;
  }
  WriteFile(options.output, WriteCsv(input.csv, input.csv.offsets.empty() ? nullptr : &input.csv.offsets));
  return kDone;
}

}  // namespace

std::function<int()> SetUpConvert(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("INPUT", options->path, "A model or a problem; - is standard input")->required();
  app.add_option("-o,--output", options->output, "Where the problem goes (default: standard output)")
      ->type_name("FILE");
  app.add_option("--format", options->format, "csv or json; otherwise told by the suffix of -o, otherwise csv")
      ->type_name("FORMAT");
  AddInputOptions(app, options->input);
  return [options] { return Run(*options); };
}

}  // namespace orionrt::cli
