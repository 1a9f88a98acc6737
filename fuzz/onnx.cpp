// ONNX models; and rules for ops (they begin with a brace), or dimensions ("=a + b=5", one a line), a zero byte, and
// the model that they are for.
#include <algorithm>
#include <cstdlib>
#include <string>

#include "model.hpp"
#include "orionrt/import.hpp"

using namespace orionrt;
using namespace orionrt::fuzz;

namespace {

// Eight at most, of up to 100 characters: messages name each as the user wrote it.
void AddDims(const std::string& lines, ImportOptions& options) {
  for (std::size_t at = 0; at < lines.size() && options.dims.size() < 8;) {
    const std::size_t end = std::min(lines.find('\n', at), lines.size());
    const std::string line = lines.substr(at, std::min<std::size_t>(end - at, 100));
    const std::size_t sign = line.rfind('=');
    if (sign != std::string::npos) options.dims[line.substr(0, sign)] = std::atoi(line.c_str() + sign + 1);
    at = end + 1;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string bytes = TextOf(data, size);
  const auto model = ReadOrRefuse([&] {
    ImportOptions options = OptionsFor(size);
    if (bytes[0] == '{' || bytes[0] == '=') {
      const std::size_t end = std::min(bytes.find('\0'), bytes.size());
      const std::string given = bytes.substr(0, end);
      bytes.erase(0, end + 1);
      (given[0] == '{') ? void(options.op_rules = ReadOpRules(given, "r.json")) : AddDims(given.substr(1), options);
    }
    return ImportOnnx(bytes, "m.onnx", options);
  });
  if (model) JudgeModel(*model);
  return 0;
}
