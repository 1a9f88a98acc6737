#include "plan/exact/search.hpp"

#include <algorithm>
#include <limits>
#include <tuple>

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

// What makes a section a good place to branch, lower is better: few branches, little slack (in 16ths of the capacity),
// many failures. One branch or none costs nothing, so it comes before all others.
std::int64_t Score(int branches, std::int64_t slack, std::int64_t weight) {
  if (branches <= 1) return branches;
  return (std::int64_t{branches - 1} << 26) / Allowance(weight) * (1 + slack);
}

}  // namespace

ExactSearch::ExactSearch(const ExactModel& model, DeadStates& dead)
    : model_(model), dead_(dead), state_(model), support_seen_(model.buffer_count, 0) {}

Outcome ExactSearch::Run(std::int64_t capacity, ExactStrategy& strategy, std::int64_t quota) {
  strategy_ = &strategy;
  state_.weights().swap(strategy.weights);
  last_node_ = nodes_ + quota;
  stopped_ = false;
  const bool found = state_.Reset(capacity) && SolveParts(0, model_.section_count);
  state_.weights().swap(strategy.weights);
  candidates_.clear();
  parts_.clear();
  depth_ = 0;
  if (found) return Outcome::kFound;
  return stopped_ ? Outcome::kStopped : Outcome::kRefuted;
}

bool ExactSearch::OutOfQuota() {
  constexpr std::int64_t kClockInterval = 1024;  // nodes; a power of two
  if (deadline_ && (nodes_ & (kClockInterval - 1)) == 0 && std::chrono::steady_clock::now() >= *deadline_) {
    expired_ = true;
  }
  if (++nodes_ >= last_node_ || depth_ >= kMaxDepth || expired_) stopped_ = true;
  return stopped_;
}

// Shorter parts first: they fail cheaper.
bool ExactSearch::SolveParts(int begin, int end) {
  const std::size_t mark = parts_.size();
  for (int s = begin; s < end;) {
    const int part_begin = s++;
    if (state_.active_count(part_begin) == 0) continue;
    while (s < end && state_.joined(s)) ++s;
    parts_.push_back({s - part_begin, part_begin, s});
  }
  const std::size_t count = parts_.size() - mark;
  if (count > 1) {
    std::sort(parts_.begin() + static_cast<std::ptrdiff_t>(mark), parts_.end(),
              [](const Part& a, const Part& b) { return std::tie(a.length, a.begin) < std::tie(b.length, b.begin); });
  }
  bool solved = true;
  for (std::size_t i = mark; solved && i < mark + count; ++i) {
    const Part part = parts_[i];
    solved = SolvePart(part.begin, part.end);
  }
  parts_.resize(mark);
  return solved;
}

bool ExactSearch::SolvePart(int begin, int end) {
  if (OutOfQuota()) return false;
  const std::uint64_t key = KeyOf(begin, end);
  if (dead_.Contains(key)) return false;
  const Niche niche = ChooseNiche(begin, end);
  const std::size_t first = candidates_.size();
  const std::size_t mark = state_.Mark();
  CollectCandidates(niche);
  const std::int64_t raised = RaisedFloor(niche);
  if (raised - niche.floor <= state_.Slack(niche.section)) {
    candidates_.emplace_back(kLast, kRaise);
  }
  if (strategy_->probe && candidates_.size() > first + 1) ProbeCandidates(first, niche, raised);
  const std::size_t last = candidates_.size();
  ++depth_;
  bool solved = false;
  for (std::size_t i = first; i < last && !solved && !stopped_; ++i) {
    const int choice = candidates_[i].second;
    solved = Apply(choice, niche, raised) && SolveParts(begin, end);
    if (!solved) state_.Undo(mark);
  }
  --depth_;
  candidates_.resize(first);
  if (!solved && !stopped_) dead_.Insert(key);
  return solved;
}

bool ExactSearch::Apply(int choice, const Niche& niche, std::int64_t raised) {
  const bool alive = choice == kRaise ? state_.Raise(niche.section, raised) : state_.Place(choice);
  if (!alive) ++state_.weights()[state_.failed_section()];
  return alive;
}

