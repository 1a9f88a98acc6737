#include "plan/clocks/stream_niche_search.hpp"

#include <algorithm>
#include <utility>

#include "base/checked.hpp"
#include "base/wide.hpp"

namespace orionrt {
namespace {

constexpr int kShortList = 40;              // up to so many candidates all pairs are looked at
constexpr std::int64_t kSlackLooked = 300;  // sections that may give up this part of the capacity are not looked at

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
      places_taken_(model.words()),
      at_place_(model.rows.size()),
      by_end_(At(model.chains)),
      on_chain_(At(model.chains)) {
  const auto length = [&model](int row) { return model.rows[At(row)].window.length(); };
  const auto size = [&model](int row) { return model.rows[At(row)].size; };
  for (int row = 0; row < model.count(); ++row) {
    lasts_.push_back(model.rows[At(row)].window.last);
    if (row % kBlock == 0) last_in_block_.push_back(0);
    last_in_block_.back() = std::max(last_in_block_.back(), lasts_.back());
  }
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
  on_floor_.assign(model_.words(), 0);
  levels_.assign(At(model_.sections() / kBlock + 1) * kBlock, kNobody);
  std::fill_n(levels_.begin(), model_.sections(), 0);
  used_ = model_.loads;
  used_.resize(levels_.size());
  row_changes_.clear();
  span_changes_.clear();
  kept_count_ = 0;
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

// Before they are changed.
void StreamNicheSearch::KeepSections(Span span) {
  span_changes_.push_back(span);
  const std::size_t count = kept_count_ + At(span.length());
  if (kept_sections_.size() < count) kept_sections_.resize(2 * count);
  SectionState* kept = kept_sections_.data() + kept_count_;
  for (int s = span.first; s < span.last; ++s) *kept++ = {levels_[At(s)], used_[At(s)]};
  kept_count_ = count;
}

void StreamNicheSearch::Undo(std::size_t rows_mark, std::size_t spans_mark) {
  for (; row_changes_.size() > rows_mark; row_changes_.pop_back()) {
    const RowChange& change = row_changes_.back();
    if (floors_[change.row] == kNobody)
      unplaced_[At(change.row) / 64] |= StreamNicheModel::Word{1} << (change.row % 64);
    floors_.Set(change.row, change.floor);
  }
  for (; span_changes_.size() > spans_mark; span_changes_.pop_back()) {
    const Span span = span_changes_.back();
    kept_count_ -= At(span.length());
    const SectionState* kept = kept_sections_.data() + kept_count_;
    for (int s = span.first; s < span.last; ++s, ++kept) {
      levels_[At(s)] = kept->level;
      used_[At(s)] = kept->used;
    }
  }
}

Span StreamNicheSearch::Widened(Span sections, int execution) const {
  return {std::max(sections.first - 1, model_.starts[At(execution)]),
          std::min(sections.last + 1, model_.starts[At(execution) + 1])};
}

// A section where nobody can lie on `floor` any more: in its execution as far as others can, and the walls beside them.
bool StreamNicheSearch::Blame(int section, std::int64_t floor) {
  ++failures_[At(section)];
  const auto next = std::upper_bound(model_.starts.begin(), model_.starts.end(), section);
  const auto execution = static_cast<int>(next - model_.starts.begin()) - 1;
  Span low{section, section + 1};
  while (low.first > model_.starts[At(execution)] && levels_[At(low.first) - 1] <= floor) --low.first;
  while (low.last < *next && levels_[At(low.last)] <= floor) ++low.last;
  blame_ = {};
  blame_[At(execution)] = Widened(low, execution);
  return false;
}

bool StreamNicheSearch::BlameRow(int row) {
  for (int e = 0; e < model_.executions(); ++e) {
    blame_[At(e)] = model_.span(row, e);
    for (int s = blame_[At(e)].first; s < blame_[At(e)].last; ++s) ++failures_[At(s)];
  }
  return false;
}

// Whether what was decided lies on sections that are to blame.
bool StreamNicheSearch::IsToBlame(const Decision& decision) const {
  const int choice = decision.choices[decision.next - 1];
  for (int e = 0; e < model_.executions(); ++e) {
    const Span taken = choice == kGiveUp ? decision.hulls[At(e)] : model_.span(choice, e);
    if (blame_[At(e)].length() > 0 && Overlap(taken, blame_[At(e)])) return true;
  }
  return false;
}

// And who lies on it.
std::int64_t StreamNicheSearch::LowestFloor() {
  std::int64_t floor = kNobody;
  for (int block = 0; block < floors_.blocks(); ++block) floor = std::min(floor, floors_.Lowest(block));
  work_ += floors_.blocks() + 60;
  for (int word = floor_words_.first; word < floor_words_.last; ++word) on_floor_[At(word)] = 0;
  floor_words_ = Span();
  if (floor == kNobody) return floor;
  for (int block = 0; block < floors_.blocks(); ++block) {
    if (floors_.Lowest(block) != floor) continue;
    on_floor_[At(block)] = floors_.On(block, floor);
    floor_words_ = Hull(floor_words_, {block, block + 1});
  }
  return floor;
}

// What a section takes if whoever is still to lie there lies no lower than `floor`.
std::int64_t StreamNicheSearch::Used(int section, std::int64_t floor) const {
  return used_[At(section)] + std::max<std::int64_t>(0, floor - levels_[At(section)]);
}

// Sections of which nobody can lie on the lowest floor any more: what is alive there lies no lower than the lowest of
// its floors. False where that passes the capacity.
bool StreamNicheSearch::LiftDead(std::int64_t floor) {
  const int blocks = model_.sections() / kBlock + 1;
  for (int block = 0; block < blocks; ++block) {
    bool is_low = false;
    for (StreamNicheModel::Word rest = Pressed(block, floor, is_low); rest != 0; rest &= rest - 1) {
      const int section = block * kBlock + __builtin_ctzll(rest);
      if (floors_[lowest_[At(section)]] > floor && !Ask(section, floor)) return false;
    }
    if (is_low) work_ += kBlock / 2;
  }
  work_ += blocks;
  return true;
}

// The sections of a block whose level is no higher than `floor` and that may not give up much; whether there is any of
// such a level.
StreamNicheModel::Word StreamNicheSearch::Pressed(int block, std::int64_t floor, bool& is_low) const {
  const std::int64_t looked_at = capacity_ - capacity_ / kSlackLooked;
  const std::int64_t *levels = levels_.data() + At(block) * kBlock, *used = used_.data() + At(block) * kBlock;
  std::int64_t slack[kBlock];  // negative where a section is not pressed
  std::int64_t lifts = -1, slacks = -1;
  using Word = StreamNicheModel::Word;
  for (int k = 0; k < kBlock; ++k) {
    const std::int64_t lift = floor - levels[k];
    lifts &= lift;
    // Where nobody is to come the sum wraps, and that `lift` is negative says enough.
    const Word room = static_cast<Word>(used[k]) + static_cast<Word>(lift) - static_cast<Word>(looked_at);
    slack[k] = lift | static_cast<std::int64_t>(room);
    slacks &= slack[k];
  }
  is_low = lifts >= 0;
  if (slacks < 0) return 0;
  Word not_pressed = 0;
  for (int k = kBlock / 4 - 1; k >= 0; --k) {
    not_pressed *= 2;
    for (int lane = 0; lane < 4; ++lane) {
      not_pressed += static_cast<Word>(slack[lane * kBlock / 4 + k]) >> 63 << (lane * kBlock / 4);
    }
  }
  return ~not_pressed;
}

// Lifts a section where nobody of it lies on the lowest floor. False where that passes the capacity.
bool StreamNicheSearch::Ask(int section, std::int64_t floor) {
  const StreamNicheModel::RowSet alive = model_.alive(section);
  int& lowest_row = lowest_[At(section)];
  work_ += static_cast<std::int64_t>(alive.last - alive.first);
  for (std::size_t word = std::max(alive.first, At(floor_words_.first)),
                   end = std::min(alive.last, At(floor_words_.last));
       word < end; ++word) {
    const StreamNicheModel::Word found = alive.words[word] & on_floor_[word];
    if (found == 0) continue;
    lowest_row = static_cast<int>(word * 64) + __builtin_ctzll(found);
    return true;
  }
  std::int64_t lowest = kNobody, asked = 0;
  for (std::size_t word = alive.first; word < alive.last; ++word) {
    for (StreamNicheModel::Word rest = alive.words[word] & unplaced_[word]; rest != 0; rest &= rest - 1) {
      const int row = static_cast<int>(word * 64) + __builtin_ctzll(rest);
      ++asked;
      if (floors_[row] >= lowest) continue;
      lowest = floors_[row];
      lowest_row = row;
    }
  }
  work_ += asked;
  KeepSections({section, section + 1});
  if (lowest != kNobody) used_[At(section)] = Used(section, lowest);
  levels_[At(section)] = lowest;
  return used_[At(section)] <= capacity_ || Blame(section, floor);
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
  for (int block = floor_words_.first; block < floor_words_.last; ++block) {
    if (is_apart(block * kBlock)) break;
    if (on_floor_[At(block)] == 0) continue;
    work_ += kBlock / 2;
    for (StreamNicheModel::Word rest = on_floor_[At(block)]; rest != 0; rest &= rest - 1) {
      const int row = block * kBlock + __builtin_ctzll(rest);
      if (is_apart(row)) break;
      candidates_.push_back(row);
      niche.window = Hull(niche.window, model_.rows[At(row)].window);
    }
  }
  for (int block = 0; block < floors_.blocks(); ++block) {
    const int first = block * kBlock;
    if (first >= model_.count() || model_.rows[At(first)].window.first >= niche.window.last) break;
    const std::int64_t lowest = floors_.Lowest(block);
    if (lowest >= niche.wall) continue;
    work_ += kBlock / 2;
    if (lowest == floor && floors_.Next(block) >= niche.wall) continue;
    if (last_in_block_[At(block)] <= niche.window.first) continue;
    int end = std::min(first + kBlock, model_.count());
    while (model_.rows[At(end) - 1].window.first >= niche.window.last) --end;
    niche.wall = std::min(niche.wall, floors_.Next(first, end, floor, lasts_.data(), niche.window.first));
  }
}

// Sections that candidates cover weigh by how little they may give up, and by how often they were to blame. Of each
// candidate: what weighs the sections before it has begun, those at which it is alive, and those at which it is over.
void StreamNicheSearch::Weigh(const Niche& niche) {
  const std::int64_t capacity = capacity_;
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
    const std::int64_t *levels = levels_.data(), *used = used_.data(), *failures = failures_.data();
    int* covered = covered_.data();
    int depth = 0;
    for (int s = hull.first; s < hull.last; ++s) {
      depth += std::exchange(covered[s], 0);
      weights[s] = total;
      if (depth == 0) continue;
      const std::int64_t slack = capacity - used[s] - std::max<std::int64_t>(0, niche.floor - levels[s]);
      total += failures[s] * shares_.share(std::max<std::int64_t>(0, slack));
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
  SortEnds();
  std::vector<std::size_t> walked(At(model_.chains), 0);
  std::vector<std::int64_t> least(At(model_.chains), 0);
  for (int k = 0; k < count; ++k) {
    const StreamNicheRow& row = model_.rows[At(candidates_[At(k)])];
    const auto& ends = by_end_[At(row.chain)];
    std::int64_t& best = least[At(row.chain)];
    for (std::size_t& next = walked[At(row.chain)]; next < ends.size() && ends[next].first < row.passed; ++next) {
      best = std::min(best, keys_[At(ends[next].second)]);
    }
    lost_before_[At(k)] = before_[At(k)] + best;
    keys_[At(k)] = best - within_[At(k)];
  }
  for (std::vector<std::int64_t>& keys : on_chain_) keys.assign(1, 0);
  for (int k = count - 1; k >= 0; --k) {
    std::int64_t best = 0;
    for (int c = 0; c < model_.chains; ++c) {
      best = std::min(best, on_chain_[At(c)][At(behind_on_[At(k) * At(model_.chains) + At(c)])]);
    }
    lost_behind_[At(k)] = behind_[At(k)] + best;
    auto& mine = on_chain_[At(model_.rows[At(candidates_[At(k)])].chain)];
    mine.push_back(std::min(best - within_[At(k)], mine.back()));
  }
  work_ += 60 * std::int64_t{count};
}

// The candidates by where they are over, per chain, and of each how many begin behind it there.
void StreamNicheSearch::SortEnds() {
  const std::size_t count = candidates_.size(), chains = At(model_.chains);
  behind_on_.resize(count * chains);
  for (int c = 0; c < model_.chains; ++c) {
    for (std::size_t k = 0; k < count; ++k) {
      const int place = model_.place(candidates_[k], c);
      places_taken_[At(place) / 64] |= StreamNicheModel::Word{1} << (place % 64);
      at_place_[At(place)] = static_cast<int>(k);
    }
    auto& ends = by_end_[At(c)];
    ends.clear();
    for (std::size_t word = 0; word < places_taken_.size(); ++word) {
      for (StreamNicheModel::Word rest = std::exchange(places_taken_[word], 0); rest != 0; rest &= rest - 1) {
        const int place = static_cast<int>(word * 64) + __builtin_ctzll(rest);
        ends.emplace_back(place, at_place_[At(place)]);
      }
    }
    int behind = 0;
    std::size_t next = ends.size();
    for (std::size_t k = count; k-- > 0;) {  // the last to begin first
      const StreamNicheRow& row = model_.rows[At(candidates_[k])];
      if (row.chain != c) continue;
      for (; next > 0 && ends[next - 1].first >= row.passed; --next) {
        behind_on_[At(ends[next - 1].second) * chains + At(c)] = behind;
      }
      ++behind;
    }
    for (; next > 0; --next) behind_on_[At(ends[next - 1].second) * chains + At(c)] = behind;
  }
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
      if (levels_[At(s)] <= niche.floor && Used(s, niche.wall) > capacity_) return false;
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
  std::copy(hulls_.begin(), hulls_.end(), decision.hulls.begin());
  decision.rows_mark = row_changes_.size();
  decision.spans_mark = span_changes_.size();
  decisions_.push_back(decision);
  return NicheStep::kDecided;
}

void StreamNicheSearch::TakeNext() {
  Decision& decision = decisions_.back();
  const int choice = decision.choices[decision.next++];
  ++nodes_;
  if (choice == kGiveUp) {
    failed_ = !Raise(decision.niche);
  } else {
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
    if (on.length() == 0) continue;
    KeepSections(on);
    std::int64_t left = 0;  // negative where a section passes the capacity
    for (int s = on.first; s < on.last; ++s) {
      used_[At(s)] += floor - levels_[At(s)];  // no row that is alive there lies below its level
      levels_[At(s)] = top;
      left |= capacity_ - used_[At(s)];
    }
    if (left < 0) {
      const auto full = std::find_if(used_.begin() + on.first, used_.begin() + on.last,
                                     [this](std::int64_t used) { return used > capacity_; });
      return Blame(static_cast<int>(full - used_.begin()), floor);
    }
    work_ += 2 * on.length();
  }
  const StreamNicheModel::RowSet conflicts = model_.conflicts(row);
  std::int64_t looked_at = 0;
  int full = -1;
  for (std::size_t word = conflicts.first; word < conflicts.last && full < 0; ++word) {
    for (StreamNicheModel::Word rest = conflicts.words[word] & unplaced_[word]; rest != 0; rest &= rest - 1) {
      const int other = static_cast<int>(word * 64) + __builtin_ctzll(rest);
      ++looked_at;
      if (floors_[other] >= top) continue;
      const std::int64_t above = RoundUp(top, model_.rows[At(other)].alignment);
      SetFloor(other, above);
      if (above + model_.rows[At(other)].size > capacity_) {
        full = other;
        break;
      }
    }
  }
  work_ += looked_at;
  if (full >= 0) return BlameRow(full);
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
    Undo(decision.rows_mark, decision.spans_mark);
    if (!IsToBlame(decision)) continue;
    for (std::size_t e = 0; e < blame_.size(); ++e) decision.blamed[e] = Hull(decision.blamed[e], blame_[e]);
    if (decision.next < decision.count) {
      failed_ = false;
      return true;
    }
    for (int e = 0; e < model_.executions(); ++e) {
      const Span hull = decision.hulls[At(e)];
      blame_[At(e)] = Hull(decision.blamed[At(e)], hull.length() > 0 ? Widened(hull, e) : Span());
    }
  }
  return false;
}

void StreamNicheSearch::Keep(std::size_t decisions) {
  if (std::exchange(failed_, false)) decisions = std::min(decisions, decisions_.size() - 1);  // it is half made
  if (decisions >= decisions_.size()) return;
  Undo(decisions_[decisions].rows_mark, decisions_[decisions].spans_mark);
  decisions_.resize(decisions);
}

}  // namespace orionrt
