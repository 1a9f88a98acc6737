#include "plan/exact/exact.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/index.hpp"
#include "base/wide.hpp"
#include "plan/exact/cliques.hpp"
#include "plan/exact/exact_turns.hpp"
#include "plan/exact/model.hpp"
#include "plan/exact/windows.hpp"

namespace orionrt {
namespace {

// Of the climb from the bound to the best plan known: docs/planning.md, "The exact search".
constexpr std::size_t kMaxRows = 4096;
constexpr int kDeadBits = 20;                  // 8 MiB at most
constexpr std::int64_t kFirstBudget = 64;      // nodes per buffer, for the bound itself, before any other rung
constexpr std::int64_t kRungBudget = 16;       // nodes per buffer and rung, in the first sweep
constexpr std::int64_t kFirstShareOfWork = 2;  // ... and for either no more than a part of all work: half
constexpr std::int64_t kRungShare = 8;         // and an eighth
constexpr std::int64_t kTableShare = 16;       // of all work, for the tables of a capacity, and no more than
constexpr std::int64_t kMostTableWork = 20'000'000;
constexpr std::int64_t kStackShare = 8;  // of all work, for what lies on top of each other, and no more than
constexpr std::int64_t kMostStackWork = 1'000'000'000;
constexpr std::int64_t kClose = 8;       // part of the gap: a sweep that is so close to its best plan ends
constexpr int kFullRows = 100;           // from so many rows on a problem may be full
constexpr std::int64_t kRoom = 100;      // part of the bound that is left in a full one, on average
constexpr std::int64_t kFullNodes = 10;  // times as many nodes: nearly all of them have one branch

// `bound`: units.
bool IsFull(const ExactModel& model, std::int64_t bound) {
  Wide used = 0;
  for (int row = 0; row < model.row_count; ++row) used += Wide{model.size[At(row)]} * model.Length(row);
  const Wide all = Wide{bound} * model.section_count;
  return model.row_count >= kFullRows && all - used <= all / kRoom;
}

// One problem on its way between a proven bound and the best plan known; both in units.
class ExactClimb {
 public:
  // `lower_bound`: bytes, proven elsewhere.
  ExactClimb(const Problem& problem, std::int64_t lower_bound, const ExactLimits& limits)
      : problem_(problem),
        limit_{limits.max_nodes, limits.max_work},
        watch_(limits.watch),
        work_(limits.watch),
        model_(MakeExactModel(problem, work_)),
        bound_(std::max(model_.max_load, CeilUnits(lower_bound))) {
    Stacks stacks = FindStacks(model_, bound_, std::min(limit_.work / kStackShare, kMostStackWork), work_);
    if (!stacks.buffers.empty()) {
      bound_ = stacks.height;
      witness_ = std::move(stacks.buffers);
    }
    if (!stacks.cliques.empty()) model_ = AddSections(model_, stacks.cliques, work_);
    turns_.emplace(model_, IsFull(model_, bound_), kDeadBits, std::min(kMostTableWork, limit_.work / kTableShare),
                   work_);
    best_ = Ceiling() + 1;
  }

  void KnowPlan(std::int64_t peak_bytes) { best_ = std::min(best_, CeilUnits(peak_bytes)); }

  // Climbs from the bound towards the best plan, then again with more nodes, until the two meet.
  void Minimise() {
    if (IsFull(model_, bound_)) {
      Attempt(bound_, {limit_.nodes * kFullNodes, limit_.work - limit_.work / kRungShare});
    } else {
      Attempt(bound_, {std::min(kFirstBudget * model_.row_count, limit_.nodes / 2), limit_.work / kFirstShareOfWork});
    }
    // Whatever the limit of nodes, and unless the work is spent, hand over some plan: without a ceiling a dive hardly
    // ever has to turn back.
    if (best_ > Ceiling()) Attempt(Ceiling(), {kFirstBudget * model_.row_count, Left().work});
    for (ExactQuota budget{kRungBudget * model_.row_count, limit_.work / kRungShare}; Open(); budget = budget * 2) {
      RaiseBoundByWindows(budget / 4);
      if (Open()) Sweep(budget);
    }
  }

  // A single rung, until it is decided.
  void Decide(std::int64_t capacity_bytes) {
    const std::int64_t capacity = capacity_bytes / model_.unit;
    best_ = capacity + 1;
    for (ExactQuota budget{kFirstBudget * model_.row_count, limit_.work / kFirstShareOfWork}; Open();
         budget = budget * 2) {
      if (Attempt(capacity, Clip(budget))) return;
      if (Open() && AddWindow(capacity, budget / 4)) bound_ = best_;
    }
  }

  ExactResult Result() {
    work_.Report();
    ExactResult result;
    result.offsets = offsets_;
    result.peak = offsets_.empty() ? 0 : PeakOf(problem_, offsets_);
    result.proven_bound = bound_ * model_.unit;
    result.complete = bound_ >= best_;
    result.nodes = work_.spent().nodes;
    result.witness = witness_;
    return result;
  }

