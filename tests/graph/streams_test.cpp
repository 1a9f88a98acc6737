// Which ops of several streams happen before which, against a plain closure; and what is said where nothing orders
// them.
#include "orionrt/streams.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/index.hpp"
#include "naive_streams.hpp"
#include "orionrt/assignment.hpp"
#include "orionrt/formats.hpp"
#include "refuses.hpp"
#include "sanitized.hpp"

namespace orionrt::streams_test {
namespace {

using tests::NaiveOrder;
using tests::Random;
using tests::Refuses;
using tests::Relaunched;

OpNode OnStream(int id, int stream, std::vector<int> waits = {}) {
  OpNode op;
  op.id = id;
  op.stream = stream;
  op.waits = std::move(waits);
  return op;
}

// `waits_in_ten`: how many waits ten ops have. Ids are no positions.
std::vector<OpNode> RandomOps(Random& random, int n, int streams, int waits_in_ten) {
  std::vector<OpNode> ops;
  for (int i = 0; i < n; ++i) {
    ops.push_back(OnStream(1000 - 3 * i, static_cast<int>(7 * random.Below(streams))));
    for (int k = 0; i > 0 && k < 3; ++k) {
      if (random.Below(30) < waits_in_ten) ops.back().waits.push_back(ops[At(static_cast<int>(random.Below(i)))].id);
    }
  }
  return ops;
}

// Groups of streams that waits order totally, with waits between the groups; one op after another on the group.
std::vector<OpNode> GroupedOps(Random& random, int n, int groups, int streams_each) {
  std::vector<OpNode> ops;
  std::map<int, int> last_of;  // group -> position
  for (int i = 0; i < n; ++i) {
    const int group = static_cast<int>(random.Below(groups));
    ops.push_back(OnStream(i, group * streams_each + static_cast<int>(random.Below(streams_each))));
    if (i > 0 && random.OneIn(4)) ops.back().waits.push_back(static_cast<int>(random.Below(i)));
    if (last_of.count(group) != 0) ops.back().waits.push_back(last_of[group]);
    last_of[group] = i;
  }
  return ops;
}

bool IsRunningOrder(const std::vector<OpNode>& ops) {
  const NaiveOrder naive(ops);
  for (int a = 0; a < naive.size(); ++a) {
    for (int b = 0; b <= a; ++b) {
      if (naive.IsBefore(a, b)) return false;
    }
  }
  return true;
}

// Every answer, and that clocks count what they say.
void ExpectSame(const std::vector<OpNode>& ops) {
  ASSERT_TRUE(IsRunningOrder(ops));
  const NaiveOrder naive(ops);
  const StreamOrder order(ops);
  ASSERT_LE(order.lanes(), StreamOrder::kMostLanes);
  int length = 0;
  for (int lane = 0; lane < order.lanes(); ++lane) length += order.LengthOf(lane);
  EXPECT_EQ(length, naive.size());
  for (int b = 0; b < naive.size(); ++b) {
    std::vector<int> clock(At(order.lanes()), 0);
    for (int a = 0; a < naive.size(); ++a) {
      ASSERT_EQ(order.IsBefore(a, b), naive.IsBefore(a, b)) << "ops at " << a << " and " << b;
      if (a == b || naive.IsBefore(a, b)) ++clock[At(order.LaneOf(a))];
      if (a == b || order.LaneOf(a) != order.LaneOf(b)) continue;
      ASSERT_EQ(naive.IsBefore(a, b), order.PositionOf(a) < order.PositionOf(b)) << "on a lane";
    }
    for (int lane = 0; lane < order.lanes(); ++lane) ASSERT_EQ(order.ClockOf(b)[lane], clock[At(lane)]);
  }
}

bool AreTotal(const NaiveOrder& naive, const StreamOrder& order, int lane, int other) {
  for (int a = 0; a < naive.size(); ++a) {
    for (int b = 0; b < naive.size(); ++b) {
      if (order.LaneOf(a) == lane && order.LaneOf(b) == other && !naive.AreOrdered(a, b)) return false;
    }
  }
  return true;
}

TEST(StreamOrder, IsTheClosureOfProgramOrderAndWaits) {
  int merged = 0, one = 0;
  for (std::uint64_t seed = 0; seed < tests::Seeds(3000u); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const int streams = static_cast<int>(random.Between(1, 12));
    const auto ops = RandomOps(random, static_cast<int>(random.Between(1, 50)), streams,
                               static_cast<int>(random.Below(random.OneIn(3) ? 30 : 8)));
    ExpectSame(ops);
    std::set<int> named;
    for (const OpNode& op : ops) named.insert(op.stream);
    const StreamOrder order(ops);
    merged += order.lanes() < static_cast<int>(named.size()) ? 1 : 0;
    one += order.lanes() == 1 && named.size() > 1 ? 1 : 0;
    const NaiveOrder naive(ops);
    for (int lane = 0; lane < order.lanes(); ++lane) {
      for (int other = 0; other < lane; ++other) EXPECT_FALSE(AreTotal(naive, order, lane, other)) << "not merged";
    }
  }
  EXPECT_GT(merged, tests::Seeds(300));
  EXPECT_GT(one, 0);
}

TEST(StreamOrder, TakesManyStreamsOfWhichFewRunAtOnce) {
  for (std::uint64_t seed = 0; seed < tests::Seeds(150u); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    // Every op on a stream of its own, waiting for a few of those before: as wide as chance makes it.
    std::vector<OpNode> ops;
    const int width = static_cast<int>(random.Between(1, 30));
    for (int i = 0; i < 180; ++i) {
      ops.push_back(OnStream(i, i));
      if (i >= width) ops.back().waits.push_back(i - width);
      if (i > 0 && random.OneIn(3)) ops.back().waits.push_back(static_cast<int>(random.Below(i)));
    }
    ExpectSame(ops);
    EXPECT_LE(StreamOrder(ops).lanes(), 2 * width);
    // More streams than lanes, some used again.
    ExpectSame(GroupedOps(random, 220, static_cast<int>(random.Between(1, 40)), 5));
  }
}

// However many streams a group has, it is one lane where groups do not wait for one another.
TEST(StreamOrder, MergesStreamsThatWaitsOrderTotally) {
  for (const int streams : {2, 12, 64, 65, 200}) {
    std::vector<OpNode> ops;
    for (int i = 0; i < 3 * streams; ++i) {
      ops.push_back(OnStream(i, i % streams));
      if (i > 0) ops.back().waits.push_back(i - 1);
    }
    EXPECT_EQ(StreamOrder(ops).lanes(), 1) << streams << " streams, one after another";
    const Graph graph(ops, {});
    EXPECT_EQ(graph.streams(), nullptr);
    ops.back().waits.clear();
    EXPECT_EQ(StreamOrder(ops).lanes(), 2) << streams << " streams, the last op of which waits for nothing";
    EXPECT_NE(Graph(ops, {}).streams(), nullptr);
  }
}

TEST(StreamOrder, RefusesMoreThanSixtyFourAtOnce) {
  std::vector<OpNode> ops;
  for (int i = 0; i < 64; ++i) ops.push_back(OnStream(i, i));
  EXPECT_EQ(StreamOrder(ops).lanes(), 64);
  ops.push_back(OnStream(64, 64));
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"more than 64 streams", "one stream"}, [&] { StreamOrder{ops}; }));
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"more than 64 streams"}, [&] { Graph(ops, {}); }));
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"more than 64 streams"}, [&] { ImplyWaits(ops, {}); }));
  ops.back().waits = {5};
  EXPECT_EQ(StreamOrder(ops).lanes(), 64) << "one runs behind another";
}

