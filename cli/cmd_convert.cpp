#include <algorithm>
#include <memory>

#include "command.hpp"
#include "input.hpp"
#include "output.hpp"

namespace orionrt::cli {
namespace {

struct Options {
  InputOptions input;
  std::string path;
  std::string output = "-";
  std::string format;
  std::string subgraphs;
};

// MODEL__OP.ATTRIBUTE.csv for every body, and so on for bodies within bodies.
void WriteBodies(const std::vector<Body>& bodies, const std::string& stem) {
  for (const Body& body : bodies) {
    const std::string name = stem + "__" + body.name;
    WriteFile(name + ".csv", WriteCsv(MakeCsv(*body.as_read), nullptr));
    WriteBodies(body.bodies, name);
  }
}

int Run(const Options& options) {
  const Input input = LoadInput(options.path, options.input);
  if (!options.subgraphs.empty()) {
    const std::string name = options.path.substr(options.path.rfind('/') + 1);
    WriteBodies(input.bodies, options.subgraphs + "/" + name.substr(0, name.rfind('.')));
  }
  const bool json = PickFormat(options.format, options.output, {{"csv", ".csv"}, {"json", ".json"}}) == "json";
  if (json) {
    WriteFile(options.output, WriteProblemJson({input.problem, input.source, input.alignment}));
    return kDone;
  }
  std::vector<std::int64_t> fixed;
  for (const Buffer& buffer : input.problem.buffers) fixed.push_back(buffer.fixed_offset);
  const bool any = std::any_of(fixed.begin(), fixed.end(), [](std::int64_t offset) { return offset != kFree; });
  WriteFile(options.output, WriteRows(input, any ? &fixed : nullptr));
  return kDone;
}

}  // namespace

std::function<int()> SetUpConvert(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("INPUT", options->path, "A model or a problem; - is standard input")->required();
  app.add_option("-o,--output", options->output, "Where the problem goes (default: standard output)")
      ->type_name("FILE");
  app.add_option("--format", options->format, "Otherwise told by the suffix of -o, otherwise csv")
      ->type_name("csv|json");
  app.add_option("--subgraphs", options->subgraphs, "Write the bodies of control-flow ops into this directory")
      ->type_name("DIR")
      ->check(CLI::ExistingDirectory);
  AddInputOptions(app, options->input);
  return [options] { return Run(*options); };
}

}  // namespace orionrt::cli
