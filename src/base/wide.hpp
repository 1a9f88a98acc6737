// 128-bit signed integers, for products of two 64-bit ones: the compiler's own where it has them, otherwise (32-bit
// targets) a class that does the same by halves. Sums and products that leave 127 bits are nobody's to expect.
#pragma once

#include <cstdint>

namespace orionrt {

// Two's complement. Always compiled, so that tests compare it with the compiler's.
class WideByHalves {
 public:
  constexpr WideByHalves() = default;
  // Implicit, as widening is.
  constexpr WideByHalves(long long value) : low_(static_cast<std::uint64_t>(value)), high_(value < 0 ? ~0ull : 0ull) {}
  constexpr WideByHalves(long value) : WideByHalves(static_cast<long long>(value)) {}
  constexpr WideByHalves(int value) : WideByHalves(static_cast<long long>(value)) {}
  constexpr WideByHalves(unsigned long long value) : low_(value), high_(0) {}
  constexpr WideByHalves(unsigned long value) : low_(value), high_(0) {}
  constexpr WideByHalves(unsigned value) : low_(value), high_(0) {}

  template <typename Integer>
  constexpr explicit operator Integer() const {
    return static_cast<Integer>(low_);
  }

  friend constexpr WideByHalves operator-(WideByHalves a) {
    return WideByHalves(~a.high_ + (a.low_ == 0 ? 1 : 0), ~a.low_ + 1);
  }
  friend constexpr WideByHalves operator+(WideByHalves a, WideByHalves b) {
    const std::uint64_t low = a.low_ + b.low_;
    return WideByHalves(a.high_ + b.high_ + (low < a.low_ ? 1 : 0), low);
  }
  friend constexpr WideByHalves operator-(WideByHalves a, WideByHalves b) { return a + -b; }
  friend constexpr WideByHalves operator*(WideByHalves a, WideByHalves b) {
    const std::uint64_t a0 = a.low_ & kHalf, a1 = a.low_ >> 32, b0 = b.low_ & kHalf, b1 = b.low_ >> 32;
    const std::uint64_t middle = a1 * b0 + (a0 * b0 >> 32), other = a0 * b1 + (middle & kHalf);
    const std::uint64_t high = a1 * b1 + (middle >> 32) + (other >> 32);
    return WideByHalves(high + a.high_ * b.low_ + a.low_ * b.high_, a.low_ * b.low_);
  }
  friend constexpr WideByHalves operator/(WideByHalves a, WideByHalves b) {
    const WideByHalves quotient = Quotient(a.IsNegative() ? -a : a, b.IsNegative() ? -b : b);
    return a.IsNegative() == b.IsNegative() ? quotient : -quotient;
  }
  friend constexpr WideByHalves operator%(WideByHalves a, WideByHalves b) { return a - a / b * b; }
  friend constexpr WideByHalves operator<<(WideByHalves a, int by) {
    if (by == 0) return a;
    if (by >= 64) return WideByHalves(a.low_ << (by - 64), 0);
    return WideByHalves(a.high_ << by | a.low_ >> (64 - by), a.low_ << by);
  }
  // Of what is not negative.
  friend constexpr WideByHalves operator>>(WideByHalves a, int by) {
    if (by == 0) return a;
    if (by >= 64) return WideByHalves(0, a.high_ >> (by - 64));
    return WideByHalves(a.high_ >> by, a.low_ >> by | a.high_ << (64 - by));
  }
  friend constexpr WideByHalves operator|(WideByHalves a, WideByHalves b) {
    return WideByHalves(a.high_ | b.high_, a.low_ | b.low_);
  }

  constexpr WideByHalves& operator+=(WideByHalves b) { return *this = *this + b; }
  constexpr WideByHalves& operator*=(WideByHalves b) { return *this = *this * b; }

  friend constexpr bool operator==(WideByHalves a, WideByHalves b) { return a.high_ == b.high_ && a.low_ == b.low_; }
  friend constexpr bool operator!=(WideByHalves a, WideByHalves b) { return !(a == b); }
  friend constexpr bool operator<(WideByHalves a, WideByHalves b) {
    if (a.high_ != b.high_) return static_cast<std::int64_t>(a.high_) < static_cast<std::int64_t>(b.high_);
    return a.low_ < b.low_;
  }
  friend constexpr bool operator>(WideByHalves a, WideByHalves b) { return b < a; }
  friend constexpr bool operator<=(WideByHalves a, WideByHalves b) { return !(b < a); }
  friend constexpr bool operator>=(WideByHalves a, WideByHalves b) { return !(a < b); }

 private:
  static constexpr std::uint64_t kHalf = 0xFFFFFFFFull;

  constexpr WideByHalves(std::uint64_t high, std::uint64_t low) : low_(low), high_(high) {}
  constexpr bool IsNegative() const { return high_ >> 63 != 0; }

  // Bit by bit, of what is not negative.
  static constexpr WideByHalves Quotient(WideByHalves a, WideByHalves b) {
    WideByHalves quotient, rest;
    for (int bit = 127; bit >= 0; --bit) {
      rest = rest << 1 | ((a >> bit).low_ & 1 ? WideByHalves(1) : WideByHalves(0));
      quotient = quotient << 1;
      if (rest >= b) {
        rest = rest - b;
        quotient = quotient | WideByHalves(1);
      }
    }
    return quotient;
  }

  std::uint64_t low_ = 0, high_ = 0;
};

#ifdef __SIZEOF_INT128__
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"  // a 128-bit integer is no ISO C++
using Wide = __int128;
#pragma GCC diagnostic pop
#else
using Wide = WideByHalves;
#endif

}  // namespace orionrt