// ---- Order of launching ----

TEST(InRunningOrder, MovesOnlyWhatWaitsForLaterOps) {
  int moved = 0;
  for (std::uint64_t seed = 0; seed < tests::Seeds(2000u); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const auto given = RandomOps(random, static_cast<int>(random.Between(1, 30)),
                                 static_cast<int>(random.Between(1, 6)), static_cast<int>(random.Below(12)));
    const auto ids = [](const std::vector<OpNode>& ops) {
      std::vector<int> list;
      for (const OpNode& op : ops) list.push_back(op.id);
      return list;
    };
    EXPECT_EQ(ids(InRunningOrder(given)), ids(given));
    const auto relaunched = Relaunched(given, random);
    const auto sorted = InRunningOrder(relaunched);
    EXPECT_TRUE(IsRunningOrder(sorted));
    moved += ids(sorted) != ids(relaunched) ? 1 : 0;
    std::map<int, std::vector<int>> before, after;
    for (const OpNode& op : relaunched) before[op.stream].push_back(op.id);
    for (const OpNode& op : sorted) after[op.stream].push_back(op.id);
    EXPECT_EQ(before, after) << "program order";
  }
  EXPECT_GT(moved, tests::Seeds(500));
}

TEST(InRunningOrder, NamesTheCircle) {
  const auto refused = [](const std::vector<OpNode>& ops, const std::vector<std::string>& words) {
    return Refuses(ErrorCode::kBadInput, words, [&] { InRunningOrder(ops); }) &&
           Refuses(ErrorCode::kBadInput, words, [&] { Graph(ops, {}); });
  };
  // Op 9 only waits for the circle.
  EXPECT_TRUE(refused({OnStream(9, 2, {3}), OnStream(3, 0, {5}), OnStream(4, 1), OnStream(5, 1, {3})},
                      {"circle", "op 3 on stream 0 waits for op 5 on stream 1", "waits for op 3 on stream 0"}));
  EXPECT_TRUE(refused({OnStream(1, 0, {4}), OnStream(2, 0), OnStream(3, 1, {2}), OnStream(4, 1)},
                      {"op 1 on stream 0 waits for op 4 on stream 1", "which runs behind op 3 on stream 1",
                       "which waits for op 2 on stream 0", "which runs behind op 1 on stream 0"}));
  EXPECT_TRUE(refused({OnStream(1, 0, {2}), OnStream(2, 0)}, {"circle", "op 1", "op 2"}));
  std::vector<OpNode> ring;
  for (int i = 0; i < 20; ++i) ring.push_back(OnStream(i, i, {(i + 1) % 20}));
  EXPECT_TRUE(refused(ring, {"20 ops"}));
}

