// The orders in which buffers are placed. Which one wins differs per graph, and ties decide as much as keys do, so
// every order is total without regard to the numbering of buffers: key, then earliest birth, largest size, latest
// death.
#pragma once

#include <cstdint>
#include <vector>

#include "base/index.hpp"
#include "base/wide.hpp"
#include "plan/placing/placer.hpp"

namespace orionrt {

// Read in a mirror (time reversed), kEarly is kLate, kSizeEarly is kSizeLate and kLongEarly is kLongLate; the others
// are themselves but for ties.
enum class Key {
  kEarly,       // earliest birth
  kLate,        // latest death
  kLongEarly,   // power of two of the sections alive, then earliest birth
  kLongLate,    // power of two of the sections alive, then latest death
  kLong,        // sections alive, then size
  kSizeEarly,   // size, then earliest birth
  kSizeLate,    // size, then latest death
  kArea,        // size x sections
  kHeavy,       // size x size x sections
  kTightHeavy,  // tightness of the tightest section lived through, then kHeavy
  kTightSize,   // tightness of the tightest section lived through, then size
};

inline constexpr int kKeyCount = 11;

const char* KeyName(Key key);

class SortKeys {
 public:
  // `bounds`: SectionBounds. Keeps references to the others. O(n log n).
  SortKeys(const Problem& problem, const Shapes& shapes, const std::vector<std::int64_t>& bounds);

  // All buffers that have bytes and no fixed offset, in the order of ties.
  const std::vector<int>& movable() const { return movable_; }

  // How tight the tightest section is that a buffer lives through: 0 for the worst, one more per doubling of the slack.
  int tightness(int buffer) const { return tightness_[At(buffer)]; }

  // Sorts `buffers` (movable ones) by `key`, the largest first. O(k log k).
  void Sort(std::vector<int>& buffers, Key key) const;

 private:
  void FindTightness(const std::vector<std::int64_t>& bounds);
  Wide Value(int buffer, Key key) const;

  const Problem& problem_;
  const Shapes& shapes_;
  std::vector<int> movable_;
  std::vector<int> rank_;                // per buffer its position in movable_
  std::vector<std::uint8_t> tightness_;  // per buffer, see FindTightness
  int weight_shift_ = 0;                 // makes size >> weight_shift_ fit 44 bits, so that kHeavy fits 120
};

}  // namespace orionrt
