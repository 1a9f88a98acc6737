// Plans of problems in which hundreds of buffers are alive at once, built from the bottom: the lowest niche of the
// skyline is filled by the row that gives up the least space, until a section is known to pass the capacity; then the
// search goes back. Bottom-left heuristics with the best fit for the lowest niche are Burke, Kendall and Whitwell's
// (Operations Research 52(4), 2004); here a row is judged by the space that nobody can use any more, and the search may
// take its decisions back. It finds plans and proves nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/index.hpp"
#include "plan/niches/niche_model.hpp"
#include "plan/niches/niche_state.hpp"
#include "plan/niches/niche_tries.hpp"
#include "plan/watch.hpp"

namespace orionrt {

class NicheSearch {
 public:
  // Keeps a reference. `work`: how much there may be in all; of many rows, or with little of it, only the longest
  // candidates of a niche are looked at.
  NicheSearch(const NicheModel& model, std::int64_t work);

  // What FillNiches asks for.
  static constexpr int kFew = 0;
  static constexpr int kTry = 2000;
  static constexpr std::int64_t kRises = 32;
  void Restart();
  void SetCapacity(std::int64_t capacity);
  void SetRanks(int tries);
  NicheStep Descend();  // kFailed: blame_ says where
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
  static constexpr int kGiveUp = -1;  // a choice: the whole niche is lifted to its lower wall

  struct Niche {
    int begin = 0, end = 0;
    std::int64_t floor = 0, left_wall = 0, right_wall = 0;
    Span widened() const { return {begin - 1, end + 1}; }
  };
  // Rows that lie within a niche cut it into blocks: between two cuts the same of them are alive.
  struct Candidate {
    int row = 0;
    int first = 0, last = 0;  // cuts
  };
  // A decision: which row lies on a niche's floor, or that nobody does.
  struct Decision {
    Niche niche;
    int choices[kNicheChoices + 1];
    int count = 0, next = 0;
    std::size_t mark = 0;  // of the state before it
    Span touched;          // sections that the choice taken lies on
    Span blamed;           // what stood in the way of the choices before
  };
  bool LiftDead(const Niche& niche, bool& lifted);  // false: a section passes the capacity
  bool Gather(const Niche& niche);
  int KeepLongest();
  void CutIntoBlocks(const Niche& niche);
  int LastOf(std::size_t k) const { return static_cast<int>(by_end_[k] >> 32); }
  Candidate& EndsAt(std::size_t k) { return candidates_[by_end_[k] & 0xffffffff]; }
  void RefreshWeights();
  void Weigh(const Niche& niche);
  void Choose(Decision& decision);
  bool Fits(Span sections, std::int64_t rise) const;
  bool Blame(int section, Span span);

  const NicheModel& model_;
  const bool looks_at_all_;
  NicheState state_;
  std::vector<Decision> decisions_;
  std::int64_t capacity_ = 0;
  Span blame_;  // sections of the last failure
  std::int64_t nodes_ = 0, work_ = 0;

  NicheRanks ranks_;
  NicheWeights shares_;
  std::vector<std::int64_t> failures_;         // per section, plus one
  std::vector<std::int64_t> section_weights_;  // by how little a section may give up, and its failures
  std::vector<Span> stale_;                    // of those

  // Of the niche at hand.
  std::vector<Candidate> candidates_;     // by first section
  std::vector<std::uint64_t> by_end_;     // by last section: that, and the position in it
  std::vector<int> cuts_;                 // sections: the begin of every block, and the end of the last
  std::vector<std::int64_t> weights_;     // per cut: of the sections before it
  std::vector<std::int64_t> lost_left_;   // per cut: of what lies under nobody if a row begins there, left of it
  std::vector<std::int64_t> lost_right_;  // or ends there, right of it
};

}  // namespace orionrt