TEST(InRunningOrder, FindsEveryCircle) {
  int circles = 0;
  for (std::uint64_t seed = 0; seed < tests::Seeds(2000u); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    auto ops = RandomOps(random, static_cast<int>(random.Between(2, 20)), static_cast<int>(random.Between(1, 5)), 5);
    const auto pick = [&] { return At(static_cast<int>(random.Below(static_cast<std::int64_t>(ops.size())))); };
    for (int k = 0; k < 2; ++k) {
      const std::size_t a = pick(), b = pick();
      if (a != b) ops[a].waits.push_back(ops[b].id);
    }
    const bool circle = NaiveOrder(ops).HasCircle();
    circles += circle ? 1 : 0;
    if (circle) {
      EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"circle"}, [&] { InRunningOrder(ops); }));
    } else {
      EXPECT_TRUE(IsRunningOrder(InRunningOrder(ops)));
    }
  }
  EXPECT_GT(circles, tests::Seeds(300));
}

TEST(InRunningOrder, RefusesWaitsForNothingAndStreamsBelowZero) {
  const auto refused = [](const std::vector<OpNode>& ops, const std::vector<std::string>& words) {
    return Refuses(ErrorCode::kBadInput, words, [&] { Graph(ops, {}); });
  };
  EXPECT_TRUE(refused({OnStream(0, 0), OnStream(1, 3, {8})}, {"op 1 on stream 3", "op 8, which there is not"}));
  EXPECT_TRUE(refused({OnStream(0, 0), OnStream(1, 3, {1})}, {"op 1 on stream 3", "itself"}));
  EXPECT_TRUE(refused({OnStream(0, -2)}, {"op 0", "stream -2", "negative"}));
  EXPECT_TRUE(refused({OnStream(0, 0), OnStream(1, -1)}, {"op 1", "stream -1"}));
}

