// What pictures of a plan share: time and bytes brought to a scale. All by integers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/wide.hpp"
#include "orionrt/problem.hpp"
#include "plan/rectangles.hpp"

namespace orionrt {

// value * size / total, rounded down; 128 bits between.
inline std::int64_t Scaled(std::int64_t value, std::int64_t size, std::int64_t total) {
  return static_cast<std::int64_t>(static_cast<Wide>(value) * size / total);
}

struct Tick {
  std::int64_t value = 0;
  std::string label;
};

// From 0 up to `top`, at most `most` + 1, a power of two apart: "0", "0.5 MiB", "1 MiB", "1.5 MiB".
std::vector<Tick> ByteTicks(std::int64_t top, int most);

// At most `most` + 1, at multiples of 1, 2 or 5 times a power of ten.
std::vector<Tick> StepTicks(std::int64_t first, std::int64_t count, int most);

// The most bytes alive at any step of each of `columns` equal spans of `steps`. O(n log n + columns).
std::vector<std::int64_t> MostAlive(const Problem& problem, const Steps& steps, int columns);

}  // namespace orionrt
