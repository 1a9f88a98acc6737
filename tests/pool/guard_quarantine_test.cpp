// A tensor's bytes stay unused for some ops after its death, so that a pointer kept too long meets nobody else's.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "assigned.hpp"
#include "graph/regroup.hpp"
#include "guarded.hpp"
#include "random_graph.hpp"
#include "refuses.hpp"
#include "sanitized.hpp"
#include "sharing_graph.hpp"

namespace orionrt::guard_quarantine_test {
namespace {

using tests::Guarded;
using tests::kTensorBytes;
using tests::Random;
using tests::Refuses;

// Op i reads t(i-1) and writes t(i); in the plan even ones take turns in some bytes, odd ones in others.
Graph TakingTurns() {
  std::vector<OpNode> ops;
  std::vector<TensorDesc> tensors;
  for (int i = 0; i < 12; ++i) {
    ops.push_back({i, {}, {i}, "", ""});
    if (i > 0) ops.back().inputs = {i - 1};
    tensors.push_back({i, kTensorBytes, 0, 0, i == 0 ? "stale" : "", "", {}});
  }
  return Graph(ops, tensors);
}

ReusePlanner InTurns() {
  return ReusePlanner(Policy{"in_turns", "two halves",
                             [](const Problem& problem, const PlanOptions&) {
                               Plan plan;
                               for (std::size_t i = 0; i < problem.buffers.size(); ++i) {
                                 plan.offsets.push_back(static_cast<std::int64_t>(i % 2 * kTensorBytes));
                               }
                               return plan;
                             },
                             true});
}

// As it comes, but that the sanitizer, which would end the test in the act, is kept out.
GuardOptions Watch() {
  GuardOptions options;
  options.poison = false;
  return options;
}

// Was not seen at all: the bytes were the op's own output's.
TEST(Quarantine, FindsAWriteIntoWhatThePlanMakesTheOpsOwnOutput) {
  Guarded run(Watch(), TakingTurns(), InTurns());
  ASSERT_EQ(run.pool().plan().offsets[0], run.pool().plan().offsets[2]);
  run.RunTo(2);
  std::memset(run.At(0), 1, 4);
  run.pool().EndOp();
  EXPECT_EQ(run.message(),
            "op 2 wrote 4 bytes to tensor 0 \"stale\", dead since step 2, overwritten by tensor 2 at step 2");
  ASSERT_EQ(run.reports().size(), 1u);
  EXPECT_EQ(run.reports()[0].fault, GuardFault::kDead);
  EXPECT_EQ(run.reports()[0].tensor, 0);
  EXPECT_EQ(run.reports()[0].other, 2);
}

// Was blamed on t2, and later on nobody.
TEST(Quarantine, BlamesTheSameTensorSomeOpsLater) {
  const int last = 1 + GuardOptions().quarantine_ops;  // t0 is read by op 1
  ASSERT_GE(last, 4);
  for (int op = 2; op <= last; ++op) {
    Guarded run(Watch(), TakingTurns(), InTurns());
    run.RunTo(op);
    std::memset(run.At(0) + 8, 1, 1);
    run.pool().EndOp();
    EXPECT_EQ(run.message(),
              "op " + std::to_string(op) +
                  " wrote 1 byte to tensor 0 \"stale\", dead since step 2, overwritten by tensor 2 at step 2 (from "
                  "byte 8)");
  }
}

// One op more than its quarantine lasts, a tensor's bytes are in use again: t0's are t(q + 2)'s.
TEST(Quarantine, LastsAsManyOpsAsAskedFor) {
  for (const int ops : {1, 2, 3, 5}) {
    GuardOptions options = Watch();
    options.quarantine_ops = ops;
    Guarded run(options, TakingTurns(), InTurns());
    EXPECT_EQ(run.pool().peak_bytes(), static_cast<std::size_t>(2 + ops) * (kTensorBytes + 64));
    int next = 1;
    while (run.At(next) != run.At(0)) ++next;
    EXPECT_EQ(next, ops + 2);
  }
}

TEST(Quarantine, IsOffAtZero) {
  GuardOptions options = Watch();
  options.quarantine_ops = 0;
  Guarded apart(options, TakingTurns(), InTurns());
  EXPECT_EQ(apart.pool().peak_bytes(), 2 * (kTensorBytes + 64)) << "the plan, and canaries";
  options.canary_bytes = 0;
  Guarded run(options, TakingTurns(), InTurns());
  EXPECT_EQ(run.pool().guard_bytes(), 0u);
  ASSERT_EQ(run.At(0), run.At(2)) << "as planned";
  run.RunTo(2);
  run.At(0)[0] ^= 1;
  run.pool().EndOp();
  EXPECT_TRUE(run.reports().empty()) << "its own bytes: " << run.message();
  run.pool().BeginOp(3);
  run.At(0)[0] ^= 1;
  run.pool().EndOp();
  EXPECT_EQ(run.message(), "op 3 wrote 1 byte to tensor 2, which it only reads");
}

TEST(Quarantine, LastsToTheEndOfTheRunAtMost) {
  GuardOptions options = Watch();
  options.canary_bytes = 0;
  options.quarantine_ops = 100;
  const Guarded longer(options, TakingTurns(), InTurns());
  options.quarantine_ops = INT32_MAX;
  const Guarded longest(options, TakingTurns(), InTurns());
  options.no_reuse = true;
  Guarded apart(options, TakingTurns(), InTurns());
  for (int i = 0; i < 12; ++i) EXPECT_EQ(longer.At(i) - longer.At(0), longest.At(i) - longest.At(0));
  EXPECT_EQ(apart.pool().peak_bytes(), 12 * kTensorBytes);
  options.quarantine_ops = -1;
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"quarantine_ops is -1"}, [&] { Guarded refused(options); }));
}

