#include "orionrt/transform.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/checked.hpp"
#include "graph/body_order.hpp"
#include "graph/body_problem.hpp"
#include "graph/order/find_order.hpp"
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

// Of one order of the ops.
class Transformer {
 public:
  Transformer(Graph graph, std::vector<int> walk, std::int64_t alignment, const ReusePlanner* planner,
              const std::vector<Pool>& pools)
      : graph_(std::move(graph)),
        liveness_(graph_),
        walk_(std::move(walk)),
        alignment_(alignment),
        planner_(planner),
        pools_(pools) {}

  const Graph& graph() const { return graph_; }

  // The ops in another order; what `attempt` does is done to the same ops, and no in-place yet.
  std::pair<Transformer, Attempt> InOrder(const std::vector<int>& order, const Attempt& attempt) const {
    std::vector<OpNode> ops;
    std::vector<int> position(order.size());
    Choice choice = attempt.choice;
    for (std::size_t i = 0; i < order.size(); ++i) {
      const auto from = static_cast<std::size_t>(order[i]);
      ops.push_back(graph_.ops()[from]);
      position[from] = static_cast<int>(i);
      choice.left_out[i] = attempt.choice.left_out[from];
    }
    std::vector<int> walk;
    for (const int step : walk_) walk.push_back(position[static_cast<std::size_t>(step)]);
    Transformer other(Graph(std::move(ops), graph_.tensors()), std::move(walk), alignment_, planner_, pools_);
    Attempt there = other.Try(std::move(choice));
    return {std::move(other), std::move(there)};
  }

  // Orders of lower peak than this one, the best first, with views and parts as `attempt` has them.
  OrderResult Search(const Attempt& attempt, bool in_place) const {
    return FindOrder(MakeBodyOrderModel(graph_, Bind(attempt.choice), in_place));
  }

  Attempt Try(Choice choice) const {
    Attempt attempt;
    Bodies bodies = Bind(choice);
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
  // What holds in any order.
  Bodies Bind(const Choice& choice) const {
    Bodies bodies(graph_, alignment_);
    if (choice.on.views) BindViews(graph_, walk_, choice.left_out, bodies);
    if (choice.on.colocate) BindParts(graph_, walk_, choice.left_out, bodies);
    return bodies;
  }

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

  Graph graph_;
  GraphLiveness liveness_;
  std::vector<int> walk_;  // the ops, in the order in which views and parts are bound
  std::int64_t alignment_;
  const ReusePlanner* planner_;
  const std::vector<Pool>& pools_;
};

std::int64_t BoundOf(const Attempt& attempt) { return LowerBound(attempt.bound.problem).lower_bound_bytes; }

// The most bytes alive at once, without padding.
std::int64_t LiveBytes(Problem problem) {
  for (Buffer& buffer : problem.buffers) buffer.alignment = 1;
  problem.pools.clear();
  problem.allowed_pools.clear();
  return LowerBound(problem).lower_bound_bytes;
}

}  // namespace

TransformedGraph Transform(const Graph& graph, const Transforms& transforms, std::int64_t alignment,
                           const ReusePlanner* planner, const std::vector<Pool>& pools) {
  if (!IsPowerOfTwo(alignment)) {
    throw Error(ErrorCode::kMisuse, "alignment " + std::to_string(alignment) + " is not a power of two");
  }
  std::vector<int> walk(graph.ops().size());
  std::iota(walk.begin(), walk.end(), 0);
  std::vector<std::pair<Transformer, Attempt>> made;  // the given order first
  made.emplace_back(Transformer(graph, walk, alignment, planner, pools), Attempt());
  made[0].second = made[0].first.Try({Transforms(), std::vector<char>(graph.ops().size(), 0)});

  TransformedGraph result;
  result.transforms = transforms;
  result.stages.push_back({"given", BoundOf(made[0].second)});
  const auto add = [&](const char* name, bool asked, bool Transforms::*transform) {
    if (!asked) return;
    for (auto& [transformer, attempt] : made) attempt = transformer.Add(transform, std::move(attempt));
    if (made.size() == 1) result.stages.push_back({name, BoundOf(made[0].second)});
  };
  add("views", transforms.views, &Transforms::views);
  add("co-located", transforms.colocate, &Transforms::colocate);
  std::vector<std::int64_t> reordered;  // bounds before in-place, one an order
  if (transforms.reorder) {
    const OrderResult found = made[0].first.Search(made[0].second, transforms.in_place);
    result.order_bound_bytes = found.lower_bound_bytes;
    std::vector<std::vector<int>> orders = found.runners_up;
    orders.insert(orders.begin(), found.order);
    for (const std::vector<int>& order : orders) {
      if (order != walk) made.push_back(made[0].first.InOrder(order, made[0].second));
    }
    for (const auto& [transformer, attempt] : made) reordered.push_back(BoundOf(attempt));
  }
  add("in place", transforms.in_place, &Transforms::in_place);
  std::size_t best = 0;
  for (std::size_t i = 1; i < made.size(); ++i) {
    if (made[i].second.score < made[best].second.score) best = i;
  }
  if (transforms.reorder) {
    if (result.stages.back().name == std::string("in place")) result.stages.pop_back();
    result.stages.push_back({"reordered", reordered[best]});
    if (transforms.in_place) result.stages.push_back({"in place", BoundOf(made[best].second)});
    result.order_proven = LiveBytes(made[best].second.bound.problem) == result.order_bound_bytes;
  }
  Attempt& chosen = made[best].second;
  result.graph = made[best].first.graph();
  result.bound = std::move(chosen.bound);
  result.in_place = std::move(chosen.in_place);
  for (std::size_t step = 0; step < chosen.vanished.size(); ++step) {
    if (chosen.vanished[step] != 0) result.vanished.push_back(result.graph.ops()[step].id);
  }
  return result;
}

}  // namespace orionrt
