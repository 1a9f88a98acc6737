// One search is erratic: which order of candidates finds a plan at once, and which takes hours, differs per instance.
// So several take turns, each for a few nodes, and share what they refute.
#pragma once

#include <cstdint>
#include <vector>

#include "plan/exact/hash.hpp"
#include "plan/exact/model.hpp"
#include "plan/exact/search.hpp"

namespace orionrt {

class ExactPortfolio {
 public:
  // Remembers up to 2^dead_states_bits refuted states, 8 bytes each. `model` must outlive the portfolio.
  ExactPortfolio(const ExactModel& model, int dead_states_bits);

  // Looks for a plan within `capacity` (units) for about `budget` nodes. A later call goes on where this one stopped as
  // far as refuted states and the records of failures go; the turns go on, too.
  Outcome Try(std::int64_t capacity, std::int64_t budget);

  // The clock is read every thousand nodes or so, only if a limit is set. After it has struck, Try returns kStopped.
  void SetDeadline(const Deadline& deadline) { search_.SetDeadline(deadline); }
  bool expired() const { return search_.expired(); }

  std::int64_t nodes() const { return search_.nodes(); }
  std::int64_t OffsetOf(int row) const { return search_.OffsetOf(row); }  // units; after kFound

 private:
  const ExactModel& model_;
  DeadStates dead_;
  ExactSearch search_;
  std::vector<std::vector<int>> ranks_;
  std::vector<ExactStrategy> strategies_;
  std::int64_t runs_ = 0;
};

}  // namespace orionrt
