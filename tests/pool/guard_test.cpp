// Every kind of bug, planted; each is named exactly. What only pages and sanitizers see: guard_fence_test.cpp.
#include <gtest/gtest.h>

#include <algorithm>

#include "assigned.hpp"
#include "guarded.hpp"
#include "random_graph.hpp"
#include "refuses.hpp"

namespace orionrt::guard_test {
namespace {

using tests::Guarded;
using tests::kTensorBytes;
using tests::Refuses;

// Faults are planted here, so nothing must stop them in the act.
GuardOptions Watch() {
  GuardOptions options;
  options.poison = false;
  return options;
}

GuardOptions AsPlanned() {
  GuardOptions options = Watch();
  options.canary_bytes = 0;
  options.quarantine_ops = 0;
  return options;
}

TEST(Guard, NamesADeadTensorThatIsAskedFor) {
  Guarded run(Watch());
  run.RunTo(17);
  run.pool().GetPtr(12);
  EXPECT_EQ(run.message(),
            "op 17 \"Conv_3\" asked for tensor 12 \"relu_2\", dead since step 15, overwritten by tensor 30 \"conv_4\" "
            "at step 16");
  ASSERT_EQ(run.reports().size(), 1u);
  EXPECT_EQ(run.reports()[0].fault, GuardFault::kDead);
  EXPECT_EQ(run.reports()[0].op, 17);
  EXPECT_EQ(run.reports()[0].tensor, 12);
  EXPECT_EQ(run.reports()[0].other, 30);
}

TEST(Guard, SaysNothingOfAnOverwriterThatHasNotComeYet) {
  Guarded run(Watch());
  run.RunTo(15);
  run.pool().Allocate(12);
  EXPECT_EQ(run.message(), "op 15 asked for tensor 12 \"relu_2\", dead since step 15");
}

TEST(Guard, NamesATensorThatIsNotBornYet) {
  Guarded run(Watch());
  run.RunTo(3);
  run.pool().GetPtr(30);
  EXPECT_EQ(run.message(), "op 3 asked for tensor 30 \"conv_4\", not alive before step 16, where op 16 produces it");
  EXPECT_EQ(run.reports().at(0).fault, GuardFault::kUnborn);
}

TEST(Guard, NamesALivingTensorThatTheOpDoesNotList) {
  Guarded run(Watch());
  run.RunTo(2);
  run.pool().GetPtr(1);
  run.pool().GetPtr(2);
  run.pool().GetPtr(100);
  run.pool().GetPtr(12345);
  EXPECT_TRUE(run.reports().empty()) << run.message();
  run.pool().EndOp();
  run.pool().BeginOp(3);
  run.pool().GetPtr(101);
  EXPECT_EQ(run.message(), "op 3 asked for tensor 101 \"cache\", which it does not list");
  EXPECT_EQ(run.reports().at(0).fault, GuardFault::kUnlisted);
}

TEST(Guard, NamesAWritePastTheEnd) {
  Guarded run(Watch());
  run.RunTo(2);
  std::memset(run.At(2) + kTensorBytes, 1, 3);
  run.pool().EndOp();
  ASSERT_EQ(run.reports().size(), 1u);
  const GuardReport& report = run.reports()[0];
  EXPECT_EQ(report.fault, GuardFault::kOverrun);
  EXPECT_EQ(report.op, 2);
  EXPECT_EQ(report.tensor, 2);
  EXPECT_EQ(report.bytes, 3);
  EXPECT_EQ(report.first, static_cast<std::int64_t>(kTensorBytes));
  // Behind it lies whoever of those alive at step 2 has the next address.
  int next = -1;
  for (const int id : {1, 100, 101}) {
    if (run.At(id) > run.At(2) && (next < 0 || run.At(id) < run.At(next))) next = id;
  }
  EXPECT_EQ(report.other, next);
  EXPECT_EQ(report.message.rfind("op 2 \"Add\" wrote 3 bytes past the end of tensor 2", 0), 0u) << report.message;
  EXPECT_EQ(next >= 0, report.message.find("; behind it lies tensor " + std::to_string(next)) != std::string::npos);
}

TEST(Guard, NamesTheNeighbourAndTheDistanceOfAnOverrun) {
  GuardOptions options = Watch();
  options.no_reuse = true;
  Guarded run(options, Graph({{0, {}, {0, 1}, "Split", ""}}, {{0, 64, 0, 0, "a", "", {}}, {1, 64, 0, 0, "b", "", {}}}),
              ReusePlanner());
  run.RunTo(0);
  std::memset(run.At(0) + 64 + 60, 1, 2);
  run.pool().EndRun();
  EXPECT_EQ(run.message(),
            "op 0 \"Split\" wrote 2 bytes, 60 past the end of tensor 0 \"a\"; behind it lies tensor 1 \"b\"");
}

TEST(Guard, NamesAWriteToAnInput) {
  for (const bool canaries : {true, false}) {
    Guarded run(canaries ? Watch() : AsPlanned());
    run.RunTo(2);
    run.At(100)[5] ^= 1;
    run.At(100)[8] ^= 1;
    run.pool().EndOp();
    EXPECT_EQ(run.message(), "op 2 \"Add\" wrote 4 bytes to tensor 100 \"image\", which it only reads (from byte 5)");
    EXPECT_EQ(run.reports().at(0).fault, GuardFault::kReadOnly);
  }
}

TEST(Guard, LetsAnOpUpdateAStateThatItLists) {
  Guarded run(Watch());
  run.RunTo(2);
  run.At(101)[0] ^= 1;
  run.pool().EndOp();
  EXPECT_TRUE(run.reports().empty()) << run.message();
  run.pool().BeginOp(3);
  run.At(101)[0] ^= 1;
  run.pool().BeginOp(4);  // ends op 3
  EXPECT_EQ(run.message(), "op 3 wrote 1 byte to tensor 101 \"cache\", which it does not list");
}

TEST(Guard, NamesAWriteToADeadTensor) {
  GuardOptions options = Watch();
  options.no_reuse = true;
  Guarded run(options);
  run.RunTo(17);
  std::memset(run.At(12), 7, 12);
  run.pool().EndOp();
  EXPECT_EQ(run.message(),
            "op 17 \"Conv_3\" wrote 12 bytes to tensor 12 \"relu_2\", dead since step 15, overwritten by tensor 30 "
            "\"conv_4\" at "
            "step 16");
}

TEST(Guard, NamesTheDeadTensorWhoseBytesAreReused) {
  Guarded run(AsPlanned());
  ASSERT_EQ(run.At(12), run.At(30)) << "as planned";
  run.RunTo(17);
  run.At(12)[0] ^= 1;  // a pointer kept too long; the op lists tensor 30, but to read it
  run.pool().EndOp();
  EXPECT_EQ(run.message(), "op 17 \"Conv_3\" wrote 1 byte to tensor 30 \"conv_4\", which it only reads");
  EXPECT_EQ(run.reports().at(0).tensor, 30);
}

TEST(Guard, NamesWhatBytesWereBeforeALivingTensorTookThem) {
  // tensor 1 lies where tensor 0 did and is alive, but op 2 lists neither.
  const Graph graph({{0, {}, {0}}, {1, {}, {1}}, {2, {}, {}}, {3, {1}, {}}}, {{0, 64, 0, 0, "old", "", {}}, {1, 64}});
  Guarded run(AsPlanned(), graph, ReusePlanner());
  ASSERT_EQ(run.At(0), run.At(1));
  run.RunTo(2);
  run.At(0)[0] ^= 1;
  run.pool().EndRun();
  EXPECT_EQ(run.message(),
            "op 2 wrote 1 byte to tensor 1, which it does not list; its bytes were those of tensor 0 \"old\", dead "
            "since step 1, "
            "overwritten by tensor 1 at step 1");
}

TEST(Guard, NamesAWriteWhereNoTensorLies) {
  // The plan leaves a hole between two tensors aligned to 4096.
  const Graph graph({{0, {}, {0, 1}}}, {{0, 100, 4096}, {1, 100, 4096}});
  Guarded run(AsPlanned(), graph, ReusePlanner("first_fit"));
  unsigned char* const hole = std::min(run.At(0), run.At(1)) + 1000;
  run.RunTo(0);
  *hole = 1;
  run.pool().EndOp();
  EXPECT_EQ(run.message(), "op 0 wrote 1 byte to the arena at 1,000, where no tensor lies");
}

TEST(Guard, TellsTheCallerFromTheOps) {
  Guarded run(Watch());
  run.At(100)[0] = 1;             // inputs are the caller's to write
  run.At(100)[kTensorBytes] = 1;  // and no more
  run.RunTo(3);
  ASSERT_EQ(run.reports().size(), 1u) << run.message();
  EXPECT_EQ(run.message().rfind("between runs the caller wrote 1 byte past the end of tensor 100 \"image\"", 0), 0u)
      << run.message();
  EXPECT_EQ(run.reports()[0].op, -1);
  run.reports().clear();
  run.RunOp(run.pool().graph().ops()[3]);
  run.pool().EndOp();
  run.At(3)[0] ^= 1;
  run.pool().BeginOp(4);
  EXPECT_EQ(run.message(), "after op 3 the caller wrote 1 byte to tensor 3, which only its op writes");
}

TEST(Guard, KnowsWorkspaces) {
  std::vector<OpNode> ops = {{0, {}, {0}}, {1, {0}, {1}}};
  ops[0].workspace_bytes = 100;
  ops[1].workspace_bytes = 200;
  for (const bool canaries : {true, false}) {
    Guarded run(canaries ? Watch() : AsPlanned(), Graph(ops, {{0, 64, 0, TensorRole::kOutput}, {1, 64}}),
                ReusePlanner());
    const TensorHandle first = run.pool().Workspace(0);
    const TensorHandle second = run.pool().Workspace(1);
    EXPECT_EQ(second.bytes, 200u);
    EXPECT_EQ(run.pool().Workspace(2).ptr, nullptr);
    run.RunTo(0);
    std::memset(first.ptr, 1, first.bytes);
    run.pool().EndOp();
    EXPECT_TRUE(run.reports().empty()) << run.message();
    run.pool().BeginOp(1);
    std::memset(second.ptr, 1, second.bytes + (canaries ? 1 : 0));
    run.pool().EndRun();
    const std::string wanted = canaries ? "op 1 wrote 1 byte past the end of the workspace of op 1" : "0";
    EXPECT_EQ(run.message().rfind(wanted, 0), 0u) << run.message();
  }
}

TEST(Guard, RefusesMemoryThatTheHostMayNotRead) {
  SimulatedMemory device(1 << 20);
  PoolOptions options;
  options.guard = Watch();
  TensorPool pool(Arena::From(device, 1 << 16, 4096), options);
  pool.RegisterGraph(tests::ChainGraph());
  EXPECT_TRUE(Refuses(ErrorCode::kUnsupported, {"guard", "host"}, [&] { pool.FinalizePlan(); }));
}

TEST(Guard, NamesOpsOutOfOrder) {
  Guarded run(Watch());
  run.RunTo(2);
  run.pool().BeginOp(17);
  EXPECT_EQ(run.message(), "op 17 \"Conv_3\" ran after op 2 \"Add\", where op 3 is next; a plan holds for one order");
  EXPECT_EQ(run.reports().at(0).fault, GuardFault::kOrder);
  run.reports().clear();
  run.pool().BeginOp(17);
  EXPECT_EQ(run.message(),
            "op 17 \"Conv_3\" ran after op 17 \"Conv_3\", where op 18 is next; a plan holds for one order");
  run.reports().clear();
  run.pool().BeginOp(4711);
  EXPECT_EQ(run.message(), "op 4711 is not in the graph that was planned; a plan holds for one");
  run.reports().clear();
  run.pool().EndRun();
  run.pool().BeginOp(1);
  EXPECT_EQ(run.message(), "op 1 began the run, where op 0 is next; a plan holds for one order");
}

TEST(Guard, FillsWhatIsBornAndWhatDies) {
  GuardOptions options = Watch();
  options.no_reuse = true;
  Guarded run(options);
  run.RunTo(13);
  EXPECT_EQ(run.At(13)[0], 0xFB);
  EXPECT_EQ(run.At(13)[kTensorBytes - 1], 0xFB);
  EXPECT_EQ(run.At(13)[kTensorBytes], 0xCA);
  EXPECT_EQ(run.At(11)[0], 0xDE);
  EXPECT_EQ(run.At(10)[kTensorBytes - 1], 0xDE);
  EXPECT_NE(run.At(12)[0], 0xDE);
  EXPECT_EQ(run.At(101)[kTensorBytes], 0xCA) << "behind what is given, too";
  options.fill = false;
  Guarded plain(options);
  plain.At(13)[0] = 1;
  plain.RunTo(13);
  EXPECT_EQ(plain.At(13)[0], 1);
  EXPECT_EQ(plain.At(13)[kTensorBytes], 0xCA);
  EXPECT_NE(plain.At(10)[0], 0xDE);
}

TEST(Guard, WatchesOnlyCanariesWhenTold) {
  GuardOptions options = Watch();
  options.contents = false;
  Guarded run(options);
  run.RunTo(2);
  run.At(100)[0] ^= 1;
  run.pool().EndOp();
  EXPECT_TRUE(run.reports().empty());
  run.pool().BeginOp(3);
  run.At(3)[kTensorBytes] ^= 1;
  run.pool().EndOp();
  EXPECT_EQ(run.message().rfind("op 3 wrote 1 byte past the end of tensor 3", 0), 0u) << run.message();
}

TEST(Guard, SaysHowMuchMoreArenaItNeeds) {
  const Graph graph = tests::ChainGraph();
  const Plan plan = tests::ChainPlanner().Run(MakeProblem(graph, GraphLiveness(graph), 64).problem);
  PoolOptions options;
  const Assignment assignment = tests::AssignmentOf(graph, plan);
  EXPECT_EQ(GuardedBytes(graph, assignment, options), RequiredBytes(plan));
  options.guard = Watch();
  options.guard->no_reuse = true;
  const std::size_t needs = GuardedBytes(graph, assignment, options);
  EXPECT_EQ(needs, 22 * (kTensorBytes + 64)) << "22 tensors with a canary each";

  const Arena memory = Arena::Host(needs, 4096);
  TensorPool tight(memory.base(), needs - 1, options);
  tight.RegisterGraph(graph);
  EXPECT_TRUE(
      Refuses(ErrorCode::kInfeasible,
              {"with its guard", "7,040 bytes", "7,039", "1 short", "5,632", "larger arena", "no_reuse = false"},
              [&] { tight.FinalizePlan(tests::ChainPlanner()); }));
  TensorPool exact(memory.base(), needs, options);
  exact.RegisterGraph(graph);
  exact.FinalizePlan(tests::ChainPlanner());
  EXPECT_EQ(exact.peak_bytes(), needs);
  EXPECT_EQ(exact.guard_bytes(), needs - RequiredBytes(plan));
  EXPECT_EQ(exact.plan().offsets, plan.offsets) << "the plan is told as it would be without a guard";
}

TEST(Guard, PrintsAndAbortsByDefault) {
  EXPECT_DEATH(
      {
        PoolOptions options;
        options.guard = Watch();
        TensorPool pool(1 << 20, options);
        pool.RegisterGraph(tests::ChainGraph());
        pool.FinalizePlan();
        pool.BeginOp(1);
      },
      "orionrt guard: op 1 began the run, where op 0 is next");
}

TEST(Guard, MovesWithItsPool) {
  PoolOptions options;
  int found = 0;
  options.guard = Watch();
  options.guard->report = [&](const GuardReport&) { ++found; };
  TensorPool first(1 << 20, options);
  first.RegisterGraph(tests::ChainGraph());
  first.FinalizePlan();
  TensorPool second = std::move(first);
  second.BeginOp(0);
  second.GetPtr(30);
  EXPECT_EQ(found, 1);
  second = TensorPool(1 << 12);
  second.BeginOp(3);
  EXPECT_EQ(found, 1) << "no guard, no report";
}

// Every combination of switches, with pages where there are any, on random graphs: no false alarm, and
// the ops compute what they do without a guard.
TEST(Guard, RaisesNoFalseAlarm) {
  for (std::uint64_t seed = 0; seed < 96; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    tests::Random random(seed);
    const tests::RandomGraph made =
        tests::MakeRandomGraph(random, static_cast<int>(random.Between(0, 40)), seed % 3 == 0);
    PoolOptions options;
    std::vector<GuardReport> reports;
    GuardOptions guard;
    guard.no_reuse = (seed & 1) != 0;
    guard.fill = (seed & 2) != 0;
    guard.canary_bytes = (seed & 4) != 0 ? 64 : 0;
    guard.contents = (seed & 8) != 0;
    guard.pages = (seed & 16) != 0;
    guard.quarantine_ops = static_cast<int>(seed % 7);
    guard.report = [&](const GuardReport& report) { reports.push_back(report); };
    options.guard = guard;
    options.alignment = seed % 5 == 0 ? 1 : 64;
    TensorPool pool(8 << 20, options);
    pool.RegisterGraph(made.ops, made.tensors);
    pool.FinalizePlan(seed % 2 == 0 ? "auto" : "linear_scan");
    const unsigned result = tests::RunCleanly(pool, seed % 7 < 3);
    ASSERT_TRUE(reports.empty()) << reports[0].message;
    TensorPool plain(8 << 20);
    plain.RegisterGraph(made.ops, made.tensors);
    plain.FinalizePlan();
    ASSERT_EQ(result, tests::RunCleanly(plain, true));
  }
}

// Whatever one op does to a byte that is not its own is found, and blamed on it.
TEST(Guard, FindsEveryStrayByte) {
  int planted = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    tests::Random random(seed);
    const tests::RandomGraph made = tests::MakeRandomGraph(random, 20, false);
    Guarded run(seed % 2 == 0 ? Watch() : AsPlanned(), Graph(made.ops, made.tensors), ReusePlanner());
    const OpNode& op = made.ops[static_cast<std::size_t>(random.Below(20))];
    run.RunTo(op.id);
    auto base = reinterpret_cast<std::uintptr_t>(run.At(made.tensors[0].id));
    for (const TensorDesc& tensor : made.tensors) {
      if (tensor.bytes > 0) base = std::min(base, reinterpret_cast<std::uintptr_t>(run.At(tensor.id)));
    }
    base &= ~std::uintptr_t{4095};  // the region's, which is the arena's
    auto* const victim =
        reinterpret_cast<unsigned char*>(base) + random.Below(static_cast<std::int64_t>(run.pool().peak_bytes()));
    bool own = false;
    for (const TensorDesc& tensor : made.tensors) {
      const bool within = victim >= run.At(tensor.id) && victim < run.At(tensor.id) + tensor.bytes;
      const bool writes =
          std::count(op.outputs.begin(), op.outputs.end(), tensor.id) > 0 ||
          (std::count(op.inputs.begin(), op.inputs.end(), tensor.id) > 0 && (tensor.roles & TensorRole::kState) != 0);
      own = own || (within && writes);
    }
    *victim ^= 0x55;
    run.pool().EndOp();
    ASSERT_EQ(run.reports().size(), own ? 0u : 1u) << run.message();
    if (own) continue;
    EXPECT_EQ(run.reports()[0].op, op.id);
    ++planted;
  }
  EXPECT_GT(planted, 20);
}

}  // namespace
}  // namespace orionrt::guard_test
