// onnx_engine: an inference engine whose activations and scratchpads live in memory that OrionRT plans. The kernels are
// oneDNN's. docs/embed.md walks through it.
//
//   onnx_engine MODEL.onnx --weights hash --all
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <optional>
#include <string>
#include <vector>

#include "kernels.hpp"
#include "model.hpp"
#include "orionrt/orionrt.hpp"
#include "planning.hpp"
#include "program.hpp"
#include "session.hpp"

using namespace onnx_engine;

namespace {

constexpr const char* kUsage = R"(usage: onnx_engine MODEL.onnx [OPTION ...]
  --weights hash        numbers made of their names for weights that the file lacks, or fills with one number
  --dim NAME=N          the size of an open dimension
  --input NAME=1x3x8x8  the shape of an input
  --policy NAME         how to plan (auto); --no-reuse is --policy no_reuse
  --views, --colocate, --in-place, --reorder, --all
                        what tensors may share, and the order of the ops
  --spaces two          a fast memory of half the peak, and one for the rest
  --streams N           branches of the model beside each other
  --plain               no layouts of oneDNN's own choice
  --threads N           of each kernel
  --repeat N            runs; the outputs of all must be the same
  --expect FILE.pb      compares the first output with a stored one,
  --tolerance X         by this relative difference (0.001)
)";

struct Options {
  std::string model, expected;
  ReadOptions read;
  PlanningOptions planning;
  Layouts layouts = Layouts::kAny;
  int threads = 0, repeat = 1;
  double tolerance = 1e-3;
};

[[noreturn]] void RefuseUsage(const std::string& why) {
  throw orionrt::Error(orionrt::ErrorCode::kMisuse, why + "\n" + kUsage);
}

int NumberOf(const std::string& option, const std::string& text) {
  char* end = nullptr;
  const long number = std::strtol(text.c_str(), &end, 10);
  if (end == text.c_str() || *end != 0 || number < 1 || number > 1000000) {
    RefuseUsage(option + " takes a number from 1 on, not \"" + text + "\"");
  }
  return static_cast<int>(number);
}

// NAME=VALUE.
std::pair<std::string, std::string> PairOf(const std::string& option, const std::string& text) {
  const std::size_t equals = text.rfind('=');
  if (equals == std::string::npos || equals == 0) RefuseUsage(option + " takes NAME=VALUE, not \"" + text + "\"");
  return {text.substr(0, equals), text.substr(equals + 1)};
}

Shape ShapeFrom(const std::string& option, const std::string& text) {
  Shape shape;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('x', begin), text.size());
    shape.push_back(NumberOf(option, text.substr(begin, end - begin)));
    begin = end + 1;
  }
  return shape;
}

// Those that stand alone; false for another.
bool TakeFlag(const std::string& option, Options& options) {
  orionrt::Transforms& transforms = options.planning.transforms;
  if (option == "--views") return transforms.views = true;
  if (option == "--colocate") return transforms.colocate = true;
  if (option == "--in-place") return transforms.in_place = true;
  if (option == "--reorder") return transforms.reorder = true;
  if (option == "--all") return transforms = {true, true, true, true}, true;
  if (option == "--plain") return options.layouts = Layouts::kPlain, true;
  if (option == "--no-reuse") return options.planning.policy = "no_reuse", true;
  return false;
}

void TakeValue(const std::string& option, const std::string& value, Options& options) {
  if (option == "--policy") {
    options.planning.policy = value;
  } else if (option == "--weights" && value == "hash") {
    options.read.hash_weights = true;
  } else if (option == "--spaces" && value == "two") {
    options.planning.spaces = 2;
  } else if (option == "--streams") {
    options.planning.streams = NumberOf(option, value);
  } else if (option == "--threads") {
    options.threads = NumberOf(option, value);
  } else if (option == "--repeat") {
    options.repeat = NumberOf(option, value);
  } else if (option == "--expect") {
    options.expected = value;
  } else if (option == "--tolerance") {
    options.tolerance = std::strtod(value.c_str(), nullptr);
  } else if (option == "--dim") {
    const auto [name, size] = PairOf(option, value);
    options.read.import.dims[name] = NumberOf(option, size);
  } else if (option == "--input") {
    const auto [name, shape] = PairOf(option, value);
    options.read.import.inputs[name] = ShapeFrom(option, shape);
  } else {
    RefuseUsage("unknown option " + option + " " + value);
  }
}

