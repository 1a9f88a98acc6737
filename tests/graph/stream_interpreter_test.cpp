// Plans on several streams, judged by running them in many interleavings; and the judge of such plans by that.
#include "stream_interpreter.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "orionrt/assignment.hpp"
#include "orionrt/config.hpp"
#include "orionrt/plan.hpp"
#include "orionrt/planner.hpp"
#include "sanitized.hpp"
#include "stream_graph.hpp"

namespace orionrt::stream_interpreter_test {
namespace {

using tests::NaiveOrder;
using tests::NaiveStreamPlan;
using tests::Random;
using tests::StreamGraphMaker;
using tests::StreamInterpreter;

// ORIONRT_STREAM_SEEDS times as many as are run always.
std::uint64_t Seeds(std::uint64_t count) {
  const char* const times = std::getenv("ORIONRT_STREAM_SEEDS");
  return tests::Seeds(count) * (times == nullptr ? 1 : std::strtoull(times, nullptr, 10));
}

// A graph and a plan of it: by the slow order, or of the library.
struct Case {
  explicit Case(std::uint64_t seed, bool by_library)
      : random(seed), graph(StreamGraphMaker(random).Make(static_cast<int>(random.Between(2, 14)))) {
    const bool views = random.OneIn(2), colocate = random.OneIn(2), in_place = random.OneIn(2);
    if (!by_library) {
      assignment = NaiveStreamPlan(graph, random).Make(views, colocate, in_place);
      return;
    }
    const TransformedGraph made = Transform(graph, {views, colocate, in_place, false});
    assignment = Assign(made, ReusePlanner(random.OneIn(2) ? "first_fit" : "best_fit").Run(made.lowered.problem));
  }
  Random random;
  Graph graph;
  Assignment assignment;
};

// Two ops that nothing orders, or {-1, -1}.
std::pair<int, int> Unordered(const NaiveOrder& order, Random& random) {
  for (int tries = 0; tries < 10; ++tries) {
    const int a = static_cast<int>(random.Below(order.size())), b = static_cast<int>(random.Below(order.size()));
    if (!order.AreOrdered(a, b)) return {a, b};
  }
  return {-1, -1};
}

int StepOf(const Graph& graph, int op_id) {
  int step = 0;
  while (graph.ops()[static_cast<std::size_t>(step)].id != op_id) ++step;
  return step;
}

// Runs the ops of a fault against one another; "" where no interleaving goes wrong. Of bytes that are equal by chance
// nobody can tell, so it is tried more than once.
std::string RunFault(const Graph& graph, const Assignment& assignment, const AssignmentFault& fault) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    StreamInterpreter interpreter(graph, assignment, seed);
    const std::string wrong = interpreter.RunAgainst(StepOf(graph, fault.other_op_id), StepOf(graph, fault.op_id));
    if (!wrong.empty()) return wrong;
  }
  return "";
}

TEST(StreamInterpreter, FindsNothingWrongWithPlansByTheSlowOrder) {
  std::int64_t hand_overs = 0, in_place = 0, vanished = 0, unordered = 0;
  for (std::uint64_t seed = 0; seed < Seeds(2500u); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Case c(seed, false);
    const auto fault = CheckAssignment(c.graph, c.assignment);
    ASSERT_FALSE(fault) << fault->message;
    StreamInterpreter interpreter(c.graph, c.assignment, seed);
    for (int again = 0; again < 2; ++again) ASSERT_EQ(interpreter.RunAtRandom(), "");
    const auto [a, b] = Unordered(interpreter.order(), c.random);
    if (a >= 0) {
      ++unordered;
      ASSERT_EQ(interpreter.RunAgainst(a, b), "");
    }
    hand_overs += interpreter.HandOvers();
    in_place += static_cast<std::int64_t>(c.assignment.in_place.size());
    vanished += static_cast<std::int64_t>(c.assignment.vanished_ids.size());
  }
  // That much of all of it happened.
  EXPECT_GT(hand_overs, Seeds(2500));
  EXPECT_GT(in_place, Seeds(500));
  EXPECT_GT(vanished, Seeds(500));
  EXPECT_GT(unordered, Seeds(750));
}

// Every policy in turn, with all that may be shared.
TEST(StreamInterpreter, FindsNothingWrongWithPlansOfAnyPolicy) {
  std::int64_t hand_overs = 0, in_place = 0, vanished = 0;
  for (std::uint64_t seed = 0; seed < Seeds(1000u); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const Graph graph = StreamGraphMaker(random).Make(static_cast<int>(random.Between(2, 14)));
    LowerOptions options;
    options.transforms = {random.OneIn(2), random.OneIn(2), random.OneIn(2), false};
    options.alignment = std::int64_t{1} << random.Below(6);
    if (random.OneIn(4)) {
      options.spaces.resize(2);
      options.spaces[0].name = "fast";
      options.spaces[0].capacity = random.Between(64, 512);
      options.spaces[1].name = "slow";
    }
    const Policy& policy = Policies()[seed % Policies().size()];
    SCOPED_TRACE(policy.name);
    PlanOptions quick;
    quick.effort = Effort::kFast;
    const Workload workload = Lower(graph, {}, options);
    const PlannedWorkload planned = PlanWorkload(workload, ReusePlanner(policy.name), quick);
    const auto overlap = Validate(workload.problem, planned.plan);
    ASSERT_FALSE(overlap) << overlap->message;
    const Assignment assignment = Assign(workload, planned);
    const auto fault = CheckAssignment(graph, assignment);
    ASSERT_FALSE(fault) << fault->message;
    StreamInterpreter interpreter(workload.transformed->graph, assignment, seed);
    ASSERT_FALSE(interpreter.HasRace());
    ASSERT_EQ(interpreter.RunAtRandom(), "");
    const auto [a, b] = Unordered(interpreter.order(), random);
    if (a >= 0) {
      ASSERT_EQ(interpreter.RunAgainst(a, b), "");
    }
    hand_overs += interpreter.HandOvers();
    in_place += static_cast<std::int64_t>(assignment.in_place.size());
    vanished += static_cast<std::int64_t>(assignment.vanished_ids.size());
  }
  EXPECT_GT(hand_overs, Seeds(1000));
  EXPECT_GT(in_place, Seeds(150));
  EXPECT_GT(vanished, Seeds(150));
}

