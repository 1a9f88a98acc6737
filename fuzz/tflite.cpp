#include "orionrt/tflite.hpp"

#include "model.hpp"

using namespace orionrt;
using namespace orionrt::fuzz;

namespace {

// The plan written into the model, where TFLM can read it, leaves the model as it was.
void JudgeTflm(const std::string& bytes, const ImportedModel& model) {
  const auto planned = ReadOrRefuse([&] { return WriteTflmPlan(bytes, {}, "m.tflite"); });
  if (!planned) return;
  const ImportedModel again = ImportTflite(*planned, "again.tflite", OptionsFor(bytes.size()));
  Require(HashGraph(again.graph) == HashGraph(model.graph), "a plan for TFLM changes the graph");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes = TextOf(data, size);
  const auto model = ReadOrRefuse([&] { return ImportTflite(bytes, "m.tflite", OptionsFor(size)); });
  if (!model) return 0;
  JudgeModel(*model);
  JudgeTflm(bytes, *model);
  return 0;
}
