// Explain: every change is made to a copy of the graph and planned, so what it says to save is what a plan saves.
#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "base/checked.hpp"
#include "base/index.hpp"
#include "base/text.hpp"
#include "graph/labels.hpp"
#include "graph/sharing.hpp"
#include "graph/shown.hpp"
#include "orionrt/config.hpp"
#include "orionrt/lowering.hpp"
#include "orionrt/report.hpp"
#include "orionrt/streams.hpp"
#include "plan/peaks.hpp"
#include "report/assumed_types.hpp"
#include "report/changes.hpp"
#include "report/stream_text.hpp"
#include "report/wait_what_ifs.hpp"

namespace orionrt {
namespace {

constexpr std::size_t kPlans = 12;              // changes that are planned: those of the lowest bound
constexpr std::size_t kTensors = 16;            // the largest at the peak, around which ops are moved
constexpr std::size_t kMovedOps = 32;           // by one change; more is a rewrite, not a hint
constexpr std::size_t kReorderedOps = 400'000;  // in all changed orders together: a fraction of a second

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
    has_parts[At(part.buffer)] = true;
    if (part.lower <= step && step < part.upper) bytes[At(part.buffer)] += part.end - part.begin;
  }
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const Buffer& b = problem.buffers[i];
    if (!has_parts[i] && b.lower <= step && step < b.upper) bytes[i] = b.size;
  }
  return bytes;
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
  std::int64_t Try(const std::string& kind, std::string sentence, std::string option, Problem problem,
                   std::int64_t than) {
    Trial trial = Bounded(kind, std::move(problem), {});
    trial.result.sentence = std::move(sentence);
    trial.result.option = std::move(option);
    const std::int64_t bound = trial.bound;
    if (bound < than) Keep(std::move(trial));
    return bound;
  }

  // `order`: the steps in the changed order; empty: as they are.
  Trial Bounded(const std::string& kind, Problem problem, const std::vector<int>& order) const {
    problem.ids.clear();
    problem.names.clear();
    const Certificate bound = LowerBound(problem);
    const std::int64_t next = order.empty() ? bound.witness_step : order[At(bound.witness_step)];
    return {{kind, "", "", 0, 0, next}, std::move(problem), bound.lower_bound_bytes, 0};
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
  Context(const Graph& of, const PlanFile& file)
      : graph(of),
        bare(WithoutWords(of)),
        liveness(of),
        lowered(MakeProblem(of, liveness)),
        uses(UsesOf(of, lowered)),
        alignment(file.alignment) {}

  const Graph& graph;
  Graph bare;  // to be changed
  GraphLiveness liveness;
  Lowered lowered;
  std::vector<BufferUse> uses;
  std::int64_t alignment;
  int step = 0;  // of the peak

  std::string Op(int position) const {
    const OpNode& op = graph.ops()[At(position)];
    return OpLabel(op) + (graph.streams() != nullptr ? " on stream " + std::to_string(op.stream) : "");
  }
  int ScratchOf(int buffer) const {  // whose scratch it is, a position
    const auto found = std::find_if(lowered.workspaces.begin(), lowered.workspaces.end(),
                                    [buffer](const Binding& binding) { return binding.buffer == buffer; });
    return static_cast<int>(found - lowered.workspaces.begin());
  }
  std::string Tensor(int index) const { return TensorLabel(graph.tensors()[At(index)]); }
  Problem ProblemOf(const Graph& changed) const {
    return MakeProblem(changed, GraphLiveness(changed), alignment).problem;
  }
};

// A transform as a change: at the op of the peak alone, and at every op. Elsewhere one alone leaves the peak as it is,
// but for views and parts, which save for longer than their op runs: these are found together with all others.
struct Sharing {
  bool Transforms::*on;
  const char* kind;
  const char* option;
  const char* all_ops;  // "... all 3 ops ..."
};
constexpr const char* kAllInPlace = "writing all # ops in place that can be";
constexpr Sharing kSharings[] = {
    {&Transforms::in_place, "in_place", "--in-place", kAllInPlace},
    {&Transforms::views, "view", "--views", "letting the results of all # ops be views that can be"},
    {&Transforms::colocate, "colocate", "--colocate", "writing what all # ops join where their results lie"},
};

