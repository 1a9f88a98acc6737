#include "report/what_if.hpp"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include "base/checked.hpp"
#include "orionrt/error.hpp"
#include "report/changes.hpp"

namespace orionrt {
namespace {

constexpr std::size_t kPlans = 12;              // changes that are planned: those of the lowest bound
constexpr std::size_t kTensors = 16;            // the largest at the peak, around which ops are moved
constexpr std::size_t kMovedOps = 32;           // by one change; more is a rewrite, not a hint
constexpr std::size_t kReorderedOps = 400'000;  // in all changed orders together: a fraction of a second

struct Words {
  const char* kind;
  std::string sentence;
};

// A changed problem, before it is planned.
struct Trial {
  WhatIf result;
  Problem problem;
  std::int64_t bound = 0;
  std::size_t moved_ops = 0;  // of a changed order
};

// Bytes of a buffer that are alive at a step.
std::vector<std::int64_t> BytesAt(const Problem& problem, std::int64_t step) {
  std::vector<std::int64_t> bytes(problem.buffers.size(), 0);
  std::vector<bool> has_parts(problem.buffers.size(), false);
  for (const Part& part : problem.parts) {
    has_parts[part.buffer] = true;
    if (part.lower <= step && step < part.upper) bytes[part.buffer] += part.end - part.begin;
  }
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const Buffer& b = problem.buffers[i];
    if (!has_parts[i] && b.lower <= step && step < b.upper) bytes[i] = b.size;
  }
  return bytes;
}

// Where the most bytes are alive, wherever buffers are fixed and whichever pools they are in.
std::int64_t PeakStep(Problem problem) {
  problem.pools.clear();
  problem.allowed_pools.clear();
  problem.uses.clear();
  for (Buffer& buffer : problem.buffers) buffer.fixed_offset = kFree;
  return LowerBound(problem).witness_step;
}

// Tries changes of one plan. Problems carry no ids or names here: they are copied often, and planned only.
class Finder {
 public:
  Finder(const PlanFile& file, const ReusePlanner& planner) : file_(file), planner_(planner), base_(file.problem) {
    base_.ids.clear();
    base_.names.clear();
    peak_ = file.plan.peak_bytes;
    if (!file.plan.certificate.proven_optimal) peak_ = std::min(peak_, Replan(base_).peak_bytes);
  }

  // A change is kept if it is worth planning, and if its bound is below `than`. Gives its bound.
  std::int64_t Try(const Words& words, Problem problem, std::int64_t than) {
    Trial trial = Bounded(words.kind, std::move(problem), {});
    trial.result.sentence = words.sentence;
    const std::int64_t bound = trial.bound;
    if (bound < than) Keep(std::move(trial));
    return bound;
  }

  // `order`: the steps in the changed order; empty: as they are.
  Trial Bounded(const char* kind, Problem problem, const std::vector<int>& order) const {
    const Certificate bound = LowerBound(problem);
    const std::int64_t next = order.empty() ? bound.witness_step : order[bound.witness_step];
    return {{kind, "", 0, 0, next}, std::move(problem), bound.lower_bound_bytes, 0};
  }

  // Only the most promising stay, in the order of their bounds.
  void Keep(Trial trial) {
    if (trial.bound >= peak_) return;
    const auto at = std::upper_bound(trials_.begin(), trials_.end(), trial,
                                     [](const Trial& a, const Trial& b) { return a.bound < b.bound; });
    trials_.insert(at, std::move(trial));
    if (trials_.size() > kPlans) trials_.pop_back();
  }

  std::vector<WhatIf> Plan() {
    std::vector<WhatIf> found;
    for (Trial& trial : trials_) {
      trial.result.new_peak_bytes = Replan(trial.problem).peak_bytes;
      trial.result.saving_bytes = peak_ - trial.result.new_peak_bytes;
      if (trial.result.saving_bytes > 0) found.push_back(std::move(trial.result));
    }
    std::stable_sort(found.begin(), found.end(),
                     [](const WhatIf& a, const WhatIf& b) { return a.saving_bytes > b.saving_bytes; });
    return found;
  }

  const PlanFile& file() const { return file_; }
  const Problem& base() const { return base_; }

 private:
  orionrt::Plan Replan(const Problem& problem) const {
    PlanOptions options;
    options.effort = Effort::kFast;
    return planner_.Run(problem, options);
  }

