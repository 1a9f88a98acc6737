#include "plan/niches/niche_search.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/checked.hpp"
#include "base/index.hpp"
#include "base/wide.hpp"

namespace orionrt {

namespace {

// Up to kFewRows all candidates are looked at, up to kManyRows with so much work a row; else the longest ones.
constexpr int kFewRows = 2000, kManyRows = 10'000;
constexpr std::int64_t kWorkOfARow = 20'000;
constexpr std::size_t kEnough = 16;
constexpr int kNarrow = 1024;  // rows that begin within a niche: up to so many are looked at, whatever their lengths

}  // namespace

NicheSearch::NicheSearch(const NicheModel& model, std::int64_t work)
    : model_(model),
      looks_at_all_(model.count() <= kFewRows || (model.count() <= kManyRows && work >= kWorkOfARow * model.count())),
      state_(model),
      ranks_(model.count()),
      failures_(At(model.sections), 1),
      section_weights_(At(model.sections)) {
  ranks_.AddOrder([&model](int row) { return model.rows[At(row)].span.length(); });
  ranks_.AddOrder([&model](int row) { return model.rows[At(row)].size; });
  ranks_.AddOrder([&model](int row) { return Wide{model.rows[At(row)].size} * model.rows[At(row)].span.length(); });
}

void NicheSearch::Restart() {
  decisions_.clear();
  state_.Clear();
}

// Decisions that the new capacity does not allow are taken back. What is used without any is needed by every plan.
void NicheSearch::SetCapacity(std::int64_t capacity) {
  while (!decisions_.empty() && state_.most_used() > capacity) Keep(decisions_.size() - 1);
  capacity_ = std::max(capacity, state_.most_used());
  shares_.SetCapacity(capacity_);
  stale_.assign(1, {0, model_.sections});
}

void NicheSearch::SetRanks(int tries) {
  ranks_.Set(tries);
  work_ += 8 * std::int64_t{model_.count()} + model_.sections;
}

void NicheSearch::Forgive() {
  for (std::int64_t& failures : failures_) failures = 1 + (failures - 1) / 4 * 3;
  stale_.assign(1, {0, model_.sections});
}

std::int64_t NicheSearch::PeakInto(std::vector<std::int64_t>& offsets) const {
  offsets.resize(model_.rows.size());
  for (int k = 0; k < model_.count(); ++k) offsets[At(k)] = state_.OffsetOf(k);
  return state_.most_used();
}

bool NicheSearch::Blame(int section, Span span) {
  ++failures_[At(section)];
  stale_.push_back({section, section + 1});
  blame_ = span;
  return false;
}

// The candidates of a niche; where there are more than enough, the longest of them. False: these are not all.
bool NicheSearch::Gather(const Niche& niche) {
  candidates_.clear();
  const int first = model_.first_from[At(niche.begin)];
  std::int64_t looked_at = 0;
  const auto gather = [&](int from, int to) {
    const int shortest = from == 0 ? 1 : model_.longest[At(from) - 1] + 1;
    const int last = model_.first_from[At(std::max(niche.begin, niche.end - shortest + 1))];
    state_.ForEachRow(first, last, from, to, [&](int row) {
      ++looked_at;
      if (model_.rows[At(row)].span.last <= niche.end) candidates_.push_back({row, 0, 0});
    });
    looked_at += 20 + (last - first) / 64 * (to - from);
  };
  int left = model_.ClassOf(niche.end - niche.begin) + 1;
  const bool is_narrow = model_.first_from[At(niche.end)] - first <= kNarrow;
  if (looks_at_all_ || is_narrow) {
    gather(0, std::exchange(left, 0));
    if (!looks_at_all_) left = KeepLongest();
  } else {
    for (; left > 0 && candidates_.size() < kEnough; --left) gather(left - 1, left);
    std::sort(candidates_.begin(), candidates_.end(),
              [](const Candidate& a, const Candidate& b) { return a.row < b.row; });
  }
  work_ += looked_at;
  CutIntoBlocks(niche);
  return left == 0;
}

// Drops the shorter candidates where there are more than enough. Returns the classes of lengths that were dropped.
int NicheSearch::KeepLongest() {
  work_ += 5 * static_cast<std::int64_t>(candidates_.size());
  if (candidates_.size() <= kEnough) return 0;
  std::size_t of_class[NicheModel::kMostClasses] = {};
  for (const Candidate& candidate : candidates_) ++of_class[model_.rows[At(candidate.row)].length_class];
  int dropped = model_.classes();
  for (std::size_t kept = 0; kept < kEnough; kept += of_class[dropped]) --dropped;
  const auto is_shorter = [&](const Candidate& candidate) {
    return model_.rows[At(candidate.row)].length_class < dropped;
  };
  candidates_.erase(std::remove_if(candidates_.begin(), candidates_.end(), is_shorter), candidates_.end());
  return dropped;
}

void NicheSearch::CutIntoBlocks(const Niche& niche) {
  by_end_.clear();
  for (std::size_t k = 0; k < candidates_.size(); ++k) {
    by_end_.push_back(static_cast<std::uint64_t>(model_.rows[At(candidates_[k].row)].span.last) << 32 | k);
  }
  std::sort(by_end_.begin(), by_end_.end());
  cuts_.assign(1, niche.begin);
  const auto cut_at = [this](int section) {
    if (cuts_.back() != section) cuts_.push_back(section);
    return static_cast<int>(cuts_.size()) - 1;
  };
  std::size_t ended = 0;
  for (Candidate& candidate : candidates_) {
    const int begin = model_.rows[At(candidate.row)].span.first;
    for (; LastOf(ended) < begin; ++ended) EndsAt(ended).last = cut_at(LastOf(ended));
    candidate.first = cut_at(begin);
  }
  for (; ended < by_end_.size(); ++ended) EndsAt(ended).last = cut_at(LastOf(ended));
  cut_at(niche.end);
  work_ += 40 + 24 * static_cast<std::int64_t>(candidates_.size());
}

// Blocks that no candidate covers: the rows that are alive there, if any, reach past a wall, so they lie no lower than
// the lower wall.
bool NicheSearch::LiftDead(const Niche& niche, bool& lifted) {
  const std::int64_t rise = std::min(niche.left_wall, niche.right_wall) - niche.floor;
  int begin = niche.begin;  // of the segment that holds what is still to be looked at
  int covered = 0;          // the latest end of the candidates that have begun
  std::size_t begun = 0;
  for (std::size_t b = 0; b + 1 < cuts_.size(); ++b) {
    for (; begun < candidates_.size() && candidates_[begun].first <= static_cast<int>(b); ++begun)
      covered = std::max(covered, candidates_[begun].last);
    if (covered > static_cast<int>(b)) continue;
    lifted = true;
    for (Span dead{cuts_[b], cuts_[b]}; dead.last < cuts_[b + 1]; dead.first = dead.last) {
      const bool empty = state_.used(dead.first) == niche.floor;
      for (; dead.last < cuts_[b + 1] && (state_.used(dead.last) == niche.floor) == empty; ++dead.last) {
        if (!empty && state_.used(dead.last) + rise > capacity_) return Blame(dead.last, niche.widened());
      }
      state_.Raise(begin, dead, empty ? NicheState::kNobody : niche.floor + rise);
      begin = dead.last;
    }
  }
  return true;
}

void NicheSearch::RefreshWeights() {
  const auto refresh = [this](Span sections) {
    for (int s = sections.first; s < sections.last; ++s) {
      section_weights_[At(s)] = failures_[At(s)] * shares_.share(capacity_ - state_.used(s));
    }
  };
  state_.ForEachChanged(refresh);
  for (const Span sections : stale_) refresh(sections);
  stale_.clear();
}

// The least weight that lies under nobody where candidates, one beside another, fill what is left of a cut, and what is
// right of it: weighted interval scheduling, from both sides.
void NicheSearch::Weigh(const Niche& niche) {
  RefreshWeights();
  const std::size_t cuts = cuts_.size();
  weights_.resize(cuts);
  lost_left_.resize(cuts);
  lost_right_.resize(cuts);
  std::int64_t total = 0;
  int section = niche.begin;
  for (std::size_t c = 0; c < cuts; ++c) {
    for (; section < cuts_[c]; ++section) total += section_weights_[At(section)];
    weights_[c] = total;
  }
  std::size_t ended = 0;
  lost_left_[0] = 0;
  for (std::size_t c = 1; c < cuts; ++c) {
    std::int64_t lost = lost_left_[c - 1] + weights_[c] - weights_[c - 1];
    for (; ended < by_end_.size() && At(EndsAt(ended).last) == c; ++ended) {
      lost = std::min(lost, lost_left_[At(EndsAt(ended).first)]);
    }
    lost_left_[c] = lost;
  }
  std::size_t begun = candidates_.size();
  lost_right_[cuts - 1] = 0;
  for (std::size_t c = cuts - 1; c-- > 0;) {
    std::int64_t lost = lost_right_[c + 1] + weights_[c + 1] - weights_[c];
    for (; begun > 0 && At(candidates_[begun - 1].first) == c; --begun) {
      lost = std::min(lost, lost_right_[At(candidates_[begun - 1].last)]);
    }
    lost_right_[c] = lost;
  }
  work_ += 3 * (niche.end - niche.begin) + 12 * static_cast<std::int64_t>(cuts_.size());
}

// The candidates that waste least, the best first, and last to give the niche up.
void NicheSearch::Choose(Decision& decision) {
  const Niche& niche = decision.niche;
  NicheShortlist best;
  const auto grains = [this, &niche](std::int64_t height) { return shares_.grains(height - niche.floor) + 1; };
  const NicheRow* before = nullptr;
  for (const Candidate& candidate : candidates_) {
    const NicheRow& row = model_.rows[At(candidate.row)];
    const NicheRow* twin = std::exchange(before, &row);
    if (twin && twin->size == row.size && twin->span.first == row.span.first && twin->span.last == row.span.last &&
        twin->alignment == row.alignment) {
      continue;
    }
    const std::int64_t offset = RoundUp(niche.floor, row.alignment), top = offset + row.size;
    if (offset > niche.floor && !Fits(row.span, offset - niche.floor)) continue;
    std::int64_t waste =
        (weights_[At(candidate.last)] - weights_[At(candidate.first)]) * shares_.grains(offset - niche.floor);
    waste += lost_left_[At(candidate.first)] * grains(std::min(niche.left_wall, top));
    waste += lost_right_[At(candidate.last)] * grains(std::min(niche.right_wall, top));
    const std::int64_t within = weights_[At(candidate.last)] - weights_[At(candidate.first)];
    best.Offer(candidate.row, Quotient(waste * 16, within / 4096 + 1), ranks_);
  }
  for (; decision.count < best.count(); ++decision.count) {
    decision.choices[decision.count] = best.row(decision.count);
  }
  work_ += 6 * static_cast<std::int64_t>(candidates_.size());
  const std::int64_t wall = std::min(niche.left_wall, niche.right_wall);
  if (wall < NicheState::kNobody && Fits({niche.begin, niche.end}, wall - niche.floor)) {
    decision.choices[decision.count++] = kGiveUp;
  }
}

// Of hundreds of sections: a branch for each takes longer than all that is asked of it.
bool NicheSearch::Fits(Span sections, std::int64_t rise) const {
  constexpr int kAtOnce = 64;
  for (int s = sections.first; s < sections.last;) {
    std::int64_t left = 0;  // negative where one does not fit
    for (const int end = std::min(s + kAtOnce, sections.last); s < end; ++s) left |= capacity_ - rise - state_.used(s);
    if (left < 0) return false;
  }
  return true;
}

// To the next decision, or to a section that passes the capacity, or to the end.
NicheStep NicheSearch::Descend() {
  if (state_.most_used() > capacity_) {  // a choice that a higher capacity allowed
    const Span touched = decisions_.back().touched;
    Blame(touched.first, touched);
    return NicheStep::kFailed;
  }
  for (;;) {
    Niche niche;
    niche.begin = state_.Lowest();
    niche.floor = state_.floor(niche.begin);
    if (niche.floor == NicheState::kNobody) return NicheStep::kDone;
    niche.end = state_.end(niche.begin);
    niche.left_wall = state_.left_wall(niche.begin);
    niche.right_wall = state_.right_wall(niche.begin);
    bool lifted = false;
    if (Gather(niche) && !LiftDead(niche, lifted)) return NicheStep::kFailed;
    if (lifted) continue;
    Weigh(niche);
    decisions_.emplace_back();
    Decision& decision = decisions_.back();
    decision.niche = niche;
    decision.mark = state_.Mark();
    Choose(decision);
    if (decision.count > 0) return NicheStep::kDecided;
    decisions_.pop_back();
    Blame(niche.begin, niche.widened());
    return NicheStep::kFailed;
  }
}

void NicheSearch::TakeNext() {
  Decision& decision = decisions_.back();
  const int choice = decision.choices[decision.next++];
  ++nodes_;
  const Niche& niche = decision.niche;
  if (choice == kGiveUp) {
    decision.touched = {niche.begin, niche.end};
    state_.Raise(niche.begin, decision.touched, std::min(niche.left_wall, niche.right_wall));
  } else {
    decision.touched = model_.rows[At(choice)].span;
    state_.Place(choice, niche.begin);
  }
}

// To the last decision that may be to blame and has another choice. False: there is none.
bool NicheSearch::GoBack() {
  for (; !decisions_.empty(); decisions_.pop_back()) {
    Decision& decision = decisions_.back();
    state_.Undo(decision.mark);
    if (!Overlap(decision.touched, blame_)) continue;
    decision.blamed = Hull(decision.blamed, blame_);
    if (decision.next < decision.count) return true;
    blame_ = Hull(decision.blamed, decision.niche.widened());
  }
  return false;
}

void NicheSearch::Keep(std::size_t decisions) {
  if (decisions >= decisions_.size()) return;
  state_.Undo(decisions_[decisions].mark);
  decisions_.resize(decisions);
}

}  // namespace orionrt
