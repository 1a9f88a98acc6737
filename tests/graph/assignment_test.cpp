// Assignments: made, completed, judged, loaded; by running them in pools where bytes are real.
#include "orionrt/assignment.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "assigned.hpp"
#include "interpreter.hpp"
#include "orionrt/orionrt.hpp"
#include "refuses.hpp"
#include "sanitized.hpp"
#include "sharing_graph.hpp"

namespace orionrt::assignment_test {
namespace {

using tests::Interpreter;
using tests::Random;
using tests::Refuses;

constexpr Transforms kAll{true, true, true, true};

// in -> 0 and 1, each read by an arm of its own, both joined by op 4; the arms may be listed in either order.
Graph Diamond(bool left_first) {
  std::vector<OpNode> ops = {{0, {0}, {1}}, {1, {1}, {2}}, {2, {1}, {3}}, {3, {2, 3}, {4}}, {4, {4}, {}}};
  if (!left_first) std::swap(ops[1], ops[2]);
  return Graph(ops, {{0, 64, 0, TensorRole::kInput}, {1, 256}, {2, 128}, {3, 128}, {4, 64}});
}

// Another listing of the same graph: tensors in another order, and ops in another one that respects all there is.
Graph Relisted(const Graph& graph, Random& random) {
  std::vector<TensorDesc> tensors = graph.tensors();
  for (std::size_t i = tensors.size(); i > 1; --i) {
    std::swap(tensors[i - 1], tensors[static_cast<std::size_t>(random.Below(static_cast<std::int64_t>(i)))]);
  }
  std::vector<OpNode> ops = graph.ops();
  for (std::size_t tries = 0; tries < 4 * ops.size(); ++tries) {
    const auto at = static_cast<std::size_t>(random.Below(static_cast<std::int64_t>(ops.size())));
    if (at + 1 >= ops.size() || (HasEffects(graph, ops[at]) && HasEffects(graph, ops[at + 1]))) continue;
    std::swap(ops[at], ops[at + 1]);
    try {
      (void)Graph(ops, tensors);
    } catch (const Error&) {
      std::swap(ops[at], ops[at + 1]);
    }
  }
  return Graph(std::move(ops), std::move(tensors));
}

Assignment Planned(const Graph& graph, const Transforms& on, std::int64_t alignment = 1) {
  LowerOptions options;
  options.transforms = on;
  options.alignment = alignment;
  const Workload workload = Lower(graph, {}, options);
  return Assign(workload, PlanWorkload(workload, ReusePlanner("first_fit")));
}

TEST(GraphIds, DoNotDependOnTheListing) {
  EXPECT_EQ(GraphId(Diamond(true)), GraphId(Diamond(false)));
  EXPECT_NE(HashGraph(Diamond(true)), HashGraph(Diamond(false)));
  for (std::uint64_t seed = 0; seed < tests::Seeds(300u); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const Graph graph = tests::SharingGraphMaker(random).Make(static_cast<int>(random.Between(1, 14)));
    EXPECT_EQ(GraphId(graph), GraphId(Relisted(graph, random)));
  }
}

TEST(GraphIds, TellGraphsApart) {
  const Graph graph = Diamond(true);
  std::vector<OpNode> ops = graph.ops();
  std::vector<TensorDesc> tensors = graph.tensors();
  const auto differs = [&] { return GraphId(Graph(ops, tensors)) != GraphId(graph); };
  tensors[2].bytes = 129;
  EXPECT_TRUE(differs());
  tensors = graph.tensors();
  tensors[4].roles = TensorRole::kOutput;
  EXPECT_TRUE(differs());
  tensors = graph.tensors();
  ops[3].workspace_bytes = 8;
  EXPECT_TRUE(differs());
  ops = graph.ops();
  ops[1].id = 9;
  EXPECT_TRUE(differs());
  ops = graph.ops();
  ops[1].has_effects = ops[2].has_effects = true;
  const std::uint64_t left_first = GraphId(Graph(ops, tensors));
  std::swap(ops[1], ops[2]);
  EXPECT_NE(GraphId(Graph(ops, tensors)), left_first) << "ops with effects keep their sequence";
}

// It was "wrong: the plan holds for another order of ops", though both listings are legal and of one peak.
TEST(CheckAssignment, AcceptsAnyLegalOrderWhateverTheListing) {
  for (const bool planned : {false, true}) {
    for (const bool judged : {false, true}) {
      const auto fault = CheckAssignment(Diamond(judged), Planned(Diamond(planned), {false, false, false, true}));
      EXPECT_FALSE(fault) << fault->message;
    }
  }
}

TEST(CheckAssignment, RefusesOrdersThatBreakWhatOpsNeed) {
  std::vector<OpNode> ops = Diamond(true).ops();
  ops[1].has_effects = ops[2].has_effects = true;
  const Graph graph(ops, Diamond(true).tensors());
  const auto says = [&](std::vector<int> order) {
    Assignment assignment = tests::LaidOut(tests::AsGiven(graph));
    assignment.order_ids = std::move(order);
    const auto fault = CheckAssignment(graph, assignment);
    return fault ? fault->message : std::string();
  };
  EXPECT_EQ(says({0, 1, 2, 3, 4}), "");
  EXPECT_NE(says({1, 0, 2, 3, 4}).find("order"), std::string::npos) << "reads what is not written yet";
  EXPECT_NE(says({0, 2, 1, 3, 4}).find("keep their order"), std::string::npos) << says({0, 2, 1, 3, 4});
  EXPECT_NE(says({0, 1, 2, 3}).find("order of 4 ops"), std::string::npos) << says({0, 1, 2, 3});
  EXPECT_NE(says({0, 1, 2, 3, 3}).find("twice"), std::string::npos) << says({0, 1, 2, 3, 3});
  EXPECT_NE(says({0, 1, 2, 3, 7}).find("op 7"), std::string::npos) << says({0, 1, 2, 3, 7});
}

TEST(CheckAssignment, NamesBothTensorsTheStepAndTheBytes) {
  const Graph graph({{0, {}, {7}}, {1, {7}, {8}}, {2, {7, 8}, {}}}, {{7, 100, 0, 0, "a"}, {8, 50, 0, 0, "b"}});
  Assignment assignment = tests::LaidOut(tests::AsGiven(graph));
  assignment.tensors[1].offset = assignment.tensors[0].offset + 90;
  const auto fault = CheckAssignment(graph, assignment);
  ASSERT_TRUE(fault);
  for (const char* word : {"op 1", "step 1", "tensor 7 \"a\"", "tensor 8 \"b\"", "[90, 100)"}) {
    EXPECT_NE(fault->message.find(word), std::string::npos) << word << ": " << fault->message;
  }
  EXPECT_EQ(fault->op_id, 1);
}

// Every planned graph is right in every listing; and moved by a byte, or laid over another, it is as right as running
// it says.
TEST(CheckAssignment, AgreesWithRunning) {
  int wrong = 0, right = 0, unseen = 0;
  for (std::uint64_t seed = 0; seed < tests::Seeds(3000u); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const Graph graph = tests::SharingGraphMaker(random).Make(static_cast<int>(random.Between(1, 12)));
    Transforms on{random.OneIn(2), random.OneIn(2), random.OneIn(2), random.OneIn(3)};
    Assignment assignment = Planned(graph, on);
    const auto none = CheckAssignment(Relisted(graph, random), assignment);
    ASSERT_FALSE(none) << none->message;

    Place& moved =
        assignment
            .tensors[static_cast<std::size_t>(random.Below(static_cast<std::int64_t>(assignment.tensors.size())))];
    const Place& onto =
        assignment
            .tensors[static_cast<std::size_t>(random.Below(static_cast<std::int64_t>(assignment.tensors.size())))];
    moved.offset = onto.offset;
    assignment.spaces[0].required_bytes += 256;
    const bool is_right = !CheckAssignment(graph, assignment);
    (is_right ? right : wrong) += 1;
    if (!is_right) continue;
    PoolOptions options;
    options.alignment = 1;
    TensorPool pool(static_cast<std::size_t>(assignment.spaces[0].required_bytes), options);
    pool.RegisterGraph(graph);
    pool.LoadPlan(assignment);
    for (std::uint64_t again = 0; again < 3; ++again) {
      unseen += Interpreter(pool, seed + again, random.OneIn(2)).Run().empty() ? 0 : 1;
    }
  }
  EXPECT_EQ(unseen, 0) << "running finds what the judge does not";
  EXPECT_GT(wrong, tests::Seeds(500));
  EXPECT_GT(right, tests::Seeds(300));
}

// ---- Bodies of control-flow ops ----

Graph Branch(std::size_t bytes) {
  return Graph({{0, {}, {0}}, {1, {0}, {1}}}, {{0, bytes}, {1, 64, 0, TensorRole::kOutput}});
}

struct WithBodies {
  WithBodies() {
    bodies.push_back({1, "then_branch", Branch(512), {}});
    bodies.push_back({1, "else_branch", Branch(256), {{0, "body", Branch(128), {}}}});
  }
  Graph graph{{{5, {}, {0}}, {6, {0}, {1}}, {7, {0, 1}, {}}}, {{0, 100}, {1, 200}}};  // op 6 is at position 1
  std::vector<NestedGraph> bodies;
};

TEST(CheckAssignment, KeepsBodiesClearOfWhatIsAliveAround) {
  const WithBodies made;
  const Workload workload = Lower(made.graph, made.bodies, {});
  const PlannedWorkload planned = PlanWorkload(workload, ReusePlanner());
  Assignment assignment = Assign(workload, planned);
  ASSERT_EQ(assignment.bodies.size(), 2u);
  EXPECT_EQ(assignment.bodies[0].op_id, 6);
  EXPECT_FALSE(CheckAssignment(made.graph, assignment, made.bodies));
  EXPECT_GE(assignment.spaces[0].required_bytes, planned.plan.peak_bytes + planned.peak_nested_bytes);
  EXPECT_TRUE(CheckAssignment(made.graph, assignment)) << "bodies that the graph does not have";

  Assignment over = assignment;
  over.bodies[0].assignment.tensors[0].offset = over.tensors[0].offset;
  const auto fault = CheckAssignment(made.graph, over, made.bodies);
  ASSERT_TRUE(fault);
  EXPECT_NE(fault->message.find("then_branch"), std::string::npos) << fault->message;
  EXPECT_EQ(fault->op_id, 6);
  Assignment within = assignment;
  within.bodies[1].assignment.tensors[1].offset = within.bodies[1].assignment.tensors[0].offset;
  EXPECT_TRUE(CheckAssignment(made.graph, within, made.bodies)) << "overlap inside a body";
}

TEST(TensorPool, ServesBodiesPlannedHereAndElsewhere) {
  const WithBodies made;
  TensorPool here(1 << 16);
  here.RegisterModel(made.graph, made.bodies);
  here.FinalizePlan();
  TensorPool there(RequiredBytes(here.assignment()));
  there.RegisterModel(made.graph, made.bodies);
  there.LoadPlan(here.assignment());
  const auto base = [](const TensorPool& pool) { return static_cast<std::byte*>(pool.GetPtr(0)); };
  for (const char* attribute : {"then_branch", "else_branch"}) {
    for (const int id : {0, 1}) {
      const TensorHandle mine = here.Body(6, attribute).Allocate(id);
      EXPECT_EQ(static_cast<std::byte*>(mine.ptr) - base(here),
                static_cast<std::byte*>(there.Body(6, attribute).GetPtr(id)) - base(there));
    }
  }
  EXPECT_NE(here.Body(6, "else_branch").Body(0, "body").GetPtr(0), nullptr) << "a body within a body";
  EXPECT_EQ(here.Body(7, "else_branch").GetPtr(0), nullptr);
  EXPECT_EQ(here.Body(6, "no such").Workspace(0).ptr, nullptr);

  TensorPool tight(RequiredBytes(here.assignment()) - 1);
  tight.RegisterModel(made.graph, made.bodies);
  EXPECT_TRUE(Refuses(ErrorCode::kInfeasible, {"1 short"}, [&] { tight.LoadPlan(here.assignment()); }));
  TensorPool without(1 << 16);
  without.RegisterGraph(made.graph);
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"bodies"}, [&] { without.LoadPlan(here.assignment()); }));
}

