#include "tflm.hpp"

#include "base/text.hpp"
#include "orionrt/config.hpp"
#include "orionrt/lowering.hpp"
#ifdef ORIONRT_HAS_TFLITE
#include "orionrt/import.hpp"
#endif

namespace orionrt::cli {
namespace {

[[noreturn]] void MisuseTflm(const std::string& message) {
  throw Error(ErrorCode::kMisuse, "--format tflm: " + message);
}

}  // namespace

InputOptions TflmOptions(const std::string& path, InputOptions options) {
  if (InputFormat(path, options) != "tflite") {
    MisuseTflm(Printable(path, 1000) + " is no .tflite model, and the plan is written into a copy of one");
  }
  if (!options.spaces.empty())
    MisuseTflm("TFLM plans into one arena; leave --space out, --capacity asks whether that is large enough");
  if (Any(TransformsOf(options))) {
    MisuseTflm(
        "TFLM runs every op as the model has it; leave --views, --in-place, --colocate, --reorder and --all out");
  }
  if (options.streams.value_or(1) != 1) MisuseTflm("TFLM runs one op after another; leave --streams out");
  if (options.fold_shapes) MisuseTflm("TFLM runs every op; leave --fold-shapes out");
  const auto alignment = options.alignment.empty() ? kTflmAlignment : ParseBytes(options.alignment).value_or(0);
  if (alignment < kTflmAlignment) MisuseTflm("TFLM aligns to 16 bytes; give --alignment 16 or more, or none");
  options.alignment = std::to_string(alignment);
  options.no_fold = true;
  if (options.dims.empty()) options.dims.push_back("*=1");
  return options;
}

Input LoadForTflm(const std::string& path, const InputOptions& options) {
  Input input = LoadInput(path, TflmOptions(path, options));
  const std::vector<TensorDesc>& tensors = input.tflite->graph.tensors();
  const Lowered lowered = MakeProblem(input.tflite->graph, GraphLiveness(input.tflite->graph));
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const int buffer = lowered.bindings[i].buffer;
    if ((tensors[i].roles & kState) != 0 && buffer >= 0) input.workload.problem.buffers[buffer].size = 0;
  }
  return input;
}

#ifdef ORIONRT_HAS_TFLITE
std::string WriteTflm(const Input& input, const PlanFile& plan) {
  const std::vector<TensorDesc>& tensors = input.tflite->graph.tensors();
  const Lowered lowered = MakeProblem(input.tflite->graph, GraphLiveness(input.tflite->graph));
  std::vector<std::int64_t> offsets;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const auto id = static_cast<std::size_t>(tensors[i].id);
    if (offsets.size() <= id) offsets.resize(id + 1, kTflmPlansIt);
    const Binding& binding = lowered.bindings[i];
    if ((tensors[i].roles & kState) == 0 && binding.buffer >= 0) {
      offsets[id] = plan.plan.offsets[binding.buffer] + binding.delta;
    }
  }
  return WriteTflmPlan(input.tflite->bytes, {offsets}, input.workload.source);
}
#else
std::string WriteTflm(const Input&, const PlanFile&) { MisuseTflm("this orionrt was built without FlatBuffers"); }
#endif

}  // namespace orionrt::cli
