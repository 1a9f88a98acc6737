// One search is erratic: which order of candidates finds a plan at once, and which takes hours, differs per instance.
// So several take turns, each for a few nodes, and share what they refute.
#pragma once

#include <cstdint>
#include <vector>

#include "plan/exact/dead_states.hpp"
#include "plan/exact/model.hpp"
#include "plan/exact/search.hpp"
#include "plan/exact/work.hpp"

namespace orionrt {

class ExactTurns {
 public:
  // Remembers up to 2^dead_states_bits refuted states, 8 bytes each. `model` and `work` must outlive it. `is_full`:
  // next to no room is left at the capacities asked for.
  ExactTurns(const ExactModel& model, bool is_full, int dead_states_bits, std::int64_t table_work, WorkMeter& work);

  // Looks for a plan within `capacity` (units) for `budget`, of nodes up to a run more. A later call goes on where this
  // one stopped as far as refuted states and the records of failures go; the turns go on, too.
  Outcome Try(std::int64_t capacity, const ExactQuota& budget);

  std::int64_t OffsetOf(int row) const { return search_.OffsetOf(row); }  // units; after kFound

 private:
  const ExactModel& model_;
  const int patience_;  // nodes, of a run of many rows in a full problem; 0: none
  WorkMeter& work_;
  DeadStates dead_;
  ExactSearch search_;
  std::vector<std::vector<int>> ranks_;
  std::vector<ExactStrategy> strategies_;
  std::int64_t runs_ = 0;
};

}  // namespace orionrt
