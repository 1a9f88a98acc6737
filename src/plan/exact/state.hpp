// A partial plan that grows from the bottom, and everything that follows from it at once.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "base/index.hpp"
#include "plan/exact/model.hpp"
#include "plan/exact/stack_tables.hpp"
#include "plan/exact/work.hpp"

namespace orionrt {

// Buffers are only ever put directly on a floor that is final, so what is placed is summed up by one height per
// section.
//
//   head  of a buffer: the least offset it can still get: the highest floor over its life, aligned
//   floor of a section: no unplaced buffer can lie below; never under the least head of the section's unplaced buffers
//   load  of a section: bytes (units) still to come; floor + load <= capacity, else the state is dead. Under alignment
//         the floor is at most the highest one from which on they can be stacked, in any order (stack_tables.hpp)
//   top   of a section: where the topmost placed buffer ends; below the floor where space is given up
//
// Heads raise floors and floors raise heads until nothing moves, and the heads of a bundle move together: its offset is
// the highest that one of its rows asks for. The first row of a bundle that is placed decides where the others are,
// which from then on are rows of fixed offset. Every change can be undone in reverse order.
class ExactState {
 public:
  // Both must outlive the state. `table_work`: what the tables of a capacity may take.
  ExactState(const ExactModel& model, std::int64_t table_work, WorkMeter& work);

  // Empties the plan. False if that alone breaks the capacity (units).
  [[nodiscard]] bool Reset(std::int64_t capacity);

  // Puts `row` at its head. REQUIRES: unplaced, and every floor over its life equals its head.
  // False if no plan within the capacity can follow; undo then, too.
  [[nodiscard]] bool Place(int row);

  // Gives up the space below `floor` in `section`. False as above.
  [[nodiscard]] bool Raise(int section, std::int64_t floor);

  // Whether what then is still to come in its sections can be stacked on `row`, if that is placed at its head.
  bool CanFollow(int row) const;
  bool HasTables() const { return !tables_.empty(); }

  std::size_t Mark() const { return trail_.size(); }
  void Undo(std::size_t mark);

  std::int64_t capacity() const { return capacity_; }
  std::int64_t head(int row) const { return head_[At(row)]; }
  bool placed(int row) const { return placed_[At(row)] != 0; }
  int placed_count() const { return placed_count_; }
  // Whether it is known where the row lies: it is placed, or fixed by its problem or by another row of its bundle.
  bool decided(int row) const { return placed(row) || HasPlace(row); }
  std::int64_t floor(int section) const { return floor_[At(section)]; }
  std::int64_t top(int section) const { return top_[At(section)]; }
  std::int64_t Slack(int section) const { return HighestFloor(section) - floor_[At(section)]; }
  int active_count(int section) const { return active_[At(section)]; }  // unplaced buffers alive there
  int ready_count(int section) const { return ready_[At(section)]; }    // of these, with head == floor
  // an unplaced row spans it and the one before, or a bundle that is not decided does
  bool joined(int section) const { return crossing_[At(section)] > 0; }
  const int* active(int section) const {
    return &unplaced_first_[At(model_.alive_begin[At(section)])];
  }  // active_count rows
  // of the unplaced rows that start there, and where they are if another row of their bundle decided that
  std::uint64_t set_key(int section) const { return set_key_[At(section)]; }
  int failed_section() const { return failed_section_; }  // where the last false came from

  // Weighted space given up since ResetWaste. A guide, not a bound.
  void ResetWaste() { waste_ = 0; }
  std::int64_t waste() const { return waste_; }
  std::int64_t weight(int section) const { return weight_[At(section)]; }
  std::vector<std::int64_t>& weights() { return weight_; }

 private:
  enum class Kind : std::uint8_t { kFloor, kHead, kPlaced, kDecided };
  struct Change {
    std::int64_t old_value;
    int index;
    int old_ready : 30;
    unsigned kind : 2;
  };

  void Note(Kind kind, int index, std::int64_t old_value, int old_ready) {
    Change& change = trail_.emplace_back();  // filled in place: a copy would wait for what it copies
    change.old_value = old_value;
    change.index = index;
    change.old_ready = old_ready;
    change.kind = static_cast<unsigned>(kind);
  }
  void Touch(int begin, int end) {
    if (begin < touched_begin_) touched_begin_ = begin;
    if (end > touched_end_) touched_end_ = end;
  }
  std::int64_t HighestFloor(int section) const {
    const std::int64_t highest = ceiling_ - load_[At(section)];
    return tables_.empty() ? highest : std::min(highest, tables_.HighestFloor(section));
  }
  bool Fail(int section);
  void AddWaste(int section, std::int64_t floor);
  std::int64_t OffsetAbove(int row, std::int64_t floor) const;
  bool Lift(int section, std::int64_t floor);
  [[nodiscard]] bool LiftLife(int row, std::int64_t floor);
  [[nodiscard]] bool LiftHead(int row, std::int64_t floor);
  void SetHead(int row, std::int64_t head);
  int CountReady(int section) const;
  [[nodiscard]] bool Settle();
  [[nodiscard]] bool PassDecided(int section);
  // Whether its height is decided before the row itself is placed.
  bool HasPlace(int row) const {
    const int bundle = model_.bundle[At(row)];
    return bundle >= 0 ? decided_[At(bundle)] != 0 : model_.fixed[At(row)] != kFree;
  }
  void AddPending(int row, int step);
  void Decide(int bundle);
  void Reconsider(int bundle);
  void Join(int bundle, int step);
  std::uint64_t PlaceKey(int row) const;
  void Remove(int row);
  void Restore(int row);

  const ExactModel& model_;
  WorkMeter& work_;
  std::int64_t capacity_ = 0;
  std::int64_t ceiling_ = 0;  // the capacity, rounded up to the grain
  std::int64_t waste_ = 0;
  int failed_section_ = 0;
  int touched_begin_ = std::numeric_limits<int>::max();  // sections whose ready count may have become zero
  int touched_end_ = 0;
  std::vector<std::int64_t> floor_, load_, top_, weight_;
  std::vector<int> active_, ready_, crossing_;
  std::vector<int> pending_;  // per section: unplaced rows that are decided
  std::vector<std::uint64_t> set_key_, row_key_;
  std::vector<std::int64_t> head_, latest_;  // latest: the highest offset the capacity or a fixed offset leaves
  std::vector<char> placed_, decided_;
  int placed_count_ = 0;                   // rows
  std::vector<int> unplaced_first_;        // per section a sparse set: the unplaced ones first
  std::vector<int> slot_begin_;            // row -> its slots, one per section of its life
  std::vector<int> slot_;                  // where in its section's part of unplaced_first_ the row is
  std::vector<std::int64_t> covered_top_;  // per slot: the top that the row covered when it was placed
  std::vector<Change> trail_;
  StackTables tables_;
};

}  // namespace orionrt
