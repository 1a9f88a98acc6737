// Real models against lifetimes computed by others: of the shared folder (ORIONRT_SHARED; otherwise ../shared beside
// the source).
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <tuple>

#include "orionrt/import.hpp"
#include "orionrt/lowering.hpp"

namespace orionrt::tests::onnx_models_test {
namespace {

using Dims = std::vector<std::int64_t>;

struct Overrides {
  const char* model;
  std::map<std::string, std::int64_t> dims;
  std::map<std::string, Dims> inputs;
};

const std::vector<Overrides>& SharedOverrides() {  // of shared/models/overrides.json
  static const std::vector<Overrides> all = {
      {"bert_toy_optimized", {{"batch", 1}, {"max_seq_len_in_batch", 128}}, {}},
      {"tiny_random_gpt2", {{"batch_size", 1}, {"seq_len", 1}, {"past_seq_len", 127}, {"total_seq_len", 128}}, {}},
      {"tiny_gpt2_beamsearch",
       {{"batch_size", 1},
        {"sequence_length", 8},
        {"max_length", 32},
        {"num_return_sequences", 1},
        {"seq_len", 1},
        {"past_seq_len", 31},
        {"total_seq_len", 32}},
       {}},
      {"fns_candy_freedim", {}, {{"inputImage", {1, 3, 720, 720}}}},
      {"yunet_n_dynamic", {{"batch", 1}, {"height", 320}, {"width", 320}}, {}},
      {"silero_vad", {}, {{"input", {1, 576}}}},
      {"scan_1", {{"Sequence", 8}}, {}},
      {"bert5_base_width", {{"batch", 1}, {"max_seq_len_in_batch", 384}}, {}},
  };
  return all;
}

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

using Rows = std::multiset<std::tuple<std::int64_t, std::int64_t, std::int64_t>>;

Rows ReferenceRows(const std::filesystem::path& path) {
  std::istringstream in(ReadFile(path));
  std::string line;
  std::getline(in, line);
  Rows rows;
  while (std::getline(in, line)) {
    std::int64_t id = 0, lower = 0, upper = 0, size = 0;
    if (std::sscanf(line.c_str(), "%ld,%ld,%ld,%ld", &id, &lower, &upper, &size) == 4) rows.emplace(lower, upper, size);
  }
  return rows;
}

Rows RowsOf(const Graph& graph) {
  const GraphLiveness liveness(graph);
  Rows rows;
  for (std::size_t i = 0; i < graph.tensors().size(); ++i) {
    const auto& life = liveness.lifetimes()[i];
    if (graph.tensors()[i].bytes > 0) rows.emplace(life.start, life.end + 1, graph.tensors()[i].bytes);
  }
  return rows;
}

TEST(OnnxReferenceTest, LifetimesOfRealModels) {
  const char* set = std::getenv("ORIONRT_SHARED");
  const std::filesystem::path shared = set ? set : std::filesystem::path(ORIONRT_TESTS_DIR) / ".." / ".." / "shared";
  const std::filesystem::path models = shared / "models";
  if (!std::filesystem::exists(models / "reference"))
    GTEST_SKIP() << "no reference models at " << models << "; set ORIONRT_SHARED";
  int compared = 0;
  for (const char* folder : {"onnx", "onnx_scaled"}) {
    for (const auto& file : std::filesystem::directory_iterator(models / folder)) {
      const std::string name = file.path().stem().string();
      const std::string bytes = ReadFile(file.path());
      for (const char* mode : {"fold", "raw", "static"}) {
        const auto reference = models / "reference" / mode / (name + ".csv");
        if (!std::filesystem::exists(reference)) continue;
        ImportOptions options;
        options.default_dim = 1;
        options.fold_constants = mode != std::string("raw");
        options.fold_shapes = mode == std::string("static");
        for (const Overrides& overrides : SharedOverrides()) {
          if (overrides.model != name) continue;
          options.dims = overrides.dims;
          options.inputs = overrides.inputs;
        }
        EXPECT_TRUE(RowsOf(ImportOnnx(bytes, name, options).graph) == ReferenceRows(reference)) << name << " " << mode;
        ++compared;
      }
    }
  }
  EXPECT_GT(compared, 0);
}

}  // namespace
}  // namespace orionrt::tests::onnx_models_test