 private:
  std::int64_t CeilUnits(std::int64_t bytes) const { return (bytes + model_.unit - 1) / model_.unit; }
  bool Open() { return bound_ < best_ && !work_.IsPast(limit_); }

  ExactQuota Left() const { return {limit_.nodes - work_.spent().nodes, limit_.work - work_.spent().work}; }
  ExactQuota Clip(const ExactQuota& budget) const {
    return {std::min(budget.nodes, Left().nodes), std::min(budget.work, Left().work)};
  }

  // No plan without holes is higher.
  std::int64_t Ceiling() const {
    std::int64_t sum = 0;
    std::int64_t highest_fixed = 0;
    for (int row = 0; row < model_.row_count; ++row) {
      sum +=
          model_.begin[At(row)] + std::max(model_.room[At(row)], model_.size[At(row)]) + model_.alignment[At(row)] - 1;
      highest_fixed = std::max(highest_fixed, model_.fixed[At(row)]);
    }
    return sum + highest_fixed;
  }

  // True if it found a plan.
  bool Attempt(std::int64_t capacity, const ExactQuota& budget) {
    const Outcome outcome = turns_->Try(capacity, budget);
    if (outcome == Outcome::kRefuted && capacity >= bound_) {
      bound_ = capacity + 1;
      witness_ = BuffersOf(model_);
    }
    if (outcome != Outcome::kFound) return false;
    offsets_.clear();
    for (const Buffer& buffer : problem_.buffers) offsets_.push_back(std::max<std::int64_t>(buffer.fixed_offset, 0));
    for (int row = 0; row < model_.row_count; ++row) {
      offsets_[At(model_.original[At(row)])] = (turns_->OffsetOf(row) - model_.begin[At(row)]) * model_.unit;
    }
    best_ = std::min(best_, CeilUnits(PeakOf(problem_, offsets_)));
    if (watch_ != nullptr) watch_->Reach(PeakOf(problem_, offsets_));
    return true;
  }

  bool AddWindow(std::int64_t capacity, const ExactQuota& budget) {
    std::vector<int> refuted = RefuteByWindow(model_, capacity, {budget.nodes, Clip(budget).work}, work_);
    if (refuted.empty()) return false;
    witness_ = std::move(refuted);
    return true;
  }

  void RaiseBoundByWindows(const ExactQuota& budget) {
    while (Open() && AddWindow(bound_, budget)) ++bound_;
  }

  // The bound itself, then halving towards the best plan; among bundles, where the bound is often reached in the end
  // and a rung is dear, until hardly anything is left to win. A rung that is not reached with this budget says little
  // about those below: success is erratic in the capacity. The next sweep asks again, with more nodes and other ranks.
  void Sweep(const ExactQuota& budget) {
    Attempt(bound_, Clip(budget));
    std::int64_t low = bound_;
    const std::int64_t close = model_.HasBundles() ? (best_ - bound_) / kClose : 0;
    while (low < best_ && best_ - low > close && Open()) {
      const std::int64_t rung = low + (best_ - 1 - low) / 2;
      if (!Attempt(rung, Clip(budget))) low = std::max(rung, bound_ - 1) + 1;
    }
  }

  const Problem& problem_;
  const ExactQuota limit_;
  Watch* const watch_;
  WorkMeter work_;
  ExactModel model_;
  std::int64_t bound_;
  std::int64_t best_ = 0;
  std::optional<ExactTurns> turns_;
  std::vector<std::int64_t> offsets_;
  std::vector<int> witness_;
};

ExactResult PlanOfNothing(const Problem& problem) {
  ExactResult result;
  result.offsets.assign(problem.buffers.size(), 0);
  result.complete = true;
  return result;
}

bool IsEmpty(const Problem& problem) {
  return std::all_of(problem.buffers.begin(), problem.buffers.end(), [](const Buffer& b) { return b.size == 0; });
}

}  // namespace

bool IsFull(const Problem& problem, std::int64_t bound) {
  WorkMeter unmeasured;
  const ExactModel model = MakeExactModel(problem, unmeasured);
  return IsFull(model, (bound + model.unit - 1) / model.unit);
}

bool ExactCarries(const Problem& problem) { return problem.buffers.size() + problem.parts.size() <= kMaxRows; }

ExactResult SolveExact(const Problem& problem, std::int64_t lower_bound, const Plan* incumbent,
                       const ExactLimits& limits) {
  if (IsEmpty(problem)) return PlanOfNothing(problem);
  ExactClimb climb(problem, lower_bound, limits);
  if (incumbent != nullptr) climb.KnowPlan(incumbent->peak_bytes);
  climb.Minimise();
  return climb.Result();
}

ExactResult FitExact(const Problem& problem, std::int64_t capacity, const ExactLimits& limits) {
  if (IsEmpty(problem)) return PlanOfNothing(problem);
  ExactClimb climb(problem, 0, limits);
  climb.Decide(capacity);
  ExactResult result = climb.Result();
  result.complete |= !result.offsets.empty();
  return result;
}

}  // namespace orionrt