// ---- Graphs ----

// x is written on stream 0 and read on stream 4.
std::vector<OpNode> Handed(std::vector<int> waits) {
  OpNode writes{3, {}, {0}, "w"}, reads{8, {0}, {1}, "r"};
  reads.stream = 4;
  reads.waits = std::move(waits);
  return {writes, reads};
}

TEST(StreamGraph, RefusesUsesThatNothingOrders) {
  const std::vector<TensorDesc> tensors = {{0, 64, 0, 0, "x"}, {1, 64}};
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput,
                      {"op 8 \"r\" on stream 4 uses tensor 0 \"x\"", "op 3 \"w\" on stream 0 writes",
                       "let op 8 wait for op 3", "--imply-waits"},
                      [&] { Graph(Handed({}), tensors); }));
  EXPECT_NO_THROW(Graph(Handed({3}), tensors));
  // A use of a view is one of its root.
  std::vector<TensorDesc> viewed = {{0, 64, 0, 0, "x"}, {1, 64}, {2, 8, 0, 0, "v"}};
  viewed[2].view_of = 0;
  auto ops = Handed({});
  ops[1].inputs = {2};
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"tensor 0 \"x\"", "wait for op 3"}, [&] { Graph(ops, viewed); }));
  // The order of launching is no order.
  std::vector<OpNode> late = Handed({});
  std::swap(late[0], late[1]);
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"wait for op 3"}, [&] { Graph(late, tensors); }));
}

TEST(StreamGraph, RefusesUsesOfAStateAtTheSameTime) {
  std::vector<OpNode> ops = {{0, {0}, {1}}, {1, {0}, {2}}};
  ops[1].stream = 1;
  const std::vector<TensorDesc> tensors = {{0, 64, 0, TensorRole::kState, "kv"}, {1, 8}, {2, 8}};
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput,
                      {"op 1 on stream 1", "\"kv\"", "either may update it", "op 1 wait for op 0"},
                      [&] { Graph(ops, tensors); }));
  const auto added = ImplyWaits(ops, tensors);
  ASSERT_EQ(added.size(), 1u);
  EXPECT_EQ(added[0].tensor_id, 0);
  EXPECT_NO_THROW(Graph(ops, tensors));
}

TEST(StreamGraph, IsListedInRunningOrder) {
  std::vector<OpNode> ops = Handed({3});
  std::swap(ops[0], ops[1]);
  const Graph graph(ops, {{0, 64}, {1, 64}});
  EXPECT_EQ(graph.ops()[0].id, 3);
  EXPECT_EQ(graph.streams(), nullptr) << "one runs after the other";
}

// Ops and tensors on streams, in running order: each op reads some of what there is.
struct StreamUses {
  std::vector<OpNode> ops;
  std::vector<TensorDesc> tensors;
};
StreamUses RandomUses(Random& random) {
  StreamUses made;
  made.ops = RandomOps(random, static_cast<int>(random.Between(2, 30)), static_cast<int>(random.Between(2, 6)),
                       static_cast<int>(random.Below(6)));
  made.tensors.push_back({0, 8, 0, TensorRole::kInput});
  made.tensors.push_back({1, 8, 0, TensorRole::kState});
  for (OpNode& op : made.ops) {
    const auto known = static_cast<std::int64_t>(made.tensors.size());
    for (std::int64_t k = random.Below(4); k > 0; --k) op.inputs.push_back(static_cast<int>(random.Below(known)));
    for (std::int64_t k = random.Below(3); k > 0; --k) {
      TensorDesc tensor{static_cast<int>(made.tensors.size()), 8};
      if (random.OneIn(5)) tensor.view_of = static_cast<int>(random.Below(known));
      if (tensor.view_of == kNoTensor || random.OneIn(2)) op.outputs.push_back(tensor.id);
      tensor.roles = tensor.view_of == kNoTensor ? 0u : TensorRole::kOutput;  // else nobody may use it
      made.tensors.push_back(tensor);
    }
  }
  return made;
}

