// Who may not share bytes with whom, asked for one rectangle at a time: in clocks, and by the pairs kept apart.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "orionrt/problem.hpp"
#include "plan/clocks/precedence.hpp"

namespace orionrt {

// Rectangles are numbered anew, by slots: those of a chain together, in order of their begins. What a rectangle
// conflicts with is then, in each chain, some of the first of its slots.
class Conflicts {
 public:
  // Keeps references to both.
  Conflicts(const Problem& problem, const Precedence& order);

  int count() const { return static_cast<int>(rectangle_at_.size()); }
  int slot(int rectangle) const { return slot_of_[static_cast<std::size_t>(rectangle)]; }
  int rectangle(int slot) const { return rectangle_at_[static_cast<std::size_t>(slot)]; }
  int buffer(int slot) const { return order_.rectangles()[static_cast<std::size_t>(rectangle(slot))].buffer; }

  // Per slot whether it conflicts with `rectangle`, 1 or 0, and a 0 behind them. Those of its own buffer do not. Valid
  // until the next call.
  // O(n) for n rectangles, in a few instructions each.
  const std::uint8_t* Row(int rectangle);

 private:
  const Precedence& order_;
  std::vector<int> slot_of_, rectangle_at_;
  std::vector<int> chain_start_;           // slots; one more at the end
  std::vector<int> positions_;             // per slot
  std::vector<std::vector<int>> columns_;  // chain -> per slot Precedence::first
  std::vector<int> first_of_buffer_;       // rectangles; one more at the end
  std::vector<std::vector<int>> apart_;    // buffer -> buffers; empty where there are no pairs
  std::vector<std::uint8_t> row_;
};

}  // namespace orionrt
