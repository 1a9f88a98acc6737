#include "plan/exact/state.hpp"

#include <algorithm>

#include "plan/exact/hash.hpp"

namespace orionrt {

ExactState::ExactState(const ExactModel& model, WorkMeter& work)
    : model_(model), work_(work), weight_(model.section_count, 1) {
  slot_begin_.assign(model.buffer_count + 1, 0);
  row_key_.resize(model.buffer_count);
  for (int i = 0; i < model.buffer_count; ++i) {
    slot_begin_[i + 1] = slot_begin_[i] + model.Length(i);
    row_key_[i] = MixBits(static_cast<std::uint64_t>(i) + 1);
  }
  slot_.resize(slot_begin_.back());
  covered_top_.resize(slot_begin_.back());
  work_.Add(Look::kLaid, slot_begin_.back());
}

bool ExactState::Reset(std::int64_t capacity) {
  const int sections = model_.section_count;
  capacity_ = capacity;
  trail_.clear();
  floor_.assign(sections, 0);
  load_.assign(sections, 0);
  top_.assign(sections, 0);
  active_.assign(sections, 0);
  ready_.assign(sections, 0);
  crossing_.assign(sections, 0);
  set_key_.assign(sections, 0);
  head_.assign(model_.buffer_count, 0);
  latest_.resize(model_.buffer_count);
  placed_.assign(model_.buffer_count, 0);
  members_ = model_.members;
  bool fits = true;
  for (int i = 0; i < model_.buffer_count; ++i) {
    set_key_[model_.first[i]] += row_key_[i];
    latest_[i] = capacity - model_.size[i];
    if (model_.fixed[i] != kFree) {
      fits &= model_.fixed[i] <= latest_[i];
      head_[i] = latest_[i] = model_.fixed[i];
    }
    for (int s = model_.first[i]; s < model_.last[i]; ++s) {
      slot_[slot_begin_[i] + s - model_.first[i]] = active_[s]++;
      load_[s] += model_.size[i];
      ready_[s] += head_[i] == 0;
      crossing_[s] += s > model_.first[i];
    }
  }
  for (int s = 0; s < sections; ++s) fits &= load_[s] <= capacity;
  work_.Add(Look::kLaid, static_cast<std::int64_t>(members_.size()) + model_.buffer_count + sections);
  Touch(0, sections);
  return fits && Settle();
}

bool ExactState::Place(int row) {
  const int begin = model_.first[row];
  const int end = model_.last[row];
  const std::int64_t new_floor = head_[row] + model_.size[row];
  work_.Add(Look::kSection, end - begin);
  Note(Kind::kPlaced, row, 0, 0);
  Remove(row);
  for (int s = begin; s < end; ++s) {
    covered_top_[slot_begin_[row] + s - begin] = top_[s];
    top_[s] = new_floor;
  }
  return LiftLife(row, new_floor) && Settle();
}

bool ExactState::Raise(int section, std::int64_t floor) {
  AddWaste(section, floor);
  return Lift(section, floor) && Settle();
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
        floor_[index] = change.old_value;
        ready_[index] = change.old_ready;
        break;
      case Kind::kHead:
        head_[index] = change.old_value;
        sections += model_.Length(index);
        for (int s = model_.first[index]; s < model_.last[index]; ++s) ready_[s] += floor_[s] == change.old_value;
        break;
      case Kind::kPlaced:
        Restore(index);
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
  waste_ += (floor - floor_[section] + grain - 1) / grain * (4096 * weight_[section] / (slack / grain + 17));
}

std::int64_t ExactState::AlignUp(int row, std::int64_t offset) const {
  const std::int64_t alignment = model_.alignment[row];
  if (alignment == 1) return offset;
  return (offset + alignment - 1) / alignment * alignment;
}

bool ExactState::Lift(int section, std::int64_t floor) {
  Note(Kind::kFloor, section, floor_[section], ready_[section]);
  floor_[section] = floor;
  if (floor + load_[section] > capacity_) return Fail(section);
  const int* rows = active(section);
  const int count = active_[section];
  work_.Add(Look::kLift, 1);
  work_.Add(Look::kMember, count);
  int ready = 0;
  for (int k = 0; k < count; ++k) {
    const int row = rows[k];
    if (head_[row] < floor && !LiftHead(row, floor)) return Fail(section);
    ready += head_[row] == floor;
  }
  ready_[section] = ready;
  Touch(section, section + 1);
  return true;
}

// Lift, for all sections of a life in turn, with the same failures. Its floors are level, so a buffer that has met one
// has met them all, and each is looked at once.
bool ExactState::LiftLife(int row, std::int64_t floor) {
  const int begin = model_.first[row];
  const int end = model_.last[row];
  int lifted_end = begin;
  for (; lifted_end < end && floor + load_[lifted_end] <= capacity_; ++lifted_end) {
    Note(Kind::kFloor, lifted_end, floor_[lifted_end], ready_[lifted_end]);
    floor_[lifted_end] = floor;
    ready_[lifted_end] = 0;
  }
  if (lifted_end == begin) return Fail(begin);
  const auto meet = [&](int other) {  // ready_ holds differences until all are met
    if (head_[other] < floor && !LiftHead(other, floor)) return false;
    if (head_[other] == floor) {
      ++ready_[std::max(model_.first[other], begin)];
      if (model_.last[other] < lifted_end) --ready_[model_.last[other]];
    }
    return true;
  };
  const int* rows = active(begin);
  for (int k = 0; k < active_[begin]; ++k) {
    if (!meet(rows[k])) return Fail(begin);
  }
  const int first_start = model_.start_begin[begin + 1];
  const int last_start = model_.start_begin[lifted_end];
  work_.Add(Look::kMember, std::int64_t{active_[begin]} + last_start - first_start);
  work_.Add(Look::kSlot, end - begin);
  for (int other = first_start; other < last_start; ++other) {
    if (!placed(other) && !meet(other)) return Fail(model_.first[other]);
  }
  if (lifted_end < end) return Fail(lifted_end);
  for (int s = begin + 1; s < end; ++s) ready_[s] += ready_[s - 1];
  Touch(begin, end);
  return true;
}

bool ExactState::LiftHead(int row, std::int64_t floor) {
  const std::int64_t old_head = head_[row];
  const int begin = model_.first[row];
  const int end = model_.last[row];
  Note(Kind::kHead, row, old_head, 0);
  work_.Add(Look::kLift, 1);
  work_.Add(Look::kSection, end - begin);
  head_[row] = AlignUp(row, floor);
  for (int s = begin; s < end; ++s) ready_[s] -= floor_[s] == old_head;
  Touch(begin, end);
  return head_[row] <= latest_[row];
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
      if (ready_[s] > 0 || active_[s] == 0) continue;
      const int* rows = active(s);
      std::int64_t least = head_[rows[0]];
      for (int k = 1; k < active_[s]; ++k) least = std::min(least, head_[rows[k]]);
      work_.Add(Look::kMember, active_[s]);
      AddWaste(s, least);
      if (!Lift(s, least)) return false;
    }
  }
  return true;
}