bool IsRefused(const StreamUses& made) {
  try {
    (void)Graph(made.ops, made.tensors);
    return false;
  } catch (const Error&) {
    return true;
  }
}

TEST(ImplyWaits, AddsWhatIsNeededAndNoMore) {
  std::size_t added_in_all = 0;
  for (std::uint64_t seed = 0; seed < tests::Seeds(2000u); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    StreamUses made = RandomUses(random);
    const std::vector<OpNode> given = made.ops;
    const auto added = ImplyWaits(made.ops, made.tensors);
    added_in_all += added.size();
    ASSERT_NO_THROW(Graph(made.ops, made.tensors));
    // What was there stays, and what is new is what is told.
    std::size_t more = 0;
    for (std::size_t i = 0; i < given.size(); ++i) {
      ASSERT_EQ(made.ops[i].id, given[i].id);
      ASSERT_TRUE(std::equal(given[i].waits.begin(), given[i].waits.end(), made.ops[i].waits.begin()));
      more += made.ops[i].waits.size() - given[i].waits.size();
    }
    EXPECT_EQ(more, added.size());
    for (const ImpliedWait& wait : added) {
      StreamUses less = made;
      for (OpNode& op : less.ops) {
        if (op.id != wait.op_id) continue;
        ASSERT_EQ(std::count(op.waits.begin(), op.waits.end(), wait.waits_for), 1);
        op.waits.erase(std::find(op.waits.begin(), op.waits.end(), wait.waits_for));
      }
      EXPECT_TRUE(IsRefused(less)) << "op " << wait.op_id << " need not wait for op " << wait.waits_for;
    }
    EXPECT_TRUE(ImplyWaits(made.ops, made.tensors).empty()) << "a second time";
  }
  EXPECT_GT(added_in_all, tests::Seeds(2000u));
}

TEST(ImplyWaits, TakesAsManyStreamsAsOps) {
  std::vector<OpNode> ops;
  std::vector<TensorDesc> tensors = {{0, 8, 0, TensorRole::kInput}};
  for (int i = 0; i < 20000; ++i) {  // three of what there is, one of these three
    ops.push_back({i, {i - i % 4}, {i + 1}});
    if (i % 4 == 3) ops.back().inputs = {i - 2, i - 1, i};
    ops.back().stream = i;
    tensors.push_back({i + 1, 8});
  }
  auto wide = ops;
  EXPECT_EQ(ImplyWaits(ops, tensors).size(), 29997u) << "the first three read what is given";
  EXPECT_EQ(Graph(ops, tensors).streams()->lanes(), 3);
  for (OpNode& op : wide) op.inputs = {0};
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"more than 64 streams"}, [&] { ImplyWaits(wide, tensors); }));
}

// ---- Identity ----

TEST(StreamGraph, IsIdentifiedByItsStreamsAndNotByTheLaunches) {
  int launches = 0;
  for (std::uint64_t seed = 0; seed < tests::Seeds(1000u); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    StreamUses made = RandomUses(random);
    ImplyWaits(made.ops, made.tensors);
    const Graph graph(made.ops, made.tensors);
    if (graph.streams() == nullptr) continue;
    ++launches;
    const Graph relaunched(Relaunched(made.ops, random), made.tensors);
    EXPECT_EQ(GraphId(relaunched), GraphId(graph));
  }
  EXPECT_GT(launches, tests::Seeds(500));
}