// Without a wait that alone orders a hand-over the judge says so, names the two ops, and some interleaving goes wrong;
// without any other wait nothing changes.
TEST(StreamInterpreter, NeedsEveryWaitThatAloneOrdersAHandOver) {
  int needed = 0, spared = 0;
  for (std::uint64_t seed = 0; seed < Seeds(1000u); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Case c(seed, seed % 2 == 1);
    for (std::size_t i = 0; i < c.graph.ops().size(); ++i) {
      for (std::size_t w = 0; w < c.graph.ops()[i].waits.size(); ++w) {
        std::vector<OpNode> ops = c.graph.ops();
        ops[i].waits.erase(ops[i].waits.begin() + static_cast<std::ptrdiff_t>(w));
        Graph less;
        try {
          less = Graph(ops, c.graph.tensors());
        } catch (const Error&) {
          continue;  // data needs it
        }
        Assignment assignment = c.assignment;
        assignment.graph_id = GraphId(less);
        assignment.launches.clear();  // says nothing of waits
        const auto fault = CheckAssignment(less, assignment);
        StreamInterpreter interpreter(less, assignment, seed);
        ASSERT_EQ(fault.has_value(), interpreter.HasRace()) << (fault ? fault->message : "not seen");
        if (!fault) {
          ++spared;
          ASSERT_EQ(interpreter.RunAtRandom(), "");
          continue;
        }
        ++needed;
        ASSERT_GE(fault->other_op_id, 0) << fault->message;
        EXPECT_NE(RunFault(less, assignment, *fault), "") << fault->message;
        // The wait that the message asks for mends it, or brings the next such pair.
        ops[static_cast<std::size_t>(StepOf(less, fault->op_id))].waits.push_back(fault->other_op_id);
        const Graph mended(ops, c.graph.tensors());
        assignment.graph_id = GraphId(mended);
        const auto next = CheckAssignment(mended, assignment);
        EXPECT_TRUE(!next || next->op_id != fault->op_id || next->other_op_id != fault->other_op_id);
      }
    }
  }
  EXPECT_GT(needed, Seeds(200));
  EXPECT_GT(spared, Seeds(200));
}

// Tensors moved over others: what the judge takes runs in every interleaving tried, and what it calls a race is one.
TEST(StreamInterpreter, AgreesWithTheJudgeOfMovedTensors) {
  int right = 0, races = 0, wrong = 0;
  for (std::uint64_t seed = 0; seed < Seeds(2000u); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Case c(seed, seed % 2 == 1);
    auto& places = c.assignment.tensors;
    const auto pick = [&] {
      return static_cast<std::size_t>(c.random.Below(static_cast<std::int64_t>(places.size())));
    };
    Place& moved = places[pick()];
    const Place& onto = places[pick()];
    moved.offset = onto.offset;
    moved.space = onto.space;
    for (AssignedSpace& space : c.assignment.spaces) space.required_bytes += 256;
    const auto fault = CheckAssignment(c.graph, c.assignment);
    if (fault && fault->other_op_id < 0) {
      ++wrong;
      continue;
    }
    StreamInterpreter interpreter(c.graph, c.assignment, seed);
    ASSERT_EQ(fault.has_value(), interpreter.HasRace()) << (fault ? fault->message : "not seen");
    if (fault) {
      ++races;
      EXPECT_NE(RunFault(c.graph, c.assignment, *fault), "") << fault->message;
      continue;
    }
    ++right;
    for (int again = 0; again < 2; ++again) ASSERT_EQ(interpreter.RunAtRandom(), "");
    const auto [a, b] = Unordered(interpreter.order(), c.random);
    if (a >= 0) {
      ASSERT_EQ(interpreter.RunAgainst(a, b), "");
    }
  }
  EXPECT_GT(right, Seeds(160));
  EXPECT_GT(races, Seeds(60));
  EXPECT_GT(wrong, Seeds(160));
}

// Launched in another order it is the same plan.
TEST(StreamInterpreter, TakesAnyOrderOfLaunching) {
  for (std::uint64_t seed = 0; seed < Seeds(1500u); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Case c(seed, seed % 2 == 1);
    const Graph relaunched(tests::Relaunched(c.graph.ops(), c.random), c.graph.tensors());
    const auto listed = CheckAssignment(relaunched, c.assignment);
    EXPECT_FALSE(listed) << listed->message;
    Assignment other = c.assignment;
    other.order_ids.clear();
    other.launches.clear();
    for (const OpNode& op : relaunched.ops()) {
      other.order_ids.push_back(op.id);
      other.launches.push_back({op.stream, op.waits});
    }
    other.in_place = FindInPlace(relaunched, other);
    const auto launched = CheckAssignment(c.graph, other);
    EXPECT_FALSE(launched) << launched->message;
  }
}

}  // namespace
}  // namespace orionrt::stream_interpreter_test
