#include "plan/exact/stacking.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>

namespace orionrt {

// The lower a set can end, the better for whatever follows, which may always begin higher. So one number a set is all
// that its orders come to (Held and Karp's recursion, without the last item as part of the state).
std::int64_t LeastHeight(const std::vector<StackItem>& items) {
  constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
  const std::size_t all = (std::size_t{1} << items.size()) - 1;
  std::vector<std::int64_t> ends(all + 1, kNever);
  ends[0] = 0;
  std::int64_t least = all == 0 ? 0 : kNever;
  for (std::size_t set = 1; set <= all; ++set) {
    for (std::size_t rest = set; rest != 0; rest &= rest - 1) {
      const StackItem& item = items[static_cast<std::size_t>(__builtin_ctzll(rest))];
      const std::int64_t at = item.LowestFrom(std::max(item.head, ends[set & ~(rest & -rest)]));
      ends[set] = std::min(ends[set], at + item.length);
      if (set == all) least = std::min(least, at + item.room);
    }
  }
  return least;
}

std::vector<std::int64_t> HighestFloors(const std::vector<StackItem>& items, std::int64_t capacity) {
  const std::size_t sets = std::size_t{1} << items.size();
  std::vector<std::int64_t> floors(sets, -1);
  floors[0] = std::numeric_limits<std::int64_t>::max() / 2;
  for (std::size_t set = 1; set < sets; ++set) {
    for (std::size_t rest = set; rest != 0; rest &= rest - 1) {
      const StackItem& item = items[static_cast<std::size_t>(__builtin_ctzll(rest))];
      const std::int64_t above = floors[set & ~(rest & -rest)];
      const std::int64_t at = item.HighestUpTo(std::min(above - item.length, capacity - item.room));
      if (at >= item.head) floors[set] = std::max(floors[set], at);
    }
  }
  return floors;
}

}  // namespace orionrt
