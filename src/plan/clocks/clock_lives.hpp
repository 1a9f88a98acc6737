// Who conflicts with whom in clocks, for placing/address_list.hpp. What is kept of a rectangle is its slot.
#pragma once

#include <cstdint>
#include <numeric>
#include <vector>

#include "orionrt/problem.hpp"
#include "plan/clocks/conflicts.hpp"
#include "plan/placing/address_list.hpp"

namespace orionrt {

class ClockLives {
 public:
  // Keeps references to `order` and `conflicts`.
  ClockLives(const Problem& problem, const Precedence& order, Conflicts& conflicts)
      : order_(order), conflicts_(conflicts), first_of_buffer_(problem.buffers.size() + 1, 0) {
    for (const Precedence::Rectangle& r : order.rectangles())
      ++first_of_buffer_[static_cast<std::size_t>(r.buffer) + 1];
    std::partial_sum(first_of_buffer_.begin(), first_of_buffer_.end(), first_of_buffer_.begin());
  }

  int first(int buffer) const { return first_of_buffer_[static_cast<std::size_t>(buffer)]; }
  std::int64_t begin(int r) const { return order_.rectangles()[static_cast<std::size_t>(r)].begin; }
  std::int64_t end(int r) const { return order_.rectangles()[static_cast<std::size_t>(r)].end; }
  LifeTag tag(int r) const { return {conflicts_.slot(r), 0}; }
  LifeTag nobody() const { return {conflicts_.count(), 0}; }

  // Valid until the next question.
  auto Ask(int r) {
    const std::uint8_t* row = conflicts_.Row(r);
    return [row](int slot, int) { return row[slot]; };
  }

 private:
  const Precedence& order_;
  Conflicts& conflicts_;
  std::vector<int> first_of_buffer_;  // rectangles; one more at the end
};

}  // namespace orionrt
