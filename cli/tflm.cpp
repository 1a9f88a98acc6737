#include "tflm.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "colour.hpp"
#include "orionrt/config.hpp"
#include "orionrt/lowering.hpp"
#ifdef ORIONRT_HAS_TFLITE
#include "base/index.hpp"
#include "orionrt/import.hpp"
#endif

namespace orionrt::cli {
namespace {

[[noreturn]] void MisuseTflm(const std::string& message) {
  throw Error(ErrorCode::kMisuse, "--format tflm: " + message);
}

// TFLM rounds sizes up.
std::int64_t TflmBytes(const Buffer& buffer) {
  return (buffer.size + kTflmAlignment - 1) / kTflmAlignment * kTflmAlignment;
}

// The head of the arena by TFLM's own planner, kernels' scratch aside: the largest goes first, of equal ones the last
// in the file, each into the lowest gap that is large enough.
std::int64_t OwnPeak(const std::vector<Buffer>& buffers) {
  std::vector<const Buffer*> order;
  for (auto buffer = buffers.rbegin(); buffer != buffers.rend(); ++buffer) order.push_back(&*buffer);
  std::stable_sort(order.begin(), order.end(),
                   [](const Buffer* a, const Buffer* b) { return TflmBytes(*a) > TflmBytes(*b); });
  std::vector<std::pair<std::int64_t, const Buffer*>> by_offset;
  std::int64_t peak = 0;
  for (const Buffer* const buffer : order) {
    std::int64_t offset = 0;
    for (const auto& [begin, placed] : by_offset) {
      if (placed->lower >= buffer->upper || buffer->lower >= placed->upper) continue;
      if (begin - offset >= TflmBytes(*buffer)) break;
      offset = std::max(offset, begin + TflmBytes(*placed));
    }
    const auto above =
        std::find_if(by_offset.begin(), by_offset.end(), [&](const auto& p) { return p.first > offset; });
    by_offset.insert(above, {offset, buffer});
    peak = std::max(peak, offset + TflmBytes(*buffer));
  }
  return peak;
}

// Kernels ask for scratch when they are prepared, and TFLM places it around the offsets that a plan has fixed.
// Called where TFLite models can be read.
[[maybe_unused]] void TellOfScratch(const Input& input, const PlanFile& plan) {
  const std::vector<Buffer>& buffers = plan.problem.buffers;
  std::int64_t peak = 0;
  for (std::size_t i = 0; i < buffers.size(); ++i) peak = std::max(peak, plan.plan.offsets[i] + TflmBytes(buffers[i]));
  const std::int64_t own = OwnPeak(buffers);
  const std::string source = Printable(input.workload.source, 300), bytes = FormatThousands(peak);
  if (own <= peak) {
    Warn(source + ": TFLM itself places these tensors in " + FormatThousands(own) + " bytes, this plan in " + bytes +
         "; kernels' scratch, which no file names, goes around fixed offsets and may then take more: leave the plan "
         "out unless offsets must be known");
    return;
  }
  std::fprintf(
      stderr,
      "orionrt: %s: these tensors take %s bytes, and %s where TFLM places them itself; kernels' scratch, which "
      "no file names, goes around fixed offsets: an op that asks for more than %s bytes may take that away\n",
      source.c_str(), bytes.c_str(), FormatThousands(own).c_str(), FormatThousands(own - peak).c_str());
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
    if ((tensors[i].roles & TensorRole::kState) != 0 && buffer >= 0)
      input.workload.problem.buffers[At(buffer)].size = 0;
  }
  return input;
}

#ifdef ORIONRT_HAS_TFLITE
std::string WriteTflm(const Input& input, const PlanFile& plan) {
  TellOfScratch(input, plan);
  const std::vector<TensorDesc>& tensors = input.tflite->graph.tensors();
  const Lowered lowered = MakeProblem(input.tflite->graph, GraphLiveness(input.tflite->graph));
  std::vector<std::int64_t> offsets;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const auto id = static_cast<std::size_t>(tensors[i].id);
    if (offsets.size() <= id) offsets.resize(id + 1, kTflmPlansIt);
    const Binding& binding = lowered.bindings[i];
    if ((tensors[i].roles & TensorRole::kState) == 0 && binding.buffer >= 0) {
      offsets[id] = plan.plan.offsets[At(binding.buffer)] + binding.delta;
    }
  }
  return WriteTflmPlan(input.tflite->bytes, {offsets}, input.workload.source);
}
#else
std::string WriteTflm(const Input&, const PlanFile&) { MisuseTflm("this orionrt was built without FlatBuffers"); }
#endif

}  // namespace orionrt::cli