// How many ops share something.
int CountSharing(const Context& context, const TransformedGraph& made) {
  std::set<int> ops;  // ids
  for (const InPlaceUse& use : made.in_place) ops.insert(use.op);
  for (const OpNode& op : made.graph.ops()) {
    for (int o = 0; o < static_cast<int>(op.outputs.size()) && !op.aliases.empty(); ++o) {
      const int tensor = context.graph.IndexOf(op.outputs[At(o)]);  // one that is a view anyway is nobody's doing
      const bool has_bytes = context.graph.RootOf(tensor).index == tensor;
      if (has_bytes && IsShown(made.graph, made.lowered.bindings, op, o)) ops.insert(op.id);
    }
  }
  return static_cast<int>(ops.size());
}

std::string WithCount(std::string sentence, int count) {
  return sentence.replace(sentence.find('#'), 1, FormatThousands(count));
}

// What one op does to share bytes, as Transform made it.
std::string SentenceOf(const Context& context, const Sharing& sharing, const TransformedGraph& made) {
  const OpNode& op = context.graph.ops()[At(context.step)];
  if (sharing.on == &Transforms::colocate) return "writing what " + OpLabel(op) + " joins where its result lies";
  const bool in_place = sharing.on == &Transforms::in_place;
  std::vector<int> inputs;  // tensors, by index
  for (const InPlaceUse& use : made.in_place) inputs.push_back(context.graph.IndexOf(use.input));
  for (const Alias& alias : op.aliases) {
    if (!in_place && alias.kind == AliasKind::kView)
      inputs.push_back(context.graph.IndexOf(op.inputs[At(alias.input)]));
  }
  std::string names;
  for (auto input = inputs.begin(); input != inputs.end(); ++input) {
    const bool again = std::find(inputs.begin(), input, *input) != input;
    if (!again) names += (names.empty() ? "" : " and ") + context.Tensor(*input);
  }
  return in_place ? "writing " + OpLabel(op) + " in place of " + names
                  : "letting the result of " + OpLabel(op) + " be a view of " + names;
}

void TrySharing(const Context& context, const Sharing& sharing, Finder& finder) {
  Transforms only;
  only.*sharing.on = true;
  std::vector<int> ids;
  for (const OpNode& op : context.graph.ops()) {
    if (Allows(op, sharing.on)) ids.push_back(op.id);
  }
  std::int64_t least = kMaxBytes;                              // the bound of one op alone: all have to promise more
  const bool on_streams = context.graph.streams() != nullptr;  // where no op is the peak's
  const OpNode& peak_op = context.graph.ops()[At(on_streams ? 0 : context.step)];
  if (!on_streams && Allows(peak_op, sharing.on)) {
    TransformedGraph made = TransformAt(context.bare, only, {peak_op.id}, context.alignment);
    if (CountSharing(context, made) > 0) {
      least = finder.Try(sharing.kind, SentenceOf(context, sharing, made), sharing.option,
                         std::move(made.lowered.problem), kMaxBytes);
    }
  }
  if (ids.size() < 2) return;
  TransformedGraph made = TransformAt(context.bare, only, ids, context.alignment);
  const int count = CountSharing(context, made);
  if (count < 2) return;
  finder.Try(std::string(sharing.kind) + "_all", WithCount(sharing.all_ops, count), sharing.option,
             std::move(made.lowered.problem), least);
}

std::string SentenceOf(const AssumedTypes& assumed) {
  std::string types;
  for (const std::string& type : assumed.types) types += (types.empty() ? "" : " and ") + Printable(type, 60);
  const std::string others = FormatThousands(assumed.other_ops);
  return "writing " + types + " (" + FormatThousands(assumed.ops) + (assumed.ops == 1 ? " op" : " ops") +
         ") in place, if your kernels can" + (assumed.other_ops > 0 ? ", and the " + others + " known to work so" : "");
}

