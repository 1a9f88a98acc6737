// Plans of problems with clocks, built from the bottom as NicheSearch does (plan/niches): the rows that lie lowest are
// chosen from, and of these the one that gives up the least space. Here a niche has no walls: it is the rows whose
// floor is the lowest and that reach into one another, and the space that a row gives up is that of sections which no
// chain of them through it covers. Floors come from who conflicts with whom, so plans hold; sections, the heavy ones of
// a few executions, say where space is short and when to go back. It finds plans and proves nothing.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/index.hpp"
#include "plan/clocks/row_floors.hpp"
#include "plan/clocks/stream_niche_model.hpp"
#include "plan/niches/niche_tries.hpp"
#include "plan/watch.hpp"

namespace orionrt {

class StreamNicheSearch {
 public:
  // Keeps a reference.
  explicit StreamNicheSearch(const StreamNicheModel& model);

  // Of FillNiches.
  static constexpr int kFew = 1000;
  static constexpr int kTry = 500;
  static constexpr std::int64_t kRises = 16;
  void Restart();
  void SetCapacity(std::int64_t capacity);
  void SetRanks(int tries);
  NicheStep Descend();
  void TakeNext();
  bool GoBack();
  void Keep(std::size_t decisions);
  void Forgive();
  std::size_t depth() const { return decisions_.size(); }
  std::int64_t capacity() const { return capacity_; }
  std::int64_t nodes() const { return nodes_; }
  std::int64_t work() const { return work_; }
  std::int64_t PeakInto(std::vector<std::int64_t>& offsets) const;

 private:
  static constexpr std::int64_t kNobody = RowFloors::kNobody;  // of sections too: nobody is still to be placed there
  static constexpr int kGiveUp = -1;                // a choice: the whole niche is lifted to the lowest floor near it
  static constexpr int kBlock = RowFloors::kBlock;  // of sections as of rows

  using Spans = std::array<Span, StreamNicheModel::kMostExecutions>;  // of sections, per execution

  // The rows on the lowest floor that reach into one another, in `candidates_`.
  struct Niche {
    std::int64_t floor = 0;
    std::int64_t wall = 0;  // the next floor of any row within the window
    Span window;
  };
  struct Decision {
    Niche niche;
    int choices[kNicheChoices + 1];
    int count = 0, next = 0;
    std::size_t rows_mark = 0, spans_mark = 0;  // of the changes before it
    Spans hulls;                                // of the niche
    Spans blamed;                               // what stood in the way of the choices before
  };
  struct RowChange {
    int row;
    std::int64_t floor;
  };
  struct SectionState {
    std::int64_t level, used;
  };

  std::int64_t LowestFloor();
  bool LiftDead(std::int64_t floor);
  StreamNicheModel::Word Pressed(int block, std::int64_t floor, bool& is_low) const;
  bool Ask(int section, std::int64_t floor);
  void Gather(std::int64_t floor, Niche& niche);
  void Weigh(const Niche& niche);
  void FindChains();
  void FindShortChains();
  void FindLongChains();
  void SortEnds();
  void Choose(Decision& decision);
  bool MayGiveUp(const Niche& niche) const;
  bool Place(int row, std::int64_t floor);
  bool Raise(const Niche& niche);
  std::int64_t Used(int section, std::int64_t floor) const;
  void SetFloor(int row, std::int64_t floor);
  void KeepSections(Span span);
  void Undo(std::size_t rows_mark, std::size_t spans_mark);
  bool Blame(int section, std::int64_t floor);
  bool BlameRow(int row);
  bool IsToBlame(const Decision& decision) const;
  Span Widened(Span sections, int execution) const;

  const StreamNicheModel& model_;
  std::int64_t capacity_ = 0;
  bool failed_ = false;  // the choice taken last does not fit
  Spans blame_ = {};     // of the last failure
  std::int64_t nodes_ = 0, work_ = 0;
  NicheRanks ranks_;
  NicheWeights shares_;
  std::vector<std::int64_t> failures_;  // per section, plus one
  std::vector<Decision> decisions_;

  std::vector<int> lasts_, last_in_block_;  // where the window of a row ends; the last such, per block of rows
  RowFloors floors_;                        // its alignment above what is placed and conflicts with it
  std::vector<std::int64_t> offsets_;       // per row
  std::vector<StreamNicheModel::Word> unplaced_, on_floor_;  // sets of rows; of the latter, words that are not zero:
  Span floor_words_;
  std::vector<std::int64_t> levels_;  // per section: no row that is still to be placed there lies lower
  std::vector<std::int64_t> used_;    // per section: its level, and all that is still to lie on it
  std::vector<int> lowest_;           // per section: a row on its level, if that is still there
  std::vector<RowChange> row_changes_;
  std::vector<Span> span_changes_;           // of sections
  std::vector<SectionState> kept_sections_;  // of all these spans, as they were before; more than are in use
  std::size_t kept_count_ = 0;

  // Of the niche at hand.
  std::vector<int> candidates_;                                 // rows, ascending
  std::vector<Span> hulls_;                                     // per execution: sections from the first to the last
  std::vector<int> covered_;                                    // per section, one more: where candidates begin and end
  std::vector<std::int64_t> weights_;                           // before each section, one more for each execution
  std::vector<std::int64_t> before_, within_, behind_;          // per candidate: the weight of sections it lies in so
  std::vector<std::int64_t> lost_before_, lost_behind_, keys_;  // that no chain covers, and that less those passed
  std::vector<StreamNicheModel::Word> places_taken_;            // in the order of a chain, by candidates:
  std::vector<int> at_place_;                                   // by which
  std::vector<std::vector<std::pair<int, int>>> by_end_;        // per chain: places, candidates
  std::vector<int> behind_on_;                                  // candidates x chains: how many begin behind one
  std::vector<std::vector<std::int64_t>> on_chain_;  // per chain: the least key of so many of the last, none at first
};

}  // namespace orionrt
