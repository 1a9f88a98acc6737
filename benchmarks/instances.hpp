// Planning problems made from a seed, shaped like the trace of a deep network.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "orionrt/problem.hpp"

namespace orionrt {

class SplitMix64 {  // Steele, Lea, Flood, OOPSLA'14
 public:
  explicit SplitMix64(std::uint64_t seed) : state_(seed) {}
  std::uint64_t Next() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15ull;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
  }
  double Unit() { return static_cast<double>(Next() >> 11) * 0x1p-53; }
  // Between low and high, evenly on a logarithmic scale.
  std::int64_t LogUniform(double low, double high) {
    return static_cast<std::int64_t>(low * std::pow(high / low, Unit()));
  }

 private:
  std::uint64_t state_;
};

// n buffers over n / 2 steps: four in five live a few steps, some for long stretches, a few as training's saved
// activations do (born in the first half, read in its mirror image), some throughout. Sizes of 64 B to 16 MiB.
inline Problem MakeTrace(std::int64_t n, std::uint64_t seed) {
  SplitMix64 random(seed);
  const std::int64_t steps = std::max<std::int64_t>(8, n / 2);
  std::int64_t saved = 0;
  std::int64_t whole = 0;
  Problem problem;
  for (std::int64_t i = 0; i < n; ++i) {
    Buffer b;
    b.lower = i * steps / n;
    b.size = random.LogUniform(64, 16 << 20) / 64 * 64 + 64;
    const double kind = random.Unit();
    if (kind < 0.01 && whole < 200) {
      ++whole;
      b.lower = 0;
      b.upper = steps;
    } else if (kind < 0.06 && saved < 2000) {
      ++saved;
      b.lower /= 2;
      b.upper = steps - b.lower;
    } else if (kind < 0.20) {
      b.upper = b.lower + random.LogUniform(16, std::clamp(static_cast<double>(steps) / 20, 17.0, 20000.0));
    } else {
      b.upper = b.lower + 1 + random.LogUniform(1, 16);
    }
    b.upper = std::min(b.upper, steps);
    if (b.upper <= b.lower) b.lower = b.upper - 1;
    problem.buffers.push_back(b);
  }
  return problem;
}

// n buffers whose lives are uniform up to a quarter of all steps and whose sizes are uniform in 1 KiB to 1 MiB: an
// eighth of them is alive at once.
inline Problem MakeDense(std::int64_t n, std::uint64_t seed) {
  SplitMix64 random(seed);
  const auto below = [&random](std::int64_t most) {
    return static_cast<std::int64_t>(random.Unit() * static_cast<double>(most));
  };
  Problem problem;
  for (std::int64_t i = 0; i < n; ++i) {
    Buffer b;
    b.lower = below(2 * n);
    b.upper = std::min(2 * n, b.lower + 1 + below(n / 2));
    b.size = 1024 + below(1 << 20);
    problem.buffers.push_back(b);
  }
  return problem;
}

}  // namespace orionrt
