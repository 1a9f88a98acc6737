// Pools of graphs that share bytes, with and without a guard.
#include <gtest/gtest.h>

#include <climits>
#include <string>

#include "assigned.hpp"
#include "interpreter.hpp"
#include "orionrt/orionrt.hpp"
#include "refuses.hpp"
#include "sanitized.hpp"
#include "sharing_graph.hpp"

namespace orionrt::pool_sharing_test {
namespace {

using tests::Interpreter;
using tests::Random;
using tests::Refuses;

constexpr Transforms kAll{true, true, true, false};

// 0 -view-> 1 -in place-> 2, and [2, 3] -> 4, all of one buffer; 5 is read by nobody else.
Graph Example() {
  std::vector<OpNode> ops = {{0, {}, {0}}, {1, {0}, {1}}, {2, {1}, {2}}, {3, {}, {3}}, {4, {2, 3}, {4}}, {5, {4}, {5}}};
  ops[1].aliases = {{AliasKind::kView, 0, 0, 0}};
  ops[2].aliases = {{AliasKind::kSameIndex, 0, 0, 0}};
  ops[4].aliases = {{AliasKind::kPiece, 0, 0, 0}, {AliasKind::kPiece, 0, 1, 64}};
  return Graph(ops, {{0, 64}, {1, 64}, {2, 64}, {3, 64}, {4, 128}, {5, 64, 0, TensorRole::kOutput}});
}

TEST(PoolSharing, GivesTheAddressesOfTheTransformedGraph) {
  PoolOptions options;
  options.transforms = kAll;
  TensorPool pool(4096, options);
  pool.RegisterGraph(Example());
  pool.FinalizePlan();
  EXPECT_EQ(pool.plan().peak_bytes, 192);
  EXPECT_EQ(pool.GetPtr(0), pool.GetPtr(1));
  EXPECT_EQ(pool.GetPtr(1), pool.GetPtr(2));
  EXPECT_EQ(pool.GetPtr(2), pool.GetPtr(4));
  EXPECT_EQ(static_cast<std::byte*>(pool.GetPtr(3)) - static_cast<std::byte*>(pool.GetPtr(4)), 64);
  EXPECT_EQ(pool.assignment().vanished_ids, (std::vector<int>{1, 4}));
  EXPECT_EQ(pool.assignment().in_place.size(), 1u);

  TensorPool same(4096);
  same.RegisterGraph(Example());
  same.LoadPlan(pool.assignment());
  EXPECT_EQ(same.GetPtr(0), same.GetPtr(4));
}

TEST(PoolSharing, RefusesWhatOthersSharedWrongly) {
  const Assignment right = tests::LaidOut(Transform(Example(), kAll, 64));
  TensorPool pool(4096);
  pool.RegisterGraph(Example());
  const auto refuses = [&](const std::vector<std::string>& words, auto change) {
    Assignment wrong = right;
    change(wrong);
    return Refuses(ErrorCode::kBadInput, words, [&] { pool.LoadPlan(wrong); });
  };
  EXPECT_TRUE(refuses({"op 4", "tensor 2", "tensor 3"}, [](Assignment& a) { a.tensors[3].offset = 0; }));
  EXPECT_TRUE(refuses({"tensor 3", "outside"}, [](Assignment& a) { a.tensors[3].offset = -64; }));
  EXPECT_TRUE(refuses({"tensor 3", "outside"}, [](Assignment& a) { a.tensors[3].offset = INT64_MAX; }));
  EXPECT_TRUE(refuses({"tensor 3", "space 7"}, [](Assignment& a) { a.tensors[3].space = 7; }));
  EXPECT_TRUE(refuses({"tensor 5", "no place"}, [](Assignment& a) { a.tensors.pop_back(); }));
  EXPECT_TRUE(refuses({"vanished"}, [](Assignment& a) { a.vanished_ids.push_back(5); })) << "it has work to do";
  EXPECT_TRUE(refuses({"in_place"}, [](Assignment& a) { a.in_place.clear(); })) << "who runs it must know";
}

TEST(PoolSharing, RefusesAWorkspaceThatIsNotAlone) {
  std::vector<OpNode> ops = {{0, {}, {0}}, {1, {0}, {}}};
  ops[1].workspace_bytes = 64;
  const Graph graph(ops, {{0, 64}});
  Assignment made = tests::LaidOut(Transform(graph, {}, 64));
  TensorPool pool(4096);
  pool.RegisterGraph(graph);
  EXPECT_NO_THROW(pool.LoadPlan(made));
  made.workspaces[0].offset = made.tensors[0].offset;
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"op 1", "workspace", "tensor 0"}, [&] { pool.LoadPlan(made); }));
  made.workspaces.clear();
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"op 1", "workspace"}, [&] { pool.LoadPlan(made); }));
}

struct Watched {
  explicit Watched(std::size_t canary_bytes = 64) {
    options.guard = GuardOptions();
    options.guard->canary_bytes = canary_bytes;
    options.guard->report = [this](const GuardReport& report) { reports.push_back(report); };
  }
  PoolOptions options;
  std::vector<GuardReport> reports;
};

