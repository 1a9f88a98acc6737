// The guard on several streams: order as it was reported, and bytes while ops overlap.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <set>

#include "base/index.hpp"
#include "orionrt/orionrt.hpp"
#include "orionrt/streams.hpp"
#include "random_graph.hpp"
#include "refuses.hpp"

namespace orionrt::guard_streams_test {
namespace {

using tests::MakeRandomGraph;
using tests::Random;
using tests::RandomGraph;
using tests::Refuses;

// Whether every use of one tensor happens before the first write of the other; for graphs without views.
bool IsOverBefore(const Graph& graph, const StreamOrder& order, int tensor, int other) {
  const int id = graph.tensors()[At(tensor)].id, other_id = graph.tensors()[At(other)].id;
  if ((graph.tensors()[At(tensor)].roles & (TensorRole::kOutput | TensorRole::kState)) != 0) return false;
  const auto lists = [](const std::vector<int>& ids, int wanted) {
    return std::find(ids.begin(), ids.end(), wanted) != ids.end();
  };
  int writer = -1;
  for (int i = 0; i < static_cast<int>(graph.ops().size()); ++i) {
    if (lists(graph.ops()[At(i)].outputs, other_id)) writer = i;
  }
  bool used = false;
  for (int i = 0; i < static_cast<int>(graph.ops().size()) && writer >= 0; ++i) {
    const OpNode& op = graph.ops()[At(i)];
    if (!lists(op.inputs, id) && !lists(op.outputs, id)) continue;
    if (!order.IsBefore(i, writer)) return false;
    used = true;
  }
  return used;
}

// First fit by what is over before what; a buffer is a tensor that is not empty, in order.
ReusePlanner FirstFit(const Graph& graph) {
  return ReusePlanner(Policy{"first_fit", "by what is over before what",
                             [&graph](const Problem& problem, const PlanOptions&) {
                               const StreamOrder order(graph.ops());
                               std::vector<int> tensors;
                               for (int i = 0; i < static_cast<int>(graph.tensors().size()); ++i) {
                                 if (graph.tensors()[At(i)].bytes > 0) tensors.push_back(i);
                               }
                               Plan plan;
                               for (int b = 0; b < static_cast<int>(problem.buffers.size()); ++b) {
                                 const Buffer& own = problem.buffers[At(b)];
                                 std::vector<std::pair<std::int64_t, std::int64_t>> taken;
                                 for (int other = 0; other < b; ++other) {
                                   if (IsOverBefore(graph, order, tensors[At(b)], tensors[At(other)]) ||
                                       IsOverBefore(graph, order, tensors[At(other)], tensors[At(b)])) {
                                     continue;
                                   }
                                   taken.emplace_back(plan.offsets[At(other)],
                                                      plan.offsets[At(other)] + problem.buffers[At(other)].size);
                                 }
                                 std::sort(taken.begin(), taken.end());
                                 std::int64_t at = 0;
                                 for (const auto& [begin, end] : taken) {
                                   if (begin >= at + own.size) break;
                                   at = std::max(at, (end + own.alignment - 1) / own.alignment * own.alignment);
                                 }
                                 plan.offsets.push_back(at);
                               }
                               return plan;
                             },
                             true});
}

GuardOptions AsPlanned() {
  GuardOptions options;
  options.canary_bytes = 0;
  options.quarantine_ops = 0;
  return options;
}

// A pool under guard that collects what it finds.
class Watched {
 public:
  Watched(Graph graph, GuardOptions guard, bool by_auto = false)
      : graph_(std::move(graph)), pool_(1 << 22, Options(std::move(guard))) {
    pool_.RegisterGraph(graph_);
    pool_.FinalizePlan(by_auto ? ReusePlanner() : FirstFit(graph_));
    for (const TensorDesc& tensor : graph_.tensors()) handles_[tensor.id] = pool_.Allocate(tensor.id);
  }

  TensorPool& pool() { return pool_; }
  const Graph& graph() const { return graph_; }
  unsigned char* At(int id) { return static_cast<unsigned char*>(handles_.at(id).ptr); }
  std::size_t BytesOf(int id) { return handles_.at(id).bytes; }
  const std::vector<GuardReport>& reports() const { return reports_; }
  std::vector<std::string> Messages() {
    std::vector<std::string> messages;
    for (const GuardReport& report : reports_) messages.push_back(report.message);
    reports_.clear();
    return messages;
  }

