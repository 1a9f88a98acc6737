#include "plan/clocks/stream_niche_search.hpp"

#include <algorithm>
#include <utility>

#include "base/checked.hpp"
#include "base/wide.hpp"

namespace orionrt {
namespace {

constexpr int kShortList = 40;              // up to so many candidates all pairs are looked at
constexpr std::int64_t kSlackLooked = 100;  // sections that may give up this part of the capacity are not looked at

}  // namespace

StreamNicheSearch::StreamNicheSearch(const StreamNicheModel& model)
    : model_(model),
      ranks_(model.count()),
      failures_(At(model.sections()), 1),
      offsets_(model.rows.size()),
      lowest_(At(model.sections())),
      hulls_(At(model.executions())),
      covered_(At(model.sections()) + 1),
      weights_(At(model.sections() + model.executions())),
      by_first_(At(model.chains)),
      on_chain_(At(model.chains)) {
  const auto length = [&model](int row) { return model.rows[At(row)].window.length(); };
  const auto size = [&model](int row) { return model.rows[At(row)].size; };
  ranks_.AddOrder(length);
  ranks_.AddOrder(size);
  ranks_.AddOrder([&](int row) { return Wide{size(row)} * length(row); });
  for (int s = 0; s < model.sections(); ++s) {
    const StreamNicheModel::RowSet alive = model.alive(s);  // somebody is
    lowest_[At(s)] = static_cast<int>(alive.first * 64) + __builtin_ctzll(alive.words[alive.first]);
  }
}

void StreamNicheSearch::Restart() {
  decisions_.clear();
  floors_.Assign(model_.count(), 0);
  unplaced_.assign(model_.words(), 0);
  for (int row = 0; row < model_.count(); ++row) unplaced_[At(row) / 64] |= StreamNicheModel::Word{1} << (row % 64);
  levels_.Assign(model_.sections(), 0);
  used_ = model_.loads;
  row_changes_.clear();
  section_changes_.clear();
  failed_ = false;
}

void StreamNicheSearch::SetCapacity(std::int64_t capacity) {
  const auto most = [this] { return used_.empty() ? 0 : *std::max_element(used_.begin(), used_.end()); };
  while (!decisions_.empty() && most() > capacity) Keep(decisions_.size() - 1);
  capacity_ = std::max(capacity, most());
  shares_.SetCapacity(capacity_);
}

void StreamNicheSearch::SetRanks(int tries) {
  ranks_.Set(tries);
  work_ += 8 * std::int64_t{model_.count()} + model_.sections();
}

void StreamNicheSearch::Forgive() {
  for (std::int64_t& failures : failures_) failures = 1 + (failures - 1) / 4 * 3;
}

std::int64_t StreamNicheSearch::PeakInto(std::vector<std::int64_t>& offsets) const {
  offsets = offsets_;
  std::int64_t peak = 0;
  for (int row = 0; row < model_.count(); ++row) peak = std::max(peak, offsets_[At(row)] + model_.rows[At(row)].size);
  return peak;
}

void StreamNicheSearch::SetFloor(int row, std::int64_t floor) {
  RowChange& change = row_changes_.emplace_back();  // filled in place: a copy would wait for what it copies
  change.row = row;
  change.floor = floors_[row];
  floors_.Set(row, floor);
}

void StreamNicheSearch::SetLevel(int section, std::int64_t level, std::int64_t used) {
  SectionChange& change = section_changes_.emplace_back();
  change.section = section;
  change.level = levels_[section];
  change.used = used_[At(section)];
  levels_.Set(section, level);
  used_[At(section)] = used;
}

void StreamNicheSearch::Undo(std::size_t rows_mark, std::size_t sections_mark) {
  for (; row_changes_.size() > rows_mark; row_changes_.pop_back()) {
    const RowChange& change = row_changes_.back();
    if (floors_[change.row] == kNobody)
      unplaced_[At(change.row) / 64] |= StreamNicheModel::Word{1} << (change.row % 64);
    floors_.Set(change.row, change.floor);
  }
  for (; section_changes_.size() > sections_mark; section_changes_.pop_back()) {
    const SectionChange& change = section_changes_.back();
    levels_.Set(change.section, change.level);
    used_[At(change.section)] = change.used;
  }
}

bool StreamNicheSearch::Blame(int section, Span window) {
  ++failures_[At(section)];
  blame_ = window;
  return false;
}

bool StreamNicheSearch::BlameRow(int row) {
  for (int e = 0; e < model_.executions(); ++e) {
    const Span on = model_.span(row, e);
    for (int s = on.first; s < on.last; ++s) ++failures_[At(s)];
  }
  blame_ = model_.rows[At(row)].window;
  return false;
}

std::int64_t StreamNicheSearch::LowestFloor() {
  std::int64_t floor = kNobody;
  for (int block = 0; block < floors_.blocks(); ++block) floor = std::min(floor, floors_.Minimum(block));
  work_ += floors_.blocks() + 60;
  return floor;
}

// What a section takes if whoever is still to lie there lies no lower than `floor`.
std::int64_t StreamNicheSearch::Used(int section, std::int64_t floor) const {
  return used_[At(section)] + std::max<std::int64_t>(0, floor - levels_[section]);
}

// Sections of which nobody can lie on the lowest floor any more: what is alive there lies no lower than the lowest of
// its floors. False where that passes the capacity.
bool StreamNicheSearch::LiftDead(std::int64_t floor) {
  const std::int64_t looked_at = capacity_ - capacity_ / kSlackLooked;
  for (int block = 0; block < levels_.blocks(); ++block) {
    if (levels_.Minimum(block) > floor) continue;
    for (int s = block * BlockMinima::kBlock, end = levels_.end(block); s < end; ++s) {
      if (levels_[s] > floor || Used(s, floor) < looked_at || floors_[lowest_[At(s)]] <= floor) continue;
      std::int64_t lowest = kNobody;
      const StreamNicheModel::RowSet alive = model_.alive(s);
      for (std::size_t word = alive.first; word < alive.last && lowest > floor; ++word) {
        for (StreamNicheModel::Word rest = alive.words[word] & unplaced_[word]; rest != 0; rest &= rest - 1) {
          const int row = static_cast<int>(word * 64) + __builtin_ctzll(rest);
          ++work_;
          if (floors_[row] >= lowest) continue;
          lowest = floors_[row];
          lowest_[At(s)] = row;
          if (lowest <= floor) break;
        }
      }
      work_ += static_cast<std::int64_t>(alive.last - alive.first);
      if (lowest <= floor) continue;
      SetLevel(s, lowest, lowest == kNobody ? used_[At(s)] : Used(s, lowest));
      if (used_[At(s)] > capacity_) return Blame(s, model_.windows[At(s)]);
    }
    work_ += BlockMinima::kBlock / 2;
  }
  work_ += levels_.blocks();
  return true;
}

// The first rows on the floor whose windows reach into one another, and the next floor within their window.
void StreamNicheSearch::Gather(std::int64_t floor, Niche& niche) {
  niche.floor = floor;
  niche.wall = kNobody;
  niche.window = Span();
  candidates_.clear();
  const auto is_apart = [&](int row) {
    return !candidates_.empty() && model_.rows[At(row)].window.first >= niche.window.last;
  };
  for (int block = 0; block < floors_.blocks(); ++block) {
    if (is_apart(block * BlockMinima::kBlock < model_.count() ? block * BlockMinima::kBlock : model_.count() - 1))
      break;
    if (floors_.Minimum(block) != floor) continue;
    work_ += BlockMinima::kBlock / 2;
    for (int row = block * BlockMinima::kBlock, end = floors_.end(block); row < end; ++row) {
      if (floors_[row] != floor) continue;
      if (is_apart(row)) break;
      candidates_.push_back(row);
      niche.window = Hull(niche.window, model_.rows[At(row)].window);
    }
  }
  for (int block = 0; block < floors_.blocks(); ++block) {
    const int first = block * BlockMinima::kBlock;
    if (first >= model_.count() || model_.rows[At(first)].window.first >= niche.window.last) break;
    if (floors_.Minimum(block) >= niche.wall) continue;
    work_ += BlockMinima::kBlock / 2;
    for (int row = first, end = floors_.end(block); row < end; ++row) {
      const std::int64_t other = floors_[row];
      if (other > floor && other < niche.wall && Overlap(model_.rows[At(row)].window, niche.window)) niche.wall = other;
    }
  }
}

// Sections that candidates cover weigh by how little they may give up, and by how often they were to blame. Of each
// candidate: what weighs the sections before it has begun, those at which it is alive, and those at which it is over.
void StreamNicheSearch::Weigh(const Niche& niche) {
  std::int64_t total = 0;
  for (int e = 0; e < model_.executions(); ++e) {
    Span hull;
    for (const int row : candidates_) {
      const Span on = model_.span(row, e);
      if (on.length() == 0) continue;
      hull = Hull(hull, on);
      ++covered_[At(on.first)];
      --covered_[At(on.last)];
    }
    hulls_[At(e)] = hull.length() > 0 ? hull : Span{model_.starts[At(e)], model_.starts[At(e)]};
    std::int64_t* weights = weights_.data() + e;
    int depth = 0;
    for (int s = hull.first; s < hull.last; ++s) {
      depth += std::exchange(covered_[At(s)], 0);
      weights[s] = total;
      if (depth == 0) continue;
      const std::int64_t slack = std::max<std::int64_t>(0, capacity_ - Used(s, niche.floor));
      total += failures_[At(s)] * shares_.share(slack);
    }
    if (hull.length() > 0) covered_[At(hull.last)] = 0;
    weights[hulls_[At(e)].last] = total;
    work_ += 3 * hull.length() + 2 * static_cast<std::int64_t>(candidates_.size());
  }
  before_.assign(candidates_.size(), 0);
  within_.assign(candidates_.size(), 0);
  behind_.assign(candidates_.size(), total);
  for (int e = 0; e < model_.executions(); ++e) {
    const std::int64_t* weights = weights_.data() + e;
    const Span hull = hulls_[At(e)];
    for (std::size_t k = 0; k < candidates_.size(); ++k) {
      const Span on = model_.span(candidates_[k], e);
      const std::int64_t from = weights[std::clamp(on.first, hull.first, hull.last)];
      const std::int64_t to = weights[std::clamp(on.last, hull.first, hull.last)];
      before_[k] += from - weights[hull.first];
      within_[k] += to - from;
    }
  }
  for (std::size_t k = 0; k < candidates_.size(); ++k) behind_[k] -= before_[k] + within_[k];
  work_ += 4 * static_cast<std::int64_t>(candidates_.size()) * model_.executions();
}

// The least weight that is covered by nobody before a candidate has begun, where candidates that are over before one
// another lie on the floor, and after it is over: the longest chains in a partial order, from both sides.
void StreamNicheSearch::FindChains() {
  lost_before_.resize(candidates_.size());
  lost_behind_.resize(candidates_.size());
  keys_.resize(candidates_.size());
  if (candidates_.size() <= At(kShortList)) {
    FindShortChains();
  } else {
    FindLongChains();
  }
}

void StreamNicheSearch::FindShortChains() {
  const std::size_t count = candidates_.size();
  for (std::size_t k = 0; k < count; ++k) {
    std::int64_t least = 0;
    for (std::size_t j = 0; j < k; ++j) {
      least = !model_.Conflict(candidates_[k], candidates_[j]) && keys_[j] < least ? keys_[j] : least;
    }
    lost_before_[k] = before_[k] + least;
    keys_[k] = least - within_[k];
  }
  for (std::size_t k = count; k-- > 0;) {
    std::int64_t least = 0;
    for (std::size_t j = k + 1; j < count; ++j) {
      least = !model_.Conflict(candidates_[k], candidates_[j]) && keys_[j] < least ? keys_[j] : least;
    }
    lost_behind_[k] = behind_[k] + least;
    keys_[k] = least - within_[k];
  }
  work_ += static_cast<std::int64_t>(count * count);
}

// The same where there are many. What is over before a candidate is over on its chain where it begins, so the least key
// comes by one walk along each chain; what begins behind one is, on each chain, the end of those on it. Pairs that are
// kept apart may be in one chain here: that makes a guess worse and no plan wrong.
void StreamNicheSearch::FindLongChains() {
  const int count = static_cast<int>(candidates_.size());
  std::vector<std::size_t> walked(At(model_.chains), 0);
  std::vector<std::int64_t> least(At(model_.chains), 0);
  for (int c = 0; c < model_.chains; ++c) {
    by_first_[At(c)].clear();
    on_chain_[At(c)].clear();
    for (int k = 0; k < count; ++k) by_first_[At(c)].emplace_back(model_.rows[At(candidates_[At(k)])].first[c], k);
    std::sort(by_first_[At(c)].begin(), by_first_[At(c)].end());
  }
  for (int k = 0; k < count; ++k) {
    const StreamNicheRow& row = model_.rows[At(candidates_[At(k)])];
    const std::size_t c = At(row.chain);
    for (; walked[c] < by_first_[c].size() && by_first_[c][walked[c]].first <= row.position; ++walked[c]) {
      least[c] = std::min(least[c], keys_[At(by_first_[c][walked[c]].second)]);
    }
    lost_before_[At(k)] = before_[At(k)] + least[c];
    keys_[At(k)] = least[c] - within_[At(k)];
  }
  for (int k = count - 1; k >= 0; --k) {
    const StreamNicheRow& row = model_.rows[At(candidates_[At(k)])];
    std::int64_t best = 0;
    for (int c = 0; c < model_.chains; ++c) {
      const auto& after = on_chain_[At(c)];
      const auto end = std::partition_point(after.begin(), after.end(),
                                            [&](const auto& other) { return other.first >= row.first[c]; });
      if (end != after.begin()) best = std::min(best, (end - 1)->second);
    }
    lost_behind_[At(k)] = behind_[At(k)] + best;
    auto& mine = on_chain_[At(row.chain)];
    const std::int64_t key = best - within_[At(k)];
    mine.emplace_back(row.position, mine.empty() ? key : std::min(key, mine.back().second));
  }
  work_ += 60 * std::int64_t{count};
}

// The candidates that waste least, the best first, and last to give the niche up.
void StreamNicheSearch::Choose(Decision& decision) {
  const Niche& niche = decision.niche;
  NicheShortlist best;
  for (std::size_t k = 0; k < candidates_.size(); ++k) {
    const StreamNicheRow& row = model_.rows[At(candidates_[k])];
    const std::int64_t height = std::min(niche.wall - niche.floor, row.size);
    const std::int64_t waste = (lost_before_[k] + lost_behind_[k]) * (shares_.grains(height) + 1);
    best.Offer(candidates_[k], Quotient(waste * 16, within_[k] / 4096 + 1), ranks_);
  }
  for (; decision.count < best.count(); ++decision.count) {
    decision.choices[decision.count] = best.row(decision.count);
  }
  work_ += 6 * static_cast<std::int64_t>(candidates_.size());
  if (MayGiveUp(niche)) decision.choices[decision.count++] = kGiveUp;
}

bool StreamNicheSearch::MayGiveUp(const Niche& niche) const {
  if (niche.wall == kNobody) return false;
  for (const Span hull : hulls_) {
    for (int s = hull.first; s < hull.last; ++s) {
      if (levels_[s] <= niche.floor && Used(s, niche.wall) > capacity_) return false;
    }
  }
  return true;
}

NicheStep StreamNicheSearch::Descend() {
  if (failed_) return NicheStep::kFailed;
  const std::int64_t floor = LowestFloor();
  if (floor == kNobody) return NicheStep::kDone;
  if (!LiftDead(floor)) return NicheStep::kFailed;
  Decision decision;
  Gather(floor, decision.niche);
  Weigh(decision.niche);
  FindChains();
  Choose(decision);
  decision.rows_mark = row_changes_.size();
  decision.sections_mark = section_changes_.size();
  decisions_.push_back(decision);
  return NicheStep::kDecided;
}

void StreamNicheSearch::TakeNext() {
  Decision& decision = decisions_.back();
  const int choice = decision.choices[decision.next++];
  ++nodes_;
  if (choice == kGiveUp) {
    decision.touched = decision.niche.window;
    failed_ = !Raise(decision.niche);
  } else {
    decision.touched = model_.rows[At(choice)].window;
    failed_ = !Place(choice, decision.niche.floor);
  }
}

// False, and blame_, where it does not fit.
bool StreamNicheSearch::Place(int row, std::int64_t floor) {
  const StreamNicheRow& placed = model_.rows[At(row)];
  const std::int64_t top = floor + placed.size;
  if (top > capacity_) return BlameRow(row);
  offsets_[At(row)] = floor;
  SetFloor(row, kNobody);
  unplaced_[At(row) / 64] &= ~(StreamNicheModel::Word{1} << (row % 64));
  for (int e = 0; e < model_.executions(); ++e) {
    const Span on = model_.span(row, e);
    for (int s = on.first; s < on.last; ++s) {
      SetLevel(s, top, Used(s, floor));
      if (used_[At(s)] > capacity_) return Blame(s, placed.window);
    }
    work_ += 2 * on.length();
  }
  const StreamNicheModel::RowSet conflicts = model_.conflicts(row);
  for (std::size_t word = conflicts.first; word < conflicts.last; ++word) {
    for (StreamNicheModel::Word rest = conflicts.words[word] & unplaced_[word]; rest != 0; rest &= rest - 1) {
      const int other = static_cast<int>(word * 64) + __builtin_ctzll(rest);
      ++work_;
      if (floors_[other] >= top) continue;
      const std::int64_t above = RoundUp(top, model_.rows[At(other)].alignment);
      SetFloor(other, above);
      if (above + model_.rows[At(other)].size > capacity_) return BlameRow(other);
    }
  }
  work_ += static_cast<std::int64_t>(conflicts.last - conflicts.first);
  return true;
}

// Gives the niche up to its wall. False, and blame_, where a row of it does not fit there.
bool StreamNicheSearch::Raise(const Niche& niche) {
  for (int row = 0; row < model_.count() && model_.rows[At(row)].window.first < niche.window.last; ++row) {
    if (floors_[row] != niche.floor || model_.rows[At(row)].window.first < niche.window.first) continue;
    const std::int64_t above = RoundUp(niche.wall, model_.rows[At(row)].alignment);
    SetFloor(row, above);
    if (above + model_.rows[At(row)].size > capacity_) return BlameRow(row);
  }
  work_ += model_.count() / 4;
  return true;
}

bool StreamNicheSearch::GoBack() {
  for (; !decisions_.empty(); decisions_.pop_back()) {
    Decision& decision = decisions_.back();
    Undo(decision.rows_mark, decision.sections_mark);
    if (!Overlap(decision.touched, blame_)) continue;
    decision.blamed = Hull(decision.blamed, blame_);
    if (decision.next < decision.count) {
      failed_ = false;
      return true;
    }
    blame_ = Hull(decision.blamed, decision.niche.window);
  }
  return false;
}

void StreamNicheSearch::Keep(std::size_t decisions) {
  if (std::exchange(failed_, false)) decisions = std::min(decisions, decisions_.size() - 1);  // it is half made
  if (decisions >= decisions_.size()) return;
  Undo(decisions_[decisions].rows_mark, decisions_[decisions].sections_mark);
  decisions_.resize(decisions);
}

}  // namespace orionrt