TEST(PoolSharing, AGuardFindsNothingWrongWithARightRun) {
  std::int64_t vanished = 0, in_place = 0;
  for (std::uint64_t seed = 0; seed < tests::Seeds(1500u); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const Graph graph = tests::SharingGraphMaker(random).Make(static_cast<int>(random.Between(1, 14)));
    Watched watched(seed % 3 == 0 ? 0 : 16);
    watched.options.alignment = std::size_t{1} << random.Below(6);
    TensorPool pool(1 << 16, watched.options);
    const TransformedGraph made = Transform(graph, kAll, static_cast<std::int64_t>(watched.options.alignment));
    pool.RegisterGraph(graph);
    pool.LoadPlan(Assign(made, ReusePlanner("first_fit").Run(made.lowered.problem)));
    EXPECT_EQ(GuardedBytes(graph, pool.assignment(), watched.options), pool.peak_bytes());
    for (int run = 0; run < 2; ++run) {
      ASSERT_EQ(Interpreter(pool, seed, random.OneIn(2)).Run(), "");
      if (random.OneIn(2)) pool.EndRun();
    }
    ASSERT_TRUE(watched.reports.empty()) << watched.reports[0].message;
    vanished += static_cast<std::int64_t>(pool.assignment().vanished_ids.size());
    in_place += static_cast<std::int64_t>(pool.assignment().in_place.size());
  }
  EXPECT_GT(vanished, tests::Seeds(500));
  EXPECT_GT(in_place, tests::Seeds(500));
}

TEST(PoolSharing, AGuardNamesTheCulpritAmongThoseThatShare) {
  Watched watched;
  watched.options.guard->poison = false;  // under AddressSanitizer it would end the test in the act
  watched.options.transforms = kAll;
  TensorPool pool(1 << 16, watched.options);
  pool.RegisterGraph(Example());
  pool.FinalizePlan();
  const auto at = [&](int id) { return static_cast<unsigned char*>(pool.GetPtr(id)); };
  unsigned char* const places[] = {at(0), at(1), at(2), at(3), at(4), at(5)};
  const auto said = [&] {
    const std::string message = watched.reports.size() == 1 ? watched.reports[0].message : "not one report";
    watched.reports.clear();
    return message;
  };
  pool.BeginOp(0);
  std::fill_n(places[0], 64, 1);
  pool.BeginOp(1);  // has vanished
  *places[1] = 9;
  pool.EndOp();
  EXPECT_EQ(said(), "op 1 wrote 1 byte to tensor 0, which it only reads");
  pool.BeginOp(2);
  std::fill_n(places[2], 64, 2);
  pool.BeginOp(3);
  std::fill_n(places[3], 64, 3);
  *places[2] = 7;
  pool.EndOp();
  EXPECT_EQ(
      said(),
      "op 3 wrote 1 byte to tensor 2, which it does not list; its bytes were those of tensor 1, dead since step 3, "
      "overwritten by tensor 2 at step 2");
  pool.BeginOp(5);  // 4 is left out
  EXPECT_EQ(places[4][1], 2);
  EXPECT_EQ(places[4][64], 3);
  pool.GetPtr(0);
  EXPECT_EQ(said(), "op 5 asked for tensor 0, dead since step 2, overwritten by tensor 2 at step 2");
  pool.BeginOp(3);
  EXPECT_EQ(said(), "op 3 ran after op 5, where the run ends; a plan holds for one order");
}

TEST(PoolSharing, SomeGuardsNeedTensorsApart) {
  for (const bool pages : {false, true}) {
    PoolOptions options;
    options.guard = GuardOptions();
    (pages ? options.guard->pages : options.guard->no_reuse) = true;
    TensorPool pool(1 << 20, options);
    pool.RegisterGraph(Example());
    const Assignment shared = tests::LaidOut(Transform(Example(), kAll, 64));
    EXPECT_TRUE(
        Refuses(ErrorCode::kUnsupported, {pages ? "pages" : "no_reuse", "transforms"}, [&] { pool.LoadPlan(shared); }));
    EXPECT_NO_THROW(pool.FinalizePlan());
  }
}

TEST(PoolSharing, ViewsOfStatesLieInThemInSharedArenas) {
  std::vector<TensorDesc> tensors = {{0, 100, 0, TensorRole::kState}, {1, 40}, {2, 64, 0, TensorRole::kOutput}};
  tensors[1].view_of = 0;
  tensors[1].view_offset = 60;
  const Graph graph({{0, {1}, {2}}}, tensors);
  const SharedArena arena(SharedPlan::Make({{graph, 0, {}}}));
  EXPECT_EQ(static_cast<std::byte*>(arena.View().GetPtr(1)) - static_cast<std::byte*>(arena.View().GetPtr(0)), 60);
  EXPECT_EQ(arena.View().Allocate(1).bytes, 40u);
}

}  // namespace
}  // namespace orionrt::pool_sharing_test
