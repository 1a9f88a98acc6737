// JSON of graphs: what is read is planned and judged.
#include "target.hpp"

using namespace orionrt;
using namespace orionrt::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto graph = ReadOrRefuse([&] { return ReadGraphJson(TextOf(data, size), "g.json"); });
  if (graph) JudgeGraph(*graph);
  return 0;
}
