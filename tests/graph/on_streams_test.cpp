// A graph on several streams: what it depends on is ordered, and nothing else waits.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "orionrt/orionrt.hpp"
#include "orionrt/streams.hpp"
#include "random_graph.hpp"
#include "refuses.hpp"
#include "sharing_graph.hpp"

namespace orionrt::on_streams_test {
namespace {

using tests::MakeRandomGraph;
using tests::Random;
using tests::RandomGraph;
using tests::Refuses;
using tests::SharingGraphMaker;

// Pairs of positions that must stay ordered, found anew and without clocks.
std::set<std::pair<int, int>> DependenciesOf(const Graph& graph) {
  std::set<std::pair<int, int>> needs;
  std::map<int, int> writer_of, position_of;
  int last_with_effects = -1;
  for (int i = 0; i < static_cast<int>(graph.ops().size()); ++i) {
    const OpNode& op = graph.ops()[static_cast<std::size_t>(i)];
    for (const auto* ids : {&op.inputs, &op.outputs}) {
      for (const int id : *ids) {
        const int root = graph.RootOf(graph.IndexOf(id)).index;
        for (const int used : {id, graph.tensors()[static_cast<std::size_t>(root)].id}) {
          if (writer_of.count(used) != 0) needs.emplace(writer_of[used], i);
        }
      }
    }
    for (const int id : op.outputs) writer_of[id] = i;
    for (const int id : op.after) needs.emplace(position_of.at(id), i);
    position_of[op.id] = i;
    if (!HasEffects(graph, op)) continue;
    if (last_with_effects >= 0) needs.emplace(last_with_effects, i);
    last_with_effects = i;
  }
  return needs;
}

// Whether the ops, with these waits, keep what they must.
bool Keeps(const std::vector<OpNode>& ops, const std::set<std::pair<int, int>>& needs) {
  const StreamOrder order(ops);
  return std::all_of(needs.begin(), needs.end(),
                     [&](const auto& pair) { return order.IsBefore(pair.first, pair.second); });
}

int CountWaits(const Graph& graph) {
  std::size_t count = 0;
  for (const OpNode& op : graph.ops()) count += op.waits.size();
  return static_cast<int>(count);
}

bool SameStreams(const Graph& a, const Graph& b) {
  return std::equal(a.ops().begin(), a.ops().end(), b.ops().begin(), b.ops().end(),
                    [](const OpNode& x, const OpNode& y) { return x.stream == y.stream && x.waits == y.waits; });
}

// All that the header promises.
void Check(const Graph& graph, int streams) {
  const StreamedGraph found = OnStreams(graph, streams);
  const auto needs = DependenciesOf(graph);
  ASSERT_EQ(found.graph.ops().size(), graph.ops().size());
  std::set<int> used, with_effects;
  for (std::size_t i = 0; i < graph.ops().size(); ++i) {
    const OpNode& op = found.graph.ops()[i];
    ASSERT_EQ(op.id, graph.ops()[i].id) << "the order of the list is another";
    used.insert(op.stream);
    if (HasEffects(graph, op)) with_effects.insert(op.stream);
  }
  EXPECT_EQ(static_cast<int>(std::max<std::size_t>(used.size(), 1)), found.streams);
  EXPECT_LE(found.streams, streams);
  EXPECT_LE(with_effects.size(), 1u);
  EXPECT_EQ(CountWaits(found.graph), found.waits);
  EXPECT_EQ(LongestChain(found.graph), found.longest_chain);
  EXPECT_LE(found.longest_chain, LongestChain(graph));
  EXPECT_GE(found.longest_chain, found.least_chain);
  EXPECT_TRUE(Keeps(found.graph.ops(), needs));
  EXPECT_TRUE(SameStreams(found.graph, OnStreams(graph, streams).graph));
  std::vector<OpNode> ops = found.graph.ops();
  for (OpNode& op : ops) {
    for (std::size_t k = 0; k < op.waits.size(); ++k) {
      const int wait = op.waits[k];
      op.waits.erase(op.waits.begin() + static_cast<std::ptrdiff_t>(k));
      EXPECT_FALSE(Keeps(ops, needs)) << "op " << op.id << " need not wait for op " << wait;
      op.waits.insert(op.waits.begin() + static_cast<std::ptrdiff_t>(k), wait);
    }
  }
}

// `width` chains of `length` ops between a split and a join; listed chain by chain, or one op of each in turn.
Graph Branches(int width, int length, bool in_turn) {
  std::vector<OpNode> ops = {{0, {0}, {1}}};
  std::vector<TensorDesc> tensors = {{0, 64, 0, TensorRole::kInput}, {1, 64}};
  std::vector<std::vector<OpNode>> chains(static_cast<std::size_t>(width));
  for (auto& chain : chains) {
    for (int k = 0; k < length; ++k) {
      const int id = static_cast<int>(tensors.size());
      tensors.push_back({id, 64});
      chain.push_back({id, {k == 0 ? 1 : id - 1}, {id}});
    }
  }
  for (int k = 0; k < width * length; ++k) {
    ops.push_back(in_turn ? chains[static_cast<std::size_t>(k % width)][static_cast<std::size_t>(k / width)]
                          : chains[static_cast<std::size_t>(k / length)][static_cast<std::size_t>(k % length)]);
  }
  OpNode join{100000, {}, {}};
  for (const auto& chain : chains) join.inputs.push_back(chain.back().outputs[0]);
  join.outputs = {static_cast<int>(tensors.size())};
  tensors.push_back({join.outputs[0], 64, 0, TensorRole::kOutput});
  ops.push_back(join);
  return Graph(ops, tensors);
}

TEST(OnStreams, PutsBranchesSideBySide) {
  for (const bool in_turn : {false, true}) {
    const StreamedGraph two = OnStreams(Branches(4, 10, in_turn), 2);
    EXPECT_EQ(two.paths, 4);
    EXPECT_EQ(two.least_chain, 12);
    EXPECT_EQ(two.streams, 2);
    EXPECT_EQ(two.longest_chain, 22);
    EXPECT_LE(two.waits, 3);
    const StreamedGraph four = OnStreams(Branches(4, 10, in_turn), 4);
    EXPECT_EQ(four.streams, 4);
    EXPECT_EQ(four.longest_chain, 12);
    EXPECT_EQ(four.waits, 6) << "three branches wait for the split, and the join for three branches";
    const StreamedGraph eight = OnStreams(Branches(4, 10, in_turn), 8);
    EXPECT_EQ(eight.streams, 4) << "no more than there are branches";
  }
}

TEST(OnStreams, LeavesAsItIsWhatGainsNothing) {
  std::vector<OpNode> ops;
  std::vector<TensorDesc> tensors = {{0, 8, 0, TensorRole::kInput}};
  for (int i = 0; i < 5; ++i) {
    ops.push_back({i, {i}, {i + 1}});
    ops.back().stream = 3;
    tensors.push_back({i + 1, 8});
  }
  const StreamedGraph chain = OnStreams(Graph(ops, tensors), 4);
  EXPECT_EQ(chain.graph.streams(), nullptr);
  EXPECT_EQ(chain.streams, 1);
  EXPECT_EQ(chain.longest_chain, 5);
  for (const OpNode& op : chain.graph.ops()) EXPECT_EQ(op.stream, 3);

  const Graph branches = Branches(3, 4, false);
  const StreamedGraph one = OnStreams(branches, 1);
  EXPECT_TRUE(SameStreams(one.graph, branches));
  EXPECT_EQ(one.graph.streams(), nullptr);
  EXPECT_EQ(one.longest_chain, 14);
  EXPECT_EQ(one.least_chain, 6);
  EXPECT_EQ(OnStreams(Graph(), 4).longest_chain, 0);
}

TEST(OnStreams, KeepsEffectsInLine) {
  // Four updates of one state, each at the head of a branch of its own, and one more op with effects.
  std::vector<OpNode> ops;
  std::vector<TensorDesc> tensors = {{0, 8, 0, TensorRole::kState}, {1, 8, 0, TensorRole::kInput}};
  for (int k = 0; k < 4; ++k) {
    const int id = 10 * (k + 1);
    ops.push_back({id, {0, 1}, {id}});
    for (int i = 1; i < 5; ++i) ops.push_back({id + i, {id + i - 1}, {id + i}});
    for (int i = 0; i < 5; ++i) tensors.push_back({id + i, 8});
  }
  ops[7].has_effects = true;
  const Graph graph(ops, tensors);
  for (const int streams : {2, 3, 4}) {
    SCOPED_TRACE(streams);
    Check(graph, streams);
    EXPECT_GT(OnStreams(graph, streams).streams, 1);
  }
}

TEST(OnStreams, MakesWaitsOfAfterAndTakesNoTimeForFoldedOps) {
  std::vector<OpNode> ops = {{0, {0}, {1}}, {1, {0}, {2}}, {2, {}, {}}, {3, {}, {}}, {4, {2}, {3}}};
  ops[4].after = {0};
  const Graph graph(ops, {{0, 8, 0, TensorRole::kInput}, {1, 8}, {2, 8}, {3, 8}});
  Check(graph, 2);
  const StreamedGraph found = OnStreams(graph, 2);
  EXPECT_EQ(LongestChain(graph), 3) << "two have nothing to do";
  EXPECT_EQ(found.longest_chain, 2);
  EXPECT_EQ(found.waits, 1);
}

TEST(OnStreams, KeepsWhatRandomGraphsDependOn) {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    if (random.OneIn(2)) {
      Check(SharingGraphMaker(random).Make(static_cast<int>(random.Between(1, 50))),
            static_cast<int>(random.Between(1, 6)));
      continue;
    }
    RandomGraph graph = MakeRandomGraph(random, static_cast<int>(random.Between(1, 60)), random.OneIn(3));
    for (std::size_t i = 1; i < graph.ops.size(); ++i) {
      graph.ops[i].has_effects = random.OneIn(10);
      if (random.OneIn(5)) {
        graph.ops[i].after = {graph.ops[static_cast<std::size_t>(random.Below(static_cast<std::int64_t>(i)))].id};
      }
    }
    Check(Graph(graph.ops, graph.tensors), static_cast<int>(random.Between(1, 6)));
  }
}

// The fewest paths of a small graph, by trying them all: each op behind one of those before it, or behind none.
int FewestPathsOf(const std::vector<std::vector<int>>& before, std::size_t op, std::vector<bool>& taken) {
  if (op == before.size()) return 0;
  int best = 1 + FewestPathsOf(before, op + 1, taken);
  for (const int previous : before[op]) {
    if (taken[static_cast<std::size_t>(previous)]) continue;
    taken[static_cast<std::size_t>(previous)] = true;
    best = std::min(best, FewestPathsOf(before, op + 1, taken));
    taken[static_cast<std::size_t>(previous)] = false;
  }
  return best;
}

TEST(OnStreams, CoversByTheFewestPaths) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const int n = static_cast<int>(random.Between(1, 9));
    std::vector<OpNode> ops;
    std::vector<TensorDesc> tensors = {{n, 8, 0, TensorRole::kInput}};
    std::vector<std::vector<int>> before;
    for (int i = 0; i < n; ++i) {
      ops.push_back({i, {n}, {i}});
      tensors.push_back({i, 8});
      before.emplace_back();
      for (int j = 0; j < i; ++j) {
        if (!random.OneIn(3)) continue;
        ops.back().inputs.push_back(j);
        before.back().push_back(j);
      }
    }
    std::vector<bool> taken(before.size(), false);
    EXPECT_EQ(OnStreams(Graph(ops, tensors), 2).paths, FewestPathsOf(before, 0, taken));
  }
}

