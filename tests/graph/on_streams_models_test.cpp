// Real models on several streams: those of the examples, and of the shared folder (ORIONRT_SHARED; otherwise ../shared
// beside the source).
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "orionrt/config.hpp"
#include "orionrt/formats.hpp"
#include "orionrt/import.hpp"
#include "orionrt/streams.hpp"

namespace orionrt::on_streams_models_test {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> Models() {
  const char* asked = std::getenv("ORIONRT_SHARED");
  const fs::path shared = asked ? fs::path(asked) : fs::path(ORIONRT_TESTS_DIR) / "../../shared";
  std::vector<fs::path> models;
  for (const fs::path& folder : {fs::path(ORIONRT_TESTS_DIR) / "../examples/models", shared / "models/onnx",
                                 shared / "models/onnx_scaled", shared / "models/tflite"}) {
    std::error_code missing;
    for (const auto& entry : fs::directory_iterator(folder, missing)) models.push_back(entry.path());
  }
  std::sort(models.begin(), models.end());
  return models;
}

// Nothing where the model has dimensions that say too little.
std::optional<Graph> Import(const fs::path& path) {
  ImportOptions options;
  options.default_dim = 1;
  const std::string bytes = ReadFile(path.string());
  try {
    if (path.extension() == ".onnx") return ImportOnnx(bytes, path.filename().string(), options).graph;
    if (path.extension() == ".tflite") return ImportTflite(bytes, path.filename().string(), options).graph;
  } catch (const Error&) {
  }
  return std::nullopt;
}

// That data is ordered is for the constructor of Graph to judge.
TEST(OnStreamsModels, NoChainGrowsAndNoWaitIsImplied) {
  int seen = 0, gained = 0;
  for (const fs::path& path : Models()) {
    const std::optional<Graph> graph = Import(path);
    if (!graph) continue;
    SCOPED_TRACE(path.filename().string());
    ++seen;
    const int longest = LongestChain(*graph);
    for (const int streams : {1, 2, 4}) {
      const StreamedGraph found = OnStreams(*graph, streams);
      EXPECT_LE(found.streams, streams);
      EXPECT_LE(found.longest_chain, longest);
      EXPECT_EQ(found.longest_chain, LongestChain(found.graph));
      EXPECT_GE(found.longest_chain, found.least_chain);
      std::vector<OpNode> ops = found.graph.ops();
      for (OpNode& op : ops) op.waits.clear();
      if (found.streams == 1) continue;
      ++gained;
      // Of data alone no more waits are needed; `after` and effects may need others.
      EXPECT_LE(ImplyWaits(ops, found.graph.tensors()).size(), static_cast<std::size_t>(found.waits));
    }
  }
  if (seen == 0) GTEST_SKIP() << "no models beside the source, nor where ORIONRT_SHARED says";
  EXPECT_GT(gained, 0);
}

}  // namespace
}  // namespace orionrt::on_streams_models_test
