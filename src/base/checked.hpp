// Arithmetic on bytes that says when it leaves 63 bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

namespace orionrt {

inline constexpr std::int64_t kMaxBytes = std::numeric_limits<std::int64_t>::max();

// A limit as a number: without one, the largest there is.
inline std::int64_t LimitOf(const std::optional<std::int64_t>& limit) { return limit.value_or(kMaxBytes); }

// `bytes`, which are not negative, as a size_t; SIZE_MAX, which every memory refuses, where a size_t ends before (in 32
// bits).
inline std::size_t SizeOrMost(std::int64_t bytes) {
  constexpr std::size_t kMost = std::numeric_limits<std::size_t>::max();
  return static_cast<std::uint64_t>(bytes) < kMost ? static_cast<std::size_t>(bytes) : kMost;
}

// Each returns false and leaves `*out` unspecified when the exact result does not fit.
[[nodiscard]] inline bool CheckedAdd(std::int64_t a, std::int64_t b, std::int64_t* out) {
  return !__builtin_add_overflow(a, b, out);
}
[[nodiscard]] inline bool CheckedMul(std::int64_t a, std::int64_t b, std::int64_t* out) {
  return !__builtin_mul_overflow(a, b, out);
}

inline bool IsPowerOfTwo(std::int64_t x) { return x > 0 && (x & (x - 1)) == 0; }

// The least multiple of `alignment` (a power of two) that is >= x. The caller knows that it fits.
inline std::int64_t RoundUp(std::int64_t x, std::int64_t alignment) { return (x + (alignment - 1)) & ~(alignment - 1); }

}  // namespace orionrt