  void Write(int id, unsigned char value) { std::memset(At(id), value, BytesOf(id)); }
  // All of an op: its outputs written, and an event behind it.
  void Run(int op_id, unsigned char value = 1) {
    pool_.BeginOp(op_id);
    Finish(op_id, value);
    pool_.Record(op_id);
  }
  void Finish(int op_id, unsigned char value = 1) {
    for (const OpNode& op : graph_.ops()) {
      if (op.id != op_id) continue;
      for (const int id : op.outputs) Write(id, value);
    }
    pool_.EndOp(op_id);
  }

 private:
  PoolOptions Options(GuardOptions guard) {
    guard.report = [this](const GuardReport& report) { reports_.push_back(report); };
    PoolOptions options;
    options.guard = std::move(guard);
    return options;
  }

  Graph graph_;
  std::vector<GuardReport> reports_;
  TensorPool pool_;
  std::map<int, TensorHandle> handles_;
};

// stream 0   4 ──▶ 5 "y" ──────────────▶ 10      5 reads tensor 3 last; 9 writes tensor 8, which lies where 3 lay.
//                     ╰─ wait ─▶ 9 "x" ─╯ wait
Graph Crossing() {
  std::vector<OpNode> ops = {{4, {0}, {3}, ""}, {5, {3}, {6}, "y"}, {9, {0}, {8}, "x"}, {10, {6, 8}, {20}, ""}};
  ops[2].stream = 1;
  ops[2].waits = {5};
  ops[3].waits = {9};
  return Graph(ops, {{0, 64, 0, TensorRole::kInput}, {3, 64}, {6, 64}, {8, 64}, {20, 64, 0, TensorRole::kOutput}});
}

using Messages = std::vector<std::string>;

TEST(GuardStreams, SaysNothingOfARunInOrder) {
  for (const GuardOptions& options : {GuardOptions(), AsPlanned()}) {
    Watched run(Crossing(), options);
    for (int round = 0; round < 3; ++round) {
      run.Write(0, 7);
      run.Run(4);
      run.Run(5);
      run.pool().Wait(1, 5);
      run.Run(9);
      run.pool().Wait(0, 9);
      run.Run(10);
      run.pool().EndRun();
      EXPECT_EQ(run.At(20)[0], 1);
    }
    EXPECT_EQ(run.Messages(), Messages());
  }
  Watched run(Crossing(), AsPlanned());
  EXPECT_EQ(run.At(3), run.At(8)) << "or this tests nothing";
}

TEST(GuardStreams, NamesAWaitThatWasForgotten) {
  for (const GuardOptions& options : {GuardOptions(), AsPlanned()}) {
    Watched run(Crossing(), options);
    run.Run(4);
    run.Run(5);
    run.Run(9);
    ASSERT_EQ(run.reports().size(), 2u);
    EXPECT_EQ(run.reports()[0].fault, GuardFault::kUnordered);
    EXPECT_EQ(run.reports()[0].op, 9);
    EXPECT_EQ(run.reports()[0].other_op, 5);
    EXPECT_EQ(run.reports()[1].fault, GuardFault::kUnordered);
    EXPECT_EQ(run.reports()[1].op, 9);
    EXPECT_EQ(run.reports()[1].tensor, 8);
    EXPECT_EQ(run.reports()[1].other, 3);
    EXPECT_EQ(run.reports()[1].other_op, 5);
    EXPECT_EQ(run.Messages(),
              (Messages{"op 9 \"x\" on stream 1 began, but its wait for op 5 \"y\" on stream 0 was not reported",
                        "op 9 \"x\" on stream 1 wrote tensor 8 over tensor 3, still read by op 5 \"y\" on stream 0: no "
                        "wait orders them"}));
    run.Run(10);
    EXPECT_EQ(run.Messages(),
              (Messages{"op 10 on stream 0 began, but its wait for op 9 \"x\" on stream 1 was not reported",
                        "op 10 on stream 0 used tensor 8, written by op 9 \"x\" on stream 1: no wait orders them",
                        "op 10 on stream 0 wrote tensor 20 over tensor 0, still read by op 9 \"x\" on stream 1: no "
                        "wait orders them"}));
  }
}

TEST(GuardStreams, NamesOpsThatOverlapWhereOneShouldHaveWaited) {
  Watched run(Crossing(), AsPlanned());
  run.Run(4);
  run.pool().BeginOp(5);
  run.pool().BeginOp(9);
  ASSERT_EQ(run.reports().size(), 2u);
  run.Finish(5);
  run.Finish(9);
  EXPECT_EQ(run.Messages()[1],
            "op 9 \"x\" on stream 1 wrote tensor 8 over tensor 3, still read by op 5 \"y\" on stream 0: no wait orders "
            "them");
}

TEST(GuardStreams, NamesOneThatComesBeforeTheOtherHasBegun) {
  Watched run(Crossing(), AsPlanned());
  run.pool().Wait(1, 5);
  run.Run(9);
  EXPECT_EQ(run.Messages()[1],
            "op 9 \"x\" on stream 1 wrote tensor 8 over tensor 3, still read by op 5 \"y\" on stream 0: no wait orders "
            "them");
}

TEST(GuardStreams, KnowsWhatAnEventCovers) {
  const auto run_with = [](const std::function<void(Watched&)>& op_5) {
    Watched run(Crossing(), AsPlanned());
    run.Run(4);
    op_5(run);
    run.pool().Wait(1, 5);
    run.Run(9);
    return run.Messages();
  };
  const auto never = run_with([](Watched& run) {
    run.pool().BeginOp(5);
    run.Finish(5);
  });
  ASSERT_EQ(never.size(), 2u);
  EXPECT_EQ(never[0],
            "op 9 \"x\" on stream 1 began, but it waited for op 5 \"y\" on stream 0 before an event was recorded "
            "there, which orders nothing");
  const auto too_early = run_with([](Watched& run) {
    run.pool().BeginOp(5);
    run.pool().Record(5);
    run.Finish(5);
  });
  ASSERT_EQ(too_early.size(), 2u);
  EXPECT_EQ(too_early[0],
            "op 9 \"x\" on stream 1 began, but the event of op 5 \"y\" on stream 0 that it waited for was recorded "
            "before that op had ended, and covers only what had");
  EXPECT_EQ(run_with([](Watched& run) {
              run.pool().BeginOp(5);
              run.pool().Record(5);
              run.Finish(5);
              run.pool().Record(5);
            }),
            Messages())
      << "the later event counts";
}

TEST(GuardStreams, ForgetsEventsWithTheRun) {
  Watched run(Crossing(), AsPlanned());
  for (int round = 0; round < 2; ++round) {
    run.Run(4);
    run.Run(5);
    if (round == 0) run.pool().Wait(1, 5);
    run.Run(9);
    run.pool().Wait(0, 9);
    run.Run(10);
    run.pool().EndRun();
    EXPECT_EQ(run.Messages().size(), round == 0 ? 0u : 2u);
  }
}

TEST(GuardStreams, TakesAnyOrderThatCoversTheWait) {
  // 9 waits for 5; the engine has 9's stream wait for the event of 6, which comes behind it.
  std::vector<OpNode> ops = {{5, {0}, {1}}, {6, {1}, {2}}, {9, {1}, {3}}};
  ops[2].stream = 1;
  ops[2].waits = {5};
  Watched run(
      Graph(
          ops,
          {{0, 64, 0, TensorRole::kInput}, {1, 64}, {2, 64, 0, TensorRole::kOutput}, {3, 64, 0, TensorRole::kOutput}}),
      GuardOptions());
  run.Run(5);
  run.Run(6);
  run.pool().Wait(1, 6);
  run.pool().Wait(7, 6);  // a stream that the graph does not know
  run.Run(9);
  run.pool().EndRun();
  EXPECT_EQ(run.Messages(), Messages());
}

// Two ops at the same time; a third tensor that neither lists.
Graph SideBySide() {
  std::vector<OpNode> ops = {{1, {0}, {11}, "a"}, {2, {0}, {12}, "b"}, {3, {11, 12}, {13}}};
  ops[1].stream = 1;
  ops[2].waits = {2};
  return Graph(ops, {{0, 64, 0, TensorRole::kInput},
                     {9, 64, 0, TensorRole::kState, "cache"},
                     {11, 64},
                     {12, 64},
                     {13, 64, 0, TensorRole::kOutput}});
}

TEST(GuardStreams, NamesAllThatMayHaveDoneIt) {
  Watched run(SideBySide(), GuardOptions());
  run.pool().BeginOp(1);
  run.pool().BeginOp(2);
  run.At(9)[5] ^= 1;
  run.Finish(2);
  ASSERT_EQ(run.reports().size(), 1u);
  EXPECT_EQ(run.reports()[0].fault, GuardFault::kUnlisted);
  EXPECT_EQ(run.reports()[0].op, -1);
  EXPECT_EQ(run.reports()[0].candidates, (std::vector<int>{1, 2}));
  EXPECT_EQ(run.Messages(), (Messages{"op 1 \"a\" on stream 0 or op 2 \"b\" on stream 1 wrote 1 byte to tensor 9 "
                                      "\"cache\", which none lists (from byte 5)"}));
  run.At(0)[0] ^= 1;  // 1 is alone now
  run.At(12)[3] ^= 1;
  run.Finish(1);
  EXPECT_EQ(run.Messages(),
            (Messages{"op 1 \"a\" on stream 0 wrote 1 byte to tensor 0, which it only reads",
                      "op 1 \"a\" on stream 0 wrote 1 byte to tensor 12, which it does not list (from byte 3)"}));
  run.At(11)[0] ^= 1;
  run.pool().Record(2);
  run.pool().Wait(0, 2);
  run.pool().BeginOp(3);
  EXPECT_EQ(run.Messages(), (Messages{"after op 2 \"b\" on stream 1 the caller wrote 1 byte to tensor 11, which only "
                                      "its op writes"}));
}

TEST(GuardStreams, SeesWhatLooksUpAndWhatRunsOver) {
  Watched run(SideBySide(), GuardOptions());
  run.pool().BeginOp(1);
  run.pool().BeginOp(2);
  for (const int id : {0, 11, 12}) run.pool().GetPtr(id);
  EXPECT_EQ(run.Messages(), Messages());
  run.pool().GetPtr(13);
  run.pool().GetPtr(9);
  EXPECT_EQ(run.Messages(), (Messages{"op 1 \"a\" on stream 0 or op 2 \"b\" on stream 1 asked for tensor 13, not alive "
                                      "before op 3 on stream 0 produces it",
                                      "op 1 \"a\" on stream 0 or op 2 \"b\" on stream 1 asked for tensor 9 \"cache\", "
                                      "which none lists"}));
  run.Finish(1);
  run.At(12)[64] = 1;
  run.Finish(2);
  EXPECT_EQ(run.Messages(), (Messages{"op 2 \"b\" on stream 1 wrote 1 byte past the end of tensor 12"}));
  run.pool().Record(2);
  run.pool().Wait(0, 2);
  run.Run(3);
  run.pool().EndRun();
  EXPECT_EQ(run.Messages(), Messages());
}

TEST(GuardStreams, NamesADeadTensor) {
  Watched run(Crossing(), GuardOptions());
  run.Run(4);
  run.Run(5);
  EXPECT_EQ(run.At(3)[0], 0xDE);
  run.pool().Wait(1, 5);
  run.pool().BeginOp(9);
  EXPECT_EQ(run.At(8)[0], 0xFB);
  run.At(3)[0] = 1;
  run.Finish(9);
  EXPECT_EQ(run.Messages(), (Messages{"op 9 \"x\" on stream 1 wrote 1 byte to tensor 3, dead since the end of op 5 "
                                      "\"y\" on stream 0, overwritten by tensor 8 of op 9 \"x\" on stream 1"}));
}

TEST(GuardStreams, KeepsTheOrderOfEachStream) {
  Watched run(Crossing(), GuardOptions());
  run.Run(5);
  EXPECT_EQ(run.Messages()[0],
            "op 5 \"y\" on stream 0 began its stream, where op 4 on stream 0 is next; a plan holds "
            "for one order");
  run.pool().EndOp(4);
  EXPECT_EQ(run.Messages(), (Messages{"op 4 on stream 0 ended, but it was not running"}));
  run.pool().BeginOp(77);
  run.pool().Record(78);
  run.pool().Wait(0, 79);
  ASSERT_EQ(run.reports().size(), 3u);
  EXPECT_EQ(run.reports()[2].op, 79);
  EXPECT_EQ(run.reports()[2].fault, GuardFault::kOrder);
}

TEST(GuardStreams, EndsAnOpWithTheNextOnItsStream) {
  Watched run(Crossing(), GuardOptions());
  run.pool().BeginOp(4);
  run.Write(3, 1);
  run.pool().BeginOp(5);
  run.Write(6, 1);
  run.pool().EndOp();
  run.pool().Record(5);
  run.pool().Wait(1, 5);
  run.pool().BeginOp(9);
  run.Write(8, 1);
  run.pool().EndOp();
  run.pool().Record(9);
  run.pool().Wait(0, 9);
  run.pool().BeginOp(10);
  run.Write(20, 1);
  run.pool().EndRun();
  EXPECT_EQ(run.Messages(), Messages());
}

// stream 0   1 ─────────────────────────▶ 4      2 reshapes what 1 wrote, 3 reads that: with views, 2 has nothing to
// do.
//              ╰─ wait ─▶ 2 ──▶ 3 ──╯ wait for 2
TEST(GuardStreams, WantsTheWaitsAndEventsOfOpsThatAreLeftOut) {
  std::vector<OpNode> ops = {{1, {0}, {11}}, {2, {11}, {12}}, {3, {12}, {13}}, {4, {12}, {14}}};
  ops[1].aliases = {{AliasKind::kView, 0, 0, 0}};
  ops[1].stream = ops[2].stream = 1;
  ops[1].waits = {1};
  ops[3].waits = {2};
  const Graph graph(ops, {{0, 64, 0, TensorRole::kInput},
                          {11, 64},
                          {12, 64},
                          {13, 64, 0, TensorRole::kOutput},
                          {14, 64, 0, TensorRole::kOutput}});
  std::vector<std::string> messages;
  PoolOptions options;
  options.guard = GuardOptions();
  options.guard->report = [&](const GuardReport& report) { messages.push_back(report.message); };
  options.transforms.views = true;
  TensorPool pool(1 << 16, options);
  pool.RegisterGraph(graph);
  pool.FinalizePlan("no_reuse");
  ASSERT_EQ(pool.assignment().vanished_ids, std::vector<int>{2});
  const auto run_op = [&](int op, int output) {
    pool.BeginOp(op);
    std::memset(pool.GetPtr(output), op, 64);
    pool.EndOp(op);
    pool.Record(op);
  };
  const auto run = [&](bool wait, bool record) {
    messages.clear();
    run_op(1, 11);
    if (wait) pool.Wait(1, 1);
    if (record) pool.Record(2);
    run_op(3, 13);
    if (!record) pool.Record(3);
    pool.Wait(0, record ? 2 : 3);
    run_op(4, 14);
    pool.EndRun();
    return messages;
  };
  EXPECT_EQ(run(true, true), Messages());
  EXPECT_EQ(run(true, false), Messages()) << "that of the next op will do";
  EXPECT_EQ(run(false, true).at(0), "op 2 on stream 1 began, but its wait for op 1 on stream 0 was not reported");
  EXPECT_EQ(run(false, false).at(0), "op 2 on stream 1 began, but its wait for op 1 on stream 0 was not reported");
}

TEST(GuardStreams, RefusesPages) {
  GuardOptions options;
  options.pages = true;
  EXPECT_TRUE(Refuses(ErrorCode::kUnsupported, {"pages", "one stream"}, [&] { Watched(Crossing(), options); }));
}

// What tensors hold when ops run one after another.
std::map<int, unsigned char> ValuesOf(const Graph& graph) {
  std::map<int, unsigned char> values;
  for (const TensorDesc& tensor : graph.tensors()) values[tensor.id] = static_cast<unsigned char>(tensor.id % 100 + 1);
  for (const OpNode& op : graph.ops()) {
    unsigned sum = static_cast<unsigned>(op.id);
    for (const int id : op.inputs) sum = sum * 31 + values[id];
    for (const int id : op.outputs) values[id] = static_cast<unsigned char>((sum = sum * 17 + 3) % 200 + 1);
  }
  return values;
}

// An engine with a thread a stream, whose turns come at random. `forgotten`: a wait, by op and by what it waits for,
// that it neither keeps nor reports.
class Engine {
 public:
  Engine(Watched& run, Random& random, std::pair<int, int> forgotten)
      : run_(run), random_(random), forgotten_(forgotten), values_(ValuesOf(run.graph())) {
    for (const OpNode& op : run.graph().ops()) streams_[op.stream].push_back(&op);
  }

