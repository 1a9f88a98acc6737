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
    Attempt attempt = Make(std::move(choice));
    Judge(attempt);
    return attempt;
  }

  // Not judged.
  Attempt Make(Choice choice) const {
    Attempt attempt;
    Bodies bodies = Bind(choice);
    attempt.vanished = FindVanished(graph_, bodies);
    if (choice.on.in_place) attempt.in_place = ClaimInPlace(graph_, liveness_, choice.left_out, bodies);
    attempt.bound = MakeBodyProblem(graph_, liveness_, alignment_, bodies.Places(), attempt.vanished, pools_);
    attempt.choice = std::move(choice);
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

using Candidate = std::pair<Transformer, Attempt>;  // of one order

// The given order, and those found for it.
std::vector<Candidate> InOrders(Candidate given, bool in_place, std::int64_t* bound_bytes) {
  const OrderResult found = given.first.Search(given.second, in_place);
  *bound_bytes = found.lower_bound_bytes;
  std::vector<std::vector<int>> orders = found.runners_up;
  orders.insert(orders.begin(), found.order);
  std::vector<Candidate> all;
  all.reserve(orders.size() + 1);
  all.push_back(std::move(given));
  for (const std::vector<int>& order : orders) {
    if (!std::is_sorted(order.begin(), order.end())) all.push_back(all[0].first.InOrder(order, all[0].second));
  }
  return all;
}

// What each transform adds to those before it, in the given order of ops.
std::vector<TransformStage> StagesOf(const Transformer& given, const Choice& done, const Transforms& transforms) {
  constexpr struct {
    const char* name;
    bool Transforms::*transform;
  } kStages[] = {
      {"views", &Transforms::views}, {"in_place", &Transforms::in_place}, {"colocate", &Transforms::colocate}};
  Choice choice{Transforms(), done.left_out};
  std::vector<TransformStage> stages = {{"given", BoundOf(given.Make(choice))}};
  for (const auto& stage : kStages) {
    if (!(transforms.*stage.transform)) continue;
    choice.on.*stage.transform = done.on.*stage.transform;
    stages.push_back({stage.name, BoundOf(given.Make(choice))});
  }
  return stages;
}

void Finish(Candidate&& made, TransformedGraph& result) {
  result.graph = made.first.graph();
  result.bound = std::move(made.second.bound);
  result.in_place = std::move(made.second.in_place);
  for (std::size_t step = 0; step < made.second.vanished.size(); ++step) {
    if (made.second.vanished[step] != 0) result.vanished.push_back(result.graph.ops()[step].id);
  }
  if (result.transforms.reorder) result.order_proven = LiveBytes(result.bound.problem) == result.order_bound_bytes;
}

}  // namespace

TransformedGraph Transform(const Graph& graph, const Transforms& transforms, std::int64_t alignment,
                           const ReusePlanner* planner, const std::vector<Pool>& pools) {
  if (!IsPowerOfTwo(alignment)) {
    throw Error(ErrorCode::kMisuse, "alignment " + std::to_string(alignment) + " is not a power of two");
  }
  std::vector<int> walk(graph.ops().size());
  std::iota(walk.begin(), walk.end(), 0);
  Transformer transformer(graph, walk, alignment, planner, pools);
  Attempt attempt = transformer.Try({Transforms(), std::vector<char>(walk.size(), 0)});

  TransformedGraph result;
  result.transforms = transforms;
  if (transforms.views) attempt = transformer.Add(&Transforms::views, std::move(attempt));
  if (transforms.colocate) attempt = transformer.Add(&Transforms::colocate, std::move(attempt));
  // Who writes over whom depends on the order; so it is claimed in each, and the best taken.
  std::vector<Candidate> orders;
  orders.emplace_back(std::move(transformer), std::move(attempt));
  if (transforms.reorder) orders = InOrders(std::move(orders[0]), transforms.in_place, &result.order_bound_bytes);
  std::vector<Attempt> ends;
  for (const auto& [order, before] : orders) {
    ends.push_back(transforms.in_place ? order.Add(&Transforms::in_place, before) : before);
  }
  const auto by_score = [](const Attempt& a, const Attempt& b) { return a.score < b.score; };
  const auto best = std::min_element(ends.begin(), ends.end(), by_score);  // the first: the given one if it is no worse
  Candidate& chosen = orders[static_cast<std::size_t>(best - ends.begin())];
  result.stages = StagesOf(orders[0].first, ends[0].choice, transforms);
  if (transforms.reorder) result.stages.push_back({"reorder", BoundOf(*best)});
  chosen.second = std::move(*best);
  Finish(std::move(chosen), result);
  return result;
}

}  // namespace orionrt
