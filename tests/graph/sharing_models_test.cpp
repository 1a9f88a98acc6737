// Real models of the shared folder (ORIONRT_SHARED; otherwise ../shared beside the source) with tensors that share
// bytes: bounds against those that others computed, and every transform judged.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "assigned.hpp"
#include "orionrt/formats.hpp"
#include "orionrt/import.hpp"
#include "orionrt/lowering.hpp"
#include "orionrt/plan.hpp"

namespace orionrt::tests::sharing_models_test {
namespace {

struct Reference {
  std::string model;
  std::filesystem::path path;
  ImportOptions options;
  nlohmann::json modes;
};

// The models with references, their dimensions as these have them.
std::vector<Reference> References() {
  const char* asked = std::getenv("ORIONRT_SHARED");
  const auto shared = asked != nullptr ? std::filesystem::path(asked)
                                       : std::filesystem::path(ORIONRT_TESTS_DIR) / ".." / ".." / "shared";
  const auto models = shared / "models";
  std::vector<Reference> all;
  if (!std::filesystem::exists(models / "reference" / "summary.json")) return all;
  const auto overrides = nlohmann::json::parse(ReadFile(models / "overrides.json"));
  for (const auto& entry : nlohmann::json::parse(ReadFile(models / "reference" / "summary.json"))) {
    Reference one;
    one.model = entry["model"];
    for (const char* folder : {"onnx", "onnx_scaled", "tflite"}) {
      if (std::filesystem::exists(models / folder / one.model)) one.path = models / folder / one.model;
    }
    one.options.default_dim = 1;
    const nlohmann::json none = nlohmann::json::object();
    const nlohmann::json given = overrides.value(one.model, none);
    const nlohmann::json dims = given.value("dims", none);
    const nlohmann::json inputs = given.value("inputs", none);
    for (const auto& [name, value] : dims.items()) one.options.dims[name] = value;
    for (const auto& [name, shape] : inputs.items()) {
      one.options.inputs[name] = shape.get<std::vector<std::int64_t>>();
    }
    one.modes = entry["modes"];
    if (!one.path.empty()) all.push_back(std::move(one));
  }
  return all;
}

Graph Import(const Reference& reference, const std::string& mode) {
  ImportOptions options = reference.options;
  options.fold_constants = mode != "raw";
  options.fold_shapes = mode == "static";
  const std::string bytes = ReadFile(reference.path);
  return reference.path.extension() == ".onnx" ? ImportOnnx(bytes, reference.model, options).graph
                                               : ImportTflite(bytes, reference.model, options).graph;
}

// The graph with no other aliases than those of ops that rename the whole of what they read.
Graph WithRenamesOnly(const Graph& graph) {
  static const std::set<std::string> kRenames = {"Reshape", "Squeeze", "Unsqueeze", "Flatten",    "Identity",
                                                 "Dropout", "RESHAPE", "SQUEEZE",   "EXPAND_DIMS"};
  std::vector<OpNode> ops = graph.ops();
  for (OpNode& op : ops) {
    if (kRenames.count(op.type) == 0) op.aliases.clear();
  }
  return Graph(std::move(ops), graph.tensors());
}

TEST(SharingModels, RenamesReachTheBoundsThatOthersComputed) {
  const std::vector<Reference> references = References();
  if (references.empty()) GTEST_SKIP() << "no reference models; set ORIONRT_SHARED";
  int lower = 0;
  for (const Reference& reference : references) {
    for (const char* mode : {"fold", "raw", "static"}) {
      if (!reference.modes.contains(mode)) continue;
      const auto& figures = reference.modes[mode];
      const TransformedGraph shared = Transform(WithRenamesOnly(Import(reference, mode)), {true});
      EXPECT_EQ(LowerBound(shared.lowered.problem).lower_bound_bytes, figures["lb_alias"].get<std::int64_t>())
          << reference.model << " " << mode;
      lower += figures["lb_alias"] < figures["lb"];
    }
  }
  EXPECT_GT(lower, 0) << "no model tells the two bounds apart";
}

TEST(SharingModels, EveryTransformIsRightAndRaisesNothing) {
  const std::vector<Reference> references = References();
  if (references.empty()) GTEST_SKIP() << "no reference models; set ORIONRT_SHARED";
  const ReusePlanner planner;
  PlanOptions quick;
  quick.effort = Effort::kFast;
  for (const Reference& reference : references) {
    const Graph graph = Import(reference, "fold");
    const Transforms all{true, true, true, true};
    const TransformedGraph shared = Transform(graph, all, 64, &planner);
    const auto fault = CheckSharing(shared);
    EXPECT_FALSE(fault) << reference.model << ": " << fault->message;
    const Plan plan = planner.Run(shared.lowered.problem, quick);
    const auto violation = Validate(shared.lowered.problem, plan);
    EXPECT_FALSE(violation) << reference.model << ": " << violation->message;
    const Plan before = planner.Run(MakeProblem(graph, GraphLiveness(graph), 64).problem, quick);
    EXPECT_LE(plan.peak_bytes, before.peak_bytes) << reference.model;
    for (std::size_t i = 1; i < shared.stages.size(); ++i) {
      EXPECT_LE(shared.stages[i].bound_bytes, shared.stages[i - 1].bound_bytes)
          << reference.model << " " << shared.stages[i].name;
    }
  }
}

}  // namespace
}  // namespace orionrt::tests::sharing_models_test
