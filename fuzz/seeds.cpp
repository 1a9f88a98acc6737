// fuzz_seeds FOLDER [MODEL.onnx...]: writes first inputs into FOLDER/TARGET/, which must be there; the models, and what
// becomes of them, too.
#include "seeds.hpp"

#include <cstdio>
#include <exception>

#include "orionrt/formats.hpp"
#ifdef ORIONRT_HAS_ONNX
#include "orionrt/import.hpp"
#include "orionrt/lowering.hpp"
#include "orionrt/planner.hpp"

namespace orionrt::fuzz {
namespace {

// A model, its graph, its problem and its plan: every format says the same in its own way.
void AddModel(Seeds& seeds, const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  const std::string bytes = ReadFile(path);
  ImportOptions options;
  options.default_dim = 2;
  const Graph graph = ImportOnnx(bytes, name, options).graph;
  const Problem problem = MakeProblem(graph, GraphLiveness(graph)).problem;
  seeds["onnx/" + name] = bytes;
  seeds["graph_json/" + name] = WriteGraphJson(graph);
  seeds["problem_json/" + name] = WriteProblemJson({problem, name, 1});
  seeds["plan_json/" + name] = WritePlanJson({problem, ReusePlanner("greedy_by_size").Run(problem), name, 1, 0, {}});
  seeds["csv/" + name] = WriteCsv(MakeCsv(problem), nullptr);
}

}  // namespace
}  // namespace orionrt::fuzz
#endif

int main(int argc, char** argv) {
  using namespace orionrt::fuzz;
  if (argc < 2) {
    std::fprintf(stderr, "usage: fuzz_seeds FOLDER [MODEL.onnx...]\n");
    return 2;
  }
  try {
    Seeds seeds;
    AddTextSeeds(seeds);
#ifdef ORIONRT_HAS_ONNX
    AddOnnxSeeds(seeds);
    for (int i = 2; i < argc; ++i) AddModel(seeds, argv[i]);
#endif
#ifdef ORIONRT_HAS_TFLITE
    AddTfliteSeeds(seeds);
#endif
    for (const auto& [path, content] : seeds) orionrt::WriteFile(std::string(argv[1]) + "/" + path, content);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "fuzz_seeds: %s\n", error.what());
    return 1;
  }
  return 0;
}
