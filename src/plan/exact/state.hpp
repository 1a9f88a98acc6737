// A partial plan that grows from the bottom, and everything that follows from it at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "plan/exact/model.hpp"
#include "plan/exact/work.hpp"

namespace orionrt {

// Buffers are only ever put directly on a floor that is final, so what is placed is summed up by one height per
// section.
//
//   head  of a buffer: the least offset it can still get: the highest floor over its life, aligned
//   floor of a section: no unplaced buffer can lie below; never under the least head of the section's unplaced buffers
//   load  of a section: bytes (units) still to come; floor + load <= capacity, else the state is dead
//   top   of a section: where the topmost placed buffer ends; below the floor where space is given up
//
// Heads raise floors and floors raise heads until nothing moves. Every change can be undone in reverse order.
class ExactState {
 public:
  // Both must outlive the state.
  ExactState(const ExactModel& model, WorkMeter& work);

  // Empties the plan. False if that alone breaks the capacity (units).
  bool Reset(std::int64_t capacity);

  // Puts `row` at its head. REQUIRES: unplaced, and every floor over its life equals its head.
  // False if no plan within the capacity can follow; undo then, too.
  bool Place(int row);

  // Gives up the space below `floor` in `section`. False as above.
  bool Raise(int section, std::int64_t floor);

  std::size_t Mark() const { return trail_.size(); }
  void Undo(std::size_t mark);

  std::int64_t capacity() const { return capacity_; }
  std::int64_t head(int row) const { return head_[row]; }
  bool placed(int row) const { return placed_[row] != 0; }
  std::int64_t floor(int section) const { return floor_[section]; }
  std::int64_t top(int section) const { return top_[section]; }
  std::int64_t Slack(int section) const { return capacity_ - floor_[section] - load_[section]; }
  int active_count(int section) const { return active_[section]; }  // unplaced buffers alive there
  int ready_count(int section) const { return ready_[section]; }    // of these, with head == floor
  // an unplaced buffer spans it and the one before
  bool joined(int section) const { return crossing_[section] > 0; }
  const int* active(int section) const { return &members_[model_.member_begin[section]]; }  // active_count rows
  std::uint64_t set_key(int section) const { return set_key_[section]; }  // of the unplaced buffers that start there
  int failed_section() const { return failed_section_; }                  // where the last false came from

  // Weighted space given up since ResetWaste. A guide, not a bound.
  void ResetWaste() { waste_ = 0; }
  std::int64_t waste() const { return waste_; }
  std::int64_t weight(int section) const { return weight_[section]; }
  std::vector<std::int64_t>& weights() { return weight_; }

 private:
  enum class Kind : std::uint8_t { kFloor, kHead, kPlaced };
  struct Change {
    std::int64_t old_value;
    int index;
    int old_ready : 30;
    unsigned kind : 2;
  };

  void Note(Kind kind, int index, std::int64_t old_value, int old_ready) {
    trail_.push_back({old_value, index, old_ready, static_cast<unsigned>(kind)});
  }
  void Touch(int begin, int end) {
    if (begin < touched_begin_) touched_begin_ = begin;
    if (end > touched_end_) touched_end_ = end;
  }
  bool Fail(int section);
  void AddWaste(int section, std::int64_t floor);
  std::int64_t AlignUp(int row, std::int64_t offset) const;
  bool Lift(int section, std::int64_t floor);
  bool LiftLife(int row, std::int64_t floor);
  bool LiftHead(int row, std::int64_t floor);
  bool Settle();
  void Remove(int row);
  void Restore(int row);

  const ExactModel& model_;
  WorkMeter& work_;
  std::int64_t capacity_ = 0;
  std::int64_t waste_ = 0;
  int failed_section_ = 0;
  int touched_begin_ = std::numeric_limits<int>::max();  // sections whose ready count may have become zero
  int touched_end_ = 0;
  std::vector<std::int64_t> floor_, load_, top_, weight_;
  std::vector<int> active_, ready_, crossing_;
  std::vector<std::uint64_t> set_key_, row_key_;
  std::vector<std::int64_t> head_, latest_;  // latest: the highest offset the capacity or a fixed offset leaves
  std::vector<char> placed_;
  std::vector<int> members_;               // per section a sparse set: the unplaced ones first
  std::vector<int> slot_begin_;            // row -> its slots, one per section of its life
  std::vector<int> slot_;                  // where in its section's part of members_ the row is
  std::vector<std::int64_t> covered_top_;  // per slot: the top that the row covered when it was placed
  std::vector<Change> trail_;
};

}  // namespace orionrt
