// Plans of the real models of the shared folder, with all transforms and two spaces: written, read, judged, loaded, and
// compared address by address with a pool that planned for itself.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>

#include "orionrt/formats.hpp"
#include "orionrt/import.hpp"
#include "orionrt/tensor_pool.hpp"

namespace orionrt::tests::assignment_models_test {
namespace {

namespace fs = std::filesystem;

fs::path Models() {
  const char* asked = std::getenv("ORIONRT_SHARED");
  const fs::path shared = asked != nullptr ? fs::path(asked) : fs::path(ORIONRT_TESTS_DIR) / ".." / ".." / "shared";
  return shared / "models";
}

ImportOptions OptionsFor(const std::string& model, const nlohmann::json& overrides) {
  ImportOptions options;
  options.default_dim = 1;
  const nlohmann::json none = nlohmann::json::object();
  const nlohmann::json given = overrides.value(model, none);
  const nlohmann::json dims = given.value("dims", none);
  const nlohmann::json inputs = given.value("inputs", none);
  for (const auto& [name, size] : dims.items()) options.dims[name] = size;
  for (const auto& [name, shape] : inputs.items()) {
    options.inputs[name] = shape.get<std::vector<std::int64_t>>();
  }
  return options;
}

std::vector<SpaceMemory> Memories(const Assignment& assignment) {
  std::vector<SpaceMemory> memories;
  for (const AssignedSpace& space : assignment.spaces) {
    Space pool;
    pool.name = space.name;
    memories.push_back({pool, Arena::Host(static_cast<std::size_t>(space.required_bytes), 4096)});
  }
  return memories;
}

// Where a view puts each tensor of a graph, and of the bodies of its ops, from the bases of the memories.
void Collect(const Graph& graph, const std::vector<NestedGraph>& bodies, const std::vector<std::byte*>& bases,
             const std::function<TensorHandle(int)>& look_up, const std::function<TensorView(int, std::string)>& body,
             std::vector<std::pair<int, std::ptrdiff_t>>& places) {
  for (const TensorDesc& tensor : graph.tensors()) {
    auto* const at = static_cast<std::byte*>(look_up(tensor.id).ptr);
    int space = 0;  // of the bases the nearest below
    for (std::size_t i = 0; i < bases.size(); ++i) {
      const auto k = static_cast<std::size_t>(space);
      if (bases[i] <= at && (bases[k] > at || at - bases[i] < at - bases[k])) space = static_cast<int>(i);
    }
    places.emplace_back(space, tensor.bytes == 0 ? 0 : at - bases[static_cast<std::size_t>(space)]);
  }
  for (const NestedGraph& inner : bodies) {
    const TensorView view = body(graph.ops()[static_cast<std::size_t>(inner.op)].id, inner.attribute);
    Collect(
        inner.graph, inner.bodies, bases, [&](int id) { return view.Allocate(id); },
        [&](int op, const std::string& attribute) { return view.Body(op, attribute); }, places);
  }
}

std::vector<std::pair<int, std::ptrdiff_t>> PlacesIn(const TensorPool& pool, const ImportedModel& model,
                                                     const std::vector<std::byte*>& bases) {
  std::vector<std::pair<int, std::ptrdiff_t>> places;
  Collect(
      model.graph, model.bodies, bases, [&](int id) { return pool.Allocate(id); },
      [&](int op, const std::string& attribute) { return pool.Body(op, attribute); }, places);
  return places;
}

std::vector<std::byte*> BasesOf(const std::vector<SpaceMemory>& memories) {
  std::vector<std::byte*> bases;
  for (const SpaceMemory& memory : memories) bases.push_back(memory.arena.base());
  return bases;
}

// By name, so that every second one is the same everywhere.
std::vector<fs::path> ModelsIn(const fs::path& folder) {
  std::vector<fs::path> paths;
  if (!fs::exists(folder)) return paths;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const fs::path& path = entry.path();
    if (path.extension() == ".onnx" || path.extension() == ".tflite") paths.push_back(path);
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

TEST(AssignmentModels, AreLoadedAsAPoolPlansThem) {
  if (!fs::exists(Models() / "overrides.json")) GTEST_SKIP() << "no models; set ORIONRT_SHARED";
  const auto overrides = nlohmann::json::parse(ReadFile(Models() / "overrides.json"));
  PlanOptions quick;
  quick.effort = Effort::kFast;
  const bool all = std::getenv("ORIONRT_ALL_MODELS") != nullptr;  // every second one without it
  int models = 0, with_bodies = 0, with_changes = 0;
  for (const char* folder : {"onnx", "onnx_scaled", "tflite"}) {
    const std::vector<fs::path> paths = ModelsIn(Models() / folder);
    for (std::size_t i = 0; i < paths.size(); i += all ? 1 : 2) {
      const fs::path& path = paths[i];
      SCOPED_TRACE(path.filename().string());
      ImportOptions import = OptionsFor(path.filename(), overrides);
      if (path.extension() == ".tflite") import.dims.clear();
      const std::string bytes = ReadFile(path);
      const ImportedModel model = path.extension() == ".onnx" ? ImportOnnx(bytes, path.filename(), import)
                                                              : ImportTflite(bytes, path.filename(), import);
      LowerOptions options;
      options.transforms = {true, true, true, true};
      Space fast, slow;
      fast.name = "fast";
      fast.capacity = 16384;
      slow.name = "slow";
      slow.capacity = std::int64_t{1} << 30;  // as the pool's arena has it: a limit may end a search sooner
      options.spaces = {fast, slow};
      const Workload workload = Lower(model, path.filename(), import, options);
      const PlanFile made = MakePlanFile(workload, PlanWorkload(workload, ReusePlanner(), quick));
      const PlanFile file = ReadPlanJson(WritePlanJson(made), "plan.json");
      ASSERT_TRUE(file.assignment);
      const Assignment& assignment = *file.assignment;
      EXPECT_EQ(assignment.made_with.import.dims, import.dims);
      const auto fault = CheckAssignment(model.graph, assignment, model.bodies);
      ASSERT_FALSE(fault) << fault->message;

      std::vector<SpaceMemory> memories = Memories(assignment);
      const std::vector<std::byte*> loaded_bases = BasesOf(memories);
      TensorPool loaded(std::move(memories));
      loaded.RegisterModel(model.graph, model.bodies);
      loaded.LoadPlan(assignment);

      PoolOptions same;
      same.transforms = options.transforms;
      memories = Memories(assignment);
      memories[0].space.capacity = fast.capacity;
      memories[0].arena = Arena::Host(static_cast<std::size_t>(*fast.capacity), 4096);
      memories[1].space.capacity = slow.capacity;
      memories[1].arena = Arena::Host(static_cast<std::size_t>(*slow.capacity), 4096);
      const std::vector<std::byte*> planned_bases = BasesOf(memories);
      TensorPool planned(std::move(memories), same);
      planned.RegisterModel(model.graph, model.bodies);
      planned.FinalizePlan("auto", quick);
      EXPECT_EQ(PlacesIn(loaded, model, loaded_bases), PlacesIn(planned, model, planned_bases));
      ++models;
      with_bodies += model.bodies.empty() ? 0 : 1;
      with_changes += assignment.in_place.empty() && assignment.vanished_ids.empty() ? 0 : 1;
    }
  }
  EXPECT_GT(models, all ? 40 : 20);
  EXPECT_GT(with_bodies, all ? 2 : 0);
  EXPECT_GT(with_changes, all ? 20 : 10);
}

}  // namespace
}  // namespace orionrt::tests::assignment_models_test