// Types of ops that nobody says may write in place, each time with all that may. `transforms`: of the plan.
void TryAssumedTypes(const Graph& graph, const Transforms& transforms, Finder& finder) {
  const std::string in_place = transforms.in_place ? "" : "--in-place ";
  std::int64_t least = kMaxBytes;
  for (AssumedTypes& assumed : AssumeTypes(graph, transforms, finder.file().alignment)) {
    if (assumed.types.empty()) {
      least = LowerBound(assumed.lowered.problem).lower_bound_bytes;
      continue;
    }
    std::string types;
    for (const std::string& type : assumed.types) types += (types.empty() ? "" : ",") + type;
    least = std::min(least, finder.Try("assume_in_place", SentenceOf(assumed),
                                       in_place + "--assume-in-place " + ShellWord(Printable(types, 300)),
                                       std::move(assumed.lowered.problem), least));
  }
}

std::string SentenceOf(const Context& context, const Move& move, int tensor) {
  constexpr std::size_t kNamed = 4;
  std::string ops;
  for (std::size_t k = 0; k < move.ops.size() && k < kNamed; ++k) ops += (k > 0 ? ", " : "") + context.Op(move.ops[k]);
  if (move.ops.size() > kNamed) ops += " and " + std::to_string(move.ops.size() - kNamed) + " more";
  const bool sooner = move.before <= context.step;
  const bool at_end = move.before == static_cast<int>(context.graph.ops().size());
  return (sooner ? "freeing " : "writing ") + context.Tensor(tensor) + (sooner ? " sooner" : " later") + " needs " +
         ops + " moved " + (at_end ? "to the end" : "before " + context.Op(move.before));
}

// Buffers of tensors alive at the peak, the largest first.
std::vector<int> LargestAt(const Context& context, const Problem& problem) {
  std::vector<int> buffers;
  for (int b = 0; b < static_cast<int>(problem.buffers.size()); ++b) {
    const bool alive = problem.buffers[At(b)].lower <= context.step && context.step < problem.buffers[At(b)].upper;
    if (alive && context.uses[At(b)].tensor >= 0) buffers.push_back(b);
  }
  std::stable_sort(buffers.begin(), buffers.end(),
                   [&](int a, int b) { return problem.buffers[At(a)].size > problem.buffers[At(b)].size; });
  if (buffers.size() > kTensors) buffers.resize(kTensors);
  return buffers;
}

// The best change of the order around one buffer, of those that were not tried around another.
std::optional<Trial> BestMove(const Context& context, const Finder& finder, const Mover& mover, int buffer,
                              std::vector<Move>& tried) {
  const std::size_t ops = context.graph.ops().size();
  std::optional<Trial> best;
  for (Move& move : mover.MovesAround(context.uses[At(buffer)], context.step, kMovedOps)) {
    if (std::find(tried.begin(), tried.end(), move) != tried.end()) continue;
    if ((tried.size() + 1) * ops > kReorderedOps) break;
    const std::vector<int> order = OrderAfter(static_cast<int>(ops), move);
    Trial trial = finder.Bounded("reorder", context.ProblemOf(Reordered(context.bare, order)), order);
    if (!best || trial.bound < best->bound) {
      best = std::move(trial);
      best->moved_ops = move.ops.size();
      best->result.option = "--reorder";
      best->result.sentence = SentenceOf(context, move, context.uses[At(buffer)].tensor);
    }
    tried.push_back(std::move(move));
  }
  return best;
}