TEST(Quarantine, SaysWhatToLeaveOffWhereTheArenaIsTooSmall) {
  const Graph graph = TakingTurns();
  const Plan plan = InTurns().Run(MakeProblem(graph, GraphLiveness(graph), 64).problem);
  PoolOptions options;
  options.guard = Watch();
  options.guard->quarantine_ops = 2;
  const Assignment assignment = tests::AssignmentOf(graph, plan);
  const std::size_t needs = GuardedBytes(graph, assignment, options);
  EXPECT_EQ(needs, 4 * (kTensorBytes + 64));
  const Arena memory = Arena::Host(needs, 4096);
  TensorPool tight(memory.base(), needs - 1, options);
  tight.RegisterGraph(graph);
  EXPECT_TRUE(Refuses(ErrorCode::kInfeasible,
                      {"1,280 bytes", "1,279", "1 short", "without it, 512", "larger arena",
                       "GuardOptions::quarantine_ops = 0, canary_bytes = 0"},
                      [&] { tight.LoadPlan(assignment); }));
  TensorPool exact(memory.base(), needs, options);
  exact.RegisterGraph(graph);
  exact.LoadPlan(assignment);
  EXPECT_EQ(exact.guard_bytes(), needs - RequiredBytes(plan));
}

// Where tensors and workspaces lie, and when they are alive.
struct Lying {
  const unsigned char* begin;
  const unsigned char* end;
  int start, last;
  int buffer;
};

std::vector<Lying> AllOf(const TensorPool& pool) {
  std::vector<Lying> all;
  const auto add = [&](const TensorHandle& at, Lifetime life, const Binding& binding) {
    const auto* const begin = static_cast<const unsigned char*>(at.ptr);
    all.push_back({begin, begin + at.bytes, life.start, life.end, binding.buffer});
  };
  const Graph& graph = pool.graph();
  const GraphLiveness liveness(graph);
  const Lowered lowered = RecoverProblem(graph, pool.assignment(), 1);
  for (std::size_t i = 0; i < graph.tensors().size(); ++i) {
    add(pool.Allocate(graph.tensors()[i].id), liveness.lifetimes()[i], lowered.bindings[i]);
  }
  for (int step = 0; step < static_cast<int>(lowered.workspaces.size()); ++step) {
    const OpNode& op = graph.ops()[static_cast<std::size_t>(step)];
    add(pool.Workspace(op.id), {step, step}, lowered.workspaces[static_cast<std::size_t>(step)]);
  }
  return all;
}

// Those of one buffer lie in each other as the graph wants it.
void ExpectNobodyComesTooEarly(const TensorPool& pool, int quarantine) {
  const std::vector<Lying> all = AllOf(pool);
  for (const Lying& old : all) {
    for (const Lying& young : all) {
      if (old.buffer == young.buffer || old.start > young.start) continue;
      const bool meet = std::max(old.begin, young.begin) < std::min(old.end, young.end);
      ASSERT_FALSE(meet && young.start - old.last <= quarantine)
          << "dead from step " << old.last + 1 << ", in use from step " << young.start;
    }
  }
}

