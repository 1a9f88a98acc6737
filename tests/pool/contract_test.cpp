// The number is a contract: what planning states as the peak is what a pool needs, to the byte. For the models of the
// examples, and those of the shared folder (ORIONRT_SHARED; otherwise ../shared beside the source).
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "assigned.hpp"
#include "orionrt/config.hpp"
#include "orionrt/formats.hpp"
#include "orionrt/import.hpp"
#include "orionrt/tensor_pool.hpp"
#include "refuses.hpp"

namespace orionrt::tests::contract_test {
namespace {

namespace fs = std::filesystem;

fs::path SharedModels() {
  const char* asked = std::getenv("ORIONRT_SHARED");
  return (asked ? fs::path(asked) : fs::path(ORIONRT_TESTS_DIR) / "../../shared") / "models";
}

std::vector<fs::path> Models() {
  std::vector<fs::path> models;
  for (const fs::path& folder : {fs::path(ORIONRT_TESTS_DIR) / "../examples/models", SharedModels() / "onnx",
                                 SharedModels() / "onnx_scaled", SharedModels() / "tflite"}) {
    std::error_code missing;
    for (const auto& entry : fs::directory_iterator(folder, missing)) {
      const fs::path suffix = entry.path().extension();
      if (suffix == ".onnx" || suffix == ".tflite") models.push_back(entry.path());
    }
  }
  std::sort(models.begin(), models.end());
  return models;
}

// The dimensions that make sense for a model, where the folder says them; all others are 1.
ImportOptions OptionsFor(const fs::path& model) {
  ImportOptions options;
  options.default_dim = 1;
  const fs::path file = SharedModels() / "overrides.json";
  if (!fs::exists(file)) return options;
  const nlohmann::json all = nlohmann::json::parse(ReadFile(file.string()));
  const auto found = all.find(model.filename().string());
  if (found == all.end()) return options;
  if (found->contains("dims")) options.dims = found->at("dims").get<decltype(options.dims)>();
  if (found->contains("inputs")) options.inputs = found->at("inputs").get<decltype(options.inputs)>();
  return options;
}

Graph Import(const fs::path& path) {
  const std::string bytes = ReadFile(path.string());
  return path.extension() == ".onnx" ? ImportOnnx(bytes, path.filename().string(), OptionsFor(path)).graph
                                     : ImportTflite(bytes, path.filename().string(), OptionsFor(path)).graph;
}

// An address of the arena's alignment with `bytes` behind it. Pages that nobody writes cost no memory.
class Block {
 public:
  explicit Block(std::size_t bytes) : memory_(std::malloc(bytes + kArenaAlignment)) {}
  ~Block() { std::free(memory_); }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  std::byte* base() const {
    return reinterpret_cast<std::byte*>((reinterpret_cast<std::uintptr_t>(memory_) + kArenaAlignment - 1) &
                                        ~std::uintptr_t{kArenaAlignment - 1});
  }

 private:
  void* memory_;
};

void ExpectEveryTensorWithin(const TensorPool& pool, const Graph& graph, const std::byte* base, std::size_t bytes) {
  const std::byte* highest = base;
  for (const TensorDesc& tensor : graph.tensors()) {
    const TensorHandle handle = pool.Allocate(tensor.id);
    const auto* const begin = static_cast<const std::byte*>(handle.ptr);
    ASSERT_EQ(handle.bytes, tensor.bytes) << "tensor " << tensor.id;
    ASSERT_TRUE(begin >= base && begin + handle.bytes <= base + bytes) << "tensor " << tensor.id;
    highest = std::max(highest, begin + handle.bytes);
  }
  EXPECT_EQ(highest, base + bytes) << "the peak is reached, and not rounded";
}

void ExpectExact(const Graph& graph) {
  const Lowered lowered = MakeProblem(graph, GraphLiveness(graph), PoolOptions().alignment);
  PlanOptions fast;
  fast.effort = Effort::kFast;
  const Plan plan = ReusePlanner("auto").Run(lowered.problem, fast);
  const std::size_t bytes = RequiredBytes(plan);
  ASSERT_EQ(static_cast<std::int64_t>(bytes), plan.peak_bytes);
  ASSERT_GT(bytes, 0u);
  const Block block(bytes);

  TensorPool exact(block.base(), bytes);
  exact.RegisterGraph(graph);
  const Assignment assignment = AssignmentOf(graph, plan);
  ASSERT_EQ(RequiredBytes(assignment), bytes);
  exact.LoadPlan(assignment);
  ExpectEveryTensorWithin(exact, graph, block.base(), bytes);

  TensorPool short_by_one(block.base(), bytes - 1);
  short_by_one.RegisterGraph(graph);
  EXPECT_TRUE(Refuses(ErrorCode::kInfeasible, {"1 short"}, [&] { short_by_one.LoadPlan(assignment); }));
  EXPECT_FALSE(short_by_one.finalized());

  if (!plan.certificate.proven_optimal) return;  // another plan might fit
  EXPECT_TRUE(Refuses(ErrorCode::kInfeasible, {}, [&] { short_by_one.FinalizePlan("auto", fast); }));
}

TEST(Contract, ThePeakIsWhatAPoolNeeds) {
  const std::vector<fs::path> models = Models();
  ASSERT_GE(models.size(), 2u);
  for (const fs::path& model : models) {
    SCOPED_TRACE(model.filename().string());
    ExpectExact(Import(model));
  }
}

}  // namespace
}  // namespace orionrt::tests::contract_test
