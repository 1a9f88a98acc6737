// minimalloc --capacity=N --input=FILE --output=FILE: for programs that run MiniMalloc's command. Any link to orionrt
// that is named minimalloc is that command.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <memory>
#include <string>

#include "base/text.hpp"
#include "command.hpp"
#include "input.hpp"
#include "orionrt/config.hpp"
#include "orionrt/formats.hpp"
#include "output.hpp"
#include "planning.hpp"

namespace orionrt::cli::minimalloc_command {
namespace {

struct Options {
  std::string capacity;
  std::string input;
  std::string output;
  std::string timeout = "inf";
  bool validate = false;
  bool minimize = false;
};

[[noreturn]] void MisuseTimeout(const std::string& text) {
  Misuse("--timeout \"" + Printable(text) + "\" is no duration; write 60s, 1m30s, 500ms or inf");
}

// Seconds, 0 for no limit, of what MiniMalloc takes: numbers with a unit each.
double ParseDuration(const std::string& text) {
  constexpr struct {
    const char* name;
    double seconds;
  } kUnits[] = {{"ns", 1e-9}, {"us", 1e-6}, {"ms", 1e-3}, {"s", 1}, {"m", 60}, {"h", 3600}};
  if (text == "inf") return 0;
  double sum = 0;
  for (const char* at = text.c_str(); *at != '\0';) {
    char* end = nullptr;
    const double number = std::strtod(at, &end);
    const std::string unit(end, std::strspn(end, "nusmh"));
    const auto* const known =
        std::find_if(std::begin(kUnits), std::end(kUnits), [&](const auto& row) { return unit == row.name; });
    if (end == at || known == std::end(kUnits)) MisuseTimeout(text);
    sum += number * known->seconds;
    at = end + unit.size();
  }
  if (!(sum > 0 && sum < 1e9)) MisuseTimeout(text);
  return sum;
}

int Run(const Options& options) {
  if (options.capacity.empty() || options.input.empty() || options.output.empty())
    Misuse("minimalloc needs --capacity, --input and --output");
  PlanningOptions planning;
  planning.capacity = options.capacity;
  planning.time_limit = ParseDuration(options.timeout);
  planning.effort = "thorough";  // who calls MiniMalloc waits for its answer
  const PlanOptions plan_options = MakePlanOptions(planning);
  InputOptions input_options;
  input_options.format = "csv";
  const Input input = LoadInput(options.input, input_options);
  const PlanFile plan = PlanToFile(PlannerNamed(planning.policy), input, plan_options);
  WriteResult(options.output, WriteCsv(MakeCsv(plan.problem), &plan.plan.offsets));
  return kDone;
}

}  // namespace

std::function<int()> SetUp(OptionTable& table) {
  auto options = std::make_shared<Options>();
  table.push_back({"--capacity", &options->capacity, "Bytes that all must fit into; exit 4 when it cannot", "BYTES"});
  table.push_back({"--input", &options->input, "The problem in CSV", "FILE"});
  table.push_back({"--output", &options->output, "Where the plan goes, in CSV", "FILE"});
  table.push_back({"--timeout", &options->timeout, "End the search after this long: 60s, 1m30s, inf", "DURATION"});
  table.push_back({"--validate", &options->validate, "Nothing more: every plan is judged"});
  table.push_back({"--minimize_capacity", &options->minimize, "Nothing more: every plan is as low as is found"});
  return [options] { return Run(*options); };
}

}  // namespace orionrt::cli::minimalloc_command
