// Makes the transforms that are asked for, in the order that gives the lowest peak, and the problem that is left.
#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "base/checked.hpp"
#include "base/index.hpp"
#include "graph/colocation_order.hpp"
#include "graph/colocation_problem.hpp"
#include "graph/order/find_order.hpp"
#include "graph/sharing.hpp"
#include "orionrt/config.hpp"
#include "orionrt/lowering.hpp"
#include "orionrt/streams.hpp"

namespace orionrt {
namespace {

// Lower is better: first what does not fit the best spaces, then bytes.
using Score = std::pair<std::int64_t, std::int64_t>;
constexpr Score kDoesNotFit{INT64_MAX, INT64_MAX};

// What of Transforms decides who shares bytes, in the order in which it is decided.
enum Sharing { kViews, kPieces, kClaims };
constexpr bool Transforms::*kAsked[] = {&Transforms::views, &Transforms::colocate, &Transforms::in_place};
constexpr const char* kNames[] = {"views", "colocate", "in_place"};

// What is done, and to which ops it is not.
struct Choice {
  Transforms on;
  std::array<std::vector<char>, 3> left_out;  // of each Sharing, per op
  bool last_claims_first = false;
};

struct Attempt {
  Choice choice;
  Lowered lowered;
  std::vector<char> vanished;
  std::vector<InPlaceUse> in_place;
  Score score;
  std::vector<int> top;  // buffers that make the peak what it is
};

std::int64_t BoundOf(const Attempt& attempt) { return LowerBound(attempt.lowered.problem).lower_bound_bytes; }

std::vector<int> Ascending(std::size_t count) {
  std::vector<int> numbers(count);
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

// Of one order of the ops.
class Transformer {
 public:
  Transformer(Graph graph, std::vector<int> walk, std::int64_t alignment, const ReusePlanner* planner,
              const std::vector<Space>& spaces)
      : graph_(std::move(graph)),
        liveness_(graph_),
        walk_(std::move(walk)),
        alignment_(alignment),
        planner_(planner),
        spaces_(&spaces) {}

  Graph graph() && { return std::move(graph_); }

  // The ops in another order, their views and pieces laid as in this one.
  Transformer InOrder(const std::vector<int>& order) const {
    std::vector<OpNode> ops;
    std::vector<int> position(order.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
      ops.push_back(graph_.ops()[At(order[i])]);
      position[At(order[i])] = static_cast<int>(i);
    }
    std::vector<int> walk;
    for (const int step : walk_) walk.push_back(position[At(step)]);
    return Transformer(Graph(std::move(ops), graph_.tensors()), std::move(walk), alignment_, planner_, *spaces_);
  }

  // Orders of lower peak than this one, the best first, with all the views and pieces that are legal.
  OrderResult Search(const Transforms& transforms) const {
    return FindOrder(MakeOrderModel(graph_, Bind(Nothing(transforms)), transforms.in_place));
  }

  // As much of what is asked for as pays in this order. Appends to `stages` the bound after each decision.
  Attempt Build(const Transforms& transforms, std::vector<TransformStage>& stages) const {
    Attempt attempt = Try(Nothing(Transforms()));
    stages.push_back({"given", BoundOf(attempt)});
    for (const Sharing sharing : {kViews, kPieces, kClaims}) {
      if (!(transforms.*kAsked[sharing])) continue;
      attempt = Add(sharing, std::move(attempt));
      stages.push_back({kNames[sharing], BoundOf(attempt)});
    }
    return attempt;
  }

  // All that is legal at these ops (positions), not judged.
  Attempt MakeAt(const Transforms& transforms, const std::vector<int>& ops) const {
    std::vector<char> others(walk_.size(), 1);
    for (const int op : ops) others[At(op)] = 0;
    return Make({transforms, {others, others, others}, false});
  }

  // Plans it with more effort, if that may yet bring it below `bytes`.
  void JudgeAgain(Attempt& attempt, std::int64_t bytes) const {
    const std::int64_t bound = LowerBound(attempt.lowered.problem).lower_bound_bytes;
    if (attempt.score.second > bound && bound < bytes) Judge(attempt, Effort::kBalanced);
  }

  Attempt Try(Choice choice) const {
    Attempt attempt = Make(std::move(choice));
    Judge(attempt);
    return attempt;
  }

  // Not judged.
  Attempt Make(Choice choice) const {
    Attempt attempt;
    Colocations colocations = Bind(choice);
    attempt.vanished = FindVanished(graph_, colocations);
    if (choice.on.in_place) {
      attempt.in_place =
          ClaimInPlace(graph_, liveness_, choice.left_out[kClaims], choice.last_claims_first, colocations);
    }
    attempt.lowered =
        MakeColocatedProblem(graph_, liveness_, alignment_, colocations.Places(), attempt.vanished, *spaces_);
    attempt.choice = std::move(choice);
    return attempt;
  }

  // `before` with one transform more, where that raises nothing: to all ops, or but to those whose tensors make the
  // peak, or to none.
  Attempt Add(Sharing sharing, Attempt before) const {
    Choice more = before.choice;
    more.on.*kAsked[sharing] = true;
    Attempt all = Try(more);
    if (more.on.in_place && all.score.second > LowerBound(all.lowered.problem).lower_bound_bytes) {
      more.last_claims_first = true;  // the same bytes alive, but other groups
      Attempt other = Try(more);
      if (other.score < all.score) all = std::move(other);
    }
    if (all.score <= before.score) return all;
    const bool may_be_as_low = LowerBound(all.lowered.problem).lower_bound_bytes <= before.score.second;
    if (may_be_as_low) Judge(all, Effort::kBalanced);  // a search that takes longer, before it is given up
    if (all.score <= before.score) return all;
    more = all.choice;
    LeaveOutTop(all, sharing, more.left_out[sharing]);
    Attempt some = Try(std::move(more));
    return some.score <= before.score ? some : before;
  }

 private:
  // Left out of what is asked for.
  Choice Nothing(const Transforms& transforms) const {
    const std::vector<char> none(walk_.size(), 0);
    return {transforms, {none, none, none}, false};
  }

  // What holds in any order.
  Colocations Bind(const Choice& choice) const {
    Colocations colocations(graph_, alignment_);
    if (choice.on.views) BindViews(graph_, walk_, choice.left_out[kViews], colocations);
    if (choice.on.colocate) BindPieces(graph_, walk_, choice.left_out[kPieces], colocations);
    return colocations;
  }

  void Judge(Attempt& attempt, Effort effort = Effort::kFast) const {
    const Certificate bound = LowerBound(attempt.lowered.problem);
    attempt.score = {0, bound.lower_bound_bytes};
    attempt.top = bound.witness;
    if (planner_ == nullptr) return;
    PlanOptions options;
    options.effort = effort;
    try {
      const Plan plan = planner_->Run(attempt.lowered.problem, options);
      attempt.score = {plan.spaces.spill_cost, plan.peak_bytes};
      for (int i = 0; i < static_cast<int>(plan.offsets.size()); ++i) {
        const Buffer& buffer = attempt.lowered.problem.buffers[At(i)];
        if (plan.offsets[At(i)] + buffer.size == plan.peak_bytes) attempt.top.push_back(i);
      }
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kInfeasible && error.code() != ErrorCode::kLimit) throw;
      attempt.score = kDoesNotFit;
    }
  }

  // Of the ops that this sharing is about.
  void LeaveOutTop(const Attempt& attempt, Sharing sharing, std::vector<char>& left_out) const {
    std::vector<char> is_top(attempt.lowered.problem.buffers.size(), 0);
    for (const int i : attempt.top) is_top[At(i)] = 1;
    for (std::size_t step = 0; step < left_out.size(); ++step) {
      const OpNode& op = graph_.ops()[step];
      if (!Allows(op, kAsked[sharing])) continue;
      for (const int id : op.outputs) {
        const int buffer = attempt.lowered.bindings[At(graph_.IndexOf(id))].buffer;
        if (buffer >= 0 && is_top[At(buffer)] != 0) left_out[step] = 1;
      }
    }
  }

  Graph graph_;
  GraphLiveness liveness_;
  std::vector<int> walk_;  // the ops, in the order in which views and pieces are laid
  std::int64_t alignment_;
  const ReusePlanner* planner_;
  const std::vector<Space>* spaces_;
};

// The most bytes alive at once, without padding.
std::int64_t LiveBytes(Problem problem) {
  for (Buffer& buffer : problem.buffers) buffer.alignment = 1;
  problem.spaces.clear();
  problem.allowed_spaces.clear();
  return LowerBound(problem).lower_bound_bytes;
}

void Finish(Transformer&& order, Attempt&& made, TransformedGraph& result) {
  result.graph = std::move(order).graph();
  result.lowered = std::move(made.lowered);
  result.in_place = std::move(made.in_place);
  for (std::size_t step = 0; step < made.vanished.size(); ++step) {
    if (made.vanished[step] != 0) result.vanished.push_back(result.graph.ops()[step].id);
  }
  if (!result.transforms.reorder) return;
  const std::int64_t live_bytes = LiveBytes(result.lowered.problem);
  // The search takes the distance of a streaming output as it is stated; rounded up to an alignment, an output may meet
  // other operands than the search saw.
  result.order_proven = live_bytes == result.order_bound_bytes;
  result.order_bound_bytes = std::min(result.order_bound_bytes, live_bytes);
}

void CheckOrderIsFree(const Graph& graph, const Transforms& transforms) {
  if (!transforms.reorder || !HasStreams(graph.ops())) return;
  throw Error(ErrorCode::kMisuse,
              "reorder is for graphs on one stream: on several, program order and waits alone decide what may share "
              "bytes, in any order of the list; leave it off");
}

void CheckAlignment(std::int64_t alignment) {
  if (IsPowerOfTwo(alignment)) return;
  throw Error(ErrorCode::kMisuse, "alignment " + std::to_string(alignment) + " is not a power of two");
}

// Positions of ops, ascending, each once.
std::vector<int> PositionsOf(const Graph& graph, std::vector<int> ids) {
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  std::vector<int> positions;
  for (const int position : Ascending(graph.ops().size())) {
    const int id = graph.ops()[At(position)].id;
    if (std::binary_search(ids.begin(), ids.end(), id)) positions.push_back(position);
  }
  if (positions.size() == ids.size()) return positions;
  throw Error(ErrorCode::kMisuse, "an op to be transformed alone is not in the graph; ops are named by their ids");
}

}  // namespace

TransformedGraph TransformAt(const Graph& graph, const Transforms& transforms, const std::vector<int>& op_ids,
                             std::int64_t alignment) {
  CheckAlignment(alignment);
  if (transforms.reorder) {
    throw Error(ErrorCode::kMisuse, "another order is one of all ops; ask Transform for it");
  }
  const std::vector<Space> one_arena;
  Transformer given(graph, Ascending(graph.ops().size()), alignment, nullptr, one_arena);
  TransformedGraph result;
  result.transforms = transforms;
  Attempt made = given.MakeAt(transforms, PositionsOf(graph, op_ids));
  Finish(std::move(given), std::move(made), result);
  return result;
}

TransformedGraph Transform(const Graph& graph, const Transforms& transforms, std::int64_t alignment,
                           const ReusePlanner* planner, const std::vector<Space>& spaces) {
  CheckAlignment(alignment);
  CheckOrderIsFree(graph, transforms);
  Transformer given(graph, Ascending(graph.ops().size()), alignment, planner, spaces);
  TransformedGraph result;
  result.transforms = transforms;
  Attempt best = given.Build(transforms, result.stages);
  if (!transforms.reorder) {
    Finish(std::move(given), std::move(best), result);
    return result;
  }
  // What pays depends on the order; so it is tried in each, and the best taken: the given one, if it is no worse.
  given.JudgeAgain(best, best.score.second);
  const OrderResult found = given.Search(transforms);
  result.order_bound_bytes = found.lower_bound_bytes;
  std::vector<std::vector<int>> orders = found.runners_up;
  orders.insert(orders.begin(), found.order);
  Transformer chosen = given;
  for (const std::vector<int>& order : orders) {
    if (std::is_sorted(order.begin(), order.end())) continue;
    Transformer other = given.InOrder(order);
    std::vector<TransformStage> unasked;  // those of the given order are told
    Attempt attempt = other.Build(transforms, unasked);
    other.JudgeAgain(attempt, best.score.second);
    if (!(attempt.score < best.score)) continue;
    best = std::move(attempt);
    chosen = std::move(other);
  }
  result.stages.push_back({"reorder", BoundOf(best)});
  Finish(std::move(chosen), std::move(best), result);
  return result;
}

}  // namespace orionrt
