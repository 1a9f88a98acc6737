#include <gtest/gtest.h>

#include "hostile.hpp"
#include "interpreter.hpp"
#include "orionrt/assignment.hpp"
#include "orionrt/formats.hpp"
#include "orionrt/plan.hpp"
#include "orionrt/planner.hpp"
#include "orionrt/tensor_pool.hpp"

namespace orionrt::plan_json_hostile_test {
namespace {

std::string Good() {
  PlanFile file;
  file.problem.buffers = {{0, 4, 100, 64}, {2, 6, 50, 128, 128}, {-3, 6, 0, 64}};
  file.problem.ids = {"a", "b", "c"};
  file.problem.names = {"conv1", "", "\n\""};
  file.problem.parts = {{0, 0, 2, 0, 100}, {0, 3, 4, 50, 100}};
  file.plan = ReusePlanner("no_reuse").Run(file.problem);
  file.alignment = 64;
  return WritePlanJson(file);
}

void Read(const std::string& text) {
  const PlanFile file = ReadPlanJson(text, "p.json");
  ASSERT_EQ(file.plan.offsets.size(), file.problem.buffers.size());
  CheckProblem(file.problem);
  (void)Validate(file.problem, file.plan);
  (void)WritePlanJson(file);
}

TEST(HostilePlanJson, TheGoodFileIsGood) { EXPECT_NO_THROW(Read(Good())); }
TEST(HostilePlanJson, EveryPrefixIsReadOrRefused) { tests::TryEveryPrefix(Good(), Read); }
TEST(HostilePlanJson, EveryChangeOfAByteIsReadOrRefused) { tests::TryByteChanges(Good(), 4000, Read); }

TEST(HostilePlanJson, DeepNestingEnds) {
  const std::size_t deep = 1000000;
  tests::ExpectServedOrRefused(std::string(deep, '['), Read);
  tests::ExpectServedOrRefused(std::string(deep, '[') + std::string(deep, ']'), Read);
  std::string objects;
  for (std::size_t i = 0; i < deep / 4; ++i) objects += "{\"a\":";
  tests::ExpectServedOrRefused(objects, Read);
  tests::ExpectServedOrRefused(objects + "1" + std::string(deep / 4, '}'), Read);
  const std::string head = R"({"schema":"orionrt.plan/1","peak_bytes":0,"buffers":[],"extra":)";
  tests::ExpectServedOrRefused(head + std::string(deep, '[') + std::string(deep, ']') + "}", Read);
}

// Of a graph, with what a run needs: what is read is served only if it is right, whatever was changed.
TEST(HostilePlanJson, ADamagedAssignmentIsNeverServedWrong) {
  std::vector<OpNode> ops = {{0, {}, {0}}, {1, {0}, {1}}, {2, {1}, {2}}, {3, {}, {3}}, {4, {2, 3}, {4}}, {5, {4}, {5}}};
  ops[1].aliases = {{AliasKind::kView, 0, 0, 0}};
  ops[2].aliases = {{AliasKind::kSameIndex, 0, 0, 0}};
  ops[4].aliases = {{AliasKind::kPiece, 0, 0, 0}, {AliasKind::kPiece, 0, 1, 64}};
  ops[3].workspace_bytes = 40;
  const Graph graph(ops, {{0, 64}, {1, 64}, {2, 64}, {3, 64}, {4, 128}, {5, 64, 0, TensorRole::kOutput}});
  const Graph inner({{0, {}, {0}}, {1, {0}, {}}}, {{0, 100}});
  const std::vector<NestedGraph> bodies = {{5, "body", inner, {}}};
  LowerOptions options;
  options.transforms = {true, true, true, true};
  const Workload workload = Lower(graph, bodies, options);
  const std::string good = WritePlanJson(MakePlanFile(workload, PlanWorkload(workload, ReusePlanner())));
  int served = 0, refused = 0;
  const auto serve = [&](const std::string& text) {
    const PlanFile file = ReadPlanJson(text, "p.json");
    (void)WritePlanJson(file);
    if (!file.assignment) return;
    TensorPool pool(1 << 16);
    pool.RegisterModel(graph, bodies);
    ++refused;
    try {
      pool.LoadPlan(*file.assignment);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kInfeasible && error.code() != ErrorCode::kMisuse) throw;
      return;  // a larger arena than there is, or one that is more aligned
    }
    --refused;
    ++served;
    ASSERT_EQ(tests::Interpreter(pool, 1, false).Run(), "") << text;
  };
  ASSERT_NO_FATAL_FAILURE(serve(good));
  ASSERT_EQ(served, 1);
  tests::TryEveryPrefix(good, serve);
  tests::TryByteChanges(good, 6000, serve);
  EXPECT_GT(served, 100) << "what a run does not need may change";
  EXPECT_GT(refused, 20);
}

}  // namespace
}  // namespace orionrt::plan_json_hostile_test
