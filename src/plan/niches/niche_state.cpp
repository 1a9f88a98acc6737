#include "plan/niches/niche_state.hpp"

#include <algorithm>

#include "base/checked.hpp"

namespace orionrt {

NicheState::NicheState(const NicheModel& model) : model_(model) {
  while (leaves_ < At(model.sections)) leaves_ *= 2;
  offsets_.resize(model.rows.size());
  next_.resize(At(model.sections));
  previous_.resize(At(model.sections));
  Clear();
}

void NicheState::Clear() {
  floors_.assign(2 * leaves_, kNobody);
  used_ = model_.loads;
  most_used_ = used_.empty() ? 0 : *std::max_element(used_.begin(), used_.end());
  words_ = model_.rows.size() / 64 + 1;
  unplaced_.assign(words_ * At(model_.classes()), 0);
  groups_.assign(words_ * At(model_.classes() / kGroup + 1), 0);
  for (int row = 0; row < model_.count(); ++row) FlipRow(row);
  if (model_.sections > 0) {
    PutFloor(0, 0);
    next_[0] = model_.sections;
    previous_[0] = -1;
  }
  changed_.assign(1, {0, model_.sections});
  changes_.clear();
}

int NicheState::Lowest() const {
  std::size_t node = 1;
  while (node < leaves_) node = 2 * node + (floors_[2 * node + 1] < floors_[2 * node] ? 1 : 0);
  return static_cast<int>(node - leaves_);
}

void NicheState::PutFloor(int begin, std::int64_t floor) {
  std::size_t node = leaves_ + At(begin);
  floors_[node] = floor;
  for (node /= 2; node > 0; node /= 2) {
    const std::int64_t lower = std::min(floors_[2 * node], floors_[2 * node + 1]);
    if (floors_[node] == lower) break;
    floors_[node] = lower;
  }
}

// Filled in place: a copy would wait for what it copies.
void NicheState::Note(Kind kind, int index, int last, std::int64_t value) {
  Change& change = changes_.emplace_back();
  change.kind = kind;
  change.index = index;
  change.last = last;
  change.value = value;
}

void NicheState::SetFloor(int begin, std::int64_t floor) {
  Note(Kind::kFloor, begin, 0, this->floor(begin));
  PutFloor(begin, floor);
}

void NicheState::SetNext(int begin, int next) {
  Note(Kind::kNext, begin, 0, next_[At(begin)]);
  next_[At(begin)] = next;
}

void NicheState::SetPrevious(int begin, int previous) {
  if (begin == model_.sections) return;
  Note(Kind::kPrevious, begin, 0, previous_[At(begin)]);
  previous_[At(begin)] = previous;
}

void NicheState::Use(Span sections, std::int64_t bytes) {
  if (bytes == 0) return;
  Note(Kind::kUsed, sections.first, sections.last, bytes);
  changed_.push_back(sections);
  std::int64_t most = most_used_;
  for (int s = sections.first; s < sections.last; ++s) most = std::max(most, used_[At(s)] += bytes);
  if (most == most_used_) return;
  Note(Kind::kMostUsed, 0, 0, most_used_);
  most_used_ = most;
}

// Cuts the segment where it must be cut, lifts the piece, and joins it with neighbours of its new height.
void NicheState::Lift(int begin, Span sections, std::int64_t floor) {
  const std::int64_t below = this->floor(begin);
  const int end = next_[At(begin)];
  if (sections.last < end) {
    SetNext(sections.last, end);
    SetPrevious(sections.last, begin);
    SetPrevious(end, sections.last);
    SetNext(begin, sections.last);
    SetFloor(sections.last, below);
  }
  int first = sections.first;
  if (first > begin) {
    SetNext(first, sections.last);
    SetPrevious(first, begin);
    SetPrevious(sections.last, first);
    SetNext(begin, first);
  } else if (begin > 0 && this->floor(previous_[At(begin)]) == floor) {
    first = previous_[At(begin)];
    SetFloor(begin, kNobody);
    SetNext(first, sections.last);
    SetPrevious(sections.last, first);
  }
  if (this->floor(first) != floor) SetFloor(first, floor);
  if (sections.last < model_.sections && this->floor(sections.last) == floor) {
    const int after = next_[At(sections.last)];
    SetFloor(sections.last, kNobody);
    SetNext(first, after);
    SetPrevious(after, first);
  }
}

void NicheState::FlipRow(int row) {
  const int of = model_.rows[At(row)].length_class;
  const std::uint64_t bit = std::uint64_t{1} << (row % 64);
  unplaced_[At(of) * words_ + At(row) / 64] ^= bit;
  groups_[At(of / kGroup) * words_ + At(row) / 64] ^= bit;
}

void NicheState::Place(int row, int begin) {
  const NicheRow& placed = model_.rows[At(row)];
  const std::int64_t below = floor(begin);
  offsets_[At(row)] = RoundUp(below, placed.alignment);
  Use(placed.span, offsets_[At(row)] - below);
  Lift(begin, placed.span, offsets_[At(row)] + placed.size);
  FlipRow(row);
  Note(Kind::kRow, row, 0, 0);
}

void NicheState::Raise(int begin, Span sections, std::int64_t floor) {
  if (floor != kNobody) Use(sections, floor - this->floor(begin));
  Lift(begin, sections, floor);
}

void NicheState::Undo(std::size_t mark) {
  for (; changes_.size() > mark; changes_.pop_back()) {
    const Change& change = changes_.back();
    switch (change.kind) {
      case Kind::kFloor:
        PutFloor(change.index, change.value);
        break;
      case Kind::kNext:
        next_[At(change.index)] = static_cast<int>(change.value);
        break;
      case Kind::kPrevious:
        previous_[At(change.index)] = static_cast<int>(change.value);
        break;
      case Kind::kUsed:
        for (int s = change.index; s < change.last; ++s) used_[At(s)] -= change.value;
        changed_.push_back({change.index, change.last});
        break;
      case Kind::kMostUsed:
        most_used_ = change.value;
        break;
      case Kind::kRow:
        FlipRow(change.index);
        break;
    }
  }
}

}  // namespace orionrt
