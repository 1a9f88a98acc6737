// ONNX models; and rules for ops (they begin with a brace), a zero byte, and the model that they are for.
#include <algorithm>

#include "model.hpp"
#include "orionrt/import.hpp"

using namespace orionrt;
using namespace orionrt::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string bytes = TextOf(data, size);
  const auto model = ReadOrRefuse([&] {
    ImportOptions options = OptionsFor(size);
    if (bytes[0] == '{') {
      const std::size_t end = std::min(bytes.find('\0'), bytes.size());
      options.op_rules = ReadOpRules(bytes.substr(0, end), "r.json");
      bytes.erase(0, end + 1);
    }
    return ImportOnnx(bytes, "m.onnx", options);
  });
  if (model) JudgeModel(*model);
  return 0;
}
