#include "plan/exact/search.hpp"

#include <algorithm>
#include <limits>
#include <tuple>

#include "base/index.hpp"

namespace orionrt {
namespace {

constexpr int kRaise = -1;  // the branch that gives up space, among rows
constexpr std::int64_t kLast = std::numeric_limits<std::int64_t>::max();
constexpr int kMaxDepth = 6000;  // placements and raises on one path; under 2 MiB of stack, 4 without optimisation

// 64 log2(weight) + 256: the branches a section may have for its failures grow with their logarithm only, or the
// search would stare at one section for ever.
std::int64_t Allowance(std::int64_t weight) {
  int bits = 0;
  while (weight >> (bits + 1)) ++bits;
  return 256 + 64 * bits + (((weight << 6) >> bits) & 63);
}

constexpr std::int64_t kWaits = std::int64_t{1} << 60;  // above all scores

// What makes a section a good place to branch, lower is better: few branches, little slack (in 16ths of the capacity),
// many failures. One branch or none costs nothing, so it comes before all others.
std::int64_t ScoreOf(int branches, std::int64_t slack, std::int64_t weight) {
  if (branches <= 1) return branches;
  return (std::int64_t{branches - 1} << 26) / Allowance(weight) * (1 + slack);
}

}  // namespace

ExactSearch::ExactSearch(const ExactModel& model, std::int64_t table_work, DeadStates& dead, WorkMeter& work)
    : model_(model),
      dead_(dead),
      work_(work),
      state_(model, table_work, work),
      branches_(At(model.section_count + 1), 0),
      filled_before_(At(model.section_count + 1), 0),
      filled_behind_(At(model.section_count + 1), 0) {
  if (model.HasBundles()) forced_ = waiting_ = branches_;
}

Outcome ExactSearch::Run(std::int64_t capacity, ExactStrategy& strategy, const ExactQuota& quota,
                         std::int64_t patience) {
  strategy_ = &strategy;
  state_.weights().swap(strategy.weights);
  end_ = work_.After(quota);
  patience_ = patience;
  stalled_ = most_placed_ = 0;
  stopped_ = false;
  const bool found = state_.Reset(capacity) && SolveSubproblems(0, model_.section_count);
  state_.weights().swap(strategy.weights);
  candidates_.clear();
  subproblems_.clear();
  depth_ = 0;
  if (found) return Outcome::kFound;
  return stopped_ ? Outcome::kStopped : Outcome::kRefuted;
}

void ExactSearch::NoteProgress() {
  ++stalled_;
  if (state_.placed_count() <= most_placed_) return;
  most_placed_ = state_.placed_count();
  stalled_ = 0;
}

bool ExactSearch::OutOfQuota() {
  if (work_.IsPast(end_) || depth_ >= kMaxDepth || stalled_ > patience_) stopped_ = true;
  return stopped_;
}

// Shorter subproblems first: they fail cheaper.
bool ExactSearch::SolveSubproblems(int begin, int end) {
  const std::size_t mark = subproblems_.size();
  for (int s = begin; s < end;) {
    const int first = s++;
    if (state_.active_count(first) == 0) continue;
    while (s < end && state_.joined(s)) ++s;
    subproblems_.push_back({s - first, first, s});
  }
  const std::size_t count = subproblems_.size() - mark;
  if (count > 1) {
    std::sort(subproblems_.begin() + static_cast<std::ptrdiff_t>(mark), subproblems_.end(),
              [](const Subproblem& a, const Subproblem& b) {
                return std::tie(a.length, a.begin) < std::tie(b.length, b.begin);
              });
  }
  work_.Add(Look::kSection, end - begin);
  bool solved = true;
  for (std::size_t i = mark; solved && i < mark + count; ++i) {
    const Subproblem subproblem = subproblems_[i];
    solved = SolveSubproblem(subproblem.begin, subproblem.end);
  }
  subproblems_.resize(mark);
  return solved;
}

bool ExactSearch::SolveSubproblem(int begin, int end) {
  work_.AddNode();
  NoteProgress();
  if (OutOfQuota()) return false;
  const std::uint64_t key = KeyOf(begin, end);
  if (dead_.Contains(key)) return false;
  const Niche niche = ChooseNiche(begin, end);
  const std::size_t first = candidates_.size();
  const std::size_t mark = state_.Mark();
  CollectCandidates(niche);
  const bool forced = candidates_.size() > first && IsForced(candidates_[first].second);
  const std::int64_t raised = forced ? kLast : RaisedFloor(niche);
  if (raised - niche.floor <= state_.Slack(niche.section)) {
    candidates_.emplace_back(kLast, kRaise);
  }
  if (strategy_->probe && candidates_.size() > first + 1) ProbeCandidates(first, niche, raised);
  const std::size_t last = candidates_.size();
  ++depth_;
  bool solved = false;
  for (std::size_t i = first; i < last && !solved && !stopped_; ++i) {
    const int choice = candidates_[i].second;
    solved = Apply(choice, niche, raised) && SolveSubproblems(begin, end);
    if (!solved && !stopped_) state_.Undo(mark);
  }
  --depth_;
  candidates_.resize(first);
  if (!solved && !stopped_) dead_.Insert(key);
  return solved;
}

bool ExactSearch::Apply(int choice, const Niche& niche, std::int64_t raised) {
  const bool alive = choice == kRaise ? state_.Raise(niche.section, raised) : state_.Place(choice);
  if (!alive) ++state_.weights()[At(state_.failed_section())];
  return alive;
}

ExactSearch::Niche ExactSearch::ChooseNiche(int begin, int end) {
  Niche best;
  std::int64_t best_score = std::numeric_limits<std::int64_t>::max();
  std::int64_t best_slack = best_score;
  const std::int64_t sixteenth = std::max<std::int64_t>(state_.capacity() / 16, 1);
  for (int s = begin; s < end;) {
    if (IsWall(s)) {
      ++s;
      continue;
    }
    const int niche_begin = s;
    const std::int64_t floor = state_.floor(s);
    bool all_on_tops = true;
    for (; s < end && !IsWall(s) && state_.floor(s) == floor; ++s) all_on_tops &= state_.top(s) == floor;
    if (niche_begin > begin && !IsWall(niche_begin - 1) && state_.floor(niche_begin - 1) < floor) continue;
    if (s < end && !IsWall(s) && state_.floor(s) < floor) continue;
    if (strategy_->chains) {
      CountChains(niche_begin, s, floor);
    } else {
      CountBranches(niche_begin, s, floor, all_on_tops);
    }
    work_.Add(Look::kChoice, s - niche_begin);
    for (int t = niche_begin; t < s; ++t) {
      const std::int64_t slack = state_.Slack(t);
      const int branches = branches_[At(t)] + (slack > 0);
      std::int64_t score = ScoreOf(branches, slack / sixteenth, state_.weight(t));
      if (model_.HasBundles()) {
        if (forced_[At(t)] > 0) score = 0;
        if (waiting_[At(t)] > 0 && slack > 0) score += kWaits;
      }
      if (std::tie(score, slack) < std::tie(best_score, best_slack)) {
        best_score = score;
        best_slack = slack;
        best = {t, floor};
        if (score == 0 || (score == 1 && slack == 0)) return best;
      }
    }
  }
  return best;
}

// Into branches_, for each section of a niche but for giving up. What can start on its floor lives within it, as the
// floors on both sides are higher, so each buffer is asked once.
void ExactSearch::CountBranches(int begin, int end, std::int64_t floor, bool all_on_tops) {
  if (all_on_tops && !model_.HasBundles() && !state_.HasTables()) {
    for (int s = begin; s < end; ++s) branches_[At(s)] = state_.ready_count(s);
    return;
  }
  std::fill(branches_.begin() + begin, branches_.begin() + end + 1, 0);
  if (model_.HasBundles()) {
    std::fill(forced_.begin() + begin, forced_.begin() + end + 1, 0);
    std::fill(waiting_.begin() + begin, waiting_.begin() + end + 1, 0);
  }
  const int first_start = model_.start_begin[At(begin)];
  const int last_start = model_.start_begin[At(end)];
  work_.Add(Look::kUnplaced, last_start - first_start);
  for (int row = first_start; row < last_start; ++row) {
    if (state_.placed(row) || state_.head(row) != floor || !CanBegin(row, floor)) continue;
    CountOver(branches_, row);
    if (model_.bundle[At(row)] < 0) continue;
    if (state_.decided(row))
      CountOver(forced_, row);
    else if (CouldBeSupported(row))
      CountOver(waiting_, row);
  }
  for (int s = begin + 1; s < end; ++s) branches_[At(s)] += branches_[At(s - 1)];
  for (int s = begin + 1; s < end && model_.HasBundles(); ++s) {
    forced_[At(s)] += forced_[At(s - 1)];
    waiting_[At(s)] += waiting_[At(s - 1)];
  }
}

// The same, but only of rows that others, and sections with something to give up, can join into a chain from wall to
// wall: what lies on the floor of a niche, and what stays empty there, are such a chain in any plan.
void ExactSearch::CountChains(int begin, int end, std::int64_t floor) {
  ready_.clear();
  for (int row = model_.start_begin[At(begin)]; row < model_.start_begin[At(end)]; ++row) {
    if (!state_.placed(row) && state_.head(row) == floor && CanBegin(row, floor)) ready_.push_back(row);
  }
  std::fill(branches_.begin() + begin, branches_.begin() + end + 1, 0);
  std::fill(filled_before_.begin() + begin, filled_before_.begin() + end + 1, 0);
  std::fill(filled_behind_.begin() + begin, filled_behind_.begin() + end + 1, 0);
  filled_before_[At(begin)] = filled_behind_[At(end)] = 1;
  std::size_t next = 0;
  for (int s = begin; s < end; ++s) {
    const bool filled = filled_before_[At(s)] != 0;
    if (filled && state_.Slack(s) > 0) filled_before_[At(s + 1)] = 1;
    for (; next < ready_.size() && model_.first[At(ready_[next])] == s; ++next) {
      if (filled) filled_before_[At(model_.last[At(ready_[next])])] = 1;
    }
  }
  for (int s = end; s-- > begin;) {
    if (filled_behind_[At(s + 1)] != 0 && state_.Slack(s) > 0) filled_behind_[At(s)] = 1;
    for (; next > 0 && model_.first[At(ready_[next - 1])] == s; --next) {
      if (filled_behind_[At(model_.last[At(ready_[next - 1])])] != 0) filled_behind_[At(s)] = 1;
    }
  }
  for (const int row : ready_) {
    if (IsInChain(row)) CountOver(branches_, row);
  }
  for (int s = begin + 1; s < end; ++s) branches_[At(s)] += branches_[At(s - 1)];
  work_.Add(Look::kInChain, model_.start_begin[At(end)] - model_.start_begin[At(begin)] + end - begin);
}

bool ExactSearch::IsInChain(int row) const {
  return filled_before_[At(model_.first[At(row)])] != 0 && filled_behind_[At(model_.last[At(row)])] != 0;
}

// As differences, to be summed up.
void ExactSearch::CountOver(std::vector<int>& counts, int row) const {
  ++counts[At(model_.first[At(row)])];
  --counts[At(model_.last[At(row)])];
}

// Can `row`, which is ready, be placed on `floor` in a plan in which nothing can drop?
bool ExactSearch::CanBegin(int row, std::int64_t floor) const {
  if (state_.decided(row)) return true;
  if (!state_.CanFollow(row)) return false;
  const int bundle = model_.bundle[At(row)];
  if (bundle < 0) return Supported(row, floor);
  for (int k = model_.bundle_begin[At(bundle)]; k < model_.bundle_begin[At(bundle + 1)]; ++k) {
    const int other = model_.bundle_rows[At(k)];
    if (Supported(other, state_.head(other))) return true;
  }
  return CouldBeSupported(row);
}

// Does `row`, put on `floor`, lie on the ground or on another buffer somewhere (up to its alignment)?
bool ExactSearch::Supported(int row, std::int64_t floor) const {
  const std::int64_t below = floor - model_.alignment[At(row)];
  if (below < model_.begin[At(row)]) return true;
  const int end = model_.last[At(row)];
  int s = model_.first[At(row)];
  while (s < end && state_.top(s) <= below) ++s;
  work_.Add(Look::kSection, s - model_.first[At(row)]);
  return s < end;
}

// Could something that is not placed yet come to lie below a row of the same bundle?
bool ExactSearch::CouldBeSupported(int row) const {
  const int bundle = model_.bundle[At(row)];
  for (int k = model_.bundle_begin[At(bundle)]; k < model_.bundle_begin[At(bundle + 1)]; ++k) {
    const int upper = model_.bundle_rows[At(k)];
    for (int s = model_.first[At(upper)]; s < model_.last[At(upper)]; ++s) {
      if (state_.floor(s) >= state_.head(upper)) continue;
      const int* rows = state_.active(s);
      work_.Add(Look::kUnplaced, state_.active_count(s));
      const bool any = std::any_of(rows, rows + state_.active_count(s), [&](int other) {
        return model_.bundle[At(other)] != bundle && state_.head(other) + model_.size[At(other)] <= state_.head(upper);
      });
      if (any) return true;
    }
  }
  return false;
}

void ExactSearch::CollectCandidates(const Niche& niche) {
  const std::size_t first = candidates_.size();
  const int* rows = state_.active(niche.section);
  work_.Add(Look::kUnplaced, state_.active_count(niche.section));
  for (int k = 0; k < state_.active_count(niche.section); ++k) {
    const int row = rows[k];
    const int twin = model_.twin[At(row)];
    if (state_.head(row) != niche.floor || (twin >= 0 && !state_.decided(twin))) continue;
    if (IsForced(row)) {
      candidates_.resize(first);
      candidates_.emplace_back(0, row);
      return;
    }
    if (strategy_->chains && !IsInChain(row)) continue;
    if (CanBegin(row, niche.floor)) candidates_.emplace_back(strategy_->rank[At(row)], row);
  }
  std::sort(candidates_.begin() + static_cast<std::ptrdiff_t>(first), candidates_.end());
}

// Tries each branch, drops those that fail at once, and sorts the rest by the space they give up. To give up more than
// an alignment takes comes last. A node of a dense problem has hundreds of branches, so the quota is looked at between
// them, too.
void ExactSearch::ProbeCandidates(std::size_t first, const Niche& niche, std::int64_t raised) {
  const std::size_t mark = state_.Mark();
  std::size_t kept = first;
  for (std::size_t i = first; i < candidates_.size(); ++i) {
    const int choice = candidates_[i].second;
    state_.ResetWaste();
    if (Apply(choice, niche, raised)) {
      const bool last = choice == kRaise && raised - niche.floor >= model_.max_alignment;
      candidates_[kept++] = {last ? kLast : state_.waste(), choice};
    }
    state_.Undo(mark);
    if (OutOfQuota()) return;
  }
  candidates_.resize(kept);
  std::stable_sort(candidates_.begin() + static_cast<std::ptrdiff_t>(first), candidates_.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
}

// If nothing starts at the niche's floor in its section, the lowest buffer there either has a higher head, or could fit
// but lies on one that is not alive in this section.
std::int64_t ExactSearch::RaisedFloor(const Niche& niche) const {
  std::int64_t raised = std::numeric_limits<std::int64_t>::max() / 2;
  if (state_.Slack(niche.section) == 0) return raised;
  int begin = niche.section;
  int end = niche.section + 1;
  const int* rows = state_.active(niche.section);
  for (int k = 0; k < state_.active_count(niche.section); ++k) {
    const int row = rows[k];
    if (state_.head(row) > niche.floor) {
      raised = std::min(raised, state_.head(row));
    } else if (model_.bundle[At(row)] >= 0) {
      raised = std::min(raised, NextOn(row, niche));
    } else {
      begin = std::min(begin, model_.first[At(row)]);
      end = std::max(end, model_.last[At(row)]);
    }
  }
  const auto rest_on = [&](int row) {
    if (!state_.placed(row)) raised = std::min(raised, state_.head(row) + model_.size[At(row)]);
  };
  const int first_end = model_.end_begin[At(begin + 1)];
  const int last_end = model_.end_begin[At(niche.section + 1)];
  for (int k = first_end; k < last_end; ++k) rest_on(model_.by_end[At(k)]);
  const int first_start = model_.start_begin[At(niche.section + 1)];
  const int last_start = model_.start_begin[At(end)];
  for (int row = first_start; row < last_start; ++row) rest_on(row);
  work_.Add(Look::kUnplaced,
            std::int64_t{state_.active_count(niche.section)} + last_end - first_end + last_start - first_start);
  return raised;
}

// The lowest height above the niche's floor at which `row` of a bundle that is not decided can begin, on something
// below one of the bundle's rows.
std::int64_t ExactSearch::NextOn(int row, const Niche& niche) const {
  std::int64_t next = std::numeric_limits<std::int64_t>::max() / 2;
  const int bundle = model_.bundle[At(row)];
  for (int k = model_.bundle_begin[At(bundle)]; k < model_.bundle_begin[At(bundle + 1)]; ++k) {
    const int upper = model_.bundle_rows[At(k)];
    const std::int64_t above = model_.begin[At(upper)] - model_.begin[At(row)];
    for (int s = model_.first[At(upper)]; s < model_.last[At(upper)]; ++s) {
      const int* rows = state_.active(s);
      work_.Add(Look::kUnplaced, state_.active_count(s));
      for (int m = 0; m < state_.active_count(s); ++m) {
        if (model_.bundle[At(rows[m])] == bundle) continue;
        const std::int64_t end = state_.head(rows[m]) + model_.size[At(rows[m])] - above;
        next = std::min(next, std::max(end, niche.floor + 1));
      }
    }
  }
  return next;
}

// What the future of a subproblem depends on: who is unplaced, the room above each floor, and how far below it the
// buffers end that could carry the next (as far as Supported looks). Room, not height: a state refuted under one
// capacity is recognised under another, unless alignments or fixed offsets make the height itself matter.
std::uint64_t ExactSearch::KeyOf(int begin, int end) const {
  constexpr std::uint64_t kSectionSalt = 0xd1b54a32d192ed03u;
  std::uint64_t key = MixBits((static_cast<std::uint64_t>(begin) << 32) | static_cast<std::uint32_t>(end));
  if (!model_.scale_free) key = MixBits(key + static_cast<std::uint64_t>(state_.capacity()));
  work_.Add(Look::kHashed, end - begin);
  for (int s = begin; s < end; ++s) {
    const std::int64_t floor = state_.floor(s);
    const auto room = static_cast<std::uint64_t>(state_.capacity() - floor);
    const auto gap = static_cast<std::uint64_t>(std::min(floor - state_.top(s), model_.max_alignment));
    key += state_.set_key(s) + MixBits(room * static_cast<std::uint64_t>(model_.max_alignment + 1) + gap +
                                       static_cast<std::uint64_t>(s) * kSectionSalt);
  }
  return MixBits(key);
}

}  // namespace orionrt