TEST(TensorPool, LeavesExternalTensorsToWhoeverRunsIt) {
  const Graph graph({{0, {0}, {1}}, {1, {1}, {2}}},
                    {{0, 64, 0, TensorRole::kInput}, {1, 64}, {2, 64, 0, TensorRole::kOutput}});
  Assignment assignment = tests::LaidOut(tests::AsGiven(graph));
  assignment.tensors[0] = {0, kExternal, 0, 64};
  TensorPool pool(1 << 12);
  pool.RegisterGraph(graph);
  pool.LoadPlan(assignment);
  EXPECT_EQ(pool.Allocate(0).ptr, nullptr);
  EXPECT_EQ(pool.Allocate(0).bytes, 0u);
  EXPECT_NE(pool.GetPtr(1), nullptr);
}

// ---- Several graphs in one arena ----

TEST(SharedPlan, IsTheSameOfItsOwnAssignments) {
  const Graph one({{0, {0}, {1}}, {1, {1, 2}, {3}}},
                  {{0, 64, 0, TensorRole::kInput}, {1, 256}, {2, 96, 0, TensorRole::kState}, {3, 64}});
  const Graph two({{0, {}, {0}}, {1, {0}, {1}}}, {{0, 512}, {1, 64, 0, TensorRole::kOutput}});
  SharedPlanOptions options;
  options.transforms = kAll;
  const auto made = SharedPlan::Make({{one, 0, {{2, "kv"}}}, {two, 1, {}}}, options);
  SharedGraph first{one, 0, {{2, "kv"}}}, second{two, 1, {}};
  first.assignment = made->assignment(0);
  second.assignment = made->assignment(1);
  const auto again = SharedPlan::Make({first, second}, options);
  EXPECT_EQ(again->required_bytes(), made->required_bytes());
  std::vector<std::byte> memory(made->required_bytes());
  for (int g = 0; g < 2; ++g) {
    for (int id = 0; id < 4; ++id) {
      EXPECT_EQ(made->View(memory.data(), g).GetPtr(id), again->View(memory.data(), g).GetPtr(id)) << g << " " << id;
    }
  }
  first.assignment->tensors[1].offset = INT64_MAX - 8;
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"graph 0"}, [&] { SharedPlan::Make({first}, options); }));
}