  // Returns how many tensors did not hold what they should when they were read.
  int RunOnce() {
    std::map<int, std::size_t> next;
    std::map<int, bool> open;
    std::set<int> over;
    wrong_ = 0;
    for (const TensorDesc& tensor : run_.graph().tensors()) {
      if (IsGiven(tensor.id)) run_.Write(tensor.id, values_[tensor.id]);
    }
    for (std::size_t left = run_.graph().ops().size(); left > 0;) {
      auto stream = streams_.begin();
      std::advance(stream, random_.Below(static_cast<std::int64_t>(streams_.size())));
      std::size_t& position = next[stream->first];
      if (position == stream->second.size()) continue;
      const OpNode& op = *stream->second[position];
      if (!open[stream->first]) {
        if (!Waited(op, over)) continue;
        run_.pool().BeginOp(op.id);
        if (random_.OneIn(2)) Execute(op);
        open[stream->first] = true;
        continue;
      }
      Execute(op);
      run_.pool().EndOp(op.id);
      run_.pool().Record(op.id);
      open[stream->first] = false;
      over.insert(op.id);
      ++position;
      --left;
    }
    run_.pool().EndRun();
    for (const TensorDesc& tensor : run_.graph().tensors()) {
      if ((tensor.roles & TensorRole::kOutput) != 0) wrong_ += Holds(tensor.id) ? 0 : 1;
    }
    return wrong_;
  }