ExactSearch::Niche ExactSearch::ChooseNiche(int begin, int end) {
  Niche best;
  std::int64_t best_score = std::numeric_limits<std::int64_t>::max();
  std::int64_t best_slack = best_score;
  const std::int64_t sixteenth = std::max<std::int64_t>(state_.capacity() / 16, 1);
  for (int s = begin; s < end;) {
    const int niche_begin = s;
    const std::int64_t floor = state_.floor(s);
    bool all_on_tops = true;
    for (; s < end && state_.floor(s) == floor; ++s) all_on_tops &= state_.top(s) == floor;
    if (niche_begin > begin && state_.floor(niche_begin - 1) < floor) continue;
    if (s < end && state_.floor(s) < floor) continue;
    ++niches_seen_;
    for (int t = niche_begin; t < s; ++t) {
      const std::int64_t slack = state_.Slack(t);
      const int branches = CountBranches(t, floor, all_on_tops) + (slack > 0);
      const std::int64_t score = Score(branches, slack / sixteenth, state_.weight(t));
      if (std::tie(score, slack) < std::tie(best_score, best_slack)) {
        best_score = score;
        best_slack = slack;
        best = {t, floor};
      }
    }
  }
  return best;
}

int ExactSearch::CountBranches(int section, std::int64_t floor, bool all_on_tops) {
  if (all_on_tops) return state_.ready_count(section);
  const int* rows = state_.active(section);
  int count = 0;
  for (int k = 0; k < state_.active_count(section); ++k) {
    count += state_.head(rows[k]) == floor && SupportedInNiche(rows[k], floor);
  }
  return count;
}

// Supported, for the niche that is looked at: one answer serves all its sections.
bool ExactSearch::SupportedInNiche(int row, std::int64_t floor) {
  std::int64_t& seen = support_seen_[row];
  if (seen >> 1 != niches_seen_) seen = 2 * niches_seen_ + (Supported(row, floor) ? 1 : 0);
  return (seen & 1) != 0;
}

// Does `row`, put on `floor`, lie on the ground or on another buffer somewhere (up to its alignment)?
bool ExactSearch::Supported(int row, std::int64_t floor) const {
  if (model_.fixed[row] != kFree) return true;
  const std::int64_t below = floor - model_.alignment[row];
  for (int s = model_.first[row]; s < model_.last[row]; ++s) {
    if (state_.top(s) > below) return true;
  }
  return false;
}

void ExactSearch::CollectCandidates(const Niche& niche) {
  const std::size_t first = candidates_.size();
  const int* rows = state_.active(niche.section);
  for (int k = 0; k < state_.active_count(niche.section); ++k) {
    const int row = rows[k];
    const int twin = model_.twin[row];
    if (state_.head(row) != niche.floor || (twin >= 0 && !state_.placed(twin))) continue;
    if (Supported(row, niche.floor)) candidates_.emplace_back(strategy_->rank[row], row);
  }
  std::sort(candidates_.begin() + static_cast<std::ptrdiff_t>(first), candidates_.end());
}

// Tries each branch, drops those that fail at once, and sorts the rest by the space they give up.
void ExactSearch::ProbeCandidates(std::size_t first, const Niche& niche, std::int64_t raised) {
  const std::size_t mark = state_.Mark();
  std::size_t kept = first;
  for (std::size_t i = first; i < candidates_.size(); ++i) {
    const int choice = candidates_[i].second;
    state_.ResetWaste();
    if (Apply(choice, niche, raised)) {
      candidates_[kept++] = {choice == kRaise ? kLast : state_.waste(), choice};
    }
    state_.Undo(mark);
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
    } else {
      begin = std::min(begin, model_.first[row]);
      end = std::max(end, model_.last[row]);
    }
  }
  for (int s = begin; s < end; ++s) {
    rows = state_.active(s);
    for (int k = 0; k < state_.active_count(s); ++k) {
      const int row = rows[k];
      const bool here = model_.first[row] <= niche.section && niche.section < model_.last[row];
      if (!here) raised = std::min(raised, state_.head(row) + model_.size[row]);
    }
  }
  return raised;
}

// What the future of a part depends on: who is unplaced, the room above each floor, and how far below it the buffers
// end that could carry the next (as far as Supported looks). Room, not height: a state refuted under one capacity is
// recognised under another, unless alignments or fixed offsets make the height itself matter.
std::uint64_t ExactSearch::KeyOf(int begin, int end) const {
  constexpr std::uint64_t kSectionSalt = 0xd1b54a32d192ed03u;
  std::uint64_t key = MixBits((static_cast<std::uint64_t>(begin) << 32) | static_cast<std::uint32_t>(end));
  if (!model_.scale_free) key = MixBits(key + static_cast<std::uint64_t>(state_.capacity()));
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
