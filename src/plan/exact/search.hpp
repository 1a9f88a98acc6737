// Depth-first search for a plan within a capacity, one niche at a time.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "plan/exact/hash.hpp"
#include "plan/exact/model.hpp"
#include "plan/exact/state.hpp"
#include "plan/exact/work.hpp"

namespace orionrt {

enum class Outcome {
  kFound,    // every buffer is placed
  kRefuted,  // proven: no plan within the capacity
  kStopped,  // the quota or the time ran out before either
};

// How a search breaks ties. It changes what is found first, never what is true.
struct ExactStrategy {
  std::vector<int> rank;              // per row; lower is tried first
  bool probe = false;                 // true: try first what gives up the least space
  std::vector<std::int64_t> weights;  // per section, how often it failed; kept between runs
};

// The tree. Take the local minima of the skyline of floors: flat stretches whose neighbours are higher (niches).
// Whatever fits into a niche lies exactly on its floor or is pushed up by something that does. So for any section of a
// niche there is one branch per unplaced buffer that fits and is alive there, and one in which the space right above
// the floor stays empty in that section. No two branches share a plan, so no order of placement is ever searched twice;
// in a section without slack the last branch falls away. The section with the fewest branches for its record of
// failures is taken (Boussemart et al., ECAI 2004), wherever it is. Between two sections that no unplaced buffer spans,
// the state falls into parts that are searched on their own, and a part that failed once is recognised when it comes
// back.
//
// Only plans in which nothing can drop are searched: a buffer lies at 0, on another one, or where it is fixed.
class ExactSearch {
 public:
  // All must outlive the search.
  ExactSearch(const ExactModel& model, DeadStates& dead, WorkMeter& work);

  // Stops when either part of `quota` is spent. After kFound, OffsetOf is valid until the next run.
  Outcome Run(std::int64_t capacity, ExactStrategy& strategy, const ExactQuota& quota);

  std::int64_t OffsetOf(int row) const { return state_.head(row); }

 private:
  struct Niche {
    int section = -1;
    std::int64_t floor = 0;
  };
  struct Part {
    int length, begin, end;  // sections [begin, end)
  };

  bool OutOfQuota();
  bool SolveParts(int begin, int end);
  bool SolvePart(int begin, int end);
  bool Apply(int choice, const Niche& niche, std::int64_t raised);
  Niche ChooseNiche(int begin, int end);
  void CountBranches(int begin, int end, std::int64_t floor, bool all_on_tops);
  bool Supported(int row, std::int64_t floor) const;
  void CollectCandidates(const Niche& niche);
  void ProbeCandidates(std::size_t first, const Niche& niche, std::int64_t raised);
  std::int64_t RaisedFloor(const Niche& niche) const;
  std::uint64_t KeyOf(int begin, int end) const;

  const ExactModel& model_;
  DeadStates& dead_;
  WorkMeter& work_;
  ExactState state_;
  const ExactStrategy* strategy_ = nullptr;
  ExactQuota end_;  // of this run, by the meter
  int depth_ = 0;
  bool stopped_ = false;
  std::vector<std::pair<std::int64_t, int>> candidates_;  // (key, row or kRaise), of all nodes on the path
  std::vector<int> branches_;                             // per section; scratch of ChooseNiche
  std::vector<Part> parts_;                               // of all nodes on the path
};

}  // namespace orionrt