 private:
  bool IsGiven(int id) const {
    for (const OpNode& op : run_.graph().ops()) {
      if (std::find(op.outputs.begin(), op.outputs.end(), id) != op.outputs.end()) return false;
    }
    return true;
  }
  bool Waited(const OpNode& op, const std::set<int>& over) {
    for (const int id : op.waits) {
      if (forgotten_ != std::make_pair(op.id, id) && over.count(id) == 0) return false;
    }
    for (const int id : op.waits) {
      if (forgotten_ != std::make_pair(op.id, id)) run_.pool().Wait(op.stream, id);
    }
    return true;
  }
  bool Holds(int id) {
    const unsigned char* const bytes = run_.At(id);
    return std::all_of(bytes, bytes + run_.BytesOf(id), [&](unsigned char byte) { return byte == values_[id]; });
  }
  void Execute(const OpNode& op) {
    for (const int id : op.inputs) wrong_ += Holds(id) ? 0 : 1;
    for (const int id : op.outputs) run_.Write(id, values_[id]);
  }

  Watched& run_;
  Random& random_;
  std::pair<int, int> forgotten_;
  std::map<int, unsigned char> values_;
  std::map<int, std::vector<const OpNode*>> streams_;
  int wrong_ = 0;
};

// A random graph on two to four streams: as OnStreams places it, or by chance.
Graph RandomStreams(Random& random) {
  RandomGraph made = MakeRandomGraph(random, static_cast<int>(random.Between(4, 30)), random.OneIn(3));
  const int streams = static_cast<int>(random.Between(2, 4));
  if (random.OneIn(2)) return OnStreams(Graph(made.ops, made.tensors), streams).graph;
  for (OpNode& op : made.ops) op.stream = static_cast<int>(random.Below(streams));
  ImplyWaits(made.ops, made.tensors);
  return Graph(made.ops, made.tensors);
}

TEST(GuardStreams, SaysNothingOfRandomCleanRuns) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    Watched run(RandomStreams(random), random.OneIn(2) ? GuardOptions() : AsPlanned(), random.OneIn(2));
    for (int round = 0; round < 4; ++round) {
      EXPECT_EQ(Engine(run, random, {-1, -1}).RunOnce(), 0);
      EXPECT_EQ(run.Messages(), Messages());
    }
  }
}

TEST(GuardStreams, NamesEveryWaitThatIsDropped) {
  int dropped = 0;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    Watched run(RandomStreams(random), random.OneIn(2) ? GuardOptions() : AsPlanned(), random.OneIn(2));
    for (const OpNode& op : run.graph().ops()) {
      for (const int id : op.waits) {
        ++dropped;
        Engine(run, random, {op.id, id}).RunOnce();
        const auto& reports = run.reports();
        EXPECT_TRUE(std::any_of(reports.begin(), reports.end(),
                                [&](const GuardReport& report) {
                                  return report.fault == GuardFault::kUnordered && report.op == op.id &&
                                         report.other_op == id;
                                }))
            << "op " << op.id << " did not wait for op " << id;
        run.Messages();
      }
    }
  }
  EXPECT_GT(dropped, 60);
}

}  // namespace
}  // namespace orionrt::guard_streams_test