TEST(SharedArena, ServesSeveralSpaces) {
  Space fast, slow;
  fast.name = "fast";
  fast.capacity = 1024;
  slow.name = "slow";
  SharedPlanOptions options;
  options.spaces = {fast, slow};
  const Graph graph({{0, {}, {0}}, {1, {0}, {1}}, {2, {0, 1, 2}, {}}},
                    {{0, 512}, {1, 4096}, {2, 64, 0, TensorRole::kState}});
  const auto plan = SharedPlan::Make({{graph, 0, {}}, {graph, 1, {}}, {graph, 2, {}}}, options);
  ASSERT_EQ(plan->space_count(), 2);
  EXPECT_EQ(plan->required_bytes(0), 1024u) << "two lanes' worth: the third spills";
  std::vector<Arena> arenas;
  arenas.push_back(Arena::Host(plan->required_bytes(0), 4096));
  arenas.push_back(Arena::Host(plan->required_bytes(1) + 4096, 4096));
  const std::byte* const bases[] = {arenas[0].base(), arenas[1].base()};
  const SharedArena arena(plan, std::move(arenas));
  const auto is_in = [&](const TensorHandle& handle, int space) {
    const auto* const at = static_cast<const std::byte*>(handle.ptr);
    return at >= bases[space] && at + handle.bytes <= bases[space] + plan->required_bytes(space);
  };
  for (int g = 0; g < 3; ++g) {
    EXPECT_TRUE(is_in(arena.View(g).Allocate(0), g < 2 ? 0 : 1)) << g;
    EXPECT_TRUE(is_in(arena.View(g).Allocate(1), 1)) << g;
    EXPECT_TRUE(is_in(arena.View(g).Allocate(2), 1)) << "states lie in the last space";
  }
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"1 arenas", "2 spaces"}, [&] { SharedArena(plan, Arena::Host(8192)); }));
}

}  // namespace
}  // namespace orionrt::assignment_test
