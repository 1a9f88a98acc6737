// How low rows of a niche search lie.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/index.hpp"

namespace orionrt {

// Floors of rows, of which the lowest are asked for again and again: in blocks of 64, as many as a word of a set of
// rows has, each with the least two of its floors, found when asked.
class RowFloors {
 public:
  static constexpr int kBlock = 64;
  static constexpr std::int64_t kNobody = INT64_MAX;  // the floor of rows that are placed

  void Assign(int count, std::int64_t floor) {
    lows_.assign(At(count / kBlock + 1), Lows());
    floors_.assign(lows_.size() * kBlock, kNobody);
    std::fill_n(floors_.begin(), count, floor);
  }
  std::int64_t operator[](int row) const { return floors_[At(row)]; }
  void Set(int row, std::int64_t floor) {
    floors_[At(row)] = floor;
    lows_[At(row) / kBlock].lowest = kUnknown;
  }
  int blocks() const { return static_cast<int>(lows_.size()); }
  std::int64_t Lowest(int block);
  // The least that is above the lowest one; kNobody where there is none.
  std::int64_t Next(int block);
  // Of rows [first, end), as far as their `lasts` are above `step`: the least that is above `floor`.
  std::int64_t Next(int first, int end, std::int64_t floor, const int* lasts, int step) const;
  // The rows of a block that lie on a floor, as a word.
  std::uint64_t On(int block, std::int64_t floor) const;

 private:
  static constexpr std::int64_t kUnknown = -1;
  struct Lows {
    std::int64_t lowest = kUnknown, next = kUnknown;
  };

  std::vector<std::int64_t> floors_;  // of whole blocks: nobody is behind the last row
  std::vector<Lows> lows_;            // per block
};

}  // namespace orionrt