  const PlanFile& file_;
  const ReusePlanner& planner_;
  Problem base_;
  std::int64_t peak_;  // bytes: the lower of the plan's and of what planning anew gives
  std::vector<Trial> trials_;
};

// What is known of a graph, for all of its changes.
struct Context {
  const Graph& graph;
  const GraphUses& uses;
  const BoundProblem& bound;
  std::int64_t step;  // of the peak
  int BufferOf(int tensor) const { return bound.bindings[tensor].buffer; }
};

// The buffer of an op's output becomes the one of its input, which may itself be of an earlier output.
void WriteInPlace(const Context& context, int step, int input, std::vector<int>& home, Problem& problem) {
  const int output = context.graph.IndexOf(context.graph.ops()[step].outputs[0]);
  home[output] = home[input];
  Buffer& from = problem.buffers[context.BufferOf(output)];
  Buffer& into = problem.buffers[context.BufferOf(home[input])];
  into.upper = std::max(into.upper, from.upper);
  into.alignment = std::max(into.alignment, from.alignment);
  from.size = 0;
}

void TryInPlace(const Context& context, Finder& finder) {
  std::vector<int> alone(context.graph.tensors().size());
  std::iota(alone.begin(), alone.end(), 0);
  std::vector<int> home = alone;
  Problem all = finder.base();
  std::int64_t bound_of_one = kMaxBytes;
  int count = 0;
  for (int step = 0; step < static_cast<int>(context.graph.ops().size()); ++step) {
    const int input = InPlaceInput(context.graph, context.uses, step);
    if (input < 0) continue;
    ++count;
    WriteInPlace(context, step, input, home, all);
    if (step != context.step) continue;  // elsewhere one alone leaves the peak as it is
    Problem one = finder.base();
    WriteInPlace(context, step, input, alone, one);
    const std::string op = OpLabel(context.graph, step);
    bound_of_one = finder.Try({"in_place", "writing " + op + " in place of " + TensorLabel(context.graph, input)},
                              std::move(one), kMaxBytes);
  }
  if (count < 2) return;
  finder.Try({"in_place_all", "writing all " + std::to_string(count) + " ops in place that can be"}, std::move(all),
             bound_of_one);
}

// The problem with the lifetimes of another order.
Problem InOrder(const Context& context, const Problem& base, const std::vector<int>& order) {
  const GraphLiveness liveness(Reordered(context.graph, order));
  Problem problem = base;
  const auto live = [&](int buffer, const Lifetime& life) {
    if (buffer < 0) return;
    problem.buffers[buffer].lower = life.start;
    problem.buffers[buffer].upper = std::int64_t{life.end} + 1;
  };
  for (std::size_t t = 0; t < context.bound.bindings.size(); ++t) {
    live(context.bound.bindings[t].buffer, liveness.lifetimes()[t]);
  }
  for (std::size_t step = 0; step < order.size() && !context.bound.workspaces.empty(); ++step) {
    live(context.bound.workspaces[order[step]].buffer, {static_cast<int>(step), static_cast<int>(step)});
  }
  return problem;
}

std::string SentenceOf(const Graph& graph, const Move& move, int tensor, std::int64_t step) {
  constexpr std::size_t kNamed = 4;
  std::string ops;
  for (std::size_t k = 0; k < move.ops.size() && k < kNamed; ++k)
    ops += (k > 0 ? ", " : "") + OpLabel(graph, move.ops[k]);
  if (move.ops.size() > kNamed) ops += " and " + std::to_string(move.ops.size() - kNamed) + " more";
  const bool sooner = move.before <= step;
  const bool at_end = move.before == static_cast<int>(graph.ops().size());
  return (sooner ? "freeing " : "writing ") + TensorLabel(graph, tensor) + (sooner ? " sooner" : " later") + " needs " +
         ops + " moved " + (at_end ? "to the end" : "before " + OpLabel(graph, move.before));
}

// Tensors alive at the peak, the largest first.
std::vector<int> LargestAt(const Context& context, const Problem& problem) {
  std::vector<int> tensors;
  for (int t = 0; t < static_cast<int>(context.bound.bindings.size()); ++t) {
    const Lifetime& life = context.uses.lives[t];
    if (context.BufferOf(t) >= 0 && life.start <= context.step && context.step <= life.end) tensors.push_back(t);
  }
  const auto bytes = [&](int t) { return problem.buffers[context.BufferOf(t)].size; };
  std::stable_sort(tensors.begin(), tensors.end(), [&](int a, int b) { return bytes(a) > bytes(b); });
  if (tensors.size() > kTensors) tensors.resize(kTensors);
  return tensors;
}

// The best change of the order around one tensor, of those that were not tried around another.
std::optional<Trial> BestMove(const Context& context, const Finder& finder, int tensor, std::vector<Move>& tried) {
  const std::size_t ops = context.graph.ops().size();
  std::optional<Trial> best;
  for (Move& move : MovesAround(context.graph, context.uses, tensor, static_cast<int>(context.step), kMovedOps)) {
    if (std::find(tried.begin(), tried.end(), move) != tried.end()) continue;
    if ((tried.size() + 1) * ops > kReorderedOps) break;
    const std::vector<int> order = OrderAfter(static_cast<int>(ops), move);
    Trial trial = finder.Bounded("reorder", InOrder(context, finder.base(), order), order);
    if (!best || trial.bound < best->bound) {
      best = std::move(trial);
      best->moved_ops = move.ops.size();
      best->result.sentence = SentenceOf(context.graph, move, tensor, context.step);
    }
    tried.push_back(std::move(move));
  }
  return best;
}

// Of changes that promise the same, the one that moves the fewest ops.
void TryReorder(const Context& context, Finder& finder) {
  std::vector<Move> tried;
  std::vector<Trial> trials;
  for (const int tensor : LargestAt(context, finder.base())) {
    std::optional<Trial> best = BestMove(context, finder, tensor, tried);
    if (!best) continue;
    const auto same =
        std::find_if(trials.begin(), trials.end(), [&](const Trial& other) { return other.bound == best->bound; });
    if (same == trials.end()) {
      trials.push_back(std::move(*best));
    } else if (best->moved_ops < same->moved_ops) {
      *same = std::move(*best);
    }
  }
  for (Trial& trial : trials) finder.Keep(std::move(trial));
}

// Where the life of an output would end without its role; as it is for what is no output, or is state.
std::int64_t EndAsNoOutput(const Context& context, int t) {
  const unsigned roles = context.graph.tensors()[t].roles;
  const std::vector<int>& readers = context.uses.readers[t];
  if ((roles & kOutput) == 0 || (roles & kState) != 0) return context.uses.lives[t].end;
  return readers.empty() ? std::max(0, context.uses.producer[t]) : readers.back();
}

// Outputs that are kept though nothing in the graph reads them any more.
void TryEarlyOutputs(const Context& context, Finder& finder) {
  std::int64_t least = kMaxBytes;  // the lowest bound of one alone: all have to promise more
  for (const int t : LargestAt(context, finder.base())) {
    const std::int64_t end = EndAsNoOutput(context, t);
    if (end >= context.step) continue;
    Problem problem = finder.base();
    problem.buffers[context.BufferOf(t)].upper = end + 1;
    const std::string op = OpLabel(context.graph, static_cast<int>(end));
    const std::string sentence =
        "taking output " + TensorLabel(context.graph, t) + " right after " + op + ", not at the end";
    least = std::min(least, finder.Try({"early_output", sentence}, std::move(problem), kMaxBytes));
  }
  Problem all = finder.base();
  int count = 0;
  for (int t = 0; t < static_cast<int>(context.bound.bindings.size()); ++t) {
    if (context.BufferOf(t) < 0 || EndAsNoOutput(context, t) == context.uses.lives[t].end) continue;
    all.buffers[context.BufferOf(t)].upper = EndAsNoOutput(context, t) + 1;
    ++count;
  }
  if (count < 2) return;
  finder.Try({"early_output_all", "taking all " + std::to_string(count) + " outputs as soon as they are done"},
             std::move(all), least);
}

// Results that nobody wants.
void TryUnreadOutputs(const Context& context, Finder& finder) {
  for (const int t : LargestAt(context, finder.base())) {
    const bool read = context.graph.tensors()[t].roles != 0 || !context.uses.readers[t].empty();
    if (read || context.uses.producer[t] != context.step) continue;
    Problem problem = finder.base();
    problem.buffers[context.BufferOf(t)].size = 0;
    const std::string op = OpLabel(context.graph, static_cast<int>(context.step));
    const std::string sentence = "not writing " + TensorLabel(context.graph, t) + " of " + op + ", which nobody reads";
    finder.Try({"unread_output", sentence}, std::move(problem), kMaxBytes);
  }
}

// The common alignment lowered; what a tensor, or a row, asks for itself stays. `own`: the problem before it was raised
// to the common one; null where nobody knows, and only what is above that is taken for a wish of its own.
void TryAlignment(const Problem* own, Finder& finder) {
  const std::int64_t now = finder.file().alignment;
  std::int64_t least = kMaxBytes;  // the bound at the alignment before: a lower one must promise more
  for (const std::int64_t alignment : {std::int64_t{16}, std::int64_t{1}}) {
    if (alignment >= now) continue;
    Problem problem = finder.base();
    for (std::size_t i = 0; i < problem.buffers.size(); ++i) {
      std::int64_t& it = problem.buffers[i].alignment;
      it = own != nullptr ? std::max(alignment, own->buffers[i].alignment) : it > now ? it : alignment;
    }
    const std::string change = "alignment " + std::to_string(now) + " -> " + std::to_string(alignment);
    least = std::min(least, finder.Try({"alignment", change}, std::move(problem), least));
  }
}

void CheckMatches(const Problem& problem, const Problem& made) {
  const bool same = std::equal(
      problem.buffers.begin(), problem.buffers.end(), made.buffers.begin(), made.buffers.end(),
      [](const Buffer& a, const Buffer& b) { return a.lower == b.lower && a.upper == b.upper && a.size == b.size; });
  if (!same) throw Error(ErrorCode::kMisuse, "the graph to explain is not the one that was planned");
}

std::string WhyAlive(const Graph& graph, const GraphUses& uses, int t) {
  const unsigned roles = graph.tensors()[t].roles;
  if ((roles & kState) != 0) return "is state";
  const std::string begin = uses.producer[t] < 0 ? "a graph input" : "written by " + OpLabel(graph, uses.producer[t]);
  if ((roles & kOutput) != 0) return begin + ", is a graph output";
  return begin +
         (uses.readers[t].empty() ? ", read by nobody" : ", read last by " + OpLabel(graph, uses.readers[t].back()));
}

std::vector<std::string> WhysOf(const Context& context) {
  std::vector<std::string> whys(context.bound.problem.buffers.size());
  for (int t = 0; t < static_cast<int>(context.bound.bindings.size()); ++t) {
    if (context.BufferOf(t) >= 0) whys[context.BufferOf(t)] = WhyAlive(context.graph, context.uses, t);
  }
  for (int step = 0; step < static_cast<int>(context.bound.workspaces.size()); ++step) {
    const int buffer = context.bound.workspaces[step].buffer;
    if (buffer >= 0) whys[buffer] = "scratch of " + OpLabel(context.graph, step);
  }
  return whys;
}

std::vector<PeakHolder> HoldersAt(const Problem& problem, std::int64_t step, const std::vector<std::string>& whys) {
  const std::vector<std::int64_t> bytes = BytesAt(problem, step);
  std::vector<PeakHolder> holders;
  for (int i = 0; i < static_cast<int>(bytes.size()); ++i) {
    if (bytes[i] == 0) continue;
    const Buffer& b = problem.buffers[i];
    holders.push_back({i, bytes[i],
                       whys.empty()
                           ? "alive from step " + std::to_string(b.lower) + " to step " + std::to_string(b.upper - 1)
                           : whys[i]});
  }
  std::stable_sort(holders.begin(), holders.end(),
                   [](const PeakHolder& a, const PeakHolder& b) { return a.bytes > b.bytes; });
  return holders;
}

void ExplainHolders(const Context& context, const Problem& problem, Explanation& explanation) {
  for (int step = 0; step < static_cast<int>(context.graph.ops().size()); ++step) {
    explanation.op_labels.push_back(OpLabel(context.graph, step));
  }
  explanation.holders = HoldersAt(problem, explanation.peak_step, WhysOf(context));
}

}  // namespace

Explanation Explain(const PlanFile& file, const Graph* graph, const ReusePlanner& planner) {
  static const Graph kNoGraph;
  Explanation explanation;
  explanation.peak_step = PeakStep(file.problem);
  const GraphUses uses = graph != nullptr ? UsesOf(*graph) : GraphUses();
  const BoundProblem bound = graph != nullptr ? MakeProblem(*graph, GraphLiveness(*graph)) : BoundProblem();
  const Context context{graph != nullptr ? *graph : kNoGraph, uses, bound, explanation.peak_step};
  if (graph != nullptr) {
    CheckMatches(file.problem, bound.problem);
    ExplainHolders(context, file.problem, explanation);
  } else {
    explanation.holders = HoldersAt(file.problem, explanation.peak_step, {});
  }
  if (!file.problem.pools.empty()) return explanation;
  Finder finder(file, planner);
  if (!context.graph.ops().empty()) {
    TryInPlace(context, finder);
    TryReorder(context, finder);
    TryEarlyOutputs(context, finder);
    TryUnreadOutputs(context, finder);
  }
  TryAlignment(graph != nullptr ? &bound.problem : nullptr, finder);
  explanation.what_ifs = finder.Plan();
  return explanation;
}

}  // namespace orionrt
