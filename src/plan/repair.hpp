// Lowers the peak of a plan step by step. What ends above the target is taken out, and each such buffer goes back in
// where it displaces least; what it displaces is taken out in turn. A buffer that is displaced often grows dear, so the
// search does not run in circles.
#pragma once

#include <cstdint>
#include <vector>

#include "orionrt/problem.hpp"
#include "plan/placing/placer.hpp"
#include "plan/placing/sort_keys.hpp"
#include "plan/watch.hpp"

namespace orionrt {

class Repair {
 public:
  // Knows whole buffers that may move, no buffers of several parts: for problems with any other, see CanRepair. Keeps
  // references. Memory O(n).
  Repair(const Problem& problem, const Shapes& shapes, const SortKeys& sort_keys);

  static bool CanRepair(const Problem& problem);

  // Looks for a plan with peak <= target near `offsets`. True if found, and `offsets` hold it; else they stay as they
  // are. `steps`, in placements, falls by the effort. Gives up where the watch is over.
  // REQUIRES: CanRepair(problem), and in `offsets` one for each buffer that make a plan without faults, whatever its
  // peak.
  bool Lower(std::vector<std::int64_t>& offsets, std::int64_t target, std::int64_t& steps, Watch& watch);

 private:
  struct Item {  // a buffer, by its rank in the order of ties
    Span span;
    std::int64_t size, alignment;
    std::int64_t offset;  // kOut if taken out
    std::int64_t weight;  // what it costs to displace
    std::int64_t times;   // displaced so far
  };
  struct Edge {  // where an item begins or ends
    std::int64_t at;
    int item;
  };

  static bool Below(const Edge& a, const Edge& b);
  void TakeOut(int item);
  void PutIn(int item, std::int64_t offset);
  void FindAlive(int item);
  void Displace(int item, std::int64_t offset);
  int TakeHardest();

  std::vector<Item> items_;
  std::vector<int> buffers_;                   // per item
  std::vector<std::vector<int>> classes_;      // short items by power of two of their sections, by birth
  std::vector<char> long_;                     // per item
  std::vector<Edge> long_begins_, long_ends_;  // of the others, sorted
  std::vector<Edge> begins_, ends_;            // of what meets the item that is placed, sorted
  std::vector<int> out_;
};

}  // namespace orionrt