TEST(OnStreams, RefusesWhatHasStreamsAlready) {
  const Graph graph = Branches(2, 3, false);
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"streams: 0"}, [&] { OnStreams(graph, 0); }));
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"from 1 to 64"}, [&] { OnStreams(graph, 65); }));
  const Graph streamed = OnStreams(graph, 2).graph;
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"itself"}, [&] { OnStreams(streamed, 2); }));
}

// A file may name a stream an op, and clocks would then be larger than memory.
TEST(ImplyWaits, RefusesTooManyStreams) {
  std::vector<OpNode> ops;
  for (int i = 0; i < 20000; ++i) {
    ops.push_back({i, {}, {}});
    ops.back().stream = i;
  }
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"more than 64 streams"}, [&] { ImplyWaits(ops, {}); }));
  for (OpNode& op : ops) op.stream %= 64;
  EXPECT_TRUE(ImplyWaits(ops, {}).empty());
}

TEST(OnStreams, LeavesNoOtherOrder) {
  const StreamedGraph streamed = OnStreams(Branches(2, 3, false), 2);
  Transforms transforms;
  transforms.reorder = true;
  EXPECT_TRUE(
      Refuses(ErrorCode::kMisuse, {"reorder", "waits alone decide"}, [&] { Transform(streamed.graph, transforms); }));
}

}  // namespace
}  // namespace orionrt::on_streams_test
