// Several graphs in one arena: executed with real bytes beside a reference in which every tensor has memory of its own.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <numeric>
#include <string>

#include "orionrt/orionrt.hpp"
#include "random_graph.hpp"
#include "refuses.hpp"
#include "shared_graphs.hpp"

namespace orionrt::sharing_test {
namespace {

using tests::Chain;
using tests::PlanAll;
using tests::Random;
using tests::Refuses;

std::int64_t PeakAlone(const Graph& graph) {
  return ReusePlanner().Run(MakeProblem(graph, GraphLiveness(graph), 64).problem).peak_bytes;
}

TEST(SharedPlan, OverlaidGraphsNeedTheLargestAndDisjointOnesTheSum) {
  const std::size_t a = static_cast<std::size_t>(PeakAlone(Chain(1000)));
  const std::size_t b = static_cast<std::size_t>(PeakAlone(Chain(700)));
  const auto up = [](std::size_t x) { return (x + 63) / 64 * 64; };
  EXPECT_EQ(PlanAll({Chain(1000), Chain(700)}, {0, 0})->required_bytes(), a);
  EXPECT_EQ(PlanAll({Chain(700), Chain(1000)}, {5, 5})->required_bytes(), a);
  EXPECT_EQ(PlanAll({Chain(1000), Chain(700)}, {0, 1})->required_bytes(), up(a) + b);
  EXPECT_EQ(PlanAll({Chain(1000), Chain(700)}, {1, 0})->required_bytes(), up(b) + a);
  EXPECT_EQ(PlanAll({Chain(1000), Chain(700), Chain(1000)}, {0, 0, 7})->required_bytes(), up(a) + a);
  EXPECT_EQ(PlanAll({}, {})->required_bytes(), 0u);
  EXPECT_EQ(PlanAll({Graph(), Chain(700), Graph()}, {0, 1, 2})->required_bytes(), b) << "empty lanes take nothing";
}

TEST(SharedPlan, AlignsLanesToWhatTheirTensorsWant) {
  const Graph wide({{0, {}, {0}}}, {{0, 100, 4096}});
  const auto plan = PlanAll({Chain(10), wide}, {0, 1});
  EXPECT_EQ(plan->base_alignment(), 4096u);
  EXPECT_EQ(plan->required_bytes(), 4096u + 100u);
  const SharedArena arena(plan);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(arena.View(1).GetPtr(0)) % 4096, 0u);
}

TEST(SharedPlan, StatesOfOneKeyLieAtOnePlaceOutsideTheLanes) {
  const Graph prefill({{0, {0, 9}, {1}}}, {{0, 64}, {1, 64, 0, TensorRole::kOutput}, {9, 1000, 0, TensorRole::kState}});
  const Graph decode(
      {{0, {0, 4}, {1}}},
      {{0, 8}, {1, 8, 0, TensorRole::kOutput}, {4, 500, 256, TensorRole::kState}, {5, 70, 0, TensorRole::kState}});
  const auto plan = SharedPlan::Make({{prefill, 0, {{9, "kv"}}}, {decode, 0, {{4, "kv"}}}});
  EXPECT_EQ(plan->state_bytes(), 1024u + 70u) << "the larger of the two, and one of decode's own";
  EXPECT_EQ(plan->base_alignment(), 256u);
  SharedArena arena(plan);
  EXPECT_EQ(arena.View(0).GetPtr(9), arena.View(1).GetPtr(4));
  EXPECT_EQ(arena.View(0).Allocate(9).bytes, 1000u);
  EXPECT_EQ(arena.View(1).Allocate(4).bytes, 500u);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(arena.View(1).GetPtr(4)) % 256, 0u);
  EXPECT_EQ(*static_cast<unsigned char*>(arena.View(0).GetPtr(9)), 0) << "states start as zeros";
  *static_cast<unsigned char*>(arena.View(0).GetPtr(9)) = 7;
  EXPECT_EQ(*static_cast<unsigned char*>(arena.View(1).GetPtr(4)), 7);
  arena.ClearStates();
  EXPECT_EQ(*static_cast<unsigned char*>(arena.View(1).GetPtr(4)), 0);
}

