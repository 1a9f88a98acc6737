// ONNX models.
#include "model.hpp"
#include "orionrt/import.hpp"

using namespace orionrt;
using namespace orionrt::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto model = ReadOrRefuse([&] { return ImportOnnx(TextOf(data, size), "m.onnx", OptionsFor(size)); });
  if (model) JudgeModel(*model);
  return 0;
}
