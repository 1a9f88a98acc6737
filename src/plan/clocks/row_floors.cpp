#include "plan/clocks/row_floors.hpp"

namespace orionrt {

std::int64_t RowFloors::Lowest(int block) {
  Lows& lows = lows_[At(block)];
  if (lows.lowest == kUnknown) {
    const std::int64_t* floors = floors_.data() + At(block) * kBlock;
    std::int64_t least[4] = {kNobody, kNobody, kNobody, kNobody};  // four at once: a minimum waits for the one before
    for (int k = 0; k < kBlock; k += 4) {
      for (int lane = 0; lane < 4; ++lane) least[lane] = std::min(least[lane], floors[k + lane]);
    }
    lows.lowest = std::min(std::min(least[0], least[1]), std::min(least[2], least[3]));
    lows.next = kUnknown;
  }
  return lows.lowest;
}

std::int64_t RowFloors::Next(int block) {
  const std::int64_t lowest = Lowest(block);
  Lows& lows = lows_[At(block)];
  if (lows.next == kUnknown) {
    const std::int64_t* floors = floors_.data() + At(block) * kBlock;
    std::int64_t least[2] = {kNobody, kNobody};
    for (int k = 0; k < kBlock; k += 2) {
      for (int lane = 0; lane < 2; ++lane) {
        const std::int64_t above = floors[k + lane] > lowest ? floors[k + lane] : kNobody;
        least[lane] = std::min(least[lane], above);
      }
    }
    lows.next = std::min(least[0], least[1]);
  }
  return lows.next;
}

// Without branches: what comes out of either comparison cannot be foreseen.
std::int64_t RowFloors::Next(int first, int end, std::int64_t floor, const int* lasts, int step) const {
  std::int64_t next = kNobody;
  for (int row = first; row < end; ++row) {
    const std::int64_t above = floors_[At(row)] > floor ? floors_[At(row)] : kNobody;
    next = std::min(next, lasts[row] > step ? above : kNobody);
  }
  return next;
}

std::uint64_t RowFloors::On(int block, std::int64_t floor) const {
  const std::int64_t* floors = floors_.data() + At(block) * kBlock;
  std::uint64_t rows = 0;
  for (int k = kBlock - 1; k >= 0; --k) rows = rows * 2 + (floors[k] == floor ? 1 : 0);
  return rows;
}

}  // namespace orionrt