TEST(SharedPlan, RefusesKeysThatNameNoState) {
  const Graph graph({{0, {0, 1, 2}, {}}}, {{0, 8}, {1, 8, 0, TensorRole::kState}, {2, 8, 0, TensorRole::kState}});
  const auto make = [&](std::vector<StateKey> keys) { return SharedPlan::Make({{graph, 0, std::move(keys)}}); };
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"graph 0", "\"h\"", "tensor 0", "TensorRole::kState"}, [&] {
    make({{0, "h"}});
  }));
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"tensor 77"}, [&] { make({{77, "h"}}); }));
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"already"}, [&] { make({{1, "h"}, {1, "i"}}); }));
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"same graph"}, [&] { make({{1, "h"}, {2, "h"}}); }));
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"empty key"}, [&] { make({{1, ""}}); }));
  EXPECT_NO_THROW(make({{1, "h"}, {2, "i"}}));
}

TEST(SharedPlan, WorkspacesLieInTheLaneOfTheirGraph) {
  std::vector<OpNode> ops = {{7, {0}, {1}}};
  ops[0].workspace_bytes = 100;
  const Graph graph(ops, {{0, 64}, {1, 64, 0, TensorRole::kOutput}});
  const auto plan = SharedPlan::Make({{Chain(1000), 0, {}}, {graph, 1, {}}});
  const SharedArena arena(plan);
  const TensorHandle workspace = arena.View(1).Workspace(7);
  EXPECT_EQ(workspace.bytes, 100u);
  EXPECT_EQ(arena.View(0).Workspace(7).ptr, nullptr);
  auto* const begin = static_cast<std::byte*>(workspace.ptr);
  alignas(4096) static std::byte base[4096];
  const auto* const at = static_cast<std::byte*>(plan->View(base, 1).Workspace(7).ptr);
  EXPECT_GE(at - base, PeakAlone(Chain(1000)));
  EXPECT_LE(at - base + 100, static_cast<std::ptrdiff_t>(plan->required_bytes()));
  for (const int id : {0, 1}) {
    auto* const tensor = static_cast<std::byte*>(arena.View(1).GetPtr(id));
    EXPECT_TRUE(begin + 100 <= tensor || tensor + 64 <= begin);
  }
}

TEST(SharedPlan, RunsInMemoryThatTheHostMayNotTouch) {
  SimulatedMemory device(SIZE_MAX / 4 + 1);
  const auto plan = SharedPlan::Make({{Graph({{0, {0}, {}}}, {{0, 64, 0, TensorRole::kState}}), 0, {}}});
  SharedArena arena(plan, Arena::From(device, plan->required_bytes() + 1000, 4096));
  EXPECT_NE(arena.View().GetPtr(0), nullptr);
  EXPECT_NE(arena.AllocateScratch(100).ptr, nullptr);
}

TEST(SharedPlan, AViewKnowsNoOtherTensors) {
  for (const int stride : {1, 1000003}) {
    const Graph graph({{0, {}, {stride, 3 * stride}}}, {{stride, 8}, {3 * stride, 8}});
    const auto plan = SharedPlan::Make({{graph, 0, {}}});
    const SharedArena arena(plan);
    EXPECT_NE(arena.View().GetPtr(stride), nullptr);
    EXPECT_EQ(arena.View().Allocate(3 * stride).bytes, 8u);
    for (const int unknown : {-1, 0, 2 * stride, 60, 500, INT32_MAX, INT32_MIN}) {
      EXPECT_EQ(arena.View().GetPtr(unknown), nullptr) << unknown;
      EXPECT_EQ(arena.View().Allocate(unknown).bytes, 0u) << unknown;
    }
    EXPECT_EQ(arena.View(1).GetPtr(stride), nullptr) << "no such graph";
    EXPECT_EQ(TensorView().GetPtr(0), nullptr);
  }
}

// In 32 bits no size says how much that is, and 64 bytes more than 4 GiB must not pass for 64.
TEST(SharedArena, RefusesWhatNoSizeCounts) {
  const std::size_t gib = std::size_t{1} << 30;
  const Graph graph({{0, {}, {0}}, {1, {0}, {1}}, {2, {1}, {}}}, {{0, 3 * gib}, {1, gib + 64}});
  const auto plan = PlanAll({graph}, {0});
  alignas(64) std::byte memory[4096];
  const auto refuses = [&](const SharedArenaOptions& options) {
    return Refuses(ErrorCode::kInfeasible, {"short"},
                   [&] { SharedArena(plan, Arena::Borrow(memory, sizeof memory), options); });
  };
  EXPECT_TRUE(refuses({}));
  SharedArenaOptions options;
  options.scratch_bytes = SIZE_MAX;
  EXPECT_TRUE(refuses(options));
  options.scratch_bytes = SIZE_MAX - 4 * gib;
  EXPECT_TRUE(refuses(options));
  const std::uint64_t needs = (std::uint64_t{4} << 30) + 64;
  EXPECT_EQ(plan->required_bytes(), std::min<std::uint64_t>(needs, SIZE_MAX));
}

