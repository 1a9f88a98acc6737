// What the searches that fill niches have in common: the ranks of rows, what a section weighs, and tries, each from
// some depth of the one before, under a capacity that follows the peak.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <random>
#include <utility>
#include <vector>

#include "base/index.hpp"
#include "plan/placing/sections.hpp"
#include "plan/watch.hpp"

namespace orionrt {

enum class NicheStep { kDecided, kFailed, kDone };

inline constexpr int kNicheChoices = 4;  // of a niche, beside giving it up

// a / b. REQUIRES: a >= 0, b > 0. The division of integers takes several times as long as that of doubles.
inline std::int64_t Quotient(std::int64_t a, std::int64_t b) {
  constexpr std::int64_t kExact = std::int64_t{1} << 53;  // up to there a double is what the integer is
  if (a >= kExact || b >= kExact) return a / b;
  const auto quotient = static_cast<std::int64_t>(static_cast<double>(a) / static_cast<double>(b));
  return quotient * b > a ? quotient - 1 : quotient;  // rounded up to an integer
}

// Which of rows that waste as much comes first: by one order of three, each in its turn, shaken after the first tries.
class NicheRanks {
 public:
  explicit NicheRanks(int rows) : ranks_(At(rows)) {}

  // The rows with the largest key first; three such orders.
  template <typename Key>
  void AddOrder(Key key) {
    std::vector<int> order(ranks_.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&key](int a, int b) { return key(b) < key(a); });
    orders_.push_back(std::move(order));
  }

  void Set(int tries);
  int operator[](int row) const { return ranks_[At(row)]; }  // the lowest comes first

 private:
  std::vector<std::vector<int>> orders_;
  std::vector<int> ranks_;
  std::mt19937_64 random_{1};
};

// Bytes are weighed in grains of a 1,024th of the capacity.
class NicheWeights {
 public:
  NicheWeights();

  void SetCapacity(std::int64_t capacity);
  std::int64_t grains(std::int64_t bytes) const { return bytes >> grain_; }
  // What a section weighs that may give up so many bytes; the less, the heavier. REQUIRES: slack >= 0.
  std::int64_t share(std::int64_t slack) const {
    return shares_[static_cast<std::size_t>(std::min(grains(slack), kMostGrains))];
  }

 private:
  static constexpr std::int64_t kMostGrains = 2048;  // of slack: more weighs as little

  int grain_ = 0;                     // log2 of the bytes
  std::vector<std::int64_t> shares_;  // by grains of slack
};

// Keeps the better of choices, the best first; of equal waste the one whose rank is lower.
class NicheShortlist {
 public:
  void Offer(int row, std::int64_t waste, const NicheRanks& ranks) {
    if (count_ < kNicheChoices || waste <= wastes_[kNicheChoices - 1]) Insert(row, waste, ranks);
  }
  int count() const { return count_; }
  int row(int place) const { return rows_[place]; }

 private:
  void Insert(int row, std::int64_t waste, const NicheRanks& ranks);

  int rows_[kNicheChoices];
  std::int64_t wastes_[kNicheChoices];
  int count_ = 0;
};

// Numbers that decide how the search goes were found on the families of docs/planning.md, "filling niches".
inline constexpr int kIdleTries = 12;         // to close a small gap, before more capacity is allowed
inline constexpr std::int64_t kNear = 8;      // the capacity falls again where this part of the gap is all that is left
inline constexpr std::int64_t kFirstAim = 4;  // the capacity at first lies this part of the gap above the target
inline constexpr std::int64_t kSmallGap = 667;  // part of the target: a smaller gap is to be closed at once

// Looks for plans of `rows` rows below `peak` (bytes) until one reaches `target`, the work is spent, or the watch is
// over. A try that fails goes on under a capacity that is a little higher; only where the target itself is the capacity
// are decisions taken back instead, more of them try by try. `work` falls by what was looked at. True if `offsets`, per
// row, and `peak` are of a lower plan. A Search has
//
//   Restart(), SetCapacity(bytes), SetRanks(tries)   a plan in which nothing is placed; what it must stay below
//   NicheStep Descend(), TakeNext()                  to the next decision, and its next choice
//   bool GoBack()                                    to a decision that has another choice and may be to blame
//   Keep(decisions), Forgive(), depth()              of the decisions the first; failures count for less
//   capacity(), nodes(), work(), PeakInto(offsets)
//   kFew                                             rows: up to so many tries begin anew under a higher capacity too
//   kTry, kRises                                     most nodes of a try; part of the way to the peak that one rises
template <typename Search>
bool FillNiches(Search& search, int rows, std::int64_t target, Watch& watch, std::int64_t& work,
                std::vector<std::int64_t>& offsets, std::int64_t& peak) {
  bool better = false;
  const std::int64_t unit = std::clamp<std::int64_t>(2 * rows, 32, Search::kTry);
  std::int64_t quota = unit;  // of nodes, up to which a try goes
  int tries = 0, idle = 0;    // in all; since the capacity was set
  const auto aim = [&] {
    const std::int64_t gap = peak - target;
    search.SetCapacity(target + (gap < target / kSmallGap ? 0 : gap / kFirstAim));
    idle = 0;
  };
  search.Restart();
  aim();
  search.SetRanks(tries);
  std::size_t deepest = 0;
  const std::int64_t hopeless = work - work / 4;  // a quarter is spent, and no try has come a quarter of the way
  while (peak > target && search.capacity() < peak && work > 0 && !watch.IsOver()) {
    const std::int64_t before = search.work();
    const NicheStep step = search.Descend();
    deepest = std::max(deepest, search.depth());
    if (work < hopeless && 4 * deepest < At(rows)) break;
    if (step == NicheStep::kDecided) {
      search.TakeNext();
    } else if (step == NicheStep::kDone) {
      peak = search.PeakInto(offsets);
      better = true;
      watch.Reach(peak);
      aim();
      quota = search.nodes() + unit;
    } else if (search.nodes() < quota && search.GoBack()) {
      search.TakeNext();
    } else {
      ++tries;
      search.Forgive();
      const std::int64_t left = peak - search.capacity(), rise = std::max<std::int64_t>(1, left / Search::kRises);
      const bool closes = search.capacity() == target && ++idle < kIdleTries;
      const bool is_near = !closes && (left == rise || left * kNear < peak - target);
      std::size_t back = closes || rows <= Search::kFew ? search.depth() >> tries % 8 : 0;
      if (is_near) back = search.depth();
      search.Keep(search.depth() - back);
      if (is_near) {
        aim();
      } else if (!closes) {
        search.SetCapacity(search.capacity() + rise);
      }
      search.SetRanks(tries);
      quota = search.nodes() + unit;
    }
    work -= search.work() - before;
    watch.Spend(search.work() - before);
  }
  return better;
}

}  // namespace orionrt
