// Of what is still to come in a section: the highest floor from which on it can be stacked within the capacity,
// whatever the order. Under alignment that is lower than what the sum of sizes leaves.
#pragma once

#include <cstdint>
#include <vector>

#include "base/index.hpp"
#include "plan/exact/model.hpp"
#include "plan/exact/stacking.hpp"
#include "plan/exact/work.hpp"

namespace orionrt {

// Tables exist for the sections that need them most, as far as `table_work` goes. Where more are alive than a table
// holds, those of the largest alignment count; the others may lie in what these leave.
class StackTables {
 public:
  // Both must outlive the tables.
  StackTables(const ExactModel& model, std::int64_t table_work, WorkMeter& work);

  // Everything is still to come.
  void Reset(std::int64_t capacity);

  bool empty() const { return floors_.empty(); }
  std::int64_t HighestFloor(int section) const {
    const Table& table = tables_[At(section)];
    return table.first < 0 ? kMaxFloor : floors_[At(table.first + table.set)];
  }
  // The same, once `row`, which is still to come, is placed.
  std::int64_t HighestFloorWithout(int section, int row) const {
    const Table& table = tables_[At(section)];
    return table.first < 0 ? kMaxFloor : floors_[At(table.first + (table.set & ~BitOf(section, row)))];
  }
  void Remove(int section, int row) {
    if (!empty()) tables_[At(section)].set &= ~BitOf(section, row);
  }
  void Restore(int section, int row) {
    if (!empty()) tables_[At(section)].set |= BitOf(section, row);
  }

 private:
  static constexpr std::int64_t kMaxFloor = std::int64_t{1} << 62;

  struct Table {
    std::int64_t first = -1;  // of its floors; -1: none
    std::uint32_t set = 0;    // what is still to come
  };

  std::uint32_t BitOf(int section, int row) const {
    return bits_[At(bit_begin_[At(row)] + section - model_.first[At(row)])];
  }
  std::vector<int> TightestFirst(std::int64_t capacity) const;
  void Add(int section, std::size_t most, std::int64_t capacity);

  const ExactModel& model_;
  const std::int64_t table_work_;
  WorkMeter& work_;
  std::int64_t capacity_ = -1;  // of the tables there are
  std::vector<Table> tables_;   // per section
  std::vector<std::int64_t> floors_;
  std::vector<int> bit_begin_;       // row -> its bits, one per section of its life
  std::vector<std::uint32_t> bits_;  // in the sets of that section's table; 0: not in it
};

}  // namespace orionrt