void ExactState::Remove(int row) {
  const int begin = model_.first[row];
  const std::int64_t head = head_[row];
  const std::int64_t size = model_.size[row];
  placed_[row] = 1;
  set_key_[begin] -= row_key_[row];
  work_.Add(Look::kSlot, model_.Length(row));
  int* slot = &slot_[slot_begin_[row]];
  for (int s = begin; s < model_.last[row]; ++s, ++slot) {
    load_[s] -= size;
    ready_[s] -= floor_[s] == head;
    crossing_[s] -= s > begin;
    int* rows = &members_[model_.member_begin[s]];
    const int moved = rows[--active_[s]];
    slot_[slot_begin_[moved] + s - model_.first[moved]] = *slot;
    rows[*slot] = moved;
    rows[active_[s]] = row;
    *slot = active_[s];
  }
}

// Changes are undone in reverse order, so the row is still right behind the unplaced ones.
void ExactState::Restore(int row) {
  const int begin = model_.first[row];
  const std::int64_t head = head_[row];
  placed_[row] = 0;
  set_key_[begin] += row_key_[row];
  work_.Add(Look::kSlot, model_.Length(row));
  for (int s = begin; s < model_.last[row]; ++s) {
    load_[s] += model_.size[row];
    ready_[s] += floor_[s] == head;
    crossing_[s] += s > begin;
    top_[s] = covered_top_[slot_begin_[row] + s - begin];
    ++active_[s];
  }
}

}  // namespace orionrt
