// Random numbers that are the same everywhere (splitmix64: Steele, Lea, Flood, OOPSLA 2014).
#pragma once

#include <cstdint>

namespace orionrt::tests {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t Next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ull);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
  }

  // In [0, bound), bound > 0; the bias does not matter here.
  std::int64_t Below(std::int64_t bound) {
    return static_cast<std::int64_t>(Next() % static_cast<std::uint64_t>(bound));
  }
  std::int64_t Between(std::int64_t first, std::int64_t last) { return first + Below(last - first + 1); }
  bool OneIn(std::int64_t n) { return Below(n) == 0; }

 private:
  std::uint64_t state_;
};

}  // namespace orionrt::tests
