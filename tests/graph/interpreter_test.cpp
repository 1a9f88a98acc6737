// Shared bytes, judged by running: 10,000 random graphs in planned arenas.
#include "interpreter.hpp"

#include <gtest/gtest.h>

#include <string>

#include "graph/colocation_problem.hpp"
#include "graph/regroup.hpp"
#include "orionrt/assignment.hpp"
#include "orionrt/plan.hpp"
#include "orionrt/planner.hpp"
#include "sanitized.hpp"
#include "sharing_graph.hpp"

namespace orionrt::interpreter_test {
namespace {

using tests::Interpreter;
using tests::Random;

constexpr const char* kPolicies[] = {"first_fit", "greedy_by_size", "best_fit", "linear_scan"};

struct Case {
  explicit Case(std::uint64_t seed) : random(seed), graph(tests::SharingGraphMaker(random).Make(Ops())) {
    on.views = !random.OneIn(4);
    on.colocate = !random.OneIn(4);
    on.in_place = !random.OneIn(4);
    on.reorder = random.OneIn(8);
    alignment = std::int64_t{1} << random.Below(6);
  }
  int Ops() { return static_cast<int>(random.Between(1, 14)); }

  Random random;
  Graph graph;
  Transforms on;
  std::int64_t alignment = 1;
};

Plan PlanFor(const Problem& problem, std::uint64_t seed) {
  PlanOptions quick;
  quick.effort = Effort::kFast;
  return ReusePlanner(seed % 10 == 9 ? "auto" : kPolicies[seed % 4]).Run(problem, quick);
}

TEST(Interpreter, FindsNothingWrongWithWhatTransformShares) {
  std::int64_t vanished = 0, in_place = 0, in_parts = 0, fewer_bytes = 0, moved = 0;
  for (std::uint64_t seed = 0; seed < tests::Seeds(10000u); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Case c(seed);
    const ReusePlanner judge("first_fit");
    const TransformedGraph transformed = Transform(c.graph, c.on, c.alignment, seed % 4 == 0 ? &judge : nullptr);
    const Plan plan = PlanFor(transformed.lowered.problem, seed);
    const auto overlap = Validate(transformed.lowered.problem, plan);
    ASSERT_FALSE(overlap) << overlap->message;
    const auto wrong = CheckAssignment(c.graph, Assign(transformed, plan));
    ASSERT_FALSE(wrong) << wrong->message;
    ASSERT_EQ(Interpreter(transformed, transformed.lowered.problem, plan, seed).Run(), "");
    vanished += static_cast<std::int64_t>(transformed.vanished.size());
    in_place += static_cast<std::int64_t>(transformed.in_place.size());
    in_parts += transformed.lowered.problem.parts.empty() ? 0 : 1;
    for (std::size_t i = 0; i < c.graph.ops().size(); ++i) {
      if (transformed.graph.ops()[i].id != c.graph.ops()[i].id) ++moved;
    }
    fewer_bytes += transformed.stages.back().bound_bytes < transformed.stages[0].bound_bytes ? 1 : 0;
  }
  // That much of all of it happened.
  EXPECT_GT(vanished, tests::Seeds(5000));
  EXPECT_GT(in_place, tests::Seeds(5000));
  EXPECT_GT(in_parts, tests::Seeds(1000));
  EXPECT_GT(fewer_bytes, tests::Seeds(1000));
  EXPECT_GT(moved, tests::Seeds(1000));
}

// Rigid bodies may be harder to place than what they are made of: the judge leaves out what does not pay.
TEST(Interpreter, NothingThatIsSharedRaisesThePeak) {
  int lower = 0, unjudged = 0;
  for (std::uint64_t seed = 0; seed < tests::Seeds(1500u); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Case c(seed);
    PlanOptions quick;
    quick.effort = Effort::kFast;
    const ReusePlanner planner(kPolicies[seed % 4]);
    const auto peak_of = [&](const TransformedGraph& made) {
      return planner.Run(made.lowered.problem, quick).peak_bytes;
    };
    const std::int64_t given = peak_of(Transform(c.graph, {}, c.alignment));
    const std::int64_t shared = peak_of(Transform(c.graph, c.on, c.alignment, &planner));
    EXPECT_LE(shared, given);
    lower += shared < given ? 1 : 0;
    if (peak_of(Transform(c.graph, c.on, c.alignment)) > given) ++unjudged;
  }
  EXPECT_GT(lower, tests::Seeds(300));
  EXPECT_GT(unjudged, tests::Seeds(30)) << "else nothing here needs a judge";
}

// ---- Would it notice? ----

// Whether an op reads bytes of the rectangle in its last step, or the caller does in the end.
bool IsReadLast(const TransformedGraph& transformed, int buffer, const Part& part) {
  const auto& ops = transformed.graph.ops();
  const OpNode& op = ops[static_cast<std::size_t>(part.upper - 1)];
  const auto& vanished = transformed.vanished;
  if (!op.aliases.empty() || std::find(vanished.begin(), vanished.end(), op.id) != vanished.end()) return false;
  return std::any_of(op.inputs.begin(), op.inputs.end(), [&](int id) {
    const int tensor = transformed.graph.IndexOf(id);
    const Binding& at = transformed.lowered.bindings[static_cast<std::size_t>(tensor)];
    const auto end = at.delta + static_cast<std::int64_t>(transformed.graph.tensors()[tensor].bytes);
    return at.buffer == buffer && std::max(at.delta, part.begin) < std::min(end, part.end);
  });
}

TEST(Interpreter, NoticesALifeThatEndsAStepTooSoon) {
  int shortened = 0;
  for (std::uint64_t seed = 0; seed < tests::Seeds(2000u); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Case c(seed);
    const TransformedGraph transformed = Transform(c.graph, c.on, c.alignment);
    const Plan plan = PlanFor(transformed.lowered.problem, seed);
    Problem shorter = transformed.lowered.problem;
    Part* victim = nullptr;
    for (Part& part : shorter.parts) {
      if (IsReadLast(transformed, part.buffer, part)) victim = &part;
    }
    if (victim != nullptr) {
      --victim->upper;
    } else {
      Buffer* whole = nullptr;
      for (int b = 0; b < static_cast<int>(shorter.buffers.size()); ++b) {
        Buffer& buffer = shorter.buffers[static_cast<std::size_t>(b)];
        const bool has_parts =
            std::any_of(shorter.parts.begin(), shorter.parts.end(), [b](const Part& p) { return p.buffer == b; });
        if (has_parts || buffer.upper - buffer.lower < 2) continue;
        if (IsReadLast(transformed, b, {b, buffer.lower, buffer.upper, 0, buffer.size})) whole = &buffer;
      }
      if (whole == nullptr) continue;
      --whole->upper;
    }
    ++shortened;
    EXPECT_NE(Interpreter(transformed, shorter, plan, seed).Run(), "");
  }
  EXPECT_GT(shortened, tests::Seeds(400));
}

// An output laid on an input at random, as no rule allows: where running finds a fault, so does the checker.
TEST(Interpreter, AgreesWithTheCheckerOnSharingThatIsWrong) {
  int wrong = 0, right = 0;
  for (std::uint64_t seed = 0; seed < tests::Seeds(4000u); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Case c(seed);
    const auto& op = c.graph.ops()[static_cast<std::size_t>(c.random.Below(static_cast<int>(c.graph.ops().size())))];
    if (op.outputs.empty() || op.inputs.empty()) continue;
    const int output = c.graph.IndexOf(op.outputs.back());
    const TensorRoot input = c.graph.RootOf(c.graph.IndexOf(op.inputs.back()));
    if (c.graph.RootOf(output).index != output) continue;
    std::vector<TensorRoot> places;
    for (int i = 0; i < static_cast<int>(c.graph.tensors().size()); ++i) {
      const TensorRoot root = c.graph.RootOf(i);
      places.push_back(root.index == output ? TensorRoot{input.index, root.offset + input.offset} : root);
    }
    TransformedGraph forced;
    forced.graph = c.graph;
    forced.lowered = MakeColocatedProblem(c.graph, GraphLiveness(c.graph), 1, places, {}, {});
    const Plan plan = PlanFor(forced.lowered.problem, seed);
    bool runs = true;
    for (std::uint64_t again = 0; again < 4; ++again) {
      runs &= Interpreter(forced, forced.lowered.problem, plan, seed + again).Run().empty();
    }
    Assignment assignment = Assign(forced, plan);
    assignment.in_place = FindInPlace(c.graph, assignment);
    const auto fault = CheckAssignment(c.graph, assignment);
    EXPECT_TRUE(runs || fault) << "running finds a fault, the checker none";
    wrong += runs ? 0 : 1;
    right += !fault ? 1 : 0;
  }
  EXPECT_GT(wrong, tests::Seeds(500));
  EXPECT_GT(right, tests::Seeds(200));
}

}  // namespace
}  // namespace orionrt::interpreter_test
