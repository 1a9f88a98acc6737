// Real models against lifetimes computed by others: of the shared folder (ORIONRT_SHARED; otherwise ../shared beside
// the source).
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "orionrt/import.hpp"
#include "orionrt/lowering.hpp"
#include "refuses.hpp"

namespace orionrt::tests::tflite_models_test {
namespace {

namespace fs = std::filesystem;

using Rows = std::vector<std::array<std::int64_t, 3>>;  // lower, upper, size; sorted

fs::path Models() {
  const char* asked = std::getenv("ORIONRT_SHARED");
  return (asked ? fs::path(asked) : fs::path(ORIONRT_TESTS_DIR) / "../../shared") / "models";
}

std::string ReadAll(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

std::vector<fs::path> FilesOf(const fs::path& folder, const std::string& suffix) {
  std::vector<fs::path> files;
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(folder, missing)) {
    if (entry.path().extension() == suffix) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

Rows ReadRows(const fs::path& path) {
  std::istringstream text(ReadAll(path));
  std::string line;
  std::getline(text, line);  // id,lower,upper,size
  Rows rows;
  while (std::getline(text, line)) {
    std::array<std::int64_t, 3> row{};
    std::size_t at = line.find(',') + 1;
    for (std::int64_t& field : row) {
      field = std::stoll(line.substr(at));
      at = line.find(',', at) + 1;
    }
    rows.push_back(row);
  }
  std::sort(rows.begin(), rows.end());
  return rows;
}

Rows RowsOf(const Graph& graph) {
  Rows rows;
  const Lowered lowered = MakeProblem(graph, GraphLiveness(graph));
  for (const Buffer& buffer : lowered.problem.buffers) rows.push_back({buffer.lower, buffer.upper, buffer.size});
  std::sort(rows.begin(), rows.end());
  return rows;
}

void ExpectReference(const std::string& mode, const ImportOptions& options) {
  const std::vector<fs::path> models = FilesOf(Models() / "tflite", ".tflite");
  if (models.empty()) GTEST_SKIP() << "no models under " << Models() << "; set ORIONRT_SHARED";
  for (const fs::path& path : models) {
    SCOPED_TRACE(path.filename().string());
    const ImportedModel model = ImportTflite(ReadAll(path), path.filename().string(), options);
    const fs::path reference = Models() / "reference" / mode;
    EXPECT_EQ(RowsOf(model.graph), ReadRows(reference / (path.stem().string() + ".csv")));
    for (const NestedGraph& body : model.bodies) {
      const std::string subgraph = body.attribute.substr(body.attribute.rfind("sub"));
      const fs::path file = reference / (path.stem().string() + "__" + subgraph + ".csv");
      if (!fs::exists(file)) continue;  // the reference has bodies for the default mode only
      EXPECT_EQ(RowsOf(body.graph), ReadRows(file));
    }
  }
}

// Custom ops without shapes, of two of the models, are one element in the reference.
ImportOptions WithOnes() {
  ImportOptions options;
  options.default_dim = 1;
  return options;
}

TEST(TfliteModels, AgreeWithTheReference) { ExpectReference("fold", WithOnes()); }

TEST(TfliteModels, AgreeWithTheReferenceUnfolded) {
  ImportOptions options = WithOnes();
  options.fold_constants = false;
  ExpectReference("raw", options);
}

TEST(TfliteModels, AgreeWithTheReferenceWithShapesFolded) {
  ImportOptions options = WithOnes();
  options.fold_shapes = true;
  ExpectReference("static", options);
}

TEST(TfliteModels, TheUnfitAreRefused) {
  const fs::path folder = Models() / "negative";
  if (!fs::exists(folder)) GTEST_SKIP() << "no " << folder << "; set ORIONRT_SHARED";
  EXPECT_TRUE(Refuses(ErrorCode::kUnsupported, {"op 0 (Normalize): tensor 0 \"arg0\"", "string", "cut"}, [&] {
    ImportTflite(ReadAll(folder / "litert_dynamic_string_custom_ops.tflite"), "m.tflite", {});
  }));
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"m.tflite: is no TFLite model", "web page"},
                      [&] { ImportTflite(ReadAll(folder / "objectron_sneakers.tflite"), "m.tflite", {}); }));
}

TEST(TfliteModels, TakePlansForTflm) {
  const std::vector<fs::path> models = FilesOf(Models() / "tflite", ".tflite");
  if (models.empty()) GTEST_SKIP() << "no models under " << Models() << "; set ORIONRT_SHARED";
  for (const fs::path& path : models) {
    SCOPED_TRACE(path.filename().string());
    const std::string bytes = ReadAll(path);
    if (path.stem() == "litert_group_norm_composite") {
      EXPECT_TRUE(Refuses(ErrorCode::kUnsupported, {"outside"}, [&] { WriteTflmPlan(bytes, {}, "m.tflite"); }));
      continue;
    }
    const ImportedModel model = ImportTflite(bytes, "m.tflite", WithOnes());
    std::vector<std::int64_t> offsets;
    for (const TensorDesc& tensor : model.graph.tensors()) {
      offsets.resize(static_cast<std::size_t>(tensor.id) + 1, kTflmPlansIt);
      offsets.back() = 16 * tensor.id;
    }
    const std::string written = WriteTflmPlan(bytes, {offsets}, "m.tflite");
    EXPECT_EQ(HashGraph(ImportTflite(written, "m.tflite", WithOnes()).graph), HashGraph(model.graph));
    EXPECT_EQ(written.substr(written.size() - bytes.size()), bytes);
    EXPECT_EQ(WriteTflmPlan(written, {offsets}, "m.tflite"), written);
  }
}

}  // namespace
}  // namespace orionrt::tests::tflite_models_test
