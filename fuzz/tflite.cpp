// TensorFlow Lite models.
#include "model.hpp"
#include "orionrt/import.hpp"

using namespace orionrt;
using namespace orionrt::fuzz;

namespace {

// The plan written into the model, where TFLM can read it, leaves the model as it was.
void JudgeTflm(const std::string& bytes, const ImportedModel& model) {
  const auto planned = ReadOrRefuse([&] { return WriteTflmPlan(bytes, {}, "m.tflite"); });
  if (!planned) return;
  const ImportedModel again = ImportTflite(*planned, "again.tflite", OptionsFor(bytes.size()));
  Require(HashGraph(again.graph) == HashGraph(model.graph), "a plan for TFLM changes the graph");
  const auto read = ReadTflmPlan(*planned, "again.tflite");
  Require(read.has_value(), "a plan for TFLM is not found again");
  for (const auto& offsets : *read) {
    for (const std::int64_t offset : offsets) Require(offset == kTflmPlansIt, "a plan for TFLM is read as another");
  }
}

// Whatever plan the file has is read or refused, also of models that are not imported.
void ReadPlan(const std::string& bytes) {
  const auto read = ReadOrRefuse([&] { return ReadTflmPlan(bytes, "m.tflite"); });
  if (!read || !*read) return;
  for (const auto& offsets : **read) {
    for (const std::int64_t offset : offsets) Require(offset >= kTflmPlansIt, "an offset below -1 was not refused");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes = TextOf(data, size);
  ReadPlan(bytes);
  const auto model = ReadOrRefuse([&] { return ImportTflite(bytes, "m.tflite", OptionsFor(size)); });
  if (!model) return 0;
  JudgeModel(*model);
  JudgeTflm(bytes, *model);
  return 0;
}
