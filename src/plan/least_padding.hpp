// What padding a stack needs, in the best of all its orders.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace orionrt {

// Buffers that lie on top of each other, the lowest at 0. The lower a set of them ends, the better for whatever
// follows, which may always begin higher; so of all orders of a set one number counts, the least padding (the recursion
// of M. Held and R. M. Karp, 1962, without the last one as part of the state).
class LeastPadding {
 public:
  static constexpr std::size_t kMost = 25;  // buffers: 2 x 2^kMost bytes are taken, 64 MiB
  static constexpr std::int64_t kMostAlignment = 1 << 14;

  struct Item {
    std::int64_t size = 0;
    std::int64_t alignment = 1;  // a power of two, at most kMostAlignment
  };

  // WorkOf(items) steps. REQUIRES: at most kMost items.
  explicit LeastPadding(std::vector<Item> items);

  // How much is looked at, about a nanosecond each.
  static std::int64_t WorkOf(std::size_t items) { return std::int64_t{6} << items; }

  // No stack of all of them is lower. Some stack is as low, unless it needs 2^14 - 1 bytes of padding or more.
  std::int64_t least_height() const { return sum_ + table_.back(); }

  // Whether an order that takes no more than `capacity` is known.
  bool CanDraw(std::int64_t capacity) const;

  // One of them, drawn from the top, each time among all that may still come next: where each item begins, as low as
  // the order lets it. REQUIRES: CanDraw(capacity).
  std::vector<std::int64_t> Draw(std::int64_t capacity, std::mt19937_64& random) const;

 private:
  static constexpr std::int16_t kMostKnown = (1 << 14) - 1;  // with an alignment it is a number of 16 bits

  std::vector<Item> items_;
  std::size_t count_;  // of those that are not there to fill up
  std::int64_t sum_ = 0;
  std::vector<std::int16_t> table_;  // per set, bit k for item k: the least padding
};

}  // namespace orionrt
