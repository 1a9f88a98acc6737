#include "plan/exact/state.hpp"

#include <algorithm>

#include "base/checked.hpp"
#include "base/index.hpp"
#include "plan/exact/dead_states.hpp"

namespace orionrt {

ExactState::ExactState(const ExactModel& model, std::int64_t table_work, WorkMeter& work)
    : model_(model), work_(work), weight_(At(model.section_count), 1), tables_(model, table_work, work) {
  slot_begin_.assign(At(model.row_count + 1), 0);
  row_key_.resize(At(model.row_count));
  for (int i = 0; i < model.row_count; ++i) {
    slot_begin_[At(i + 1)] = slot_begin_[At(i)] + model.Length(i);
    row_key_[At(i)] = MixBits(static_cast<std::uint64_t>(i) + 1);
  }
  slot_.resize(At(slot_begin_.back()));
  covered_top_.resize(At(slot_begin_.back()));
  work_.Add(Look::kLaid, slot_begin_.back());
}

bool ExactState::Reset(std::int64_t capacity) {
  const int sections = model_.section_count;
  capacity_ = capacity;
  ceiling_ = RoundUp(capacity, model_.grain);
  trail_.clear();
  floor_.assign(At(sections), 0);
  load_.assign(At(sections), 0);
  top_.assign(At(sections), 0);
  active_.assign(At(sections), 0);
  ready_.assign(At(sections), 0);
  crossing_.assign(At(sections), 0);
  pending_.assign(At(sections), 0);
  set_key_.assign(At(sections), 0);
  head_ = model_.begin;
  latest_.resize(At(model_.row_count));
  placed_.assign(At(model_.row_count), 0);
  placed_count_ = 0;
  decided_.assign(At(model_.BundleCount()), 0);
  unplaced_first_ = model_.alive;
  bool fits = true;
  for (int i = 0; i < model_.row_count; ++i) {
    set_key_[At(model_.first[At(i)])] += row_key_[At(i)];
    latest_[At(i)] = capacity - model_.room[At(i)];
    if (model_.fixed[At(i)] != kFree) head_[At(i)] = model_.fixed[At(i)];
    fits &= head_[At(i)] <= latest_[At(i)];
    if (model_.fixed[At(i)] != kFree) {
      latest_[At(i)] = head_[At(i)];
      AddPending(i, 1);
    }
    for (int s = model_.first[At(i)]; s < model_.last[At(i)]; ++s) {
      slot_[At(slot_begin_[At(i)] + s - model_.first[At(i)])] = active_[At(s)]++;
      load_[At(s)] += model_.size[At(i)];
      ready_[At(s)] += head_[At(i)] == 0;
      crossing_[At(s)] += s > model_.first[At(i)];
    }
  }
  for (int bundle = 0; bundle < model_.BundleCount(); ++bundle) Join(bundle, 1);
  tables_.Reset(capacity);
  for (int s = 0; s < sections; ++s) fits &= 0 <= HighestFloor(s);
  work_.Add(Look::kLaid, static_cast<std::int64_t>(unplaced_first_.size()) + model_.row_count + sections);
  Touch(0, sections);
  return fits && Settle();
}

bool ExactState::Place(int row) {
  const int begin = model_.first[At(row)];
  const int end = model_.last[At(row)];
  const std::int64_t new_floor = head_[At(row)] + model_.size[At(row)];
  work_.Add(Look::kSection, end - begin);
  if (model_.bundle[At(row)] >= 0 && !decided(row)) Decide(model_.bundle[At(row)]);
  Note(Kind::kPlaced, row, 0, 0);
  Remove(row);
  for (int s = begin; s < end; ++s) {
    covered_top_[At(slot_begin_[At(row)] + s - begin)] = top_[At(s)];
    top_[At(s)] = new_floor;
  }
  return LiftLife(row, new_floor) && Settle();
}

bool ExactState::Raise(int section, std::int64_t floor) {
  AddWaste(section, floor);
  return Lift(section, floor) && Settle();
}

bool ExactState::CanFollow(int row) const {
  if (tables_.empty()) return true;
  const std::int64_t end = head_[At(row)] + model_.size[At(row)];
  int s = model_.first[At(row)];
  while (s < model_.last[At(row)] && end <= tables_.HighestFloorWithout(s, row)) ++s;
  work_.Add(Look::kSection, s - model_.first[At(row)]);
  return s == model_.last[At(row)];
}

void ExactState::Undo(std::size_t mark) {
  std::int64_t sections = 0;
  work_.Add(Look::kChange, static_cast<std::int64_t>(trail_.size() - mark));
  while (trail_.size() > mark) {
    const Change change = trail_.back();
    trail_.pop_back();
    const int index = change.index;
    switch (static_cast<Kind>(change.kind)) {
      case Kind::kFloor:
        floor_[At(index)] = change.old_value;
        ready_[At(index)] = change.old_ready;
        break;
      case Kind::kHead:
        head_[At(index)] = change.old_value;
        sections += model_.Length(index);
        for (int s = model_.first[At(index)]; s < model_.last[At(index)]; ++s)
          ready_[At(s)] += floor_[At(s)] == change.old_value;
        break;
      case Kind::kPlaced:
        Restore(index);
        break;
      case Kind::kDecided:
        Reconsider(index);
        break;
    }
  }
  work_.Add(Look::kSection, sections);
}

bool ExactState::Fail(int section) {
  failed_section_ = section;
  touched_begin_ = std::numeric_limits<int>::max();
  touched_end_ = 0;
  return false;
}

// Space is dearer where little slack is left and where the search has failed before.
void ExactState::AddWaste(int section, std::int64_t floor) {
  const std::int64_t slack = Slack(section);
  const std::int64_t grain = std::max<std::int64_t>(capacity_ / 1024, 1);  // units; keeps the products small
  waste_ += (floor - floor_[At(section)] + grain - 1) / grain * (4096 * weight_[At(section)] / (slack / grain + 17));
}

// The lowest offset of the row's buffer at which the row does not begin below `floor`.
std::int64_t ExactState::OffsetAbove(int row, std::int64_t floor) const {
  const std::int64_t offset = floor - model_.begin[At(row)];
  const std::int64_t alignment = model_.alignment[At(row)];
  return RoundUp(offset, alignment);
}

bool ExactState::Lift(int section, std::int64_t floor) {
  Note(Kind::kFloor, section, floor_[At(section)], ready_[At(section)]);
  floor_[At(section)] = floor;
  if (floor > HighestFloor(section)) return Fail(section);
  const int* rows = active(section);
  const int count = active_[At(section)];
  work_.Add(Look::kLift, 1);
  work_.Add(Look::kUnplaced, count);
  int ready = 0;
  for (int k = 0; k < count; ++k) {
    const int row = rows[k];
    if (head_[At(row)] < floor && !LiftHead(row, floor)) return Fail(section);
    ready += head_[At(row)] == floor;
  }
  // What has risen with another row of its bundle may have been counted before.
  ready_[At(section)] = model_.HasBundles() ? CountReady(section) : ready;
  Touch(section, section + 1);
  return true;
}

int ExactState::CountReady(int section) const {
  const int* rows = active(section);
  work_.Add(Look::kUnplaced, active_[At(section)]);
  return static_cast<int>(
      std::count_if(rows, rows + active_[At(section)], [&](int row) { return head_[At(row)] == floor_[At(section)]; }));
}

// Lift, for all sections of a life in turn, with the same failures. Its floors are level, so a buffer that has met one
// has met them all, and each is looked at once.
bool ExactState::LiftLife(int row, std::int64_t floor) {
  const int begin = model_.first[At(row)];
  const int end = model_.last[At(row)];
  if (model_.HasBundles()) {
    int s = begin;
    while (s < end && Lift(s, floor)) ++s;
    return s == end;
  }
  int lifted_end = begin;
  for (; lifted_end < end && floor <= HighestFloor(lifted_end); ++lifted_end) {
    Note(Kind::kFloor, lifted_end, floor_[At(lifted_end)], ready_[At(lifted_end)]);
    floor_[At(lifted_end)] = floor;
    ready_[At(lifted_end)] = 0;
  }
  if (lifted_end == begin) return Fail(begin);
  const auto meet = [&](int other) {  // ready_ holds differences until all are met
    if (head_[At(other)] < floor && !LiftHead(other, floor)) return false;
    if (head_[At(other)] == floor) {
      ++ready_[At(std::max(model_.first[At(other)], begin))];
      if (model_.last[At(other)] < lifted_end) --ready_[At(model_.last[At(other)])];
    }
    return true;
  };
  const int* rows = active(begin);
  for (int k = 0; k < active_[At(begin)]; ++k) {
    if (!meet(rows[k])) return Fail(begin);
  }
  const int first_start = model_.start_begin[At(begin + 1)];
  const int last_start = model_.start_begin[At(lifted_end)];
  work_.Add(Look::kUnplaced, std::int64_t{active_[At(begin)]} + last_start - first_start);
  work_.Add(Look::kSlot, end - begin);
  for (int other = first_start; other < last_start; ++other) {
    if (!placed(other) && !meet(other)) return Fail(model_.first[At(other)]);
  }
  if (lifted_end < end) return Fail(lifted_end);
  for (int s = begin + 1; s < end; ++s) ready_[At(s)] += ready_[At(s - 1)];
  Touch(begin, end);
  return true;
}

bool ExactState::LiftHead(int row, std::int64_t floor) {
  const std::int64_t offset = OffsetAbove(row, floor);
  const int bundle = model_.bundle[At(row)];
  if (bundle < 0) {
    SetHead(row, offset + model_.begin[At(row)]);
    return head_[At(row)] <= latest_[At(row)];
  }
  if (offset + model_.begin[At(row)] > latest_[At(row)]) return false;
  for (int k = model_.bundle_begin[At(bundle)]; k < model_.bundle_begin[At(bundle + 1)]; ++k) {
    const int other = model_.bundle_rows[At(k)];
    SetHead(other, offset + model_.begin[At(other)]);
  }
  return true;
}

void ExactState::SetHead(int row, std::int64_t head) {
  const std::int64_t old_head = head_[At(row)];
  const int begin = model_.first[At(row)];
  const int end = model_.last[At(row)];
  Note(Kind::kHead, row, old_head, 0);
  work_.Add(Look::kLift, 1);
  work_.Add(Look::kSection, end - begin);
  head_[At(row)] = head;
  for (int s = begin; s < end; ++s) ready_[At(s)] -= floor_[At(s)] == old_head;
  Touch(begin, end);
}

// Raises each section in which no unplaced buffer can start at the floor to the least head there.
bool ExactState::Settle() {
  while (touched_begin_ < touched_end_) {
    const int begin = touched_begin_;
    const int end = touched_end_;
    touched_begin_ = std::numeric_limits<int>::max();
    touched_end_ = 0;
    work_.Add(Look::kSection, end - begin);
    for (int s = begin; s < end; ++s) {
      if (active_[At(s)] == 0) continue;
      if (pending_[At(s)] > 0 && !PassDecided(s)) return false;
      if (ready_[At(s)] > 0) continue;
      const int* rows = active(s);
      std::int64_t least = head_[At(rows[0])];
      for (int k = 1; k < active_[At(s)]; ++k) least = std::min(least, head_[At(rows[k])]);
      work_.Add(Look::kUnplaced, active_[At(s)]);
      AddWaste(s, least);
      if (!Lift(s, least)) return false;
    }
  }
  return true;
}

// What does not fit below a row whose height is decided lies above it.
bool ExactState::PassDecided(int section) {
  const int* rows = active(section);
  const int count = active_[At(section)];
  int pending = pending_[At(section)];
  work_.Add(Look::kUnplaced, std::int64_t{count} * (pending + 1));
  for (int k = 0; pending > 0; ++k) {
    const int row = rows[k];
    if (!decided(row)) continue;
    --pending;
    const std::int64_t begin = head_[At(row)], end = begin + model_.size[At(row)];
    std::int64_t above = 0;
    for (int m = 0; m < count; ++m) {
      const int other = rows[m];
      if (other == row) continue;
      if (head_[At(other)] < end && head_[At(other)] + model_.size[At(other)] > begin) {
        if (decided(other) || !LiftHead(other, end)) return Fail(section);
      }
      if (head_[At(other)] >= end) above += model_.size[At(other)];
    }
    if (end + above > ceiling_) return Fail(section);
  }
  return true;
}

void ExactState::AddPending(int row, int step) {
  for (int s = model_.first[At(row)]; s < model_.last[At(row)]; ++s) pending_[At(s)] += step;
}

// From here on its rows are where they are now.
void ExactState::Decide(int bundle) {
  Note(Kind::kDecided, bundle, 0, 0);
  decided_[At(bundle)] = 1;
  Join(bundle, -1);
  for (int k = model_.bundle_begin[At(bundle)]; k < model_.bundle_begin[At(bundle + 1)]; ++k) {
    const int row = model_.bundle_rows[At(k)];
    latest_[At(row)] = head_[At(row)];
    AddPending(row, 1);
    Touch(model_.first[At(row)], model_.last[At(row)]);
    set_key_[At(model_.first[At(row)])] += PlaceKey(row);
  }
}

// No row of it is placed any more.
void ExactState::Reconsider(int bundle) {
  decided_[At(bundle)] = 0;
  Join(bundle, 1);
  for (int k = model_.bundle_begin[At(bundle)]; k < model_.bundle_begin[At(bundle + 1)]; ++k) {
    const int row = model_.bundle_rows[At(k)];
    latest_[At(row)] = capacity_ - model_.room[At(row)];
    AddPending(row, -1);
    set_key_[At(model_.first[At(row)])] -= PlaceKey(row);
  }
}

// Counts the bundle, or no longer, as what spans all sections between its first row and its last.
void ExactState::Join(int bundle, int step) {
  int begin = std::numeric_limits<int>::max();
  int end = 0;
  for (int k = model_.bundle_begin[At(bundle)]; k < model_.bundle_begin[At(bundle + 1)]; ++k) {
    begin = std::min(begin, model_.first[At(model_.bundle_rows[At(k)])]);
    end = std::max(end, model_.last[At(model_.bundle_rows[At(k)])]);
  }
  work_.Add(Look::kSection, end - begin);
  for (int s = begin + 1; s < end; ++s) crossing_[At(s)] += step;
}

// Room, not height, as in the keys of the search.
std::uint64_t ExactState::PlaceKey(int row) const {
  return MixBits(row_key_[At(row)] ^ static_cast<std::uint64_t>(capacity_ - head_[At(row)]));
}

void ExactState::Remove(int row) {
  const int begin = model_.first[At(row)];
  const std::int64_t head = head_[At(row)];
  const std::int64_t size = model_.size[At(row)];
  placed_[At(row)] = 1;
  ++placed_count_;
  set_key_[At(begin)] -= row_key_[At(row)];
  if (model_.bundle[At(row)] >= 0) set_key_[At(begin)] -= PlaceKey(row);
  if (HasPlace(row)) AddPending(row, -1);
  work_.Add(Look::kSlot, model_.Length(row));
  int* slot = &slot_[At(slot_begin_[At(row)])];
  for (int s = begin; s < model_.last[At(row)]; ++s, ++slot) {
    load_[At(s)] -= size;
    tables_.Remove(s, row);
    ready_[At(s)] -= floor_[At(s)] == head;
    crossing_[At(s)] -= s > begin;
    int* rows = &unplaced_first_[At(model_.alive_begin[At(s)])];
    const int moved = rows[--active_[At(s)]];
    slot_[At(slot_begin_[At(moved)] + s - model_.first[At(moved)])] = *slot;
    rows[*slot] = moved;
    rows[active_[At(s)]] = row;
    *slot = active_[At(s)];
  }
}

// Changes are undone in reverse order, so the row is still right behind the unplaced ones.
void ExactState::Restore(int row) {
  const int begin = model_.first[At(row)];
  const std::int64_t head = head_[At(row)];
  placed_[At(row)] = 0;
  --placed_count_;
  if (HasPlace(row)) AddPending(row, 1);
  set_key_[At(begin)] += row_key_[At(row)];
  if (model_.bundle[At(row)] >= 0) set_key_[At(begin)] += PlaceKey(row);
  work_.Add(Look::kSlot, model_.Length(row));
  for (int s = begin; s < model_.last[At(row)]; ++s) {
    load_[At(s)] += model_.size[At(row)];
    tables_.Restore(s, row);
    ready_[At(s)] += floor_[At(s)] == head;
    crossing_[At(s)] += s > begin;
    top_[At(s)] = covered_top_[At(slot_begin_[At(row)] + s - begin)];
    ++active_[At(s)];
  }
}

}  // namespace orionrt