TEST(StreamGraph, IsToldFromOthers) {
  const std::vector<OpNode> ops = {OnStream(0, 0), OnStream(1, 0), OnStream(2, 1), OnStream(3, 1, {0})};
  const std::uint64_t id = GraphId(Graph(ops, {})), hash = HashGraph(Graph(ops, {}));
  auto other = ops;
  other[3].waits = {1};
  EXPECT_NE(GraphId(Graph(other, {})), id) << "another wait";
  EXPECT_NE(HashGraph(Graph(other, {})), hash);
  other[3].waits = {};
  EXPECT_NE(GraphId(Graph(other, {})), id) << "none";
  other = ops;
  other[1].stream = 2;
  EXPECT_NE(GraphId(Graph(other, {})), id) << "another stream";
  EXPECT_NE(HashGraph(Graph(other, {})), hash);
  other = ops;
  std::swap(other[0], other[1]);
  EXPECT_NE(GraphId(Graph(other, {})), id) << "another program order";
  other = ops;
  std::swap(other[1], other[2]);
  EXPECT_EQ(GraphId(Graph(other, {})), id) << "another order of launching";
}

TEST(InOrder, TakesOrdersOfLaunchingOnly) {
  const Graph graph({OnStream(0, 0), OnStream(1, 0), OnStream(2, 1), OnStream(3, 1, {0})}, {});
  EXPECT_NO_THROW(InOrder(graph, {2, 0, 3, 1}));
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"op 1 before op 0", "behind which it runs on stream 0"},
                      [&] {
                        InOrder(graph, {2, 1, 0, 3});
                      }) ||
              Refuses(ErrorCode::kBadInput, {"op 1", "op 0", "on stream 0"}, [&] {
                InOrder(graph, {2, 1, 0, 3});
              }));
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"op 3", "op 0", "waits", "stream 1"}, [&] {
    InOrder(graph, {2, 3, 0, 1});
  }));
  const Graph one({OnStream(0, 5), OnStream(1, 5, {0}), OnStream(2, 5)}, {});
  EXPECT_NO_THROW(InOrder(one, {2, 0, 1})) << "one stream, whose ops may be reordered";
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"op 1", "op 0", "waits"}, [&] { InOrder(one, {1, 0, 2}); }));
}

TEST(StreamGraph, IsReadFromJsonAsItWasWritten) {
  for (std::uint64_t seed = 0; seed < tests::Seeds(200u); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    StreamUses made = RandomUses(random);
    ImplyWaits(made.ops, made.tensors);
    const Graph graph(made.ops, made.tensors);
    const Graph read = ReadGraphJson(WriteGraphJson(graph), "g.json");
    ASSERT_EQ(read.ops().size(), graph.ops().size());
    for (std::size_t i = 0; i < graph.ops().size(); ++i) {
      EXPECT_EQ(read.ops()[i].stream, graph.ops()[i].stream);
      EXPECT_EQ(read.ops()[i].waits, graph.ops()[i].waits);
    }
    EXPECT_EQ(GraphId(read), GraphId(graph));
    EXPECT_EQ(HashGraph(read), HashGraph(graph));
  }
  EXPECT_EQ(WriteGraphJson(Graph({OnStream(0, 0)}, {})).find("stream"), std::string::npos) << "none is told";
  const std::string bad = R"({"schema":"orionrt.graph/1","tensors":[],"ops":[{"id":0,)";
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"g.json", "\"stream\""},
                      [&] { ReadGraphJson(bad + R"("stream":-1}]})", "g.json"); }));
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {"g.json", "op 4, which there is not"},
                      [&] { ReadGraphJson(bad + R"("waits":[4]}]})", "g.json"); }));
}

}  // namespace
}  // namespace orionrt::streams_test
