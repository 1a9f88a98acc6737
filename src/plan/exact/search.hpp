// Depth-first search for a plan within a capacity, one niche at a time.
#pragma once

#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "base/index.hpp"
#include "plan/exact/dead_states.hpp"
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
  bool chains = false;                // true: look for what fills a niche from wall to wall
  std::vector<std::int64_t> weights;  // per section, how often it failed; kept between runs
};

// The tree. Take the local minima of the skyline of floors: flat stretches whose neighbours are higher (niches).
// Whatever fits into a niche lies exactly on its floor or is pushed up by something that does. So for any section of a
// niche there is one branch per unplaced buffer that fits and is alive there, and one in which the space right above
// the floor stays empty in that section. No two branches share a plan, so no order of placement is ever searched twice;
// in a section without slack the last branch falls away. The section with the fewest branches for its record of
// failures is taken (Boussemart et al., ECAI 2004), wherever it is. Between two sections that no unplaced buffer spans,
// the state falls into subproblems that are searched on their own, and one that failed once is recognised when it comes
// back.
//
// Only plans in which nothing can drop are searched: a buffer lies at 0, on another one, or where it is fixed. A bundle
// needs one row of it to lie on something, which may not be there yet when another row of it is placed: a row may be
// placed if its bundle lies on what is placed, or if something that is not could still come to lie below one of its
// rows.
//
// That the space above the floor stays empty in a section lifts the floor to the next height at which something can
// begin. A bundle that something could still come to lie below could begin anywhere above, so no section is chosen to
// branch in, but one without slack, in which such a bundle is ready. What lies lower can be filled before, so that
// there is always another; only bundles with steps can wait for each other in a circle, and then the floor rises by one
// unit.
//
// A row whose height is decided, and that is ready, is all that can begin there.
class ExactSearch {
 public:
  // All must outlive the search.
  ExactSearch(const ExactModel& model, std::int64_t table_work, DeadStates& dead, WorkMeter& work);

  // Stops when either part of `quota` is spent, or after `patience` nodes with no more rows placed than before. After
  // kFound, OffsetOf is valid until the next run.
  Outcome Run(std::int64_t capacity, ExactStrategy& strategy, const ExactQuota& quota,
              std::int64_t patience = std::numeric_limits<std::int64_t>::max());

  std::int64_t OffsetOf(int row) const { return state_.head(row); }

 private:
  struct Niche {
    int section = -1;
    std::int64_t floor = 0;
  };
  struct Subproblem {
    int length, begin, end;  // sections [begin, end)
  };

  bool OutOfQuota();
  void NoteProgress();
  bool SolveSubproblems(int begin, int end);
  bool SolveSubproblem(int begin, int end);
  bool Apply(int choice, const Niche& niche, std::int64_t raised);
  Niche ChooseNiche(int begin, int end);
  void CountChains(int begin, int end, std::int64_t floor);
  bool IsInChain(int row) const;
  void CountBranches(int begin, int end, std::int64_t floor, bool all_on_tops);
  void CountOver(std::vector<int>& counts, int row) const;
  bool IsWall(int section) const { return state_.active_count(section) == 0; }
  bool IsForced(int row) const { return model_.bundle[At(row)] >= 0 && state_.decided(row); }
  bool CanBegin(int row, std::int64_t floor) const;
  bool Supported(int row, std::int64_t floor) const;
  bool CouldBeSupported(int row) const;
  std::int64_t NextOn(int row, const Niche& niche) const;
  void CollectCandidates(const Niche& niche);
  void ProbeCandidates(std::size_t first, const Niche& niche, std::int64_t raised);
  std::int64_t RaisedFloor(const Niche& niche) const;
  std::uint64_t KeyOf(int begin, int end) const;

  const ExactModel& model_;
  DeadStates& dead_;
  WorkMeter& work_;
  ExactState state_;
  const ExactStrategy* strategy_ = nullptr;
  ExactQuota end_;                           // of this run, by the meter
  std::int64_t patience_ = 0, stalled_ = 0;  // nodes
  int most_placed_ = 0;                      // rows
  int depth_ = 0;
  bool stopped_ = false;
  std::vector<std::pair<std::int64_t, int>> candidates_;  // (key, row or kRaise), of all nodes on the path
  // Per section, scratch of ChooseNiche: branches; of the rows that can begin there the forced ones, and those whose
  // bundle could yet be supported.
  std::vector<int> branches_, forced_, waiting_;
  // Per section, of the niches of a node: whether what can begin there fills the niche up to it, and from it on.
  std::vector<char> filled_before_, filled_behind_;
  std::vector<int> ready_;               // rows, scratch of CountChains
  std::vector<Subproblem> subproblems_;  // of all nodes on the path
};

}  // namespace orionrt
