// What is placed, in the order of addresses, where a plan is made with clocks. A question walks it from the bottom.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "orionrt/problem.hpp"
#include "plan/clocks/conflicts.hpp"

namespace orionrt {

class AddressList {
 public:
  // Keeps references to all three.
  AddressList(const Problem& problem, const Precedence& order, Conflicts& conflicts);

  // The lowest offset at which the buffer meets nothing that it conflicts with; its own if it is fixed. O(placed) for a
  // buffer of one rectangle.
  std::int64_t LowestFit(int buffer);
  // The same in the smallest gap between two that it conflicts with; bodies of several rectangles go to the lowest fit.
  std::int64_t TightestFit(int buffer);
  void Place(int buffer, std::int64_t offset);
  void Clear();

  std::int64_t work() const { return work_; }  // entries looked at so far

 private:
  struct Entry {
    std::int64_t begin, end;
    int slot;
  };
  std::int64_t LowestBodyFit(int buffer);
  std::int64_t LowestRectangleFit(int rectangle, std::int64_t floor, std::int64_t alignment);
  template <typename Visit>
  void ForEachConflict(int rectangle, Visit visit);

  const Problem& problem_;
  const Precedence& order_;
  Conflicts& conflicts_;
  std::vector<int> first_of_buffer_;  // rectangles; one more at the end
  std::vector<Entry> entries_;        // by begin
  std::int64_t work_ = 0;
};

// Places all buffers in that order, fixed ones first, each at its lowest fit (or in its tightest gap). One offset per
// buffer of the problem. O(n^2) at the worst: n buffers, each of which looks at what is placed below it.
std::vector<std::int64_t> PlaceInOrder(const Problem& problem, AddressList& list, const std::vector<int>& buffers,
                                       bool tightest = false);

}  // namespace orionrt