TEST(SharedArena, NeedsExactlyWhatIsStated) {
  const auto plan = PlanAll({Chain(1000), Chain(700)}, {0, 1});
  for (const std::size_t scratch : {std::size_t{0}, std::size_t{5000}}) {
    SharedArenaOptions options;
    options.scratch_bytes = scratch;
    const std::size_t needs = SharedArenaBytes(*plan, options);
    EXPECT_EQ(SharedArena(plan, options).capacity(), needs);
    const Arena memory = Arena::Host(needs, 4096);
    EXPECT_NO_THROW(SharedArena(plan, Arena::Borrow(memory.base(), needs), options));
    EXPECT_TRUE(Refuses(ErrorCode::kInfeasible, {"1 short"},
                        [&] { SharedArena(plan, Arena::Borrow(memory.base(), needs - 1), options); }));
    const Arena larger = Arena::Host(needs + 64, 4096);
    EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"aligned to 256"},
                        [&] { SharedArena(plan, Arena::Borrow(larger.base() + 64, needs), options); }));
  }
}

// ---- execution ----

using Bytes = std::vector<unsigned char>;

// What op number `p` does to bytes: its outputs, and the states that it lists, become a function of all it reads.
// `at` gives a tensor's bytes.
template <typename At>
void RunOp(const Graph& graph, std::size_t p, At at) {
  const OpNode& op = graph.ops()[p];
  std::uint64_t sum = p + 1;
  for (const int id : op.inputs) {
    const TensorHandle in = at(id);
    for (std::size_t i = 0; i < in.bytes; ++i) sum = sum * 1099511628211u + static_cast<unsigned char*>(in.ptr)[i];
  }
  const auto write = [&](int id) {
    Random random(sum + static_cast<std::uint64_t>(id));
    const TensorHandle out = at(id);
    for (std::size_t i = 0; i < out.bytes; ++i) static_cast<unsigned char*>(out.ptr)[i] = random.Next() & 0xFF;
  };
  for (const int id : op.outputs) write(id);
  for (const int id : op.inputs) {
    const auto index = static_cast<std::size_t>(graph.IndexOf(id));
    if ((graph.tensors()[index].roles & TensorRole::kState) != 0) write(id);
  }
}

// One graph, run at its own pace in two memories at once.
struct Runner {
  const Graph* graph;
  TensorView view;
  std::vector<Bytes*> reference;  // per tensor
  std::size_t next = 0;           // op; 0 begins a run
  int runs = 0;

  TensorHandle Reference(int id) const {
    Bytes& bytes = *reference[static_cast<std::size_t>(graph->IndexOf(id))];
    return {bytes.data(), graph->tensors()[static_cast<std::size_t>(graph->IndexOf(id))].bytes};
  }
  bool done() const { return next == graph->ops().size(); }

  void GiveInputs() {
    std::vector<bool> given(graph->tensors().size(), true);
    for (const OpNode& op : graph->ops()) {
      for (const int id : op.outputs) given[static_cast<std::size_t>(graph->IndexOf(id))] = false;
    }
    for (std::size_t i = 0; i < given.size(); ++i) {
      const TensorDesc& tensor = graph->tensors()[i];
      if (!given[i] || (tensor.roles & TensorRole::kState) != 0) continue;
      std::fill_n(static_cast<unsigned char*>(view.GetPtr(tensor.id)), tensor.bytes, 17 * runs + 1);
      std::fill_n(reference[i]->begin(), tensor.bytes, 17 * runs + 1);
    }
  }

  void Step() {
    if (next == 0) GiveInputs();
    if (!done()) {
      RunOp(*graph, next, [&](int id) { return view.Allocate(id); });
      RunOp(*graph, next, [&](int id) { return Reference(id); });
      ++next;
    }
    if (done()) CheckKept(TensorRole::kOutput | TensorRole::kState);
  }

