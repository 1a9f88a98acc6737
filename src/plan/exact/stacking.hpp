// What lies on top of each other at one moment: in which order does it take the least height, under alignment?
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace orionrt {

// One of several that are disjoint in their addresses, whatever the plan. Heights in units.
struct StackItem {
  std::int64_t length = 0;     // what lies above begins no lower than this above it
  std::int64_t alignment = 1;  // of its buffer's offset; a power of two
  std::int64_t begin = 0;      // from the buffer's offset to the item
  std::int64_t room = 0;       // from the item to the end of its buffer, which the peak counts
  std::int64_t head = 0;       // the item begins no lower than this, whatever else there is

  // The lowest height from `floor` on at which it can begin.
  std::int64_t LowestFrom(std::int64_t floor) const {
    return ((std::max<std::int64_t>(floor - begin, 0) + alignment - 1) & ~(alignment - 1)) + begin;
  }
  // The highest height up to `ceiling`, or a negative one if there is none.
  std::int64_t HighestUpTo(std::int64_t ceiling) const {
    return ceiling < begin ? -1 : ((ceiling - begin) & ~(alignment - 1)) + begin;
  }
};

inline constexpr int kMostStacked = 18;  // items that every order of is looked at

// The least height that a stack of all `items` takes. 2^items x items steps, of which the caller keeps count.
// REQUIRES: at most kMostStacked.
std::int64_t LeastHeight(const std::vector<StackItem>& items);

// For every set of items (bit k: item k) the highest floor from which on they can be stacked within `capacity`, or a
// negative one. What is not in `items` is not stacked. REQUIRES: as above; heights below 2^62.
std::vector<std::int64_t> HighestFloors(const std::vector<StackItem>& items, std::int64_t capacity);

}  // namespace orionrt
