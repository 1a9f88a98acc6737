#include "orionrt/transform.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/checked.hpp"
#include "graph/body_problem.hpp"
#include "graph/sharing.hpp"
#include "orionrt/error.hpp"

namespace orionrt {
namespace {

// Lower is better: first what does not fit the best pools, then bytes.
using Score = std::pair<std::int64_t, std::int64_t>;
constexpr Score kDoesNotFit{INT64_MAX, INT64_MAX};

// What is done, and to which ops it is not.
struct Choice {
  Transforms on;
  std::vector<char> left_out;  // per op
};

struct Attempt {
  Choice choice;
  BoundProblem bound;
  std::vector<char> vanished;
  std::vector<InPlaceUse> in_place;
  Score score;
  std::vector<int> top;  // buffers that make the peak what it is
};

class Transformer {
 public:
  Transformer(const Graph& graph, std::int64_t alignment, const ReusePlanner* planner, const std::vector<Pool>& pools)
      : graph_(graph), liveness_(graph), alignment_(alignment), planner_(planner), pools_(pools) {
    walk_.resize(graph.ops().size());
    std::iota(walk_.begin(), walk_.end(), 0);
  }

  Attempt Try(Choice choice) const {
    Attempt attempt;
    Bodies bodies(graph_, alignment_);
    if (choice.on.views) BindViews(graph_, walk_, choice.left_out, bodies);
    if (choice.on.colocate) BindParts(graph_, walk_, choice.left_out, bodies);
    attempt.vanished = FindVanished(graph_, bodies);
    if (choice.on.in_place) attempt.in_place = ClaimInPlace(graph_, liveness_, choice.left_out, bodies);
    attempt.bound = MakeBodyProblem(graph_, liveness_, alignment_, bodies.Places(), attempt.vanished, pools_);
    attempt.choice = std::move(choice);
    Judge(attempt);
    return attempt;
  }

  // `before` with one transform more, where that raises nothing: to all ops, or but to those whose tensors make the
  // peak, or to none.
  Attempt Add(bool Transforms::*transform, Attempt before) const {
    Choice more = before.choice;
    more.on.*transform = true;
    Attempt all = Try(more);
    if (all.score <= before.score) return all;
    LeaveOutTop(all, more.left_out);
    Attempt some = Try(std::move(more));
    return some.score <= before.score ? some : before;
  }

 private:
  void Judge(Attempt& attempt) const {
    const Certificate bound = LowerBound(attempt.bound.problem);
    attempt.score = {0, bound.lower_bound_bytes};
    attempt.top = bound.witness;
    if (planner_ == nullptr) return;
    PlanOptions quick;
    quick.effort = Effort::kFast;
    try {
      const Plan plan = planner_->Run(attempt.bound.problem, quick);
      attempt.score = {plan.pools.spill_cost, plan.peak_bytes};
      for (int i = 0; i < static_cast<int>(plan.offsets.size()); ++i) {
        const Buffer& buffer = attempt.bound.problem.buffers[static_cast<std::size_t>(i)];
        if (plan.offsets[static_cast<std::size_t>(i)] + buffer.size == plan.peak_bytes) attempt.top.push_back(i);
      }
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kInfeasible && error.code() != ErrorCode::kLimit) throw;
      attempt.score = kDoesNotFit;
    }
  }

  void LeaveOutTop(const Attempt& attempt, std::vector<char>& left_out) const {
    std::vector<char> is_top(attempt.bound.problem.buffers.size(), 0);
    for (const int i : attempt.top) is_top[static_cast<std::size_t>(i)] = 1;
    for (std::size_t step = 0; step < left_out.size(); ++step) {
      for (const int id : graph_.ops()[step].outputs) {
        const int buffer = attempt.bound.bindings[static_cast<std::size_t>(graph_.IndexOf(id))].buffer;
        if (buffer >= 0 && is_top[static_cast<std::size_t>(buffer)] != 0) left_out[step] = 1;
      }
    }
  }

  const Graph& graph_;
  GraphLiveness liveness_;
  std::int64_t alignment_;
  const ReusePlanner* planner_;
  const std::vector<Pool>& pools_;
  std::vector<int> walk_;  // the ops, in the order in which views and parts are bound
};

constexpr struct {
  const char* name;
  bool Transforms::*transform;
} kStages[] = {
    {"views", &Transforms::views}, {"co-located", &Transforms::colocate}, {"in place", &Transforms::in_place}};

}  // namespace

TransformedGraph Transform(const Graph& graph, const Transforms& transforms, std::int64_t alignment,
                           const ReusePlanner* planner, const std::vector<Pool>& pools) {
  if (!IsPowerOfTwo(alignment)) {
    throw Error(ErrorCode::kMisuse, "alignment " + std::to_string(alignment) + " is not a power of two");
  }
  if (transforms.reorder) throw Error(ErrorCode::kUnsupported, "transform: no other order is searched for yet");
  TransformedGraph result;
  result.graph = graph;
  result.transforms = transforms;
  const Transformer transformer(graph, alignment, planner, pools);
  Attempt best = transformer.Try({Transforms(), std::vector<char>(graph.ops().size(), 0)});
  const auto note = [&](const char* name) {
    result.stages.push_back({name, LowerBound(best.bound.problem).lower_bound_bytes});
  };
  note("given");
  for (const auto& stage : kStages) {
    if (!(transforms.*stage.transform)) continue;
    best = transformer.Add(stage.transform, std::move(best));
    note(stage.name);
  }
  result.bound = std::move(best.bound);
  result.in_place = std::move(best.in_place);
  for (std::size_t step = 0; step < graph.ops().size(); ++step) {
    if (best.vanished[step] != 0) result.vanished.push_back(graph.ops()[step].id);
  }
  return result;
}

}  // namespace orionrt
