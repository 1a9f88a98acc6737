// Plans that were read and are planned anew: what runs at the same time stays apart, bodies of control flow too.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "orionrt/assignment.hpp"
#include "orionrt/formats.hpp"
#include "orionrt/streams.hpp"
#include "random.hpp"
#include "sanitized.hpp"

namespace orionrt::replanned_test {
namespace {

using tests::Random;

Graph Body(Random& random) {
  const auto bytes = [&] { return static_cast<std::size_t>(random.Between(1, 2000)); };
  return Graph({{0, {}, {0}}, {1, {0}, {1}}, {2, {1}, {2}}},
               {{0, bytes()}, {1, bytes()}, {2, bytes(), 0, TensorRole::kOutput}});
}

struct Made {
  Graph graph;
  std::vector<NestedGraph> bodies;
};

// Chains of ops, one a stream, some with bodies, and waits from time to time.
Made AnyGraph(int streams, Random& random) {
  std::vector<OpNode> ops;
  std::vector<TensorDesc> tensors;
  Made made;
  std::vector<int> last(static_cast<std::size_t>(streams), -1);  // per stream the tensor written last
  const int count = static_cast<int>(random.Between(3, 12));
  for (int i = 0; i < count; ++i) {
    const int stream = static_cast<int>(random.Below(streams));
    int& before = last[static_cast<std::size_t>(stream)];
    OpNode op{i, {}, {i}};
    if (before >= 0) op.inputs.push_back(before);
    op.stream = stream;
    if (i > 0 && random.OneIn(3)) op.waits.push_back(static_cast<int>(random.Below(i)));
    before = i;
    ops.push_back(std::move(op));
    tensors.push_back({i, static_cast<std::size_t>(random.Between(1, 3000))});
    for (int body = random.OneIn(2) ? static_cast<int>(random.Between(1, 2)) : 0; body > 0; --body) {
      made.bodies.push_back({i, "branch_" + std::to_string(body), Body(random), {}});
    }
  }
  made.graph = Graph(std::move(ops), std::move(tensors));
  return made;
}

TEST(Replanned, HoldsWithBodiesOnSeveralStreams) {
  int with_bodies = 0;
  for (int seed = 0; seed < tests::Seeds(200); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(static_cast<std::uint64_t>(seed));
    const Made made = AnyGraph(static_cast<int>(random.Between(1, 4)), random);
    const Workload workload = Lower(made.graph, made.bodies, {});
    const PlanFile first = MakePlanFile(workload, PlanWorkload(workload, ReusePlanner("greedy_by_size")));
    const PlanFile read = ReadPlanJson(WritePlanJson(first), "plan.json");
    for (const char* policy : {"no_reuse", "first_fit", "auto"}) {
      const PlanFile again = Replanned(read, read.problem, ReusePlanner(policy).Run(read.problem));
      const auto fault = CheckAssignment(made.graph, *again.assignment, made.bodies);
      ASSERT_FALSE(fault) << policy << ": " << fault->message;
      ASSERT_EQ(WritePlanJson(ReadPlanJson(WritePlanJson(again), "again.json")), WritePlanJson(again)) << policy;
    }
    with_bodies += made.bodies.size() > 1 ? 1 : 0;
  }
  EXPECT_GT(with_bodies, tests::Seeds(100));
}

// What an engine holds stays out of the arena however often the plan is read, and how the model was read with it.
TEST(Replanned, KeepsWhatTheCallerHoldsAndHowTheModelWasRead) {
  Graph graph({{0, {0}, {1}}, {1, {1}, {2}}}, {{0, 64, 0, TensorRole::kInput | TensorRole::kHeld},
                                               {1, 64},
                                               {2, 64, 0, TensorRole::kOutput | TensorRole::kHeld}});
  Workload workload = Lower(graph, {}, {});
  workload.import.shapes["h"] = {1, 10};
  workload.import.trust_shapes = true;
  workload.import.in_place_types = {"Gelu"};
  workload.import.external = {"inputs", "outputs"};
  const PlanFile first = MakePlanFile(workload, PlanWorkload(workload, ReusePlanner("greedy_by_size")));
  const PlanFile read = ReadPlanJson(WritePlanJson(first), "plan.json");
  EXPECT_EQ(WritePlanJson(read), WritePlanJson(first));
  ASSERT_TRUE(read.assignment.has_value());
  EXPECT_EQ(read.assignment->spaces[0].required_bytes, 64);
  EXPECT_EQ(FindPlace(read.assignment->tensors, 2)->space, kExternal);
  EXPECT_FALSE(CheckAssignment(graph, *read.assignment));
  EXPECT_EQ(OptionsOf(read.assignment->made_with),
            "--shape h=1x10 --trust-shapes --assume-in-place Gelu --external inputs --external outputs");
}

}  // namespace
}  // namespace orionrt::replanned_test
