// The orders in which buffers are placed. Which one wins differs per graph, and ties decide as much as keys do, so
// every order is total without regard to the numbering of buffers: key, then earliest birth, largest size, latest
// death.
#pragma once

#include <cstdint>
#include <vector>

#include "plan/placer.hpp"

namespace orionrt {

// Read in a mirror (time reversed), kEarly is kLate and kSizeEarly is kSizeLate; the others are themselves but for
// ties.
enum class Key {
  kEarly,      // earliest birth
  kLate,       // latest death
  kSizeEarly,  // size, then earliest birth
  kSizeLate,   // size, then latest death
  kLong,       // sections alive, then size
  kArea,       // size x sections
  kHeavy,      // size x size x sections
};

inline constexpr int kKeyCount = 7;

const char* KeyName(Key key);

class Orders {
 public:
  // Keeps a reference to both. O(n log n).
  Orders(const Problem& problem, const Shapes& shapes);

  // All buffers that have bytes and no fixed offset, in the order of ties.
  const std::vector<int>& movable() const { return movable_; }

  // Sorts `buffers` (movable ones) by `key`, the largest first. O(k log k).
  void Sort(std::vector<int>& buffers, Key key) const;

 private:
  using Wide = unsigned __int128;
  Wide Value(int buffer, Key key) const;

  const Problem& problem_;
  const Shapes& shapes_;
  std::vector<int> movable_;
  std::vector<int> rank_;  // per buffer its position in movable_
  int weight_shift_ = 0;   // makes size >> weight_shift_ fit 48 bits, so that kHeavy fits 128
};

}  // namespace orionrt