  void CheckKept(unsigned roles) const {
    for (const TensorDesc& tensor : graph->tensors()) {
      if ((tensor.roles & roles) == 0) continue;
      const TensorHandle here = view.Allocate(tensor.id);
      ASSERT_EQ(here.bytes, tensor.bytes);
      ASSERT_TRUE(std::equal(static_cast<unsigned char*>(here.ptr), static_cast<unsigned char*>(here.ptr) + here.bytes,
                             static_cast<unsigned char*>(Reference(tensor.id).ptr)))
          << "tensor " << tensor.id;
    }
  }
};

// Random graphs in random lanes, states shared by random keys: lanes interleaved op by op, the graphs of a lane run
// after run. Every op sees the bytes that it would with memory of its own.
TEST(SharedArena, RunsAsIfNothingWereShared) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    std::vector<SharedGraph> graphs;
    std::map<std::string, Bytes> keyed;
    std::vector<std::vector<std::string>> keys;
    const int lanes = static_cast<int>(random.Between(1, 3));
    const auto count = static_cast<std::size_t>(random.Between(1, 5));
    for (std::size_t g = 0; g < count; ++g) {
      tests::RandomGraph made = tests::MakeRandomGraph(random, static_cast<int>(random.Between(0, 25)), seed % 4 == 0);
      SharedGraph shared{Graph(made.ops, made.tensors), static_cast<int>(random.Below(lanes)) * 10, {}};
      keys.emplace_back(made.tensors.size());
      for (std::size_t i = 0; i < made.tensors.size(); ++i) {
        if ((made.tensors[i].roles & TensorRole::kState) == 0) continue;
        keys[g][i] = "own " + std::to_string(g) + " " + std::to_string(i);
        if (random.OneIn(3)) continue;
        keys[g][i] = "shared";
        shared.states.push_back({made.tensors[i].id, "shared"});
      }
      graphs.push_back(std::move(shared));
    }
    const auto plan = SharedPlan::Make(graphs);
    const SharedArena arena(plan, Arena::Host(SharedArenaBytes(*plan), 4096));

    std::vector<std::vector<Bytes>> own(count);
    std::vector<Runner> runners;
    for (std::size_t g = 0; g < count; ++g) {
      runners.push_back({&plan->graph(static_cast<int>(g)), arena.View(static_cast<int>(g)), {}, 0, 0});
      own[g].resize(graphs[g].graph.tensors().size(), Bytes(4000));
      for (std::size_t i = 0; i < own[g].size(); ++i) {
        Bytes* bytes = keys[g][i].empty() ? &own[g][i] : &keyed.try_emplace(keys[g][i], Bytes(4000)).first->second;
        runners[g].reference.push_back(bytes);
      }
    }
    std::map<int, std::size_t> running;  // per lane, the graph that has it
    for (int step = 0; step < 200; ++step) {
      const int lane = static_cast<int>(random.Below(lanes)) * 10;
      if (running.count(lane) == 0) {
        const auto g = static_cast<std::size_t>(random.Below(static_cast<std::int64_t>(count)));
        if (graphs[g].lane != lane) continue;
        running[lane] = g;
        runners[g].next = 0;
        ++runners[g].runs;
      }
      Runner& runner = runners[running[lane]];
      runner.Step();
      if (HasFatalFailure()) return;
      if (runner.done()) running.erase(lane);
    }
    for (const Runner& runner : runners) runner.CheckKept(TensorRole::kState);
    if (HasFatalFailure()) return;
  }
}

TEST(SharedPlan, TheSameGraphsGiveTheSamePlaces) {
  const auto places = [] {
    Random random(7);
    std::vector<SharedGraph> graphs;
    for (int g = 0; g < 4; ++g) {
      tests::RandomGraph made = tests::MakeRandomGraph(random, 30, false);
      graphs.push_back({Graph(made.ops, made.tensors), g % 2, {}});
    }
    const auto plan = SharedPlan::Make(std::move(graphs));
    std::vector<std::uintptr_t> all{plan->required_bytes(), plan->state_bytes()};
    alignas(64) static std::byte base[64];
    for (int g = 0; g < 4; ++g) {
      for (const TensorDesc& tensor : plan->graph(g).tensors()) {
        all.push_back(reinterpret_cast<std::uintptr_t>(plan->View(base, g).GetPtr(tensor.id)));
      }
    }
    return all;
  };
  EXPECT_EQ(places(), places());
}

}  // namespace
}  // namespace orionrt::sharing_test
