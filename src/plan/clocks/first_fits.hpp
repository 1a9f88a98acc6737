// The orders of first-fit with clocks. Sizes in classes of a quarter of an octave, in the order of time within one:
// what is about as large is laid into columns, as if all were of one size.
#pragma once

#include <cstdint>
#include <vector>

#include "orionrt/problem.hpp"
#include "plan/clocks/precedence.hpp"
#include "plan/squeaky_wheel.hpp"

namespace orionrt {

class FirstFits {
 public:
  // `bound`: of the problem, in bytes; what is in the heaviest antichain has it as its pressure. Keeps references.
  FirstFits(const Problem& problem, const Precedence& order, std::int64_t bound);

  enum Order { kClassBegin, kSize, kClassEnd, kOctaveBegin, kArea, kPressure, kBegin, kOrders };
  static const char* Name(int order);

  // All buffers that have bytes. O(n log n); by pressure an antichain for each.
  std::vector<int> Sorted(int order);

  // In one execution; the worst moment is the first of those with most bytes.
  std::vector<WheelItem> Items() const;

 private:
  struct Facts {
    int begin = 0, end = 0, length = 0;  // in one execution
    std::int64_t pressure = 0;           // bytes of the heaviest antichain through it
  };
  void FindPressure();

  const Problem& problem_;
  const Precedence& order_;
  std::int64_t bound_;
  std::vector<Facts> facts_;
  std::vector<int> buffers_;
};

}  // namespace orionrt
