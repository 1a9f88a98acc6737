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
};

int Run(const Options& options) {
  const Input input = LoadInput(options.path, options.input);
  WriteFile(options.output, WriteCsv(input.csv, input.csv.offsets.empty() ? nullptr : &input.csv.offsets));
  return kDone;
}

}  // namespace

std::function<int()> SetUpConvert(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("INPUT", options->path, "A model or a problem; - is standard input")->required();
  app.add_option("-o,--output", options->output, "Where the CSV goes (default: standard output)")->type_name("FILE");
  AddInputOptions(app, options->input);
  return [options] { return Run(*options); };
}

}  // namespace orionrt::cli