// Of changes that promise the same, the one that moves the fewest ops.
void TryReorder(const Context& context, Finder& finder) {
  const Mover mover(context.graph);
  std::vector<Move> tried;
  std::vector<Trial> trials;
  for (const int buffer : LargestAt(context, finder.base())) {
    std::optional<Trial> best = BestMove(context, finder, mover, buffer, tried);
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

// Where the life of a buffer of outputs would end if none of them were; as it is for what is no output, or is state.
std::int64_t EndAsNoOutput(const BufferUse& use, const Buffer& buffer) {
  if ((use.roles & TensorRole::kOutput) == 0 || (use.roles & TensorRole::kState) != 0) return buffer.upper - 1;
  return use.readers.empty() ? std::max(0, use.writer) : use.readers.back();
}

// With lives that end at these steps, by buffer. Parts may be over sooner yet; taken to last as long as the buffer,
// they promise no more than is there.
Problem EndingAt(Problem problem, const std::vector<std::int64_t>& ends) {
  for (std::size_t b = 0; b < ends.size(); ++b) problem.buffers[b].upper = ends[b] + 1;
  for (Part& part : problem.parts) part.upper = std::min(part.upper, ends[At(part.buffer)] + 1);
  return problem;
}

// Outputs that are kept though nothing in the graph reads them any more.
void TryEarlyOutputs(const Context& context, Finder& finder) {
  std::vector<std::int64_t> as_given, all;
  int count = 0;
  for (std::size_t b = 0; b < context.uses.size(); ++b) {
    as_given.push_back(finder.base().buffers[b].upper - 1);
    all.push_back(EndAsNoOutput(context.uses[b], finder.base().buffers[b]));
    count += all[b] < as_given[b];
  }
  std::int64_t least = kMaxBytes;  // the lowest bound of one alone: all have to promise more
  for (const int buffer : LargestAt(context, finder.base())) {
    if (all[At(buffer)] >= context.step) continue;
    std::vector<std::int64_t> ends = as_given;
    ends[At(buffer)] = all[At(buffer)];
    const std::string sentence = "taking output " + context.Tensor(context.uses[At(buffer)].output) + " right after " +
                                 context.Op(static_cast<int>(all[At(buffer)])) + ", not at the end";
    least = std::min(least, finder.Try("early_output", sentence, "", EndingAt(finder.base(), ends), kMaxBytes));
  }
  if (count < 2) return;
  finder.Try("early_output_all", "taking all " + FormatThousands(count) + " outputs as soon as they are done", "",
             EndingAt(finder.base(), all), least);
}

// Results that nobody wants.
void TryUnreadOutputs(const Context& context, Finder& finder) {
  for (const int buffer : LargestAt(context, finder.base())) {
    const BufferUse& use = context.uses[At(buffer)];
    if (use.roles != 0 || !use.readers.empty() || use.writer != context.step) continue;
    Problem problem = finder.base();
    problem.buffers[At(buffer)].size = 0;
    const std::string op = context.Op(use.writer);
    finder.Try("unread_output", "not writing " + context.Tensor(use.tensor) + " of " + op + ", which nobody reads", "",
               std::move(problem), kMaxBytes);
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
    least = std::min(
        least, finder.Try("alignment", change, "--alignment " + std::to_string(alignment), std::move(problem), least));
  }
}

void CheckMatches(const Problem& problem, const Problem& made) {
  const bool same = std::equal(
      problem.buffers.begin(), problem.buffers.end(), made.buffers.begin(), made.buffers.end(),
      [](const Buffer& a, const Buffer& b) { return a.lower == b.lower && a.upper == b.upper && a.size == b.size; });
  if (!same) throw Error(ErrorCode::kMisuse, "the graph to explain is not the one that was planned");
}

// The last of these to read on each stream, as far as no other comes behind it.
std::string LastReaders(const Context& context, const std::vector<int>& readers) {
  const StreamOrder* const order = context.graph.streams();
  if (order == nullptr) return context.Op(readers.back());
  std::string text;
  for (const int reader : readers) {
    const bool is_last = std::none_of(readers.begin(), readers.end(),
                                      [&](int other) { return other != reader && order->IsBefore(reader, other); });
    if (is_last) text += (text.empty() ? "" : " and ") + context.Op(reader);
  }
  return text;
}

std::string WhyAlive(const Context& context, int buffer) {
  const BufferUse& use = context.uses[At(buffer)];
  if (use.tensor < 0) return "scratch of " + context.Op(context.ScratchOf(buffer));
  if ((use.roles & TensorRole::kState) != 0) return "is state";
  const std::string begin = use.writer < 0 ? "a graph input" : "written by " + context.Op(use.writer);
  if ((use.roles & TensorRole::kOutput) != 0) return begin + ", is a graph output";
  return begin + (use.readers.empty() ? ", read by nobody" : ", read last by " + LastReaders(context, use.readers));
}

// What the bound of several streams rests on.
std::vector<PeakHolder> HoldersOf(const Problem& problem, const Certificate& bound,
                                  const std::optional<Context>& context) {
  std::vector<PeakHolder> holders;
  const Clocks& clocks = problem.clocks;
  for (const int i : bound.witness) {
    holders.push_back({i, problem.buffers[At(i)].size,
                       context ? WhyAlive(*context, i)
                               : "alive from " + ClockText(clocks.begins, clocks.streams, i) + " to " +
                                     ClockText(clocks.ends, clocks.streams, i)});
  }
  std::stable_sort(holders.begin(), holders.end(),
                   [](const PeakHolder& a, const PeakHolder& b) { return a.bytes > b.bytes; });
  return holders;
}

// One more wait: each is made, and the three of the lowest bound are planned.
void TryWaits(const Context& context, const std::vector<int>& heaviest, Finder& finder) {
  constexpr std::size_t kWaits = 24, kOps = 48'000, kKept = 3;
  const std::size_t ops = std::max<std::size_t>(1, context.graph.ops().size());
  const int chain = LongestChain(context.graph);
  std::vector<Trial> trials;
  for (const WaitChange& change : WaitsBetween(context.graph, context.uses, finder.base(), heaviest,
                                               std::clamp<std::size_t>(kOps / ops, 1, kWaits))) {
    const Graph changed = WithWait(context.bare, change);
    trials.push_back(finder.Bounded("wait", context.ProblemOf(changed), {}));
    trials.back().result.sentence = SentenceOf(context.graph, change, chain, LongestChain(changed));
  }
  std::stable_sort(trials.begin(), trials.end(), [](const Trial& a, const Trial& b) { return a.bound < b.bound; });
  if (trials.size() > kKept) trials.resize(kKept);
  for (Trial& trial : trials) finder.Keep(std::move(trial));
}

// Why a buffer is alive; `op_labels`: by step, or none.
std::string WhyAlive(const Problem& problem, int buffer, const std::optional<Context>& context,
                     const std::vector<std::string>& op_labels) {
  if (context) return WhyAlive(*context, buffer);
  const auto say = [&](std::int64_t step) {
    const bool named = step >= 0 && step < static_cast<std::int64_t>(op_labels.size());
    return named ? op_labels[At(step)] : "step " + FormatThousands(step);
  };
  return "alive from " + say(problem.buffers[At(buffer)].lower) + " to " + say(problem.buffers[At(buffer)].upper - 1);
}

std::vector<PeakHolder> HoldersAt(const Problem& problem, std::int64_t step, const std::optional<Context>& context,
                                  const std::vector<std::string>& op_labels) {
  const std::vector<std::int64_t> bytes = BytesAt(problem, step);
  std::vector<PeakHolder> holders;
  for (int i = 0; i < static_cast<int>(bytes.size()); ++i) {
    if (bytes[At(i)] > 0) holders.push_back({i, bytes[At(i)], WhyAlive(problem, i, context, op_labels)});
  }
  std::stable_sort(holders.begin(), holders.end(),
                   [](const PeakHolder& a, const PeakHolder& b) { return a.bytes > b.bytes; });
  return holders;
}

// All steps of the peak: the first, and who is alive there; then the others.
void AddPeaks(const Problem& problem, const std::optional<Context>& context, Explanation& explanation) {
  constexpr std::size_t kMostSpans = 64, kMostHolders = 10'000;
  const std::vector<StepSpan> spans = PeakSpans(problem);
  if (spans.empty()) return;
  std::size_t holders = 0;
  for (const StepSpan& span : spans) {
    explanation.peak_steps += span.last - span.first + 1;
    if (&span == &spans.front()) {
      explanation.peak_step = span.first;
      explanation.holders = HoldersAt(problem, span.first, context, explanation.op_labels);
      if (span.last > span.first) explanation.other_peaks.push_back({span.first + 1, span.last, explanation.holders});
    } else if (explanation.other_peaks.size() < kMostSpans && holders < kMostHolders) {
      explanation.other_peaks.push_back(
          {span.first, span.last, HoldersAt(problem, span.first, context, explanation.op_labels)});
      holders += explanation.other_peaks.back().holders.size();
    }
  }
}

// On several streams.
void ExplainStreams(const PlanFile& file, const std::optional<Context>& context, const ReusePlanner& planner,
                    Explanation& explanation) {
  Problem free = file.problem;
  for (Buffer& buffer : free.buffers) buffer.fixed_offset = kFree;
  free.spaces.clear();
  free.allowed_spaces.clear();
  free.uses.clear();
  const Certificate bound = LowerBound(free);
  explanation.holders = HoldersOf(file.problem, bound, context);
  if (!file.problem.spaces.empty()) return;
  Finder finder(file, planner);
  if (context && !context->graph.ops().empty()) {
    TryWaits(*context, bound.witness, finder);
    for (const Sharing& sharing : kSharings) TrySharing(*context, sharing, finder);
  }
  TryAlignment(context ? &context->lowered.problem : nullptr, finder);
  explanation.what_ifs = finder.Plan();
}

std::vector<std::string> OpLabels(const Graph& graph) {
  std::vector<std::string> labels;
  for (const OpNode& op : graph.ops()) labels.push_back(OpLabel(op));
  return labels;
}

// Of tensors that share bytes.
Explanation ExplainTransformed(const PlanFile& file, const TransformedGraph& transformed, const ReusePlanner& planner) {
  CheckMatches(file.problem, transformed.lowered.problem);
  Explanation explanation;
  explanation.op_labels = OpLabels(transformed.graph);
  AddPeaks(file.problem, {}, explanation);
  if (!file.problem.spaces.empty()) return explanation;
  Finder finder(file, planner);
  TryAssumedTypes(transformed.graph, transformed.transforms, finder);
  TryAlignment(nullptr, finder);
  explanation.what_ifs = finder.Plan();
  return explanation;
}

}  // namespace

Explanation Explain(const PlanFile& file, const Graph* graph, const ReusePlanner& planner) {
  Explanation explanation;
  std::optional<Context> context;
  if (graph != nullptr) {
    context.emplace(*graph, file);
    CheckMatches(file.problem, context->lowered.problem);
    explanation.op_labels = OpLabels(*graph);
  }
  if (file.problem.clocks.streams > 0) {
    ExplainStreams(file, context, planner, explanation);
    return explanation;
  }
  AddPeaks(file.problem, context, explanation);
  if (!file.problem.spaces.empty()) return explanation;
  Finder finder(file, planner);
  if (context && !graph->ops().empty()) {
    context->step = static_cast<int>(explanation.peak_step);
    for (const Sharing& sharing : kSharings) TrySharing(*context, sharing, finder);
    TryAssumedTypes(*graph, {}, finder);
    TryReorder(*context, finder);
    TryEarlyOutputs(*context, finder);
    TryUnreadOutputs(*context, finder);
    explanation.more_streams = SayTwoStreams(context->bare, file.alignment, file.plan.peak_bytes, planner);
  }
  TryAlignment(context ? &context->lowered.problem : nullptr, finder);
  explanation.what_ifs = finder.Plan();
  return explanation;
}

Explanation ExplainWorkload(const PlanFile& file, const Workload* workload, const ReusePlanner& planner) {
  const bool is_graph = workload != nullptr && workload->transformed != nullptr;
  const Graph* const graph = is_graph ? GraphOf(*workload) : nullptr;
  if (!is_graph || graph != nullptr || file.problem.clocks.streams > 0) return Explain(file, graph, planner);
  return ExplainTransformed(file, *workload->transformed, planner);
}

}  // namespace orionrt