// Every dead tensor in turn is written to, by ops that do nothing else, while it is in quarantine. What lies in the
// same buffer may have taken its bytes.
int ExpectTheDeadAreNamed(TensorPool& pool, int quarantine, std::vector<GuardReport>& reports) {
  int found = 0;
  const std::vector<Lying> all = AllOf(pool);
  const auto& tensors = pool.graph().tensors();
  for (int step = 0; step < static_cast<int>(pool.graph().ops().size()); ++step) {
    const OpNode& op = pool.graph().ops()[static_cast<std::size_t>(step)];
    pool.BeginOp(op.id);
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      const Lying& dead = all[i];
      if (dead.begin == dead.end || dead.last >= step || step - dead.last > quarantine) continue;
      const auto shares = [&](const Lying& other) { return other.buffer == dead.buffer; };
      if (std::count_if(all.begin(), all.end(), shares) > 1) continue;
      pool.BeginOp(op.id);  // for one at a time; of the order the guard complains
      reports.clear();
      const_cast<unsigned char*>(dead.begin)[tensors[i].bytes / 2] ^= 1;
      pool.EndOp();
      EXPECT_EQ(reports.size(), 1u);
      if (reports.size() != 1) return found;
      EXPECT_EQ(reports[0].fault, GuardFault::kDead) << reports[0].message;
      EXPECT_EQ(reports[0].tensor, tensors[i].id) << reports[0].message;
      EXPECT_EQ(reports[0].op, op.id) << reports[0].message;
      ++found;
    }
  }
  return found;
}

TEST(Quarantine, KeepsEveryoneOutAndBlamesNoRightRun) {
  int found = 0;
  for (std::uint64_t seed = 0; seed < tests::Seeds(120u); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const int ops = static_cast<int>(random.Between(0, 40));
    const tests::RandomGraph made = tests::MakeRandomGraph(random, ops, random.OneIn(3));
    PoolOptions options;
    std::vector<GuardReport> reports;
    options.guard = Watch();
    options.guard->quarantine_ops = static_cast<int>(random.Below(9));
    options.guard->canary_bytes = random.OneIn(2) ? 64 : 0;
    options.guard->report = [&](const GuardReport& report) { reports.push_back(report); };
    TensorPool pool(8 << 20, options);
    pool.RegisterGraph(made.ops, made.tensors);
    pool.FinalizePlan("first_fit");
    ExpectNobodyComesTooEarly(pool, options.guard->quarantine_ops);
    tests::RunCleanly(pool, true);
    ASSERT_TRUE(reports.empty()) << reports[0].message;
    found += ExpectTheDeadAreNamed(pool, options.guard->quarantine_ops, reports);
    if (HasFailure()) break;
  }
  EXPECT_GT(found, tests::Seeds(1000));
}

// Buffers of many rectangles: each part of one is in quarantine by itself, as far as the others let it.
TEST(Quarantine, KeepsEveryoneOutOfTheDeadPartsOfABuffer) {
  int found = 0, parts = 0;
  for (std::uint64_t seed = 0; seed < tests::Seeds(600u); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    PoolOptions options;
    std::vector<GuardReport> reports;
    options.guard = Watch();
    options.guard->quarantine_ops = static_cast<int>(random.Below(6));
    options.guard->canary_bytes = random.OneIn(2) ? 16 : 0;
    options.guard->report = [&](const GuardReport& report) { reports.push_back(report); };
    options.alignment = std::size_t{1} << random.Below(6);
    TensorPool pool(1 << 16, options);
    const Graph graph = tests::SharingGraphMaker(random).Make(static_cast<int>(random.Between(1, 24)));
    const auto alignment = static_cast<std::int64_t>(options.alignment);
    const TransformedGraph made = Transform(graph, {true, true, true, false}, alignment);
    pool.RegisterGraph(graph);
    pool.LoadPlan(Assign(made, ReusePlanner("first_fit").Run(made.lowered.problem)));
    ExpectNobodyComesTooEarly(pool, options.guard->quarantine_ops);
    found += ExpectTheDeadAreNamed(pool, options.guard->quarantine_ops, reports);
    parts += static_cast<int>(made.lowered.problem.parts.size());
    if (HasFailure()) break;
  }
  EXPECT_GT(found, tests::Seeds(600));
  EXPECT_GT(parts, tests::Seeds(600));
}

}  // namespace
}  // namespace orionrt::guard_quarantine_test