Options OptionsOf(const std::vector<std::string>& arguments) {
  Options options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument.compare(0, 2, "--") != 0) {
      if (!options.model.empty()) RefuseUsage("two models: " + options.model + ", " + argument);
      options.model = argument;
    } else if (!TakeFlag(argument, options)) {
      if (i + 1 == arguments.size()) RefuseUsage(argument + " is unknown, or lacks its value");
      TakeValue(argument, arguments[++i], options);
    }
  }
  if (options.model.empty()) RefuseUsage("no model");
  return options;
}

void PrintPlan(const char* what, const orionrt::Graph& graph, const orionrt::Plan& plan) {
  const orionrt::Certificate& certificate = plan.certificate;
  std::printf("%-10s %4zu ops, peak %11lld bytes, lower bound %11lld%s\n", what, graph.ops().size(),
              static_cast<long long>(plan.peak_bytes), static_cast<long long>(certificate.lower_bound_bytes),
              certificate.proven_optimal ? ", proven" : "");
}

std::size_t LargestWorkspace(const orionrt::Graph& graph) {
  std::size_t largest = 0;
  for (const orionrt::OpNode& op : graph.ops()) largest = std::max(largest, op.workspace_bytes);
  return largest;
}

// The input that ONNX's own tests of these models use: from 0 to 1, evenly.
std::vector<float> Ramp(std::int64_t count) {
  std::vector<float> floats(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < floats.size(); ++i) {
    floats[i] = static_cast<float>(static_cast<double>(i) / static_cast<double>(count));
  }
  return floats;
}

std::vector<float> RunOnce(Session& session, const Program& program) {
  for (std::size_t i = 0; i < program.inputs.size(); ++i) session.SetInput(i, Ramp(program.inputs[i].count));
  session.Run();
  const float* const output = session.Output(0);
  return {output, output + program.outputs[0].count};
}

bool IsAsExpected(const std::vector<float>& output, const std::string& path, double tolerance) {
  const std::vector<float> expected = ReadTensor(path).floats;
  if (output.size() != expected.size()) return false;
  double worst = 0;
  bool close = true;
  for (std::size_t i = 0; i < output.size(); ++i) {
    const double size = std::fabs(static_cast<double>(expected[i]));
    const double difference = std::fabs(static_cast<double>(output[i]) - static_cast<double>(expected[i]));
    worst = std::max(worst, difference / std::max(size, 1e-30));
    close = close && difference <= 1e-7 + tolerance * size;  // false for what is no number
  }
  std::printf("output     %zu floats, largest relative difference to the expected %.2g: %s\n", output.size(), worst,
              close ? "right" : "wrong");
  return close;
}

int Main(const Options& options) {
  const Model model = ReadModel(options.model, options.read, KernelTypes());
  PlanningOptions file_planning = options.planning;
  file_planning.streams = file_planning.spaces = 1;
  PrintPlan("file", model.imported.graph, MakePlan(model.imported.graph, file_planning).plan);

  UseThreads(options.threads);
  const Program program = MakeProgram(model, options.layouts);
  const PlannedProgram planned = MakePlan(program.graph, options.planning);
  PrintPlan("engine", program.graph, planned.plan);
  std::printf("           %d of them reorders, %zu left out, %zu write over an input\n", program.reorders,
              planned.assignment.vanished_ids.size(), planned.assignment.in_place.size());
  std::printf("           scratchpads of up to %zu bytes, weights of %zu\n", LargestWorkspace(program.graph),
              program.weight_bytes);

  const orionrt::TensorPool pool = MakePool(planned);
  for (const orionrt::AssignedSpace& space : planned.assignment.spaces) {
    std::printf("arena      %lld bytes%s%s\n", static_cast<long long>(space.required_bytes),
                space.name.empty() ? "" : " of ", space.name.c_str());
  }
  Session session(program, planned.assignment, AddressesOf(program.graph, pool), options.threads);
  std::vector<double> milliseconds;
  std::vector<float> first;
  for (int run = 0; run < options.repeat; ++run) {
    const auto begin = std::chrono::steady_clock::now();
    const std::vector<float> output = RunOnce(session, program);
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    milliseconds.push_back(took.count());
    if (run == 0) first = output;
    if (std::memcmp(first.data(), output.data(), first.size() * sizeof(float)) != 0) {
      std::printf("run %d came to another output\n", run + 1);
      return 1;
    }
  }
  std::sort(milliseconds.begin(), milliseconds.end());
  std::printf("time       %.2f ms, the median of %d\n", milliseconds[milliseconds.size() / 2], options.repeat);
  return options.expected.empty() || IsAsExpected(first, options.expected, options.tolerance) ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) try {
  return Main(OptionsOf({argv + 1, argv + argc}));
} catch (const std::exception& error) {
  std::fprintf(stderr, "onnx_engine: %s\n", error.what());
  return 3;
}
